/* Timers as files: what they count, what waits for them, what they refuse. */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/select.h>
#include <sys/timerfd.h>
#include <time.h>
#include <unistd.h>

/* What a call gives, and the error. */
#define TRY(what, call) \
    do { \
        errno = 0; \
        long got = (call); \
        printf("%s: %ld %s\n", what, got, got < 0 ? strerror(errno) : ""); \
    } while (0)

static struct itimerspec in(long first, long interval) {
    struct itimerspec it = {{interval / 1000, interval % 1000 * 1000000}, {first / 1000, first % 1000 * 1000000}};
    return it;
}

static long long take(int fd) {
    uint64_t count = 0;
    ssize_t got = read(fd, &count, sizeof count);
    return got == 8 ? (long long)count : -errno;
}

static long long now(clockid_t clock) {
    struct timespec at;
    clock_gettime(clock, &at);
    return at.tv_sec * 1000000000ll + at.tv_nsec;
}

int main(void) {
    int clocks[] = {CLOCK_REALTIME, CLOCK_MONOTONIC, CLOCK_BOOTTIME, CLOCK_PROCESS_CPUTIME_ID, 99};
    for (int i = 0; i < 5; i++) {
        int fd = timerfd_create(clocks[i], TFD_CLOEXEC);
        printf("clock %d: %s\n", clocks[i], fd >= 0 ? "yes" : strerror(errno));
        if (fd >= 0) {
            printf("cloexec %d\n", fcntl(fd, F_GETFD));
            close(fd);
        }
    }
    TRY("flags", timerfd_create(CLOCK_MONOTONIC, 1));

    int fd = timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK);
    struct itimerspec set = in(20, 0), old, bad = in(20, 0);
    printf("nothing yet: %lld\n", take(fd) == -EAGAIN);
    TRY("short", read(fd, &old, 4));
    TRY("write", write(fd, &old, 8));
    bad.it_value.tv_nsec = 1000000000;
    TRY("bad", timerfd_settime(fd, 0, &bad, NULL));
    TRY("bad flags", timerfd_settime(fd, 8, &set, NULL));
    TRY("not one", timerfd_settime(0, 0, &set, NULL));
    TRY("closed", timerfd_gettime(77, &old));

    long long start = now(CLOCK_MONOTONIC);
    printf("set: %d\n", timerfd_settime(fd, 0, &set, NULL));
    struct pollfd p = {fd, POLLIN | POLLOUT, 0};
    int n = poll(&p, 1, 5000);
    printf("poll: %d %x in time %d\n", n, p.revents, now(CLOCK_MONOTONIC) - start >= 20000000);
    printf("count: %lld\n", take(fd));
    printf("then: %d\n", take(fd) == -EAGAIN);

    set = in(10, 10);
    timerfd_settime(fd, 0, &set, NULL);
    usleep(105000);
    long long many = take(fd);
    printf("several: %d\n", many >= 10);
    timerfd_gettime(fd, &old);
    printf("interval %ld, left %d\n", old.it_interval.tv_nsec, old.it_value.tv_nsec > 0 && old.it_value.tv_nsec <= 10000000);
    set = in(0, 0);
    timerfd_settime(fd, 0, &set, &old);
    printf("old interval %ld\n", old.it_interval.tv_nsec);
    timerfd_gettime(fd, &old);
    printf("disarmed: %ld %ld\n", old.it_value.tv_nsec, old.it_interval.tv_nsec);
    usleep(30000);
    printf("still: %d\n", take(fd) == -EAGAIN);

    /* An absolute time of each clock; one that has passed comes at once. */
    clockid_t both[] = {CLOCK_MONOTONIC, CLOCK_REALTIME};
    for (int i = 0; i < 2; i++) {
        int timer = timerfd_create(both[i], 0);
        long long at = now(both[i]) + 30000000;
        struct itimerspec when = {{0, 0}, {at / 1000000000, at % 1000000000}};
        timerfd_settime(timer, TFD_TIMER_ABSTIME | (i ? TFD_TIMER_CANCEL_ON_SET : 0), &when, NULL);
        printf("absolute: %lld\n", take(timer));
        printf("early: %d\n", now(both[i]) < at);
        when.it_value.tv_sec = 1, when.it_value.tv_nsec = 0;
        when.it_interval.tv_sec = 0;
        timerfd_settime(timer, TFD_TIMER_ABSTIME, &when, NULL);
        printf("passed: %d\n", (int)take(timer));
        close(timer);
    }

    /* epoll, level and edge. */
    int set_of = epoll_create1(0);
    struct epoll_event e = {EPOLLIN, {.u32 = 1}}, out[4];
    epoll_ctl(set_of, EPOLL_CTL_ADD, fd, &e);
    set = in(15, 15);
    timerfd_settime(fd, 0, &set, NULL);
    printf("epoll: %d", epoll_wait(set_of, out, 4, 5000));
    printf(" again %d", epoll_wait(set_of, out, 4, 0));
    printf(" taken %d", take(fd) >= 1);
    printf(" next %d\n", epoll_wait(set_of, out, 4, 5000));
    e.events = EPOLLIN | EPOLLET;
    take(fd);
    epoll_ctl(set_of, EPOLL_CTL_MOD, fd, &e);
    printf("edge: %d", epoll_wait(set_of, out, 4, 5000));
    printf(" taken %d", take(fd) >= 1);
    printf(" next %d\n", epoll_wait(set_of, out, 4, 5000));
    fd_set fds;
    FD_ZERO(&fds);
    FD_SET(fd, &fds);
    struct timeval limit = {5, 0};
    printf("select: %d\n", select(fd + 1, &fds, NULL, NULL, &limit));
    int copy = dup(fd);
    close(fd);
    printf("copy: %d\n", take(copy) >= 1);
    return 0;
}
