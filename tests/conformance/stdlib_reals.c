// stdlib.h and wchar.h: floating-point numbers from text and to text.
#define _GNU_SOURCE
#include "check.h"
#include <locale.h>

#define PARSE(function, text)                                                                                \
    do {                                                                                                     \
        char *end_ = 0;                                                                                      \
        errno = 0;                                                                                           \
        double value_ = function(text, &end_);                                                               \
        int code_ = errno;                                                                                   \
        printf("%s(\"%s\") = %a, then \"%s\"", #function, text, value_, end_);                               \
        show_errno(code_);                                                                                   \
    } while (0)

static const char *texts[] = {
    "", ".", "e5", "0", "-0", "+.5", "5.", "1e", "1e+", "1e5x", "1e-400", "1e400", "-1e400", "4.9e-324", "2.4e-324",
    "2.2250738585072011e-308", "2.2250738585072014e-308", "1.7976931348623157e308", "1.7976931348623159e308",
    "9007199254740993", "0.1", "123456789012345678901234567890", "1.4e-45", "7e-46", "3.4028235e38", "3.4028236e38",
    "0x", "0x.", "0x1", "0x.8p1", "0x1p-1074", "0x1p-1075", "0x1.8p-1075", "0x1p1024", "0x1.fffffffffffff8p0",
    "0x1.fffffffffffff7p0", "0x1p", "inf", "INFINITYx", "infinit", "nan", "-nan", "nan(123)", "nan(x y)", "nan(", "1,5",
    " \t\n8", "1e99999999999999999999", "1e-99999999999999999999", "0e99999999999999999999", "1__2", "0x1.8p+3rest",
};

int main(void)
{
    locale_t locale = newlocale(LC_ALL_MASK, "C.UTF-8", 0);
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        PARSE(strtod, texts[i]);
        PARSE(strtof, texts[i]);
        char *end;
        long double value = strtold(texts[i], &end);
        printf("strtold %.20Lg, then \"%s\"\n", value, end);
        wchar_t wide[64], *stop;
        mbstowcs(wide, texts[i], 64);
        printf("wcstod %a", wcstod(wide, &stop));
        printf(" %d", (int)(stop - wide));
        printf(" wcstof %a", wcstof(wide, &stop));
        printf(" wcstold %.20Lg\n", wcstold(wide, &stop));
        printf("atof %a\n", atof(texts[i]));
    }
    char *end;
    wchar_t *stop;
    REAL(strtod_l("2.5x", &end, locale));
    REAL(strtof_l("2.5x", &end, locale));
    REAL(strtold_l("2.5x", &end, locale));
    REAL(wcstod_l(L"2.5x", &stop, locale));
    REAL(wcstof_l(L"2.5x", &stop, locale));
    REAL(wcstold_l(L"2.5x", &stop, locale));

    section("to text");
    char text[64];
    const char *formats[] = {"%.3f", "%g", "%a", "%.10e", "%.0f", "%G", "%.40g"};
    double values[] = {0, -0.0, 1.5, 1.5e300, 5e-324, -2.0 / 3, 1e22, 0.5, 2.5, 1e15};
    for (int i = 0; i < 7; i++)
        for (int j = 0; j < 10; j++) {
            int length = strfromd(text, sizeof text, formats[i], values[j]);
            printf("strfromd %s: %d %.60s\n", formats[i], length, text);
        }
    INT(strfromd(text, 4, "%.3f", 123.456));
    TEXT(text);
    INT(strfromd(0, 0, "%.3f", 123.456));
    INT(strfromf(text, sizeof text, "%.9g", 0.1f));
    TEXT(text);
    INT(strfroml(text, sizeof text, "%.20g", 0.1l));
    TEXT(text);
    INT(strfromd(text, sizeof text, "%g", 1.0 / 0.0));
    TEXT(text);

    section("classic conversions");
    int point, sign;
    for (int j = 0; j < 10; j++) {
        printf("ecvt %s", ecvt(values[j], 6, &point, &sign));
        printf(" %d %d", point, sign);
        printf(" fcvt %.30s", fcvt(values[j], 3, &point, &sign));
        printf(" %d %d", point, sign);
        printf(" gcvt %s", gcvt(values[j], 5, text));
        printf(" qecvt %s", qecvt(values[j], 6, &point, &sign));
        printf(" %d %d", point, sign);
        printf(" qfcvt %.30s", qfcvt(values[j], 3, &point, &sign));
        printf(" %d %d", point, sign);
        printf(" qgcvt %s\n", qgcvt(values[j], 5, text));
    }
    char digits[20];
    INT(ecvt_r(3.14159, 4, &point, &sign, digits, sizeof digits));
    TEXT(digits);
    INT(ecvt_r(3.14159, 4, &point, &sign, digits, 3));
    INT(fcvt_r(31.4159, 2, &point, &sign, digits, sizeof digits));
    TEXT(digits);
    INT(point);
    INT(fcvt_r(31.4159, 2, &point, &sign, 0, 0));
    INT(qecvt_r(-3.14159l, 4, &point, &sign, digits, sizeof digits));
    TEXT(digits);
    INT(sign);
    INT(qfcvt_r(31.4159l, 2, &point, &sign, digits, sizeof digits));
    TEXT(digits);
    TEXT(ecvt(0.0, 4, &point, &sign));
    INT(point);
    TEXT(fcvt(0.0001, 2, &point, &sign));
    INT(point);
    return 0;
}
