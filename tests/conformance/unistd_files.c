//! scratch = ["/tmp/conformance"]
// unistd.h, fcntl.h, sys/stat.h, dirent.h, ftw.h, glob.h: files by path and by descriptor.
#define _GNU_SOURCE
#include "check.h"
#include <dirent.h>
#include <fcntl.h>
#include <ftw.h>
#include <glob.h>
#include <libgen.h>
#include <limits.h>
#include <sys/file.h>
#include <sys/sendfile.h>
#include <sys/stat.h>
#include <sys/statfs.h>
#include <sys/statvfs.h>
#include <sys/sysmacros.h>
#include <sys/time.h>
#include <sys/uio.h>
#include <sys/xattr.h>
#include <unistd.h>
#include <utime.h>
#undef basename
#undef major
#undef minor
#undef makedev

#define D "/tmp/conformance"

static struct stat status;

static void show_stat(const char *path)
{
    errno = 0;
    int result = lstat(path, &status);
    printf("%s: %d mode %o links %ld size %ld", path, result, status.st_mode, (long)status.st_nlink, S_ISDIR(status.st_mode) ? 0 : (long)status.st_size);
    show_errno(errno);
}

static void descriptors(void)
{
    section("open and friends");
    int fd = open(D "/a", O_RDWR | O_CREAT | O_EXCL, 0640);
    TRUTH(fd > 2);
    INT(open(D "/a", O_RDWR | O_CREAT | O_EXCL, 0640));
    INT(open(D "/none", O_RDONLY));
    INT(open(D "/a/b", O_RDONLY));
    INT(open(D, O_WRONLY));
    INT(open(D "/a", O_RDONLY | O_DIRECTORY));
    INT(open("", O_RDONLY));
    char longer[300];
    memset(longer, 'x', sizeof longer);
    longer[299] = 0;
    INT(open(longer, O_RDONLY));
    INT(creat(D "/none/x", 0600));
    int other = creat(D "/created", 0600);
    TRUTH(other > fd);
    INT(read(other, longer, 1));
    INT(write(other, "x", 0));
    INT(close(other));
    INT(close(other));
    show_stat(D "/created");
    INT(write(fd, "hello world", 11));
    INT(lseek(fd, 0, SEEK_CUR));
    INT(lseek(fd, -20, SEEK_CUR));
    INT(lseek(fd, 0, 77));
    INT(lseek(-1, 0, SEEK_SET));
    INT(lseek(fd, 3, SEEK_SET));
    char room[64];
    INT(read(fd, room, 4));
    BYTES(room, 4);
    INT(pread(fd, room, 64, 6));
    BYTES(room, 5);
    INT(pread(fd, room, 1, -1));
    INT(pwrite(fd, "W", 1, 6));
    struct iovec parts[3] = {{room, 2}, {room + 10, 3}, {room + 20, 40}};
    lseek(fd, 0, SEEK_SET);
    INT(readv(fd, parts, 3));
    BYTES(room, 2);
    BYTES(room + 10, 3);
    BYTES(room + 20, 6);
    INT(readv(fd, parts, -1));
    INT(readv(fd, parts, 0));
    INT(preadv(fd, parts, 2, 6));
    INT(preadv2(fd, parts, 2, -1, 0));
    INT(preadv2(fd, parts, 2, 0, 0));
    INT(preadv2(fd, parts, 2, 0, 1 << 30));
    struct iovec out[2] = {{"ab", 2}, {"cd", 2}};
    INT(writev(fd, out, 2));
    INT(pwritev(fd, out, 2, 1));
    INT(pwritev2(fd, out, 2, 3, 0));
    lseek(fd, 0, SEEK_SET);
    INT(read(fd, room, 64));
    BYTES(room, 15);
    INT(ftruncate(fd, 5));
    INT(ftruncate(fd, -1));
    INT(ftruncate(-1, 0));
    INT(truncate(D "/a", 8));
    INT(truncate(D "/none", 8));
    INT(truncate(D, 8));
    INT(pread(fd, room, 64, 0));
    BYTES(room, 8);
    CODE(posix_fallocate(fd, 4, 16));
    CODE(posix_fallocate(fd, -1, 16));
    CODE(posix_fallocate(fd, 0, 0));
    CODE(posix_fallocate(-1, 0, 1));
    fstat(fd, &status);
    INT(status.st_size);
    INT(fallocate(fd, 0, 0, 30));
    INT(fallocate(fd, FALLOC_FL_KEEP_SIZE, 0, 300));
    INT(fallocate(fd, 0, 0, -30));
    fstat(fd, &status);
    INT(status.st_size);
    CODE(posix_fadvise(fd, 0, 0, POSIX_FADV_SEQUENTIAL));
    CODE(posix_fadvise(fd, 0, 0, 99));
    CODE(posix_fadvise(-1, 0, 0, 0));
    INT(readahead(fd, 0, 10));
    INT(readahead(-1, 0, 10));
    INT(sync_file_range(fd, 0, 0, 0));
    INT(sync_file_range(fd, 0, 0, 99));
    INT(fsync(fd));
    INT(fdatasync(fd));
    INT(fsync(-1));
    INT(syncfs(fd));
    INT(syncfs(-1));
    VOID(sync());
    section("duplicates");
    int copy = dup(fd);
    TRUTH(copy > fd);
    INT(lseek(copy, 0, SEEK_CUR) == lseek(fd, 0, SEEK_CUR));
    INT(dup(-1));
    INT(dup2(fd, 100));
    INT(dup2(fd, fd) == fd);
    INT(dup2(-1, 101));
    INT(dup2(fd, -1));
    INT(dup3(fd, fd, 0));
    INT(dup3(fd, 102, O_CLOEXEC));
    INT(dup3(fd, 102, O_APPEND));
    INT(fcntl(102, F_GETFD));
    INT(fcntl(102, F_SETFD, 0));
    INT(fcntl(102, F_GETFD));
    INT(fcntl(fd, F_DUPFD, 110));
    INT(fcntl(fd, F_DUPFD_CLOEXEC, 110));
    INT(fcntl(fd, F_DUPFD, -1));
    INT(fcntl(fd, F_SETFL, O_APPEND | O_NONBLOCK));
    HEX(fcntl(fd, F_GETFL) & (O_APPEND | O_NONBLOCK | O_ACCMODE));
    INT(fcntl(fd, F_SETFL, 0));
    INT(fcntl(-1, F_GETFL));
    INT(fcntl(fd, 9999));
    struct flock lock = {.l_type = F_WRLCK, .l_whence = SEEK_SET};
    INT(fcntl(fd, F_GETLK, &lock));
    INT(lock.l_type == F_UNLCK);
    INT(fcntl(fd, F_SETLK, &(struct flock){.l_type = F_RDLCK}));
    INT(fcntl(fd, F_SETLK, &(struct flock){.l_type = 77}));
    INT(fcntl(fd, F_SETLK, &(struct flock){.l_type = F_UNLCK}));
    INT(lockf(fd, F_TLOCK, 0));
    INT(lockf(fd, F_TEST, 0));
    INT(lockf(fd, F_ULOCK, 0));
    INT(lockf(fd, 99, 0));
    INT(flock(fd, LOCK_EX));
    INT(flock(fd, LOCK_UN));
    INT(flock(fd, 0));
    INT(flock(-1, LOCK_SH));
    INT(close_range(100, 111, 0));
    INT(fcntl(100, F_GETFD));
    INT(close_range(10, 5, 0));
    INT(close_range(100, 111, 99));
    dup2(fd, 120);
    VOID(closefrom(110));
    INT(fcntl(120, F_GETFD));
    section("moving data");
    int target = open(D "/target", O_RDWR | O_CREAT | O_TRUNC, 0600);
    off_t offset = 2;
    INT(sendfile(target, fd, &offset, 4));
    INT(offset);
    INT(sendfile(target, -1, 0, 4));
    off_t from = 0, to = 0;
    INT(copy_file_range(fd, &from, target, &to, 5, 0));
    INT(copy_file_range(fd, &from, target, &to, 5, 1));
    int ends[2];
    INT(pipe2(ends, O_NONBLOCK));
    INT(pipe2(ends + 0, 0x12345));
    from = 0;
    INT(splice(fd, &from, ends[1], 0, 5, 0));
    INT(splice(fd, &from, target, 0, 5, 0));
    int more[2];
    pipe(more);
    INT(tee(ends[0], more[1], 100, 0));
    INT(tee(fd, more[1], 100, 0));
    INT(read(more[0], room, 64));
    INT(read(ends[0], room, 64));
    INT(read(ends[0], room, 64));
    struct iovec piece = {"piece", 5};
    INT(vmsplice(ends[1], &piece, 1, 0));
    INT(vmsplice(fd, &piece, 1, 0));
    INT(read(ends[0], room, 64));
    INT(lseek(ends[0], 0, SEEK_CUR));
    INT(isatty(fd));
    INT(isatty(-1));
    INT(isfdtype(fd, S_IFREG));
    INT(isfdtype(fd, S_IFSOCK));
    TEXT(ttyname(fd));
    CODE(ttyname_r(fd, room, 64));
    CODE(ttyname_r(-1, room, 64));
    close(fd);
    close(target);
}

