// Thread-local storage in all four models, in the program and in two libraries.
#define _GNU_SOURCE
#include <dlfcn.h>
#include <pthread.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include "tls.h"

__thread int local_exec = 1;
__thread char text[32] = "initial";
__thread long zeroed[100];
__thread int aligned __attribute__((aligned(64))) = 64;

static int *(*plugin_address)(void);
static int (*plugin_add)(int);

static void *run(void *argument)
{
    int by = (int)(intptr_t)argument;
    char line[200];
    int at = 0;
    at += sprintf(line + at, "le %d %s %ld %d|", local_exec, text, zeroed[99], aligned);
    local_exec += by;
    sprintf(text, "thread %d", by);
    zeroed[99] = by;
    at += sprintf(line + at, " %d %s %ld|", local_exec, text, zeroed[99]);
    at += sprintf(line + at, " ie %d gd %d ld %d %d|", library_ie, library_gd, library_ld(by), library_ld(by));
    library_ie += by;
    library_gd += by;
    at += sprintf(line + at, " %d %d %d|", library_ie_read(), library_gd_read(), library_desc(by));
    at += sprintf(line + at, " plugin %d %d %d", plugin_add(by), plugin_add(by), *plugin_address());
    printf("%2d: %s\n", by, line);
    return (void *)((uintptr_t)&aligned % 64 | (uintptr_t)(&local_exec == local_exec_seen_by_library() ? 0 : 1));
}

int main(void)
{
    setvbuf(stdout, NULL, _IOLBF, 0);
    pthread_t early;
    pthread_mutex_t hold = PTHREAD_MUTEX_INITIALIZER;
    (void)hold;
    void *plugin = dlopen("libtlsplugin.so", RTLD_NOW);
    if (!plugin) {
        puts(dlerror());
        return 1;
    }
    plugin_address = (int *(*)(void))dlsym(plugin, "plugin_address");
    plugin_add = (int (*)(int))dlsym(plugin, "plugin_add");
    for (intptr_t i = 1; i <= 5; i++) {
        void *result;
        pthread_create(&early, NULL, run, (void *)i);
        pthread_join(early, &result);
        if (result)
            printf("thread %ld: misplaced\n", (long)i);
    }
    if (run((void *)10))
        puts("main: misplaced");
    run((void *)20);
    int *variable = dlsym(plugin, "plugin_variable");
    printf("dlsym of a thread-local is this thread's: %d\n", variable == plugin_address());
    printf("dlclose %d\n", dlclose(plugin));
    plugin = dlopen("libtlsplugin.so", RTLD_NOW);
    plugin_add = (int (*)(int))dlsym(plugin, "plugin_add");
    printf("opened again: %d\n", plugin_add(1));
    return 0;
}
