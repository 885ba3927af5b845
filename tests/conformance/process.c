//! flags = ["-Wl,--no-as-needed", "-lgcc_s"]
// unistd.h, sys/resource.h, sys/utsname.h, sys/random.h, sys/prctl.h …: the process and its machine, in
// what does not differ from one to the next.
#define _GNU_SOURCE
#include "check.h"
#include <assert.h>
#include <dlfcn.h>
#include <execinfo.h>
#include <fcntl.h>
#include <gnu/libc-version.h>
#include <grp.h>
#include <limits.h>
#include <link.h>
#include <setjmp.h>
#include <signal.h>
#include <sys/auxv.h>
#include <sys/ipc.h>
#include <sys/prctl.h>
#include <sys/random.h>
#include <sys/resource.h>
#include <sys/sysinfo.h>
#include <sys/time.h>
#include <sys/types.h>
#include <sys/utsname.h>
#include <sys/wait.h>
#include <unistd.h>

extern int __register_atfork(void (*)(void), void (*)(void), void (*)(void), void *);
extern int __cxa_thread_atexit_impl(void (*)(void *), void *, void *);

static void limits(void)
{
    section("limits");
    struct rlimit limit;
    INT(getrlimit(RLIMIT_NOFILE, &limit));
    TRUTH(limit.rlim_cur >= 256 && limit.rlim_cur <= limit.rlim_max);
    INT(getrlimit(99, &limit));
    INT(getrlimit(RLIMIT_STACK, &limit));
    INT(setrlimit(99, &limit));
    limit = (struct rlimit){10, 5};
    INT(setrlimit(RLIMIT_CORE, &limit));
    limit = (struct rlimit){0, RLIM_INFINITY};
    TRUTH(getrlimit(RLIMIT_CORE, &limit) == 0);
    limit.rlim_cur = 0;
    INT(setrlimit(RLIMIT_CORE, &limit));
    INT(getrlimit(RLIMIT_CORE, &limit));
    INT(limit.rlim_cur);
    INT(prlimit(0, RLIMIT_NOFILE, 0, &limit));
    INT(prlimit(0, 99, 0, &limit));
    INT(prlimit(999999, RLIMIT_NOFILE, 0, &limit));
    TRUTH(getdtablesize() >= 256);
    INT(getpagesize());
    INT(sysconf(_SC_PAGESIZE));
    INT(sysconf(9999));
    TRUTH(sysconf(_SC_NPROCESSORS_ONLN) == get_nprocs());
    TRUTH(get_nprocs_conf() >= get_nprocs() && get_nprocs() >= 1);
    TRUTH(get_phys_pages() > get_avphys_pages() && get_avphys_pages() > 0);
    char room[300];
    INT(confstr(_CS_PATH, room, sizeof room));
    TEXT(room);
    INT(confstr(_CS_GNU_LIBC_VERSION, room, sizeof room));
    TEXT(room);
    INT(confstr(9999, room, sizeof room));
    INT(confstr(_CS_PATH, room, 5));
    TEXT(room);
}

static void identity(void)
{
    section("identity");
    uid_t a, b, c;
    INT(getresuid(&a, &b, &c));
    TRUTH(a == getuid() && b == geteuid());
    INT(getresgid(&a, &b, &c));
    TRUTH(a == getgid() && b == getegid());
    TRUTH(gettid() == getpid());
    TRUTH(getpgid(0) == getpgrp());
    TRUTH(getpgid(getpid()) == getpgrp());
    INT(getpgid(999999));
    INT(getsid(999999));
    TRUTH(getsid(0) >= 0);
    INT(setuid(getuid()));
    INT(setgid(getgid()));
    INT(seteuid(geteuid()));
    INT(setegid(getegid()));
    INT(setreuid(-1, -1));
    INT(setregid(-1, -1));
    INT(setresuid(-1, -1, -1));
    INT(setresgid(-1, -1, -1));
    INT(setpgid(999999, 0));
    INT(setpgid(0, -1));
    gid_t none;
    INT(setgroups(-1, &none));
    char name[300];
    TRUTH(gethostname(name, sizeof name) == 0 && *name);
    INT(sethostname("x", -1));
    INT(setdomainname("x", -1));
    INT(gethostname(name, 0));
    INT(getdomainname(name, sizeof name));
    struct utsname system;
    INT(uname(&system));
    TEXT(system.sysname);
    TEXT(system.machine);
    TRUTH(gethostid() == gethostid());
    TEXT(gnu_get_libc_version());
    TEXT(gnu_get_libc_release());
    double loads[3];
    INT(getloadavg(loads, 3) >= 0);
    INT(getloadavg(loads, 0));
    struct sysinfo info;
    INT(sysinfo(&info));
    TRUTH(info.totalram >= info.freeram && info.mem_unit >= 1 && info.procs >= 1);
    TRUTH(getlogin() == NULL || *getlogin());
    TRUTH(getlogin_r(name, 0) != 0);
    INT(ftok("/tmp", 0) != -1);
    INT(ftok("/none", 1));
    TRUTH(getauxval(AT_PAGESZ) == 4096);
    INT(getauxval(9999));
}

