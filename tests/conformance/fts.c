//! scratch = ["/tmp/conformance-fts"]
// fts.h: walks of a tree, with each option and instruction. Orders are by name, since directories have
// each their own.
#define _GNU_SOURCE
#include "check.h"
#include <fcntl.h>
#include <fts.h>
#include <sys/stat.h>
#include <unistd.h>

#define D "/tmp/conformance-fts"

static const char *const kinds[] = {"0", "D", "DC", "DEFAULT", "DNR", "DOT", "DP", "ERR", "F", "INIT", "NS", "NSOK",
                                    "SL", "SLNONE", "W"};

static int by_name(const FTSENT **one, const FTSENT **two)
{
    return strcmp((*one)->fts_name, (*two)->fts_name);
}

static int backwards(const FTSENT **one, const FTSENT **two)
{
    return by_name(two, one);
}

// Where the process is, below D.
static const char *here(void)
{
    static char path[4096];
    char *start = getcwd(path, sizeof path);
    return start && strncmp(start, D, sizeof D - 1) == 0 ? start + sizeof D - 1 : start;
}

static void show(FTS *walk, FTSENT *file)
{
    printf("  %-7s level %d path %s (%d) name %s (%d)", kinds[file->fts_info], file->fts_level, file->fts_path,
           file->fts_pathlen, file->fts_name, file->fts_namelen);
    printf(" access %s in %s", file->fts_accpath, here());
    if (file->fts_info == FTS_DC)
        printf(" cycle %s", file->fts_cycle->fts_name);
    if (file->fts_errno)
        printf(" %s", strerrorname_np(file->fts_errno));
    if (!(walk->fts_options & FTS_NOSTAT) && file->fts_info != FTS_NSOK && file->fts_info != FTS_NS)
        printf(" mode %o", file->fts_statp->st_mode & S_IFMT);
    if (file->fts_info == FTS_D || file->fts_info == FTS_DP)
        printf(" %s", file->fts_ino != 0 && file->fts_dev != 0 && file->fts_nlink >= 1 ? "known" : "unknown");
    if (file->fts_number || file->fts_pointer)
        printf(" number %ld %s", file->fts_number, file->fts_pointer == file ? "own" : "other");
    printf("\n");
    file->fts_number++;
    file->fts_pointer = file;
}

static void read_all(const char *title, char *const *names, int options)
{
    section(title);
    FTS *walk = fts_open(names, options, by_name);
    if (!walk) {
        show_errno(errno);
        return;
    }
    FTSENT *file;
    errno = 0;
    while ((file = fts_read(walk)))
        show(walk, file);
    printf("  end:");
    show_errno(errno);
    INT(fts_read(walk) == NULL);
    INT(fts_close(walk));
    TEXT(here());
}

static void list(FTS *walk, int options)
{
    FTSENT *file = fts_children(walk, options);
    int code = errno;
    printf("  children(%d):", options);
    if (!file)
        show_errno(code);
    else {
        for (; file; file = file->fts_link)
            printf(" %s %s", file->fts_name, kinds[file->fts_info]);
        printf("\n");
    }
}

