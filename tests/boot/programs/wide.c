// Wide and multibyte characters, locales, classification, conversion between encodings.
#define _GNU_SOURCE
#include <ctype.h>
#include <errno.h>
#include <iconv.h>
#include <langinfo.h>
#include <limits.h>
#include <locale.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <uchar.h>
#include <wchar.h>
#include <wctype.h>

static void conversions(const char *name)
{
    static const char *const texts[] = {"plain", "gr\xc3\xbc\xc3\x9f", "\xe2\x82\xac", "\xf0\x9f\x98\x80", "\xc3", "\xff", "\xc0\x80",
                                        "\xed\xa0\x80", "\xf4\x90\x80\x80", "a\xe2\x82"};
    printf("== %s: MB_CUR_MAX %zu, codeset %s\n", name, MB_CUR_MAX, nl_langinfo(CODESET));
    for (size_t t = 0; t < sizeof texts / sizeof *texts; t++) {
        wchar_t wide[16];
        errno = 0;
        size_t length = mbstowcs(wide, texts[t], 16);
        printf("%zd e%d", (ssize_t)length, errno);
        if (length != (size_t)-1)
            for (size_t i = 0; i < length; i++)
                printf(" %x", (unsigned)wide[i]);
        mbstate_t state = {0};
        printf(" | mbrlen %zd", (ssize_t)mbrlen(texts[t], strlen(texts[t]), &state));
        printf(" initial %d\n", mbsinit(&state) != 0);
    }
    mbstate_t state = {0};
    wchar_t c = 0;
    const char *euro = "\xe2\x82\xac";
    printf("byte by byte: %zd", (ssize_t)mbrtowc(&c, euro, 1, &state));
    printf(" %zd", (ssize_t)mbrtowc(&c, euro + 1, 1, &state));
    printf(" %zd %x\n", (ssize_t)mbrtowc(&c, euro + 2, 1, &state), (unsigned)c);
    char bytes[MB_LEN_MAX + 1] = "";
    errno = 0;
    int n = wctomb(bytes, 0x20ac);
    printf("wctomb %d %s %s", n, n > 0 ? bytes : "-", strerror(errno));
    errno = 0;
    n = (int)wcrtomb(bytes, 0xd800, NULL);
    printf(" surrogate %d %s", n, strerror(errno));
    printf(" btowc %d %d\n", btowc('a'), btowc(0xe4));
    const wchar_t *source = L"w\u00f6rter";
    char narrow[32] = "";
    errno = 0;
    size_t length = wcsrtombs(narrow, &source, sizeof narrow, NULL);
    printf("wcsrtombs %zd %s %s\n", (ssize_t)length, length == (size_t)-1 ? "-" : narrow, strerror(errno));
    printf("%d %d %d %d %x %x\n", iswalpha(0xe4) != 0, iswupper(0xc4) != 0, iswdigit('5') != 0, iswspace(0x2003) != 0, towupper(0xe4),
           towlower(0x410));
    printf("%d %d %d %d\n", wcwidth(L'a'), wcwidth(0x4e2d), wcwidth(0x301), wcswidth(L"ab\u4e2d", 3));
}

