//! scratch = ["/tmp/conformance"]
// stdio.h: the v- forms of printf, the wide ones, obstacks, and what a format's arguments are. The
// conversions themselves are in the boot program printf.c.
#define _GNU_SOURCE
#include "check.h"
#include <fcntl.h>
#include <limits.h>
#include <obstack.h>
#include <printf.h>
#include <stdarg.h>
#include <sys/stat.h>
#include <unistd.h>

#define obstack_chunk_alloc malloc
#define obstack_chunk_free free

static char text[80];
static wchar_t wide[80];
static struct obstack stack;

// Calls a v- form with the arguments that follow.
#define V(name, result, call)                                                                                \
    static result name(const void *format, ...)                                                              \
    {                                                                                                        \
        va_list arguments;                                                                                   \
        va_start(arguments, format);                                                                         \
        result value = call;                                                                                 \
        va_end(arguments);                                                                                   \
        return value;                                                                                        \
    }

static FILE *stream;
static char *allocated;
V(with_vprintf, int, vprintf(format, arguments))
V(with_vfprintf, int, vfprintf(stdout, format, arguments))
V(with_vsprintf, int, vsprintf(text, format, arguments))
V(with_vsnprintf, int, vsnprintf(text, 6, format, arguments))
V(with_vasprintf, int, vasprintf(&allocated, format, arguments))
V(with_vdprintf, int, vdprintf(1, format, arguments))
V(with_vfwprintf, int, vfwprintf(stream, format, arguments))
V(with_vwprintf, int, vwprintf(format, arguments))
V(with_vswprintf, int, vswprintf(wide, 80, format, arguments))
V(with_obstack_vprintf, int, obstack_vprintf(&stack, format, arguments))

static void forms(void)
{
    section("forms");
    INT(with_vprintf("%d %s|\n", 1, "one"));
    INT(with_vfprintf("%5.2f|\n", 2.345));
    INT(with_vsprintf("%#x %c", 255, 'c'));
    TEXT(text);
    INT(with_vsnprintf("%s", "longer than six"));
    TEXT(text);
    INT(snprintf(text, 0, "%d", 12345));
    INT(snprintf(0, 0, "%d", 12345));
    INT(snprintf(text, 3, "%d", 12345));
    TEXT(text);
    INT(with_vasprintf("%s-%03d", "made", 7));
    TEXT(allocated);
    free(allocated);
    INT(asprintf(&allocated, "%s", ""));
    TEXT(allocated);
    free(allocated);
    fflush(stdout);
    INT(with_vdprintf("%s\n", "to a descriptor"));
    INT(dprintf(1, "%d\n", 5));
    INT(sprintf(text, "%ls", L"wide \u00e4"));
    INT(sprintf(text, "%.2s|%-4s|%4s", "abc", "de", "f"));
    TEXT(text);
    INT(snprintf(text, sizeof text, "%2147483647d%d", 1, 1));
    INT(snprintf(text, sizeof text, "%99999999999d", 1));
    INT(snprintf(text, -1ul, "%d", 3));
    INT(snprintf(text, sizeof text, "%m"));
    TEXT(text);
    errno = ENOENT;
    snprintf(text, sizeof text, "%m");
    TEXT(text);
    INT(snprintf(text, sizeof text, "%3$d %1$d %2$d", 10, 20, 30));
    TEXT(text);
    INT(snprintf(text, sizeof text, "%1$*2$d|%1$-*2$d|", 7, 4));
    TEXT(text);
    INT(snprintf(text, sizeof text, "%'d %Id", 1234567, 5));
    TEXT(text);
    INT(snprintf(text, sizeof text, "%hhd %hd %hhu", 300, 70000, -1));
    TEXT(text);
    INT(snprintf(text, sizeof text, "%p %p", (void *)0, (void *)0x1234));
    TEXT(text);
    INT(snprintf(text, sizeof text, "%jd %zd %td %lld %qd", 1l, 2l, 3l, 4ll, 5l));
    TEXT(text);
    INT(snprintf(text, sizeof text, "%C%S", L'w', L"ide"));
    TEXT(text);
    INT(snprintf(text, sizeof text, "%s", (char *)0));
    TEXT(text);
    INT(snprintf(text, sizeof text, "%.3s|", (char *)0));
    TEXT(text);
    INT(snprintf(text, sizeof text, "%y", 1));
    TEXT(text);
    long long counted = 0;
    INT(snprintf(text, sizeof text, "12345%lln", &counted));
    INT(counted);
}

