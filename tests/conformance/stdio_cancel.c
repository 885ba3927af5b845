//! flags = ["-fexceptions", "-pthread"]
// stdio.h and wchar.h: a thread that is cancelled while it waits for a stream. Its cleanup handlers run,
// by unwinding; the stream is unlocked, has no error, and can be used on.
#define _GNU_SOURCE
#include "check.h"
#include <fcntl.h>
#include <pthread.h>
#include <semaphore.h>
#include <signal.h>
#include <sys/ioctl.h>
#include <unistd.h>
#include <wchar.h>

static int ends[2];
static FILE *stream;
static sem_t ready;
static char text[64], *line;
static wchar_t wide[64];
static size_t room;
static int number;

static void handler(void *name)
{
    printf("  cleanup of %s\n", (const char *)name);
}

static void local(char **name)
{
    printf("  end of %s\n", *name);
}

#define WAITING(name, call)                                                                                  \
    static void *name(void *argument)                                                                        \
    {                                                                                                        \
        __attribute__((cleanup(local))) char *here = #name;                                                  \
        pthread_cleanup_push(handler, #name);                                                                \
        sem_post(&ready);                                                                                    \
        call;                                                                                                \
        printf("  " #name " came back\n");                                                                   \
        pthread_cleanup_pop(0);                                                                              \
        return argument;                                                                                     \
    }

WAITING(in_fgets, fgets(text, sizeof text, stream))
WAITING(in_getline, getline(&line, &room, stream))
WAITING(in_getc, getc(stream))
WAITING(in_getc_unlocked, getc_unlocked(stream))
WAITING(in_fread, fread(text, 1, sizeof text, stream))
WAITING(in_fscanf, fscanf(stream, "%d", &number))
WAITING(in_fgetws, fgetws(wide, 64, stream))
WAITING(in_fwscanf, fwscanf(stream, L"%d", &number))

static char block[8192];
WAITING(in_fwrite, while (fwrite(block, 1, sizeof block, stream) > 0))
WAITING(in_fprintf, while (fprintf(stream, "%s %d", block, 7) > 0))
WAITING(in_fputs, while (fputs(block, stream) >= 0))
WAITING(in_fflush, while (fwrite(block, 1, 3, stream) == 3 && fflush(stream) == 0))
WAITING(in_fwprintf, while (fwprintf(stream, L"%s %d", block, 7) > 0))
WAITING(in_putc, while (putc('x', stream) >= 0))
WAITING(in_dprintf, while (dprintf(ends[1], "%s", block) > 0))

// Waits until the thread has nothing more to do than to wait for the pipe.
static void settle(int writes)
{
    sem_wait(&ready);
    int before = -1, now = 0;
    for (int i = 0; i < 1000 && (before != now || i < 5); i++) {
        usleep(10000);
        before = now;
        if (writes)
            ioctl(ends[0], FIONREAD, &now);
        else
            now = 0;
    }
}

static void cancel(const char *name, void *(*start)(void *), int writes)
{
    section(name);
    pipe(ends);
    stream = fdopen(ends[writes], writes ? "w" : "r");
    if (strcmp(name, "in_putc") == 0)
        setvbuf(stream, 0, _IONBF, 0);
    pthread_t thread;
    void *result = 0;
    pthread_create(&thread, 0, start, 0);
    settle(writes);
    int asked = pthread_cancel(thread);
    CODE(pthread_join(thread, &result));
    CODE(asked);
    TRUTH(result == PTHREAD_CANCELED);
    INT(ftrylockfile(stream));
    funlockfile(stream);
    INT(ferror(stream));
    INT(feof(stream));
    if (writes) {
        fcntl(ends[0], F_SETFL, O_NONBLOCK);
        static char sink[65536];
        while (read(ends[0], sink, sizeof sink) > 0)
            ;
        INT(fflush(stream));
    } else {
        write(ends[1], "12 next\n", 8);
        if (fwide(stream, 0) > 0)
            INT(fgetwc(stream));
        else
            TEXT(fgets(text, sizeof text, stream));
    }
    fclose(stream);
    close(ends[!writes]);
}
#define CANCEL(start, writes) cancel(#start, start, writes)

static void *disabled(void *argument)
{
    int old;
    pthread_setcancelstate(PTHREAD_CANCEL_DISABLE, &old);
    sem_post(&ready);
    TEXT(fgets(text, sizeof text, stream));
    INT(ftrylockfile(stream));
    funlockfile(stream);
    pthread_setcancelstate(PTHREAD_CANCEL_ENABLE, &old);
    printf("  still here\n");
    pthread_cleanup_push(handler, "disabled");
    // There is something to read, but first the thread ends.
    fgets(text, sizeof text, stream);
    printf("  not here\n");
    pthread_cleanup_pop(0);
    return argument;
}

static void nothing(int number)
{
    (void)number;
}

static void *interrupted(void *argument)
{
    sem_post(&ready);
    errno = 0;
    char *got = fgets(text, sizeof text, stream);
    int code = errno;
    printf("  %s", got ? "a line" : "nothing");
    show_errno(got ? 0 : code);
    INT(ferror(stream) != 0);
    return argument;
}

int main(void)
{
    setvbuf(stdout, 0, _IOLBF, 0);
    sem_init(&ready, 0, 0);
    memset(block, 'x', sizeof block - 1);
    CANCEL(in_fgets, 0);
    CANCEL(in_getline, 0);
    CANCEL(in_getc, 0);
    CANCEL(in_getc_unlocked, 0);
    CANCEL(in_fread, 0);
    CANCEL(in_fscanf, 0);
    CANCEL(in_fgetws, 0);
    CANCEL(in_fwscanf, 0);
    CANCEL(in_fwrite, 1);
    CANCEL(in_fprintf, 1);
    CANCEL(in_fputs, 1);
    CANCEL(in_fflush, 1);
    CANCEL(in_fwprintf, 1);
    CANCEL(in_putc, 1);
    CANCEL(in_dprintf, 1);

    section("disabled");
    pipe(ends);
    stream = fdopen(ends[0], "r");
    pthread_t thread;
    void *result = 0;
    pthread_create(&thread, 0, disabled, 0);
    settle(0);
    CODE(pthread_cancel(thread));
    usleep(20000);
    write(ends[1], "one\n", 4);
    usleep(20000);
    write(ends[1], "two\n", 4);
    CODE(pthread_join(thread, &result));
    TRUTH(result == PTHREAD_CANCELED);
    TEXT(fgets(text, sizeof text, stream));

    section("interrupted by a handler");
    struct sigaction action = {.sa_handler = nothing};
    sigaction(SIGUSR1, &action, 0);
    pthread_create(&thread, 0, interrupted, 0);
    settle(0);
    pthread_kill(thread, SIGUSR1);
    pthread_join(thread, 0);
    clearerr(stream);
    action.sa_flags = SA_RESTART;
    sigaction(SIGUSR1, &action, 0);
    pthread_create(&thread, 0, interrupted, 0);
    settle(0);
    pthread_kill(thread, SIGUSR1);
    usleep(20000);
    write(ends[1], "restarted\n", 10);
    pthread_join(thread, 0);
    return 0;
}
