// Cancellation: it unwinds by the program's own libgcc_s, running clean-up handlers on the way.
#define _GNU_SOURCE
#include <errno.h>
#include <pthread.h>
#include <semaphore.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t never = PTHREAD_COND_INITIALIZER;
static sem_t started, locked;
static pthread_key_t key;

static void cleaned(void *what) { printf("  cleaned up: %s\n", (char *)what); }
static void unlocks(void *mutex) { printf("  unlocks: %s\n", pthread_mutex_unlock(mutex) ? "not owned" : "ok"); }
static void forgets(void *value) { printf("  key destroyed: %s\n", (char *)value); }

static void *in_condition(void *unused)
{
    (void)unused;
    pthread_setspecific(key, "of the condition");
    pthread_mutex_lock(&lock);
    pthread_cleanup_push(unlocks, &lock);
    sem_post(&started);
    for (;;)
        pthread_cond_wait(&never, &lock);
    pthread_cleanup_pop(0);
    return NULL;
}

static void *in_sleep(void *unused)
{
    (void)unused;
    pthread_cleanup_push(cleaned, "outer");
    pthread_cleanup_push(cleaned, "inner");
    sem_post(&started);
    sleep(1000);
    pthread_cleanup_pop(0);
    pthread_cleanup_pop(0);
    return NULL;
}

static int ends[2];

static void *in_read(void *unused)
{
    (void)unused;
    char byte;
    pthread_cleanup_push(cleaned, "the reader");
    sem_post(&started);
    if (read(ends[0], &byte, 1) != 1)
        puts("  read failed");
    pthread_cleanup_pop(0);
    return NULL;
}

static void *in_semaphore(void *unused)
{
    (void)unused;
    pthread_cleanup_push(cleaned, "the semaphore");
    sem_post(&started);
    sem_wait(&locked);
    pthread_cleanup_pop(0);
    return NULL;
}

static void *other;

static void *in_join(void *unused)
{
    (void)unused;
    pthread_cleanup_push(cleaned, "the joiner");
    sem_post(&started);
    pthread_join((pthread_t)other, NULL);
    pthread_cleanup_pop(0);
    return NULL;
}

static void *tests(void *unused)
{
    (void)unused;
    int old;
    printf("  state: %d", pthread_setcancelstate(PTHREAD_CANCEL_DISABLE, &old));
    printf(" was enabled %d\n", old == PTHREAD_CANCEL_ENABLE);
    sem_post(&started);
    sem_wait(&locked);
    pthread_testcancel();
    puts("  disabled: goes on");
    pthread_cleanup_push(cleaned, "the tester");
    pthread_setcancelstate(PTHREAD_CANCEL_ENABLE, &old);
    printf("  was enabled %d\n", old == PTHREAD_CANCEL_ENABLE);
    pthread_testcancel();
    puts("  not reached");
    pthread_cleanup_pop(0);
    return NULL;
}

static atomic_long spins;

static void *asynchronous(void *unused)
{
    (void)unused;
    int old;
    pthread_setcanceltype(PTHREAD_CANCEL_ASYNCHRONOUS, &old);
    printf("  was deferred %d\n", old == PTHREAD_CANCEL_DEFERRED);
    sem_post(&started);
    for (;;)
        spins++;
    return NULL;
}

static void *exits(void *unused)
{
    (void)unused;
    pthread_cleanup_push(cleaned, "on exit");
    pthread_cleanup_push(cleaned, "popped and run");
    pthread_cleanup_pop(1);
    pthread_exit("a result");
    pthread_cleanup_pop(0);
    return NULL;
}

static void *idle(void *unused)
{
    (void)unused;
    sem_wait(&locked);
    return "idle done";
}

static void run(const char *name, void *(*function)(void *), int release)
{
    pthread_t thread;
    void *result;
    printf("%s\n", name);
    fflush(stdout);
    pthread_create(&thread, NULL, function, NULL);
    sem_wait(&started);
    usleep(20000);
    int error = pthread_cancel(thread);
    if (release)
        sem_post(&locked);
    pthread_join(thread, &result);
    printf("  cancel %d, cancelled %d\n", error, result == PTHREAD_CANCELED);
}

int main(void)
{
    setvbuf(stdout, NULL, _IOLBF, 0);
    sem_init(&started, 0, 0);
    sem_init(&locked, 0, 0);
    pthread_key_create(&key, forgets);
    if (pipe(ends))
        return 1;
    run("in a condition", in_condition, 0);
    printf("  the mutex is free: %d\n", pthread_mutex_trylock(&lock) == 0);
    run("in sleep", in_sleep, 0);
    run("in read", in_read, 0);
    run("in a semaphore", in_semaphore, 0);
    pthread_t sleeper;
    pthread_create(&sleeper, NULL, idle, NULL);
    other = (void *)sleeper;
    run("in join", in_join, 0);
    sem_post(&locked);
    void *result;
    printf("joinable still: %d", pthread_join(sleeper, &result));
    printf(" %s\n", (char *)result);
    run("state", tests, 1);
    run("asynchronous", asynchronous, 0);
    pthread_create(&sleeper, NULL, exits, NULL);
    pthread_join(sleeper, &result);
    printf("exit gave: %s\n", (char *)result);
    puts("done");
    return 0;
}