static void randomness(void)
{
    section("randomness");
    unsigned char bytes[64] = {0};
    INT(getrandom(bytes, sizeof bytes, 0));
    INT(getrandom(bytes, sizeof bytes, GRND_NONBLOCK));
    INT(getrandom(bytes, sizeof bytes, 99));
    int set = 0;
    for (int i = 0; i < 64; i++)
        set += bytes[i] != 0;
    TRUTH(set > 30);
    INT(getentropy(bytes, 64));
    INT(getentropy(bytes, 257));
}

static void controls(void)
{
    section("controls");
    char name[16];
    INT(prctl(PR_SET_NAME, "conform"));
    INT(prctl(PR_GET_NAME, name));
    TEXT(name);
    INT(prctl(PR_GET_DUMPABLE));
    INT(prctl(9999));
    INT(wait4(-1, 0, WNOHANG, 0));
    INT(wait3(0, WNOHANG, 0));
    INT(waitpid(-1, 0, WNOHANG));
    INT(waitpid(-1, 0, 0x8000000));
    siginfo_t info;
    INT(waitid(P_ALL, 0, &info, WEXITED | WNOHANG));
    INT(waitid(99, 0, &info, WEXITED));
    INT(__register_atfork(0, 0, 0, 0));
    extern int h_errno;
    extern int *__h_errno_location(void);
    *__h_errno_location() = 3;
    INT(*__h_errno_location());
}

static void nothing(void *argument)
{
    (void)argument;
}

static int __attribute__((noinline)) depth(void **frames)
{
    return backtrace(frames, 20);
}

static void loaded(void)
{
    section("dlfcn.h");
    void *frames[20];
    int count = depth(frames);
    TRUTH(count >= 3);
    char **names = backtrace_symbols(frames, count);
    TRUTH(names && strchr(names[0], '['));
    free(names);
    int null = open("/dev/null", O_WRONLY);
    VOID(backtrace_symbols_fd(frames, count, null));
    Dl_info info;
    struct link_map *map;
    TRUTH(dladdr1((void *)loaded, &info, (void **)&map, RTLD_DL_LINKMAP));
    TRUTH(map->l_next != NULL);
    TRUTH(info.dli_fbase != NULL);
    INT(dladdr1((void *)16, &info, (void **)&map, RTLD_DL_LINKMAP));
    TRUTH(dlmopen(LM_ID_BASE, "/no/such/library.so", RTLD_NOW));
    TRUTH(dlerror());
    struct dl_find_object found;
    INT(_dl_find_object((void *)loaded, &found));
    TRUTH(found.dlfo_map_start <= (void *)loaded && (void *)loaded < found.dlfo_map_end);
    TRUTH(found.dlfo_eh_frame);
    INT(_dl_find_object((void *)16, &found));
    static char object;
    extern char __dso_handle;
    INT(__cxa_thread_atexit_impl(nothing, &object, &__dso_handle));
}

static sigjmp_buf after;

static void aborted(int signal)
{
    siglongjmp(after, signal);
}

static void endings(void)
{
    section("assertions");
    extern void __assert(const char *, const char *, int), __stack_chk_fail(void);
    signal(SIGABRT, aborted);
    if (sigsetjmp(after, 1) == 0)
        __assert_fail("1 == 2", "file.c", 12, "function");
    if (sigsetjmp(after, 1) == 0)
        __assert_perror_fail(ENOENT, "file.c", 13, "function");
    if (sigsetjmp(after, 1) == 0)
        __assert("x", "file.c", 14);
    if (sigsetjmp(after, 1) == 0)
        __stack_chk_fail();
    jmp_buf plain;
    volatile int times = 0;
    int value = setjmp(plain);
    INT(value);
    if (times++ < 1)
        longjmp(plain, 0);
    INT(times);
}

int main(void)
{
    setvbuf(stdout, 0, _IOLBF, 0);
    limits();
    identity();
    randomness();
    controls();
    loaded();
    endings();
    return 0;
}
