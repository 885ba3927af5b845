//! scratch = ["/tmp/conformance-inotify"]
// sys/inotify.h: what is told of files and directories, in which order, and how it is read.
#define _GNU_SOURCE
#include "check.h"
#include <dirent.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <pthread.h>
#include <sys/epoll.h>
#include <sys/inotify.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <sys/xattr.h>
#include <unistd.h>

#define D "/tmp/conformance-inotify"

static const struct {
    unsigned bit;
    const char *name;
} bits[] = {{IN_ACCESS, "ACCESS"}, {IN_MODIFY, "MODIFY"}, {IN_ATTRIB, "ATTRIB"}, {IN_CLOSE_WRITE, "CLOSE_WRITE"},
            {IN_CLOSE_NOWRITE, "CLOSE_NOWRITE"}, {IN_OPEN, "OPEN"}, {IN_MOVED_FROM, "MOVED_FROM"},
            {IN_MOVED_TO, "MOVED_TO"}, {IN_CREATE, "CREATE"}, {IN_DELETE, "DELETE"}, {IN_DELETE_SELF, "DELETE_SELF"},
            {IN_MOVE_SELF, "MOVE_SELF"}, {IN_UNMOUNT, "UNMOUNT"}, {IN_Q_OVERFLOW, "Q_OVERFLOW"},
            {IN_IGNORED, "IGNORED"}, {IN_ISDIR, "ISDIR"}};

static int in;

static void show(const struct inotify_event *event)
{
    static unsigned last;
    printf("  watch %d", event->wd);
    unsigned known = 0;
    for (size_t i = 0; i < sizeof bits / sizeof *bits; i++)
        if (event->mask & bits[i].bit) {
            printf(" %s", bits[i].name);
            known |= bits[i].bit;
        }
    if (event->mask & ~known)
        printf(" %#x", event->mask & ~known);
    if (event->len)
        printf(" \"%s\" in %u", event->name, event->len);
    if (event->cookie) {
        printf(" cookie %s", event->cookie == last ? "of the last" : "new");
        last = event->cookie;
    }
    printf("\n");
}

// All that has been told up to now.
static void told(const char *after)
{
    printf("%s:\n", after);
    char buffer[16384] __attribute__((aligned(8)));
    ssize_t count;
    while ((count = read(in, buffer, sizeof buffer)) > 0)
        for (char *at = buffer; at < buffer + count;) {
            struct inotify_event *event = (void *)at;
            show(event);
            at += sizeof *event + event->len;
        }
    if (errno != EAGAIN)
        show_errno(errno);
}

