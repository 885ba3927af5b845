// signal.h: sets, actions, masks, queues and the older interfaces; handlers at work are in the boot
// program signals.c.
#define _GNU_SOURCE
#include "check.h"
#include <setjmp.h>
#include <signal.h>
#include <sys/signalfd.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

extern int __libc_current_sigrtmin(void), __libc_current_sigrtmax(void), __libc_allocate_rtsig(int);
extern int __sigpause(int, int), __xpg_sigpause(int);
extern __sighandler_t sysv_signal(int, __sighandler_t);
extern int sigreturn(struct sigcontext *);
extern int sigblock(int), sigsetmask(int), siggetmask(void);

static volatile int caught, code, value;

static void handler(int signal)
{
    caught = signal;
}

static void detailed(int signal, siginfo_t *info, void *context)
{
    (void)context;
    caught = signal;
    code = info->si_code;
    value = info->si_value.sival_int;
}

static void sets(void)
{
    section("sets");
    sigset_t a, b, c;
    INT(sigemptyset(&a));
    INT(sigisemptyset(&a));
    INT(sigaddset(&a, SIGINT));
    INT(sigismember(&a, SIGINT));
    INT(sigismember(&a, SIGTERM));
    INT(sigisemptyset(&a));
    INT(sigaddset(&a, 0));
    INT(sigaddset(&a, 65));
    INT(sigaddset(&a, 64));
    INT(sigdelset(&a, 64));
    INT(sigdelset(&a, 99));
    INT(sigismember(&a, -1));
    INT(sigfillset(&b));
    INT(sigismember(&b, SIGKILL));
    INT(sigismember(&b, 32));
    INT(sigismember(&b, 33));
    INT(sigismember(&b, 64));
    INT(sigandset(&c, &a, &b));
    INT(sigismember(&c, SIGINT));
    INT(sigorset(&c, &a, &b));
    INT(sigismember(&c, SIGTERM));
    INT(SIGRTMIN);
    INT(SIGRTMAX);
    INT(__libc_current_sigrtmin());
    INT(__libc_current_sigrtmax());
    INT(__libc_allocate_rtsig(1));
    INT(__libc_allocate_rtsig(0));
    INT(SIGRTMIN);
    INT(SIGRTMAX);
}

static void actions(void)
{
    section("actions");
    struct sigaction action = {.sa_handler = handler, .sa_flags = SA_RESTART}, old;
    sigaddset(&action.sa_mask, SIGUSR2);
    INT(sigaction(SIGUSR1, &action, 0));
    INT(sigaction(SIGUSR1, 0, &old));
    TRUTH(old.sa_handler == handler);
    HEX(old.sa_flags & (SA_RESTART | SA_SIGINFO | SA_NODEFER));
    INT(sigismember(&old.sa_mask, SIGUSR2));
    INT(sigaction(SIGKILL, &action, 0));
    INT(sigaction(0, &action, 0));
    INT(sigaction(65, &action, 0));
    INT(sigaction(SIGKILL, 0, &old));
    INT(raise(SIGUSR1));
    INT(caught);
    INT(raise(99));
    TRUTH(signal(SIGUSR2, handler) == SIG_DFL);
    TRUTH(signal(SIGUSR2, SIG_IGN) == handler);
    TRUTH(signal(SIGSTOP, handler) == SIG_ERR);
    TRUTH(signal(99, handler) == SIG_ERR);
    TRUTH(sysv_signal(SIGUSR2, handler) == SIG_IGN);
    caught = 0;
    raise(SIGUSR2);
    INT(caught);
    TRUTH(signal(SIGUSR2, SIG_DFL) == SIG_DFL);
    INT(siginterrupt(SIGUSR1, 1));
    sigaction(SIGUSR1, 0, &old);
    HEX(old.sa_flags & SA_RESTART);
    INT(siginterrupt(SIGUSR1, 0));
    sigaction(SIGUSR1, 0, &old);
    HEX(old.sa_flags & SA_RESTART);
    INT(siginterrupt(99, 1));
    section("System V and BSD");
    TRUTH(sigset(SIGUSR2, handler) == SIG_DFL);
    INT(sighold(SIGUSR2));
    caught = 0;
    raise(SIGUSR2);
    INT(caught);
    INT(sigrelse(SIGUSR2));
    INT(caught);
    INT(sighold(99));
    INT(sigrelse(99));
    INT(sigignore(SIGUSR2));
    INT(sigignore(99));
    TRUTH(sigset(SIGUSR2, SIG_HOLD) == SIG_IGN);
    TRUTH(sigset(SIGUSR2, handler) == SIG_HOLD);
    HEX(sigblock(sigmask(SIGUSR2)));
    HEX(siggetmask());
    raise(SIGUSR2);
    HEX(sigsetmask(0));
    INT(caught);
    HEX(siggetmask());
    INT(sigreturn(0));
}

