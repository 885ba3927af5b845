// wchar.h and uchar.h: wide strings, and conversions between them and bytes with their states.
#define _GNU_SOURCE
#include "check.h"
#include <limits.h>
#include <locale.h>
#include <time.h>
#include <uchar.h>

#define AT(base, call)                                                                                       \
    do {                                                                                                     \
        const wchar_t *at_ = (call);                                                                         \
        if (at_)                                                                                             \
            printf("%s = +%ld\n", #call, (long)(at_ - (base)));                                              \
        else                                                                                                 \
            printf("%s = NULL\n", #call);                                                                    \
    } while (0)

static wchar_t room[64];

static wchar_t *fresh(const wchar_t *text)
{
    wmemset(room, L'#', 64);
    wcscpy(room, text);
    return room;
}

static void strings(void)
{
    section("strings");
    AT(room, wcscpy(fresh(L"abc"), L"xy"));
    AT(room, wcpcpy(fresh(L"abc"), L"xy"));
    AT(room, wcsncpy(fresh(L"abcdef"), L"xy", 4));
    BYTES(room, 24);
    AT(room, wcpncpy(fresh(L"abcdef"), L"xy", 4));
    AT(room, wcpncpy(fresh(L"abcdef"), L"xyz", 2));
    AT(room, wcscat(fresh(L"ab"), L"cd"));
    AT(room, wcsncat(fresh(L"ab"), L"cdef", 2));
    WIDE(room);
    AT(room, wmemcpy(fresh(L"abc"), L"xy", 2));
    AT(room, wmempcpy(fresh(L"abc"), L"xy", 2));
    wmemmove(fresh(L"abcdef") + 1, room, 4);
    WIDE(room);
    wmemmove(fresh(L"abcdef"), room + 2, 4);
    WIDE(room);
    INT(wcslen(L"\u00e4b"));
    INT(wcsnlen(L"abc", 2));
    INT(wcsnlen(L"abc", 9));
    SIGN(wcscmp(L"a", L"b"));
    SIGN(wcscmp(L"\x7fffffff", L"a"));
    SIGN(wcscmp((wchar_t[]){-1, 0}, L"a"));
    SIGN(wcsncmp(L"abX", L"abY", 2));
    SIGN(wcsncmp(L"abX", L"abY", 3));
    SIGN(wmemcmp(L"a\0b", L"a\0c", 3));
    SIGN(wmemcmp((wchar_t[]){-1}, L"a", 1));
    SIGN(wcscasecmp(L"\u00c4B", L"\u00e4b"));
    SIGN(wcsncasecmp(L"ABx", L"abY", 2));
    SIGN(wcsncasecmp(L"ABx", L"abY", 3));
    locale_t locale = newlocale(LC_ALL_MASK, "C.UTF-8", 0);
    SIGN(wcscasecmp_l(L"\u00c4", L"\u00e4", locale));
    SIGN(wcsncasecmp_l(L"\u00c4x", L"\u00e4y", 1, locale));
    SIGN(wcscoll(L"a", L"B"));
    SIGN(wcscoll_l(L"a", L"B", locale));
    INT(wcsxfrm(room, L"abc", 64));
    WIDE(room);
    INT(wcsxfrm(0, L"abc", 0));
    INT(wcsxfrm_l(room, L"xyz", 64, locale));
    freelocale(locale);
    const wchar_t *s = L"hello, world";
    AT(s, wcschr(s, L'o'));
    AT(s, wcschr(s, 0));
    AT(s, wcschr(s, L'z'));
    AT(s, wcsrchr(s, L'o'));
    AT(s, wcschrnul(s, L'z'));
    AT(s, wcsstr(s, L"wor"));
    AT(s, wcsstr(s, L""));
    AT(s, wcswcs(s, L"worlds"));
    AT(s, wcspbrk(s, L"wo"));
    AT(s, wmemchr(s, L'w', 12));
    AT(s, wmemchr(s, L'w', 3));
    INT(wcsspn(s, L"hel"));
    INT(wcscspn(s, L"o"));
    wchar_t text[] = L"--a,,b", *save;
    WIDE(wcstok(text, L"-,", &save));
    WIDE(wcstok(0, L"-,", &save));
    WIDE(wcstok(0, L"-,", &save));
    wchar_t *copy = wcsdup(L"copy");
    WIDE(copy);
    free(copy);
    struct tm day = {.tm_year = 100, .tm_mon = 1, .tm_mday = 29, .tm_wday = 2, .tm_yday = 59};
    INT(wcsftime(room, 64, L"%Y-%m-%d %A \u00e4 %%", &day));
    WIDE(room);
    INT(wcsftime(room, 4, L"%Y-%m", &day));
    INT(wcsftime_l(room, 64, L"%B", &day, newlocale(LC_ALL_MASK, "C", 0)));
}

static void conversions(const char *name)
{
    section(name);
    printf("%s\n", setlocale(LC_ALL, name));
    INT(MB_CUR_MAX);
    const char *texts[] = {"", "a", "\x7f", "\x80", "\xc3\xa4", "\xc3", "\xc3\x28", "\xe2\x82\xac", "\xe2\x82", "\xf0\x9f\x98\x80",
                           "\xc0\x80", "\xed\xa0\x80", "\xff", "\xe0\x80\x80"};
    for (int i = 0; i < 14; i++) {
        wchar_t c = 0x1234;
        mbstate_t state = {0};
        printf("text %d\n", i);
        INT(mbtowc(&c, texts[i], 4));
        HEX(c);
        INT(mbtowc(0, 0, 0));
        INT(mblen(texts[i], 4));
        mblen(0, 0);
        INT(mbrtowc(&c, texts[i], 1, &state));
        INT(mbsinit(&state));
        INT(mbrtowc(&c, texts[i] + 1, 3, &state));
        HEX(c);
        memset(&state, 0, sizeof state);
        INT(mbrlen(texts[i], 4, &state));
        INT(mbstowcs(0, texts[i], 0));
        INT(mbstowcs(room, texts[i], 64));
        const char *from = texts[i];
        memset(&state, 0, sizeof state);
        INT(mbsrtowcs(room, &from, 64, &state));
        TRUTH(from == NULL);
        from = texts[i];
        memset(&state, 0, sizeof state);
        INT(mbsnrtowcs(room, &from, 2, 64, &state));
        if (from)
            INT(from - texts[i]);
        char16_t c16 = 0;
        memset(&state, 0, sizeof state);
        INT(mbrtoc16(&c16, texts[i], 4, &state));
        HEX(c16);
        INT(mbrtoc16(&c16, texts[i], 4, &state));
        char32_t c32 = 0;
        memset(&state, 0, sizeof state);
        INT(mbrtoc32(&c32, texts[i], 4, &state));
        HEX(c32);
    }
    const wint_t characters[] = {0, 'a', 0x7f, 0x80, 0xe4, 0xff, 0x20ac, 0xd800, 0xffff, 0x1f600, 0x10ffff, 0x110000, 0xdf80, -1};
    for (int i = 0; i < 14; i++) {
        char bytes[MB_LEN_MAX] = "";
        mbstate_t state = {0};
        wint_t c = characters[i];
        printf("character %x\n", c);
        INT(wctomb(bytes, c));
        TEXT(bytes);
        INT(wcrtomb(bytes, c, &state));
        INT(wctob(c));
        INT(wcwidth(c));
        memset(&state, 0, sizeof state);
        INT(c16rtomb(bytes, c, &state));
        if (c >= 0xd800 && c < 0xdc00)
            INT(c16rtomb(bytes, 0xdc00, &state));
        memset(&state, 0, sizeof state);
        INT(c32rtomb(bytes, c, &state));
    }
    INT(btowc('a'));
    INT(btowc(0x80));
    INT(btowc(EOF));
    INT(wcrtomb(0, L'x', 0));
    INT(wctomb(0, L'x'));
    const wchar_t *wide = L"a\u00e4\u20acz", *from;
    char bytes[16];
    INT(wcstombs(0, wide, 0));
    INT(wcstombs(bytes, wide, 16));
    INT(wcstombs(bytes, L"abc", 2));
    mbstate_t state = {0};
    from = wide;
    INT(wcsrtombs(bytes, &from, 5, &state));
    INT(from ? from - wide : -1);
    memset(&state, 0, sizeof state);
    from = wide;
    INT(wcsnrtombs(bytes, &from, 2, 16, &state));
    INT(from ? from - wide : -1);
    INT(wcswidth(L"ab\u4e00", 9));
    INT(wcswidth(L"a\n", 9));
    INT(wcwidth(0x0301));
    // C23's char8_t functions: declared by their C++ guard only.
    extern size_t mbrtoc8(unsigned char *, const char *, size_t, mbstate_t *);
    extern size_t c8rtomb(char *, unsigned char, mbstate_t *);
    unsigned char c8 = 0;
    memset(&state, 0, sizeof state);
    INT(mbrtoc8(&c8, "\xc3\xa4", 2, &state));
    HEX(c8);
    INT(mbrtoc8(&c8, "", 0, &state));
    memset(&state, 0, sizeof state);
    INT(c8rtomb(bytes, 0xc3, &state));
    INT(c8rtomb(bytes, 0xa4, &state));
    memset(&state, 0, sizeof state);
    INT(c8rtomb(bytes, 'a', &state));
    memset(&state, 0, sizeof state);
    INT(c8rtomb(bytes, 0xff, &state));
}

int main(void)
{
    setvbuf(stdout, 0, _IOLBF, 0);
    strings();
    conversions("C");
    conversions("C.UTF-8");
    return 0;
}
