//! expect = '''
//! strtol 0b101: 5, then ""
//! strtol -0B11x base 2: -3, then "x"
//! strtol 0b2: 0, then "b2"
//! strtol_l 0b1: 1
//! strtoll 0b1: 1
//! strtoll_l 0b1: 1
//! strtoul 0b1: 1
//! strtoul_l 0b1: 1
//! strtoull 0b1: 1
//! strtoull_l 0b1: 1
//! strtoimax 0b1: 1
//! strtoumax 0b1: 1
//! wcstol 0b1: 1
//! wcstol_l 0b1: 1
//! wcstoll 0b1: 1
//! wcstoll_l 0b1: 1
//! wcstoul 0b1: 1
//! wcstoul_l 0b1: 1
//! wcstoull 0b1: 1
//! wcstoull_l 0b1: 1
//! wcstoimax 0b1: 1
//! wcstoumax 0b1: 1
//! sscanf: 3: 5 6 255
//! vsscanf: 1: 5
//! swscanf: 2: 5 255
//! vswscanf: 1: 5
//! fscanf: 1: 5
//! vfscanf: 1: 6
//! fwscanf: 1: 5
//! vfwscanf: 1: 6
//! scanf: -1 vscanf: -1
//! wscanf: -1 vwscanf: -1
//! '''
// The __isoc23_ names, which the headers of glibc 2.38 and later redirect to: binary numbers and
// their prefix. The libraries of glibc 2.36 lack them: they are looked up, and what is expected stands here.
#define _GNU_SOURCE
#include <dlfcn.h>
#include <locale.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <wchar.h>

#define EACH_FORM(each)                                                                                      \
    each(strtol) each(strtoll) each(strtoul) each(strtoull) each(strtoimax) each(strtoumax)
#define EACH_WIDE_FORM(each)                                                                                 \
    each(wcstol) each(wcstoll) each(wcstoul) each(wcstoull) each(wcstoimax) each(wcstoumax)
#define EACH_SCAN(each)                                                                                      \
    each(sscanf) each(vsscanf) each(swscanf) each(vswscanf) each(fscanf) each(vfscanf) each(fwscanf)         \
    each(vfwscanf) each(scanf) each(vscanf) each(wscanf) each(vwscanf)
