// 64 MB of malloc traffic from each of four threads, and the corners of the malloc family.
#define _GNU_SOURCE
#include <errno.h>
#include <malloc.h>
#include <pthread.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#define THREADS 4
#define SLOTS 256
#define TRAFFIC (64l << 20)

static void *handed[THREADS][64];
static pthread_barrier_t barrier;

static int right(const unsigned char *block, size_t size, unsigned char mark)
{
    return size == 0 || (block[0] == mark && block[size / 2] == mark && block[size - 1] == mark);
}

static void *works(void *argument)
{
    int id = (int)(intptr_t)argument;
    uint64_t state = 0x9e3779b97f4a7c15u * (unsigned)(id + 1);
    unsigned char *blocks[SLOTS] = {0};
    size_t sizes[SLOTS] = {0};
    long traffic = 0, wrong = 0, operations = 0;
    while (traffic < TRAFFIC) {
        state ^= state << 13, state ^= state >> 7, state ^= state << 17;
        int slot = (int)(state % SLOTS);
        unsigned kind = (unsigned)(state >> 20) % 16;
        size_t size = kind < 10 ? (state >> 32) % 200 : kind < 14 ? (state >> 32) % 4000 : (state >> 32) % 70000;
        unsigned char mark = (unsigned char)(slot + id);
        operations++;
        if (blocks[slot])
            wrong += !right(blocks[slot], sizes[slot], mark);
        if (blocks[slot] && kind == 3) {
            unsigned char *moved = realloc(blocks[slot], size + 1);
            wrong += !moved || (sizes[slot] && moved[0] != mark);
            blocks[slot] = moved;
            sizes[slot] = size + 1;
            memset(moved, mark, size + 1);
            traffic += (long)size;
            continue;
        }
        free(blocks[slot]);
        if (kind == 5) {
            blocks[slot] = calloc(size + 1, 1);
            for (size_t i = 0; i <= size; i += 97)
                wrong += blocks[slot][i] != 0;
            size++;
        } else if (kind == 6) {
            size_t alignment = (size_t)16 << (state >> 50) % 9;
            blocks[slot] = aligned_alloc(alignment, size + alignment);
            wrong += (uintptr_t)blocks[slot] % alignment != 0;
        } else {
            blocks[slot] = malloc(size);
            wrong += (uintptr_t)blocks[slot] % 16 != 0;
        }
        wrong += malloc_usable_size(blocks[slot]) < size;
        memset(blocks[slot], mark, size);
        sizes[slot] = size;
        traffic += (long)size;
    }
    for (int slot = 0; slot < SLOTS; slot++)
        free(blocks[slot]);
    // What one thread allocates another one frees.
    for (int i = 0; i < 64; i++)
        handed[id][i] = memset(malloc(1000), id, 1000);
    pthread_barrier_wait(&barrier);
    for (int i = 0; i < 64; i++) {
        wrong += ((char *)handed[(id + 1) % THREADS][i])[999] != (id + 1) % THREADS;
        free(handed[(id + 1) % THREADS][i]);
    }
    printf("thread: traffic enough %d, operations enough %d, wrong %ld\n", traffic >= TRAFFIC, operations > 1000, wrong);
    return NULL;
}

int main(void)
{
    setvbuf(stdout, NULL, _IOLBF, 0);
    pthread_t threads[THREADS];
    pthread_barrier_init(&barrier, NULL, THREADS);
    for (intptr_t i = 0; i < THREADS; i++)
        pthread_create(&threads[i], NULL, works, (void *)i);
    for (int i = 0; i < THREADS; i++)
        pthread_join(threads[i], NULL);

    void *volatile zero = malloc(0);
    printf("malloc(0) is unique: %d\n", zero != NULL);
    free(zero);
    free(NULL);
    volatile size_t huge = (size_t)-1 / 2;
    errno = 0;
    void *none = malloc(huge + 100);
    printf("too much: %d %s\n", none == NULL, strerror(errno));
    errno = 0;
    none = calloc(huge, 4);
    printf("overflow: %d %s\n", none == NULL, strerror(errno));
    errno = 0;
    none = reallocarray(NULL, huge, 4);
    printf("overflow: %d %s\n", none == NULL, strerror(errno));
    void *memory = NULL;
    printf("posix_memalign: %d", posix_memalign(&memory, 4096, 100));
    printf(" %d", (int)((uintptr_t)memory % 4096));
    free(memory);
    printf(" bad %d\n", posix_memalign(&memory, 3, 100) == EINVAL);
    memory = valloc(10);
    printf("valloc %d", (int)((uintptr_t)memory % 4096));
    free(memory);
    memory = memalign(1 << 20, 10);
    printf(" memalign %d\n", (int)((uintptr_t)memory % (1 << 20)));
    free(memory);
    char *grown = NULL;
    size_t size = 1;
    for (; size <= 32 << 20; size *= 2) {
        grown = realloc(grown, size);
        grown[size - 1] = 'g';
        if (size > 1 && grown[size / 2 - 1] != 'g')
            puts("lost");
    }
    grown = realloc(grown, 10);
    printf("grown and shrunk: %c\n", grown[0]);
    errno = 5;
    free(grown);
    printf("errno is kept by free: %d\n", errno);
    // More in turn than there is memory: what is freed comes back.
    long rounds = 0;
    for (int i = 0; i < 64; i++) {
        char *big = malloc(16 << 20);
        if (!big)
            break;
        for (size_t at = 0; at < 16 << 20; at += 4096 * 16)
            big[at] = (char)i;
        free(big);
        rounds++;
    }
    printf("16 MB, %ld times\n", rounds);
    void *before = sbrk(0);
    printf("sbrk: %d\n", before != (void *)-1);
    return 0;
}
