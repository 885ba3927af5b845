// The printf family: conversions, flags, lengths, positions, %n, errors, limits, and streams of its own.
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <locale.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <wchar.h>

static int formats(char *buffer, size_t size, const char *format, ...)
{
    va_list list, copy;
    va_start(list, format);
    va_copy(copy, list);
    int length = vsnprintf(buffer, size, format, list);
    char again[256];
    if (vsprintf(again, format, copy) != length)
        puts("the copy differs");
    va_end(copy);
    va_end(list);
    return length;
}

static ssize_t cookie_write(void *cookie, const char *bytes, size_t size)
{
    printf("{%s:%zu:%.*s}", (char *)cookie, size, (int)size, bytes);
    return (ssize_t)size;
}

static int cookie_close(void *cookie)
{
    printf("{%s closed}\n", (char *)cookie);
    return 0;
}

int main(void)
{
    static const char *const integers[] = {"%d", "%i", "%5d|", "%-5d|", "%05d", "%+d", "% d", "%.3d", "%8.3d|", "%-8.3d|", "%+.0d",
                                           "%u", "%o", "%#o", "%x", "%#x", "%X", "%#X", "%#010x", "%#.5x", "%'d", "%-+8d|", "%08.3d|"};
    static const int numbers[] = {0, 1, -1, 42, -12345, 1234567, INT_MAX, INT_MIN};
    for (size_t n = 0; n < sizeof numbers / sizeof *numbers; n++) {
        for (size_t f = 0; f < sizeof integers / sizeof *integers; f++) {
            printf(integers[f], numbers[n]);
            putchar(' ');
        }
        putchar('\n');
    }
    printf("%hhd %hd %ld %lld %jd %zd %td\n", (char)300, (short)70000, LONG_MIN, LLONG_MAX, INTMAX_MIN, (ssize_t)-5, (ptrdiff_t)7);
    printf("%hhu %hu %lu %llx %ju %zx %to\n", (unsigned char)300, (unsigned short)70000, ULONG_MAX, ULLONG_MAX, UINTMAX_MAX, SIZE_MAX,
           (ptrdiff_t)8);
    printf("%" PRId64 " %" PRIx32 " %" PRIuPTR "\n", INT64_MIN, UINT32_MAX, (uintptr_t)99);
    printf("%c%c%5c|%-5c|%%\n", 'a', 'b', 'c', 'd');
    printf("%s|%10s|%-10s|%.2s|%10.2s|%-10.1s|%.0s|%s\n", "text", "right", "left", "cut", "both", "x", "gone", (char *)NULL);
    printf("%p %p %20p|\n", (void *)0, (void *)0x1234, (void *)0xabc);
    printf("%*d|%-*d|%*d|%.*s|%.*s\n", 6, 1, 6, 2, -6, 3, 2, "abc", -1, "all");
    printf("%2$s %1$s %2$s %3$*4$d|\n", "a", "b", 7, 5);
    printf("%3$s-%1$d-%2$.2f\n", 5, 2.5, "s");
    int position = 0;
    long long_position = 0;
    signed char tiny = 0;
    printf("12345%n67%ln8%hhn\n", &position, &long_position, &tiny);
    printf("%d %ld %d\n", position, long_position, tiny);
    errno = ENOENT;
    printf("%m|%20m|\n");
    printf("%5%|%z%|\n");
    printf("%b %#b %010b\n", 10u, 10u, 5u);

    char buffer[16];
    printf("%d <%s>\n", snprintf(buffer, sizeof buffer, "%s", "longer than the buffer is"), buffer);
    printf("%d", snprintf(NULL, 0, "%d %s", 12345, "abc"));
    printf(" %d <%s>\n", snprintf(buffer, 1, "x"), buffer);
    printf("%d <%s>\n", formats(buffer, sizeof buffer, "%d-%s-%c", 12, "ab", 'c'), buffer);
    char *made = NULL;
    printf("%d", asprintf(&made, "%0500d", 7));
    printf(" %zu %c\n", strlen(made), made[499]);
    free(made);
    char *huge = malloc(100001);
    memset(huge, 'h', 100000);
    huge[100000] = 0;
    printf("%d\n", snprintf(NULL, 0, "%s%s", huge, huge));
    printf("%d %d\n", snprintf(NULL, 0, "%1000000d", 1), snprintf(NULL, 0, "%.100000f", 1.0));
    int result = snprintf(NULL, 0, "%2147483647d%d", 1, 1);
    printf("%d %s\n", result, result < 0 ? strerror(errno) : "");
    dprintf(STDOUT_FILENO, "%s", "");
    fflush(stdout);
    dprintf(STDOUT_FILENO, "to the descriptor %d\n", 1);

    setlocale(LC_ALL, "C.UTF-8");
    printf("%lc %ls|%5ls|%.3ls|%C %S\n", L'ä', L"grün", L"ö", L"€uro", L'ß', L"Š");
    printf("%d\n", snprintf(NULL, 0, "%ls", L"\x10ffff\x1f600"));
    setlocale(LC_ALL, "C");
    errno = 0;
    result = snprintf(buffer, sizeof buffer, "%ls", L"\x20ac");
    printf("not in C: %d %s\n", result, strerror(errno));

    char *memory;
    size_t size;
    FILE *stream = open_memstream(&memory, &size);
    for (int i = 0; i < 1000; i++)
        fprintf(stream, "%d,", i);
    fflush(stream);
    printf("%zu %.10s", size, memory);
    fseek(stream, 2, SEEK_SET);
    fputs("XY", stream);
    fclose(stream);
    printf(" %.*s\n", (int)size, memory);
    free(memory);
    char area[32] = "........................";
    stream = fmemopen(area, sizeof area, "w");
    printf("%d", fprintf(stream, "%s %d", "fixed", 42));
    fclose(stream);
    printf(" <%s>\n", area);
    stream = fmemopen("read from memory", 16, "r");
    char word[20], second[20];
    printf("%d", fscanf(stream, "%s %*s %s", word, second));
    printf(" %s %s %d\n", word, second, fgetc(stream));
    fclose(stream);
    cookie_io_functions_t functions = {.write = cookie_write, .close = cookie_close};
    stream = fopencookie("cookie", "w", functions);
    setvbuf(stream, NULL, _IOFBF, 8);
    fprintf(stream, "%s %d", "through a cookie", 5);
    fclose(stream);

    stream = fopen("/dev/full", "w");
    setbuf(stream, NULL);
    result = fprintf(stream, "lost");
    printf("full: %d %s error %d\n", result, strerror(errno), ferror(stream) != 0);
    fclose(stream);
    stream = fopen("/dev/null", "r");
    result = fprintf(stream, "x");
    printf("not for writing: %d %s\n", result, strerror(errno));
    fclose(stream);
    fputs("unlocked ", stdout);
    putchar_unlocked('p');
    fwrite_unlocked("\n", 1, 1, stdout);
    puts("line");
    putw(0x0a414243, stdout);
    perror("perror");
    wchar_t wide[32];
    result = swprintf(wide, 32, L"%d %ls %s %lc %5.2f", 5, L"wide", "narrow", L'w', 2.5);
    printf("%d %ls\n", result, wide);
    result = swprintf(wide, 4, L"too long");
    printf("%d\n", result);
    return 0;
}
