// wordexp.h: parameters, patterns taken from them, arithmetic, quotes, fields, and the errors.
#define _GNU_SOURCE
#include "check.h"
#include <unistd.h>
#include <wordexp.h>

static const char *const errors[] = {"0", "NOSPACE", "BADCHAR", "BADVAL", "CMDSUB", "SYNTAX"};

static void expand(const char *text, int flags)
{
    wordexp_t words;
    int code = wordexp(text, &words, flags | WRDE_NOCMD);
    printf("%s -> %s:", text, errors[code]);
    if (code == 0) {
        for (size_t i = 0; i < words.we_wordc; i++)
            printf(" [%s]", words.we_wordv[i]);
        wordfree(&words);
    }
    printf("\n");
}

static const char *const plain[] = {
    "$((1+2*3))", "$(( (1+2)*3 ))", "$((7/2)) $((-7/2))", "$((1/0))", "$((0x10+010))", "$((1 2))", "$((x))",
    "$(($n*2))", "$((${n}*$n))", "$((1+))", "$((5%3))", "a$((1))b", "\"$((2*2)) $((3))\"", "$[1+2]", "$((1+2)",
    "$((1;2))", "$((1{2))", "$(((2)))", "$((2-5))", "$((9223372036854775807))", "$((`ls`))", "$(ls)", "`ls`",
    "${x#*/}", "${x##*/}", "${x%.*}", "${x%%.*}", "${x#nomatch}", "${x%\"*\"}", "${x#$n}", "${x#*[/]}", "${x#a\\/}",
    "${x#'a/'}", "${x##*}", "${x%%*}", "${x%?}", "${x#?}", "${e#a}", "${nosuch#a}", "${s#a}", "${s% *}", "\"${s#a}\"",
    "${x:-$n}", "${nosuch:-$n}", "${nosuch:-a b}", "\"${nosuch:-a b}\"", "${nosuch:-\"a b\"}", "${nosuch:-${x%%/*}}",
    "${nosuch:-$((1+1))}", "${nosuch-}", "${e-z}", "${e:-z}", "${e:+z}", "${e+z}", "${x:+set $n}", "${x+set}",
    "${nosuch+set}", "${nosuch:+set}", "${nosuch:-~/x}", "${nosuch:-'q q'}", "${x:?}", "${e?}", "${y:=new $n} $y",
    "${y:=again}", "${z=$n}${z}", "${#x}", "${#nosuch}", "${#n}", "$#", "${x", "${}", "${x:}", "${x!}", "${x/a/b}",
    "$1 end", "$@", "$*", "$", "a$", "$ b", "$-", "$?", "$!", "$s", "\"$s\"", "x$s", "$s$s", "$e", "$e$e x",
    "'${x}'", "\"a\\$b\"", "\\$x", "~/a", "~root/a", "~nosuchuser/a", "a~", "\"~\"", "a\tb  c\n", "a|b", "a&b", "a;b",
    "a<b", "a>b", "(a)", "a)", "{a}", "\"a", "'a", "a\\", "#a", "",
};

int main(void)
{
    setvbuf(stdout, 0, _IOLBF, 0);
    setenv("HOME", "/home/me", 1);
    setenv("x", "a/b/c.tar.gz", 1);
    setenv("e", "", 1);
    setenv("s", "a  b c", 1);
    setenv("n", "5", 1);
    setenv("col", "p:q::r:", 1);
    section("words");
    for (size_t i = 0; i < sizeof plain / sizeof *plain; i++)
        expand(plain[i], 0);
    section("unset variables are errors");
    expand("$nosuch", WRDE_UNDEF);
    expand("${nosuch}", WRDE_UNDEF);
    expand("${e}$x", WRDE_UNDEF);
    section("other fields");
    setenv("IFS", ":", 1);
    expand("$col", 0);
    expand("$s", 0);
    expand("a:b", 0);
    section("the process");
    wordexp_t words;
    char pid[20];
    snprintf(pid, sizeof pid, "%d", (int)getpid());
    INT(wordexp("$$", &words, 0));
    TRUTH(strcmp(words.we_wordv[0], pid) == 0);
    wordfree(&words);
    section("lists");
    words.we_offs = 2;
    INT(wordexp("a b", &words, WRDE_DOOFFS));
    INT(wordexp("c", &words, WRDE_DOOFFS | WRDE_APPEND));
    INT(words.we_wordc);
    TRUTH(words.we_wordv[0] == NULL && words.we_wordv[1] == NULL && words.we_wordv[5] == NULL);
    TEXT(words.we_wordv[4]);
    INT(wordexp("d", &words, WRDE_DOOFFS | WRDE_REUSE));
    TEXT(words.we_wordv[2]);
    wordfree(&words);
    return 0;
}
