// math.h for double: elementary functions at their special arguments, with errno and exceptions.
#define _GNU_SOURCE
#include "math_show.h"

int main(void)
{
    setvbuf(stdout, 0, _IOLBF, 0);
    ONE(CLOSE, double, sin);
    ONE(CLOSE, double, cos);
    ONE(CLOSE, double, tan);
    ONE(CLOSE, double, asin);
    ONE(CLOSE, double, acos);
    ONE(CLOSE, double, atan);
    ONE(CLOSE, double, sinh);
    ONE(CLOSE, double, cosh);
    ONE(CLOSE, double, tanh);
    ONE(CLOSE, double, asinh);
    ONE(CLOSE, double, acosh);
    ONE(CLOSE, double, atanh);
    ONE(CLOSE, double, exp);
    ONE(CLOSE, double, exp2);
    ONE(CLOSE, double, exp10);
    ONE(CLOSE, double, expm1);
    ONE(CLOSE, double, log);
    ONE(CLOSE, double, log2);
    ONE(CLOSE, double, log10);
    ONE(CLOSE, double, log1p);
    ONE(EXACT, double, sqrt);
    ONE(CLOSE, double, cbrt);
    ONE(CLOSE, double, erf);
    ONE(CLOSE, double, erfc);
    ONE(EXACT, double, logb);
    TWO(CLOSE, double, pow);
    TWO(CLOSE, double, atan2);
    TWO(CLOSE, double, hypot);
    for (int i = 0; i < SPECIAL; i++) {
        double s, c;
        BEFORE;
        sincos(special[i], &s, &c);
        int code_ = errno;
        VALUE(CLOSE, s);
        VALUE(CLOSE, c);
    }
    return 0;
}
