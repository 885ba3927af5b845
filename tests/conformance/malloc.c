// malloc.h and the allocation of stdlib.h: alignments, limits, overflow, what the tuning calls give.
#define _GNU_SOURCE
#include "check.h"
#include <malloc.h>
#include <mcheck.h>
#include <stdint.h>
#include <unistd.h>

#define ALIGNED(memory, to) ((memory) != 0 && (uintptr_t)(memory) % (to) == 0)

int main(void)
{
    section("limits");
    TRUTH(malloc(-1ul));
    TRUTH(malloc(PTRDIFF_MAX));
    TRUTH(calloc(1ul << 62, 8));
    TRUTH(calloc(-1ul, 1));
    void *kept = malloc(10);
    TRUTH(realloc(kept, -1ul));
    TRUTH(reallocarray(kept, 1ul << 62, 8));
    free(kept);
    void *nothing = malloc(0);
    TRUTH(nothing);
    TRUTH(malloc_usable_size(nothing) > 0);
    free(nothing);
    INT(malloc_usable_size(0));
    VOID(free(0));
    section("free keeps errno");
    errno = EDOM;
    free(malloc(100));
    free(malloc(1 << 20));
    INT((errno == EDOM));
    TRUTH(realloc(malloc(10), 0));

    section("contents");
    unsigned char *p = malloc(100);
    memset(p, 0xaa, 100);
    p = realloc(p, 100000);
    int same = 1;
    for (int i = 0; i < 100; i++)
        same &= p[i] == 0xaa;
    INT(same);
    p = realloc(p, 50);
    INT(p[49]);
    free(p);
    p = calloc(1000, 100);
    int zero = 1;
    for (int i = 0; i < 100000; i++)
        zero &= p[i] == 0;
    INT(zero);
    TRUTH(malloc_usable_size(p) >= 100000);
    free(p);

    section("alignment");
    TRUTH(ALIGNED(malloc(1), 16));
    TRUTH(ALIGNED(malloc(1000), 16));
    TRUTH(ALIGNED(aligned_alloc(256, 100), 256));
    TRUTH(ALIGNED(memalign(4096, 1), 4096));
    TRUTH(ALIGNED(memalign(48, 100), 64));
    TRUTH(ALIGNED(valloc(1), 4096));
    void *paged = pvalloc(1);
    TRUTH(ALIGNED(paged, 4096));
    TRUTH(malloc_usable_size(paged) >= 4096);
    void *q = (void *)1;
    CODE(posix_memalign(&q, 3, 10));
    CODE(posix_memalign(&q, 24, 10));
    CODE(posix_memalign(&q, 0, 10));
    CODE(posix_memalign(&q, 4, 10));
    TRUTH(q == (void *)1);
    CODE(posix_memalign(&q, 65536, 10));
    TRUTH(ALIGNED(q, 65536));
    free(q);
    CODE(posix_memalign(&q, 64, -1ul));
    TRUTH(memalign(1ul << 63, 1));
    TRUTH(aligned_alloc(1ul << 63, 1));

    section("tuning");
    INT(mallopt(M_MMAP_THRESHOLD, 1 << 20));
    INT(mallopt(M_TRIM_THRESHOLD, 1 << 20));
    INT(mallopt(M_TOP_PAD, 4096));
    INT(mallopt(-100, 1));
    TRUTH(malloc_trim(0) >= 0);
    struct mallinfo2 before = mallinfo2();
    void *block = malloc(5 << 20);
    memset(block, 1, 5 << 20);
    struct mallinfo2 after = mallinfo2();
    TRUTH(after.uordblks + after.hblkhd >= before.uordblks + before.hblkhd + (5 << 20));
    free(block);
    struct mallinfo narrow = mallinfo();
    TRUTH(narrow.uordblks > 0);
    char *text = 0;
    size_t size = 0;
    FILE *stream = open_memstream(&text, &size);
    INT(malloc_info(0, stream));
    INT(malloc_info(1, stream));
    fclose(stream);
    TRUTH(strncmp(text, "<malloc version=\"1\">", 20) == 0);
    TRUTH(strstr(text, "</malloc>"));
    free(text);
    INT(sbrk(0) == (void *)-1);
    return 0;
}
