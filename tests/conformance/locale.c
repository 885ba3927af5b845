// locale.h, langinfo.h, libintl.h, nl_types.h, monetary.h, iconv.h.
#define _GNU_SOURCE
#include "check.h"
#include <iconv.h>
#include <langinfo.h>
#include <libintl.h>
#include <locale.h>
#include <monetary.h>
#include <nl_types.h>
#include <time.h>

static void names(void)
{
    section("setlocale");
    TEXT(setlocale(LC_ALL, 0));
    TEXT(setlocale(LC_ALL, "C.UTF-8"));
    TEXT(setlocale(LC_CTYPE, 0));
    TEXT(setlocale(LC_NUMERIC, "C"));
    TEXT(setlocale(LC_ALL, 0));
    TEXT(setlocale(LC_ALL, "POSIX"));
    TRUTH(setlocale(LC_ALL, "xx_XX"));
    TRUTH(setlocale(99, "C"));
    TEXT(setlocale(LC_ALL, ""));
    TEXT(setlocale(LC_ALL, "LC_CTYPE=C.UTF-8;LC_NUMERIC=C;LC_TIME=C;LC_COLLATE=C;LC_MONETARY=C;LC_MESSAGES=C;LC_PAPER=C;LC_NAME=C;LC_ADDRESS=C;LC_TELEPHONE=C;LC_MEASUREMENT=C;LC_IDENTIFICATION=C"));
    TEXT(setlocale(LC_ALL, "C"));
    section("objects");
    locale_t utf8 = newlocale(LC_CTYPE_MASK, "C.UTF-8", 0);
    TRUTH(utf8);
    TRUTH(newlocale(LC_CTYPE_MASK, "xx_XX", 0));
    TRUTH(newlocale(1 << 30, "C", 0));
    TRUTH(uselocale(0) == LC_GLOBAL_LOCALE);
    TRUTH(uselocale(utf8) == LC_GLOBAL_LOCALE);
    INT(MB_CUR_MAX);
    TRUTH(uselocale(0) == utf8);
    locale_t copy = duplocale(utf8);
    TEXT(nl_langinfo_l(CODESET, copy));
    TEXT(nl_langinfo(CODESET));
    TRUTH(uselocale(LC_GLOBAL_LOCALE) == utf8);
    INT(MB_CUR_MAX);
    freelocale(copy);
    freelocale(utf8);
    copy = duplocale(LC_GLOBAL_LOCALE);
    TEXT(nl_langinfo_l(CODESET, copy));
    freelocale(copy);
    section("localeconv");
    struct lconv *c = localeconv();
    TEXT(c->decimal_point);
    TEXT(c->thousands_sep);
    TEXT(c->grouping);
    TEXT(c->int_curr_symbol);
    TEXT(c->currency_symbol);
    TEXT(c->mon_decimal_point);
    TEXT(c->positive_sign);
    TEXT(c->negative_sign);
    INT(c->frac_digits);
    INT(c->p_cs_precedes);
    INT(c->int_n_sign_posn);
}

static void information(void)
{
    section("langinfo");
    static const nl_item items[] = {CODESET, RADIXCHAR, THOUSEP, D_T_FMT, D_FMT, T_FMT, T_FMT_AMPM, AM_STR, PM_STR, DAY_1, DAY_7, ABDAY_1, MON_1,
                                    MON_12, ABMON_5, ERA, ERA_D_FMT, ALT_DIGITS, YESEXPR, NOEXPR, YESSTR, NOSTR, CRNCYSTR, _DATE_FMT, -1, 0xfffff};
    for (int i = 0; i < 26; i++)
        TEXT(nl_langinfo(items[i]));
}