static int by_name(const char *path, const struct stat *status, int kind)
{
    (void)status;
    if (kind == FTW_F)
        printf("  file %s\n", path);
    return 0;
}

static int new_ftw(const char *path, const struct stat *status, int kind, struct FTW *at)
{
    static int shown;
    (void)status;
    if (kind == FTW_DP)
        printf("  done %s %d %d\n", path, at->base, at->level);
    return shown++ > 100;
}

static int only_h(const struct dirent *entry)
{
    return entry->d_name[0] == 'h';
}

static void paths(void)
{
    section("paths");
    INT(mkdir(D "/d", 0755));
    INT(mkdir(D "/d", 0755));
    INT(mkdir(D "/none/d", 0755));
    INT(mkdirat(AT_FDCWD, D "/d/e", 0700));
    INT(link(D "/a", D "/hard"));
    INT(link(D "/a", D "/hard"));
    INT(link(D "/none", D "/hard2"));
    INT(link(D "/d", D "/harddir"));
    INT(linkat(AT_FDCWD, D "/a", AT_FDCWD, D "/hard2", 0));
    INT(linkat(AT_FDCWD, D "/a", AT_FDCWD, D "/hard3", 0x7777));
    INT(symlink("a", D "/soft"));
    INT(symlinkat("none", AT_FDCWD, D "/dangling"));
    INT(symlink("", D "/empty"));
    INT(symlink("loop", D "/loop"));
    char room[64];
    memset(room, '#', 64);
    INT(readlink(D "/soft", room, 64));
    INT(readlink(D "/dangling", room, 2));
    BYTES(room, 4);
    INT(readlink(D "/a", room, 64));
    INT(readlink(D "/soft", room, 0));
    INT(readlinkat(AT_FDCWD, D "/soft", room, 64));
    INT(open(D "/loop", O_RDONLY));
    INT(open(D "/soft", O_RDONLY | O_NOFOLLOW));
    show_stat(D "/a");
    show_stat(D "/soft");
    show_stat(D "/none");
    show_stat(D "/d");
    INT(stat(D "/dangling", &status));
    INT(fstatat(AT_FDCWD, D "/dangling", &status, AT_SYMLINK_NOFOLLOW));
    INT(fstatat(AT_FDCWD, D "/a", &status, 0x7777));
    INT(fstatat(-5, "relative", &status, 0));
    extern int __xstat(int, const char *, struct stat *), __lxstat(int, const char *, struct stat *), __fxstat(int, int, struct stat *),
        __fxstatat(int, int, const char *, struct stat *, int), __xmknod(int, const char *, mode_t, dev_t *),
        __xmknodat(int, int, const char *, mode_t, dev_t *);
    INT(__xstat(1, D "/a", &status));
    INT(__xstat(7, D "/a", &status));
    INT(__lxstat(1, D "/soft", &status));
    INT(__fxstat(1, -1, &status));
    INT(__fxstatat(1, AT_FDCWD, D "/a", &status, 0));
    struct statx x;
    INT(statx(AT_FDCWD, D "/a", 0, STATX_BASIC_STATS, &x));
    INT(x.stx_size);
    INT(x.stx_nlink);
    INT(statx(AT_FDCWD, D "/none", 0, STATX_BASIC_STATS, &x));
    INT(statx(AT_FDCWD, D "/a", 0x8000, STATX_BASIC_STATS, &x));
    INT(access(D "/a", F_OK));
    INT(access(D "/a", R_OK | W_OK));
    INT(access(D "/none", F_OK));
    INT(access(D "/a", 99));
    INT(eaccess(D "/a", R_OK));
    INT(euidaccess(D "/none", R_OK));
    INT(faccessat(AT_FDCWD, D "/a", R_OK, AT_EACCESS));
    INT(faccessat(AT_FDCWD, D "/a", R_OK, 0x7777));
    INT(chmod(D "/a", 0604));
    INT(fchmodat(AT_FDCWD, D "/a", 0600, 0));
    INT(fchmodat(AT_FDCWD, D "/a", 0600, 0x7777));
    INT(lchmod(D "/a", 0640));
    INT(lchmod(D "/soft", 0640));
    INT(fchmod(-1, 0));
    INT(chown(D "/a", 12, 34));
    stat(D "/a", &status);
    printf("%d %d\n", status.st_uid, status.st_gid);
    INT(chown(D "/a", -1, 0));
    INT(lchown(D "/soft", 1, 1));
    INT(fchown(-1, 0, 0));
    INT(fchownat(AT_FDCWD, D "/a", 0, 0, 0));
    INT(umask(077));
    INT(umask(022));
    INT(rename(D "/hard2", D "/hard3"));
    INT(rename(D "/d", D "/d/e/f"));
    INT(rename(D "/a", D "/d"));
    INT(rename(D "/d", D "/a"));
    INT(renameat2(AT_FDCWD, D "/hard3", AT_FDCWD, D "/a", RENAME_NOREPLACE));
    INT(renameat2(AT_FDCWD, D "/hard3", AT_FDCWD, D "/soft", RENAME_EXCHANGE));
    INT(unlink(D "/d"));
    INT(unlink(D "/none"));
    INT(rmdir(D "/d"));
    INT(rmdir(D "/a"));
    INT(unlinkat(AT_FDCWD, D "/d/e", 0));
    INT(unlinkat(AT_FDCWD, D "/d/e", AT_REMOVEDIR));
    INT(unlinkat(AT_FDCWD, D "/d/e", 0x7777));
    INT(mkfifo(D "/fifo", 0600));
    INT(mkfifo(D "/fifo", 0600));
    INT(mkfifoat(AT_FDCWD, D "/fifo2", 0600));
    show_stat(D "/fifo");
    INT(mknod(D "/regular", S_IFREG | 0600, 0));
    INT(mknodat(AT_FDCWD, D "/fifo3", S_IFIFO | 0600, 0));
    INT(mknod(D "/bad", 0xf000, 0));
    dev_t device = 0;
    INT(__xmknod(0, D "/old", S_IFIFO | 0600, &device));
    INT(__xmknod(5, D "/old2", S_IFIFO | 0600, &device));
    INT(__xmknodat(0, AT_FDCWD, D "/old3", S_IFIFO | 0600, &device));
    INT(open(D "/fifo", O_WRONLY | O_NONBLOCK));
    TRUTH(open(D "/fifo", O_RDONLY | O_NONBLOCK) > 0);
    INT(pathconf(D, _PC_NAME_MAX));
    INT(pathconf(D, _PC_PATH_MAX));
    INT(pathconf(D, 999));
    INT(pathconf(D "/none", _PC_LINK_MAX) == -1);
    INT(fpathconf(0, _PC_PIPE_BUF));
    INT(fpathconf(-1, _PC_PIPE_BUF));
    struct statfs fs;
    struct statvfs vfs;
    INT(statfs(D, &fs));
    TRUTH(fs.f_bsize >= 512 && fs.f_namelen == 255);
    INT(statfs(D "/none", &fs));
    INT(fstatfs(-1, &fs));
    INT(statvfs(D, &vfs));
    TRUTH(vfs.f_bsize >= 512 && vfs.f_frsize >= 512 && vfs.f_namemax == 255);
    INT(fstatvfs(-1, &vfs));
    INT(fstatvfs(open(D, O_RDONLY), &vfs));
    INT(chdir(D));
    TEXT(getcwd(room, 64));
    TEXT(getcwd(room, 5));
    TEXT(getcwd(room, 0));
    char *made = getcwd(0, 0);
    TEXT(made);
    free(made);
    TEXT(getwd(room));
    made = get_current_dir_name();
    TEXT(made);
    free(made);
    INT(chdir("none"));
    INT(chdir("a"));
    INT(fchdir(-1));
    INT(fchdir(open("/", O_RDONLY)));
    TEXT(getcwd(room, 64));
    chdir(D);
    section("names");
    char path[64];
    static const char *const samples[] = {"/usr/lib", "/usr/", "usr", "/", ".", "..", "", "//", "a//b//", "a/"};
    for (int i = 0; i < 10; i++) {
        printf("\"%s\": dirname \"%s\"", samples[i], dirname(strcpy(path, samples[i])));
        extern char *__xpg_basename(char *);
        printf(" basename \"%s\"\n", __xpg_basename(strcpy(path, samples[i])));
    }
    TEXT(dirname(0));
    HEX(gnu_dev_makedev(0x12345, 0x6789a));
    HEX(gnu_dev_major(0x1234506789abcdef));
    HEX(gnu_dev_minor(0x1234506789abcdef));
}

