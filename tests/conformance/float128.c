// math.h for _Float128: what is exact.
#define _GNU_SOURCE
#include "check.h"
#include <math.h>

#define ONE(function)                                                                                        \
    for (int i = 0; i < COUNT; i++)                                                                          \
    printf(#function "(%g) = %a\n", values[i], (double)function((_Float128)values[i]))
#define TWO(function)                                                                                        \
    for (int i = 0; i < COUNT; i++)                                                                          \
        for (int j = 0; j < COUNT; j++) {                                                                    \
            if (values[i] == 0 && values[j] == 0)                                                            \
                continue;                                                                                    \
            double result = (double)function((_Float128)values[i], (_Float128)values[j]);                    \
            if (isnan(result))                                                                               \
                printf(#function "(%g, %g) = nan\n", values[i], values[j]);                                  \
            else                                                                                             \
                printf(#function "(%g, %g) = %a\n", values[i], values[j], result);                           \
        }

static const double values[] = {0.0, -0.0, 0.5, -0.5, 1.5, -2.5, 3, -7.25, 1e30, 5e-324, INFINITY};
#define COUNT ((int)(sizeof values / sizeof *values))

int main(void)
{
    ONE(ceilf128);
    ONE(floorf128);
    ONE(truncf128);
    ONE(roundf128);
    ONE(roundevenf128);
    ONE(rintf128);
    ONE(fabsf128);
    TWO(fmodf128);
    TWO(copysignf128);
    TWO(fdimf128);
    TWO(fmaxf128);
    TWO(fminf128);
    TWO(fmaximumf128);
    TWO(fminimumf128);
    REAL(sqrtf128(2));
    REAL(sqrtf128(2) * sqrtf128(2) - 2 < 1e-33);
    REAL(fmaf128(3, 4, 5));
    // One and 2^-100: more than a double holds.
    _Float128 fine = 1 + (_Float128)0x1p-100;
    INT(floorf128(fine) == 1);
    INT(ceilf128(fine) == 2);
    REAL(fmodf128(fine, 1));
    return 0;
}
