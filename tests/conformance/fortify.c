//! scratch = ["/tmp/conformance"]
// The checked forms that _FORTIFY_SOURCE makes programs call: each within its buffer, and each one
// byte beyond, where it has to end the program.
#define _GNU_SOURCE
#include "check.h"
#include <fcntl.h>
#include <limits.h>
#include <obstack.h>
#include <poll.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <sys/select.h>
#include <sys/stat.h>
#include <syslog.h>
#include <unistd.h>

#define obstack_chunk_alloc malloc
#define obstack_chunk_free free

typedef size_t z;
typedef FILE F;
typedef wchar_t w;
typedef mbstate_t m;
extern void *__memcpy_chk(void *, const void *, z, z), *__memmove_chk(void *, const void *, z, z), *__mempcpy_chk(void *, const void *, z, z),
    *__memset_chk(void *, int, z, z);
extern void __explicit_bzero_chk(void *, z, z);
extern char *__strcpy_chk(char *, const char *, z), *__stpcpy_chk(char *, const char *, z), *__strncpy_chk(char *, const char *, z, z),
    *__stpncpy_chk(char *, const char *, z, z), *__strcat_chk(char *, const char *, z), *__strncat_chk(char *, const char *, z, z);
extern w *__wcscpy_chk(w *, const w *, z), *__wcpcpy_chk(w *, const w *, z), *__wcsncpy_chk(w *, const w *, z, z), *__wcpncpy_chk(w *, const w *, z, z),
    *__wcscat_chk(w *, const w *, z), *__wcsncat_chk(w *, const w *, z, z), *__wmemcpy_chk(w *, const w *, z, z), *__wmemmove_chk(w *, const w *, z, z),
    *__wmempcpy_chk(w *, const w *, z, z), *__wmemset_chk(w *, w, z, z);
extern z __mbstowcs_chk(w *, const char *, z, z), __mbsrtowcs_chk(w *, const char **, z, m *, z), __mbsnrtowcs_chk(w *, const char **, z, z, m *, z),
    __wcstombs_chk(char *, const w *, z, z), __wcsrtombs_chk(char *, const w **, z, m *, z), __wcsnrtombs_chk(char *, const w **, z, z, m *, z),
    __wcrtomb_chk(char *, w, m *, z);
extern int __wctomb_chk(char *, w, z);
extern int __sprintf_chk(char *, int, z, const char *, ...), __snprintf_chk(char *, z, int, z, const char *, ...), __printf_chk(int, const char *, ...),
    __fprintf_chk(F *, int, const char *, ...), __asprintf_chk(char **, int, const char *, ...), __dprintf_chk(int, int, const char *, ...),
    __swprintf_chk(w *, z, int, z, const w *, ...), __wprintf_chk(int, const w *, ...), __fwprintf_chk(F *, int, const w *, ...),
    __obstack_printf_chk(struct obstack *, int, const char *, ...);
extern int __vsprintf_chk(char *, int, z, const char *, va_list), __vsnprintf_chk(char *, z, int, z, const char *, va_list),
    __vprintf_chk(int, const char *, va_list), __vfprintf_chk(F *, int, const char *, va_list), __vasprintf_chk(char **, int, const char *, va_list),
    __vdprintf_chk(int, int, const char *, va_list), __vswprintf_chk(w *, z, int, z, const w *, va_list), __vwprintf_chk(int, const w *, va_list),
    __vfwprintf_chk(F *, int, const w *, va_list), __obstack_vprintf_chk(struct obstack *, int, const char *, va_list);
extern void __syslog_chk(int, int, const char *, ...), __vsyslog_chk(int, int, const char *, va_list);
extern char *__fgets_chk(char *, z, int, F *), *__fgets_unlocked_chk(char *, z, int, F *), *__gets_chk(char *, z);
extern w *__fgetws_chk(w *, z, int, F *), *__fgetws_unlocked_chk(w *, z, int, F *);
extern z __fread_chk(void *, z, z, z, F *), __fread_unlocked_chk(void *, z, z, z, F *);
extern ssize_t __read_chk(int, void *, z, z), __pread_chk(int, void *, z, off_t, z), __pread64_chk(int, void *, z, off_t, z),
    __readlink_chk(const char *, char *, z, z), __readlinkat_chk(int, const char *, char *, z, z);
