// poll.h, sys/select.h, sys/epoll.h, sys/eventfd.h: readiness, errors and limits of what waits.
#define _GNU_SOURCE
#include "check.h"
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/ioctl.h>
#include <sys/select.h>
#include <sys/signalfd.h>
#include <sys/time.h>
#include <sys/timerfd.h>
#include <time.h>
#include <unistd.h>

int main(void)
{
    setvbuf(stdout, 0, _IOLBF, 0);
    int ends[2];
    pipe(ends);
    section("poll");
    struct timespec none = {0}, bad = {0, -1};
    struct pollfd sets[4] = {{ends[0], POLLIN, 0}, {ends[1], POLLOUT, 0}, {-1, POLLIN, 99}, {500, POLLIN, 0}};
    INT(poll(sets, 4, 0));
    for (int i = 0; i < 4; i++)
        HEX(sets[i].revents);
    INT(poll(0, 0, 0));
    INT(ppoll(sets, 1, &none, 0));
    INT(ppoll(sets, 1, &bad, 0));
    write(ends[1], "data", 4);
    INT(ppoll(sets, 2, &none, 0));
    HEX(sets[0].revents);
    int readable;
    INT(ioctl(ends[0], FIONREAD, &readable));
    INT(readable);
    section("select");
    fd_set reads, writes;
    FD_ZERO(&reads);
    FD_ZERO(&writes);
    FD_SET(ends[0], &reads);
    FD_SET(ends[1], &writes);
    struct timeval now = {0}, wrong = {-1, 0};
    INT(select(ends[1] + 1, &reads, &writes, 0, &now));
    INT(FD_ISSET(ends[0], &reads) != 0);
    INT(select(-1, 0, 0, 0, &now));
    INT(select(0, 0, 0, 0, &wrong));
    FD_SET(60, &reads);
    INT(select(61, &reads, 0, 0, &now));
    sigset_t mask;
    sigemptyset(&mask);
    FD_ZERO(&reads);
    FD_SET(ends[0], &reads);
    INT(pselect(ends[1] + 1, &reads, 0, 0, &none, &mask));
    INT(pselect(0, 0, 0, 0, &bad, 0));
    section("epoll");
    INT(epoll_create(0));
    TRUTH(epoll_create(1) > 2);
    int set = epoll_create1(EPOLL_CLOEXEC);
    INT(epoll_create1(99));
    struct epoll_event event = {EPOLLIN, {.u64 = 7}}, events[4];
    INT(epoll_ctl(set, EPOLL_CTL_ADD, ends[0], &event));
    INT(epoll_ctl(set, EPOLL_CTL_ADD, ends[0], &event));
    INT(epoll_ctl(set, EPOLL_CTL_ADD, 500, &event));
    INT(epoll_ctl(ends[0], EPOLL_CTL_ADD, ends[1], &event));
    INT(epoll_ctl(set, 9, ends[1], &event));
    INT(epoll_ctl(set, EPOLL_CTL_MOD, ends[1], &event));
    INT(epoll_ctl(set, EPOLL_CTL_DEL, ends[1], 0));
    int file = open("/tmp", O_RDONLY);
    INT(epoll_ctl(set, EPOLL_CTL_ADD, file, &event));
    INT(epoll_wait(set, events, 4, 0));
    INT(events[0].data.u64);
    HEX(events[0].events);
    INT(epoll_wait(set, events, 0, 0));
    INT(epoll_wait(-1, events, 4, 0));
    INT(epoll_pwait(set, events, 4, 0, &mask));
    INT(epoll_pwait2(set, events, 4, &none, 0));
    INT(epoll_pwait2(set, events, 4, &bad, 0));
    event.events = EPOLLIN | EPOLLET | EPOLLONESHOT;
    INT(epoll_ctl(set, EPOLL_CTL_MOD, ends[0], &event));
    INT(epoll_wait(set, events, 4, 0));
    INT(epoll_wait(set, events, 4, 0));
    event.events = EPOLLIN | EPOLLEXCLUSIVE;
    INT(epoll_ctl(set, EPOLL_CTL_MOD, ends[0], &event));
    section("eventfd");
    int counter = eventfd(3, EFD_NONBLOCK);
    eventfd_t value = 0;
    INT(eventfd_read(counter, &value));
    INT(value);
    INT(eventfd_read(counter, &value));
    INT(eventfd_write(counter, 5));
    INT(eventfd_write(counter, -1));
    INT(write(counter, "x", 1));
    INT(eventfd_write(counter, -2ull - 5));
    INT(eventfd_write(counter, 1));
    INT(eventfd(0, 0x1234));
    int semaphore = eventfd(2, EFD_SEMAPHORE | EFD_NONBLOCK);
    INT(eventfd_read(semaphore, &value));
    INT(value);
    INT(eventfd_read(semaphore, &value));
    INT(eventfd_read(semaphore, &value));
    return 0;
}
