// Files and directories on the writable file system: what POSIX says of each call, errors included.
#define _GNU_SOURCE
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/time.h>
#include <sys/uio.h>
#include <unistd.h>

static void say(const char *what, long result)
{
    printf("%s: %ld%s%s\n", what, result, result < 0 ? " " : "", result < 0 ? strerror(errno) : "");
}

static void what(const char *path)
{
    struct stat s;
    if (lstat(path, &s)) {
        printf("%s: %s\n", path, strerror(errno));
        return;
    }
    const char *type = S_ISREG(s.st_mode) ? "file" : S_ISDIR(s.st_mode) ? "directory" : S_ISLNK(s.st_mode) ? "link" : S_ISCHR(s.st_mode) ? "device" : "other";
    printf("%s: %s %o links %lu", path, type, s.st_mode & 07777, S_ISDIR(s.st_mode) ? 0ul : (unsigned long)s.st_nlink);
    if (!S_ISDIR(s.st_mode))
        printf(" size %ld", (long)s.st_size);
    putchar('\n');
}

static int by_name(const struct dirent **a, const struct dirent **b) { return strcmp((*a)->d_name, (*b)->d_name); }
static int visible(const struct dirent *entry) { return entry->d_name[0] != '.'; }

static void names(const char *path)
{
    struct dirent **entries;
    int count = scandir(path, &entries, visible, by_name);
    printf("%s:", path);
    for (int i = 0; i < count; i++) {
        printf(" %s%s", entries[i]->d_name, entries[i]->d_type == DT_DIR ? "/" : entries[i]->d_type == DT_LNK ? "@" : "");
        free(entries[i]);
    }
    if (count >= 0)
        free(entries);
    printf(" (%d)\n", count);
}

static int visits;

static int visit(const char *path, const struct stat *stat, int type, struct FTW *ftw)
{
    (void)path, (void)stat, (void)ftw;
    visits += type == FTW_F ? 1 : type == FTW_D || type == FTW_DP ? 100 : 10000;
    return 0;
}

static int removes(const char *path, const struct stat *stat, int type, struct FTW *ftw)
{
    (void)stat, (void)type, (void)ftw;
    return remove(path);
}