extern char *__getcwd_chk(char *, z, z), *__getwd_chk(char *, z), *__realpath_chk(const char *, char *, z);
extern int __gethostname_chk(char *, z, z), __getdomainname_chk(char *, z, z), __getlogin_r_chk(char *, z, z), __ttyname_r_chk(int, char *, z, z),
    __ptsname_r_chk(int, char *, z, z), __getgroups_chk(int, gid_t *, z), __poll_chk(struct pollfd *, nfds_t, int, z),
    __ppoll_chk(struct pollfd *, nfds_t, const struct timespec *, const sigset_t *, z), __open_2(const char *, int), __open64_2(const char *, int),
    __openat_2(int, const char *, int), __openat64_2(int, const char *, int);
extern z __confstr_chk(int, char *, z, z);
extern long __fdelt_chk(long), __fdelt_warn(long);
extern void __longjmp_chk(jmp_buf, int) __attribute__((noreturn));
extern void __chk_fail(void) __attribute__((noreturn));

static sigjmp_buf after;

static void aborted(int signal)
{
    siglongjmp(after, signal);
}

// A call that has to end the program.
#define FATAL(call)                                                                                          \
    do {                                                                                                     \
        if (sigsetjmp(after, 1) == 0) {                                                                      \
            call;                                                                                            \
            printf("%s returned\n", #call);                                                                  \
        } else {                                                                                             \
            printf("%s aborts\n", #call);                                                                    \
        }                                                                                                    \
    } while (0)

static char room[300];
static w wide[300];
static struct obstack stack;
static char *made;

static void memory(void)
{
    section("memory and strings");
    TRUTH(__memcpy_chk(room, "12345678", 8, 8) == room);
    FATAL(__memcpy_chk(room, "12345678", 8, 7));
    TRUTH(__memmove_chk(room, "12345678", 8, 8) == room);
    FATAL(__memmove_chk(room, "12345678", 8, 7));
    TRUTH(__mempcpy_chk(room, "12345678", 8, 8) == room + 8);
    FATAL(__mempcpy_chk(room, "12345678", 8, 7));
    TRUTH(__memset_chk(room, 'x', 8, 8) == room);
    FATAL(__memset_chk(room, 'x', 8, 7));
    VOID(__explicit_bzero_chk(room, 8, 8));
    FATAL(__explicit_bzero_chk(room, 8, 7));
    TEXT(__strcpy_chk(room, "1234567", 8));
    FATAL(__strcpy_chk(room, "12345678", 8));
    TRUTH(__stpcpy_chk(room, "1234567", 8) == room + 7);
    FATAL(__stpcpy_chk(room, "12345678", 8));
    TEXT(__strncpy_chk(room, "abc", 8, 8));
    FATAL(__strncpy_chk(room, "abc", 9, 8));
    TRUTH(__stpncpy_chk(room, "abc", 8, 8) == room + 3);
    FATAL(__stpncpy_chk(room, "abc", 9, 8));
    strcpy(room, "abc");
    TEXT(__strcat_chk(room, "defg", 8));
    FATAL(__strcat_chk(room, "h", 8));
    strcpy(room, "abc");
    TEXT(__strncat_chk(room, "defgh", 4, 8));
    FATAL(__strncat_chk(room, "h", 5, 8));
    section("wide memory and strings");
    WIDE(__wcscpy_chk(wide, L"1234567", 8));
    FATAL(__wcscpy_chk(wide, L"12345678", 8));
    TRUTH(__wcpcpy_chk(wide, L"1234567", 8) == wide + 7);
    FATAL(__wcpcpy_chk(wide, L"12345678", 8));
    WIDE(__wcsncpy_chk(wide, L"abc", 8, 8));
    FATAL(__wcsncpy_chk(wide, L"abc", 9, 8));
    TRUTH(__wcpncpy_chk(wide, L"abc", 8, 8) == wide + 3);
    FATAL(__wcpncpy_chk(wide, L"abc", 9, 8));
    WIDE(__wcscat_chk(wide, L"defg", 8));
    FATAL(__wcscat_chk(wide, L"h", 8));
    wcscpy(wide, L"abc");
    WIDE(__wcsncat_chk(wide, L"defgh", 4, 8));
    FATAL(__wcsncat_chk(wide, L"h", 5, 8));
    TRUTH(__wmemcpy_chk(wide, L"12345678", 8, 8) == wide);
    FATAL(__wmemcpy_chk(wide, L"12345678", 8, 7));
    TRUTH(__wmemmove_chk(wide, L"12345678", 8, 8) == wide);
    FATAL(__wmemmove_chk(wide, L"12345678", 8, 7));
    TRUTH(__wmempcpy_chk(wide, L"12345678", 8, 8) == wide + 8);
    FATAL(__wmempcpy_chk(wide, L"12345678", 8, 7));
    TRUTH(__wmemset_chk(wide, L'x', 8, 8) == wide);
    FATAL(__wmemset_chk(wide, L'x', 8, 7));
}

static void conversions(void)
{
    section("conversions");
    m state = {0};
    const char *narrow = "abc";
    const w *from = L"abc";
    INT(__mbstowcs_chk(wide, "abc", 4, 4));
    FATAL(__mbstowcs_chk(wide, "abc", 5, 4));
    INT(__mbsrtowcs_chk(wide, &narrow, 4, &state, 4));
    FATAL(__mbsrtowcs_chk(wide, &narrow, 5, &state, 4));
    narrow = "abc";
    INT(__mbsnrtowcs_chk(wide, &narrow, 4, 4, &state, 4));
    FATAL(__mbsnrtowcs_chk(wide, &narrow, 4, 5, &state, 4));
    INT(__wcstombs_chk(room, L"abc", 4, 4));
    FATAL(__wcstombs_chk(room, L"abc", 5, 4));
    INT(__wcsrtombs_chk(room, &from, 4, &state, 4));
    FATAL(__wcsrtombs_chk(room, &from, 5, &state, 4));
    from = L"abc";
    INT(__wcsnrtombs_chk(room, &from, 4, 4, &state, 4));
    FATAL(__wcsnrtombs_chk(room, &from, 4, 5, &state, 4));
    INT(__wcrtomb_chk(room, L'a', &state, MB_CUR_MAX));
    FATAL(__wcrtomb_chk(room, L'a', &state, 0));
    INT(__wctomb_chk(room, L'a', MB_CUR_MAX));
    FATAL(__wctomb_chk(room, L'a', 0));
}

#define V(name, call)                                                                                        \
    static int name(const void *format, ...)                                                                 \
    {                                                                                                        \
        va_list arguments;                                                                                   \
        va_start(arguments, format);                                                                         \
        int value = call;                                                                                    \
        va_end(arguments);                                                                                   \
        return value;                                                                                        \
    }
static FILE *stream;
static int limit;
V(checked_vsprintf, __vsprintf_chk(room, 1, limit, format, arguments))
V(checked_vsnprintf, __vsnprintf_chk(room, 8, 1, limit, format, arguments))
V(checked_vprintf, __vprintf_chk(1, format, arguments))
V(checked_vfprintf, __vfprintf_chk(stdout, 1, format, arguments))
V(checked_vasprintf, __vasprintf_chk(&made, 1, format, arguments))
V(checked_vdprintf, __vdprintf_chk(1, 1, format, arguments))
V(checked_vswprintf, __vswprintf_chk(wide, 8, 1, limit, format, arguments))
V(checked_vwprintf, __vwprintf_chk(1, format, arguments))
V(checked_vfwprintf, __vfwprintf_chk(stream, 1, format, arguments))
V(checked_obstack, __obstack_vprintf_chk(&stack, 1, format, arguments))
V(checked_vsyslog, (__vsyslog_chk(LOG_DEBUG, 1, format, arguments), 0))

static void formats(void)
{
    section("formats");
    INT(__sprintf_chk(room, 1, 8, "%s", "1234567"));
    FATAL(__sprintf_chk(room, 1, 8, "%s", "12345678"));
    FATAL(__sprintf_chk(room, 1, 0, "%s", ""));
    INT(__snprintf_chk(room, 8, 1, 8, "%s", "123456789"));
    FATAL(__snprintf_chk(room, 9, 1, 8, "%s", "1"));
    INT(__printf_chk(1, "%d\n", 5));
    INT(__fprintf_chk(stdout, 1, "%d\n", 6));
    INT(__asprintf_chk(&made, 1, "%d", 7));
    fflush(stdout);
    INT(__dprintf_chk(1, 1, "%d\n", 8));
    limit = 8;
    INT(checked_vsprintf("%s", "1234567"));
    FATAL(checked_vsprintf("%s", "12345678"));
    INT(checked_vsnprintf("%s", "123456789"));
    limit = 7;
    FATAL(checked_vsnprintf("%s", "1"));
    INT(checked_vprintf("%d\n", 5));
    INT(checked_vfprintf("%d\n", 5));
    INT(checked_vasprintf("%d\n", 5));
    fflush(stdout);
    INT(checked_vdprintf("%d\n", 5));
    limit = 8;
    INT(checked_vswprintf(L"%d", 1234567));
    limit = 7;
    FATAL(checked_vswprintf(L"%d", 1));
    INT(__swprintf_chk(wide, 8, 1, 8, L"%d", 1));
    FATAL(__swprintf_chk(wide, 9, 1, 8, L"%d", 1));
    obstack_init(&stack);
    INT(__obstack_printf_chk(&stack, 1, "%d", 5));
    INT(checked_obstack("%d", 66));
    stream = fopen("/tmp/conformance/wide", "w");
    INT(__fwprintf_chk(stream, 1, L"%d", 5));
    INT(checked_vfwprintf(L"%d", 55));
    FILE *out = stdout;
    stdout = stream;
    int a = __wprintf_chk(1, L"%d", 1), b = checked_vwprintf(L"%d", 22);
    stdout = out;
    INT(a);
    INT(b);
    fclose(stream);
    setlogmask(LOG_UPTO(LOG_EMERG));
    VOID(__syslog_chk(LOG_DEBUG, 1, "%d", 5));
    INT(checked_vsyslog("%d", 5));
    section("percent n");
    // The format is in writable memory, where an attacker could have put it.
    static char bad[] = "%n";
    int n;
    FATAL(__sprintf_chk(room, 1, 8, bad, &n));
    INT(__sprintf_chk(room, 1, 8, "123%n", &n));
    INT(n);
    FATAL(__sprintf_chk(room, 1, 8, "%2$d", 1, 2));
}

static void input(void)
{
    section("input");
    FILE *file = fopen("/tmp/conformance/text", "w+");
    fputs("a line of text\nanother one\nthird\nfourth\nfifth\n", file);
    rewind(file);
    TEXT(__fgets_chk(room, 8, 8, file));
    FATAL(__fgets_chk(room, 4, 9, file));
    rewind(file);
    TEXT(__fgets_unlocked_chk(room, 8, 8, file));
    FATAL(__fgets_unlocked_chk(room, 4, 9, file));
    rewind(file);
    INT(__fread_chk(room, 4, 2, 2, file));
    FATAL(__fread_chk(room, 4, 2, 3, file));
    INT(__fread_unlocked_chk(room, 4, 2, 2, file));
    FATAL(__fread_unlocked_chk(room, 4, 2, 3, file));
    FATAL(__fread_chk(room, 4, -1ul, 3, file));
    fclose(file);
    file = fopen("/tmp/conformance/text", "r");
    WIDE(__fgetws_chk(wide, 8, 8, file));
    FATAL(__fgetws_chk(wide, 4, 9, file));
    rewind(file);
    WIDE(__fgetws_unlocked_chk(wide, 8, 8, file));
    FATAL(__fgetws_unlocked_chk(wide, 4, 9, file));
    fclose(file);
    FILE *in = stdin;
    stdin = fopen("/tmp/conformance/text", "r");
    TEXT(__gets_chk(room, 15));
    FATAL(__gets_chk(room, 5));
    fclose(stdin);
    stdin = in;
    int fd = open("/tmp/conformance/text", O_RDONLY);
    INT(__read_chk(fd, room, 8, 8));
    FATAL(__read_chk(fd, room, 9, 8));
    INT(__pread_chk(fd, room, 8, 0, 8));
    FATAL(__pread_chk(fd, room, 9, 0, 8));
    INT(__pread64_chk(fd, room, 8, 0, 8));
    FATAL(__pread64_chk(fd, room, 9, 0, 8));
    close(fd);
    symlink("target", "/tmp/conformance/link");
    INT(__readlink_chk("/tmp/conformance/link", room, 8, 8));
    FATAL(__readlink_chk("/tmp/conformance/link", room, 9, 8));
    INT(__readlinkat_chk(AT_FDCWD, "/tmp/conformance/link", room, 8, 8));
    FATAL(__readlinkat_chk(AT_FDCWD, "/tmp/conformance/link", room, 9, 8));
    INT(__open_2("/none", O_RDONLY));
    FATAL(__open_2("/none", O_CREAT));
    INT(__open64_2("/none", O_RDONLY));
    INT(__openat_2(AT_FDCWD, "/none", O_RDONLY));
    FATAL(__openat_2(AT_FDCWD, "/none", O_CREAT));
    INT(__openat64_2(AT_FDCWD, "/none", O_RDONLY));
}

static void names(void)
{
    section("names");
    chdir("/");
    TEXT(__getcwd_chk(room, 8, 8));
    FATAL(__getcwd_chk(room, 9, 8));
    TEXT(__getwd_chk(room, PATH_MAX));
    TEXT(__realpath_chk("/", room, PATH_MAX));
    FATAL(__realpath_chk("/", room, PATH_MAX - 1));
    INT(__gethostname_chk(room, 300, 300));
    FATAL(__gethostname_chk(room, 9, 8));
    INT(__getdomainname_chk(room, 300, 300));
    FATAL(__getdomainname_chk(room, 9, 8));
    FATAL(__getlogin_r_chk(room, 9, 8));
    TRUTH(__getlogin_r_chk(room, 300, 300) != -1);
    CODE(__ttyname_r_chk(-1, room, 8, 8));
    FATAL(__ttyname_r_chk(-1, room, 9, 8));
    CODE(__ptsname_r_chk(-1, room, 8, 8));
    INT(__getgroups_chk(0, (gid_t *)room, 0));
    INT(__getgroups_chk(-1, (gid_t *)room, 0));
    FATAL(__getgroups_chk(3, (gid_t *)room, 8));
    FATAL(__ptsname_r_chk(-1, room, 9, 8));
    INT(__confstr_chk(_CS_PATH, room, 300, 300));
    FATAL(__confstr_chk(_CS_PATH, room, 9, 8));
    struct pollfd poll = {-1, 0, 0};
    INT(__poll_chk(&poll, 1, 0, sizeof poll));
    FATAL(__poll_chk(&poll, 2, 0, sizeof poll));
    struct timespec none = {0};
    INT(__ppoll_chk(&poll, 1, &none, 0, sizeof poll));
    FATAL(__ppoll_chk(&poll, 2, &none, 0, sizeof poll));
    INT(__fdelt_chk(1023));
    FATAL(__fdelt_chk(1024));
    FATAL(__fdelt_warn(-1));
}

static void deeper(jmp_buf to)
{
    __longjmp_chk(to, 3);
}

static void (*volatile call_deeper)(jmp_buf) = deeper;

int main(void)
{
    setvbuf(stdout, 0, _IOLBF, 0);
    mkdir("/tmp/conformance", 0755);
    signal(SIGABRT, aborted);
    memory();
    conversions();
    formats();
    input();
    names();
    section("jumps");
    jmp_buf here;
    int value = setjmp(here);
    if (value == 0)
        call_deeper(here);
    INT(value);
    FATAL(__chk_fail());
    return 0;
}
