// What a program is started with: arguments, environment, auxiliary vector, and how it ends.
#define _GNU_SOURCE
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/auxv.h>
#include <unistd.h>

extern char **environ;

int main(int argc, char **argv)
{
    printf("argc %d, argv[argc] %s\n", argc, argv[argc] ? "set" : "null");
    for (int i = 1; i < argc; i++)
        printf("argv[%d] = <%s>\n", i, argv[i]);
    printf("short name is the end of the name: %d\n",
           strcmp(program_invocation_short_name, strrchr(argv[0], '/') + 1));
    printf("name is argv[0]: %d\n", strcmp(program_invocation_name, argv[0]));
    for (const char *const *name = (const char *const[]){"GREETING", "EMPTY", "QUOTED", "MISSING", NULL}; *name; name++) {
        const char *value = getenv(*name);
        printf("%s = %s%s%s\n", *name, value ? "<" : "", value ? value : "(none)", value ? ">" : "");
    }
    setenv("GREETING", "changed", 0);
    printf("not overwritten: %s\n", getenv("GREETING"));
    setenv("GREETING", "changed", 1);
    printf("overwritten: %s\n", getenv("GREETING"));
    printf("bad name: %d", setenv("A=B", "x", 1));
    printf(" %s\n", strerror(errno));
    unsetenv("GREETING");
    printf("unset: %p\n", (void *)getenv("GREETING"));
    static char put[] = "PUT=1";
    putenv(put);
    put[4] = '2';
    printf("putenv keeps the string: %s\n", getenv("PUT"));
    clearenv();
    printf("cleared: %d\n", environ == NULL || *environ == NULL);
    printf("page size %lu, secure %lu, random %s\n", getauxval(AT_PAGESZ), getauxval(AT_SECURE),
           getauxval(AT_RANDOM) ? "set" : "null");
    errno = 0;
    printf("no such entry: %lu", getauxval(9999));
    printf(" %s\n", strerror(errno));
    printf("sysconf: %ld %ld %ld\n", sysconf(_SC_PAGESIZE), sysconf(_SC_CLK_TCK), sysconf(_SC_ARG_MAX) > 4096 ? 1L : 0L);
    fprintf(stderr, "this goes to the standard error output\n");
    return argc > 1 ? atoi(argv[1]) : 0;
}
