// Copy relocations, and symbols that the program defines in the place of libc's: its own malloc,
// which libc's own functions have to use too.
#define _GNU_SOURCE
#include <errno.h>
#include <getopt.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static char arena[4 << 20] __attribute__((aligned(16)));
static size_t used;
static long mallocs, frees, foreign;

struct header { size_t size, pad; };

void *malloc(size_t size)
{
    size_t need = (size + 15) / 16 * 16 + sizeof(struct header);
    if (used + need > sizeof arena) {
        errno = ENOMEM;
        return NULL;
    }
    struct header *header = (struct header *)(arena + used);
    used += need;
    header->size = size;
    mallocs++;
    return header + 1;
}

void free(void *pointer)
{
    if (!pointer)
        return;
    if ((char *)pointer < arena || (char *)pointer >= arena + sizeof arena)
        foreign++;
    frees++;
}

void *calloc(size_t count, size_t size)
{
    void *pointer = malloc(count * size);
    return pointer ? memset(pointer, 0, count * size) : NULL;
}

void *realloc(void *old, size_t size)
{
    void *pointer = malloc(size);
    if (old && pointer) {
        size_t before = ((struct header *)old)[-1].size;
        memcpy(pointer, old, before < size ? before : size);
        free(old);
    }
    return pointer;
}

void *memalign(size_t alignment, size_t size)
{
    char *pointer = malloc(size + alignment);
    return pointer ? (void *)(((uintptr_t)pointer + alignment - 1) / alignment * alignment) : NULL;
}

static int mine(const void *pointer)
{
    return (const char *)pointer >= arena && (const char *)pointer < arena + sizeof arena;
}

extern int shared_number;
extern const char *shared_text[2];
int *shared_number_in_library(void);
const char *interposed(void);
const char *library_calls_interposed(void);
const char *interposed(void) { return "the program's"; }

int main(int argc, char **argv)
{
    (void)argc;
    char *copy = strdup("copied by libc");
    printf("strdup: %s, mine %d\n", copy, mine(copy));
    free(copy);
    char *formatted;
    int length = asprintf(&formatted, "%d-%s", 42, "formatted");
    printf("asprintf: %s %d, mine %d\n", formatted, length, mine(formatted));
    free(formatted);
    char *cwd = getcwd(NULL, 0);
    printf("getcwd: mine %d\n", mine(cwd));
    free(cwd);
    FILE *file = fopen("/dev/null", "r");
    char *line = NULL;
    size_t capacity = 0;
    printf("getline: %zd, mine %d\n", getline(&line, &capacity, file), line == NULL || mine(line));
    fclose(file);
    char *memory;
    size_t size;
    file = open_memstream(&memory, &size);
    fputs("in memory", file);
    fclose(file);
    printf("memstream: %s, mine %d\n", memory, mine(memory));
    free(memory);
    char *path = realpath("/dev/../dev/null", NULL);
    printf("realpath: %s, mine %d\n", path, mine(path));
    free(path);
    printf("used: %d, none foreign: %ld\n", mallocs > 5 && frees >= 5, foreign);

    printf("copied: %d %d, the same place: %d\n", shared_number, *shared_number_in_library(),
           shared_number_in_library() == &shared_number);
    shared_number = 8;
    printf("library sees %d\n", *shared_number_in_library());
    printf("%s %s\n", shared_text[0], shared_text[1]);
    printf("%s; the library calls %s\n", interposed(), library_calls_interposed());

    char *words[] = {argv[0], "-a", "-b", "value", "rest", NULL};
    int option;
    while ((option = getopt(5, words, "ab:")) != -1)
        printf("option %c %s\n", option, optarg ? optarg : "-");
    printf("rest at %d: %s\n", optind, words[optind]);
    printf("streams: %d %d %d\n", fileno(stdin), fileno(stdout), fileno(stderr));
    printf("environ is one: %d\n", environ == __environ);
    return 0;
}
