// makecontext and swapcontext: coroutines that pass values and keep their floating-point state.
#include <fenv.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <ucontext.h>

static ucontext_t main_context, coroutines[3], ended;
static int turn;

static void work(int id, int step, int a, int b, int c, int d, int e, int f)
{
    double value = id + 0.5;
    for (int i = 0; i < 4; i++) {
        printf("coroutine %d: %d %g (%d %d %d %d %d %d)\n", id, i * step, value, a, b, c, d, e, f);
        value *= 2;
        int next = (id + 1) % 3;
        swapcontext(&coroutines[id], &coroutines[next]);
    }
    printf("coroutine %d ends\n", id);
}

static void generator(int low, int high)
{
    for (turn = low; turn < high; turn++)
        swapcontext(&coroutines[0], &main_context);
    turn = -1;
}

static void finish(void)
{
    puts("linked to the end");
}

static void rounds_up(void)
{
    fesetround(FE_UPWARD);
    swapcontext(&coroutines[0], &main_context);
    printf("still upwards: %d\n", fegetround() == FE_UPWARD);
}

int main(void)
{
    volatile int came = 0;
    ucontext_t again;
    getcontext(&again);
    if (came++ < 2)
        setcontext(&again);
    printf("came %d times\n", came);

    char *stacks = malloc(4 * 65536);
    for (int i = 0; i < 3; i++) {
        getcontext(&coroutines[i]);
        coroutines[i].uc_stack.ss_sp = stacks + i * 65536;
        coroutines[i].uc_stack.ss_size = 65536;
        coroutines[i].uc_link = i == 2 ? &main_context : &coroutines[i + 1];
        makecontext(&coroutines[i], (void (*)(void))work, 8, i, 10, 1, 2, 3, 4, 5, 6);
    }
    swapcontext(&main_context, &coroutines[0]);
    puts("back in main");

    getcontext(&coroutines[0]);
    getcontext(&ended);
    ended.uc_stack.ss_sp = stacks + 3 * 65536;
    ended.uc_stack.ss_size = 65536;
    ended.uc_link = &main_context;
    makecontext(&ended, finish, 0);
    coroutines[0].uc_stack.ss_sp = stacks;
    coroutines[0].uc_stack.ss_size = 65536;
    coroutines[0].uc_link = &ended;
    makecontext(&coroutines[0], (void (*)(void))generator, 2, 3, 7);
    for (;;) {
        swapcontext(&main_context, &coroutines[0]);
        if (turn < 0)
            break;
        printf("generated %d\n", turn);
    }
    getcontext(&coroutines[0]);
    coroutines[0].uc_stack.ss_sp = stacks;
    coroutines[0].uc_stack.ss_size = 65536;
    coroutines[0].uc_link = &main_context;
    makecontext(&coroutines[0], rounds_up, 0);
    swapcontext(&main_context, &coroutines[0]);
    printf("here to nearest: %d\n", fegetround() == FE_TONEAREST);
    swapcontext(&main_context, &coroutines[0]);

    sigset_t set;
    sigemptyset(&set);
    sigaddset(&set, SIGUSR1);
    volatile int round = 0;
    getcontext(&again);
    if (round++ == 0) {
        sigprocmask(SIG_BLOCK, &set, NULL);
        setcontext(&again);
    }
    sigset_t now;
    sigprocmask(SIG_SETMASK, NULL, &now);
    printf("the mask is part of it: %d\n", !sigismember(&now, SIGUSR1));
    long switches = 0;
    getcontext(&coroutines[0]);
    coroutines[0].uc_stack.ss_sp = stacks;
    coroutines[0].uc_stack.ss_size = 65536;
    makecontext(&coroutines[0], (void (*)(void))generator, 2, 0, 20000);
    while (switches++ < 10000)
        swapcontext(&main_context, &coroutines[0]);
    printf("turn %d\n", turn);
    return 0;
}
