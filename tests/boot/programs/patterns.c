// regex, glob, fnmatch and wordexp's refusal.
#define _GNU_SOURCE
#include <fcntl.h>
#include <fnmatch.h>
#include <glob.h>
#include <regex.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static void match(const char *pattern, const char *text, int flags, int eflags)
{
    regex_t regex;
    regmatch_t at[6];
    int error = regcomp(&regex, pattern, flags);
    printf("/%s/ %s: ", pattern, text);
    if (error) {
        char message[100];
        regerror(error, &regex, message, sizeof message);
        printf("%d %s\n", error, message);
        return;
    }
    error = regexec(&regex, text, 6, at, eflags);
    if (error)
        printf("no match");
    else
        for (size_t i = 0; i < 6 && i <= regex.re_nsub; i++)
            printf(" (%d,%d)", (int)at[i].rm_so, (int)at[i].rm_eo);
    printf(" nsub %zu\n", regex.re_nsub);
    regfree(&regex);
}

static void name(const char *pattern, const char *text, int flags)
{
    printf("%s %s %d: %d\n", pattern, text, flags, fnmatch(pattern, text, flags));
}

static void list(const char *pattern, int flags)
{
    glob_t found = {0};
    int error = glob(pattern, flags, NULL, &found);
    printf("%s %d: %d", pattern, flags, error);
    for (size_t i = 0; i < found.gl_pathc; i++)
        printf(" %s", found.gl_pathv[i]);
    putchar('\n');
    globfree(&found);
}

static void make(const char *path) { close(open(path, O_CREAT | O_WRONLY, 0644)); }

int main(void)
{
    int e = REG_EXTENDED;
    match("abc", "xabcx", e, 0);
    match("a*b+c?", "aaabbb", e, 0);
    match("^(foo|bar)(baz)?$", "barbaz", e, 0);
    match("(a*)(ab)*(b*)", "abb", e, 0);
    match("x{2,3}y{0}z{1,}", "xxxzz", e, 0);
    match("[[:alpha:]_][[:alnum:]_]*", "  name_1 = 2", e, 0);
    match("[^]a-c-]+", "]a-xyz", e, 0);
    match("a.c", "a\nc", e | REG_NEWLINE, 0);
    match("^b", "a\nb", e | REG_NEWLINE, 0);
    match("a$", "a\nb", e | REG_NEWLINE, 0);
    match("HeLLo", "say hello", e | REG_ICASE, 0);
    match("\\(a\\)\\1", "xaay", 0, 0);
    match("\\(^a\\)\\{2\\}", "aa", 0, 0);
    match("a\\|b", "b", 0, 0);
    match("(.*)-\\1", "abc-abc", e, 0);
    match("\\<word\\>", "a word here", e, 0);
    match("\\bx\\B", "xy", e, 0);
    match("\\w+\\W\\s*\\S", "ab, c", e, 0);
    match("()", "x", e, 0);
    match("a||b", "b", e, 0);
    match("^a", "a", e, REG_NOTBOL);
    match("a$", "a", e, REG_NOTEOL);
    match("((((a))))", "a", e, 0);
    match("(a(b)?)+", "aba", e, 0);
    match("[[.hyphen.]]", "-", e, 0);
    match("[[=a=]b]", "a", e, 0);
    match("(", "x", e, 0);
    match(")", ")", e, 0);
    match("[a", "a", e, 0);
    match("a{1", "a{1", e, 0);
    match("a{2,1}", "a", e, 0);
    match("*a", "*a", 0, 0);
    match("+a", "a", e, 0);
    match("[z-a]", "a", e, 0);
    match("\\", "x", e, 0);
    match("[[:nope:]]", "a", e, 0);
    match("\\2(a)", "a", e, 0);
    match("(ab|cd){3}", "abcdabcd", e, 0);
    match("^[0-9]+(\\.[0-9]+)?([eE][-+]?[0-9]+)?$", "12.5e-3", e, 0);
    char *many = malloc(20001);
    memset(many, 'a', 20000);
    many[20000] = 0;
    regex_t regex;
    regmatch_t at[1];
    regcomp(&regex, "(a*)*b|a+$", e);
    printf("long text: %d", regexec(&regex, many, 1, at, 0));
    printf(" %d %d\n", (int)at[0].rm_so, (int)at[0].rm_eo);
    regfree(&regex);
    regcomp(&regex, "b", e | REG_NOSUB);
    at[0] = (regmatch_t){5, 10};
    printf("in a part: %d", regexec(&regex, "bbbbbaaaaabb", 1, at, REG_STARTEND));
    at[0] = (regmatch_t){5, 11};
    printf(" %d\n", regexec(&regex, "bbbbbaaaaabb", 1, at, REG_STARTEND));
    regfree(&regex);

    name("*.c", "file.c", 0);
    name("*.c", ".c", FNM_PERIOD);
    name("*", "a/b", 0);
    name("*", "a/b", FNM_PATHNAME);
    name("*/b", "a/b", FNM_PATHNAME);
    name("?[!a-c]x", "1dx", 0);
    name("[[:digit:]]*", "7up", 0);
    name("a\\*b", "a*b", 0);
    name("a\\*b", "a\\xb", FNM_NOESCAPE);
    name("ABC", "abc", FNM_CASEFOLD);
    name("a/b", "a/b/c", FNM_LEADING_DIR);
    name("[", "[", 0);
    name("+(ab|c)d", "ababcd", FNM_EXTMATCH);
    name("!(x)*", "y", FNM_EXTMATCH);
    name("*a*b*c*d*", "xxaxxbxxcxxdxx", 0);
    name("[]-]", "]", 0);

    mkdir("/tmp/glob", 0755);
    mkdir("/tmp/glob/dir", 0755);
    make("/tmp/glob/one.txt");
    make("/tmp/glob/two.txt");
    make("/tmp/glob/three.c");
    make("/tmp/glob/.hidden");
    make("/tmp/glob/dir/inner.txt");
    if (chdir("/tmp/glob"))
        return 1;
    list("*", 0);
    list("*.txt", 0);
    list("/tmp/glob/*/*.txt", 0);
    list("[ot]*.*", 0);
    list("*", GLOB_MARK);
    list(".*", GLOB_PERIOD);
    list("none*", 0);
    list("none*", GLOB_NOCHECK);
    list("{one,two}.txt", GLOB_BRACE);
    list("*/", GLOB_ONLYDIR);
    list("on[e].txt", 0);
    list("dir/../*.c", 0);
    list("plain", GLOB_NOMAGIC);
    return 0;
}
