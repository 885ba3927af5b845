// math.h: classification, and the functions of IEEE 754-2008: payloads, ordering, conversion to
// integers of a width, narrowing arithmetic, all minimum and maximum forms.
#define _GNU_SOURCE
#include "math_show.h"
#include <stdint.h>

#undef isnan
#undef isinf
extern int isnan(double), isinf(double), isnanf(float), isinff(float), isnanl(long double), isinfl(long double);
extern int __fpclassify(double), __fpclassifyf(float), __fpclassifyl(long double);
extern int __signbit(double), __signbitf(float), __signbitl(long double);
extern int __issignaling(double), __issignalingf(float), __iseqsig(double, double), __iseqsigf(float, float);
extern int __finite(double), __finitef(float), __finitel(long double);
extern int finite(double), finitef(float), finitel(long double);

static double signaling(void)
{
    unsigned long bits = 0x7ff0000000000001;
    double value;
    memcpy(&value, &bits, 8);
    return value;
}

static float signaling_float(void)
{
    unsigned bits = 0x7f800001;
    float value;
    memcpy(&value, &bits, 4);
    return value;
}

static unsigned long bits(double value)
{
    unsigned long bits;
    memcpy(&bits, &value, 8);
    return bits;
}

static unsigned bits_float(float value)
{
    unsigned bits;
    memcpy(&bits, &value, 4);
    return bits;
}

// Minimum and maximum tell zeros apart and treat NaNs by their kind, so the bits are shown.
#define MINMAX(name)                                                                                         \
    do {                                                                                                     \
        for (int i = 0; i < PAIRS; i++) {                                                                    \
            double z = name(pairs[i][0], pairs[i][1]);                                                       \
            float zf = name##f((float)pairs[i][0], (float)pairs[i][1]);                                      \
            printf(#name "(%g, %g) = ", pairs[i][0], pairs[i][1]);                                           \
            printf(__builtin_isnan(z) ? "nan" : "%a", z);                                                    \
            printf(__builtin_isnan(zf) ? " nan\n" : " %a\n", zf);                                            \
        }                                                                                                    \
        BEFORE;                                                                                              \
        name(signaling(), 1);                                                                                \
        printf(#name " of a signaling NaN:");                                                                \
        show_exceptions();                                                                                   \
        printf("\n");                                                                                        \
    } while (0)

#define TO_WIDTH(name, result)                                                                               \
    do {                                                                                                     \
        static const unsigned widths[] = {64, 32, 8, 1, 0};                                                  \
        for (int r = FP_INT_UPWARD; r <= FP_INT_TONEAREST; r++)                                          \
            for (int w = 0; w < 5; w++)                                                                      \
                for (int i = 0; i < SPECIAL; i += 1 + (w > 1)) {                                             \
                    BEFORE;                                                                                  \
                    result y = name(special[i], r, widths[w]);                                               \
                    int code = errno;                                                                        \
                    printf(#name "(%g, %d, %u) = %lld", special[i], r, widths[w], code ? 0ll : (long long)y); \
                    show_exceptions();                                                                       \
                    if (fetestexcept(FE_INEXACT) && #name[strlen(#name) - 1] == 'x')                         \
                        printf(" inexact");                                                                  \
                    show_errno(code);                                                                        \
                }                                                                                            \
    } while (0)

int main(void)
{
    setvbuf(stdout, 0, _IOLBF, 0);
    section("classes");
    for (int i = 0; i < SPECIAL; i++) {
        double x = special[i];
        printf("%g: %d %d %d %d %d %d", x, __fpclassify(x), !!isnan(x), isinf(x), !!__signbit(x) && !__builtin_isnan(x), !!__finite(x), !!finite(x));
        printf(" %d %d %d %d %d %d", __fpclassifyf(x), !!isnanf(x), isinff(x), !!__signbitf(x) && !__builtin_isnan(x), !!__finitef(x), !!finitef(x));
        printf(" %d %d %d %d %d %d\n", __fpclassifyl(x), !!isnanl(x), isinfl(x), !!__signbitl(x) && !__builtin_isnan(x), !!__finitel(x), !!finitel(x));
    }
    INT(__fpclassifyl(0x1p-16400l));
    INT(!!__issignaling(signaling()));
    INT(!!__issignaling(NAN));
    INT(!!__issignalingf(signaling_float()));
    INT(!!__issignalingf(1));
    BEFORE;
    INT(__iseqsig(1, 1));
    INT(__iseqsig(NAN, 1));
    INT(__iseqsigf(2, 1));
    INT(__iseqsigf(1, NAN));
    show_exceptions();
    section("ordering");
    for (int i = 0; i < PAIRS; i++) {
        double x = pairs[i][0], y = pairs[i][1];
        float xf = x, yf = y;
        printf("%g %g: %d %d %d %d\n", x, y, totalorder(&x, &y), totalordermag(&x, &y), totalorderf(&xf, &yf), totalordermagf(&xf, &yf));
    }
    section("payloads");
    double d = 9, made;
    float f = 9, madef;
    INT(setpayload(&made, 5.0));
    HEX(bits(made));
    REAL(getpayload(&made));
    INT(setpayload(&made, 5.5));
    HEX(bits(made));
    INT(setpayload(&made, -1.0));
    INT(setpayload(&made, 0x1p51));
    INT(setpayload(&made, 0x1p51 - 1));
    INT(setpayloadsig(&made, 5.0));
    HEX(bits(made));
    INT(setpayloadsig(&made, 0.0));
    INT(setpayloadf(&madef, 5.0f));
    HEX(bits_float(madef));
    REAL(getpayloadf(&madef));
    INT(setpayloadsigf(&madef, 7.0f));
    HEX(bits_float(madef));
    INT(setpayloadf(&madef, 0x1p22f));
    d = 3;
    REAL(getpayload(&d));
    f = 3;
    REAL(getpayloadf(&f));
    BEFORE;
    d = signaling();
    INT(canonicalize(&made, &d));
    HEX(bits(made));
    f = signaling_float();
    INT(canonicalizef(&madef, &f));
    HEX(bits_float(madef));
    show_exceptions();
    printf("\n");
    section("to even");
    ONE(EXACT, double, roundeven);
    ONE(EXACT, float, roundevenf);
    section("to a width");
    TO_WIDTH(fromfp, intmax_t);
    TO_WIDTH(ufromfp, uintmax_t);
    TO_WIDTH(fromfpx, intmax_t);
    TO_WIDTH(ufromfpx, uintmax_t);
    TO_WIDTH(fromfpf, intmax_t);
    TO_WIDTH(ufromfpf, uintmax_t);
    TO_WIDTH(fromfpxf, intmax_t);
    TO_WIDTH(ufromfpxf, uintmax_t);
    section("minimum and maximum");
    MINMAX(fmaxmag);
    MINMAX(fminmag);
    MINMAX(fmaximum);
    MINMAX(fmaximum_mag);
    MINMAX(fmaximum_num);
    MINMAX(fmaximum_mag_num);
    MINMAX(fminimum);
    MINMAX(fminimum_mag);
    MINMAX(fminimum_num);
    MINMAX(fminimum_mag_num);
    section("narrowing");
    TWO(EXACT, double, fadd);
    TWO(EXACT, double, fsub);
    TWO(EXACT, double, fmul);
    TWO(EXACT, double, fdiv);
    ONE(EXACT, double, fsqrt);
    REAL(ffma(0x1.000001p0, 0x1.000001p0, 0x1p-60));
    REAL(fadd(1, 0x1.000002p-24));
    return 0;
}
