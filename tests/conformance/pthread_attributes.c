// pthread.h, threads.h, sched.h: attribute objects and what may be asked and set of threads; the
// threads at work are in the boot programs threads.c and cancel.c.
#define _GNU_SOURCE
#include "check.h"
#include <limits.h>
#include <pthread.h>
#include <sched.h>
#include <semaphore.h>
#include <signal.h>
#include <sys/resource.h>
#include <threads.h>
#include <time.h>
#include <unistd.h>

static void *nothing(void *argument)
{
    return argument;
}

static void attributes(void)
{
    section("pthread_attr_t");
    pthread_attr_t attributes;
    int value = -1;
    size_t size;
    void *memory;
    CODE(pthread_attr_init(&attributes));
    CODE(pthread_attr_getdetachstate(&attributes, &value));
    INT(value);
    CODE(pthread_attr_setdetachstate(&attributes, 9));
    CODE(pthread_attr_getguardsize(&attributes, &size));
    INT(size);
    CODE(pthread_attr_setguardsize(&attributes, 12345));
    CODE(pthread_attr_getguardsize(&attributes, &size));
    INT(size);
    CODE(pthread_attr_getinheritsched(&attributes, &value));
    INT(value);
    CODE(pthread_attr_setinheritsched(&attributes, PTHREAD_EXPLICIT_SCHED));
    CODE(pthread_attr_setinheritsched(&attributes, 7));
    CODE(pthread_attr_getinheritsched(&attributes, &value));
    INT(value);
    CODE(pthread_attr_getschedpolicy(&attributes, &value));
    INT(value);
    CODE(pthread_attr_setschedpolicy(&attributes, SCHED_FIFO));
    CODE(pthread_attr_setschedpolicy(&attributes, SCHED_IDLE));
    struct sched_param parameter = {-1};
    CODE(pthread_attr_getschedparam(&attributes, &parameter));
    INT(parameter.sched_priority);
    parameter.sched_priority = 5;
    CODE(pthread_attr_setschedparam(&attributes, &parameter));
    parameter.sched_priority = 500;
    CODE(pthread_attr_setschedparam(&attributes, &parameter));
    CODE(pthread_attr_getscope(&attributes, &value));
    INT(value);
    CODE(pthread_attr_setscope(&attributes, PTHREAD_SCOPE_SYSTEM));
    CODE(pthread_attr_setscope(&attributes, PTHREAD_SCOPE_PROCESS));
    CODE(pthread_attr_setscope(&attributes, 9));
    CODE(pthread_attr_getstacksize(&attributes, &size));
    INT(size);
    CODE(pthread_attr_setstacksize(&attributes, 100));
    CODE(pthread_attr_setstacksize(&attributes, 1 << 20));
    CODE(pthread_attr_getstacksize(&attributes, &size));
    INT(size);
    static char stack[65536] __attribute__((aligned(4096)));
    CODE(pthread_attr_setstack(&attributes, stack, 100));
    CODE(pthread_attr_setstack(&attributes, stack, sizeof stack));
    CODE(pthread_attr_getstack(&attributes, &memory, &size));
    TRUTH(memory == stack && size == sizeof stack);
    CODE(pthread_attr_setstackaddr(&attributes, stack + sizeof stack));
    CODE(pthread_attr_getstackaddr(&attributes, &memory));
    TRUTH(memory == stack + sizeof stack);
    sigset_t signals, out;
    sigemptyset(&signals);
    sigaddset(&signals, SIGUSR1);
    CODE(pthread_attr_getsigmask_np(&attributes, &out) == PTHREAD_ATTR_NO_SIGMASK_NP ? 0 : 1);
    CODE(pthread_attr_setsigmask_np(&attributes, &signals));
    CODE(pthread_attr_getsigmask_np(&attributes, &out));
    INT(sigismember(&out, SIGUSR1));
    cpu_set_t set, got;
    CPU_ZERO(&set);
    CPU_SET(0, &set);
    CODE(pthread_attr_setaffinity_np(&attributes, sizeof set, &set));
    CODE(pthread_attr_getaffinity_np(&attributes, sizeof got, &got));
    TRUTH(CPU_EQUAL(&set, &got));
    CODE(pthread_attr_destroy(&attributes));
    section("defaults");
    CODE(pthread_getattr_default_np(&attributes));
    CODE(pthread_attr_getdetachstate(&attributes, &value));
    INT(value);
    pthread_attr_setstacksize(&attributes, 256 << 10);
    CODE(pthread_setattr_default_np(&attributes));
    pthread_attr_t other;
    CODE(pthread_getattr_default_np(&other));
    pthread_attr_getstacksize(&other, &size);
    INT(size);
}

