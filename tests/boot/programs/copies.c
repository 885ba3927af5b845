// Copies its standard input to its output, counting: the way in for data.
#include <stdio.h>
#include <unistd.h>

int main(void)
{
    long bytes = 0, lines = 0;
    for (int c; (c = getchar()) != EOF; bytes++) {
        lines += c == '\n';
        putchar(c);
    }
    char byte;
    printf("%ld bytes, %ld lines, terminal %d %d, then %zd\n", bytes, lines, isatty(0), isatty(1), read(0, &byte, 1));
    return (int)(bytes % 256);
}
