// wctype.h: every class over Unicode as a checksum, the mappings, and what wctype() and
// wctrans() know.
#define _GNU_SOURCE
#include "check.h"
#include <locale.h>
#include <wctype.h>

// All of the first characters, and a part of the others.
#define NEXT(c) ((c) + ((c) < 0x800 ? 1 : (c) < 0x20000 ? 13 : 997))

// How many characters are in a class, and a checksum of which; the locale form must agree.
#define CLASS(name)                                                                                          \
    do {                                                                                                     \
        unsigned count = 0, sum = 0;                                                                         \
        for (wint_t c = 0; c < 0x110000; c = NEXT(c))                                                        \
            if (name(c)) {                                                                                   \
                count++;                                                                                     \
                sum = sum * 31 + c;                                                                          \
            }                                                                                                \
        int agrees = 1;                                                                                      \
        for (wint_t c = 0; c < 0x500; c++)                                                                   \
            agrees &= !name(c) == !name##_l(c, locale) && !name(c) == !iswctype(c, wctype(#name + 3));       \
        printf(#name ": %u %08x%s, WEOF %d\n", count, sum, agrees ? "" : " forms differ", !!name(WEOF));     \
    } while (0)

#define MAPPING(name)                                                                                        \
    do {                                                                                                     \
        unsigned count = 0, sum = 0;                                                                         \
        for (wint_t c = 0; c < 0x110000; c = NEXT(c))                                                        \
            if (name(c) != c) {                                                                              \
                count++;                                                                                     \
                sum = sum * 31 + name(c);                                                                    \
            }                                                                                                \
        printf(#name ": %u %08x\n", count, sum);                                                             \
    } while (0)

static void in_locale(const char *name)
{
    section(name);
    printf("%s\n", setlocale(LC_ALL, name));
    locale_t locale = newlocale(LC_ALL_MASK, name, 0);
    CLASS(iswalnum);
    CLASS(iswalpha);
    CLASS(iswblank);
    CLASS(iswcntrl);
    CLASS(iswdigit);
    CLASS(iswgraph);
    CLASS(iswlower);
    CLASS(iswprint);
    CLASS(iswpunct);
    CLASS(iswspace);
    CLASS(iswupper);
    CLASS(iswxdigit);
    MAPPING(towlower);
    MAPPING(towupper);
    HEX(towlower_l(L'\u00c4', locale));
    HEX(towupper_l(L'\u00e4', locale));
    HEX(towctrans(L'\u00c4', wctrans("tolower")));
    HEX(towctrans(L'\u00e4', wctrans("toupper")));
    HEX(towctrans_l(L'\u03b1', wctrans_l("toupper", locale), locale));
    TRUTH(iswctype_l(L'\u03b1', wctype_l("alpha", locale), locale));
    HEX(towlower(WEOF));
    freelocale(locale);
}

int main(void)
{
    in_locale("C");
    in_locale("C.UTF-8");
    section("unknown names");
    TRUTH(wctype("no such class"));
    TRUTH(wctype(""));
    TRUTH(wctrans("no such mapping"));
    INT(iswctype(L'a', 0));
    HEX(towctrans(L'a', 0));
    return 0;
}
