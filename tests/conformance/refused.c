//! expect = '''
//! == processes
//! _Fork() = -1 ENOSYS
//! clone(child, malloc(65536) + 65536, 17, 0) = -1 ENOSYS
//! execv("/bin/true", words) = -1 ENOSYS
//! execve("/bin/true", words, words) = -1 ENOSYS
//! execvp("true", words) = -1 ENOSYS
//! execvpe("true", words, words) = -1 ENOSYS
//! execl("/bin/true", "true", (char *)0) = -1 ENOSYS
//! execlp("true", "true", (char *)0) = -1 ENOSYS
//! execle("/bin/true", "true", (char *)0, words) = -1 ENOSYS
//! execveat(-100, "/bin/true", words, words, 0) = -1 ENOSYS
//! fexecve(0, words, words) = -1 ENOSYS
//! posix_spawnp(&pid, "true", 0, 0, words, words) -> ENOSYS
//! daemon(0, 0) = -1 ENOSYS
//! forkpty(0, 0, 0, 0) = -1 ENOSYS
//! pclose(stream) = -1 ECHILD
//! ptrace(PTRACE_TRACEME, 0, 0, 0) = -1 ENOSYS
//! process_vm_readv(1, 0, 0, 0, 0, 0) = -1 ENOSYS
//! process_vm_writev(1, 0, 0, 0, 0, 0) = -1 ENOSYS
//! process_madvise(-1, 0, 0, 0, 0) = -1 ENOSYS
//! setsid() = -1 EPERM
//! setpgrp() = 0
//! unshare(0x00020000) = -1 EPERM
//! setns(0, 0) = -1 EINVAL
//! personality(0xffffffff) = 0
//! acct("/tmp/acct") = -1 ENOSYS
//! arch_prctl(0x1004, 0) = -1 EINVAL
//! capget(header, rights) = 0
//! rights[0] = 0xffffffff
//! capset(header, rights) = -1 EPERM
//! == file systems
//! mount("none", "/tmp", "nosuchfs", 0, 0) = -1 ENODEV
//! umount("/none") = -1 ENOENT
//! umount2("/none", 0) = -1 ENOENT
//! pivot_root("/tmp", "/tmp") = -1 EINVAL
//! chroot("/none") = -1 ENOENT
//! swapon("/dev/none", 0) = -1 EPERM
//! swapoff("/dev/none") = -1 EINVAL
//! fanotify_init(0, 0) = -1 ENOSYS
//! fanotify_mark(0, 0, 0, 0, "/tmp") = -1 EINVAL
//! name_to_handle_at(-100, "/tmp", &handle, &mount_id, 0) = -1 EOPNOTSUPP
//! open_by_handle_at(-100, &handle, 0) = -1 EOPNOTSUPP
//! == terminals
//! login_tty(0) = -1 ENOTTY
//! ptsname_r(0, name, sizeof name) -> ENOTTY
//! setlogin("me") = -1 ENOSYS
//! vhangup() = 0
//! sethostid(5) = -1 EPERM
//! == System V and message queues
//! msgget(((__key_t) 0), 0600) = -1 ENOSYS
//! msgctl(0, 0, 0) = -1 ENOSYS
//! msgsnd(0, words, 1, 0) = -1 ENOSYS
//! msgrcv(0, name, 1, 0, 0) = -1 ENOSYS
//! semget(((__key_t) 0), 1, 0600) = -1 ENOSYS
//! semctl(0, 0, 0) = -1 ENOSYS
//! semop(0, 0, 0) = -1 ENOSYS
//! semtimedop(0, 0, 0, 0) = -1 ENOSYS
//! shmget(((__key_t) 0), 4096, 0600) = -1 ENOSYS
//! (long)shmat(0, 0, 0) = -1 ENOSYS
//! shmctl(0, 0, 0) = -1 ENOSYS
//! shmdt(name) = -1 EINVAL
//! mq_open("/queue", 00) = -1 ENOSYS
//! __mq_open_2("/queue", 00) = -1 ENOSYS
//! mq_unlink("/queue") = -1 ENOSYS
//! mq_close(0) = -1 EBADF
//! mq_getattr(0, &attributes) = -1 EBADF
//! mq_setattr(0, &attributes, 0) = -1 EBADF
//! mq_notify(0, 0) = -1 EBADF
//! mq_send(0, "x", 1, 0) = -1 EBADF
//! mq_receive(0, name, sizeof name, 0) = -1 EBADF
//! mq_timedsend(0, "x", 1, 0, &past) = -1 EBADF
//! mq_timedreceive(0, name, sizeof name, 0, &past) = -1 EBADF
//! == memory
//! pkey_alloc(0, 0) = -1 ENOSPC
//! pkey_free(1) = -1 EINVAL
//! pkey_get(1) = -1 EINVAL
//! pkey_set(1, 0) = -1 EINVAL
//! pkey_mprotect(main, 4096, 0x1, 1) = -1 EINVAL
//! mprobe(words) = -1
//! mcheck_check_all()
//! malloc_stats()
//! == logins
//! utmpxname("/tmp/utmp") = -1
//! setutxent()
//! getutxent(): no
//! getutxid(&entry): no
//! getutxline(&entry): no
//! pututxline(&entry): no
//! endutxent()
//! updwtmpx("/tmp/wtmp", &entry)
//! getutent_r(&record, &found) = -1 ESRCH
//! getutid_r(&record, &record, &found) = -1 ESRCH
//! getutline_r(&record, &record, &found) = -1 ESRCH
//! found: no
//! login(&record)
//! logout("line") = 0
//! getutmp(&entry, &record)
//! record.ut_type = 7
//! logwtmp("line", "name", "host")
//! klogctl(99, 0, 0) = -1 EINVAL
//! reboot(0x1234) = -1 EINVAL
//! syscall(39) = 1
//! syscall(99999) = -1 ENOSYS
//! '''
// What one process alone on its machine cannot do: each function says so as Linux programs know it.
// On a host these would do something, so what is expected stands here.
#define _GNU_SOURCE
#include "check.h"
#include <fcntl.h>
#include <malloc.h>
#include <mcheck.h>
#include <mqueue.h>
#include <pty.h>
#include <sched.h>
#include <signal.h>
#include <spawn.h>
#include <sys/acct.h>
#include <sys/fanotify.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/msg.h>
#include <sys/personality.h>
#include <sys/klog.h>
#include <sys/ptrace.h>
#include <sys/reboot.h>
#include <sys/sem.h>
#include <sys/shm.h>
#include <sys/swap.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <unistd.h>
#include <utmp.h>
#include <utmpx.h>