static void times(void)
{
    section("times");
    struct utimbuf both = {1000, 2000};
    INT(utime(D "/a", &both));
    stat(D "/a", &status);
    printf("%ld %ld\n", status.st_atime, status.st_mtime);
    INT(utime(D "/none", 0));
    INT(utime(D "/a", 0));
    struct timeval pair[2] = {{5, 6}, {7, 8}};
    INT(utimes(D "/a", pair));
    stat(D "/a", &status);
    printf("%ld %ld %ld %ld\n", status.st_atime, status.st_atim.tv_nsec, status.st_mtime, status.st_mtim.tv_nsec);
    pair[0].tv_usec = 1000000;
    INT(utimes(D "/a", pair));
    pair[0].tv_usec = 1;
    INT(lutimes(D "/dangling", pair));
    INT(futimes(-1, pair));
    INT(futimesat(AT_FDCWD, D "/a", pair));
    struct timespec fine[2] = {{9, 10}, {0, UTIME_OMIT}};
    INT(utimensat(AT_FDCWD, D "/a", fine, 0));
    stat(D "/a", &status);
    printf("%ld %ld %ld\n", status.st_atime, status.st_atim.tv_nsec, status.st_mtime);
    fine[0].tv_nsec = -1;
    INT(utimensat(AT_FDCWD, D "/a", fine, 0));
    int fd = open(D "/a", O_RDWR);
    fine[0].tv_nsec = 11;
    INT(futimens(fd, fine));
    INT(futimens(-1, fine));
    close(fd);
}

