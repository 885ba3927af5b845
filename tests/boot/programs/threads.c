// POSIX threads: create, join, detach, mutexes, conditions, read-write locks, barriers, once, keys.
#define _GNU_SOURCE
#include <errno.h>
#include <pthread.h>
#include <sched.h>
#include <semaphore.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <threads.h>
#include <time.h>
#include <unistd.h>

#define COUNT 4

static void say(const char *what, int error)
{
    printf("%s: %s\n", what, error ? strerror(error) : "ok");
}

static struct timespec in_ms(clockid_t clock, long ms)
{
    struct timespec at;
    clock_gettime(clock, &at);
    at.tv_nsec += ms * 1000000L;
    at.tv_sec += at.tv_nsec / 1000000000L;
    at.tv_nsec %= 1000000000L;
    return at;
}

// --- create and join ---
static void *squares(void *argument)
{
    return (void *)((intptr_t)argument * (intptr_t)argument);
}

static void create_and_join(void)
{
    pthread_t threads[COUNT];
    for (intptr_t i = 0; i < COUNT; i++)
        if (pthread_create(&threads[i], NULL, squares, (void *)i))
            puts("cannot create");
    for (int i = 0; i < COUNT; i++) {
        void *result;
        pthread_join(threads[i], &result);
        printf("thread %d gave %ld\n", i, (long)(intptr_t)result);
    }
    say("join self", pthread_join(pthread_self(), NULL));
    printf("self is self: %d\n", pthread_equal(pthread_self(), pthread_self()) != 0);
}

// --- many short threads, one after the other and all at once ---
static void *nothing(void *argument) { return argument; }

static void many(void)
{
    int made = 0;
    for (int i = 0; i < 500; i++) {
        pthread_t thread;
        if (pthread_create(&thread, NULL, nothing, NULL) == 0 && pthread_join(thread, NULL) == 0)
            made++;
    }
    pthread_t threads[64];
    int together = 0;
    for (int i = 0; i < 64; i++)
        together += pthread_create(&threads[i], NULL, nothing, threads + i) == 0;
    for (int i = 0; i < 64; i++) {
        void *result;
        pthread_join(threads[i], &result);
        together += result == &threads[i];
    }
    printf("%d in turn, %d together\n", made, together);
}

// --- mutexes ---
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static long counter;

static void *counts(void *unused)
{
    (void)unused;
    for (int i = 0; i < 20000; i++) {
        pthread_mutex_lock(&lock);
        counter++;
        pthread_mutex_unlock(&lock);
    }
    return NULL;
}

static void *tries(void *mutex)
{
    return (void *)(intptr_t)pthread_mutex_trylock(mutex);
}

static int from_other(void *(*function)(void *), void *argument)
{
    pthread_t thread;
    void *result;
    pthread_create(&thread, NULL, function, argument);
    pthread_join(thread, &result);
    return (int)(intptr_t)result;
}

static void *unlocks(void *mutex)
{
    return (void *)(intptr_t)pthread_mutex_unlock(mutex);
}

static void mutexes(void)
{
    pthread_t threads[COUNT];
    for (int i = 0; i < COUNT; i++)
        pthread_create(&threads[i], NULL, counts, NULL);
    for (int i = 0; i < COUNT; i++)
        pthread_join(threads[i], NULL);
    printf("counted to %ld\n", counter);

    pthread_mutexattr_t attributes;
    pthread_mutex_t mutex;
    pthread_mutexattr_init(&attributes);
    int kind;
    pthread_mutexattr_gettype(&attributes, &kind);
    printf("default kind is normal: %d\n", kind == PTHREAD_MUTEX_NORMAL);
    pthread_mutexattr_settype(&attributes, PTHREAD_MUTEX_RECURSIVE);
    pthread_mutex_init(&mutex, &attributes);
    say("recursive", pthread_mutex_lock(&mutex));
    say("recursive again", pthread_mutex_lock(&mutex));
    say("other tries", from_other(tries, &mutex));
    say("other unlocks", from_other(unlocks, &mutex));
    pthread_mutex_unlock(&mutex);
    say("still held", from_other(tries, &mutex));
    pthread_mutex_unlock(&mutex);
    say("unlock too often", pthread_mutex_unlock(&mutex));
    say("destroy", pthread_mutex_destroy(&mutex));

    pthread_mutexattr_settype(&attributes, PTHREAD_MUTEX_ERRORCHECK);
    pthread_mutex_init(&mutex, &attributes);
    pthread_mutex_lock(&mutex);
    say("error checking, again", pthread_mutex_lock(&mutex));
    say("error checking, busy", pthread_mutex_destroy(&mutex));
    pthread_mutex_unlock(&mutex);
    say("error checking, not owned", pthread_mutex_unlock(&mutex));
    pthread_mutex_destroy(&mutex);
    say("bad kind", pthread_mutexattr_settype(&attributes, 99));
    pthread_mutexattr_destroy(&attributes);

    pthread_mutex_init(&mutex, NULL);
    pthread_mutex_lock(&mutex);
    struct timespec at = in_ms(CLOCK_REALTIME, 30);
    say("timed lock", pthread_mutex_timedlock(&mutex, &at));
    at.tv_nsec = 1000000000;
    say("bad time", pthread_mutex_timedlock(&mutex, &at));
    at = in_ms(CLOCK_MONOTONIC, 30);
    say("clock lock", pthread_mutex_clocklock(&mutex, CLOCK_MONOTONIC, &at));
    pthread_mutex_unlock(&mutex);

    pthread_spinlock_t spin;
    pthread_spin_init(&spin, PTHREAD_PROCESS_PRIVATE);
    pthread_spin_lock(&spin);
    say("spin try", pthread_spin_trylock(&spin));
    pthread_spin_unlock(&spin);
    say("spin try free", pthread_spin_trylock(&spin));
    pthread_spin_unlock(&spin);
    pthread_spin_destroy(&spin);
}

