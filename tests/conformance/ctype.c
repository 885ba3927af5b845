// ctype.h: the classes of all 256 characters and EOF, the conversions, and their locale forms.
#define _GNU_SOURCE
#define __NO_CTYPE // functions, not macros
#include "check.h"
#include <ctype.h>
#include <locale.h>

#undef _tolower
#undef _toupper
#undef toascii
#undef isascii
#undef isalnum_l
#undef isalpha_l
#undef isblank_l
#undef iscntrl_l
#undef isdigit_l
#undef isgraph_l
#undef islower_l
#undef isprint_l
#undef ispunct_l
#undef isspace_l
#undef isupper_l
#undef isxdigit_l
#undef tolower_l
#undef toupper_l
extern int isctype(int, int), _tolower(int), _toupper(int);

// The characters of a class, as ranges; both forms of the function must agree.
#define CLASS(name)                                                                                          \
    do {                                                                                                     \
        printf(#name ":");                                                                                   \
        int from = -2;                                                                                       \
        for (int c = -1; c <= 256; c++) {                                                                    \
            int is = c < 256 && name(c) != 0;                                                                \
            if (c < 256 && is != (name##_l(c, locale) != 0))                                                 \
                printf(" %d differs from " #name "_l", c);                                                   \
            if (is && from == -2)                                                                            \
                from = c;                                                                                    \
            if (!is && from != -2) {                                                                         \
                printf(" %d-%d", from, c - 1);                                                               \
                from = -2;                                                                                   \
            }                                                                                                \
        }                                                                                                    \
        printf("\n");                                                                                        \
    } while (0)

#define CONVERSION(name)                                                                                     \
    do {                                                                                                     \
        printf(#name ":");                                                                                   \
        for (int c = -128; c < 256; c++)                                                                     \
            if (name(c) != c)                                                                                \
                printf(" %d>%d", c, name(c));                                                                \
        printf("\n");                                                                                        \
    } while (0)

int main(void)
{
    const char *names[] = {"C", "C.UTF-8"};
    for (int i = 0; i < 2; i++) {
        section(names[i]);
        locale_t locale = newlocale(LC_ALL_MASK, names[i], 0);
        TRUTH(locale);
        printf("%s\n", setlocale(LC_ALL, names[i]));
        CLASS(isalnum);
        CLASS(isalpha);
        CLASS(isblank);
        CLASS(iscntrl);
        CLASS(isdigit);
        CLASS(isgraph);
        CLASS(islower);
        CLASS(isprint);
        CLASS(ispunct);
        CLASS(isspace);
        CLASS(isupper);
        CLASS(isxdigit);
        CONVERSION(tolower);
        CONVERSION(toupper);
        CONVERSION(toascii);
        INT(tolower_l('Q', locale));
        INT(toupper_l('q', locale));
        INT(tolower_l(EOF, locale));
        freelocale(locale);
    }
    section("older names");
    INT(_tolower('A'));
    INT(_toupper('a'));
    INT(isascii(127));
    INT(isascii(128));
    INT(isascii(-1));
    TRUTH(isctype('a', _ISlower));
    TRUTH(isctype('a', _ISupper | _ISdigit));
    TRUTH(isctype('7', _ISupper | _ISdigit));
    section("tables");
    const unsigned short *table = *__ctype_b_loc();
    unsigned sum = 0;
    for (int c = -128; c < 256; c++)
        sum = sum * 31 + table[c];
    HEX(sum);
    sum = 0;
    for (int c = -128; c < 256; c++)
        sum = sum * 31 + (*__ctype_tolower_loc())[c] * 7 + (*__ctype_toupper_loc())[c];
    HEX(sum);
    return 0;
}
