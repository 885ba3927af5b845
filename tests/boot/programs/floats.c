// Floating point: printing, parsing, rounding, limits, classification and libm.
#include <errno.h>
#include <fenv.h>
#include <float.h>
#include <inttypes.h>
#include <math.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const double values[] = {
    0.0, -0.0, 1.0, -1.0, 0.1, 0.5, 1.5, 2.5, 3.5, 1e-5, 123456789.0, 1e15, 1e16, 1e17, 1e21, 1e22, 1e23, 1e100, 1e300,
    5e-324, 2.2250738585072014e-308, 2.2250738585072011e-308, 1.7976931348623157e308, 9007199254740993.0, 0.3, 2.0 / 3,
    999998.5, 9999995.0, 0.00099999949, 123.456, 8.5, 9.5, 1e-310, 4.35, 0.045, 1.005, 299792458.0, 6.02214076e23,
    INFINITY, -INFINITY, NAN,
};

static const char *const formats[] = {
    "%f", "%e", "%g", "%a", "%.0f", "%.0e", "%.0g", "%.1f", "%.3f", "%.10f", "%.17g", "%.20e", "%.50f", "%#.0f", "%#g",
    "%+f", "% f", "%015.3f", "%-15.3f|", "%F", "%E", "%G", "%A", "%.0a", "%.3a", "%20.5a", "%-20a|", "%+.1e", "%#.3g",
    "%012g", "%'.2f", "%10.0f|", "%.30g", "%#a",
};

static const char *const texts[] = {
    "0", "-0", "1", "1.", ".5", "1e3", "1e", "1e+", "1e-2x", "  12.5 rest", "+7", "-", ".", "e5", "0x1p3", "0x1.8", "0x.8p1",
    "0x", "0xg", "0x1p", "inf", "INFINITY", "infinit", "-inf", "nan", "NaN(123)", "nan(x", "1e400", "-1e400", "1e-400",
    "4.9e-324", "2.4703282292062327e-324", "2.4703282292062328e-324", "2.2250738585072011e-308", "2.2250738585072012e-308",
    "1.7976931348623158e308", "1.7976931348623159e308", "9007199254740993", "9007199254740992.99999999999999999999",
    "9007199254740993.00000000000000000000000000000000000001", "0.1000000000000000055511151231257827021181583404541015625",
    "179769313486231580793728971405303415079934132710037826936173778980444968292764750946649017977587207096330286416692887910946555547851940402630657488671505820681908902000708383676273854845817711531764475730270069855571366959622842914819860834936475292719074168444365510704342711559699508093042880",
    "123456789012345678901234567890e-10", "0x1.fffffffffffff8p0", "0x1.fffffffffffff7p0", "0x1p-1074", "0x1p-1075", "0x1.8p-1075",
    "6.9294956446009195e15", "3.5844466002796428e+298", "1e23", "8.5e22", "00000000000000000000000000000001e-0000000000000000001",
    "0.00000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000001e100",
};

static uint64_t bits(double value)
{
    uint64_t word;
    memcpy(&word, &value, sizeof word);
    return word;
}

static uint64_t state = 88172645463325252u;

static uint64_t next(void)
{
    state ^= state << 13;
    state ^= state >> 7;
    state ^= state << 17;
    return state;
}

static void printing(void)
{
    for (size_t v = 0; v < sizeof values / sizeof *values; v++) {
        for (size_t f = 0; f < sizeof formats / sizeof *formats; f++) {
            printf(formats[f], values[v]);
            putchar(' ');
        }
        putchar('\n');
    }
    printf("%g %.0e %g %.3g\n", 999999.5, 9.5, 99999.95, 999.5);
    printf("%*.*f|%-*.*e|%.*g\n", 12, 3, 3.14159, 14, 2, 31415.9, -1, 0.1);
    char small[8];
    printf("%d <%s>\n", snprintf(small, sizeof small, "%.3f", 123456.789), small);
}

static void parsing(void)
{
    for (size_t t = 0; t < sizeof texts / sizeof *texts; t++) {
        char *end;
        errno = 0;
        double d = strtod(texts[t], &end);
        int error = errno;
        uint64_t word = isnan(d) ? bits(d) >> 51 : bits(d);
        printf("%.30s: %016" PRIx64 " +%td e%d", texts[t], word, end - texts[t], error);
        errno = 0;
        float f = strtof(texts[t], &end);
        error = errno;
        printf(" | %.9g e%d\n", isnan(f) ? 0.0 : f, error);
    }
    printf("%g %g\n", atof("12.5abc"), atof("nothing"));
}