int main(void)
{
    printf("start: %s\n", setlocale(LC_ALL, NULL));
    conversions("C");
    printf("set: %s\n", setlocale(LC_ALL, "C.UTF-8"));
    conversions("C.UTF-8");
    printf("unknown: %d\n", setlocale(LC_ALL, "xx_YY.UTF-8") == NULL);
    printf("one: %s", setlocale(LC_NUMERIC, "C"));
    printf(" all: %s\n", setlocale(LC_ALL, NULL));
    setenv("LC_ALL", "POSIX", 1);
    printf("from the environment: %s\n", setlocale(LC_ALL, ""));
    struct lconv *conventions = localeconv();
    printf("<%s> <%s> <%s> %d\n", conventions->decimal_point, conventions->thousands_sep, conventions->currency_symbol,
           conventions->frac_digits);
    printf("%s %s %s %s %s\n", nl_langinfo(DAY_1), nl_langinfo(ABMON_12), nl_langinfo(D_T_FMT), nl_langinfo(RADIXCHAR), nl_langinfo(YESEXPR));
    locale_t utf8 = newlocale(LC_ALL_MASK, "C.UTF-8", NULL);
    printf("new locale %d, toupper %x", utf8 != NULL, towupper_l(0xe9, utf8));
    locale_t old = uselocale(utf8);
    printf(" MB_CUR_MAX %zu", MB_CUR_MAX);
    uselocale(old);
    printf(" and back %zu\n", MB_CUR_MAX);
    freelocale(utf8);
    for (int c = -1; c < 256; c++) {
        int mask = !!isalpha(c) | !!isdigit(c) << 1 | !!isspace(c) << 2 | !!isupper(c) << 3 | !!islower(c) << 4 | !!ispunct(c) << 5 |
                   !!isprint(c) << 6 | !!isgraph(c) << 7 | !!iscntrl(c) << 8 | !!isxdigit(c) << 9 | !!isblank(c) << 10 | !!isalnum(c) << 11;
        printf("%x:%x:%x%c", mask, toupper(c) & 0xff, tolower(c) & 0xff, c % 16 == 15 ? '\n' : ' ');
    }
    setlocale(LC_ALL, "C.UTF-8");
    for (wint_t c = 0x80; c < 0x250; c++)
        printf("%d%d%d:%x:%x%c", iswalpha(c) != 0, iswupper(c) != 0, iswlower(c) != 0, towupper(c), towlower(c), c % 16 == 15 ? '\n' : ' ');
    wchar_t a[64] = L"wide", b[64];
    wcscat(a, L" string");
    wcsncpy(b, a, 64);
    printf("%zu %d %d %ls %td\n", wcslen(a), wcscmp(a, b), wcsncmp(a, L"wide!", 4), wcsstr(a, L"str"), wcschr(a, L's') - a);
    wchar_t *rest, *token = wcstok(b, L" ", &rest);
    printf("%ls %ls %ld %lu %g\n", token, rest, wcstol(L"-0x1F", NULL, 0), wcstoul(L"777", NULL, 8), wcstod(L"2.5e3", NULL));
    wmemset(b, L'x', 3);
    printf("%.3ls %d %zu %td\n", b, wmemcmp(a, L"wide", 4), wcsspn(L"aabbc", L"ab"), wmemchr(a, L'd', 10) - a);
    printf("%d %d\n", wcscasecmp(L"\u00c4B", L"\u00e4b"), wcscoll(L"a", L"b") < 0);
    struct tm tm = {.tm_year = 100, .tm_mon = 1, .tm_mday = 29};
    printf("%zu %ls\n", wcsftime(b, 64, L"%Y-%m-%d", &tm), b);
    char16_t c16;
    char32_t c32;
    mbstate_t state = {0};
    printf("%zd %x", (ssize_t)mbrtoc16(&c16, "\xf0\x9f\x98\x80", 4, &state), c16);
    printf(" %zd %x", (ssize_t)mbrtoc16(&c16, "", 0, &state), c16);
    memset(&state, 0, sizeof state);
    printf(" %zd %x\n", (ssize_t)mbrtoc32(&c32, "\xf0\x9f\x98\x80", 4, &state), (unsigned)c32);
    FILE *file = fopen("/tmp/wide.txt", "w+");
    printf("orientation %d", fwide(file, 0));
    fputws(L"\u00fcber\n\u20ac uro", file);
    printf(" %d", fwide(file, 0) > 0);
    rewind(file);
    wchar_t line[32];
    printf(" %d", fgetws(line, 32, file) != NULL);
    printf(" %zu %x %x", wcslen(line), fgetwc(file), fgetwc(file));
    ungetwc(L'Z', file);
    printf(" %x\n", fgetwc(file));
    fclose(file);
    remove("/tmp/wide.txt");

    static const char *const pairs[][2] = {{"UTF-8", "UTF-16LE"}, {"UTF-8", "ISO-8859-1"}, {"UTF-8", "ASCII"}, {"ISO-8859-1", "UTF-8"}, {"UTF-8", "UCS-4BE"}};
    for (size_t p = 0; p < sizeof pairs / sizeof *pairs; p++) {
        iconv_t converter = iconv_open(pairs[p][1], pairs[p][0]);
        if (converter == (iconv_t)-1) {
            printf("%s to %s: %s\n", pairs[p][0], pairs[p][1], strerror(errno));
            continue;
        }
        char in[] = "A\xc3\xa4\xe2\x82\xac", out[64], *from = in, *to = out;
        size_t left = strlen(in), room = sizeof out;
        errno = 0;
        size_t result = iconv(converter, &from, &left, &to, &room);
        printf("%s to %s: %zd left %zu %s:", pairs[p][0], pairs[p][1], (ssize_t)result, left, result == (size_t)-1 ? strerror(errno) : "ok");
        for (char *byte = out; byte < to; byte++)
            printf(" %02x", (unsigned char)*byte);
        putchar('\n');
        iconv_close(converter);
    }
    printf("no such encoding: %d\n", iconv_open("NO-SUCH", "UTF-8") == (iconv_t)-1);
    return 0;
}
