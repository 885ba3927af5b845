// Signals a process sends to itself and to its threads; faults it handles; timers.
#define _GNU_SOURCE
#include <errno.h>
#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/time.h>
#include <time.h>
#include <ucontext.h>
#include <unistd.h>

static volatile sig_atomic_t count, last, nested, on_alternate;
static siginfo_t information;
static char *alternate;

static void counts(int signal) { count++; last = signal; }

static void informs(int signal, siginfo_t *info, void *context)
{
    last = signal;
    information = *info;
    (void)context;
}

static void nests(int signal)
{
    int before = nested++;
    if (signal == SIGUSR1 && before == 0)
        raise(SIGUSR2);
    if (signal == SIGUSR1)
        count = nested;
}

static void checks_stack(int signal)
{
    (void)signal;
    char here;
    on_alternate = &here >= alternate && &here < alternate + SIGSTKSZ;
}

static sigjmp_buf out;
static void *volatile fault_address;
static volatile int fault_code;

static void escapes(int signal, siginfo_t *info, void *context)
{
    (void)context;
    fault_address = info->si_addr;
    fault_code = info->si_code;
    siglongjmp(out, signal);
}

static void repairs(int signal, siginfo_t *info, void *context)
{
    (void)signal, (void)context;
    uintptr_t page = (uintptr_t)info->si_addr & ~4095ul;
    mprotect((void *)page, 4096, PROT_READ | PROT_WRITE);
    count++;
}

static void skips(int signal, siginfo_t *info, void *context)
{
    (void)signal, (void)info;
    ucontext_t *at = context;
    at->uc_mcontext.gregs[REG_RIP] += 2; // ud2 is two bytes long
    count++;
}

static void install(int signal, void (*handler)(int), int flags)
{
    struct sigaction action = {.sa_handler = handler, .sa_flags = flags};
    sigemptyset(&action.sa_mask);
    if (sigaction(signal, &action, NULL))
        printf("sigaction %d: %s\n", signal, strerror(errno));
}

static void install_info(int signal, void (*handler)(int, siginfo_t *, void *), int flags)
{
    struct sigaction action = {.sa_sigaction = handler, .sa_flags = flags | SA_SIGINFO};
    sigemptyset(&action.sa_mask);
    if (sigaction(signal, &action, NULL))
        printf("sigaction %d: %s\n", signal, strerror(errno));
}

static atomic_int ready, seen;
static pthread_t target;

static void in_thread(int signal)
{
    (void)signal;
    seen = pthread_equal(pthread_self(), target) ? 1 : 2;
}

static void *waits(void *unused)
{
    (void)unused;
    target = pthread_self();
    ready = 1;
    while (!seen)
        usleep(1000);
    return NULL;
}

static void *takes(void *unused)
{
    (void)unused;
    sigset_t set;
    sigemptyset(&set);
    sigaddset(&set, SIGUSR2);
    int signal = 0;
    int error = sigwait(&set, &signal);
    return (void *)(intptr_t)(error ? -error : signal);
}

static void *blocks_in_read(void *ends)
{
    char byte;
    ready = 1;
    ssize_t got = read(((int *)ends)[0], &byte, 1);
    return (void *)(intptr_t)(got < 0 ? errno : 0);
}

static void self(void)
{
    install(SIGUSR1, counts, 0);
    printf("raise %d", raise(SIGUSR1));
    printf(" count %d last %d\n", count, last == SIGUSR1);
    printf("kill %d", kill(getpid(), SIGUSR1));
    printf(" count %d\n", count);
    printf("kill 0: %d\n", kill(getpid(), 0));
    int result = kill(getpid(), 100);
    printf("bad signal: %d %s\n", result, strerror(errno));
    struct sigaction action;
    sigaction(SIGUSR1, NULL, &action);
    printf("installed: %d\n", action.sa_handler == counts);
    result = sigaction(SIGKILL, &action, NULL);
    printf("SIGKILL: %d %s\n", result, strerror(errno));
    signal(SIGUSR1, SIG_IGN);
    raise(SIGUSR1);
    printf("ignored: %d\n", count);
    install(SIGUSR1, counts, SA_RESETHAND);
    raise(SIGUSR1);
    sigaction(SIGUSR1, NULL, &action);
    printf("reset after one: %d %d\n", count, action.sa_handler == SIG_DFL);
    raise(SIGCHLD);
    raise(SIGURG);
    raise(SIGWINCH);
    puts("ignored by default");
}

