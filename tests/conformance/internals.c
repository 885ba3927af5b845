//! flags = ["-fPIC"]
// What macros and inline functions of older programs call: stdio's underflow and overflow, the standard
// streams as objects, cleanup handlers, and names that no header declares any more.
#define _GNU_SOURCE
#include "check.h"
#include <malloc.h>
#include <mcheck.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdio_ext.h>
#include <sys/socket.h>
#include <unistd.h>

extern int __underflow(FILE *), __overflow(FILE *, int), __uflow(FILE *);
extern wint_t __wunderflow(FILE *), __wuflow(FILE *), __woverflow(FILE *, wint_t);
extern char _IO_2_1_stdin_, _IO_2_1_stdout_, _IO_2_1_stderr_;
extern int old_atfork(void (*)(void), void (*)(void), void (*)(void));
__asm__(".symver old_atfork, pthread_atfork@GLIBC_2.2.5");

extern int real_setjmp(jmp_buf) __asm__("setjmp") __attribute__((returns_twice));

static void streams(void)
{
    section("streams");
    TRUTH((void *)&_IO_2_1_stdin_ == (void *)stdin);
    TRUTH((void *)&_IO_2_1_stdout_ == (void *)stdout);
    TRUTH((void *)&_IO_2_1_stderr_ == (void *)stderr);
    FILE *stream = tmpfile();
    INT(__overflow(stream, 'a'));
    INT(fputc('b', stream));
    INT(__overflow(stream, EOF));
    rewind(stream);
    INT(__underflow(stream));
    INT(__uflow(stream));
    INT(__underflow(stream));
    INT(fgetc(stream));
    INT(__underflow(stream));
    INT(__uflow(stream));
    fclose(stream);
    stream = tmpfile();
    fwide(stream, 1);
    INT(__woverflow(stream, L'a'));
    INT(fputwc(L'b', stream));
    rewind(stream);
    INT(__wunderflow(stream));
    INT(__wuflow(stream));
    INT(fgetwc(stream));
    INT(__wunderflow(stream));
    fclose(stream);
}

static void note(void *text)
{
    printf("  cleanup %s\n", (char *)text);
}

static void *defers(void *argument)
{
    pthread_setcanceltype(PTHREAD_CANCEL_ASYNCHRONOUS, 0);
    int type;
    pthread_cleanup_push_defer_np(note, "deferred");
    pthread_setcanceltype(PTHREAD_CANCEL_DEFERRED, &type);
    printf("  type %d\n", type);
    pthread_cleanup_pop_restore_np(1);
    pthread_setcanceltype(PTHREAD_CANCEL_DEFERRED, &type);
    printf("  type %d\n", type);
    pthread_cleanup_push_defer_np(note, "at exit");
    pthread_exit(argument);
    pthread_cleanup_pop_restore_np(0);
    return 0;
}

// As pthread.h has it for C without exceptions: a cleanup of a variable.
extern void __pthread_cleanup_routine(struct __pthread_cleanup_frame *);

static void scoped(void)
{
    struct __pthread_cleanup_frame frame __attribute__((cleanup(__pthread_cleanup_routine))) = {note, "scope", 1, 0};
    struct __pthread_cleanup_frame not __attribute__((cleanup(__pthread_cleanup_routine))) = {note, "not", 0, 0};
    printf("  in scope\n");
}

static void cleanups(void)
{
    section("cleanup handlers");
    pthread_t thread;
    void *result;
    pthread_create(&thread, 0, defers, (void *)5);
    pthread_join(thread, &result);
    INT((long)result);
    scoped();
    CODE(old_atfork(0, 0, 0));
}

static void checks(void)
{
    section("debugging of the allocator");
    // Whether checks can still be switched on depends on what was allocated before.
    TRUTH(mcheck(0) <= 0);
    TRUTH(mcheck_pedantic(0) <= 0);
    VOID(mtrace());
    VOID(muntrace());
    section("setjmp that keeps the mask");
    jmp_buf buffer;
    volatile int times = 0;
    int value = real_setjmp(buffer);
    INT(value);
    if (times++ == 0)
        longjmp(buffer, 7);
    section("control messages");
    union {
        char bytes[CMSG_SPACE(4) + CMSG_SPACE(8)];
        struct cmsghdr align;
    } room = {0};
    struct msghdr message = {.msg_control = &room, .msg_controllen = sizeof room};
    struct cmsghdr *first = CMSG_FIRSTHDR(&message);
    first->cmsg_len = CMSG_LEN(4);
    struct cmsghdr *second = CMSG_NXTHDR(&message, first);
    INT((char *)second - (char *)first);
    second->cmsg_len = CMSG_LEN(8);
    TRUTH(CMSG_NXTHDR(&message, second));
    first->cmsg_len = 0;
    TRUTH(CMSG_NXTHDR(&message, first));
}

int main(void)
{
    setvbuf(stdout, 0, _IOLBF, 0);
    streams();
    cleanups();
    checks();
    return 0;
}