// --- robust mutexes ---
static void *dies_holding(void *mutex)
{
    pthread_mutex_lock(mutex);
    return NULL;
}

static void robust(void)
{
    pthread_mutexattr_t attributes;
    pthread_mutex_t mutex;
    pthread_mutexattr_init(&attributes);
    pthread_mutexattr_setrobust(&attributes, PTHREAD_MUTEX_ROBUST);
    pthread_mutex_init(&mutex, &attributes);
    from_other(dies_holding, &mutex);
    say("owner died", pthread_mutex_lock(&mutex));
    say("consistent", pthread_mutex_consistent(&mutex));
    say("unlock", pthread_mutex_unlock(&mutex));
    from_other(dies_holding, &mutex);
    say("owner died again", pthread_mutex_lock(&mutex));
    pthread_mutex_unlock(&mutex);
    say("not recovered", pthread_mutex_lock(&mutex));
    pthread_mutex_destroy(&mutex);
}

// --- conditions: a bounded queue between two producers and two consumers ---
static struct {
    pthread_mutex_t lock;
    pthread_cond_t filled, emptied;
    int items[4], first, count, producing;
    long sum;
} queue = {PTHREAD_MUTEX_INITIALIZER, PTHREAD_COND_INITIALIZER, PTHREAD_COND_INITIALIZER, {0}, 0, 0, 2, 0};

static void *produces(void *argument)
{
    for (int i = 1; i <= 2000; i++) {
        pthread_mutex_lock(&queue.lock);
        while (queue.count == 4)
            pthread_cond_wait(&queue.emptied, &queue.lock);
        queue.items[(queue.first + queue.count++) % 4] = i * (int)(intptr_t)argument;
        pthread_cond_signal(&queue.filled);
        pthread_mutex_unlock(&queue.lock);
    }
    pthread_mutex_lock(&queue.lock);
    queue.producing--;
    pthread_cond_broadcast(&queue.filled);
    pthread_mutex_unlock(&queue.lock);
    return NULL;
}

static void *consumes(void *unused)
{
    (void)unused;
    for (;;) {
        pthread_mutex_lock(&queue.lock);
        while (queue.count == 0 && queue.producing > 0)
            pthread_cond_wait(&queue.filled, &queue.lock);
        if (queue.count == 0) {
            pthread_mutex_unlock(&queue.lock);
            return NULL;
        }
        queue.sum += queue.items[queue.first];
        queue.first = (queue.first + 1) % 4;
        queue.count--;
        pthread_cond_signal(&queue.emptied);
        pthread_mutex_unlock(&queue.lock);
    }
}

