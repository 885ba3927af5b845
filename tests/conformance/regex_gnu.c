// regex.h: the GNU functions under the POSIX ones, and the BSD ones; POSIX's are in patterns.c.
#define _GNU_SOURCE
#define _REGEX_RE_COMP
#include "check.h"
#include <regex.h>

extern char *re_comp(const char *);
extern int re_exec(const char *);

int main(void)
{
    setvbuf(stdout, 0, _IOLBF, 0);
    section("re_comp");
    TEXT(re_comp("a[bc]*d"));
    INT(re_exec("xxabcbdyy"));
    INT(re_exec("xxaebd"));
    TEXT(re_comp(""));
    INT(re_exec("ad"));
    TEXT(re_comp("a[b"));
    TEXT(re_comp("\\(a"));
    section("re_compile_pattern");
    HEX(re_syntax_options);
    HEX(re_set_syntax(RE_SYNTAX_POSIX_EXTENDED));
    HEX(re_syntax_options);
    struct re_pattern_buffer pattern = {0};
    TEXT(re_compile_pattern("(a+)(b|c)?", 10, &pattern));
    INT(pattern.re_nsub);
    struct re_registers registers = {0};
    INT(re_match(&pattern, "aab", 3, 0, &registers));
    TRUTH(registers.num_regs >= 3);
    for (int i = 0; i < 3; i++)
        printf("  %d %d\n", registers.start[i], registers.end[i]);
    INT(re_match(&pattern, "xab", 3, 0, &registers));
    INT(re_match(&pattern, "xab", 3, 1, &registers));
    INT(re_search(&pattern, "xxaac", 5, 0, 5, &registers));
    for (int i = 0; i < 3; i++)
        printf("  %d %d\n", registers.start[i], registers.end[i]);
    INT(re_search(&pattern, "xaxxa", 5, 4, -4, &registers));
    INT(re_search(&pattern, "xaxxa", 5, 3, -3, &registers));
    INT(re_search(&pattern, "xxx", 3, 0, 3, &registers));
    INT(re_search(&pattern, "xxx", 3, 9, 3, &registers));
    INT(re_search_2(&pattern, "xa", 2, "ab", 2, 0, 4, &registers, 4));
    printf("  %d %d\n", registers.start[0], registers.end[0]);
    INT(re_match_2(&pattern, "a", 1, "ab", 2, 0, &registers, 3));
    INT(re_match_2(&pattern, "a", 1, "ab", 2, 0, &registers, 2));
    pattern.fastmap = malloc(256);
    INT(re_compile_fastmap(&pattern));
    regoff_t starts[5], ends[5];
    VOID(re_set_registers(&pattern, &registers, 5, starts, ends));
    INT(registers.num_regs);
    regfree(&pattern);
    memset(&pattern, 0, sizeof pattern);
    TEXT(re_compile_pattern("(a", 2, &pattern));
    TEXT(re_compile_pattern("a{2,1}", 6, &pattern));
    TEXT(re_compile_pattern("[[:none:]]", 10, &pattern));
    section("old regexec");
    extern int older_regexec(const regex_t *, const char *, size_t, regmatch_t[], int);
    __asm__(".symver older_regexec, regexec@GLIBC_2.2.5");
    regex_t regex;
    regmatch_t match[1] = {{1, 2}};
    INT(regcomp(&regex, "b+", REG_EXTENDED));
    INT(older_regexec(&regex, "abbc", 1, match, 0));
    printf("  %d %d\n", match[0].rm_so, match[0].rm_eo);
    INT(older_regexec(&regex, "none", 1, match, 0));
    // The old version ignores what it does not know, REG_STARTEND as well.
    INT(older_regexec(&regex, "bbb", 1, match, REG_NOTBOL));
    regfree(&regex);
    return 0;
}