#define FORMS(name)                                                                                          \
    static long (*isoc23_##name)(const char *, char **, int);                                                \
    static long (*isoc23_##name##_l)(const char *, char **, int, locale_t);
#define WIDE_FORMS(name)                                                                                     \
    static long (*isoc23_##name)(const wchar_t *, wchar_t **, int);                                          \
    static long (*isoc23_##name##_l)(const wchar_t *, wchar_t **, int, locale_t);
EACH_FORM(FORMS)
EACH_WIDE_FORM(WIDE_FORMS)
static int (*isoc23_sscanf)(const char *, const char *, ...), (*isoc23_vsscanf)(const char *, const char *, va_list);
static int (*isoc23_swscanf)(const wchar_t *, const wchar_t *, ...);
static int (*isoc23_vswscanf)(const wchar_t *, const wchar_t *, va_list);
static int (*isoc23_fscanf)(FILE *, const char *, ...), (*isoc23_vfscanf)(FILE *, const char *, va_list);
static int (*isoc23_fwscanf)(FILE *, const wchar_t *, ...), (*isoc23_vfwscanf)(FILE *, const wchar_t *, va_list);
static int (*isoc23_scanf)(const char *, ...), (*isoc23_vscanf)(const char *, va_list);
static int (*isoc23_wscanf)(const wchar_t *, ...), (*isoc23_vwscanf)(const wchar_t *, va_list);

#define FIND(name) isoc23_##name = dlsym(RTLD_DEFAULT, "__isoc23_" #name);
#define FIND_BOTH(name) FIND(name) isoc23_##name##_l = dlsym(RTLD_DEFAULT, "__isoc23_" #name "_l");

#define ONE(name, text) printf(#name " 0b1: %ld\n", isoc23_##name(text, 0, 0))
#define ONE_L(name, text) printf(#name "_l 0b1: %ld\n", isoc23_##name##_l(text, 0, 0, locale))

static int scan(int which, FILE *stream, ...)
{
    va_list arguments;
    va_start(arguments, stream);
    int count = 0;
    switch (which) {
    case 0: count = isoc23_vsscanf("0b101", "%i", arguments); break;
    case 1: count = isoc23_vswscanf(L"0b101", L"%i", arguments); break;
    case 2: count = isoc23_vfscanf(stream, "%i", arguments); break;
    case 3: count = isoc23_vfwscanf(stream, L"%i", arguments); break;
    case 4: count = isoc23_vscanf("%i", arguments); break;
    case 5: count = isoc23_vwscanf(L"%i", arguments); break;
    }
    va_end(arguments);
    return count;
}

int main(void)
{
    EACH_FORM(FIND_BOTH)
    EACH_WIDE_FORM(FIND_BOTH)
    EACH_SCAN(FIND)
    locale_t locale = newlocale(LC_ALL_MASK, "C", 0);
    char *end;
    long value = isoc23_strtol("0b101", &end, 0);
    printf("strtol 0b101: %ld, then \"%s\"\n", value, end);
    value = isoc23_strtol("-0B11x", &end, 2);
    printf("strtol -0B11x base 2: %ld, then \"%s\"\n", value, end);
    value = isoc23_strtol("0b2", &end, 0);
    printf("strtol 0b2: %ld, then \"%s\"\n", value, end);
    ONE_L(strtol, "0b1");
    ONE(strtoll, "0b1");
    ONE_L(strtoll, "0b1");
    ONE(strtoul, "0b1");
    ONE_L(strtoul, "0b1");
    ONE(strtoull, "0b1");
    ONE_L(strtoull, "0b1");
    ONE(strtoimax, "0b1");
    ONE(strtoumax, "0b1");
    ONE(wcstol, L"0b1");
    ONE_L(wcstol, L"0b1");
    ONE(wcstoll, L"0b1");
    ONE_L(wcstoll, L"0b1");
    ONE(wcstoul, L"0b1");
    ONE_L(wcstoul, L"0b1");
    ONE(wcstoull, L"0b1");
    ONE_L(wcstoull, L"0b1");
    ONE(wcstoimax, L"0b1");
    ONE(wcstoumax, L"0b1");
    int a = 0, b = 0, c = 0, count;
    count = isoc23_sscanf("0b101 110 0xff", "%i %b %i", &a, &b, &c);
    printf("sscanf: %d: %d %d %d\n", count, a, b, c);
    count = scan(0, 0, &a);
    printf("vsscanf: %d: %d\n", count, a);
    count = isoc23_swscanf(L"0b101 0xff", L"%i %i", &a, &c);
    printf("swscanf: %d: %d %d\n", count, a, c);
    count = scan(1, 0, &a);
    printf("vswscanf: %d: %d\n", count, a);
    FILE *stream = fmemopen("0b101 0b110", 11, "r");
    count = isoc23_fscanf(stream, "%i", &a);
    printf("fscanf: %d: %d\n", count, a);
    count = scan(2, stream, &a);
    printf("vfscanf: %d: %d\n", count, a);
    fclose(stream);
    stream = tmpfile();
    fputws(L"0b101 0b110", stream);
    rewind(stream);
    count = isoc23_fwscanf(stream, L"%i", &a);
    printf("fwscanf: %d: %d\n", count, a);
    count = scan(3, stream, &a);
    printf("vfwscanf: %d: %d\n", count, a);
    // Standard input is empty.
    printf("scanf: %d vscanf: %d\n", isoc23_scanf("%i", &a), scan(4, 0, &a));
    freopen("/dev/null", "r", stdin);
    printf("wscanf: %d vwscanf: %d\n", isoc23_wscanf(L"%i", &a), scan(5, 0, &a));
    return 0;
}
