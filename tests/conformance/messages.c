// err.h, error.h, fmtmsg.h, syslog.h, wordexp.h: what they print and parse.
#define _GNU_SOURCE
#include "check.h"
#include <err.h>
#include <error.h>
#include <fmtmsg.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <syslog.h>
#include <unistd.h>
#include <wordexp.h>

static int print_name;

static void prints(void)
{
    fflush(stdout);
    fprintf(stderr, "(name)");
    print_name++;
}

static void with_vwarn(const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    errno = ENOENT;
    vwarn(format, arguments);
    va_end(arguments);
    va_start(arguments, format);
    vwarnx(format, arguments);
    va_end(arguments);
    va_start(arguments, format);
    vsyslog(LOG_DEBUG, format, arguments);
    va_end(arguments);
}

static const char *ending;

static void with_ending(const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    errno = EPERM;
    if (strcmp(ending, "verr") == 0)
        verr(3, format, arguments);
    verrx(4, format, arguments);
}

int main(int count, char **arguments)
{
    setvbuf(stdout, 0, _IOLBF, 0);
    setlogmask(LOG_UPTO(LOG_EMERG));
    section("err.h");
    // The name is the path's last part, as these print it.
    errno = EACCES;
    warn("with %d", 1);
    warn(0);
    warnx("plain %s", "text");
    warnx(0);
    with_vwarn("v %d", 2);
    section("error.h");
    error_print_progname = prints;
    error(0, 0, "message %d", 1);
    error(0, ENOENT, "with errno");
    error_at_line(0, 0, "file", 5, "at a line");
    error_at_line(0, EPERM, "file", 5, "the same line");
    error_one_per_line = 1;
    error_at_line(0, 0, "other", 7, "first");
    error_at_line(0, 0, "other", 7, "not shown");
    error_at_line(0, 0, "other", 8, "shown");
    INT(error_message_count);
    INT(print_name);
    section("syslog.h");
    INT(setlogmask(LOG_UPTO(LOG_EMERG)));
    INT(setlogmask(0));
    VOID(openlog("name", LOG_PID, LOG_USER));
    VOID(syslog(LOG_DEBUG, "not %s", "logged"));
    with_vwarn("%s", "again");
    VOID(closelog());
    section("fmtmsg.h");
    INT(fmtmsg(MM_PRINT, "label:part", MM_ERROR, "text", "action", "tag"));
    INT(fmtmsg(MM_PRINT, MM_NULLLBL, MM_WARNING, "text only", MM_NULLACT, MM_NULLTAG));
    INT(fmtmsg(MM_PRINT, "badlabel", MM_ERROR, "text", "action", "tag"));
    INT(fmtmsg(MM_PRINT, "label:part", 77, "text", "action", "tag"));
    INT(addseverity(77, "MINE"));
    INT(fmtmsg(MM_PRINT, "label:part", 77, "text", "action", "tag"));
    INT(addseverity(77, 0));
    INT(addseverity(77, 0));
    INT(addseverity(MM_ERROR, "x"));
    section("wordexp.h");
    wordexp_t words;
    setenv("WORD", "two parts", 1);
    setenv("HOME", "/home/me", 1);
    static const char *const texts[] = {"plain words here", "$WORD", "\"$WORD\"", "'$WORD'", "${WORD}x", "${NONE:-default}", "~/file", "a\\ b", "", "a;b", "a|b", "$(date)", "`date`", "\"open",
                                        "${#WORD}", "{a,b}", "a&", "<x", "/no-such-*"};
    for (int i = 0; i < 19; i++) {
        int result = wordexp(texts[i], &words, WRDE_NOCMD);
        printf("%s: %d", texts[i], result);
        if (result == 0) {
            for (size_t j = 0; j < words.we_wordc; j++)
                printf(" [%s]", words.we_wordv[j]);
            wordfree(&words);
        }
        printf("\n");
    }
    INT(wordexp("$NONE", &words, WRDE_UNDEF));
    words.we_offs = 2;
    INT(wordexp("one", &words, WRDE_DOOFFS));
    INT(words.we_wordc);
    TRUTH(words.we_wordv[0]);
    TEXT(words.we_wordv[2]);
    INT(wordexp("more", &words, WRDE_DOOFFS | WRDE_APPEND));
    INT(words.we_wordc);
    INT(wordexp("fresh", &words, WRDE_REUSE));
    wordfree(&words);
    // The last line, after which nothing comes.
    ending = count > 5 ? "verr" : "verrx";
    if (count > 6)
        errx(2, "not here");
    with_ending("the end %d", 9);
    return 0;
}