static void directories(void)
{
    section("directories");
    DIR *directory = opendir(D);
    int count = 0;
    for (struct dirent *entry; (entry = readdir(directory));)
        count++;
    INT(count);
    VOID(rewinddir(directory));
    TRUTH(dirfd(directory) > 2);
    readdir(directory);
    long position = telldir(directory);
    struct dirent *entry = readdir(directory);
    char name[256];
    strcpy(name, entry->d_name);
    VOID(seekdir(directory, position));
    TRUTH(strcmp(readdir(directory)->d_name, name) == 0);
    struct dirent copy, *result;
    INT(readdir_r(directory, &copy, &result));
    TRUTH(result == &copy);
    INT(closedir(directory));
    TRUTH(opendir(D "/none"));
    TRUTH(opendir(D "/a"));
    TRUTH(opendir(""));
    TRUTH(fdopendir(-1));
    int fd = open(D "/a", O_RDONLY);
    TRUTH(fdopendir(fd));
    close(fd);
    fd = open(D, O_RDONLY);
    char raw[4096];
    TRUTH(getdents64(fd, raw, sizeof raw) > 100);
    INT(getdents64(fd, raw, 1));
    close(fd);
    fd = open(D, O_RDONLY);
    off_t base = 0;
    extern ssize_t getdirentries(int, char *, size_t, off_t *);
    TRUTH(getdirentries(fd, raw, sizeof raw, &base) > 100);
    close(fd);
    fd = open(D, O_RDONLY);
    directory = fdopendir(fd);
    TRUTH(directory);
    closedir(directory);
    struct dirent **names;
    int found = scandir(D, &names, only_h, alphasort);
    for (int i = 0; i < found; i++)
        printf("  %s\n", names[i]->d_name);
    INT(scandirat(AT_FDCWD, D, &names, only_h, versionsort));
    INT(scandir(D "/none", &names, 0, alphasort));
    mkdir(D "/tree", 0755);
    mkdir(D "/tree/deep", 0755);
    close(creat(D "/tree/deep/file", 0600));
    INT(ftw(D "/tree", by_name, 5));
    INT(ftw(D "/none", by_name, 5));
    INT(nftw(D "/tree", new_ftw, 5, FTW_DEPTH | FTW_PHYS));
    INT(nftw(D "/tree", new_ftw, 5, FTW_CHDIR | FTW_DEPTH));
    extern int old_nftw(const char *, int (*)(const char *, const struct stat *, int, struct FTW *), int, int);
    __asm__(".symver old_nftw, nftw@GLIBC_2.2.5");
    INT(old_nftw(D "/tree", new_ftw, 5, FTW_DEPTH));
    section("glob");
    glob_t globbed;
    extern int old_glob(const char *, int, int (*)(const char *, int), glob_t *);
    __asm__(".symver old_glob, glob@GLIBC_2.2.5");
    INT(old_glob(D "/h*", 0, 0, &globbed));
    INT(globbed.gl_pathc);
    VOID(globfree(&globbed));
    INT(glob_pattern_p("a*b", 1));
    INT(glob_pattern_p("a\\*b", 1));
    INT(glob_pattern_p("a\\*b", 0));
    INT(glob_pattern_p("[a", 1));
    INT(glob_pattern_p("[a]", 1));
}

