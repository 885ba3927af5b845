/* Which calls a handler interrupts, and which are made again with SA_RESTART. */
#define _GNU_SOURCE
#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <semaphore.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/select.h>
#include <sys/time.h>
#include <sys/timerfd.h>
#include <time.h>
#include <unistd.h>

static volatile sig_atomic_t handled;
static int pipe_of[2], events, timer, set_of;
static sem_t never;

static void handle(int signal) { handled += signal == SIGALRM; }

/* For what goes on after the handler: something comes in the end. */
static void *feed(void *unused) {
    usleep(120000);
    write(pipe_of[1], "x", 1);
    uint64_t one = 1;
    write(events, &one, 8);
    sem_post(&never);
    return unused;
}

static int do_read(void) { char byte; return read(pipe_of[0], &byte, 1); }
static int do_eventfd(void) { uint64_t value; return read(events, &value, 8); }
static int do_timerfd(void) { uint64_t value; return read(timer, &value, 8); }
static int do_poll(void) { return poll(NULL, 0, 200); }
static int do_select(void) { struct timeval t = {0, 200000}; return select(0, NULL, NULL, NULL, &t); }
static int do_pselect(void) { struct timespec t = {0, 200000000}; return pselect(0, NULL, NULL, NULL, &t, NULL); }
static int do_epoll(void) { struct epoll_event e; return epoll_wait(set_of, &e, 1, 200); }
static int do_nanosleep(void) { struct timespec t = {0, 200000000}; return nanosleep(&t, NULL); }
static int do_usleep(void) { return usleep(200000); }
static int do_pause(void) { return pause(); }
static int do_sem(void) { return sem_wait(&never); }
static int do_clock(void) {
    struct timespec t = {0, 200000000}, left = {0, 0};
    int error = clock_nanosleep(CLOCK_MONOTONIC, 0, &t, &left);
    if (error)
        printf(" (left %d)", left.tv_nsec > 0 && left.tv_nsec < 200000000);
    errno = error;
    return error ? -1 : 0;
}
static int do_absolute(void) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    t.tv_nsec += 200000000;
    t.tv_sec += t.tv_nsec / 1000000000, t.tv_nsec %= 1000000000;
    errno = clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &t, NULL);
    return errno ? -1 : 0;
}
static int do_sigtimedwait(void) {
    sigset_t set;
    sigemptyset(&set);
    sigaddset(&set, SIGUSR2);
    struct timespec t = {0, 200000000};
    return sigtimedwait(&set, NULL, &t);
}

static const struct { const char *name; int (*call)(void); } calls[] = {
    {"read", do_read}, {"eventfd", do_eventfd}, {"timerfd", do_timerfd}, {"poll", do_poll}, {"select", do_select},
    {"pselect", do_pselect}, {"epoll_wait", do_epoll}, {"nanosleep", do_nanosleep}, {"usleep", do_usleep},
    {"clock_nanosleep", do_clock}, {"absolute", do_absolute}, {"sem_wait", do_sem}, {"sigtimedwait", do_sigtimedwait},
    {"pause", do_pause},
};

int main(void) {
    setvbuf(stdout, NULL, _IONBF, 0);
    pipe(pipe_of);
    events = eventfd(0, 0);
    timer = timerfd_create(CLOCK_MONOTONIC, 0);
    set_of = epoll_create1(0);
    sem_init(&never, 0, 0);
    sigset_t usr2;
    sigemptyset(&usr2);
    sigaddset(&usr2, SIGUSR2);
    sigprocmask(SIG_BLOCK, &usr2, NULL);
    for (int restart = 0; restart < 2; restart++) {
        struct sigaction action = {.sa_handler = handle, .sa_flags = restart ? SA_RESTART : 0};
        sigaction(SIGALRM, &action, NULL);
        for (unsigned i = 0; i < sizeof calls / sizeof *calls; i++) {
            handled = 0;
            printf("%s%s:", calls[i].name, restart ? " restarts" : "");
            /* The feeding thread takes no signals. */
            pthread_t thread;
            sigset_t all, before;
            sigfillset(&all);
            pthread_sigmask(SIG_SETMASK, &all, &before);
            pthread_create(&thread, NULL, feed, NULL);
            pthread_sigmask(SIG_SETMASK, &before, NULL);
            struct itimerspec at = {{0, 0}, {0, 120000000}};
            timerfd_settime(timer, 0, &at, NULL);
            struct itimerval it = {{0, 0}, {0, 40000}};
            setitimer(ITIMER_REAL, &it, NULL);
            errno = 0;
            int got = calls[i].call();
            int error = errno;
            printf(" %d %s handled %d\n", got, got < 0 ? strerror(error) : "", (int)handled);
            pthread_join(thread, NULL);
            /* Take what the call has left. */
            struct pollfd left[] = {{pipe_of[0], POLLIN, 0}, {events, POLLIN, 0}};
            char byte;
            uint64_t value;
            poll(left, 2, 0);
            if (left[0].revents) read(pipe_of[0], &byte, 1);
            if (left[1].revents) read(events, &value, 8);
            while (sem_trywait(&never) == 0);
        }
    }
    return 0;
}
