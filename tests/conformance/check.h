// What the conformance sources share: each call is printed with what it gave.
//
// INT(close(-1)) prints `close(-1) = -1 EBADF`: the expression as it is written, its value, and errno
// by name if the call left one. Nothing here prints an address, a time or an identifier of a process;
// compare such values in the source and print the comparison.
#pragma once

#include <errno.h>
#include <fenv.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <wchar.h>

static inline void show_errno(int code)
{
    if (code != 0) {
        const char *name = strerrorname_np(code);
        if (name)
            printf(" %s", name);
        else
            printf(" errno %d", code);
    }
    printf("\n");
}

static inline void show_int(const char *call, long long value, int code)
{
    printf("%s = %lld", call, value);
    show_errno(code);
}

static inline void show_hex(const char *call, unsigned long long value, int code)
{
    printf("%s = %#llx", call, value);
    show_errno(code);
}

static inline void show_bytes(const char *text, size_t length)
{
    putchar('"');
    for (size_t i = 0; i < length; i++) {
        unsigned char c = text[i];
        if (c == '"' || c == '\\')
            printf("\\%c", c);
        else if (c >= ' ' && c < 127)
            putchar(c);
        else
            printf("\\x%02x", c);
    }
    putchar('"');
}

static inline void show_text(const char *call, const char *text, int code)
{
    printf("%s = ", call);
    if (text)
        show_bytes(text, strlen(text));
    else
        printf("NULL");
    show_errno(text ? 0 : code); // where a text came back, errno means nothing
}

static inline void show_wide(const char *call, const wchar_t *text, int code)
{
    printf("%s = ", call);
    if (text) {
        printf("L\"");
        for (; *text; text++)
            printf(*text >= ' ' && *text < 127 ? "%c" : "\\u%04x", (int)*text);
        printf("\"");
    } else {
        printf("NULL");
    }
    show_errno(text ? 0 : code);
}

// A number with enough digits to tell it from its neighbours.
static inline void show_real(const char *call, double value, int code)
{
    printf("%s = %.17g", call, value);
    show_errno(code);
}

// A section of the output.
static inline void section(const char *name)
{
    printf("== %s\n", name);
}

// The floating-point exceptions that are raised, by name; not underflow and inexact, which libraries
// may also raise on the way.
static inline void show_exceptions(void)
{
    int raised = fetestexcept(FE_INVALID | FE_DIVBYZERO | FE_OVERFLOW);
    printf("%s%s%s", raised & FE_INVALID ? " invalid" : "", raised & FE_DIVBYZERO ? " divbyzero" : "",
           raised & FE_OVERFLOW ? " overflow" : "");
}

#define SHOW(show, type, call)                                                                               \
    do {                                                                                                     \
        errno = 0;                                                                                           \
        type value_ = (type)(call);                                                                          \
        int code_ = errno;                                                                                   \
        show(#call, value_, code_);                                                                          \
    } while (0)

#define INT(call) SHOW(show_int, long long, call)
#define HEX(call) SHOW(show_hex, unsigned long long, call)
#define TEXT(call) SHOW(show_text, const char *, call)
#define WIDE(call) SHOW(show_wide, const wchar_t *, call)
#define REAL(call) SHOW(show_real, double, call)
// Whether the expression holds, of values that differ from run to run.
#define TRUTH(call) printf("%s: %s\n", #call, (call) ? "yes" : "no")
// The sign of a comparison's result.
#define SIGN(call) SHOW(show_int, int, ((call) > 0) - ((call) < 0))
// The return value of functions that return an error number, by name.
#define CODE(call)                                                                                           \
    do {                                                                                                     \
        int code_ = (call);                                                                                  \
        printf("%s ->%s", #call, code_ ? "" : " 0");                                                         \
        show_errno(code_);                                                                                   \
    } while (0)
// A function without a value.
#define VOID(call)                                                                                           \
    do {                                                                                                     \
        errno = 0;                                                                                           \
        call;                                                                                                \
        int code_ = errno;                                                                                   \
        printf("%s", #call);                                                                                 \
        show_errno(code_);                                                                                   \
    } while (0)
// So many bytes of memory.
#define BYTES(memory, length)                                                                                \
    do {                                                                                                     \
        printf("%s = ", #memory);                                                                            \
        show_bytes((const char *)(memory), (length));                                                        \
        printf("\n");                                                                                        \
    } while (0)
