// What the sources of math.h share: a function over the arguments at which it is special, with
// errno and the exceptions it raises.
#pragma once

#include "check.h"
#include <float.h>
#include <math.h>

// Exact functions are shown in full; the others to a digit less than the type has, since libraries
// may differ in the last bit.
#define EXACT "%a"
#define CLOSE "%.13g"
#define CLOSE_FLOAT "%.5g"

#define BEFORE (feclearexcept(FE_ALL_EXCEPT), errno = 0)

// Prints a value; all NaNs are one, since their signs are not specified.
#define VALUE(format, value)                                                                                 \
    do {                                                                                                     \
        if (isnan(value))                                                                                    \
            printf("nan");                                                                                   \
        else                                                                                                 \
            printf(format, value);                                                                           \
        show_exceptions();                                                                                   \
        show_errno(code_);                                                                                   \
    } while (0)

static const double special[] = {
    0.0, -0.0, 0.5, -0.5, 1, -1, 1.5, -2.5, 2, 3, -7, 10, 0.1, 1e-5, 20.25, 100, -100.75, 709, 710, -745.5, 1000,
    1e-300, 5e-324, -5e-324, 2.2250738585072014e-308, 1e20, -1e20, 4503599627370497.5, 1e300, 1.7976931348623157e308, INFINITY, -INFINITY, NAN,
};
#define SPECIAL ((int)(sizeof special / sizeof *special))

#define ONE(format, type, function)                                                                          \
    do {                                                                                                     \
        for (int i = 0; i < SPECIAL; i++) {                                                                  \
            volatile type x = (type)special[i];                                                              \
            BEFORE;                                                                                          \
            volatile type y = function(x);                                                                   \
            int code_ = errno;                                                                               \
            printf(#function "(%g) = ", (double)x);                                                          \
            VALUE(format, (double)y);                                                                        \
        }                                                                                                    \
    } while (0)

static const double pairs[][2] = {
    {0, 0}, {0, -0.0}, {-0.0, 0}, {1, 2}, {2, 1}, {-1, 2}, {5.5, 2}, {-5.5, 2}, {5.5, -2}, {1e300, 3}, {3, 1e300}, {1e300, 1e300}, {1e-300, 1e-300},
    {1, 0}, {-1, 0}, {0, 1}, {0, -1}, {0, 3}, {-0.0, 3}, {0, -3}, {-0.0, -3}, {2, 0.5}, {-2, 0.5}, {-2, 3}, {2, 1024}, {2, -1080}, {1, NAN}, {NAN, 1},
    {NAN, 0}, {INFINITY, 1}, {1, INFINITY}, {-INFINITY, 3}, {INFINITY, INFINITY}, {INFINITY, NAN}, {0.5, INFINITY}, {2, -INFINITY}, {INFINITY, -1},
    {5e-324, 1}, {1, 5e-324}, {1.7976931348623157e308, -1.7976931348623157e308}, {10, 3}, {-1, INFINITY}, {3, 4}, {0.1, 0.2}, {7.25, 0.125}, {-0.0, -0.0},
};
#define PAIRS ((int)(sizeof pairs / sizeof *pairs))

#define TWO(format, type, function)                                                                          \
    do {                                                                                                     \
        for (int i = 0; i < PAIRS; i++) {                                                                    \
            volatile type x = (type)pairs[i][0], y = (type)pairs[i][1];                                      \
            BEFORE;                                                                                          \
            volatile type z = function(x, y);                                                                \
            int code_ = errno;                                                                               \
            printf(#function "(%g, %g) = ", (double)x, (double)y);                                           \
            VALUE(format, (double)z);                                                                        \
        }                                                                                                    \
    } while (0)
