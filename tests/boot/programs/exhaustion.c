// Memory that runs out: who asks is refused, what was given can be used, and what is given back can be had again.
#define _GNU_SOURCE
#include <errno.h>
#include <malloc.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <unistd.h>

#define MEGABYTE ((size_t)1 << 20)

struct block {
    struct block *next;
};

// Takes blocks until one is refused, and uses them as they come, or all in the end.
static void until_refused(const char *what, size_t size, int use_at_once)
{
    struct block *list = NULL, *block;
    size_t count = 0, most = 512 * MEGABYTE / size;
    errno = 0;
    while (count < most && (block = malloc(size))) {
        block->next = list;
        list = block;
        count++;
        if (use_at_once)
            memset(block + 1, 1, size - sizeof *block);
    }
    int refused = count < most && errno == ENOMEM;
    for (block = list; block && !use_at_once; block = block->next)
        memset(block + 1, 2, size - sizeof *block);
    while (list) {
        block = list->next;
        free(list);
        list = block;
    }
    malloc_trim(0);
    printf("%s: refused %d, some were given %d\n", what, refused, count * size > 16 * MEGABYTE);
}

static void maps_until_refused(void)
{
    static char *maps[64];
    size_t size = 8 * MEGABYTE, count = 0;
    int protection = PROT_READ | PROT_WRITE, flags = MAP_PRIVATE | MAP_ANONYMOUS;
    while (count < 64 && (maps[count] = mmap(NULL, size, protection, flags, -1, 0)) != MAP_FAILED)
        count++;
    printf("mappings: refused %d, some were given %d\n", count < 64 && errno == ENOMEM, count > 1);
    if (count < 2)
        exit(1);
    for (size_t i = 0; i < count; i++)
        memset(maps[i], 3, size);
    // Forgotten pages are promised again.
    madvise(maps[0], size, MADV_DONTNEED);
    printf("one more: refused %d\n", mmap(NULL, size, protection, flags, -1, 0) == MAP_FAILED);
    memset(maps[0], 4, size);
    printf("longer: refused %d\n", mremap(maps[1], size, 512 * MEGABYTE, MREMAP_MAYMOVE) == MAP_FAILED && errno == ENOMEM);
    printf("still there %d\n", maps[1][size - 1] == 3);
    for (size_t i = 0; i < count; i++)
        munmap(maps[i], size);
}

static void break_until_refused(void)
{
    char *start = sbrk(0), *at;
    size_t count = 0;
    while (count < 512 && (at = sbrk(MEGABYTE)) != (void *)-1) {
        memset(at, 5, MEGABYTE);
        count++;
    }
    printf("break: refused %d\n", count < 512 && errno == ENOMEM);
    printf("moved back %d\n", brk(start) == 0 && sbrk(0) == start);
}

int main(void)
{
    // On a machine with much memory.
    struct rlimit limit = {200 * MEGABYTE, 200 * MEGABYTE};
    setrlimit(RLIMIT_AS, &limit);
    setvbuf(stdout, NULL, _IOLBF, 0);
    for (int round = 0; round < 2; round++) {
        until_refused("large blocks", MEGABYTE, 1);
        until_refused("large blocks, used last", 3 * MEGABYTE, 0);
        until_refused("blocks", 50000, 1);
        maps_until_refused();
        break_until_refused();
    }
    until_refused("small blocks", 600, 1);
    printf("more than there is: refused %d\n", malloc((size_t)1 << 40) == NULL && errno == ENOMEM);
    char *some = malloc(4 * MEGABYTE);
    printf("some again %d\n", some != NULL);
    memset(some, 6, 4 * MEGABYTE);
    free(some);
    return 0;
}
