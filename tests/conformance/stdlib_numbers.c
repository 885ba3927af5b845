// stdlib.h and inttypes.h: integers from text in every base, with overflow, prefixes and what follows.
#define _GNU_SOURCE
#include "check.h"
#include <inttypes.h>
#include <locale.h>


#define PARSE(function, text, base)                                                                          \
    do {                                                                                                     \
        char *end_ = 0;                                                                                      \
        errno = 0;                                                                                           \
        long long value_ = (long long)function(text, &end_, base);                                           \
        int code_ = errno;                                                                                   \
        printf("%s(\"%s\", %d) = %lld, then \"%s\"", #function, text, base, value_, end_ ? end_ : "?");      \
        show_errno(code_);                                                                                   \
    } while (0)

static const char *texts[] = {
    "", " ", "0", "-0", "+7", "--7", "12abc", " \t\n\v\f\r42", "0x", "0x1F", "0X1fg", "0xg", "-0x10", "010", "08",
    "0b101", "0B2", "2147483647", "2147483648", "-2147483649", "9223372036854775807", "9223372036854775808",
    "-9223372036854775808", "-9223372036854775809", "18446744073709551615", "18446744073709551616",
    "-18446744073709551615", "99999999999999999999999", "zz", "Zz_", "1 2", "+", "-", "+0x", "0 x1",
};

int main(void)
{
    locale_t locale = newlocale(LC_ALL_MASK, "C", 0);
    int bases[] = {0, 10, 16, 8, 2, 36, 7, 1, 37, -1};
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++)
        for (int j = 0; j < 10; j++) {
            if (bases[j] > 10 && bases[j] != 16 && bases[j] != 36 && i)
                continue;
            PARSE(strtol, texts[i], bases[j]);
            PARSE(strtoul, texts[i], bases[j]);
        }
    section("the others");
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        PARSE(strtoll, texts[i], 0);
        PARSE(strtoull, texts[i], 0);
        PARSE(strtoq, texts[i], 10);
        PARSE(strtouq, texts[i], 10);
        PARSE(strtoimax, texts[i], 16);
        PARSE(strtoumax, texts[i], 36);
        INT(atoi(texts[i]));
        INT(atol(texts[i]));
        INT(atoll(texts[i]));
    }
#define PARSE_L(function, text, base)                                                                        \
    do {                                                                                                     \
        char *end_;                                                                                          \
        INT(function(text, &end_, base, locale));                                                            \
        TEXT(end_);                                                                                          \
    } while (0)
    PARSE_L(strtol_l, "-77x", 8);
    PARSE_L(strtoul_l, "77x", 8);
    PARSE_L(strtoll_l, "-ffx", 16);
    PARSE_L(strtoull_l, "ffx", 16);
    section("conversions of a null end");
    INT(strtol("12", 0, 10));
    INT(strtoul("-1", 0, 10));
    section("wide");
    wchar_t *end;
    INT(wcstol(L" -123abc", &end, 10));
    WIDE(end);
    INT(wcstoul(L"0x7fz", &end, 0));
    WIDE(end);
    INT(wcstoll(L"9223372036854775808", &end, 0));
    INT(wcstoull(L"18446744073709551616", &end, 0));
    INT(wcstoimax(L"zz", &end, 36));
    INT(wcstoumax(L"", &end, 10));
    INT(wcstoq(L"-8", &end, 10));
    INT(wcstouq(L"8", &end, 10));
    INT(wcstol(L"1", &end, 1));
    INT(wcstol_l(L"-77x", &end, 8, locale));
    INT(wcstoul_l(L"77x", &end, 8, locale));
    INT(wcstoll_l(L"-77x", &end, 8, locale));
    INT(wcstoull_l(L"77x", &end, 8, locale));
    section("arithmetic");
    INT(abs(-5));
    INT(labs(-5000000000));
    INT(llabs(-5000000000));
    INT(imaxabs(-7));
    INT(div(-7, 2).quot);
    INT(div(-7, 2).rem);
    INT(ldiv(7, -2).rem);
    INT(lldiv(-7, -2).quot);
    INT(imaxdiv(-9, 4).rem);
    section("base 64 digits");
    TEXT(l64a(0));
    TEXT(l64a(1));
    TEXT(l64a(0x12345678));
    TEXT(l64a(-1));
    INT(a64l(""));
    INT(a64l("zzzzzz"));
    INT(a64l("."));
    INT(a64l("kn7."));
    INT(a64l("/!"));
    INT(rpmatch("yes"));
    INT(rpmatch("No"));
    INT(rpmatch("maybe"));
    return 0;
}
