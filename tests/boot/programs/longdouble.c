// The 80-bit long double: printing, parsing, passing, and what libm and stdlib do with it.
#include <errno.h>
#include <float.h>
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <wchar.h>

static const char *const texts[] = {
    "0", "-0", "1", "0.1", "1e4932", "1.18973149535723176502e4932", "1.18973149535723176509e4932", "1e5000", "3.3621e-4932",
    "3.6e-4951", "1e-4951", "1.8e-4951", "1e-5000", "18446744073709551616", "18446744073709551615", "18446744073709551617.5",
    "0x1.fffffffffffffffep0", "0x1.ffffffffffffffffp0", "0x1p-16445", "0x1p-16446", "0x1.8p-16446", "0xc.90fdaa22168c235p-2", "inf", "-nan",
    "3.14159265358979323846264338327950288", "9223372036854775807.5", "1e27", "1e28", "123456789.123456789123456789e-20",
};

static const char *const formats[] = {
    "%Lf", "%Le", "%Lg", "%La", "%.0Lf", "%.25Lf", "%.30Lg", "%20.3Lf|", "%-20.3Le|", "%+La", "%.3La", "%LA", "%.0La", "%#.0Le",
};

static void bytes(long double value)
{
    unsigned char raw[16] = {0};
    memcpy(raw, &value, 10);
    for (int i = 9; i >= 0; i--)
        printf("%02x", raw[i]);
}

static long double sum(int count, ...)
{
    va_list list;
    va_start(list, count);
    long double total = 0;
    for (int i = 0; i < count; i++)
        total += i % 2 ? va_arg(list, int) : va_arg(list, long double);
    va_end(list);
    return total;
}

int main(void)
{
    for (size_t t = 0; t < sizeof texts / sizeof *texts; t++) {
        char *end;
        errno = 0;
        long double value = strtold(texts[t], &end);
        int error = errno;
        printf("%s: ", texts[t]);
        bytes(value);
        printf(" +%td e%d", end - texts[t], error);
        for (size_t f = 0; f < sizeof formats / sizeof *formats; f++) {
            if (fabsl(value) > 1e40L && strchr(formats[f], 'f') && f != 0)
                continue;
            putchar(' ');
            printf(formats[f], value);
        }
        putchar('\n');
    }
    printf("%.21Lg %Lg %Lg %Lg\n", 1.0L / 3, LDBL_MAX, LDBL_MIN, LDBL_EPSILON);
    printf("%d %Lf %s %Lf %g\n", 1, 2.5L, "between", -3.25L, 4.125);
    printf("%1$Lf %3$s %2$Lf\n", 1.5L, 2.5L, "positional");
    printf("%.6Lf\n", sum(6, 1.5L, 2, 3.25L, 4, 5.125L, 6));
    long double read;
    printf("%d", sscanf("  2.718281828459045235360287471352662498 tail", "%Lf", &read));
    printf(" %.20Lf\n", read);
    printf("%d", swscanf(L"0x1.8p3", L"%La", &read));
    printf(" %Lf\n", read);
    wchar_t wide[64];
    swprintf(wide, 64, L"%.18Lf", 0.1L);
    printf("%ls %.18Lf\n", wide, wcstold(L"0.1", NULL));
    unsigned long state = 1;
    unsigned long hash = 0;
    int wrong = 0;
    for (int i = 0; i < 5000; i++) {
        state = state * 6364136223846793005ul + 1442695040888963407ul;
        unsigned long mantissa = state | 1ul << 63;
        long double value = ldexpl((long double)mantissa, (int)(state >> 40) % 3000 - 1500);
        char text[80];
        int length = snprintf(text, sizeof text, "%.21Lg %La", value, value);
        for (int c = 0; c < length; c++)
            hash = hash * 31 + (unsigned char)text[c];
        wrong += strtold(text, NULL) != value;
        wrong += strtold(strchr(text, ' '), NULL) != value;
    }
    printf("round trips: wrong %d, hash %lx\n", wrong, hash);
    int exponent;
    long double whole, fraction = frexpl(10.5L, &exponent);
    printf("%Lg %d", fraction, exponent);
    fraction = modfl(-3.75L, &whole);
    printf(" %Lg %Lg %Lg %Lg %Lg %Lg\n", fraction, whole, fabsl(-2.5L), floorl(-2.5L), ceill(2.1L), sqrtl(2.25L));
    return 0;
}