static void extended(void)
{
    section("extended attributes");
    char room[64];
    int fd = open(D "/a", O_RDWR);
    // What a file system supports differs; that there is no such attribute and no such file does not.
    TRUTH(getxattr(D "/a", "user.none", room, 64) == -1 && (errno == ENODATA || errno == EOPNOTSUPP));
    TRUTH(lgetxattr(D "/a", "user.none", room, 64) == -1);
    TRUTH(fgetxattr(fd, "user.none", room, 64) == -1);
    INT(getxattr(D "/none", "user.x", room, 64));
    INT(setxattr(D "/none", "user.x", "v", 1, 0));
    INT(lsetxattr(D "/none", "user.x", "v", 1, 0));
    INT(fsetxattr(-1, "user.x", "v", 1, 0));
    INT(listxattr(D "/none", room, 64));
    INT(llistxattr(D "/none", room, 64));
    INT(flistxattr(-1, room, 64));
    INT(removexattr(D "/none", "user.x"));
    INT(lremovexattr(D "/none", "user.x"));
    INT(fremovexattr(-1, "user.x"));
    close(fd);
}

int main(void)
{
    setvbuf(stdout, 0, _IOLBF, 0);
    umask(022);
    mkdir(D, 0755);
    descriptors();
    paths();
    times();
    directories();
    extended();
    return 0;
}
