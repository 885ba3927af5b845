// The same as the first process of a Linux guest: reads the counter, tells it, powers off.
#include <stdio.h>
#include <sys/reboot.h>
#include <unistd.h>
#include <x86intrin.h>

int main(void)
{
    unsigned long long ticks = __rdtsc();
    printf("main:%llu\n", ticks);
    fflush(stdout);
    usleep(100000);
    reboot(RB_POWER_OFF);
    for (;;)
        pause();
}