int main(void)
{
    char text[256];
    struct stat s, t;
    umask(022);
    say("mkdir", mkdir("/tmp/files", 0777));
    say("mkdir again", mkdir("/tmp/files", 0777));
    say("chdir", chdir("/tmp/files"));
    printf("cwd %s\n", getcwd(text, sizeof text));
    say("too small", getcwd(text, 3) ? 0 : -1);

    int fd = open("a", O_RDWR | O_CREAT | O_EXCL, 0666);
    printf("lowest free: %d\n", fd);
    what("a");
    say("exclusive", open("a", O_RDWR | O_CREAT | O_EXCL, 0666));
    say("write", write(fd, "hello world", 11));
    say("at 6", lseek(fd, 6, SEEK_SET));
    say("read", read(fd, text, 100));
    printf("%.5s\n", text);
    say("end", read(fd, text, 100));
    say("from the end", lseek(fd, -5, SEEK_END));
    say("before the start", lseek(fd, -50, SEEK_CUR));
    say("still", lseek(fd, 0, SEEK_CUR));
    say("far", lseek(fd, 10000, SEEK_SET));
    say("sparse", write(fd, "x", 1));
    fstat(fd, &s);
    printf("size %ld\n", (long)s.st_size);
    say("pread", pread(fd, text, 5, 6));
    printf("%.5s %ld\n", text, (long)lseek(fd, 0, SEEK_CUR));
    say("pwrite", pwrite(fd, "WORLD", 5, 6));
    say("hole", pread(fd, text, 10, 5000));
    printf("zero %d\n", text[0] == 0 && text[9] == 0);
    say("truncate", ftruncate(fd, 8));
    say("extend", ftruncate(fd, 12));
    say("read all", pread(fd, text, 100, 0));
    printf("%.8s %d%d\n", text, text[8], text[11]);
    say("negative", ftruncate(fd, -1));
    struct iovec parts[3] = {{"one ", 4}, {"two ", 4}, {"three", 5}};
    lseek(fd, 0, SEEK_SET);
    say("writev", writev(fd, parts, 3));
    char first[3], second[20];
    struct iovec into[2] = {{first, 3}, {second, 20}};
    say("preadv", preadv(fd, into, 2, 1));
    printf("%.3s|%.9s\n", first, second);
    say("fallocate", posix_fallocate(fd, 0, 5000));
    fstat(fd, &s);
    printf("size %ld blocks %d\n", (long)s.st_size, s.st_blksize > 0);
    say("fsync", fsync(fd));
    say("fdatasync", fdatasync(fd));
    say("close", close(fd));
    say("close again", close(fd));
    say("read closed", read(fd, text, 1));

    fd = open("a", O_WRONLY | O_APPEND);
    lseek(fd, 0, SEEK_SET);
    write(fd, "end", 3);
    printf("appended at %ld\n", (long)lseek(fd, 0, SEEK_CUR));
    say("not for reading", read(fd, text, 1));
    close(fd);
    fd = open("a", O_RDONLY);
    say("not for writing", write(fd, text, 1));
    say("truncate read only", ftruncate(fd, 0));
    int copy = dup(fd);
    lseek(fd, 3, SEEK_SET);
    printf("shared offset %ld\n", (long)lseek(copy, 0, SEEK_CUR));
    say("dup2", dup2(fd, 20));
    say("dup3 same", dup3(fd, fd, 0));
    say("dup3", dup3(fd, 21, O_CLOEXEC));
    printf("cloexec %d %d\n", fcntl(20, F_GETFD), fcntl(21, F_GETFD));
    say("F_DUPFD", fcntl(fd, F_DUPFD, 30));
    printf("mode %d append %d\n", fcntl(fd, F_GETFL) & O_ACCMODE, (fcntl(fd, F_GETFL) & O_APPEND) != 0);
    say("set flags", fcntl(fd, F_SETFL, O_NONBLOCK));
    printf("non-blocking %d\n", (fcntl(copy, F_GETFL) & O_NONBLOCK) != 0);
    say("bad dup2", dup2(fd, -1));
    close(copy), close(20), close(21), close(30), close(fd);
    fd = open("a", O_RDWR | O_TRUNC);
    fstat(fd, &s);
    printf("truncated %ld\n", (long)s.st_size);
    struct flock lock = {.l_type = F_WRLCK, .l_whence = SEEK_SET};
    say("lock", fcntl(fd, F_SETLK, &lock));
    say("flock", flock(fd, LOCK_EX | LOCK_NB));
    close(fd);

    say("missing", open("none", O_RDONLY));
    say("below a file", open("a/b", O_RDONLY));
    say("directory for writing", open(".", O_WRONLY));
    say("not a directory", open("a", O_RDONLY | O_DIRECTORY));
    say("empty", open("", O_RDONLY));
    memset(text, 'n', 255);
    text[255] = 0;
    fd = open(text, O_CREAT | O_WRONLY, 0600);
    printf("name of 255: %d\n", fd >= 0);
    close(fd);
    unlink(text);
    char longer[300];
    memset(longer, 'n', 256);
    longer[256] = 0;
    say("name of 256", open(longer, O_CREAT | O_WRONLY, 0600));

    say("symlink", symlink("a", "link"));
    say("symlink again", symlink("a", "link"));
    what("link");
    say("readlink", readlink("link", text, sizeof text));
    say("readlink of a file", readlink("a", text, sizeof text));
    stat("link", &s), stat("a", &t);
    printf("the same %d\n", s.st_ino == t.st_ino && s.st_dev == t.st_dev);
    say("nofollow", open("link", O_RDONLY | O_NOFOLLOW));
    symlink("loop2", "loop1"), symlink("loop1", "loop2");
    say("loop", open("loop1", O_RDONLY));
    symlink("nowhere", "dangling");
    say("dangling", open("dangling", O_RDONLY));
    say("access", access("dangling", F_OK));
    say("link", link("a", "hard"));
    what("hard");
    say("unlink", unlink("a"));
    what("hard");
    say("unlink a directory", unlink("/tmp/files/."));
    say("realpath", realpath("../files/./hard", text) ? 0 : -1);
    printf("%s\n", text);
    say("realpath of nothing", realpath("nowhere", text) ? 0 : -1);

    mkdir("d", 0700);
    mkdir("d/e", 0755);
    what("d");
    say("rmdir full", rmdir("d"));
    say("rmdir a file", rmdir("hard"));
    say("rename", rename("hard", "d/moved"));
    say("rename missing", rename("hard", "x"));
    close(open("other", O_CREAT | O_WRONLY, 0644));
    say("rename over", rename("d/moved", "other"));
    say("rename onto a directory", rename("other", "d"));
    say("rename a directory onto a file", rename("d", "other"));
    say("rename into itself", rename("d", "d/e/f"));
    say("rename a directory", rename("d/e", "e"));
    mkdir("full", 0755), close(open("full/x", O_CREAT | O_WRONLY, 0644));
    say("rename onto a full one", rename("e", "full"));
    say("rename onto itself", rename("other", "other"));
    say("no replace", renameat2(AT_FDCWD, "other", AT_FDCWD, "full/x", RENAME_NOREPLACE));
    names(".");
    names("full");

    int directory = open("full", O_RDONLY | O_DIRECTORY);
    fd = openat(directory, "y", O_CREAT | O_RDWR, 0640);
    say("openat", fd < 0 ? -1 : 0);
    say("fstatat", fstatat(directory, "y", &s, 0));
    say("unlinkat", unlinkat(directory, "x", 0));
    say("mkdirat", mkdirat(directory, "z", 0755));
    say("rmdirat", unlinkat(directory, "z", AT_REMOVEDIR));
    say("faccessat", faccessat(directory, "y", R_OK, 0));
    say("read a directory", read(directory, text, 1));
    say("unlinked and open", unlinkat(directory, "y", 0));
    write(fd, "still here", 10);
    fstat(fd, &s);
    printf("links %lu size %ld\n", (unsigned long)s.st_nlink, (long)s.st_size);
    say("read it", pread(fd, text, 20, 6));
    close(fd);
    say("fchdir", fchdir(directory));
    printf("cwd %s\n", getcwd(text, sizeof text));
    close(directory);
    chdir("..");

    say("chmod", chmod("other", 0640));
    what("other");
    struct timespec times[2] = {{1000, 5}, {2000, 999999999}};
    say("utimensat", utimensat(AT_FDCWD, "other", times, 0));
    stat("other", &s);
    printf("times %ld %ld %ld %ld\n", (long)s.st_atim.tv_sec, s.st_atim.tv_nsec, (long)s.st_mtim.tv_sec, s.st_mtim.tv_nsec);
    times[0].tv_nsec = UTIME_OMIT;
    times[1].tv_nsec = UTIME_NOW;
    utimensat(AT_FDCWD, "other", times, 0);
    stat("other", &s);
    printf("kept %ld, now %d\n", (long)s.st_atim.tv_sec, s.st_mtim.tv_sec > 1700000000);

    DIR *stream = opendir(".");
    int seen = 0, dots = 0;
    struct dirent *entry;
    while ((entry = readdir(stream)))
        seen++, dots += entry->d_name[0] == '.';
    rewinddir(stream);
    int again = 0;
    while (readdir(stream))
        again++;
    printf("entries %d %d, dots %d, fd %d\n", seen, again, dots, dirfd(stream) > 2);
    closedir(stream);
    say("opendir", opendir("none") ? 0 : -1);
    for (int i = 0; i < 300; i++) {
        sprintf(text, "full/%03d", i);
        close(open(text, O_CREAT | O_WRONLY, 0644));
    }
    stream = opendir("full");
    seen = 0;
    while ((entry = readdir(stream)))
        if (entry->d_name[0] != '.') {
            sprintf(text, "full/%s", entry->d_name);
            seen += unlink(text) == 0;
        }
    closedir(stream);
    printf("removed while reading: %d\n", seen);
    names("full");
    struct statvfs v;
    say("statvfs", statvfs(".", &v));
    printf("block %d name %lu\n", v.f_bsize > 0, v.f_namemax);
    say("nftw", nftw(".", visit, 10, FTW_PHYS));
    printf("visited %d\n", visits);

    char *template = strdup("/tmp/files/tempXXXXXX");
    fd = mkstemp(template);
    stat(template, &s);
    printf("mkstemp %d %o %d\n", fd >= 0, s.st_mode & 0777, strcmp(template, "/tmp/files/tempXXXXXX") != 0);
    close(fd);
    strcpy(template, "/tmp/files/dirXXXXXX");
    say("mkdtemp", mkdtemp(template) ? 0 : -1);
    strcpy(template, "/tmp/files/bad");
    say("bad template", mkstemp(template));
    // A file big enough to need many pages, written and read at odd places.
    fd = open("big", O_CREAT | O_RDWR, 0644);
    unsigned char block[4099];
    for (int i = 0; i < 500; i++) {
        memset(block, i, sizeof block);
        write(fd, block, sizeof block);
    }
    int wrong = 0;
    for (int i = 0; i < 500; i += 7) {
        pread(fd, block, sizeof block, (off_t)i * (off_t)sizeof block);
        wrong += block[0] != (unsigned char)i || block[4098] != (unsigned char)i;
    }
    printf("big: wrong %d, size %ld\n", wrong, (long)lseek(fd, 0, SEEK_END));
    int other = open("copied", O_CREAT | O_RDWR, 0644);
    off_t from = 100;
    say("copy_file_range", copy_file_range(fd, &from, other, NULL, 50000, 0));
    close(fd), close(other);

    fd = open("/dev/null", O_RDWR);
    say("null", write(fd, text, 100));
    say("null", read(fd, text, 100));
    close(fd);
    fd = open("/dev/zero", O_RDONLY);
    memset(text, 1, sizeof text);
    say("zero", read(fd, text, 200));
    printf("%d\n", text[0] + text[199]);
    close(fd);
    fd = open("/dev/urandom", O_RDONLY);
    say("urandom", read(fd, text, 200));
    close(fd);
    fd = open("/dev/full", O_WRONLY);
    say("full", write(fd, text, 1));
    close(fd);
    what("/dev/null");
    printf("terminal %d\n", isatty(open("/dev/null", O_RDONLY)));
    chdir("/");
    say("remove all", nftw("/tmp/files", removes, 10, FTW_PHYS | FTW_DEPTH));
    what("/tmp/files");
    return 0;
}