static void wide_forms(void)
{
    section("wide");
    INT(swprintf(wide, 80, L"%d %s %ls %c %lc %5.1f %%", 5, "narrow", L"wide", 'c', L'\u00e4', 2.25));
    WIDE(wide);
    INT(swprintf(wide, 3, L"%d", 12345));
    INT(swprintf(wide, 0, L"x"));
    INT(swprintf(wide, 80, L"%s", "\xff"));
    INT(with_vswprintf(L"%05d|%-5d|%+d", 42, 42, 42));
    WIDE(wide);
    stream = fopen("/tmp/conformance/wide", "w+");
    INT(fwprintf(stream, L"%ls %d\n", L"text", 1));
    INT(with_vfwprintf(L"%s\n", "more"));
    INT(fputws(L"put\n", stream));
    INT(fputws_unlocked(L"unlocked\n", stream));
    INT(fputwc(L'a', stream));
    INT(putwc(L'b', stream));
    INT(fputwc_unlocked(L'c', stream));
    INT(putwc_unlocked(L'\n', stream));
    INT(fputwc(L'\u00e4', stream));
    INT(ferror(stream));
    INT(fwide(stream, 0) > 0);
    INT(fwide(stream, -1) > 0);
    INT(fprintf(stream, "narrow"));
    clearerr(stream);
    rewind(stream);
    wchar_t room[40];
    WIDE(fgetws(room, 40, stream));
    WIDE(fgetws(room, 3, stream));
    WIDE(fgetws_unlocked(room, 40, stream));
    INT(fgetwc(stream));
    INT(getwc(stream));
    INT(ungetwc(L'X', stream));
    INT(getwc_unlocked(stream));
    INT(fgetwc_unlocked(stream));
    WIDE(fgetws(room, 40, stream));
    WIDE(fgetws(room, 40, stream));
    WIDE(fgetws(room, 40, stream));
    WIDE(fgetws(room, 40, stream));
    INT(fgetwc(stream));
    INT(feof(stream));
    fclose(stream);
    wchar_t *grown = 0;
    size_t size = 0;
    stream = open_wmemstream(&grown, &size);
    INT(fputws(L"wide memory", stream));
    INT(fflush(stream));
    INT(size);
    WIDE(grown);
    fclose(stream);
    free(grown);
    // Standard output, made wide by a stream of its own on the same descriptor.
    fflush(stdout);
    FILE *out = stdout;
    stdout = fdopen(dup(1), "w");
    int values[] = {with_vwprintf(L"%d vwprintf\n", 1), wprintf(L"%s wprintf\n", "x"), putwchar(L'p'), putwchar_unlocked(L'\n')};
    fclose(stdout);
    stdout = out;
    for (int i = 0; i < 4; i++)
        printf("%d\n", values[i]);
    FILE *in = stdin;
    stdin = fopen("/tmp/conformance/wide", "r");
    INT(getwchar());
    INT(getwchar_unlocked());
    INT(fwide(stdin, 0) > 0);
    fclose(stdin);
    stdin = fmemopen("xy", 2, "r");
    INT(getchar());
    INT(getchar_unlocked());
    INT(getchar_unlocked());
    fclose(stdin);
    stdin = fmemopen("line\nnext", 9, "r");
    extern char *gets(char *);
    TEXT(gets(text));
    TEXT(gets(text));
    TEXT(gets(text));
    fclose(stdin);
    stdin = in;
}

static void obstacks(void)
{
    section("obstacks");
    obstack_init(&stack);
    INT(obstack_printf(&stack, "%d-%s", 12, "x"));
    INT(with_obstack_vprintf("%03d", 7));
    obstack_1grow(&stack, 0);
    TEXT(obstack_finish(&stack));
    obstack_free(&stack, 0);
}

static void hooks(void)
{
    section("parse_printf_format");
    int types[8];
    for (int i = 0; i < 8; i++)
        types[i] = -1;
    INT(parse_printf_format("%d %s %*.*f %lld %hhd %% %p %Lf", 8, types));
    for (int i = 0; i < 8; i++)
        HEX(types[i]);
    INT(parse_printf_format("%2$d %1$s", 8, types));
    HEX(types[0]);
    HEX(types[1]);
    INT(parse_printf_format("none", 8, types));
    INT(parse_printf_format("%d%d%d", 1, types));
    INT(parse_printf_format("%n%c%ls%lc%zu", 8, types));
    for (int i = 0; i < 5; i++)
        HEX(types[i]);
}

int main(void)
{
    setvbuf(stdout, 0, _IOLBF, 0);
    mkdir("/tmp/conformance", 0755);
    forms();
    wide_forms();
    obstacks();
    hooks();
    return 0;
}
