// Pipes, poll, select, epoll and eventfd, alone and between threads.
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/ioctl.h>
#include <sys/select.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

static void say(const char *what, long result)
{
    printf("%s: %ld%s%s\n", what, result, result < 0 ? " " : "", result < 0 ? strerror(errno) : "");
}

static int ends[2];

static void *feeds(void *argument)
{
    long total = (long)(intptr_t)argument;
    unsigned char chunk[1000];
    unsigned char next = 0;
    while (total > 0) {
        size_t size = total < 1000 ? (size_t)total : 1 + (size_t)(total * 7 % 1000);
        for (size_t i = 0; i < size; i++)
            chunk[i] = next++;
        for (size_t done = 0; done < size;) {
            ssize_t wrote = write(ends[1], chunk + done, size - done);
            if (wrote < 0)
                return (void *)1;
            done += (size_t)wrote;
        }
        total -= (long)size;
    }
    close(ends[1]);
    return NULL;
}

static void *later(void *fd)
{
    usleep(30000);
    if (write((int)(intptr_t)fd, "12345678", 8) != 8)
        puts("write failed");
    return NULL;
}

static long since(const struct timespec *start)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (now.tv_sec - start->tv_sec) * 1000 + (now.tv_nsec - start->tv_nsec) / 1000000;
}

