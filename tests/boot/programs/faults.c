// Faults of a program, chosen by the first argument: each is to be named on the console.
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

static const int fixed = 7;

__attribute__((noinline)) int calls_nothing(void)
{
    int (*volatile nothing)(void) = NULL;
    return nothing() + 1;
}

__attribute__((noinline)) int goes_deep(volatile int n)
{
    volatile char room[1000];
    room[n % 1000] = (char)n;
    return goes_deep(n + 1) + room[n % 1000];
}

__attribute__((noinline)) int writes_what_is_fixed(void)
{
    *(volatile int *)&fixed = 8;
    return fixed;
}

__attribute__((noinline)) int uses_more_than_there_is(void)
{
    size_t all = (size_t)4 << 30, at = 0;
    int protection = PROT_READ | PROT_WRITE, flags = MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE;
    volatile char *start = mmap(NULL, all, protection, flags, -1, 0);
    for (; at < all; at += 4096)
        start[at] = 1;
    return start[at - 1];
}

int main(int argc, char **argv)
{
    const char *fault = argc > 1 ? argv[1] : "";
    printf("about to fault: %s\n", fault);
    fflush(stdout);
    if (strcmp(fault, "null-call") == 0)
        return calls_nothing();
    if (strcmp(fault, "stack-overflow") == 0)
        return goes_deep(1);
    if (strcmp(fault, "read-only") == 0)
        return writes_what_is_fixed();
    if (strcmp(fault, "no-memory") == 0)
        return uses_more_than_there_is();
    return 1;
}