static void mutexes(void)
{
    section("pthread_mutexattr_t");
    pthread_mutexattr_t attributes;
    int value = -1;
    CODE(pthread_mutexattr_init(&attributes));
    CODE(pthread_mutexattr_gettype(&attributes, &value));
    INT(value);
    CODE(pthread_mutexattr_settype(&attributes, 17));
    CODE(pthread_mutexattr_getpshared(&attributes, &value));
    INT(value);
    CODE(pthread_mutexattr_setpshared(&attributes, PTHREAD_PROCESS_SHARED));
    CODE(pthread_mutexattr_setpshared(&attributes, 5));
    CODE(pthread_mutexattr_getrobust(&attributes, &value));
    INT(value);
    CODE(pthread_mutexattr_setrobust(&attributes, PTHREAD_MUTEX_ROBUST));
    CODE(pthread_mutexattr_setrobust(&attributes, 5));
    CODE(pthread_mutexattr_getrobust(&attributes, &value));
    INT(value);
    CODE(pthread_mutexattr_getprotocol(&attributes, &value));
    INT(value);
    CODE(pthread_mutexattr_setprotocol(&attributes, PTHREAD_PRIO_INHERIT));
    CODE(pthread_mutexattr_setprotocol(&attributes, 9));
    CODE(pthread_mutexattr_getprioceiling(&attributes, &value));
    INT(value);
    CODE(pthread_mutexattr_setprioceiling(&attributes, 10));
    CODE(pthread_mutexattr_setprioceiling(&attributes, 1000));
    CODE(pthread_mutexattr_destroy(&attributes));
    pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
    CODE(pthread_mutex_getprioceiling(&mutex, &value));
    CODE(pthread_mutex_setprioceiling(&mutex, 10, &value));
    section("other attributes");
    pthread_condattr_t condition;
    clockid_t clock = -1;
    CODE(pthread_condattr_init(&condition));
    CODE(pthread_condattr_getclock(&condition, &clock));
    INT(clock);
    CODE(pthread_condattr_setclock(&condition, CLOCK_MONOTONIC));
    CODE(pthread_condattr_setclock(&condition, CLOCK_PROCESS_CPUTIME_ID));
    CODE(pthread_condattr_getclock(&condition, &clock));
    INT(clock);
    CODE(pthread_condattr_setpshared(&condition, PTHREAD_PROCESS_SHARED));
    CODE(pthread_condattr_setpshared(&condition, 7));
    CODE(pthread_condattr_getpshared(&condition, &value));
    INT(value);
    CODE(pthread_condattr_destroy(&condition));
    pthread_barrierattr_t barrier;
    CODE(pthread_barrierattr_init(&barrier));
    CODE(pthread_barrierattr_setpshared(&barrier, PTHREAD_PROCESS_SHARED));
    CODE(pthread_barrierattr_setpshared(&barrier, 7));
    CODE(pthread_barrierattr_getpshared(&barrier, &value));
    INT(value);
    CODE(pthread_barrierattr_destroy(&barrier));
    pthread_barrier_t b;
    CODE(pthread_barrier_init(&b, 0, 0));
    pthread_rwlockattr_t attribute;
    CODE(pthread_rwlockattr_init(&attribute));
    CODE(pthread_rwlockattr_getkind_np(&attribute, &value));
    INT(value);
    CODE(pthread_rwlockattr_setkind_np(&attribute, PTHREAD_RWLOCK_PREFER_WRITER_NONRECURSIVE_NP));
    CODE(pthread_rwlockattr_setkind_np(&attribute, 7));
    CODE(pthread_rwlockattr_setpshared(&attribute, PTHREAD_PROCESS_SHARED));
    CODE(pthread_rwlockattr_setpshared(&attribute, 7));
    CODE(pthread_rwlockattr_getpshared(&attribute, &value));
    INT(value);
    pthread_rwlock_t lock;
    CODE(pthread_rwlock_init(&lock, &attribute));
    CODE(pthread_rwlockattr_destroy(&attribute));
    struct timespec past = {1, 0}, bad = {1, -1};
    CODE(pthread_rwlock_wrlock(&lock));
    CODE(pthread_rwlock_timedrdlock(&lock, &past));
    CODE(pthread_rwlock_clockrdlock(&lock, CLOCK_MONOTONIC, &past));
    CODE(pthread_rwlock_clockwrlock(&lock, CLOCK_MONOTONIC, &past));
    CODE(pthread_rwlock_clockrdlock(&lock, CLOCK_PROCESS_CPUTIME_ID, &past));
    CODE(pthread_rwlock_timedrdlock(&lock, &bad));
    CODE(pthread_rwlock_tryrdlock(&lock));
    CODE(pthread_rwlock_unlock(&lock));
    CODE(pthread_rwlock_timedrdlock(&lock, &past));
    CODE(pthread_rwlock_unlock(&lock));
    CODE(pthread_rwlock_destroy(&lock));
    sem_t semaphore;
    INT(sem_init(&semaphore, 0, 0x80000000));
    INT(sem_init(&semaphore, 0, 1));
    INT(sem_clockwait(&semaphore, CLOCK_MONOTONIC, &past));
    INT(sem_clockwait(&semaphore, CLOCK_MONOTONIC, &past));
    INT(sem_clockwait(&semaphore, CLOCK_MONOTONIC, &bad));
    INT(sem_clockwait(&semaphore, 77, &past));
    INT(sem_destroy(&semaphore));
}