int main(void)
{
    char text[100];
    setvbuf(stdout, NULL, _IOLBF, 0);
    signal(SIGPIPE, SIG_IGN);
    say("pipe", pipe(ends));
    say("write", write(ends[1], "through", 7));
    int available;
    say("FIONREAD", ioctl(ends[0], FIONREAD, &available));
    printf("available %d\n", available);
    say("read", read(ends[0], text, 100));
    say("seek", lseek(ends[0], 0, SEEK_SET));
    say("wrong end", write(ends[0], "x", 1));
    pthread_t thread;
    pthread_create(&thread, NULL, feeds, (void *)1000000);
    long total = 0, wrong = 0;
    unsigned char block[3333], next = 0;
    for (ssize_t got; (got = read(ends[0], block, sizeof block)) > 0; total += got)
        for (ssize_t i = 0; i < got; i++)
            wrong += block[i] != next++;
    pthread_join(thread, NULL);
    printf("through the pipe: %ld, wrong %ld\n", total, wrong);
    close(ends[0]);
    say("pipe2", pipe2(ends, O_NONBLOCK | O_CLOEXEC));
    say("empty", read(ends[0], text, 1));
    long filled = 0;
    for (ssize_t wrote; (wrote = write(ends[1], block, 1000)) > 0; filled += wrote)
        ;
    const char *full = strerror(errno);
    // Linux may leave the end of each of its sixteen pages empty.
    printf("full after enough %d: %s\n", filled >= 60000 && filled <= 65536, full);
    say("F_GETPIPE_SZ", fcntl(ends[1], F_GETPIPE_SZ));
    close(ends[0]);
    say("no reader", write(ends[1], "x", 1));
    struct pollfd broken = {ends[1], POLLOUT, 0};
    printf("poll %d", poll(&broken, 1, 0));
    printf(" error %d\n", (broken.revents & POLLERR) != 0);
    close(ends[1]);

    pipe(ends);
    struct pollfd set[3] = {{ends[0], POLLIN, 0}, {ends[1], POLLOUT, 0}, {-1, POLLIN, 0}};
    printf("poll %d", poll(set, 3, 0));
    printf(" %x %x %x\n", set[0].revents, set[1].revents, set[2].revents);
    struct timespec start;
    clock_gettime(CLOCK_MONOTONIC, &start);
    printf("poll times out %d", poll(set, 1, 30));
    printf(" after enough %d\n", since(&start) >= 29);
    pthread_create(&thread, NULL, later, (void *)(intptr_t)ends[1]);
    printf("poll wakes %d", poll(set, 1, 20000));
    printf(" %x\n", set[0].revents);
    pthread_join(thread, NULL);
    set[2].fd = 99;
    printf("poll of a closed one %d", poll(set + 2, 1, 0));
    printf(" %x\n", set[2].revents);
    fd_set reads, writes;
    FD_ZERO(&reads);
    FD_ZERO(&writes);
    FD_SET(ends[0], &reads);
    FD_SET(ends[1], &writes);
    struct timeval wait = {5, 0};
    printf("select %d", select(ends[1] + 1, &reads, &writes, NULL, &wait));
    printf(" %d %d\n", FD_ISSET(ends[0], &reads) != 0, FD_ISSET(ends[1], &writes) != 0);
    read(ends[0], text, 8);
    FD_ZERO(&reads);
    FD_SET(ends[0], &reads);
    wait = (struct timeval){0, 20000};
    printf("select times out %d", select(ends[0] + 1, &reads, NULL, NULL, &wait));
    printf(" %d\n", FD_ISSET(ends[0], &reads) != 0);
    FD_SET(50, &reads);
    int result = select(51, &reads, NULL, NULL, NULL);
    printf("select of a closed one %d %s\n", result, strerror(errno));
    close(ends[1]);
    set[0].revents = 0;
    printf("hung up %d", poll(set, 1, 0));
    printf(" %d\n", (set[0].revents & POLLHUP) != 0);
    say("end of file", read(ends[0], text, 1));
    close(ends[0]);

    int event = eventfd(3, EFD_NONBLOCK);
    uint64_t value = 4;
    say("eventfd write", write(event, &value, 8));
    say("eventfd read", read(event, &value, 8));
    printf("value %lu\n", (unsigned long)value);
    say("eventfd empty", read(event, &value, 8));
    say("eventfd short", read(event, &value, 4));
    value = UINT64_MAX - 1;
    write(event, &value, 8);
    value = 1;
    say("eventfd full", write(event, &value, 8));
    eventfd_read(event, &value);
    int semaphore = eventfd(2, EFD_SEMAPHORE | EFD_NONBLOCK);
    read(semaphore, &value, 8);
    printf("semaphore %lu", (unsigned long)value);
    read(semaphore, &value, 8);
    printf(" %lu", (unsigned long)value);
    printf(" %zd\n", read(semaphore, &value, 8));
    close(semaphore);

    pipe(ends);
    int epoll = epoll_create1(EPOLL_CLOEXEC);
    struct epoll_event in = {EPOLLIN, {.u64 = 111}}, events[8];
    say("add", epoll_ctl(epoll, EPOLL_CTL_ADD, ends[0], &in));
    say("add again", epoll_ctl(epoll, EPOLL_CTL_ADD, ends[0], &in));
    in.data.u64 = 222;
    say("add the event", epoll_ctl(epoll, EPOLL_CTL_ADD, event, &in));
    say("add itself", epoll_ctl(epoll, EPOLL_CTL_ADD, epoll, &in));
    int file = open("/dev/null", O_RDONLY);
    int regular = open("/proc/self/exe", O_RDONLY);
    say("none", epoll_wait(epoll, events, 8, 0));
    write(ends[1], "x", 1);
    say("one", epoll_wait(epoll, events, 8, 1000));
    printf("data %lu events %x\n", (unsigned long)events[0].data.u64, events[0].events);
    say("still", epoll_wait(epoll, events, 8, 0));
    in = (struct epoll_event){EPOLLIN | EPOLLET, {.u64 = 333}};
    say("edge", epoll_ctl(epoll, EPOLL_CTL_MOD, ends[0], &in));
    say("edge once", epoll_wait(epoll, events, 8, 0));
    say("not twice", epoll_wait(epoll, events, 8, 0));
    write(ends[1], "y", 1);
    say("new edge", epoll_wait(epoll, events, 8, 0));
    in.events = EPOLLIN | EPOLLONESHOT;
    epoll_ctl(epoll, EPOLL_CTL_MOD, ends[0], &in);
    say("one shot", epoll_wait(epoll, events, 8, 0));
    say("disarmed", epoll_wait(epoll, events, 8, 0));
    value = 1;
    write(event, &value, 8);
    in.events = EPOLLIN;
    epoll_ctl(epoll, EPOLL_CTL_MOD, ends[0], &in);
    say("both", epoll_wait(epoll, events, 8, 0));
    say("at most one", epoll_wait(epoll, events, 1, 0));
    say("delete", epoll_ctl(epoll, EPOLL_CTL_DEL, ends[0], NULL));
    say("delete again", epoll_ctl(epoll, EPOLL_CTL_DEL, ends[0], NULL));
    close(event);
    say("closed ones leave", epoll_wait(epoll, events, 8, 0));
    epoll_ctl(epoll, EPOLL_CTL_ADD, ends[0], &in);
    read(ends[0], text, 100);
    pthread_create(&thread, NULL, later, (void *)(intptr_t)ends[1]);
    say("wakes", epoll_wait(epoll, events, 8, 20000));
    pthread_join(thread, NULL);
    close(ends[1]);
    say("hang up", epoll_wait(epoll, events, 8, 0));
    printf("%x\n", events[0].events);
    say("bad count", epoll_wait(epoll, events, 0, 0));
    close(ends[0]), close(epoll), close(file), close(regular);

    return 0;
}