static void masks(void)
{
    section("masks");
    sigset_t set, old, pending;
    sigemptyset(&set);
    sigaddset(&set, SIGUSR1);
    sigaddset(&set, SIGRTMIN);
    INT(sigprocmask(SIG_BLOCK, &set, &old));
    INT(sigprocmask(9, &set, 0));
    INT(sigprocmask(9, 0, 0));
    caught = 0;
    raise(SIGUSR1);
    INT(sigpending(&pending));
    INT(sigismember(&pending, SIGUSR1));
    INT(caught);
    siginfo_t info;
    INT(sigwaitinfo(&set, &info));
    INT(info.si_signo);
    struct timespec none = {0}, bad = {0, -1};
    INT(sigtimedwait(&set, &info, &none));
    INT(sigtimedwait(&set, &info, &bad));
    for (int i = 0; i < 3; i++)
        sigqueue(getpid(), SIGRTMIN, (union sigval){.sival_int = i});
    for (int i = 0; i < 3; i++) {
        INT(sigtimedwait(&set, &info, &none) == SIGRTMIN);
        INT(info.si_value.sival_int);
        INT(info.si_code);
    }
    INT(sigqueue(getpid(), 99, (union sigval){0}));
    INT(sigqueue(999999, 0, (union sigval){0}));
    raise(SIGUSR1);
    raise(SIGUSR1);
    int number;
    CODE(sigwait(&set, &number));
    INT(number);
    INT(sigtimedwait(&set, &info, &none));
    struct sigaction action = {.sa_sigaction = detailed, .sa_flags = SA_SIGINFO};
    sigaction(SIGRTMIN, &action, 0);
    sigqueue(getpid(), SIGRTMIN, (union sigval){.sival_int = 42});
    sigprocmask(SIG_UNBLOCK, &set, 0);
    INT(caught == SIGRTMIN);
    INT(code);
    INT(value);
    sigprocmask(SIG_BLOCK, &set, 0);
    raise(SIGUSR1);
    sigemptyset(&set);
    INT(sigsuspend(&set));
    INT(caught);
    raise(SIGUSR1);
    INT(__xpg_sigpause(SIGUSR1));
    raise(SIGUSR1);
    INT(__sigpause(0, 0));
    raise(SIGUSR1);
    extern int bsd_sigpause(int) __asm__("sigpause");
    INT(bsd_sigpause(0));
    INT(caught);
    INT(kill(getpid(), 0));
    INT(kill(getpid(), 99));
    INT(kill(999999, 0));
    INT(killpg(999999, 0));
    INT(killpg(-1, 0));
    INT(tgkill(getpid(), gettid(), 0));
    INT(tgkill(getpid(), 999999, 0));
    INT(tgkill(getpid(), gettid(), 99));
    section("alternate stacks");
    stack_t stack, before;
    INT(sigaltstack(0, &before));
    HEX(before.ss_flags);
    static char memory[65536];
    stack = (stack_t){.ss_sp = memory, .ss_size = sizeof memory};
    INT(sigaltstack(&stack, 0));
    INT(sigaltstack(0, &before));
    TRUTH(before.ss_sp == memory && before.ss_size == sizeof memory);
    stack.ss_size = 100;
    INT(sigaltstack(&stack, 0));
    stack.ss_flags = 99;
    INT(sigaltstack(&stack, 0));
    stack.ss_flags = SS_DISABLE;
    INT(sigaltstack(&stack, 0));
    section("descriptions");
    info = (siginfo_t){.si_signo = SIGSEGV, .si_code = SEGV_MAPERR};
    VOID(psignal(SIGTERM, "text"));
    VOID(psignal(SIGTERM, 0));
    VOID(psignal(999, "unknown"));
    info.si_addr = (void *)0x1234;
    VOID(psiginfo(&info, "info"));
    info = (siginfo_t){.si_signo = SIGUSR1, .si_code = SI_USER, .si_pid = 5, .si_uid = 6};
    VOID(psiginfo(&info, 0));
    info = (siginfo_t){.si_signo = SIGCHLD, .si_code = CLD_EXITED, .si_pid = 5, .si_status = 3};
    VOID(psiginfo(&info, ""));
    info = (siginfo_t){.si_signo = 999};
    VOID(psiginfo(&info, "bad"));
}