static void conditions(void)
{
    pthread_t threads[4];
    pthread_create(&threads[0], NULL, produces, (void *)1);
    pthread_create(&threads[1], NULL, consumes, NULL);
    pthread_create(&threads[2], NULL, produces, (void *)3);
    pthread_create(&threads[3], NULL, consumes, NULL);
    for (int i = 0; i < 4; i++)
        pthread_join(threads[i], NULL);
    printf("consumed %ld\n", queue.sum);

    pthread_condattr_t attributes;
    pthread_condattr_init(&attributes);
    say("monotonic", pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC));
    say("cpu clock", pthread_condattr_setclock(&attributes, CLOCK_THREAD_CPUTIME_ID));
    pthread_cond_t condition;
    pthread_cond_init(&condition, &attributes);
    pthread_mutex_lock(&lock);
    struct timespec at = in_ms(CLOCK_MONOTONIC, 40), before, after;
    clock_gettime(CLOCK_MONOTONIC, &before);
    int error;
    do
        error = pthread_cond_timedwait(&condition, &lock, &at);
    while (error == 0);
    clock_gettime(CLOCK_MONOTONIC, &after);
    say("timed wait", error);
    long waited = (after.tv_sec - before.tv_sec) * 1000 + (after.tv_nsec - before.tv_nsec) / 1000000;
    printf("waited long enough: %d\n", waited >= 39 && waited < 20000);
    at = in_ms(CLOCK_REALTIME, 20);
    do
        error = pthread_cond_clockwait(&condition, &lock, CLOCK_REALTIME, &at);
    while (error == 0);
    say("clock wait", error);
    pthread_mutex_unlock(&lock);
    pthread_cond_destroy(&condition);
    pthread_condattr_destroy(&attributes);
}

// --- read-write locks ---
static pthread_rwlock_t shared = PTHREAD_RWLOCK_INITIALIZER;
static int pair[2];
static atomic_int torn;

static void *reads(void *unused)
{
    (void)unused;
    for (int i = 0; i < 3000; i++) {
        pthread_rwlock_rdlock(&shared);
        if (pair[0] != pair[1])
            torn++;
        pthread_rwlock_unlock(&shared);
    }
    return NULL;
}

static void *writes(void *unused)
{
    (void)unused;
    for (int i = 0; i < 1500; i++) {
        pthread_rwlock_wrlock(&shared);
        pair[0]++;
        if (i % 64 == 0)
            sched_yield();
        pair[1]++;
        pthread_rwlock_unlock(&shared);
    }
    return NULL;
}

static void *try_read(void *rwlock)
{
    int error = pthread_rwlock_tryrdlock(rwlock);
    if (!error)
        pthread_rwlock_unlock(rwlock);
    return (void *)(intptr_t)error;
}

static void *try_write(void *rwlock)
{
    int error = pthread_rwlock_trywrlock(rwlock);
    if (!error)
        pthread_rwlock_unlock(rwlock);
    return (void *)(intptr_t)error;
}

static void *timed_write(void *rwlock)
{
    struct timespec at = in_ms(CLOCK_REALTIME, 20);
    return (void *)(intptr_t)pthread_rwlock_timedwrlock(rwlock, &at);
}

static void rwlocks(void)
{
    pthread_t threads[4];
    pthread_create(&threads[0], NULL, reads, NULL);
    pthread_create(&threads[1], NULL, writes, NULL);
    pthread_create(&threads[2], NULL, reads, NULL);
    pthread_create(&threads[3], NULL, writes, NULL);
    for (int i = 0; i < 4; i++)
        pthread_join(threads[i], NULL);
    printf("wrote %d %d, torn %d\n", pair[0], pair[1], torn);
    pthread_rwlock_rdlock(&shared);
    say("reader beside a reader", from_other(try_read, &shared));
    say("writer beside a reader", from_other(try_write, &shared));
    say("writer waits for a reader", from_other(timed_write, &shared));
    pthread_rwlock_unlock(&shared);
    pthread_rwlock_wrlock(&shared);
    say("reader beside a writer", from_other(try_read, &shared));
    say("writer twice", pthread_rwlock_wrlock(&shared));
    pthread_rwlock_unlock(&shared);
    say("free for a writer", from_other(try_write, &shared));
    say("destroy", pthread_rwlock_destroy(&shared));
}

// --- barriers ---
static pthread_barrier_t barrier;
static atomic_int arrived, serial, early;

static void *meets(void *unused)
{
    (void)unused;
    for (int round = 1; round <= 50; round++) {
        arrived++;
        if (pthread_barrier_wait(&barrier) == PTHREAD_BARRIER_SERIAL_THREAD)
            serial++;
        if (arrived < round * COUNT)
            early++;
        pthread_barrier_wait(&barrier);
    }
    return NULL;
}

static void barriers(void)
{
    pthread_t threads[COUNT];
    say("barrier of none", pthread_barrier_init(&barrier, NULL, 0));
    pthread_barrier_init(&barrier, NULL, COUNT);
    for (int i = 0; i < COUNT; i++)
        pthread_create(&threads[i], NULL, meets, NULL);
    for (int i = 0; i < COUNT; i++)
        pthread_join(threads[i], NULL);
    printf("arrived %d, serial %d, early %d\n", arrived, serial, early);
    pthread_barrier_destroy(&barrier);
}

