// mmap and its relatives: anonymous and file mappings, protection, fixed places, resizing.
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

static sigjmp_buf out;
static void *volatile where;

static void fault(int signal, siginfo_t *info, void *context)
{
    (void)context;
    where = info->si_addr;
    siglongjmp(out, signal);
}

static int reads(volatile char *at)
{
    int signal = sigsetjmp(out, 1);
    if (!signal)
        (void)*at;
    return signal;
}

static int writes(volatile char *at)
{
    int signal = sigsetjmp(out, 1);
    if (!signal)
        *at = 1;
    return signal;
}

static void say(const char *what, int good)
{
    printf("%s: %s\n", what, good ? "ok" : strerror(errno));
}

int main(void)
{
    setvbuf(stdout, NULL, _IOLBF, 0);
    struct sigaction action = {.sa_sigaction = fault, .sa_flags = SA_SIGINFO};
    sigaction(SIGSEGV, &action, NULL);
    sigaction(SIGBUS, &action, NULL);
    size_t page = (size_t)sysconf(_SC_PAGESIZE);

    char *area = mmap(NULL, 16 * page, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    say("anonymous", area != MAP_FAILED);
    int zero = 1;
    for (size_t i = 0; i < 16 * page; i += 100)
        zero &= area[i] == 0;
    printf("zeroed %d, aligned %d\n", zero, (uintptr_t)area % page == 0);
    memset(area, 'a', 16 * page);
    say("unmap the middle", munmap(area + 4 * page, 4 * page) == 0);
    printf("left %c %c, hole %d, at its place %d\n", area[4 * page - 1], area[8 * page], reads(area + 5 * page) == SIGSEGV,
           where == area + 5 * page);
    say("protect", mprotect(area, page, PROT_READ) == 0);
    printf("reads %d writes %d\n", reads(area), writes(area) == SIGSEGV);
    say("no access", mprotect(area, page, PROT_NONE) == 0);
    printf("reads %d\n", reads(area) == SIGSEGV);
    say("access again", mprotect(area, page, PROT_READ | PROT_WRITE) == 0);
    printf("kept %c\n", area[0]);
    say("protect a hole", mprotect(area, 8 * page, PROT_READ) == 0);
    say("not aligned", mprotect(area + 1, page, PROT_READ) == 0);
    char *fixed = mmap(area + 4 * page, 2 * page, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0);
    printf("fixed %d %d\n", fixed == area + 4 * page, fixed[page]);
    void *refused = mmap(area, page, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE, -1, 0);
    say("no replacement", refused != MAP_FAILED);
    say("length zero", mmap(NULL, 0, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0) != MAP_FAILED);
    say("no kind", mmap(NULL, page, PROT_READ, MAP_ANONYMOUS, -1, 0) != MAP_FAILED);
    say("bad descriptor", mmap(NULL, page, PROT_READ, MAP_PRIVATE, 99, 0) != MAP_FAILED);
    say("unmap all", munmap(area, 16 * page) == 0);
    say("unmap nothing", munmap(area, page) == 0);

    // A large sparse area: only touched pages cost memory.
    size_t large = (size_t)8 << 30;
    char *sparse = mmap(NULL, large, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    say("8 GB reserved", sparse != MAP_FAILED);
    for (size_t i = 0; i < 100; i++)
        sparse[i * (large / 100)] = (char)i;
    int sum = 0;
    for (size_t i = 0; i < 100; i++)
        sum += sparse[i * (large / 100)];
    printf("touched %d\n", sum);
    say("unmapped", munmap(sparse, large) == 0);

    char *grows = mmap(NULL, 2 * page, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    strcpy(grows + page, "kept across");
    grows = mremap(grows, 2 * page, 100 * page, MREMAP_MAYMOVE);
    say("grown", grows != MAP_FAILED);
    printf("%s %d\n", grows + page, grows[99 * page]);
    char *shrunk = mremap(grows, 100 * page, page, 0);
    printf("shrunk in place %d, rest gone %d\n", shrunk == grows, reads(grows + page) == SIGSEGV);
    grows[0] = 'x';
    say("discard", madvise(grows, page, MADV_DONTNEED) == 0);
    printf("zero again %d\n", grows[0]);
    say("bad advice", madvise(grows, page, 999) == 0);
    say("will need", posix_madvise(grows, page, POSIX_MADV_WILLNEED) == 0);
    say("mlock", mlock(grows, page) == 0 && munlock(grows, page) == 0);
    unsigned char resident[1] = {0};
    say("mincore", mincore(grows, page, resident) == 0);
    munmap(grows, page);

    int fd = open("/tmp/mapped", O_CREAT | O_RDWR | O_TRUNC, 0644);
    for (int i = 0; i < 3000; i++)
        dprintf(fd, "%04d\n", i);
    char *file = mmap(NULL, 15000, PROT_READ, MAP_PRIVATE, fd, 0);
    printf("file: %.4s %.4s, after its end %d\n", file, file + 14995, file[15000]);
    char *part = mmap(NULL, page, PROT_READ | PROT_WRITE, MAP_PRIVATE, fd, (off_t)page);
    printf("from page 1 the same %d\n", memcmp(part, file + page, page) == 0);
    part[0] = 'P';
    char byte;
    pread(fd, &byte, 1, (off_t)page);
    printf("private: %d, %d\n", byte != 'P', file[page] != 'P');
    char *shared = mmap(NULL, 15000, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    say("shared", shared != MAP_FAILED);
    if (shared != MAP_FAILED) {
        shared[5] = 'S';
        say("msync", msync(shared, 15000, MS_SYNC) == 0);
        pread(fd, &byte, 1, 5);
        printf("written through: %c\n", byte);
        pwrite(fd, "W", 1, 6);
        printf("seen: %c\n", shared[6]);
        munmap(shared, 15000);
        pread(fd, &byte, 1, 5);
        printf("still: %c\n", byte);
    }
    say("offset not aligned", mmap(NULL, page, PROT_READ, MAP_PRIVATE, fd, 100) != MAP_FAILED);
    close(fd);
    printf("after close: %.4s\n", file + 5000);
    munmap(file, 15000);
    fd = open("/tmp/mapped", O_RDONLY);
    say("shared, read only", mmap(NULL, page, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0) != MAP_FAILED);
    char *beyond = mmap(NULL, 10 * page, PROT_READ, MAP_PRIVATE, fd, 0);
    printf("beyond the end: %d\n", reads(beyond + 8 * page) == SIGBUS);
    close(fd);
    unlink("/tmp/mapped");
    fd = memfd_create("name", MFD_CLOEXEC);
    say("memfd", fd >= 0);
    if (fd >= 0) {
        ftruncate(fd, (off_t)page);
        char *a = mmap(NULL, page, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
        char *b = mmap(NULL, page, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
        a[7] = '7';
        printf("two views: %c\n", b[7]);
        close(fd);
    }

    // Code made at run time: written, then executed.
    unsigned char code[] = {0x8d, 0x47, 0x05, 0xc3}; // lea eax, [rdi + 5]; ret
    unsigned char *made = mmap(NULL, page, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    memcpy(made, code, sizeof code);
    say("executable", mprotect(made, page, PROT_READ | PROT_EXEC) == 0);
    printf("made code: %d\n", ((int (*)(int))(uintptr_t)made)(37));
    printf("not writable: %d\n", writes((char *)made) == SIGSEGV);
    printf("the program's text: %d, constants: %d\n", writes((char *)(uintptr_t)main) == SIGSEGV, writes((char *)(uintptr_t)"constant") == SIGSEGV);
    char *maps = NULL;
    size_t capacity = 0;
    FILE *list = fopen("/proc/self/maps", "r");
    int lines = 0, stack = 0;
    while (list && getline(&maps, &capacity, list) > 0) {
        unsigned long from, to;
        lines++;
        if (sscanf(maps, "%lx-%lx", &from, &to) == 2)
            stack |= (unsigned long)&lines >= from && (unsigned long)&lines < to;
    }
    printf("maps: some lines %d, the stack is in them %d\n", lines > 2, stack);
    char link[200] = "";
    printf("exe: %d\n", readlink("/proc/self/exe", link, sizeof link) > 0 && strstr(link, "memory") != NULL);
    return 0;
}
