// The ways in which a process ends, chosen by the first argument.
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <pthread.h>

static void first(void) { puts("registered first"); }
static void second(void) { puts("registered second"); }
static void nested(void) { puts("nested"); }
static void registers(void) { puts("registers another"); atexit(nested); }
static void with_status(int status, void *argument) { printf("on_exit %d %s\n", status, (char *)argument); }
static void quick(void) { printf("quick\n"); fflush(stdout); }
__attribute__((constructor)) static void constructed(void) { puts("constructed"); }
__attribute__((destructor)) static void destructed(void) { puts("destructed"); }

static void *exits(void *unused)
{
    (void)unused;
    exit(9);
}

static void *last_thread(void *unused)
{
    (void)unused;
    usleep(50000);
    puts("the last thread");
    return NULL;
}

int main(int argc, char **argv)
{
    const char *way = argc > 1 ? argv[1] : "return";
    atexit(first);
    atexit(second);
    atexit(registers);
    on_exit(with_status, "data");
    at_quick_exit(quick);
    printf("ends by %s, buffered", way);
    if (!strcmp(way, "return"))
        return 255;
    if (!strcmp(way, "exit"))
        exit(0x1ff07);
    if (!strcmp(way, "_exit")) {
        puts(" is lost");
        _exit(128);
    }
    if (!strcmp(way, "quick"))
        quick_exit(77);
    if (!strcmp(way, "abort")) {
        fflush(stdout);
        abort();
    }
    if (!strcmp(way, "kill")) {
        fflush(stdout);
        raise(SIGTERM);
    }
    if (!strcmp(way, "fault")) {
        fflush(stdout);
        *(volatile int *volatile)(intptr_t)(argc * 8) = 1;
    }
    if (!strcmp(way, "thread")) {
        pthread_t thread;
        pthread_create(&thread, NULL, exits, NULL);
        pthread_join(thread, NULL);
    }
    if (!strcmp(way, "last")) {
        pthread_t thread;
        pthread_create(&thread, NULL, last_thread, NULL);
        pthread_detach(thread);
        pthread_exit(NULL);
    }
    return 1;
}