// --- once ---
static pthread_once_t once = PTHREAD_ONCE_INIT;
static atomic_int initialised;

static void initialise(void)
{
    usleep(20000);
    initialised++;
}

static void *needs(void *unused)
{
    (void)unused;
    pthread_once(&once, initialise);
    return (void *)(intptr_t)initialised;
}

static void onces(void)
{
    pthread_t threads[COUNT];
    for (int i = 0; i < COUNT; i++)
        pthread_create(&threads[i], NULL, needs, NULL);
    int sum = 0;
    for (int i = 0; i < COUNT; i++) {
        void *result;
        pthread_join(threads[i], &result);
        sum += (int)(intptr_t)result;
    }
    printf("initialised %d, seen by %d\n", initialised, sum);
}

// --- keys ---
static pthread_key_t key, chained;
static atomic_int destroyed, rounds;

static void destroys(void *value)
{
    destroyed += (int)(intptr_t)value;
}

static void chains(void *value)
{
    rounds++;
    pthread_setspecific(chained, value);
}

static void *specific(void *argument)
{
    if (pthread_getspecific(key))
        puts("a new thread has a value");
    pthread_setspecific(key, argument);
    pthread_setspecific(chained, argument);
    return pthread_getspecific(key) == argument ? NULL : (void *)1;
}

static void keys(void)
{
    say("key", pthread_key_create(&key, destroys));
    say("second key", pthread_key_create(&chained, chains));
    pthread_setspecific(key, (void *)100);
    for (intptr_t i = 1; i <= COUNT; i++)
        if (from_other(specific, (void *)i))
            puts("lost its value");
    printf("destroyed %d, rounds %d\n", destroyed, rounds);
    printf("mine is still %ld\n", (long)(intptr_t)pthread_getspecific(key));
    say("delete", pthread_key_delete(key));
    say("delete again", pthread_key_delete(key));
    say("set deleted", pthread_setspecific(key, &key));
    printf("get deleted: %p\n", pthread_getspecific(key) ? &key : NULL);
    pthread_key_t more[200];
    int made = 0;
    while (made < 200 && pthread_key_create(&more[made], NULL) == 0)
        made++;
    for (int i = 0; i < made; i++)
        pthread_setspecific(more[i], &more[i]);
    int right = 0;
    for (int i = 0; i < made; i++)
        right += pthread_getspecific(more[i]) == &more[i];
    for (int i = 0; i < made; i++)
        pthread_key_delete(more[i]);
    printf("%d keys, %d right\n", made, right);
}

// --- attributes and detached threads ---
static atomic_int detached_done;

static void *detached(void *unused)
{
    (void)unused;
    pthread_detach(pthread_self());
    detached_done++;
    return NULL;
}

static void *on_given_stack(void *stack)
{
    char here;
    char *base = stack;
    return (void *)(intptr_t)(&here >= base && &here < base + 65536);
}

static void *stack_known(void *unused)
{
    (void)unused;
    pthread_attr_t attributes;
    void *base;
    size_t size;
    if (pthread_getattr_np(pthread_self(), &attributes))
        return NULL;
    pthread_attr_getstack(&attributes, &base, &size);
    char here;
    int inside = &here > (char *)base && &here < (char *)base + size;
    pthread_attr_destroy(&attributes);
    return (void *)(intptr_t)inside;
}

static void *deep(void *argument)
{
    volatile char frame[512 * 1024];
    frame[0] = 1;
    frame[sizeof frame - 1] = 2;
    return (void *)(intptr_t)(frame[0] + frame[sizeof frame - 1] + (argument != NULL));
}