int main(void)
{
    setvbuf(stdout, 0, _IOLBF, 0);
    mkdir(D, 0755);
    chdir(D);
    mkdir("tree", 0755);
    mkdir("tree/a", 0755);
    mkdir("tree/a/deep", 0755);
    mkdir("tree/empty", 0755);
    close(creat("tree/a/file", 0644));
    close(creat("tree/a/deep/leaf", 0644));
    close(creat("tree/last", 0644));
    mkfifo("tree/pipe", 0600);
    symlink("nowhere", "tree/dangling");
    symlink("a", "tree/link");
    symlink("../..", "tree/a/up");
    symlink("tree", "start");
    char *tree[] = {"tree", 0};
    char *several[] = {"tree/last", "tree/a/deep/", "start", "missing", "./tree/empty", 0};
    char *dots[] = {".", 0};
    char *absolute[] = {D "/tree/a", "/tmp/conformance-fts/tree/empty/", 0};
    char *blank[] = {"tree", "", 0};

    read_all("physical", tree, FTS_PHYSICAL);
    read_all("physical, without chdir", tree, FTS_PHYSICAL | FTS_NOCHDIR);
    read_all("physical, dots", tree, FTS_PHYSICAL | FTS_SEEDOT);
    read_all("physical, one device", tree, FTS_PHYSICAL | FTS_XDEV);
    read_all("logical", tree, FTS_LOGICAL);
    read_all("logical, dots", tree, FTS_LOGICAL | FTS_SEEDOT | FTS_NOSTAT);
    read_all("several", several, FTS_PHYSICAL);
    read_all("several, without chdir", several, FTS_PHYSICAL | FTS_NOCHDIR);
    read_all("several, followed", several, FTS_PHYSICAL | FTS_COMFOLLOW);
    read_all("several, logical", several, FTS_LOGICAL);
    read_all("here", dots, FTS_PHYSICAL);
    read_all("absolute", absolute, FTS_PHYSICAL);
    read_all("an empty name", blank, FTS_PHYSICAL);
    read_all("an unknown option", tree, 0x100);

    section("files without attributes");
    FTS *walk = fts_open(tree, FTS_PHYSICAL | FTS_NOSTAT, by_name);
    FTSENT *file;
    while ((file = fts_read(walk)))
        printf("  %s %s\n", kinds[file->fts_info], file->fts_path);
    fts_close(walk);

    section("the other order");
    walk = fts_open(several, FTS_PHYSICAL, backwards);
    while ((file = fts_read(walk)))
        printf("  %s %s\n", kinds[file->fts_info], file->fts_path);
    fts_close(walk);

    section("in the order of the list");
    walk = fts_open(several, FTS_PHYSICAL | FTS_NOCHDIR, 0);
    while ((file = fts_read(walk)))
        if (file->fts_level == 0)
            printf("  %s %s\n", kinds[file->fts_info], file->fts_path);
    fts_close(walk);

    section("instructions");
    walk = fts_open(tree, FTS_PHYSICAL, by_name);
    while ((file = fts_read(walk))) {
        show(walk, file);
        if (file->fts_info == FTS_D && strcmp(file->fts_name, "deep") == 0)
            INT(fts_set(walk, file, FTS_SKIP));
        if (file->fts_number > 1)
            continue;
        if (file->fts_info == FTS_SL)
            INT(fts_set(walk, file, FTS_FOLLOW));
        if (file->fts_info == FTS_F && strcmp(file->fts_name, "last") == 0) {
            unlink("last");
            INT(fts_set(walk, file, FTS_AGAIN));
        }
        if (file->fts_info == FTS_NS)
            INT(fts_set(walk, file, FTS_NOINSTR));
        if (file->fts_info == FTS_D && strcmp(file->fts_name, "a") == 0) {
            INT(fts_set(walk, file, 17));
            INT(fts_set(walk, file, 0));
        }
    }
    fts_close(walk);
    TEXT(here());
    close(creat("tree/last", 0644));

    section("instructions for what is to come");
    walk = fts_open(tree, FTS_PHYSICAL, by_name);
    file = fts_read(walk);
    for (file = fts_children(walk, 0); file; file = file->fts_link) {
        if (strcmp(file->fts_name, "a") == 0 || strcmp(file->fts_name, "pipe") == 0)
            fts_set(walk, file, FTS_SKIP);
        if (strcmp(file->fts_name, "link") == 0)
            fts_set(walk, file, FTS_FOLLOW);
    }
    while ((file = fts_read(walk)))
        printf("  %s %s in %s\n", kinds[file->fts_info], file->fts_path, here());
    fts_close(walk);

    section("children");
    walk = fts_open(several, FTS_PHYSICAL, by_name);
    list(walk, 0);
    list(walk, 77);
    while ((file = fts_read(walk))) {
        printf("  %s %s\n", kinds[file->fts_info], file->fts_path);
        list(walk, strcmp(file->fts_name, "empty") == 0 ? FTS_NAMEONLY : 0);
    }
    fts_close(walk);
    walk = fts_open(tree, FTS_PHYSICAL | FTS_NOCHDIR, by_name);
    while ((file = fts_read(walk))) {
        printf("  %s %s in %s\n", kinds[file->fts_info], file->fts_path, here());
        if (file->fts_info == FTS_D) {
            list(walk, FTS_NAMEONLY);
            list(walk, strcmp(file->fts_name, "a") == 0 ? 0 : FTS_NAMEONLY);
        }
    }
    fts_close(walk);
    walk = fts_open(tree, FTS_LOGICAL, by_name);
    fts_read(walk);
    list(walk, 0);
    INT(fts_close(walk));

    section("what vanishes");
    walk = fts_open(tree, FTS_PHYSICAL, by_name);
    while ((file = fts_read(walk))) {
        if (file->fts_info == FTS_D && strcmp(file->fts_name, "empty") == 0)
            rmdir(file->fts_accpath);
        printf("  %s %s", kinds[file->fts_info], file->fts_path);
        show_errno(file->fts_errno);
    }
    fts_close(walk);
    walk = fts_open(tree, FTS_PHYSICAL, by_name);
    fts_read(walk);
    list(walk, 0);
    INT(rename("tree/a", "tree/moved"));
    while ((file = fts_read(walk))) {
        printf("  %s %s", kinds[file->fts_info], file->fts_path);
        show_errno(file->fts_errno);
    }
    fts_close(walk);
    INT(rename("tree/moved", "tree/a"));

    section("left halfway");
    walk = fts_open(tree, FTS_PHYSICAL, by_name);
    for (int i = 0; i < 4; i++)
        fts_read(walk);
    TEXT(here());
    INT(fts_close(walk));
    TEXT(here());

    section("the names for large files");
    FTS64 *walk64 = fts64_open(tree, FTS_PHYSICAL, 0);
    FTSENT64 *file64 = fts64_read(walk64);
    TEXT(file64->fts_path);
    TRUTH(fts64_children(walk64, 0));
    INT(fts64_set(walk64, file64, FTS_SKIP));
    file64 = fts64_read(walk64);
    INT(file64->fts_info == FTS_DP);
    INT(fts64_read(walk64) == NULL);
    INT(fts64_close(walk64));
    return 0;
}
