// getopt and getopt_long in all their ways, getsubopt, and error output.
#define _GNU_SOURCE
#include <err.h>
#include <errno.h>
#include <error.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static int flag;
static const struct option longs[] = {
    {"alpha", no_argument, NULL, 'a'},       {"beta", required_argument, NULL, 'b'}, {"gamma", optional_argument, NULL, 'g'},
    {"flag", no_argument, &flag, 7},         {"alphabet", no_argument, NULL, 'z'},   {"number", required_argument, NULL, 1000},
    {NULL, 0, NULL, 0},
};

static void run(const char *shorts, int kind, char **argv)
{
    int argc = 0, option, index = -1;
    while (argv[argc])
        argc++;
    optind = 0;
    flag = 0;
    printf("%s:", shorts);
    for (;;) {
        index = -1;
        option = kind == 0 ? getopt(argc, argv, shorts)
                 : kind == 1 ? getopt_long(argc, argv, shorts, longs, &index)
                             : getopt_long_only(argc, argv, shorts, longs, &index);
        if (option == -1)
            break;
        if (option == '?' || option == ':')
            printf(" %c(%c)", option, optopt ? optopt : '-');
        else if (option > 255 || option < 2)
            printf(" #%d", option);
        else
            printf(" %c", option);
        if (index >= 0)
            printf("[%s]", longs[index].name);
        if (optarg)
            printf("=%s", optarg);
    }
    printf(" flag %d rest:", flag);
    for (int i = optind; i < argc; i++)
        printf(" %s", argv[i]);
    putchar('\n');
}

#define RUN(shorts, kind, ...) run(shorts, kind, (char *[]){"program", __VA_ARGS__, NULL})

int main(void)
{
    setvbuf(stdout, NULL, _IOLBF, 0);
    setvbuf(stderr, NULL, _IOLBF, 0);
    RUN("ab:c", 0, "-a", "-bvalue", "-c", "rest");
    RUN("ab:c", 0, "-acb", "value", "--", "-a");
    RUN("ab:c", 0, "one", "-a", "two", "-b", "x", "three");
    RUN("+ab:c", 0, "-a", "one", "-c");
    RUN("-ab:c", 0, "one", "-a", "two");
    RUN(":ab:", 0, "-x", "-b");
    RUN("ab::", 0, "-b", "x", "-by");
    RUN("ab:", 0, "-", "-a");
    RUN("ab:g::", 1, "--alpha", "--beta=1", "--beta", "2", "--gamma", "--gamma=3", "rest");
    RUN("ab:", 1, "--flag", "--number=5", "--alphabet");
    RUN("ab:", 1, "--gam", "--num", "6", "--fl");
    RUN(":ab:", 1, "--alph", "--nosuch", "--beta");
    RUN(":ab:", 1, "--alpha=x", "-a", "--", "--beta");
    RUN("ab:", 2, "-alpha", "-beta", "3", "-number=4", "-a");
    opterr = 1;
    RUN("ab:", 1, "-x", "--unknown", "--alph", "-b");
    RUN("ab:W;", 1, "-W", "beta=9");

    static char *const tokens[] = {"ro", "rw", "size", NULL};
    char text[] = "rw,size=10,bad=1,ro", *rest = text, *value;
    while (*rest) {
        int which = getsubopt(&rest, tokens, &value);
        printf("%d %s\n", which, value ? value : "-");
    }
    program_invocation_name = "options";
    errno = ENOENT;
    warn("cannot %s", "do it");
    warnx("only %d", 5);
    error(0, EACCES, "from %s", "error");
    error_at_line(0, 0, "file.c", 12, "at a line");
    printf("messages %u\n", error_message_count);
    errno = EIO;
    err(3, "the end");
}