static void masks(void)
{
    sigset_t set, old, pending;
    count = 0;
    install(SIGUSR1, counts, 0);
    sigemptyset(&set);
    sigaddset(&set, SIGUSR1);
    sigprocmask(SIG_BLOCK, &set, &old);
    raise(SIGUSR1);
    raise(SIGUSR1);
    sigpending(&pending);
    printf("blocked: count %d, pending %d\n", count, sigismember(&pending, SIGUSR1));
    sigprocmask(SIG_SETMASK, &old, NULL);
    printf("unblocked: count %d\n", count);
    sigprocmask(SIG_BLOCK, &set, NULL);
    raise(SIGUSR1);
    sigset_t none;
    sigemptyset(&none);
    int result = sigsuspend(&none);
    printf("suspend: %d %s, count %d\n", result, strerror(errno), count);
    raise(SIGUSR1);
    struct timespec second = {1, 0};
    siginfo_t info;
    result = sigtimedwait(&set, &info, &second);
    printf("timed wait: %d, by tkill or user %d\n", result == SIGUSR1, info.si_code == SI_TKILL || info.si_code == SI_USER);
    second = (struct timespec){0, 10000000};
    result = sigtimedwait(&set, &info, &second);
    printf("timed wait of none: %d %s\n", result, strerror(errno));
    sigprocmask(SIG_SETMASK, &old, NULL);

    count = 0;
    install(SIGUSR1, nests, 0);
    install(SIGUSR2, nests, 0);
    raise(SIGUSR1);
    printf("nested at once: %d\n", count);
    struct sigaction action = {.sa_handler = nests};
    sigemptyset(&action.sa_mask);
    sigaddset(&action.sa_mask, SIGUSR2);
    sigaction(SIGUSR1, &action, NULL);
    nested = 0;
    raise(SIGUSR1);
    printf("masked inside: %d, after: %d\n", count, nested);
}

static void queued(void)
{
    install_info(SIGRTMIN, informs, 0);
    printf("sigqueue %d", sigqueue(getpid(), SIGRTMIN, (union sigval){.sival_int = 1234}));
    printf(" value %d code %d pid %d\n", information.si_value.sival_int, information.si_code == SI_QUEUE,
           information.si_pid == getpid());
    sigset_t set, old;
    sigemptyset(&set);
    sigaddset(&set, SIGRTMIN);
    sigaddset(&set, SIGRTMIN + 1);
    sigprocmask(SIG_BLOCK, &set, &old);
    for (int i = 0; i < 3; i++) {
        sigqueue(getpid(), SIGRTMIN + 1, (union sigval){.sival_int = 10 + i});
        sigqueue(getpid(), SIGRTMIN, (union sigval){.sival_int = i});
    }
    siginfo_t info;
    for (int i = 0; i < 6; i++) {
        int signal = sigwaitinfo(&set, &info);
        printf("queued: +%d %d\n", signal - SIGRTMIN, info.si_value.sival_int);
    }
    sigprocmask(SIG_SETMASK, &old, NULL);
}

static void stacks(void)
{
    alternate = malloc(SIGSTKSZ);
    stack_t stack = {.ss_sp = alternate, .ss_size = SIGSTKSZ}, old;
    printf("alternate stack %d\n", sigaltstack(&stack, &old));
    printf("was disabled %d\n", old.ss_flags == SS_DISABLE);
    install(SIGUSR1, checks_stack, SA_ONSTACK);
    raise(SIGUSR1);
    printf("on it: %d\n", on_alternate);
    install(SIGUSR1, checks_stack, 0);
    raise(SIGUSR1);
    printf("not on it: %d\n", on_alternate);
}

__attribute__((noinline)) static int overflow(int depth)
{
    volatile char frame[4096];
    frame[depth % 4096] = 1;
    return depth > 100000000 ? 0 : overflow(depth + 1) + frame[depth % 4096];
}

