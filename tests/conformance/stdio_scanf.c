//! scratch = ["/tmp/conformance-input"]
// stdio.h: the forms of scanf, narrow and wide, their GNU names and their edge cases. The
// conversions themselves are in the boot program scanf.c.
#define _GNU_SOURCE
#include "check.h"
#include <stdarg.h>

// The names that a program sees that is compiled without C99's `%a`.
extern int gnu_sscanf(const char *, const char *, ...) __asm__("sscanf");
extern int gnu_fscanf(FILE *, const char *, ...) __asm__("fscanf");
extern int gnu_scanf(const char *, ...) __asm__("scanf");
extern int gnu_vsscanf(const char *, const char *, va_list) __asm__("vsscanf");
extern int gnu_vfscanf(FILE *, const char *, va_list) __asm__("vfscanf");
extern int gnu_vscanf(const char *, va_list) __asm__("vscanf");
extern int gnu_swscanf(const wchar_t *, const wchar_t *, ...) __asm__("swscanf");
extern int gnu_fwscanf(FILE *, const wchar_t *, ...) __asm__("fwscanf");
extern int gnu_wscanf(const wchar_t *, ...) __asm__("wscanf");
extern int gnu_vswscanf(const wchar_t *, const wchar_t *, va_list) __asm__("vswscanf");
extern int gnu_vfwscanf(FILE *, const wchar_t *, va_list) __asm__("vfwscanf");
extern int gnu_vwscanf(const wchar_t *, va_list) __asm__("vwscanf");

static int which;

// A stream of a text; one over memory has no wide characters.
static FILE *of(const char *text)
{
    FILE *stream = fopen("/tmp/conformance-input", "w");
    fputs(text, stream);
    fclose(stream);
    return fopen("/tmp/conformance-input", "r");
}

// One of the forms, on one input.
static int scan(const char *input, const char *format, ...)
{
    wchar_t wide[100], wide_format[100];
    swprintf(wide, 100, L"%s", input);
    swprintf(wide_format, 100, L"%s", format);
    FILE *stream = of(input), *in = stdin;
    va_list arguments;
    va_start(arguments, format);
    int count;
    switch (which) {
    case 0: count = vsscanf(input, format, arguments); break;
    case 1: count = vfscanf(stream, format, arguments); break;
    case 2: stdin = stream, count = vscanf(format, arguments); break;
    case 3: count = vswscanf(wide, wide_format, arguments); break;
    case 4: count = vfwscanf(stream, wide_format, arguments); break;
    case 5: stdin = stream, count = vwscanf(wide_format, arguments); break;
    case 6: count = gnu_vsscanf(input, format, arguments); break;
    case 7: count = gnu_vfscanf(stream, format, arguments); break;
    case 8: stdin = stream, count = gnu_vscanf(format, arguments); break;
    case 9: count = gnu_vswscanf(wide, wide_format, arguments); break;
    case 10: count = gnu_vfwscanf(stream, wide_format, arguments); break;
    default: stdin = stream, count = gnu_vwscanf(wide_format, arguments); break;
    }
    stdin = in;
    va_end(arguments);
    fclose(stream);
    return count;
}

int main(void)
{
    setvbuf(stdout, 0, _IOLBF, 0);
    int a, b, c;
    char text[40], other[40];
    double real;
    float single;
    wchar_t wide[40];
    for (which = 0; which < 12; which++) {
        printf("form %d\n", which);
        a = b = c = -9;
        INT(scan("12 0x1f 077", "%d%i%i", &a, &b, &c));
        printf("%d %d %d\n", a, b, c);
        INT(scan("word  next", "%3s%n%s", text, &a, other));
        printf("%s %d %s\n", text, a, other);
        INT(scan("1.5e2 -0x1p4", "%lf%f", &real, &single));
        printf("%g %g\n", real, single);
        INT(scan("abc-def", "%[a-c]%*c%[^e]", text, other));
        printf("%s %s\n", text, other);
        INT(scan("]x^", "%[]x]%c", text, other));
        printf("%s %c\n", text, *other);
        INT(scan("", "%d", &a));
        INT(scan("  ", "%d", &a));
        INT(scan("x", "%d", &a));
        INT(scan("12x", "%dy", &a));
        INT(scan("5%", "%d%%%n", &a, &b));
        INT(b);
        INT(scan("99999999999", "%d", &a));
        INT(scan("wide", "%ls", wide));
        WIDE(wide);
        char *made = 0;
        INT(scan("allocated text", "%ms", &made));
        TEXT(made);
        free(made);
        INT(scan("ab", "%mc", &made));
        free(made);
        INT(scan("1 2", "%2$d %1$d", &a, &b));
        printf("%d %d\n", a, b);
        INT(scan("0x", "%x", &a));
        INT(scan("nan inf(", "%lf%f", &real, &single));
        INT(scan("1e", "%lf", &real));
        INT(scan("(nil)", "%p", (void **)&made));
        TRUTH(made == NULL);
        INT(scan("12345", "%2d%1d%hd", &a, &b, (short *)&c));
        printf("%d %d\n", a, b);
    }
    section("direct");
    INT(sscanf("1 2", "%d %d", &a, &b));
    INT(gnu_sscanf("1 2", "%d %d", &a, &b));
    // `%as` allocates with the old names, and is a number and an s with the new ones.
    char *made = 0;
    INT(gnu_sscanf("text", "%as", &made));
    TEXT(made);
    free(made);
    INT(sscanf("0x1p1s", "%as", &single));
    INT(swscanf(L"1 2", L"%d %d", &a, &b));
    INT(gnu_swscanf(L"1 2", L"%d %d", &a, &b));
    FILE *stream = of("1 2 3");
    INT(fscanf(stream, "%d", &a));
    INT(gnu_fscanf(stream, "%d", &a));
    INT(a);
    stdin = stream;
    INT(scanf("%d", &a));
    INT(gnu_scanf("%d", &a));
    fclose(stream);
    stream = of("1 2 3");
    INT(fwscanf(stream, L"%d", &a));
    INT(gnu_fwscanf(stream, L"%d", &a));
    stdin = stream;
    INT(wscanf(L"%d", &a));
    INT(a);
    INT(gnu_wscanf(L"%d", &a));
    fclose(stream);
    return 0;
}