extern int arch_prctl(int, unsigned long), pivot_root(const char *, const char *), capget(void *, void *), capset(void *, const void *);
extern pid_t _Fork(void);
extern int __mq_open_2(const char *, int);

static int child(void *argument)
{
    (void)argument;
    return 0;
}

int main(void)
{
    setvbuf(stdout, 0, _IOLBF, 0);
    char *const words[] = {"/bin/true", 0};
    pid_t pid;
    section("processes");
    INT(_Fork());
    INT(clone(child, malloc(65536) + 65536, SIGCHLD, 0));
    INT(execv("/bin/true", words));
    INT(execve("/bin/true", words, words));
    INT(execvp("true", words));
    INT(execvpe("true", words, words));
    INT(execl("/bin/true", "true", (char *)0));
    INT(execlp("true", "true", (char *)0));
    INT(execle("/bin/true", "true", (char *)0, words));
    INT(execveat(AT_FDCWD, "/bin/true", words, words, 0));
    INT(fexecve(0, words, words));
    CODE(posix_spawnp(&pid, "true", 0, 0, words, words));
    INT(daemon(0, 0));
    INT(forkpty(0, 0, 0, 0));
    FILE *stream = fopen("/dev/null", "r");
    INT(pclose(stream));
    INT(ptrace(PTRACE_TRACEME, 0, 0, 0));
    INT(process_vm_readv(1, 0, 0, 0, 0, 0));
    INT(process_vm_writev(1, 0, 0, 0, 0, 0));
    INT(process_madvise(-1, 0, 0, 0, 0));
    INT(setsid());
    INT(setpgrp());
    INT(unshare(CLONE_NEWNS));
    INT(setns(0, 0));
    INT(personality(0xffffffff));
    INT(acct("/tmp/acct"));
    INT(arch_prctl(0x1004, 0));
    unsigned header[2] = {0x20080522, 0}, rights[6];
    INT(capget(header, rights));
    HEX(rights[0]);
    INT(capset(header, rights));
    section("file systems");
    INT(mount("none", "/tmp", "nosuchfs", 0, 0));
    INT(umount("/none"));
    INT(umount2("/none", 0));
    INT(pivot_root("/tmp", "/tmp"));
    INT(chroot("/none"));
    INT(swapon("/dev/none", 0));
    INT(swapoff("/dev/none"));
    INT(fanotify_init(0, 0));
    INT(fanotify_mark(0, 0, 0, 0, "/tmp"));
    int mount_id;
    struct file_handle handle = {0};
    INT(name_to_handle_at(AT_FDCWD, "/tmp", &handle, &mount_id, 0));
    INT(open_by_handle_at(AT_FDCWD, &handle, 0));
    section("terminals");
    INT(login_tty(0));
    char name[40];
    CODE(ptsname_r(0, name, sizeof name));
    INT(setlogin("me"));
    INT(vhangup());
    INT(sethostid(5));
    section("System V and message queues");
    INT(msgget(IPC_PRIVATE, 0600));
    INT(msgctl(0, IPC_RMID, 0));
    INT(msgsnd(0, words, 1, 0));
    INT(msgrcv(0, name, 1, 0, 0));
    INT(semget(IPC_PRIVATE, 1, 0600));
    INT(semctl(0, 0, IPC_RMID));
    INT(semop(0, 0, 0));
    INT(semtimedop(0, 0, 0, 0));
    INT(shmget(IPC_PRIVATE, 4096, 0600));
    INT((long)shmat(0, 0, 0));
    INT(shmctl(0, IPC_RMID, 0));
    INT(shmdt(name));
    INT(mq_open("/queue", O_RDONLY));
    INT(__mq_open_2("/queue", O_RDONLY));
    INT(mq_unlink("/queue"));
    INT(mq_close(0));
    struct mq_attr attributes;
    INT(mq_getattr(0, &attributes));
    INT(mq_setattr(0, &attributes, 0));
    INT(mq_notify(0, 0));
    INT(mq_send(0, "x", 1, 0));
    INT(mq_receive(0, name, sizeof name, 0));
    struct timespec past = {1, 0};
    INT(mq_timedsend(0, "x", 1, 0, &past));
    INT(mq_timedreceive(0, name, sizeof name, 0, &past));
    section("memory");
    INT(pkey_alloc(0, 0));
    INT(pkey_free(1));
    INT(pkey_get(1));
    INT(pkey_set(1, 0));
    INT(pkey_mprotect(main, 4096, PROT_READ, 1));
    INT(mprobe(words));
    VOID(mcheck_check_all());
    VOID(malloc_stats());
    section("logins");
    INT(utmpxname("/tmp/utmp"));
    VOID(setutxent());
    TRUTH(getutxent());
    struct utmpx entry = {0};
    TRUTH(getutxid(&entry));
    TRUTH(getutxline(&entry));
    TRUTH(pututxline(&entry));
    VOID(endutxent());
    VOID(updwtmpx("/tmp/wtmp", &entry));
    struct utmp record = {0}, *found = &record;
    INT(getutent_r(&record, &found));
    INT(getutid_r(&record, &record, &found));
    INT(getutline_r(&record, &record, &found));
    TRUTH(found);
    VOID(login(&record));
    INT(logout("line"));
    entry.ut_type = USER_PROCESS;
    VOID(getutmp(&entry, &record));
    INT(record.ut_type);
    VOID(logwtmp("line", "name", "host"));
    INT(klogctl(99, 0, 0));
    INT(reboot(0x1234));
    INT(syscall(SYS_getpid));
    INT(syscall(99999));
    return 0;
}
