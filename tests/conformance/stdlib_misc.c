//! scratch = ["/tmp/conformance"]
// stdlib.h: environment, sorting, option lists, names of temporary files, paths.
#define _GNU_SOURCE
#include "check.h"
#include <fcntl.h>
#include <limits.h>
#include <sys/stat.h>
#include <unistd.h>

extern char **environ;

static int compare(const void *a, const void *b)
{
    return *(const int *)a - *(const int *)b;
}

static int compare_with(const void *a, const void *b, void *calls)
{
    ++*(int *)calls;
    return compare(a, b);
}

static void environment(void)
{
    section("environment");
    TEXT(getenv("TZ"));
    TEXT(getenv("NONE"));
    TEXT(getenv(""));
    INT(setenv("A", "1", 0));
    INT(setenv("A", "2", 0));
    TEXT(getenv("A"));
    INT(setenv("A", "3", 1));
    TEXT(getenv("A"));
    INT(setenv("", "x", 1));
    INT(setenv("B=C", "x", 1));
    INT(unsetenv("A"));
    TEXT(getenv("A"));
    INT(unsetenv("NONE"));
    INT(unsetenv(""));
    INT(unsetenv("B=C"));
    static char pair[] = "P=first";
    INT(putenv(pair));
    TEXT(getenv("P"));
    pair[2] = 'F';
    TEXT(getenv("P"));
    INT(putenv("P"));
    TEXT(getenv("P"));
    TEXT(secure_getenv("TZ"));
    INT(setenv("EMPTY", "", 1));
    TEXT(getenv("EMPTY"));
    INT(clearenv());
    TRUTH(environ == NULL);
    TEXT(getenv("TZ"));
    INT(setenv("AFTER", "clear", 1));
    TEXT(environ[0]);
    TRUTH(environ[1]);
}

static void sorting(void)
{
    section("sorting");
    int numbers[] = {5, -3, 9, 0, 5, 2, 2, 100, -7};
    qsort(numbers, 9, sizeof *numbers, compare);
    for (int i = 0; i < 9; i++)
        printf("%d ", numbers[i]);
    printf("\n");
    int key = 9, calls = 0;
    INT((int *)bsearch(&key, numbers, 9, sizeof *numbers, compare) - numbers);
    key = 8;
    TRUTH(bsearch(&key, numbers, 9, sizeof *numbers, compare));
    TRUTH(bsearch(&key, numbers, 0, sizeof *numbers, compare));
    qsort_r(numbers, 9, sizeof *numbers, compare_with, &calls);
    TRUTH(calls > 0);
    // glibc sorts by merging: equal elements keep their order.
    struct {
        int key, order;
    } pairs[100];
    for (int i = 0; i < 100; i++)
        pairs[i].key = i * 7 % 5, pairs[i].order = i;
    qsort(pairs, 100, sizeof *pairs, compare);
    int stable = 1;
    for (int i = 1; i < 100; i++)
        stable &= pairs[i - 1].key < pairs[i].key || pairs[i - 1].order < pairs[i].order;
    INT(stable);
    qsort(numbers, 0, sizeof *numbers, compare);
    qsort(numbers, 1, sizeof *numbers, compare);
}

static void suboptions(void)
{
    section("suboptions");
    char text[] = "ro,size=12,unknown=x,,name";
    char *rest = text, *value;
    char *const tokens[] = {"ro", "size", "name", 0};
    while (*rest) {
        INT(getsubopt(&rest, tokens, &value));
        TEXT(value);
    }
}

static void temporary(void)
{
    section("temporary files");
    mkdir("/tmp/conformance", 0755);
    char name[] = "/tmp/conformance/fXXXXXX";
    int fd = mkstemp(name);
    TRUTH(fd >= 0);
    TRUTH(strcmp(name, "/tmp/conformance/fXXXXXX"));
    struct stat status;
    fstat(fd, &status);
    HEX(status.st_mode);
    INT(write(fd, "x", 1));
    close(fd);
    char bad[] = "/tmp/conformance/fXXXXX";
    INT(mkstemp(bad));
    char suffixed[] = "/tmp/conformance/fXXXXXX.txt";
    TRUTH((fd = mkstemps(suffixed, 4)) >= 0);
    TEXT(suffixed + strlen(suffixed) - 4);
    close(fd);
    INT(mkstemps(bad, 2));
    char with_flags[] = "/tmp/conformance/gXXXXXX";
    TRUTH((fd = mkostemp(with_flags, O_CLOEXEC)) >= 0);
    INT(fcntl(fd, F_GETFD));
    close(fd);
    char both[] = "/tmp/conformance/hXXXXXX.c";
    TRUTH((fd = mkostemps(both, 2, O_APPEND)) >= 0);
    TRUTH(fcntl(fd, F_GETFL) & O_APPEND);
    close(fd);
    char directory[] = "/tmp/conformance/dXXXXXX";
    TRUTH(mkdtemp(directory) == directory);
    stat(directory, &status);
    HEX(status.st_mode);
    char away[] = "/tmp/conformance/none/fXXXXXX";
    INT(mkstemp(away));
    char dead[] = "/tmp/conformance/none/dXXXXXX";
    TEXT(mkdtemp(dead));
    char made[] = "/tmp/conformance/kXXXXXX";
    TRUTH(mktemp(made) == made && strlen(made) == strlen("/tmp/conformance/kXXXXXX"));
    char short_name[] = "XXX";
    TEXT(mktemp(short_name));
}

static void paths(void)
{
    section("paths");
    symlink("target", "/tmp/conformance/link");
    symlink("loop", "/tmp/conformance/loop");
    mkdir("/tmp/conformance/target", 0755);
    char room[PATH_MAX];
    TEXT(realpath("/tmp/conformance/./link/../link", room));
    char *made = realpath("/tmp//conformance/target/", 0);
    TEXT(made);
    free(made);
    TEXT(realpath("/tmp/conformance/none", room));
    TEXT(room);
    TEXT(realpath("/tmp/conformance/none/deeper", room));
    TEXT(realpath("/tmp/conformance/loop", room));
    TEXT(realpath("", room));
    TEXT(realpath(0, room));
    TEXT(realpath("/..", room));
    extern char *old_realpath(const char *, char *);
    __asm__(".symver old_realpath, realpath@GLIBC_2.2.5");
    TEXT(old_realpath("/tmp", 0));
    TEXT(old_realpath("/tmp/.", room));
    made = canonicalize_file_name("/tmp/conformance/link");
    TEXT(made);
    free(made);
    TEXT(canonicalize_file_name("/none"));
}

int main(void)
{
    setvbuf(stdout, 0, _IOLBF, 0);
    environment();
    sorting();
    suboptions();
    temporary();
    paths();
    return 0;
}
