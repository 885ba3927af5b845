// string.h and strings.h: overlaps, empty and unaligned arguments, results that point into them.
#define _GNU_SOURCE
#include "check.h"
#include <locale.h>
#include <strings.h>

// Where a result points, from the start of the argument.
#define AT(base, call)                                                                                       \
    do {                                                                                                     \
        const char *at_ = (const char *)(call);                                                              \
        if (at_)                                                                                             \
            printf("%s = +%ld\n", #call, (long)(at_ - (const char *)(base)));                                \
        else                                                                                                 \
            printf("%s = NULL\n", #call);                                                                    \
    } while (0)

static char room[64];

static char *fresh(const char *text)
{
    memset(room, '#', sizeof room);
    strcpy(room, text);
    return room;
}

static void copying(void)
{
    section("copying");
    AT(room, strcpy(fresh("abcdef"), "xy"));
    BYTES(room, 8);
    AT(room, strncpy(fresh("abcdef"), "xy", 5));
    BYTES(room, 8);
    AT(room, strncpy(fresh("abcdef"), "xyz", 2));
    BYTES(room, 8);
    AT(room, stpcpy(fresh("abcdef"), "xy"));
    AT(room, stpncpy(fresh("abcdef"), "xy", 5));
    BYTES(room, 8);
    AT(room, stpncpy(fresh("abcdef"), "xyz", 2));
    AT(room, strcat(fresh("ab"), "cd"));
    BYTES(room, 8);
    AT(room, strncat(fresh("ab"), "cdef", 3));
    BYTES(room, 8);
    AT(room, memcpy(fresh("abcdef"), "xy", 2));
    AT(room, mempcpy(fresh("abcdef"), "xy", 2));
    AT(room, memccpy(fresh("abcdef"), "xyz", 'y', 3));
    BYTES(room, 8);
    AT(room, memccpy(fresh("abcdef"), "xyz", 'q', 3));
    memmove(fresh("abcdefghijklmnopqrstuvwxyz") + 3, room, 20);
    BYTES(room, 27);
    memmove(fresh("abcdefghijklmnopqrstuvwxyz"), room + 3, 20);
    BYTES(room, 27);
    bcopy(fresh("abcdef"), room + 2, 5);
    BYTES(room, 8);
    bzero(fresh("abcdef") + 1, 3);
    BYTES(room, 8);
    explicit_bzero(fresh("abcdef") + 1, 2);
    BYTES(room, 8);
    memset(fresh("abcdef"), 0x1ff, 3);
    BYTES(room, 8);
    swab("abcdef", fresh("123456"), 5);
    BYTES(room, 8);
    AT(room, memfrob(fresh("abc"), 3));
    BYTES(room, 5);
    // Every length and alignment that a vector loop treats apart.
    static unsigned char from[300], to[300];
    for (int i = 0; i < 300; i++)
        from[i] = i * 7;
    int wrong = 0;
    for (int length = 0; length < 140; length++)
        for (int at = 0; at < 17; at++) {
            memset(to, 0xee, sizeof to);
            memcpy(to + at, from + 16 - at, length);
            for (int i = 0; i < 300; i++)
                wrong += to[i] != (i >= at && i < at + length ? from[16 - at + i - at] : 0xee);
        }
    INT(wrong);
}

static void comparing(void)
{
    section("comparing");
    SIGN(strcmp("", ""));
    SIGN(strcmp("a", "b"));
    SIGN(strcmp("a\xff", "a\x01"));
    SIGN(strcmp("abc", "abcd"));
    SIGN(strncmp("abcX", "abcY", 3));
    SIGN(strncmp("abcX", "abcY", 4));
    SIGN(strncmp("a", "b", 0));
    SIGN(memcmp("a\0b", "a\0c", 3));
    SIGN(memcmp("\xff", "\x01", 1));
    SIGN(memcmp("x", "y", 0));
    SIGN(bcmp("same", "same", 4));
    SIGN(strcasecmp("HELLO", "hello"));
    SIGN(strcasecmp("HELLO", "hellp"));
    SIGN(strcasecmp("_", "A"));
    SIGN(strncasecmp("HELxx", "helYY", 3));
    SIGN(strncasecmp("HELxx", "helYY", 5));
    locale_t locale = newlocale(LC_ALL_MASK, "C.UTF-8", 0);
    SIGN(strcasecmp_l("ABC", "abd", locale));
    SIGN(strncasecmp_l("ABC", "abd", 2, locale));
    SIGN(strcoll("a", "B"));
    SIGN(strcoll_l("a", "B", locale));
    SIGN(strverscmp("item-9", "item-10"));
    SIGN(strverscmp("item#99", "item#100"));
    SIGN(strverscmp("alpha1", "alpha001"));
    SIGN(strverscmp("part1_f012", "part1_f01"));
    SIGN(strverscmp("000", "00"));
    SIGN(strverscmp("foo.009", "foo.0"));
    SIGN(strverscmp("1.0", "1.0"));
    char text[8];
    INT(strxfrm(text, "collate", sizeof text));
    TEXT(text);
    INT(strxfrm(0, "collate", 0));
    INT(strxfrm_l(text, "ab", sizeof text, locale));
    freelocale(locale);
}

static void searching(void)
{
    section("searching");
    const char *s = "hello, world";
    AT(s, strchr(s, 'l'));
    AT(s, strchr(s, 0));
    AT(s, strchr(s, 'z'));
    AT(s, strchr(s, 'l' + 256));
    AT(s, strrchr(s, 'l'));
    AT(s, strrchr(s, 0));
    AT(s, strrchr(s, 'z'));
    AT(s, index(s, 'o'));
    AT(s, rindex(s, 'o'));
    AT(s, strchrnul(s, 'w'));
    AT(s, strchrnul(s, 'z'));
    AT(s, memchr(s, 'w', 7));
    AT(s, memchr(s, 'w', 8));
    AT(s, memrchr(s, 'l', 12));
    AT(s, memrchr(s, 'l', 2));
    AT(s, rawmemchr(s, 'w'));
    AT(s, strstr(s, "wor"));
    AT(s, strstr(s, ""));
    AT(s, strstr(s, "worlds"));
    AT(s, strcasestr(s, "WOR"));
    AT(s, strcasestr(s, ""));
    AT(s, memmem(s, 12, "lo,", 3));
    AT(s, memmem(s, 4, "lo,", 3));
    AT(s, memmem(s, 12, "", 0));
    AT(s, strpbrk(s, "wo"));
    AT(s, strpbrk(s, ""));
    INT(strspn(s, "hel"));
    INT(strspn(s, ""));
    INT(strcspn(s, "o"));
    INT(strcspn(s, ""));
    INT(strlen(s));
    INT(strnlen(s, 5));
    INT(strnlen(s, 50));
    INT(strnlen(s, 0));
    AT(s, basename("a/b/"));
    TEXT(basename("/usr/lib"));
    TEXT(basename("/"));
    TEXT(basename(""));
    // A needle whose prefix repeats: where a naive search goes wrong.
    AT("aabaabaaab", strstr("aabaabaaab", "aabaaa"));
    static char hay[2000], needle[300];
    memset(hay, 'a', 1999);
    memset(needle, 'a', 299);
    needle[298] = 'b';
    hay[1500] = 'b';
    AT(hay, strstr(hay, needle));
    AT(hay, memmem(hay, 1999, needle, 299));
}

static void words(void)
{
    section("words");
    char text[] = "--one,,two-three,";
    TEXT(strtok(text, "-"));
    TEXT(strtok(0, ","));
    TEXT(strtok(0, ","));
    TEXT(strtok(0, ","));
    TEXT(strtok(0, ","));
    char other[] = " a  b ", *save;
    TEXT(strtok_r(other, " ", &save));
    TEXT(strtok_r(0, " ", &save));
    TEXT(strtok_r(0, " ", &save));
    TEXT(strtok_r(0, " ", &save));
    char fields[] = "x::y", *rest = fields;
    TEXT(strsep(&rest, ":"));
    TEXT(strsep(&rest, ":"));
    TEXT(strsep(&rest, ":"));
    TEXT(strsep(&rest, ":"));
    char *copy = strdup("copied");
    TEXT(copy);
    free(copy);
    copy = strndup("copied", 3);
    TEXT(copy);
    free(copy);
    copy = strndup("copied", 30);
    TEXT(copy);
    free(copy);
}

static void messages(void)
{
    section("messages");
    for (int code = -1; code < 136; code++) {
        char room[64];
        const char *name = strerrorname_np(code), *description = strerrordesc_np(code);
        printf("%d %s: %s", code, name ? name : "-", strerror(code));
        if (description && strcmp(description, strerror(code)))
            printf(" (described as %s)", description);
        if (strcmp(strerror_r(code, room, sizeof room), strerror(code)))
            printf(" (strerror_r differs)");
        printf("\n");
    }
    char small[6];
    TEXT(strerror_r(12345, small, sizeof small));
    extern int __xpg_strerror_r(int, char *, size_t);
    CODE(__xpg_strerror_r(ENOENT, small, sizeof small));
    TEXT(small);
    char large[40];
    CODE(__xpg_strerror_r(ENOENT, large, sizeof large));
    TEXT(large);
    CODE(__xpg_strerror_r(12345, large, sizeof large));
    TEXT(large);
    TEXT(strerror_l(EPERM, newlocale(LC_ALL_MASK, "C", 0)));
    for (int signal = 0; signal < 36; signal++)
        printf("%d %s: %s\n", signal, sigabbrev_np(signal) ?: "-", sigdescr_np(signal) ?: "-");
    TEXT(strsignal(11));
    TEXT(strsignal(34));
    TEXT(strsignal(40));
    TEXT(strsignal(500));
    TEXT(strsignal(-1));
}

static void bits(void)
{
    section("bits");
    INT(ffs(0));
    INT(ffs(0x80000000));
    INT(ffsl(1l << 40));
    INT(ffsll(0));
    INT(ffsll(1ll << 63));
    char text[] = "shuffled";
    strfry(text);
    int sum = 0;
    for (int i = 0; text[i]; i++)
        sum += text[i];
    INT(sum);
}

int main(void)
{
    copying();
    comparing();
    searching();
    words();
    messages();
    bits();
    return 0;
}
