// spawn.h: attributes and file actions; that nothing can be spawned is in refused.c.
#define _GNU_SOURCE
#include "check.h"
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <spawn.h>

int main(void)
{
    posix_spawnattr_t attributes;
    CODE(posix_spawnattr_init(&attributes));
    short flags = -1;
    CODE(posix_spawnattr_getflags(&attributes, &flags));
    INT(flags);
    CODE(posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSID));
    CODE(posix_spawnattr_setflags(&attributes, 0x4000));
    CODE(posix_spawnattr_getflags(&attributes, &flags));
    INT(flags);
    pid_t group = -1;
    CODE(posix_spawnattr_getpgroup(&attributes, &group));
    INT(group);
    CODE(posix_spawnattr_setpgroup(&attributes, 77));
    CODE(posix_spawnattr_getpgroup(&attributes, &group));
    INT(group);
    struct sched_param parameter = {-1};
    CODE(posix_spawnattr_getschedparam(&attributes, &parameter));
    INT(parameter.sched_priority);
    parameter.sched_priority = 3;
    CODE(posix_spawnattr_setschedparam(&attributes, &parameter));
    int policy = -1;
    CODE(posix_spawnattr_getschedpolicy(&attributes, &policy));
    INT(policy);
    CODE(posix_spawnattr_setschedpolicy(&attributes, SCHED_RR));
    CODE(posix_spawnattr_setschedpolicy(&attributes, 99));
    CODE(posix_spawnattr_getschedpolicy(&attributes, &policy));
    INT(policy);
    sigset_t set, got;
    sigemptyset(&set);
    sigaddset(&set, SIGUSR1);
    CODE(posix_spawnattr_setsigdefault(&attributes, &set));
    CODE(posix_spawnattr_getsigdefault(&attributes, &got));
    INT(sigismember(&got, SIGUSR1));
    CODE(posix_spawnattr_setsigmask(&attributes, &set));
    CODE(posix_spawnattr_getsigmask(&attributes, &got));
    INT(sigismember(&got, SIGUSR1));
    CODE(posix_spawnattr_destroy(&attributes));
    posix_spawn_file_actions_t actions;
    CODE(posix_spawn_file_actions_init(&actions));
    CODE(posix_spawn_file_actions_addopen(&actions, 3, "/dev/null", O_RDONLY, 0));
    CODE(posix_spawn_file_actions_addopen(&actions, -1, "/dev/null", O_RDONLY, 0));
    CODE(posix_spawn_file_actions_addclose(&actions, 4));
    CODE(posix_spawn_file_actions_addclose(&actions, -1));
    CODE(posix_spawn_file_actions_adddup2(&actions, 1, 2));
    CODE(posix_spawn_file_actions_adddup2(&actions, -1, 2));
    CODE(posix_spawn_file_actions_addchdir_np(&actions, "/tmp"));
    CODE(posix_spawn_file_actions_addfchdir_np(&actions, 3));
    CODE(posix_spawn_file_actions_addfchdir_np(&actions, -1));
    CODE(posix_spawn_file_actions_addclosefrom_np(&actions, 5));
    CODE(posix_spawn_file_actions_addclosefrom_np(&actions, -1));
    CODE(posix_spawn_file_actions_addtcsetpgrp_np(&actions, 0));
    CODE(posix_spawn_file_actions_addtcsetpgrp_np(&actions, -1));
    CODE(posix_spawn_file_actions_destroy(&actions));
    return 0;
}