static void faults(void)
{
    install_info(SIGSEGV, escapes, SA_ONSTACK);
    install_info(SIGFPE, escapes, 0);
    install_info(SIGBUS, escapes, 0);
    volatile int dividend = 100, zero = 0;
    int *volatile null = NULL;
    int signal = sigsetjmp(out, 1);
    if (!signal)
        *null = 1;
    printf("null: %d at %p, not mapped %d\n", signal == SIGSEGV, fault_address, fault_code == SEGV_MAPERR);
    volatile char *page = mmap(NULL, 4096, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    signal = sigsetjmp(out, 1);
    if (!signal)
        page[123] = 1;
    printf("read only: %d at its place %d, no access %d\n", signal == SIGSEGV, fault_address == page + 123,
           fault_code == SEGV_ACCERR);
    signal = sigsetjmp(out, 1);
    if (!signal)
        ((void (*)(void))(uintptr_t)page)();
    printf("not executable: %d %d\n", signal == SIGSEGV, fault_address == page);
    signal = sigsetjmp(out, 1);
    if (!signal)
        printf("%d\n", dividend / zero);
    printf("division: %d, code %d\n", signal == SIGFPE, fault_code == FPE_INTDIV);
    signal = sigsetjmp(out, 1);
    if (!signal)
        printf("%d\n", overflow(0));
    printf("stack overflow: %d\n", signal == SIGSEGV);
    signal = sigsetjmp(out, 1);
    if (!signal)
        *(volatile char *volatile)0x8000000000000000ul = 1;
    printf("not canonical: %d\n", signal == SIGSEGV);
    count = 0;
    install_info(SIGSEGV, repairs, 0);
    page[0] = 'r';
    printf("repaired: %c %d\n", page[0], count);
    install_info(SIGILL, skips, 0);
    __asm__ volatile("ud2");
    printf("skipped: %d\n", count);
    signal = 0;
    install(SIGTRAP, counts, 0);
    __asm__ volatile("int3");
    printf("trap: %d\n", last == SIGTRAP);
    install(SIGABRT, counts, 0);
    raise(SIGABRT);
    printf("abort handled: %d\n", last == SIGABRT);
}

static void threads(void)
{
    pthread_t thread;
    install(SIGUSR1, in_thread, 0);
    pthread_create(&thread, NULL, waits, NULL);
    while (!ready)
        usleep(1000);
    printf("pthread_kill %d", pthread_kill(thread, SIGUSR1));
    pthread_join(thread, NULL);
    printf(" ran in that thread: %d\n", seen);

    sigset_t set, old;
    sigemptyset(&set);
    sigaddset(&set, SIGUSR2);
    pthread_sigmask(SIG_BLOCK, &set, &old);
    pthread_create(&thread, NULL, takes, NULL);
    usleep(10000);
    kill(getpid(), SIGUSR2);
    void *result;
    pthread_join(thread, &result);
    printf("sigwait gave %d\n", (int)(intptr_t)result == SIGUSR2);

    pthread_sigmask(SIG_SETMASK, &old, NULL);

    int ends[2];
    if (pipe(ends))
        return;
    install(SIGUSR1, counts, 0);
    ready = 0;
    pthread_create(&thread, NULL, blocks_in_read, ends);
    while (!ready)
        usleep(1000);
    usleep(20000);
    pthread_kill(thread, SIGUSR1);
    pthread_join(thread, &result);
    printf("interrupted: %s\n", strerror((int)(intptr_t)result));
    install(SIGUSR1, counts, SA_RESTART);
    ready = 0;
    pthread_create(&thread, NULL, blocks_in_read, ends);
    while (!ready)
        usleep(1000);
    usleep(20000);
    pthread_kill(thread, SIGUSR1);
    usleep(20000);
    if (write(ends[1], "x", 1) != 1)
        puts("write failed");
    pthread_join(thread, &result);
    printf("restarted: %s\n", (int)(intptr_t)result ? "no" : "yes");
    close(ends[0]);
    install(SIGPIPE, counts, 0);
    last = 0;
    ssize_t got = write(ends[1], "x", 1);
    printf("broken pipe: %zd %s, signal %d\n", got, strerror(errno), last == SIGPIPE);
    close(ends[1]);
}

static void timers(void)
{
    count = 0;
    install(SIGALRM, counts, 0);
    struct itimerval interval = {{0, 5000}, {0, 5000}}, old;
    setitimer(ITIMER_REAL, &interval, NULL);
    while (count < 3)
        pause();
    interval = (struct itimerval){{0, 0}, {0, 0}};
    setitimer(ITIMER_REAL, &interval, &old);
    printf("itimer: at least three %d, interval %ld\n", count >= 3, (long)old.it_interval.tv_usec);
    printf("alarm %u", alarm(100));
    printf(" left %u\n", alarm(0));
    count = 0;
    alarm(1);
    struct timespec ten = {10, 0}, left;
    int result = nanosleep(&ten, &left);
    printf("sleep interrupted: %d %s, left %d\n", result, strerror(errno), left.tv_sec >= 8);

    timer_t timer;
    struct sigevent event = {.sigev_notify = SIGEV_SIGNAL, .sigev_signo = SIGRTMIN, .sigev_value.sival_int = 77};
    install_info(SIGRTMIN, informs, 0);
    information.si_value.sival_int = 0;
    printf("timer %d\n", timer_create(CLOCK_MONOTONIC, &event, &timer));
    struct itimerspec at = {{0, 0}, {0, 5000000}};
    timer_settime(timer, 0, &at, NULL);
    while (information.si_value.sival_int != 77)
        usleep(1000);
    printf("timer fired: %d\n", information.si_code == SI_TIMER);
    timer_delete(timer);
}

int main(void)
{
    setvbuf(stdout, NULL, _IOLBF, 0);
    self();
    masks();
    queued();
    stacks();
    faults();
    threads();
    timers();
    printf("%s, %s, %s\n", strsignal(SIGSEGV), sigabbrev_np(SIGTERM), sigdescr_np(SIGPIPE));
    psignal(SIGINT, "psignal");
    return 0;
}
