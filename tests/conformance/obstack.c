// obstack.h: growing objects, freeing back to one, what a failed allocation calls.
#define _GNU_SOURCE
#include "check.h"
#include <obstack.h>
#include <setjmp.h>

static int chunks;

static void *get(long size)
{
    chunks++;
    return malloc(size);
}

static void *get_with(void *extra, long size)
{
    ++*(int *)extra;
    return malloc(size);
}

static void put_with(void *extra, void *chunk)
{
    --*(int *)extra;
    free(chunk);
}

#define obstack_chunk_alloc get
#define obstack_chunk_free free

extern int _obstack_allocated_p(struct obstack *, void *);
static jmp_buf failed;

static void *none(long size)
{
    (void)size;
    return 0;
}

static void gives_up(void)
{
    longjmp(failed, 1);
}

int main(void)
{
    struct obstack stack;
    INT(obstack_begin(&stack, 200));
    char *first = obstack_copy0(&stack, "first", 5);
    TEXT(first);
    char *second = obstack_alloc(&stack, 10);
    TRUTH((size_t)second % sizeof(void *) == 0);
    obstack_grow(&stack, "grow", 4);
    obstack_grow0(&stack, "ing", 3);
    INT(obstack_object_size(&stack));
    TEXT(obstack_finish(&stack));
    obstack_ptr_grow(&stack, first);
    obstack_int_grow(&stack, 7);
    INT(obstack_object_size(&stack));
    obstack_blank(&stack, 1000);
    INT(obstack_object_size(&stack));
    TRUTH(*(char **)obstack_base(&stack) == first);
    obstack_blank(&stack, -100);
    INT(obstack_object_size(&stack));
    void *large = obstack_finish(&stack);
    INT(chunks);
    TRUTH(obstack_memory_used(&stack) > 1000);
    TRUTH(_obstack_allocated_p(&stack, large));
    TRUTH(_obstack_allocated_p(&stack, &stack));
    obstack_free(&stack, second);
    TEXT(first);
    TRUTH(obstack_base(&stack) == second);
    TRUTH(obstack_room(&stack) > 0);
    INT(obstack_empty_p(&stack) != 0);
    obstack_free(&stack, 0);
    section("with an argument");
    int live = 0;
    obstack_specify_allocation_with_arg(&stack, 0, 64, get_with, put_with, &live);
    TRUTH((size_t)obstack_alloc(&stack, 3) % 64 == 0);
    TRUTH((size_t)obstack_alloc(&stack, 3) % 64 == 0);
    obstack_alloc(&stack, 10000);
    INT(live);
    obstack_free(&stack, 0);
    INT(live);
    section("failure");
    INT(obstack_exit_failure);
    TRUTH(obstack_alloc_failed_handler != 0);
    obstack_alloc_failed_handler = gives_up;
    if (setjmp(failed) == 0)
        obstack_specify_allocation(&stack, 100, 0, none, free);
    else
        printf("gave up\n");
    return 0;
}