static void messages(void)
{
    section("libintl");
    TEXT(gettext("hello"));
    TEXT(dgettext("domain", "hello"));
    TEXT(dcgettext("domain", "hello", LC_MESSAGES));
    TEXT(ngettext("one", "many", 1));
    TEXT(ngettext("one", "many", 2));
    TEXT(dngettext("domain", "one", "many", 0));
    TEXT(dcngettext("domain", "one", "many", 1, LC_MESSAGES));
    TEXT(textdomain(0));
    TEXT(textdomain("mine"));
    TEXT(textdomain(0));
    TEXT(textdomain(""));
    TEXT(bindtextdomain("mine", 0));
    TEXT(bindtextdomain("mine", "/nowhere"));
    TEXT(bindtextdomain("mine", 0));
    TEXT(bindtextdomain("", "/x"));
    TEXT(bind_textdomain_codeset("mine", 0));
    TEXT(bind_textdomain_codeset("mine", "UTF-8"));
    TEXT(bind_textdomain_codeset("mine", 0));
    section("catalogues");
    INT((long)catopen("no-such-catalogue", 0));
    INT((long)catopen("/no/such", NL_CAT_LOCALE));
    TEXT(catgets((nl_catd)-1, 1, 1, "default"));
    INT(catclose((nl_catd)-1));
}

static void money(void)
{
    section("strfmon");
    char room[200];
    INT(strfmon(room, sizeof room, "%n", 1234.567));
    TEXT(room);
    INT(strfmon(room, sizeof room, "[%i] [%.2n] [%12n] [%-12n] [%(n] [%!n] [%^n] [%=*#8n]", 12.5, 12.5, 1.0, 1.0, -3.0, 4.0, 5.0, 6.0));
    TEXT(room);
    TRUTH(strfmon(room, 3, "%n", 1234.5) == -1);
    INT(strfmon(room, sizeof room, "%q", 1.0));
    INT(strfmon_l(room, sizeof room, "%.1n%%", newlocale(LC_ALL_MASK, "C", 0), 2.25));
    TEXT(room);
}

static void convert(const char *to, const char *from, const char *text, size_t length, size_t room)
{
    char out[64];
    memset(out, '#', sizeof out);
    iconv_t conversion = iconv_open(to, from);
    printf("%s from %s: ", to, from);
    if (conversion == (iconv_t)-1) {
        printf("none");
        show_errno(errno);
        return;
    }
    char *in_at = (char *)text, *out_at = out;
    size_t in_left = length, out_left = room;
    errno = 0;
    size_t result = iconv(conversion, &in_at, &in_left, &out_at, &out_left);
    int code = errno;
    printf("%ld, %zu left, ", (long)result, in_left);
    show_bytes(out, room - out_left);
    show_errno(result == -1ul ? code : 0);
    INT(iconv(conversion, 0, 0, 0, 0));
    INT(iconv_close(conversion));
}

static void conversions(void)
{
    section("iconv");
    convert("UTF-16LE", "UTF-8", "a\xc3\xa4\xf0\x9f\x98\x80", 7, 60);
    convert("UTF-8", "UTF-16LE", "a\0\xe4\0\x3d\xd8\x00\xde", 8, 60);
    convert("UTF-16", "UTF-8", "ab", 2, 60);
    convert("UTF-32BE", "UTF-8", "\xe2\x82\xac", 3, 60);
    convert("UTF-8", "ISO-8859-1", "\xe4\xff", 2, 60);
    convert("ISO-8859-1", "UTF-8", "\xc3\xa4", 2, 60);
    convert("ISO-8859-1", "UTF-8", "\xe2\x82\xac", 3, 60);
    convert("ASCII", "UTF-8", "a\xc3\xa4", 3, 60);
    convert("UTF-8", "ASCII", "a\x80", 2, 60);
    convert("UTF-8", "UTF-8", "ok\xff", 3, 60);
    convert("UTF-8", "UTF-8", "ok\xc3", 3, 60);
    convert("UTF-8", "UTF-8", "abcdef", 6, 3);
    convert("UCS-2LE", "UTF-8", "x", 1, 60);
    convert("WCHAR_T", "UTF-8", "\xc3\xa4", 2, 60);
    convert("ASCII//TRANSLIT", "UTF-8", "a", 1, 60);
    convert("ASCII//IGNORE", "UTF-8", "a\xc3\xa4z", 4, 60);
    convert("utf8", "latin1", "\xe4", 1, 60);
    convert("no-such", "UTF-8", "x", 1, 60);
}

int main(void)
{
    setvbuf(stdout, 0, _IOLBF, 0);
    names();
    information();
    messages();
    money();
    conversions();
    return 0;
}
