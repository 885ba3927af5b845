// What a unikernel cannot do fails with an errno that Linux programs handle.
#define _GNU_SOURCE
#include <errno.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/wait.h>
#include <unistd.h>

static void say(const char *what, long result)
{
    printf("%s: %s\n", what, result < 0 ? strerrorname_np(errno) : "done");
}

int main(void)
{
    char *argv[] = {"program", NULL};
    say("fork", fork());
    say("vfork", vfork());
    say("execv", execv("/bin/true", argv));
    pid_t child;
    int error = posix_spawn(&child, "/bin/true", NULL, NULL, argv, argv);
    printf("posix_spawn: %s\n", error ? strerrorname_np(error) : "done");
    say("system", system("true") == 0 ? 0 : -1);
    say("popen", popen("true", "r") ? 0 : -1);
    say("wait", wait(NULL));
    say("kill another", kill(4242, SIGTERM));
    printf("pid %d parent %d\n", getpid(), getppid());
    printf("user %d %d group %d %d\n", getuid(), geteuid(), getgid(), getegid());
    return 0;
}
