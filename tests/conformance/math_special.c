// math.h: gamma and Bessel functions, with what they do at poles and far out.
#define _GNU_SOURCE
#include "math_show.h"

#define WITH_ORDER(format, type, function)                                                                   \
    do {                                                                                                     \
        static const int orders[] = {0, 1, 2, -1, -3, 5, 40};                                                \
        for (int n = 0; n < 7; n++)                                                                          \
            for (int i = 0; i < SPECIAL; i++) {                                                              \
                if (fabs(special[i]) > 1e6 && isfinite(special[i]))                                          \
                    continue;                                                                                \
                BEFORE;                                                                                      \
                type y = function(orders[n], (type)special[i]);                                              \
                int code_ = errno;                                                                           \
                printf(#function "(%d, %g) = ", orders[n], special[i]);                                      \
                VALUE(format, y);                                                                            \
            }                                                                                                \
    } while (0)

// Functions that leave the sign elsewhere.
#define SIGNED(format, type, function)                                                                       \
    do {                                                                                                     \
        for (int i = 0; i < SPECIAL; i++) {                                                                  \
            volatile type x = (type)special[i];                                                              \
            signgam = 99;                                                                                    \
            BEFORE;                                                                                          \
            type y = function(x);                                                                            \
            int code_ = errno;                                                                               \
            printf(#function "(%g) = %d ", (double)x, signgam);                                              \
            VALUE(format, y);                                                                                \
        }                                                                                                    \
    } while (0)

#define REENTRANT(format, type, function)                                                                    \
    do {                                                                                                     \
        for (int i = 0; i < SPECIAL; i++) {                                                                  \
            int sign = 99;                                                                                   \
            BEFORE;                                                                                          \
            type y = function((type)special[i], &sign);                                                      \
            int code_ = errno;                                                                               \
            printf(#function "(%g) = %d ", special[i], sign);                                                \
            VALUE(format, y);                                                                                \
        }                                                                                                    \
    } while (0)

#define BESSEL "%.10g"
#define BESSEL_FLOAT "%.4g"

// The Bessel functions without the arguments at which no digit of theirs is certain.
#define ONE_MODERATE(format, type, function)                                                                 \
    do {                                                                                                     \
        for (int i = 0; i < SPECIAL; i++) {                                                                  \
            volatile type x = (type)special[i];                                                              \
            if (fabs(special[i]) > 1e6 && isfinite(special[i]))                                              \
                continue;                                                                                    \
            BEFORE;                                                                                          \
            type y = function(x);                                                                            \
            int code_ = errno;                                                                               \
            printf(#function "(%g) = ", (double)x);                                                          \
            VALUE(format, y);                                                                                \
        }                                                                                                    \
    } while (0)

int main(void)
{
    setvbuf(stdout, 0, _IOLBF, 0);
    ONE(CLOSE, double, tgamma);
    ONE(CLOSE_FLOAT, float, tgammaf);
    for (double x = -20.3; x < 20; x += 0.7) {
        printf("tgamma(%g) = %.13g, lgamma %.12g\n", x, tgamma(x), lgamma(x));
        printf("tgammaf %.5g, lgammaf %.4g\n", fabs(tgammaf(x)), lgammaf(x));
    }
    SIGNED(CLOSE, double, lgamma);
    SIGNED(CLOSE_FLOAT, float, lgammaf);
    SIGNED(CLOSE, double, gamma);
    SIGNED(CLOSE_FLOAT, float, gammaf);
    REENTRANT(CLOSE, double, lgamma_r);
    REENTRANT(CLOSE_FLOAT, float, lgammaf_r);
    ONE_MODERATE(BESSEL, double, j0);
    ONE_MODERATE(BESSEL, double, j1);
    ONE_MODERATE(BESSEL, double, y0);
    ONE_MODERATE(BESSEL, double, y1);
    ONE_MODERATE(BESSEL_FLOAT, float, j0f);
    ONE_MODERATE(BESSEL_FLOAT, float, j1f);
    ONE_MODERATE(BESSEL_FLOAT, float, y0f);
    ONE_MODERATE(BESSEL_FLOAT, float, y1f);
    WITH_ORDER(BESSEL, double, jn);
    WITH_ORDER(BESSEL, double, yn);
    WITH_ORDER(BESSEL_FLOAT, float, jnf);
    WITH_ORDER(BESSEL_FLOAT, float, ynf);
    return 0;
}