// Random doubles: what is printed with 17 digits has to come back; the hash is of all the texts.
static void round_trips(void)
{
    uint64_t hash = 14695981039346656037u;
    int wrong = 0;
    for (int i = 0; i < 20000; i++) {
        uint64_t word = next();
        double value;
        memcpy(&value, &word, sizeof value);
        if (!isfinite(value))
            continue;
        char text[400];
        int length = snprintf(text, sizeof text, "%.17g %.6e %.3f %a", value, value, fabs(value) < 1e15 ? value : 1.0, value);
        for (int c = 0; c < length; c++)
            hash = (hash ^ (unsigned char)text[c]) * 1099511628211u;
        wrong += bits(strtod(text, NULL)) != word;
        wrong += bits(strtod(strrchr(text, ' '), NULL)) != word;
    }
    printf("round trips: wrong %d, hash %016" PRIx64 "\n", wrong, hash);
    hash = 0;
    for (int i = 0; i < 20000; i++) {
        char text[64];
        snprintf(text, sizeof text, "%" PRIu64 "%" PRIu64 "e%d", next(), next(), (int)(next() % 660) - 340);
        double d = strtod(text, NULL);
        float f = strtof(text, NULL);
        uint32_t word;
        memcpy(&word, &f, sizeof word);
        hash = hash * 31 + (bits(d) ^ word);
    }
    printf("forty digits: hash %016" PRIx64 "\n", hash);
}

static void rounding(void)
{
    static const int modes[] = {FE_TONEAREST, FE_UPWARD, FE_DOWNWARD, FE_TOWARDZERO};
    for (int m = 0; m < 4; m++) {
        fesetround(modes[m]);
        volatile double one = 1.0, three = 3.0;
        printf("%.20g %.3f %.3f %.0f %.0f %.0e %.1a %ld %ld %.17g\n", one / three, 0.0005, -2.0015, 2.5, -2.5, 15.0, 1.03125,
               lrint(2.5), lrint(-2.5), strtod("0.1", NULL));
    }
    fesetround(FE_TONEAREST);
    feclearexcept(FE_ALL_EXCEPT);
    volatile double zero = 0.0, result = 1.0 / zero;
    printf("%g divided %d invalid %d", result, fetestexcept(FE_DIVBYZERO) != 0, fetestexcept(FE_INVALID) != 0);
    result = zero / zero;
    printf(" then %d", fetestexcept(FE_INVALID) != 0);
    fenv_t environment;
    feholdexcept(&environment);
    printf(" held %d", fetestexcept(FE_ALL_EXCEPT));
    feupdateenv(&environment);
    printf(" back %d\n", fetestexcept(FE_INVALID) != 0);
}

static void classes(void)
{
    for (size_t v = 0; v < sizeof values / sizeof *values; v++) {
        double x = values[v];
        int exponent;
        double whole, fraction = frexp(x, &exponent);
        printf("%g: %d%d%d%d%d", x, isnan(x) != 0, isinf(x) != 0, isfinite(x) != 0, isnormal(x) != 0, signbit(x) != 0);
        if (isfinite(x))
            printf(" %g*2^%d", fraction, exponent);
        fraction = modf(x, &whole);
        printf(" %g %g %g %g %g %g %g\n", fraction, whole, floor(x), ceil(x), trunc(x), round(x), rint(x));
    }
    printf("%g %g %g %g\n", nextafter(1.0, 2.0) - 1, ldexp(1.5, -1074), scalbn(1.0, 1023), logb(0.3));
    printf("%g %g %g %d\n", fmod(10.5, 3), remainder(10.5, 3), copysign(3, -0.0), ilogb(1e10));
    printf("%g %g %g %g\n", fmin(1, NAN), fmax(NAN, 2), fdim(3, 5), fma(1e16, 1 + 1e-16, -1e16));
    int quotient;
    printf("%g", remquo(29.0, 3.0, &quotient));
    printf(" %d\n", quotient & 7);
}

static void functions(void)
{
    static const double arguments[] = {0.0, 0.1, 0.5, 1.0, 1.5, 2.0, 3.0, 10.0, 100.25, 1e-8, -0.7, -3.3};
    for (size_t i = 0; i < sizeof arguments / sizeof *arguments; i++) {
        volatile double x = arguments[i];
        printf("%g: %.12g %.12g %.12g %.12g %.12g", x, sin(x), cos(x), tan(x), exp(x), atan(x));
        printf(" %.12g %.12g %.12g %.12g", sinh(x), tanh(x), cbrt(x), atan2(x, 2));
        if (x > 0)
            printf(" %.12g %.12g %.12g %.12g %.12g", log(x), log2(x), log10(x), sqrt(x), pow(x, 1.7));
        if (fabs(x) <= 1)
            printf(" %.12g %.12g", asin(x), acos(x));
        printf(" %.12g %.12g %.12g %.10g %.10g\n", exp2(x), expm1(x), hypot(x, 3), erf(x), x > 0 ? lgamma(x) : 0.0);
    }
    errno = 0;
    volatile double negative = -1.0, big = 1000.0;
    double result = sqrt(negative);
    printf("sqrt(-1): nan %d, %d", isnan(result), errno == EDOM);
    errno = 0;
    result = exp(big);
    printf("; exp(1000): %g %d", result, errno == ERANGE);
    errno = 0;
    result = log(0 * big);
    printf("; log(0): %g %d\n", result, errno == ERANGE);
    printf("%g %g %g\n", pow(2, 0.5), pow(-8, 3), pow(10, -3));
    printf("%.7g %.7g %.7g %.7g\n", sinf(1), expf(1), powf(2, 0.5f), sqrtf(2));
    printf("%.10g %.10g\n", tgamma(5), tgamma(0.5));
}

int main(void)
{
    printing();
    parsing();
    round_trips();
    rounding();
    classes();
    functions();
    return 0;
}
