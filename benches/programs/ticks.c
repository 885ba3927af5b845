// Reads the time-stamp counter first thing in main, then says hello and tells it.
#include <stdio.h>
#include <x86intrin.h>

int main(void)
{
    unsigned long long ticks = __rdtsc();
    puts("Hello, world!");
    printf("main:%llu\n", ticks);
    return 0;
}
