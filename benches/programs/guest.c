// The first process of a Linux guest that serves: loads drivers, brings the network up, and becomes the
// program that its arguments name. The address is the kernel parameter ip=ADDRESS/24.
#include <arpa/inet.h>
#include <fcntl.h>
#include <net/if.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

static void load_modules(void)
{
    char path[256];
    FILE *list = fopen("/modules", "r");
    while (list && fgets(path, sizeof path, list)) {
        path[strcspn(path, "\n")] = 0;
        int file = open(path, O_RDONLY);
        if (syscall(SYS_finit_module, file, "", 0) != 0)
            perror(path);
        close(file);
    }
}

static void bring_up(const char *name, const char *address)
{
    int control = socket(AF_INET, SOCK_DGRAM, 0);
    struct ifreq request = {0};
    struct sockaddr_in *place = (struct sockaddr_in *)&request.ifr_addr;
    strcpy(request.ifr_name, name);
    place->sin_family = AF_INET;
    if (address) {
        inet_pton(AF_INET, address, &place->sin_addr);
        if (ioctl(control, SIOCSIFADDR, &request) != 0)
            perror("SIOCSIFADDR");
        inet_pton(AF_INET, "255.255.255.0", &place->sin_addr);
        ioctl(control, SIOCSIFNETMASK, &request);
    }
    if (ioctl(control, SIOCGIFFLAGS, &request) != 0)
        perror(name);
    request.ifr_flags |= IFF_UP | IFF_RUNNING;
    ioctl(control, SIOCSIFFLAGS, &request);
    close(control);
}

int main(int count, char **arguments)
{
    static char parameters[4096], address[64];
    mkdir("/proc", 0755);
    mkdir("/sys", 0755);
    mkdir("/tmp", 01777);
    mount("proc", "/proc", "proc", 0, "");
    mount("sysfs", "/sys", "sysfs", 0, "");
    mount("dev", "/dev", "devtmpfs", 0, "");
    load_modules();
    FILE *file = fopen("/proc/cmdline", "r");
    if (file && fgets(parameters, sizeof parameters, file)) {
        char *ip = strstr(parameters, "ip=");
        if (ip)
            sscanf(ip, "ip=%63[0-9.]", address);
    }
    bring_up("lo", 0);
    bring_up("eth0", address);
    struct rlimit files = {1 << 16, 1 << 16};
    setrlimit(RLIMIT_NOFILE, &files);
    // What several thousand connections at once want of any server.
    FILE *backlog = fopen("/proc/sys/net/core/somaxconn", "w");
    if (backlog) {
        fputs("16384", backlog);
        fclose(backlog);
    }
    if (count > 1)
        execv(arguments[1], arguments + 1);
    perror("cannot start the program");
    return 1;
}