static void attributes(void)
{
    pthread_t thread;
    pthread_attr_t attr;
    pthread_attr_init(&attr);
    size_t size;
    int state;
    pthread_attr_getdetachstate(&attr, &state);
    printf("joinable %d\n", state == PTHREAD_CREATE_JOINABLE);
    pthread_attr_getguardsize(&attr, &size);
    printf("guard %zu\n", size);
    say("small stack", pthread_attr_setstacksize(&attr, 100));
    say("bad state", pthread_attr_setdetachstate(&attr, 17));
    pthread_attr_setdetachstate(&attr, PTHREAD_CREATE_DETACHED);
    for (int i = 0; i < COUNT; i++)
        pthread_create(&thread, &attr, nothing, NULL);
    for (int i = 0; i < COUNT; i++)
        pthread_create(&thread, NULL, detached, NULL);
    while (detached_done < COUNT)
        usleep(1000);
    printf("detached %d\n", detached_done);
    pthread_attr_destroy(&attr);

    pthread_attr_init(&attr);
    void *stack = aligned_alloc(4096, 65536);
    say("stack", pthread_attr_setstack(&attr, stack, 65536));
    void *result;
    pthread_create(&thread, &attr, on_given_stack, stack);
    pthread_join(thread, &result);
    printf("on the given stack: %ld\n", (long)(intptr_t)result);
    free(stack);
    pthread_attr_destroy(&attr);
    pthread_attr_init(&attr);
    pthread_attr_setstacksize(&attr, 1 << 20);
    pthread_create(&thread, &attr, deep, NULL);
    pthread_join(thread, &result);
    printf("half a megabyte of frame: %ld\n", (long)(intptr_t)result);
    pthread_attr_destroy(&attr);
    printf("stack of a thread is known: %d, of main: %d\n", from_other(stack_known, NULL), stack_known(NULL) != NULL);

    pthread_create(&thread, NULL, nothing, NULL);
    say("name", pthread_setname_np(pthread_self(), "tester"));
    char name[16];
    pthread_getname_np(pthread_self(), name, sizeof name);
    printf("name %s\n", name);
    say("long name", pthread_setname_np(pthread_self(), "longer than fifteen"));
    usleep(20000);
    say("try join", pthread_tryjoin_np(thread, NULL));
}

// --- semaphores and C11 threads ---
static sem_t semaphore;
static atomic_int inside, most;

static void *enters(void *unused)
{
    (void)unused;
    for (int i = 0; i < 50; i++) {
        sem_wait(&semaphore);
        int now = ++inside;
        if (now > most)
            most = now;
        sched_yield();
        inside--;
        sem_post(&semaphore);
    }
    return NULL;
}

static mtx_t c11_lock;
static tss_t c11_key;
static once_flag c11_once = ONCE_FLAG_INIT;
static int c11_count, c11_onces;
static thread_local int c11_local = 5;

static void c11_init(void) { c11_onces++; }

static int c11(void *argument)
{
    call_once(&c11_once, c11_init);
    tss_set(c11_key, argument);
    for (int i = 0; i < 1000; i++) {
        mtx_lock(&c11_lock);
        c11_count++;
        mtx_unlock(&c11_lock);
    }
    c11_local++;
    return tss_get(c11_key) == argument ? c11_local : -1;
}

static void others(void)
{
    sem_init(&semaphore, 0, 2);
    pthread_t threads[COUNT];
    for (int i = 0; i < COUNT; i++)
        pthread_create(&threads[i], NULL, enters, NULL);
    for (int i = 0; i < COUNT; i++)
        pthread_join(threads[i], NULL);
    int value;
    sem_getvalue(&semaphore, &value);
    printf("semaphore %d, at most two inside: %d\n", value, most <= 2);
    sem_wait(&semaphore);
    sem_wait(&semaphore);
    int result = sem_trywait(&semaphore);
    printf("try wait: %d %s\n", result, strerror(errno));
    struct timespec at = in_ms(CLOCK_REALTIME, 20);
    result = sem_timedwait(&semaphore, &at);
    printf("timed wait: %d %s\n", result, strerror(errno));
    sem_destroy(&semaphore);

    mtx_init(&c11_lock, mtx_plain);
    tss_create(&c11_key, NULL);
    thrd_t c11_threads[COUNT];
    for (int i = 0; i < COUNT; i++)
        thrd_create(&c11_threads[i], c11, &c11_threads[i]);
    int sum = 0;
    for (int i = 0; i < COUNT; i++) {
        int result;
        thrd_join(c11_threads[i], &result);
        sum += result;
    }
    printf("C11: count %d, once %d, locals %d, mine %d\n", c11_count, c11_onces, sum, c11_local);
    printf("busy: %d\n", (mtx_lock(&c11_lock), mtx_trylock(&c11_lock)) == thrd_busy);
    mtx_unlock(&c11_lock);
    thrd_sleep(&(struct timespec){0, 1000000}, NULL);
    thrd_yield();
}

int main(void)
{
    setvbuf(stdout, NULL, _IOLBF, 0);
    create_and_join();
    many();
    mutexes();
    robust();
    conditions();
    rwlocks();
    barriers();
    onces();
    keys();
    attributes();
    others();
    puts("done");
    return 0;
}
