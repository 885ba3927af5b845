// math.h for float: elementary functions at their special arguments, with errno and exceptions.
#define _GNU_SOURCE
#include "math_show.h"

// erfcf where its result is a normal number.
static float erfcf_normal(float x)
{
    return x == 10 ? 0 : erfcf(x);
}

int main(void)
{
    setvbuf(stdout, 0, _IOLBF, 0);
    ONE(CLOSE_FLOAT, float, sinf);
    ONE(CLOSE_FLOAT, float, cosf);
    ONE(CLOSE_FLOAT, float, tanf);
    ONE(CLOSE_FLOAT, float, asinf);
    ONE(CLOSE_FLOAT, float, acosf);
    ONE(CLOSE_FLOAT, float, atanf);
    ONE(CLOSE_FLOAT, float, sinhf);
    ONE(CLOSE_FLOAT, float, coshf);
    ONE(CLOSE_FLOAT, float, tanhf);
    ONE(CLOSE_FLOAT, float, asinhf);
    ONE(CLOSE_FLOAT, float, acoshf);
    ONE(CLOSE_FLOAT, float, atanhf);
    ONE(CLOSE_FLOAT, float, expf);
    ONE(CLOSE_FLOAT, float, exp2f);
    ONE(CLOSE_FLOAT, float, exp10f);
    ONE(CLOSE_FLOAT, float, expm1f);
    ONE(CLOSE_FLOAT, float, logf);
    ONE(CLOSE_FLOAT, float, log2f);
    ONE(CLOSE_FLOAT, float, log10f);
    ONE(CLOSE_FLOAT, float, log1pf);
    ONE(EXACT, float, sqrtf);
    ONE(CLOSE_FLOAT, float, cbrtf);
    ONE(CLOSE_FLOAT, float, erff);
    ONE(CLOSE_FLOAT, float, erfcf_normal);
    ONE(EXACT, float, logbf);
    TWO(CLOSE_FLOAT, float, powf);
    TWO(CLOSE_FLOAT, float, atan2f);
    TWO(CLOSE_FLOAT, float, hypotf);
    for (int i = 0; i < SPECIAL; i++) {
        float s, c;
        BEFORE;
        sincosf((float)special[i], &s, &c);
        int code_ = errno;
        VALUE(CLOSE_FLOAT, s);
        VALUE(CLOSE_FLOAT, c);
    }
    return 0;
}
