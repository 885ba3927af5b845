/* A server that keeps nothing of a connection: it answers each byte with itself, but for 'm', which it answers
 * with the machine's free memory in bytes, in 16 digits. */
#include <netinet/in.h>
#include <stdio.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/sysinfo.h>
#include <unistd.h>

int main(void)
{
    struct rlimit files = {65536, 65536};
    setrlimit(RLIMIT_NOFILE, &files);
    int listener = socket(AF_INET, SOCK_STREAM, 0), poll = epoll_create1(0);
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons(7000)};
    struct epoll_event event = {.events = EPOLLIN, .data.fd = listener}, ready[64];
    if (bind(listener, (struct sockaddr *)&address, sizeof address) || listen(listener, 4096))
        return 1;
    epoll_ctl(poll, EPOLL_CTL_ADD, listener, &event);
    for (;;) {
        int count = epoll_wait(poll, ready, 64, -1);
        for (int i = 0; i < count; i++) {
            int fd = ready[i].data.fd;
            if (fd == listener) {
                event.data.fd = accept(listener, NULL, NULL);
                if (event.data.fd >= 0)
                    epoll_ctl(poll, EPOLL_CTL_ADD, event.data.fd, &event);
                continue;
            }
            char byte;
            if (read(fd, &byte, 1) != 1) {
                close(fd);
            } else if (byte == 'm') {
                struct sysinfo info;
                char text[20];
                sysinfo(&info);
                snprintf(text, sizeof text, "%016lu", info.freeram * info.mem_unit);
                write(fd, text, 16);
            } else {
                write(fd, &byte, 1);
            }
        }
    }
}