#define DO(statement)                                                                                        \
    do {                                                                                                     \
        statement;                                                                                           \
        told(#statement);                                                                                    \
    } while (0)

static void *makes(void *argument)
{
    (void)argument;
    usleep(20000);
    close(creat(D "/by another", 0600));
    return 0;
}

int main(void)
{
    setvbuf(stdout, 0, _IOLBF, 0);
    char text[64] = "some text";
    struct stat status;
    mkdir(D, 0755);
    mkdir(D "/away", 0755);

    section("a directory");
    in = inotify_init1(IN_NONBLOCK | IN_CLOEXEC);
    TRUTH(in >= 0);
    INT(fcntl(in, F_GETFL) & O_NONBLOCK);
    INT(fcntl(in, F_GETFD));
    INT(inotify_add_watch(in, D, IN_ALL_EVENTS));
    int fd = -1;
    DO(fd = open(D "/file", O_CREAT | O_RDWR, 0600));
    DO(write(fd, text, 9));
    DO(pwrite(fd, text, 9, 100));
    DO(read(fd, text, 0));
    DO(pread(fd, text, 9, 0));
    DO(lseek(fd, 0, SEEK_SET));
    struct iovec parts[2] = {{text, 4}, {text + 4, 4}};
    DO(writev(fd, parts, 2));
    DO(readv(fd, parts, 2));
    DO(read(fd, text, 9); read(fd, text, 9); write(fd, text, 1));
    DO(ftruncate(fd, 5));
    DO(fchmod(fd, 0644));
    DO(fsync(fd));
    DO(fstat(fd, &status));
    DO(close(fd));
    DO(fd = open(D "/file", O_RDONLY));
    DO(close(dup(fd)));
    DO(read(fd, text, 9));
    DO(close(fd));
    // Kernels differ in which comes first, opening or truncating.
    INT(inotify_add_watch(in, D, IN_MODIFY | IN_CLOSE));
    DO(fd = open(D "/file", O_WRONLY | O_TRUNC));
    INT(inotify_add_watch(in, D, IN_ALL_EVENTS));
    DO(write(fd, text, 1));
    DO(close(fd));
    DO(fd = open(D "/file", O_WRONLY | O_APPEND));
    DO(write(fd, text, 1));
    DO(pwrite(fd, text, 1, 0));
    DO(close(fd));
    DO(truncate(D "/file", 3));
    DO(chmod(D "/file", 0600));
    DO(chown(D "/file", 0, 0));
    struct timespec both[2] = {{1, 0}, {2, 0}}, first[2] = {{1, 0}, {0, UTIME_OMIT}}, second[2] = {{0, UTIME_OMIT}, {1, 0}},
                    neither[2] = {{0, UTIME_OMIT}, {0, UTIME_OMIT}};
    DO(utimensat(AT_FDCWD, D "/file", both, 0));
    DO(utimensat(AT_FDCWD, D "/file", first, 0));
    DO(utimensat(AT_FDCWD, D "/file", second, 0));
    DO(utimensat(AT_FDCWD, D "/file", neither, 0));
    DO(stat(D "/file", &status));
    DO(mkdir(D "/sub", 0755));
    DO(symlink("file", D "/link"));
    DO(link(D "/file", D "/hard"));
    DO(mkfifo(D "/pipe", 0600));
    DO(rename(D "/file", D "/renamed"));
    DO(rename(D "/renamed", D "/hard"));
    DO(rename(D "/hard", D "/away/gone"));
    DO(rename(D "/away/gone", D "/back"));
    DO(close(creat(D "/other", 0600)));
    DO(rename(D "/back", D "/other"));
    DO(renameat2(AT_FDCWD, D "/other", AT_FDCWD, D "/link", RENAME_EXCHANGE));
    DO(rename(D "/sub", D "/directory"));
    DO(close(creat(D "/directory/inside", 0600)));
    DO(unlink(D "/directory/inside"));
    DIR *stream = 0;
    DO(stream = opendir(D "/directory"));
    DO(closedir(stream));
    DO(chmod(D "/directory", 0700));
    DO(rmdir(D "/directory"));
    DO(unlink(D "/pipe"));
    DO(unlink(D "/none"));
    DO(unlink(D "/link"));
    DO(unlink(D "/other"));
    DO(fd = open(D, O_RDONLY | O_DIRECTORY));
    DO(close(fd));
    DO(chmod(D, 0711));
    DO(utimensat(AT_FDCWD, D, both, 0));

    section("an open file that loses its name, and one that gets another");
    DO(fd = creat(D "/open", 0600));
    DO(unlink(D "/open"));
    DO(write(fd, text, 1));
    DO(close(fd));
    DO(fd = creat(D "/open", 0600));
    DO(rename(D "/open", D "/closed"));
    DO(write(fd, text, 1));
    DO(rename(D "/closed", D "/away/closed"));
    DO(write(fd, text, 1));
    DO(close(fd));

    section("what is not to be heard of");
    INT(inotify_add_watch(in, D, IN_MODIFY | IN_EXCL_UNLINK));
    DO(fd = creat(D "/open", 0600));
    DO(write(fd, text, 1));
    DO(unlink(D "/open"));
    DO(write(fd, text, 1));
    DO(close(fd));
    INT(inotify_rm_watch(in, 1));
    told("inotify_rm_watch");
    INT(inotify_rm_watch(in, 1));
    INT(inotify_rm_watch(in, 77));
    DO(close(creat(D "/unwatched", 0600)));

    section("a file");
    close(creat(D "/file", 0600));
    INT(inotify_add_watch(in, D "/file", IN_ALL_EVENTS));
    DO(fd = open(D "/file", O_RDWR));
    DO(write(fd, text, 9));
    DO(pread(fd, text, 9, 0));
    DO(link(D "/file", D "/hard"));
    DO(unlink(D "/hard"));
    DO(rename(D "/file", D "/moved"));
    close(creat(D "/another", 0600));
    DO(rename(D "/another", D "/moved"));
    DO(write(fd, text, 9));
    DO(close(fd));
    INT(inotify_add_watch(in, D "/moved", IN_ALL_EVENTS));
    DO(unlink(D "/moved"));
    mkdir(D "/sub", 0755);
    INT(inotify_add_watch(in, D "/sub", IN_ALL_EVENTS));
    DO(rename(D "/sub", D "/bus"));
    DO(rmdir(D "/bus"));

    section("a file and its directory");
    INT(inotify_add_watch(in, D, IN_ALL_EVENTS));
    close(creat(D "/file", 0600));
    INT(inotify_add_watch(in, D "/file", IN_ALL_EVENTS));
    told("made");
    DO(fd = open(D "/file", O_WRONLY));
    DO(write(fd, text, 9));
    DO(close(fd));
    DO(chmod(D "/file", 0644));
    DO(setxattr(D "/file", "user.a", "b", 1, 0));
    DO(removexattr(D "/file", "user.a"));
    DO(link(D "/file", D "/hard"));
    DO(unlink(D "/hard"));
    DO(rename(D "/file", D "/moved"));
    DO(unlink(D "/moved"));
    mkdir(D "/sub", 0755);
    INT(inotify_add_watch(in, D "/sub", IN_ALL_EVENTS));
    told("made");
    DO(close(creat(D "/sub/inside", 0600)));
    DO(rename(D "/sub/inside", D "/outside"));
    DO(rename(D "/outside", D "/sub/inside"));
    DO(unlink(D "/sub/inside"));
    DO(rmdir(D "/sub"));

    section("masks");
    close(creat(D "/file", 0600));
    told("made");
    INT(inotify_add_watch(in, D, IN_OPEN));
    INT(inotify_add_watch(in, D, IN_CLOSE_NOWRITE | IN_MASK_ADD));
    DO(close(open(D "/file", O_RDONLY)));
    INT(inotify_add_watch(in, D, IN_CLOSE_NOWRITE | IN_MASK_CREATE));
    INT(inotify_add_watch(in, D, IN_OPEN | IN_MASK_CREATE | IN_MASK_ADD));
    INT(inotify_add_watch(in, D, 0));
    INT(inotify_add_watch(in, D, 0x00800000));
    INT(inotify_add_watch(in, D, 0x00800000 | IN_OPEN));
    INT(inotify_add_watch(in, D "/file", IN_OPEN | IN_ONLYDIR));
    INT(inotify_add_watch(in, D "/none", IN_OPEN));
    INT(inotify_add_watch(in, "", IN_OPEN));
    INT(inotify_add_watch(in, 0, IN_OPEN));
    INT(inotify_add_watch(-1, D, IN_OPEN));
    INT(inotify_add_watch(0, D, IN_OPEN));
    INT(inotify_rm_watch(-1, 1));
    INT(inotify_rm_watch(0, 1));
    INT(inotify_init1(1));
    symlink("file", D "/link");
    int number = inotify_add_watch(in, D "/link", IN_ALL_EVENTS);
    TRUTH(number == inotify_add_watch(in, D "/file", IN_ALL_EVENTS));
    TRUTH(number != inotify_add_watch(in, D "/link", IN_ALL_EVENTS | IN_DONT_FOLLOW));
    told("links");
    DO(unlink(D "/link"));
    INT(inotify_add_watch(in, D "/file", IN_CLOSE | IN_ONESHOT));
    DO(close(open(D "/file", O_RDONLY)));
    DO(close(open(D "/file", O_RDONLY)));
    INT(inotify_add_watch(in, D, IN_ONESHOT | IN_ONLYDIR | IN_CREATE));
    DO(mkdir(D "/sub", 0755); mkdir(D "/sub2", 0755));

    section("reading");
    INT(inotify_add_watch(in, D, IN_CREATE | IN_DELETE));
    int bytes = -1;
    INT(ioctl(in, FIONREAD, &bytes));
    INT(bytes);
    struct pollfd poll_in = {in, POLLIN | POLLOUT, 0};
    INT(poll(&poll_in, 1, 0));
    close(creat(D "/a", 0600));
    close(creat(D "/fifteen letters", 0600));
    close(creat(D "/sixteen letters!", 0600));
    INT(ioctl(in, FIONREAD, &bytes));
    INT(bytes);
    INT(poll(&poll_in, 1, 0));
    INT(poll_in.revents);
    struct epoll_event events[2] = {{EPOLLIN, {.fd = 7}}, {0}};
    int set = epoll_create1(0);
    INT(epoll_ctl(set, EPOLL_CTL_ADD, in, events));
    INT(epoll_wait(set, events, 2, 0));
    char small[32] __attribute__((aligned(8)));
    INT(read(in, small, 16));
    INT(read(in, small, 31));
    INT(read(in, small, 32));
    show((void *)small);
    INT(read(in, small, 32));
    INT(ioctl(in, FIONREAD, &bytes));
    INT(bytes);
    INT(write(in, small, 32));
    told("the rest");
    INT(epoll_wait(set, events, 2, 0));
    INT(read(in, small, 32));
    INT(ioctl(in, 0x1234, &bytes));
    INT(ioctl(in, FIONREAD, 0));
    close(set);

    section("waiting");
    INT(fcntl(in, F_SETFL, 0));
    pthread_t thread;
    pthread_create(&thread, 0, makes, 0);
    char buffer[256] __attribute__((aligned(8)));
    INT(read(in, buffer, sizeof buffer));
    show((void *)buffer);
    pthread_join(thread, 0);
    unlink(D "/by another");
    INT(poll(&poll_in, 1, -1));
    INT(fcntl(in, F_SETFL, O_NONBLOCK));
    told("removed");

    section("two instances");
    int other = inotify_init();
    INT(fcntl(other, F_GETFL) & O_NONBLOCK);
    INT(inotify_add_watch(other, D, IN_CREATE));
    close(creat(D "/b", 0600));
    told("one");
    INT(read(other, buffer, sizeof buffer));
    show((void *)buffer);
    INT(close(other));

    section("too many");
    for (int i = 0; i < 9000; i++) {
        char name[64];
        snprintf(name, sizeof name, D "/many%d", i);
        close(creat(name, 0600));
        unlink(name);
    }
    int count = 0;
    ssize_t length;
    struct inotify_event last = {0};
    char large[65536] __attribute__((aligned(8)));
    while ((length = read(in, large, sizeof large)) > 0)
        for (char *at = large; at < large + length; count++) {
            memcpy(&last, at, sizeof last);
            at += sizeof last + last.len;
        }
    INT(count);
    show(&last);
    close(in);
    return 0;
}