static void timers(void)
{
    section("timers");
    struct sigaction action = {.sa_sigaction = detailed, .sa_flags = SA_SIGINFO};
    sigaction(SIGALRM, &action, 0);
    sigset_t none;
    sigemptyset(&none);
    sigset_t alarms;
    sigemptyset(&alarms);
    sigaddset(&alarms, SIGALRM);
    sigprocmask(SIG_SETMASK, &alarms, 0);
    struct itimerval interval = {.it_value = {0, 2000}}, left;
    INT(setitimer(ITIMER_REAL, &interval, 0));
    INT(sigsuspend(&none));
    INT(caught);
    INT(getitimer(ITIMER_REAL, &left));
    INT(left.it_value.tv_sec + left.it_value.tv_usec);
    INT(getitimer(9, &left));
    interval.it_value.tv_usec = 1000000;
    INT(setitimer(ITIMER_REAL, &interval, 0));
    caught = 0;
    TRUTH(ualarm(2000, 0) == 0);
    sigsuspend(&none);
    INT(caught);
    INT(alarm(100));
    TRUTH(alarm(0) >= 99);
    timer_t timer;
    struct sigevent event = {.sigev_notify = SIGEV_SIGNAL, .sigev_signo = SIGALRM, .sigev_value.sival_int = 77};
    INT(timer_create(CLOCK_MONOTONIC, &event, &timer));
    struct itimerspec spec = {.it_value = {0, 2000000}}, got;
    INT(timer_settime(timer, 0, &spec, 0));
    INT(timer_gettime(timer, &got));
    TRUTH(got.it_value.tv_sec == 0);
    value = 0;
    sigsuspend(&none);
    INT(value);
    INT(code);
    INT(timer_getoverrun(timer));
    INT(timer_gettime(timer, &got));
    INT(got.it_value.tv_nsec);
    spec.it_value.tv_nsec = -1;
    INT(timer_settime(timer, 0, &spec, 0));
    INT(timer_delete(timer));
    INT(timer_create(99, &event, &timer));
    event.sigev_signo = 99;
    INT(timer_create(CLOCK_MONOTONIC, &event, &timer));
    event.sigev_notify = 99;
    INT(timer_create(CLOCK_MONOTONIC, &event, &timer));
    // A timer of processor time: it runs while the program does.
    event = (struct sigevent){.sigev_notify = SIGEV_SIGNAL, .sigev_signo = SIGALRM, .sigev_value.sival_int = 78};
    INT(timer_create(CLOCK_PROCESS_CPUTIME_ID, &event, &timer));
    sigprocmask(SIG_SETMASK, &none, 0);
    spec = (struct itimerspec){.it_value = {0, 3000000}};
    INT(timer_settime(timer, 0, &spec, 0));
    for (time_t start = time(0); value != 78 && time(0) < start + 10;)
        ;
    INT(value);
    INT(timer_delete(timer));
    caught = 0;
    signal(SIGVTALRM, handler);
    interval = (struct itimerval){.it_value = {0, 3000}};
    INT(setitimer(ITIMER_VIRTUAL, &interval, 0));
    for (time_t start = time(0); caught != SIGVTALRM && time(0) < start + 10;)
        ;
    INT(caught);
    caught = 0;
    signal(SIGPROF, handler);
    interval = (struct itimerval){.it_value = {0, 3000}};
    INT(setitimer(ITIMER_PROF, &interval, 0));
    for (time_t start = time(0); caught != SIGPROF && time(0) < start + 10;)
        ;
    INT(caught);
}

int main(void)
{
    setvbuf(stdout, 0, _IOLBF, 0);
    sets();
    actions();
    masks();
    timers();
    return 0;
}