static pthread_barrier_t meeting;

static void *meets(void *argument)
{
    pthread_barrier_wait(&meeting);
    pthread_barrier_wait(&meeting);
    return argument;
}

static void running(void)
{
    section("threads");
    pthread_t thread, self = pthread_self();
    pthread_barrier_init(&meeting, 0, 2);
    CODE(pthread_create(&thread, 0, meets, (void *)7));
    pthread_barrier_wait(&meeting);
    INT(pthread_equal(thread, thread) != 0);
    INT(pthread_equal(thread, self));
    struct timespec past = {1, 0};
    void *result;
    CODE(pthread_timedjoin_np(thread, &result, &past));
    CODE(pthread_clockjoin_np(thread, &result, CLOCK_MONOTONIC, &past));
    CODE(pthread_clockjoin_np(thread, &result, CLOCK_PROCESS_CPUTIME_ID, &past));
    CODE(pthread_tryjoin_np(thread, &result));
    clockid_t clock;
    CODE(pthread_getcpuclockid(thread, &clock));
    struct timespec time;
    INT(clock_gettime(clock, &time));
    int policy = -1;
    struct sched_param parameter = {-1};
    CODE(pthread_getschedparam(thread, &policy, &parameter));
    INT(policy);
    INT(parameter.sched_priority);
    CODE(pthread_setschedparam(thread, SCHED_OTHER, &(struct sched_param){0}));
    CODE(pthread_setschedparam(thread, SCHED_OTHER, &(struct sched_param){5}));
    CODE(pthread_setschedparam(thread, 99, &(struct sched_param){0}));
    CODE(pthread_setschedprio(thread, 0));
    CODE(pthread_setschedprio(thread, 7));
    cpu_set_t set;
    CODE(pthread_getaffinity_np(thread, sizeof set, &set));
    TRUTH(CPU_COUNT(&set) >= 1 && CPU_ISSET(0, &set));
    CPU_ZERO(&set);
    CODE(pthread_setaffinity_np(thread, sizeof set, &set));
    CPU_SET(0, &set);
    CODE(pthread_setaffinity_np(thread, sizeof set, &set));
    CODE(pthread_getaffinity_np(thread, sizeof set, &set));
    INT(CPU_COUNT(&set));
    CODE(pthread_setname_np(thread, "a name longer than sixteen"));
    CODE(pthread_setname_np(thread, "short"));
    char name[16];
    CODE(pthread_getname_np(thread, name, 4));
    CODE(pthread_getname_np(thread, name, 16));
    TEXT(name);
    CODE(pthread_sigqueue(thread, 0, (union sigval){0}));
    CODE(pthread_sigqueue(thread, 99, (union sigval){0}));
    pthread_barrier_wait(&meeting);
    CODE(pthread_join(thread, &result));
    INT((long)result);
    INT(pthread_getconcurrency());
    CODE(pthread_setconcurrency(3));
    INT(pthread_getconcurrency());
    CODE(pthread_setconcurrency(-1));
    CODE(pthread_atfork(0, 0, 0));
    CODE(pthread_setcanceltype(9, 0));
    CODE(pthread_setcancelstate(9, 0));
    CODE(pthread_join(self, 0));
    CODE(pthread_detach(self));
    CODE(pthread_detach(self));
    CODE(pthread_kill(self, 99));
    CODE(pthread_kill(self, 0));
    pthread_key_t key;
    CODE(pthread_key_create(&key, 0));
    CODE(pthread_setspecific(key, &key));
    TRUTH(pthread_getspecific(key) == &key);
    CODE(pthread_key_delete(key));
    CODE(pthread_key_delete(key));
    CODE(pthread_setspecific(key, 0));
    CODE(pthread_key_delete(9999));
}

static int c11(void *argument)
{
    thrd_exit((int)(long)argument);
}

