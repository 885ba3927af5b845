// math.h: what is exact in every type: rounding in all modes, remainders, neighbours, parts of a number.
#define _GNU_SOURCE
#include "math_show.h"
#include <limits.h>

extern float dremf(float, float);
extern double drem(double, double);

static const int modes[] = {FE_TONEAREST, FE_DOWNWARD, FE_UPWARD, FE_TOWARDZERO};

#define IN_MODES(type, function)                                                                             \
    do {                                                                                                     \
        for (int m = 0; m < 4; m++) {                                                                        \
            fesetround(modes[m]);                                                                            \
            ONE(EXACT, type, function);                                                                      \
        }                                                                                                    \
        fesetround(FE_TONEAREST);                                                                            \
    } while (0)

#define TO_INTEGER(type, function)                                                                           \
    do {                                                                                                     \
        for (int i = 0; i < SPECIAL; i++) {                                                                  \
            BEFORE;                                                                                          \
            long long y = function((type)special[i]);                                                        \
            int code_ = errno;                                                                               \
            printf(#function "(%g) = %lld", special[i], y);                                                  \
            show_exceptions();                                                                               \
            show_errno(code_);                                                                               \
        }                                                                                                    \
    } while (0)

#define FAMILY(suffix, type)                                                                                 \
    do {                                                                                                     \
        ONE(EXACT, type, ceil##suffix);                                                                      \
        ONE(EXACT, type, floor##suffix);                                                                     \
        ONE(EXACT, type, trunc##suffix);                                                                     \
        ONE(EXACT, type, round##suffix);                                                                     \
        IN_MODES(type, rint##suffix);                                                                        \
        IN_MODES(type, nearbyint##suffix);                                                                   \
        ONE(EXACT, type, fabs##suffix);                                                                      \
        TO_INTEGER(type, lrint##suffix);                                                                     \
        TO_INTEGER(type, llrint##suffix);                                                                    \
        TO_INTEGER(type, lround##suffix);                                                                    \
        TO_INTEGER(type, llround##suffix);                                                                   \
        TWO(EXACT, type, fmod##suffix);                                                                      \
        TWO(EXACT, type, copysign##suffix);                                                                  \
    } while (0)

#define PARTS(suffix, type)                                                                                  \
    do {                                                                                                     \
        TWO(EXACT, type, remainder##suffix);                                                                 \
        TWO(EXACT, type, drem##suffix);                                                                      \
        TWO(EXACT, type, fdim##suffix);                                                                      \
        TWO(EXACT, type, fmax##suffix);                                                                      \
        TWO(EXACT, type, fmin##suffix);                                                                      \
        TWO(EXACT, type, nextafter##suffix);                                                                 \
        ONE(EXACT, type, nextup##suffix);                                                                    \
        ONE(EXACT, type, nextdown##suffix);                                                                  \
        TO_INTEGER(type, ilogb##suffix);                                                                     \
        TO_INTEGER(type, llogb##suffix);                                                                     \
        TO_INTEGER(type, finite##suffix);                                                                    \
        for (int i = 0; i < SPECIAL; i++) {                                                                  \
            int exponent = -99, code_ = 0;                                                                   \
            type whole = -99;                                                                                \
            BEFORE;                                                                                          \
            type part = frexp##suffix((type)special[i], &exponent);                                          \
            if (!isfinite((type)special[i]))                                                                 \
                exponent = 0;                                                                                \
            printf("frexp" #suffix "(%g) %d ", special[i], exponent);                                        \
            VALUE(EXACT, (double)part);                                                                      \
            part = modf##suffix((type)special[i], &whole);                                                   \
            printf("modf" #suffix " %a ", (double)part);                                                     \
            VALUE(EXACT, (double)whole);                                                                     \
        }                                                                                                    \
        static const int powers[] = {0, 1, -1, 60, -1074, -1200, 1023, 2000, INT_MAX, INT_MIN};              \
        for (int p = 0; p < 10; p++)                                                                         \
            for (int i = 0; i < SPECIAL; i += 3) {                                                           \
                BEFORE;                                                                                      \
                volatile type y = ldexp##suffix((type)special[i], powers[p]);                                \
                int code_ = errno;                                                                           \
                printf("ldexp" #suffix "(%g, %d) = ", special[i], powers[p]);                                \
                VALUE(EXACT, (double)y);                                                                     \
                BEFORE;                                                                                      \
                y = scalbn##suffix((type)special[i], powers[p]);                                             \
                code_ = errno;                                                                               \
                VALUE(EXACT, (double)y);                                                                     \
                BEFORE;                                                                                      \
                y = scalbln##suffix((type)special[i], powers[p] * 3l);                                       \
                code_ = errno;                                                                               \
                VALUE(EXACT, (double)y);                                                                     \
            }                                                                                                \
        for (int i = 0; i < PAIRS; i++) {                                                                    \
            int quotient = 0, code_;                                                                         \
            BEFORE;                                                                                          \
            volatile type y = remquo##suffix((type)pairs[i][0], (type)pairs[i][1], &quotient);               \
            code_ = errno;                                                                                   \
            printf("remquo" #suffix "(%g, %g) %d ", pairs[i][0], pairs[i][1], isnan(y) ? 0 : quotient);      \
            VALUE(EXACT, (double)y);                                                                         \
            BEFORE;                                                                                          \
            y = fma##suffix((type)pairs[i][0], (type)pairs[i][1], (type)special[i % SPECIAL]);               \
            code_ = errno;                                                                                   \
            VALUE(EXACT, (double)y);                                                                         \
        }                                                                                                    \
    } while (0)

int main(void)
{
    setvbuf(stdout, 0, _IOLBF, 0);
    FAMILY(, double);
    FAMILY(f, float);
    ONE(EXACT, long double, ceill);
    ONE(EXACT, long double, floorl);
    ONE(EXACT, long double, truncl);
    IN_MODES(long double, rintl);
    IN_MODES(long double, nearbyintl);
    ONE(EXACT, long double, fabsl);
    TO_INTEGER(long double, lrintl);
    TO_INTEGER(long double, llrintl);
    TO_INTEGER(long double, lroundl);
    TO_INTEGER(long double, llroundl);
    TWO(EXACT, long double, fmodl);
    TWO(EXACT, long double, copysignl);
    PARTS(, double);
    PARTS(f, float);
    TWO(EXACT, double, scalb);
    TWO(EXACT, float, scalbf);
    for (int i = 2; i < SPECIAL && isfinite(special[i]); i++)
        printf("significand(%g) = %a %a\n", special[i], significand(special[i]), significandf(special[i] > 1e30 ? 3 : special[i]));
    BEFORE;
    REAL(fma(0x1.0000000000001p0, 0x1.0000000000001p0, -0x1.0000000000002p0));
    REAL(fmaf(0x1.000002p0f, 0x1.000002p0f, -0x1.000004p0f));
    INT(isnan(nan("")));
    INT(isnan(nanf("12")));
    extern int finitel(long double);
    INT(finitel(1));
    section("nexttoward");
    static const long double towards[] = {0.0L, -0.0L, 1.0L, 1.0000000000000000001L, 0.99999999999999999995L, -1.0L,
                                          1e4000L, -1e4000L, 1e-4000L, 0x1.fffffffffffff8p+1023L};
    static const double from[] = {0.0, -0.0, 1.0, -1.0, 5e-324, 1.7976931348623157e308, 3.4028234663852886e38};
    for (size_t i = 0; i < sizeof from / sizeof *from; i++)
        for (size_t j = 0; j < sizeof towards / sizeof *towards; j++)
            printf("%a %La: %a %a\n", from[i], towards[j], nexttoward(from[i], towards[j]),
                   nexttowardf((float)from[i], towards[j]));
    volatile long double none = __builtin_nanl("");
    volatile double nothing = __builtin_nan("");
    TRUTH(isnan(nexttoward(1.0, none)) && isnan(nexttoward(nothing, 1.0L)) && isnan(nexttowardf(1.0f, none)));
    REAL(nexttoward(1.0, __builtin_infl()));
    REAL(nexttoward(__builtin_inf(), 0.0L));
    return 0;
}
