/* Signals as a file. */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/signalfd.h>
#include <sys/time.h>
#include <unistd.h>

/* What a call gives, and the error. */
#define TRY(what, call) \
    do { \
        errno = 0; \
        long got = (call); \
        printf("%s: %ld %s\n", what, got, got < 0 ? strerror(errno) : ""); \
    } while (0)

static void *later(void *unused) {
    usleep(30000);
    kill(getpid(), SIGUSR1);
    return unused;
}

static void show(const char *what, int fd) {
    struct signalfd_siginfo info[3];
    ssize_t got = read(fd, info, sizeof info);
    printf("%s: %s", what, got < 0 ? strerror(errno) : "");
    for (int i = 0; i < got / (ssize_t)sizeof *info; i++)
        printf("[%u code %d own %d value %d]", info[i].ssi_signo, info[i].ssi_code,
               info[i].ssi_pid == (unsigned)getpid(), info[i].ssi_int);
    printf("\n");
}

int main(void) {
    sigset_t set;
    sigemptyset(&set);
    sigaddset(&set, SIGUSR1);
    sigaddset(&set, SIGRTMIN);
    sigaddset(&set, SIGALRM);
    sigaddset(&set, SIGKILL);
    pthread_sigmask(SIG_BLOCK, &set, NULL);
    TRY("flags", signalfd(-1, &set, 1));
    TRY("not one", signalfd(0, &set, 0));
    TRY("closed", signalfd(77, &set, 0));
    int fd = signalfd(-1, &set, SFD_NONBLOCK | SFD_CLOEXEC);
    printf("cloexec %d nonblock %d\n", fcntl(fd, F_GETFD), !!(fcntl(fd, F_GETFL) & O_NONBLOCK));
    show("nothing", fd);
    char small[100];
    TRY("short", read(fd, small, sizeof small));
    struct pollfd p = {fd, POLLIN, 0};
    printf("poll: %d\n", poll(&p, 1, 0));

    kill(getpid(), SIGUSR1);
    kill(getpid(), SIGUSR1);
    union sigval value = {.sival_int = 7};
    sigqueue(getpid(), SIGRTMIN, value);
    value.sival_int = 8;
    sigqueue(getpid(), SIGRTMIN, value);
    TRY("poll", poll(&p, 1, 0));
    printf("events %x\n", p.revents);
    show("queued", fd);
    show("empty", fd);

    /* Another set; what waits for the thread counts, too. */
    sigdelset(&set, SIGUSR1);
    printf("set: %d\n", signalfd(fd, &set, 0) == fd);
    raise(SIGUSR1);
    printf("poll: %d\n", poll(&p, 1, 0));
    sigaddset(&set, SIGUSR1);
    signalfd(fd, &set, 0);
    show("raised", fd);

    /* Somebody sends while epoll and a blocking read wait. */
    int all = epoll_create1(0);
    struct epoll_event e = {EPOLLIN, {0}}, out;
    epoll_ctl(all, EPOLL_CTL_ADD, fd, &e);
    pthread_t thread;
    pthread_create(&thread, NULL, later, NULL);
    printf("epoll: %d\n", epoll_wait(all, &out, 1, 5000));
    show("sent", fd);
    pthread_join(thread, NULL);
    fcntl(fd, F_SETFL, 0);
    pthread_create(&thread, NULL, later, NULL);
    show("waited", fd);
    pthread_join(thread, NULL);
    struct itimerval alarm_in = {{0, 0}, {0, 20000}};
    setitimer(ITIMER_REAL, &alarm_in, NULL);
    show("alarm", fd);
    return 0;
}