static mtx_t mutex;
static cnd_t condition;
static int turn;

static int waits(void *argument)
{
    (void)argument;
    mtx_lock(&mutex);
    while (turn == 0)
        cnd_wait(&condition, &mutex);
    mtx_unlock(&mutex);
    return 5;
}

static void c11_threads(void)
{
    section("threads.h");
    thrd_t thread;
    int result;
    INT(thrd_create(&thread, c11, (void *)42));
    INT(thrd_join(thread, &result));
    INT(result);
    INT(thrd_create(&thread, c11, 0));
    INT(thrd_detach(thread));
    TRUTH(thrd_equal(thrd_current(), thrd_current()));
    INT(mtx_init(&mutex, mtx_timed));
    INT(mtx_lock(&mutex));
    INT(mtx_trylock(&mutex));
    struct timespec past = {1, 0};
    INT(mtx_timedlock(&mutex, &past));
    INT(mtx_unlock(&mutex));
    INT(mtx_timedlock(&mutex, &past));
    INT(cnd_init(&condition));
    INT(cnd_timedwait(&condition, &mutex, &past));
    INT(mtx_unlock(&mutex));
    INT(thrd_create(&thread, waits, 0));
    mtx_lock(&mutex);
    turn = 1;
    INT(cnd_signal(&condition));
    INT(cnd_broadcast(&condition));
    mtx_unlock(&mutex);
    INT(thrd_join(thread, &result));
    INT(result);
    VOID(cnd_destroy(&condition));
    VOID(mtx_destroy(&mutex));
    INT(mtx_init(&mutex, 99));
    tss_t key;
    INT(tss_create(&key, 0));
    INT(tss_set(key, &key));
    TRUTH(tss_get(key) == &key);
    VOID(tss_delete(key));
    INT(thrd_sleep(&(struct timespec){0, 1000}, 0));
    INT(thrd_sleep(&(struct timespec){0, -1}, 0));
    VOID(thrd_yield());
}

static void scheduling(void)
{
    section("sched.h");
    static const int policies[] = {SCHED_OTHER, SCHED_FIFO, SCHED_RR, SCHED_BATCH, SCHED_IDLE, SCHED_DEADLINE, 99};
    for (int i = 0; i < 7; i++) {
        INT(sched_get_priority_max(policies[i]));
        INT(sched_get_priority_min(policies[i]));
    }
    INT(sched_getscheduler(0));
    INT(sched_getscheduler(999999));
    INT(sched_getscheduler(-1));
    struct sched_param parameter = {-1};
    INT(sched_getparam(0, &parameter));
    INT(parameter.sched_priority);
    INT(sched_setparam(0, &(struct sched_param){0}));
    INT(sched_setparam(0, &(struct sched_param){5}));
    INT(sched_setscheduler(0, SCHED_OTHER, &(struct sched_param){0}));
    INT(sched_setscheduler(0, 99, &(struct sched_param){0}));
    struct timespec interval;
    INT(sched_rr_get_interval(0, &interval));
    INT(sched_rr_get_interval(999999, &interval));
    cpu_set_t set;
    INT(sched_getaffinity(0, sizeof set, &set));
    INT(sched_getaffinity(0, 1, &set));
    INT(sched_getaffinity(999999, sizeof set, &set));
    CPU_ZERO(&set);
    INT(sched_setaffinity(0, sizeof set, &set));
    CPU_SET(0, &set);
    INT(sched_setaffinity(0, sizeof set, &set));
    INT(sched_getcpu());
    unsigned cpu = 9, node = 9;
    INT(getcpu(&cpu, &node));
    INT(cpu);
    INT(node);
    INT(sched_yield());
    cpu_set_t *large = CPU_ALLOC(2000);
    TRUTH(large);
    CPU_ZERO_S(CPU_ALLOC_SIZE(2000), large);
    CPU_SET_S(1999, CPU_ALLOC_SIZE(2000), large);
    INT(CPU_COUNT_S(CPU_ALLOC_SIZE(2000), large));
    VOID(CPU_FREE(large));
    errno = 0;
    INT(getpriority(PRIO_PROCESS, 0));
    INT(getpriority(99, 0));
    INT(getpriority(PRIO_PROCESS, 999999));
    INT(setpriority(PRIO_PROCESS, 0, 3));
    INT(getpriority(PRIO_PROCESS, 0));
    INT(setpriority(99, 0, 0));
    INT(nice(2));
    INT(nice(100));
}

int main(void)
{
    setvbuf(stdout, 0, _IOLBF, 0);
    attributes();
    mutexes();
    running();
    c11_threads();
    scheduling();
    return 0;
}
