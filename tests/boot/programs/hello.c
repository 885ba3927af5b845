// The smallest program there is: the kernel for it is what every other kernel holds too.
#include <stdio.h>

int main(void)
{
    puts("Hello, world!");
    return 0;
}
