// Non-local jumps, with and without the signal mask; registers that have to survive.
#include <setjmp.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>

static jmp_buf point;
static sigjmp_buf masked;

__attribute__((noinline)) static void deeper(int depth)
{
    volatile char frame[256];
    frame[0] = (char)depth;
    if (depth == 0)
        longjmp(point, 7);
    deeper(depth - 1);
    frame[1] = frame[0];
}

static void handler(int signal)
{
    siglongjmp(masked, signal);
}

static int masked_now(int signal)
{
    sigset_t set;
    sigprocmask(SIG_SETMASK, NULL, &set);
    return sigismember(&set, signal);
}

int main(void)
{
    volatile int count = 0;
    register long a = 11, b = 22, c = 33, d = 44, e = 55;
    double x = 1.5;
    int value = setjmp(point);
    if (value == 0)
        deeper(100);
    printf("came back with %d: %ld %ld %ld %ld %ld %g\n", value, a, b, c, d, e, x);
    value = setjmp(point);
    printf("value %d\n", value);
    if (count++ < 3)
        longjmp(point, count == 3 ? 0 : count * 10);
    printf("zero became one: %d\n", value);

    signal(SIGUSR1, handler);
    for (int save = 0; save < 2; save++) {
        volatile int round = 0;
        value = sigsetjmp(masked, save);
        if (round++ == 0)
            raise(SIGUSR1);
        printf("from the handler: %d, mask kept %d\n", value == SIGUSR1, masked_now(SIGUSR1));
        sigset_t none;
        sigemptyset(&none);
        sigprocmask(SIG_SETMASK, &none, NULL);
    }
    volatile long jumps = 0;
    if (_setjmp(point) < 1)
        jumps = 0;
    while (jumps < 100000) {
        jumps++;
        if (setjmp(point) == 0)
            longjmp(point, 1);
    }
    printf("%ld jumps\n", jumps);
    return 0;
}
