// getopt.h: what the boot program options.c leaves: POSIX order and the forms that print nothing.
#define _GNU_SOURCE
#include "check.h"
#include <getopt.h>
#include <unistd.h>

extern int __posix_getopt(int, char *const *, const char *);

static void all(const char *options, int posix, char **words)
{
    int count = 0, option;
    while (words[count])
        count++;
    optind = 0;
    printf("\"%s\"%s:", options, posix ? " posix" : "");
    while ((option = posix ? __posix_getopt(count, words, options) : getopt(count, words, options)) != -1)
        printf(" %c(%s)%c", option, optarg ? optarg : "-", option == '?' || option == ':' ? optopt : ' ');
    printf(" then %d %s\n", optind, words[optind] ? words[optind] : "-");
}

int main(void)
{
    opterr = 0;
    all("ab:c::", 0, (char *[]){"p", "-a", "file", "-b", "x", "-cy", "-c", "z", 0});
    all("ab:c::", 1, (char *[]){"p", "-a", "file", "-b", "x", 0});
    all("+ab:", 0, (char *[]){"p", "-a", "file", "-b", "x", 0});
    all("-ab:", 0, (char *[]){"p", "one", "-a", "two", "--", "-b", 0});
    all(":ab:", 0, (char *[]){"p", "-b", 0});
    all("ab:", 0, (char *[]){"p", "-b", 0});
    all("ab:", 0, (char *[]){"p", "-x", "-", "-a", 0});
    all("ab", 0, (char *[]){"p", "-abz", 0});
    struct option longs[] = {{"verbose", 0, 0, 'v'}, {"value", 1, 0, 'V'}, {"maybe", 2, 0, 'm'}, {0}};
    char *words[] = {"p", "--verb", "--v", "--value=3", "--maybe", "--maybe=x", "--value", "--verbose=1", "-verbose", 0};
    int index;
    optind = 0;
    for (int option; (option = getopt_long(9, words, "v", longs, &index)) != -1;)
        printf(" %c(%s)\n", option, optarg ? optarg : "-");
    optind = 0;
    for (int option; (option = getopt_long_only(9, words, "v", longs, &index)) != -1;)
        printf(" %c(%s)\n", option, optarg ? optarg : "-");
    return 0;
}
