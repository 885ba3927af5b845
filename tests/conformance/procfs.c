// /proc, as far as libraries read it: what is in it agrees with what the functions say.
#define _GNU_SOURCE
#include "check.h"
#include <dirent.h>
#include <elf.h>
#include <fcntl.h>
#include <pthread.h>
#include <semaphore.h>
#include <sys/auxv.h>
#include <sys/stat.h>
#include <sys/utsname.h>
#include <unistd.h>

static char text[1 << 16];

static const char *content(const char *path)
{
    int fd = open(path, O_RDONLY);
    ssize_t count = read(fd, text, sizeof text - 1);
    close(fd);
    text[count < 0 ? 0 : count] = 0;
    return count < 0 ? NULL : text;
}

// The number after a name in the content.
static long field(const char *path, const char *name)
{
    const char *found = content(path) ? strstr(text, name) : NULL;
    return found ? strtol(found + strlen(name), 0, 10) : -1;
}

static sem_t started, end;

static void *waits(void *argument)
{
    sem_post(&started);
    sem_wait(&end);
    return argument;
}

int main(void)
{
    setvbuf(stdout, 0, _IOLBF, 0);
    section("auxv");
    Elf64_auxv_t entries[64];
    int fd = open("/proc/self/auxv", O_RDONLY);
    ssize_t count = read(fd, entries, sizeof entries) / (ssize_t)sizeof *entries;
    TRUTH(count > 10 && entries[count - 1].a_type == AT_NULL);
    int same = 1;
    for (ssize_t i = 0; i < count - 1; i++)
        if (entries[i].a_type != AT_HWCAP && entries[i].a_type != AT_HWCAP2) // glibc has values of its own
            same &= getauxval(entries[i].a_type) == entries[i].a_un.a_val;
    INT(same);
    INT(read(fd, entries, 16));
    close(fd);
    INT(getauxval(AT_PAGESZ));
    INT(getauxval(AT_CLKTCK));
    INT(getauxval(AT_PHENT));
    TRUTH(getauxval(AT_PHDR) && getauxval(AT_PHNUM) > 5 && getauxval(AT_ENTRY) && getauxval(AT_RANDOM));
    TEXT((char *)getauxval(AT_PLATFORM));
    INT(getauxval(AT_SECURE));
    INT(getauxval(987654));

    section("the process");
    char path[4096], program[4096] = "";
    TRUTH(field("/proc/self/status", "\nPid:\t") == getpid());
    TRUTH(field("/proc/self/status", "\nPPid:\t") == getppid());
    TRUTH(field("/proc/self/status", "\nUid:\t") == (long)getuid());
    TRUTH(field("/proc/self/status", "VmSize:") > 0 && field("/proc/self/status", "VmRSS:") > 0);
    INT(field("/proc/self/status", "Threads:"));
    sem_init(&started, 0, 0);
    sem_init(&end, 0, 0);
    pthread_t threads[2];
    for (int i = 0; i < 2; i++)
        pthread_create(threads + i, 0, waits, 0);
    sem_wait(&started);
    sem_wait(&started);
    INT(field("/proc/self/status", "Threads:"));
    sem_post(&end);
    sem_post(&end);
    pthread_join(threads[0], 0);
    pthread_join(threads[1], 0);
    readlink("/proc/self/exe", program, sizeof program - 1);
    TEXT(strrchr(program, '/') ? "a path" : program);
    getcwd(path, sizeof path);
    char cwd[4096] = "";
    readlink("/proc/self/cwd", cwd, sizeof cwd - 1);
    TRUTH(strcmp(cwd, path) == 0);
    TRUTH(strcmp(content("/proc/self/comm"), "") != 0);
    content("/proc/self/stat");
    TRUTH(atoi(text) == getpid() && strchr(text, '(') && strrchr(text, ')'));
    int fields = 2;
    for (char *at = strrchr(text, ')') + 1; (at = strchr(at, ' ')); at++)
        fields++;
    INT(fields);
    TRUTH(field("/proc/self/limits", "Max open files") > 0);
    unsigned long start, stop;
    char rights[5];
    int code = 0, data = 0, other = 0;
    FILE *maps = fopen("/proc/self/maps", "r");
    while (fgets(text, sizeof text, maps)) {
        if (sscanf(text, "%lx-%lx %4s", &start, &stop, rights) != 3)
            continue;
        code |= (unsigned long)main >= start && (unsigned long)main < stop && strcmp(rights, "r-xp") == 0;
        data |= (unsigned long)threads >= start && (unsigned long)threads < stop && strncmp(rights, "rw", 2) == 0;
        other |= strstr(text, "libc.so.6") != NULL;
    }
    fclose(maps);
    INT(code);
    INT(data);
    setenv("later", "1", 1);
    TRUTH(content("/proc/self/environ") && !strstr(text, "later=1"));
    TRUTH(content("/proc/self/mountinfo") && strstr(text, " / / ") && strstr(text, " - "));
    TRUTH(content("/proc/self/mounts") && strstr(text, " / "));

    section("the machine");
    TRUTH(field("/proc/meminfo", "MemTotal:") / 4 <= sysconf(_SC_PHYS_PAGES) + 1);
    TRUTH(field("/proc/meminfo", "MemFree:") > 0 && field("/proc/meminfo", "MemAvailable:") > 0);
    int processors = 0;
    content("/proc/cpuinfo");
    for (char *at = text; (at = strstr(at, "processor\t:")); at++)
        processors++;
    TRUTH(processors == sysconf(_SC_NPROCESSORS_ONLN));
    TRUTH(field("/proc/stat", "btime ") > 1000000);
    double up = 0;
    TRUTH(content("/proc/uptime") && sscanf(text, "%lf", &up) == 1 && up > 0);
    struct utsname name;
    uname(&name);
    content("/proc/sys/kernel/osrelease");
    TRUTH(strncmp(text, name.release, strlen(name.release)) == 0);
    TEXT(content("/proc/sys/kernel/ostype"));
    TEXT(content("/proc/sys/kernel/ngroups_max"));
    TEXT(content("/proc/sys/kernel/random/poolsize"));
    TRUTH(strlen(content("/proc/sys/kernel/random/uuid")) == 37);
    TRUTH(field("/proc/sys/fs/nr_open", "") > 1024);
    TRUTH(field("/proc/sys/fs/inotify/max_queued_events", "") > 1000);
    TRUTH(field("/proc/sys/kernel/cap_last_cap", "") >= 40);
    INT(open("/proc/none", O_RDONLY));
    INT(open("/proc/self/status/x", O_RDONLY));
    TRUTH(open("/proc/new", O_CREAT | O_WRONLY, 0600) < 0);
    return 0;
}
