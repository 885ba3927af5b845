// Sockets of IPv4 and IPv6 over the loopback interface: TCP and UDP, their ends and their errors.
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/ioctl.h>
#include <sys/sendfile.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <time.h>
#include <unistd.h>

static void say(const char *what, long result)
{
    printf("%s: %ld%s%s\n", what, result, result < 0 ? " " : "", result < 0 ? strerror(errno) : "");
}

static void events(const char *what, int fd, int timeout)
{
    struct pollfd p = { fd, POLLIN | POLLOUT | POLLRDHUP | POLLPRI, 0 };
    int count = poll(&p, 1, timeout);
    printf("%s: %d%s%s%s%s%s%s\n", what, count, p.revents & POLLIN ? " in" : "", p.revents & POLLOUT ? " out" : "",
           p.revents & POLLRDHUP ? " rdhup" : "", p.revents & POLLHUP ? " hup" : "", p.revents & POLLERR ? " err" : "",
           p.revents & POLLPRI ? " pri" : "");
}

// Waits for events of a socket, whatever else is there already.
static void until(int fd, short wanted)
{
    struct pollfd p = { fd, wanted, 0 };
    if (poll(&p, 1, 10000) != 1)
        puts("nothing came");
}

static int option(int fd, int level, int name)
{
    int value = -77;
    socklen_t length = sizeof value;
    if (getsockopt(fd, level, name, &value, &length) < 0)
        return -errno;
    return value;
}

static int set(int fd, int level, int name, int value)
{
    return setsockopt(fd, level, name, &value, sizeof value);
}

static struct sockaddr_storage name_of(int family, const char *address, int port, socklen_t *length)
{
    struct sockaddr_storage name;
    memset(&name, 0, sizeof name);
    name.ss_family = (sa_family_t)family;
    if (family == AF_INET) {
        struct sockaddr_in *four = (void *)&name;
        four->sin_port = htons((uint16_t)port);
        inet_pton(AF_INET, address, &four->sin_addr);
        *length = sizeof *four;
    } else {
        struct sockaddr_in6 *six = (void *)&name;
        six->sin6_port = htons((uint16_t)port);
        inet_pton(AF_INET6, address, &six->sin6_addr);
        *length = sizeof *six;
    }
    return name;
}

static int port_of(int fd)
{
    struct sockaddr_storage name;
    socklen_t length = sizeof name;
    getsockname(fd, (void *)&name, &length);
    return ntohs(((struct sockaddr_in *)&name)->sin_port);
}

static void show(const char *what, int fd, int peer, int port)
{
    struct sockaddr_storage name;
    socklen_t length = sizeof name;
    int result = peer ? getpeername(fd, (void *)&name, &length) : getsockname(fd, (void *)&name, &length);
    if (result < 0) {
        say(what, result);
        return;
    }
    char text[100];
    const void *address = name.ss_family == AF_INET ? (void *)&((struct sockaddr_in *)&name)->sin_addr
                                                    : (void *)&((struct sockaddr_in6 *)&name)->sin6_addr;
    inet_ntop(name.ss_family, address, text, sizeof text);
    int number = ntohs(((struct sockaddr_in *)&name)->sin_port);
    printf("%s: length %u family %d %s %s\n", what, length, name.ss_family, text,
           number == 0 ? "no port" : number == port ? "the server's port" : "another port");
}

static int listener(int family, const char *address, int backlog)
{
    socklen_t length;
    struct sockaddr_storage name = name_of(family, address, 0, &length);
    int fd = socket(family, SOCK_STREAM, 0);
    set(fd, SOL_SOCKET, SO_REUSEADDR, 1);
    if (bind(fd, (void *)&name, length) < 0 || listen(fd, backlog) < 0)
        perror("listener");
    return fd;
}

static int connected(int family, const char *address, int server, int *other)
{
    socklen_t length;
    struct sockaddr_storage name = name_of(family, address, port_of(server), &length);
    int fd = socket(family, SOCK_STREAM, 0);
    if (connect(fd, (void *)&name, length) < 0)
        perror("connect");
    *other = accept(server, NULL, NULL);
    if (*other < 0)
        perror("accept");
    return fd;
}

static void streams(int family, const char *address, const char *target)
{
    printf("-- streams %s %s\n", address, target);
    char text[100];
    int server = socket(family, SOCK_STREAM, 0);
    events("new", server, 0);
    show("unbound", server, 0, 0);
    show("no peer", server, 1, 0);
    say("send", send(server, "x", 1, MSG_NOSIGNAL));
    say("recv", recv(server, text, 1, 0));
    say("accept", accept(server, NULL, NULL));
    say("shutdown", shutdown(server, SHUT_RDWR));
    close(server);
    server = listener(family, address, 5);
    int port = port_of(server);
    show("listener", server, 0, port);
    printf("listening %d type %d domain %d protocol %d\n", option(server, SOL_SOCKET, SO_ACCEPTCONN),
           option(server, SOL_SOCKET, SO_TYPE), option(server, SOL_SOCKET, SO_DOMAIN),
           option(server, SOL_SOCKET, SO_PROTOCOL));
    events("listener", server, 0);
    int other, client = connected(target[0] == ':' || strchr(target, ':') ? AF_INET6 : AF_INET, target, server, &other);
    show("client", client, 0, port);
    show("client's peer", client, 1, port);
    show("accepted", other, 0, port);
    show("accepted's peer", other, 1, port);
    events("client", client, 0);
    socklen_t length;
    struct sockaddr_storage name = name_of(family, target, port, &length);
    say("connect again", connect(client, (void *)&name, length));
    say("listen", listen(client, 1));
    say("bind", bind(client, (void *)&name, length));

    say("send", send(client, "hello ", 6, MSG_MORE));
    say("send", send(client, "world", 5, 0));
    say("waitall", recv(other, text, 11, MSG_WAITALL));
    printf("%.11s\n", text);
    say("nothing", recv(other, text, 1, MSG_DONTWAIT));
    write(other, "peeked at", 9);
    until(client, POLLIN);
    say("peek", recv(client, text, 6, MSG_PEEK));
    int pending = 0;
    ioctl(client, FIONREAD, &pending);
    say("pending", pending);
    say("dropped", recv(client, NULL, 7, MSG_TRUNC));
    say("rest", recv(client, text, 100, 0));
    printf("%.2s\n", text);
    struct iovec out[3] = { { "one", 3 }, { "", 0 }, { " two", 4 } }, in[2] = { { text, 2 }, { text + 50, 40 } };
    say("writev", writev(client, out, 3));
    until(other, POLLIN);
    say("readv", readv(other, in, 2));
    printf("%.2s %.5s\n", text, text + 50);
    struct timeval limit = { 0, 30000 };
    setsockopt(other, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit);
    say("limited", recv(other, text, 1, 0));
    say("urgent", recv(other, text, 1, MSG_OOB));
    say("error queue", recv(other, text, 1, MSG_ERRQUEUE));

    say("shutdown", shutdown(client, SHUT_WR));
    until(other, POLLRDHUP);
    events("half closed", other, 0);
    say("end", recv(other, text, 1, 0));
    say("the other way", send(other, "still", 5, 0));
    say("still", recv(client, text, 5, MSG_WAITALL));
    say("sent after the end", send(client, "x", 1, MSG_NOSIGNAL));
    close(other);
    until(client, POLLHUP);
    events("closed", client, 0);
    say("end", recv(client, text, 1, 0));
    say("error", option(client, SOL_SOCKET, SO_ERROR));
    close(client);

    // A linger time of zero resets.
    client = connected(family, target, server, &other);
    struct linger linger = { 1, 0 };
    setsockopt(client, SOL_SOCKET, SO_LINGER, &linger, sizeof linger);
    close(client);
    until(other, POLLHUP);
    events("reset", other, 0);
    say("reset", recv(other, text, 1, 0));
    say("then the end", recv(other, text, 1, 0));
    say("broken", send(other, "x", 1, MSG_NOSIGNAL));
    close(other);

    // So does data that nobody read.
    client = connected(family, target, server, &other);
    write(client, "unread", 6);
    until(other, POLLIN);
    close(other);
    until(client, POLLHUP);
    say("unread", recv(client, text, 1, 0));
    say("error", option(client, SOL_SOCKET, SO_ERROR));
    close(client);

    linger.l_linger = 5;
    client = connected(family, target, server, &other);
    setsockopt(client, SOL_SOCKET, SO_LINGER, &linger, sizeof linger);
    write(client, "lingers", 7);
    close(client);
    say("arrived", recv(other, text, 100, MSG_WAITALL));
    close(other);
    close(server);
    client = socket(family, SOCK_STREAM, 0);
    say("refused", connect(client, (void *)&name, length));
    close(client);
}

static void nonblocking(void)
{
    puts("-- nonblocking");
    socklen_t length;
    int server = listener(AF_INET, "127.0.0.1", 5);
    fcntl(server, F_SETFL, O_NONBLOCK);
    say("accept", accept(server, NULL, NULL));
    struct sockaddr_storage name = name_of(AF_INET, "127.0.0.1", port_of(server), &length);
    int client = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
    int result = connect(client, (void *)&name, length);
    printf("connect: %s\n", result == 0 || errno == EINPROGRESS ? "on the way" : strerror(errno));
    until(client, POLLOUT);
    say("error", option(client, SOL_SOCKET, SO_ERROR));
    until(server, POLLIN);
    int other = accept4(server, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
    printf("flags %d %d\n", (fcntl(other, F_GETFL) & O_NONBLOCK) != 0, fcntl(other, F_GETFD));
    char text[16];
    say("recv", recv(other, text, 1, 0));
    char *data = calloc(1, 1 << 20);
    long sent = 0;
    // Until nothing moves any more.
    for (int idle = 0; idle < 20;) {
        ssize_t now = send(client, data, 1 << 20, 0);
        if (now < 0) {
            idle++;
            usleep(2000);
        } else {
            sent += now;
            idle = 0;
        }
    }
    ssize_t last;
    while ((last = send(client, data, 1, 0)) > 0)
        sent += last;
    say("full", last);
    events("full", client, 0);
    long got = 0;
    while (got < sent) {
        ssize_t now = recv(other, data, 1 << 20, 0);
        if (now > 0)
            got += now;
        else
            until(other, POLLIN);
    }
    printf("all of it %d\n", got == sent);
    until(client, POLLOUT);
    events("room again", client, 0);
    free(data);
    close(other), close(client), close(server);
    int port = port_of(server = listener(AF_INET, "127.0.0.1", 1));
    close(server);
    name = name_of(AF_INET, "127.0.0.1", port, &length);
    client = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
    result = connect(client, (void *)&name, length);
    printf("connect: %s\n", result < 0 && (errno == EINPROGRESS || errno == ECONNREFUSED) ? "on the way" : "?");
    if (errno == EINPROGRESS) {
        until(client, POLLOUT);
        errno = option(client, SOL_SOCKET, SO_ERROR);
    }
    say("refused", -1);
    say("once", option(client, SOL_SOCKET, SO_ERROR));
    close(client);
}

static void *echoes(void *argument)
{
    int fd = (int)(intptr_t)argument;
    char text[5000];
    for (ssize_t got; (got = read(fd, text, sizeof text)) > 0;)
        for (ssize_t done = 0; done < got;) {
            ssize_t now = write(fd, text + done, (size_t)(got - done));
            if (now < 0)
                return NULL;
            done += now;
        }
    close(fd);
    return NULL;
}

static void *serves(void *argument)
{
    int server = (int)(intptr_t)argument;
    pthread_t threads[8];
    for (int i = 0; i < 8; i++) {
        int fd = accept(server, NULL, NULL);
        pthread_create(&threads[i], NULL, echoes, (void *)(intptr_t)fd);
    }
    for (int i = 0; i < 8; i++)
        pthread_join(threads[i], NULL);
    return NULL;
}

struct client {
    pthread_t thread;
    int port, number;
    long good;
};

static void *talks(void *argument)
{
    struct client *c = argument;
    socklen_t length;
    int family = c->number % 2 ? AF_INET6 : AF_INET;
    struct sockaddr_storage name = name_of(family, family == AF_INET ? "127.0.0.1" : "::1", c->port, &length);
    int fd = socket(family, SOCK_STREAM, 0);
    if (connect(fd, (void *)&name, length) < 0)
        return NULL;
    unsigned char out[3000], in[3000];
    for (int round = 0; round < 50; round++) {
        size_t size = 1 + (size_t)(round * 61 + c->number * 7) % sizeof out;
        for (size_t i = 0; i < size; i++)
            out[i] = (unsigned char)(i * 3 + (size_t)round + (size_t)c->number);
        if (send(fd, out, size, 0) != (ssize_t)size || recv(fd, in, size, MSG_WAITALL) != (ssize_t)size
            || memcmp(in, out, size))
            break;
        c->good++;
    }
    close(fd);
    return NULL;
}

static void threads(void)
{
    puts("-- threads");
    int server = listener(AF_INET6, "::", 20);
    pthread_t thread;
    struct client clients[8];
    pthread_create(&thread, NULL, serves, (void *)(intptr_t)server);
    for (int i = 0; i < 8; i++) {
        clients[i] = (struct client){ .port = port_of(server), .number = i };
        pthread_create(&clients[i].thread, NULL, talks, &clients[i]);
    }
    long good = 0;
    for (int i = 0; i < 8; i++) {
        pthread_join(clients[i].thread, NULL);
        good += clients[i].good;
    }
    pthread_join(thread, NULL);
    say("rounds", good);
    close(server);
}

static void *drains(void *argument)
{
    int fd = (int)(intptr_t)argument;
    static char text[65536];
    long total = 0;
    unsigned sum = 0;
    for (ssize_t got; (got = read(fd, text, sizeof text)) > 0; total += got)
        for (ssize_t i = 0; i < got; i++)
            sum = sum * 31 + (unsigned char)text[i];
    printf("drained %ld, sum %u\n", total, sum);
    return NULL;
}

static void bulk(void)
{
    puts("-- bulk");
    int server = listener(AF_INET, "127.0.0.1", 1), other;
    int client = connected(AF_INET, "127.0.0.1", server, &other);
    size_t size = 4000000;
    unsigned char *data = malloc(size);
    for (size_t i = 0; i < size; i++)
        data[i] = (unsigned char)(i * 7 + i / 1000);
    pthread_t thread;
    pthread_create(&thread, NULL, drains, (void *)(intptr_t)other);
    say("all at once", send(client, data, size, 0));
    FILE *file = fopen("/tmp/inetsockets.bin", "w+");
    fwrite(data, 1, 1000000, file);
    fflush(file);
    off_t at = 1000;
    set(client, IPPROTO_TCP, TCP_CORK, 1);
    say("header", send(client, "header", 6, MSG_MORE));
    long copied = 0;
    while (copied < 900000) {
        ssize_t now = sendfile(client, fileno(file), &at, (size_t)(900000 - copied));
        if (now <= 0)
            break;
        copied += now;
    }
    set(client, IPPROTO_TCP, TCP_CORK, 0);
    printf("from a file %ld, at %ld\n", copied, (long)at);
    fclose(file);
    unlink("/tmp/inetsockets.bin");
    close(client);
    pthread_join(thread, NULL);
    close(other), close(server);
    free(data);
}

static void datagrams(int family, const char *address)
{
    printf("-- datagrams %s\n", address);
    socklen_t length, room;
    struct sockaddr_storage name = name_of(family, address, 0, &length), from;
    int a = socket(family, SOCK_DGRAM, 0), b = socket(family, SOCK_DGRAM, 0);
    char text[100];
    events("new", a, 0);
    say("bind", bind(a, (void *)&name, length));
    say("send", send(a, "x", 1, 0));
    say("bind again", bind(a, (void *)&name, length));
    int port = port_of(a);
    show("bound", a, 0, port);
    name = name_of(family, address, port, &length);
    say("in use", bind(b, (void *)&name, length));
    say("sendto", sendto(b, "datagram", 8, 0, (void *)&name, length));
    say("empty", sendto(b, "", 0, 0, (void *)&name, length));
    until(a, POLLIN);
    say("peek", recv(a, text, 3, MSG_PEEK));
    say("length", recv(a, text, 3, MSG_PEEK | MSG_TRUNC));
    int pending = 0;
    ioctl(a, FIONREAD, &pending);
    say("pending", pending);
    room = sizeof from;
    say("recvfrom", recvfrom(a, text, sizeof text, 0, (void *)&from, &room));
    printf("from family %d room %u, port known %d\n", from.ss_family, room,
           ntohs(((struct sockaddr_in *)&from)->sin_port) == port_of(b));
    say("empty", recv(a, text, sizeof text, 0));
    say("none", recv(a, text, sizeof text, MSG_DONTWAIT));
    say("back", sendto(a, "answer", 6, 0, (void *)&from, room));
    until(b, POLLIN);
    say("answer", recv(b, text, sizeof text, 0));
    say("too long", sendto(b, calloc(1, 70000), 70000, 0, (void *)&name, length));
    ((struct sockaddr_in *)&name)->sin_port = 0;
    say("no port", sendto(b, "x", 1, 0, (void *)&name, length));
    name = name_of(family, address, port, &length);
    say("short name", sendto(b, "x", 1, 0, (void *)&name, 4));
    say("listen", listen(a, 1));
    say("accept", accept(a, NULL, NULL));
    say("connect", connect(b, (void *)&name, length));
    show("peer", b, 1, port);
    say("send", send(b, "connected", 9, 0));
    until(a, POLLIN);
    struct iovec in[2] = { { text, 4 }, { text + 50, 3 } };
    struct msghdr m = { .msg_iov = in, .msg_iovlen = 2, .msg_name = &from, .msg_namelen = sizeof from };
    say("recvmsg", recvmsg(a, &m, 0));
    printf("%.4s %.3s flags %x name %u\n", text, text + 50, m.msg_flags, m.msg_namelen);
    say("shutdown", shutdown(b, SHUT_WR));
    say("broken", send(b, "x", 1, MSG_NOSIGNAL));
    close(b);
    b = socket(family, SOCK_DGRAM, 0);
    connect(b, (void *)&name, length);
    close(a);
    say("to nobody", send(b, "x", 1, 0));
    until(b, POLLIN);
    say("refused", recv(b, text, 1, 0));
    struct sockaddr nobody = { .sa_family = AF_UNSPEC };
    say("unconnect", connect(b, &nobody, sizeof nobody));
    show("no peer", b, 1, port);
    say("send", send(b, "x", 1, 0));
    close(b);
}

static void many(void)
{
    puts("-- many");
    socklen_t length;
    struct sockaddr_storage name = name_of(AF_INET, "127.0.0.1", 0, &length);
    int a = socket(AF_INET, SOCK_DGRAM, 0), b = socket(AF_INET, SOCK_DGRAM, 0);
    bind(a, (void *)&name, length);
    name = name_of(AF_INET, "127.0.0.1", port_of(a), &length);
    struct mmsghdr out[3], in[4];
    struct iovec parts[3] = { { "one", 3 }, { "three", 5 }, { "seventeen letters", 17 } }, rooms[4];
    char text[4][8], control[CMSG_SPACE(sizeof(struct in_pktinfo)) + CMSG_SPACE(sizeof(int))];
    memset(out, 0, sizeof out);
    memset(in, 0, sizeof in);
    for (int i = 0; i < 3; i++) {
        out[i].msg_hdr.msg_iov = &parts[i], out[i].msg_hdr.msg_iovlen = 1;
        out[i].msg_hdr.msg_name = &name, out[i].msg_hdr.msg_namelen = length;
    }
    for (int i = 0; i < 4; i++) {
        rooms[i].iov_base = text[i], rooms[i].iov_len = 8;
        in[i].msg_hdr.msg_iov = &rooms[i], in[i].msg_hdr.msg_iovlen = 1;
    }
    say("sendmmsg", sendmmsg(b, out, 3, 0));
    printf("lengths %u %u %u\n", out[0].msg_len, out[1].msg_len, out[2].msg_len);
    usleep(20000);
    say("recvmmsg", recvmmsg(a, in, 4, MSG_WAITFORONE, NULL));
    for (int i = 0; i < 3; i++)
        printf("%u %.*s %x\n", in[i].msg_len, (int)in[i].msg_len, text[i], in[i].msg_hdr.msg_flags);
    say("none", recvmmsg(a, in, 4, MSG_DONTWAIT, NULL));
    set(a, IPPROTO_IP, IP_PKTINFO, 1);
    set(a, IPPROTO_IP, IP_RECVTTL, 1);
    sendto(b, "info", 4, 0, (void *)&name, length);
    struct msghdr m = { .msg_iov = rooms, .msg_iovlen = 1, .msg_control = control, .msg_controllen = sizeof control };
    say("info", recvmsg(a, &m, 0));
    for (struct cmsghdr *c = CMSG_FIRSTHDR(&m); c; c = CMSG_NXTHDR(&m, c)) {
        printf("level %d type %d length %zu", c->cmsg_level, c->cmsg_type, c->cmsg_len);
        if (c->cmsg_type == IP_PKTINFO) {
            struct in_pktinfo info;
            memcpy(&info, CMSG_DATA(c), sizeof info);
            printf(" interface %d to %s", info.ipi_ifindex, inet_ntoa(info.ipi_addr));
        } else {
            int ttl;
            memcpy(&ttl, CMSG_DATA(c), sizeof ttl);
            printf(" %d", ttl);
        }
        puts("");
    }
    close(a), close(b);
}

static void sets(void)
{
    puts("-- sets");
    int server = listener(AF_INET, "127.0.0.1", 8), other;
    int client = connected(AF_INET, "127.0.0.1", server, &other);
    int set_fd = epoll_create1(0);
    struct epoll_event e = { EPOLLIN | EPOLLRDHUP | EPOLLET, { .u32 = 1 } }, got[4];
    epoll_ctl(set_fd, EPOLL_CTL_ADD, other, &e);
    e.events = EPOLLIN | EPOLLONESHOT, e.data.u32 = 2;
    epoll_ctl(set_fd, EPOLL_CTL_ADD, client, &e);
    char text[64];
#define WAIT(what, timeout)                                            \
    do {                                                               \
        int count = epoll_wait(set_fd, got, 4, timeout);               \
        printf("%s: %d", what, count);                                 \
        for (int i = 0; i < count; i++)                                \
            printf(" (%u %x)", got[i].data.u32, got[i].events);        \
        puts("");                                                      \
    } while (0)
    WAIT("at first", 0);
    write(client, "abcd", 4);
    WAIT("an edge", 5000);
    WAIT("no edge", 0);
    read(other, text, 2);
    WAIT("still none", 0);
    write(client, "ef", 2);
    WAIT("another edge", 5000);
    write(other, "once", 4);
    WAIT("once", 5000);
    write(other, "twice", 5);
    usleep(20000);
    WAIT("not twice", 0);
    e.events = EPOLLIN | EPOLLONESHOT, e.data.u32 = 3;
    epoll_ctl(set_fd, EPOLL_CTL_MOD, client, &e);
    WAIT("armed again", 5000);
    e.events = EPOLLIN, e.data.u32 = 4;
    epoll_ctl(set_fd, EPOLL_CTL_ADD, server, &e);
    WAIT("no connection", 0);
    int more = socket(AF_INET, SOCK_STREAM, 0);
    socklen_t length;
    struct sockaddr_storage name = name_of(AF_INET, "127.0.0.1", port_of(server), &length);
    connect(more, (void *)&name, length);
    WAIT("a connection", 5000);
    WAIT("level", 0);
    int third = accept(server, NULL, NULL);
    WAIT("accepted", 0);
    shutdown(client, SHUT_WR);
    WAIT("half closed", 5000);
    close(more), close(third), close(client), close(other), close(server), close(set_fd);
}

static void queue(void)
{
    puts("-- queue");
    int server = listener(AF_INET, "127.0.0.1", 0);
    socklen_t length;
    struct sockaddr_storage name = name_of(AF_INET, "127.0.0.1", port_of(server), &length);
    int clients[4];
    for (int i = 0; i < 4; i++) {
        clients[i] = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
        connect(clients[i], (void *)&name, length);
    }
    usleep(50000);
    struct pollfd p = { clients[0], POLLOUT, 0 };
    say("the first", poll(&p, 1, 1000));
    p.fd = clients[3];
    say("the last has to wait", poll(&p, 1, 50));
    say("one is accepted", close(accept(server, NULL, NULL)));
    for (int i = 0; i < 4; i++)
        close(clients[i]);
    close(server);
}

static void options(void)
{
    puts("-- options");
    int s = socket(AF_INET, SOCK_STREAM, 0), d = socket(AF_INET, SOCK_DGRAM, 0), s6 = socket(AF_INET6, SOCK_STREAM, 0);
    static const struct {
        const char *what;
        int level, name, value;
    } rows[] = {
        { "reuseaddr", SOL_SOCKET, SO_REUSEADDR, 1 },
        { "reuseport", SOL_SOCKET, SO_REUSEPORT, 1 },
        { "keepalive", SOL_SOCKET, SO_KEEPALIVE, 1 },
        { "broadcast", SOL_SOCKET, SO_BROADCAST, 1 },
        { "oobinline", SOL_SOCKET, SO_OOBINLINE, 1 },
        { "rcvlowat", SOL_SOCKET, SO_RCVLOWAT, 7 },
        { "sndbuf", SOL_SOCKET, SO_SNDBUF, 50000 },
        { "rcvbuf", SOL_SOCKET, SO_RCVBUF, 50000 },
        { "priority", SOL_SOCKET, SO_PRIORITY, 3 },
        { "nodelay", IPPROTO_TCP, TCP_NODELAY, 1 },
        { "cork", IPPROTO_TCP, TCP_CORK, 1 },
        { "keepidle", IPPROTO_TCP, TCP_KEEPIDLE, 60 },
        { "keepidle", IPPROTO_TCP, TCP_KEEPIDLE, 0 },
        { "keepintvl", IPPROTO_TCP, TCP_KEEPINTVL, 10 },
        { "keepcnt", IPPROTO_TCP, TCP_KEEPCNT, 3 },
        { "keepcnt", IPPROTO_TCP, TCP_KEEPCNT, 1000 },
        { "user timeout", IPPROTO_TCP, TCP_USER_TIMEOUT, 5000 },
        { "notsent lowat", IPPROTO_TCP, TCP_NOTSENT_LOWAT, 16384 },
        { "tos", IPPROTO_IP, IP_TOS, 0x10 },
        { "ttl", IPPROTO_IP, IP_TTL, 33 },
        { "ttl", IPPROTO_IP, IP_TTL, 0 },
        { "ttl", IPPROTO_IP, IP_TTL, 256 },
        { "v6only on v4", IPPROTO_IPV6, IPV6_V6ONLY, 1 },
        { "nosuch", IPPROTO_TCP, 999, 1 },
        { "nosuch", IPPROTO_IP, 999, 1 },
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        int before = option(s, rows[i].level, rows[i].name);
        int result = set(s, rows[i].level, rows[i].name, rows[i].value);
        if (rows[i].name == SO_SNDBUF || rows[i].name == SO_RCVBUF)
            before = 0;
        printf("%s: %d, %d%s%s, %d\n", rows[i].what, before, result, result < 0 ? " " : "",
               result < 0 ? strerror(errno) : "", option(s, rows[i].level, rows[i].name));
    }
    printf("v6only %d", option(s6, IPPROTO_IPV6, IPV6_V6ONLY));
    printf(" %d", set(s6, IPPROTO_IPV6, IPV6_V6ONLY, 1));
    printf(" %d\n", option(s6, IPPROTO_IPV6, IPV6_V6ONLY));
    printf("hops %d", option(s6, IPPROTO_IPV6, IPV6_UNICAST_HOPS));
    printf(" %d", set(s6, IPPROTO_IPV6, IPV6_UNICAST_HOPS, 9));
    printf(" %d\n", option(s6, IPPROTO_IPV6, IPV6_UNICAST_HOPS));
    printf("tcp option of udp %d\n", option(d, IPPROTO_TCP, TCP_NODELAY));
    char name[16] = "";
    socklen_t length = sizeof name;
    say("congestion", setsockopt(s, IPPROTO_TCP, TCP_CONGESTION, "reno", 4));
    getsockopt(s, IPPROTO_TCP, TCP_CONGESTION, name, &length);
    puts(name);
    say("congestion", setsockopt(s, IPPROTO_TCP, TCP_CONGESTION, "nosuch", 6));
    struct tcp_info info;
    length = sizeof info;
    say("info", getsockopt(s, IPPROTO_TCP, TCP_INFO, &info, &length));
    printf("state %d\n", info.tcpi_state);
    struct linger linger = { 1, 7 };
    setsockopt(s, SOL_SOCKET, SO_LINGER, &linger, sizeof linger);
    linger.l_onoff = 0, length = sizeof linger;
    getsockopt(s, SOL_SOCKET, SO_LINGER, &linger, &length);
    printf("linger %d %d\n", linger.l_onoff, linger.l_linger);
    struct timeval bad = { 0, 1000000 };
    say("bad time", setsockopt(s, SOL_SOCKET, SO_RCVTIMEO, &bad, sizeof bad));
    close(s), close(d), close(s6);
}

static void errors(void)
{
    puts("-- errors");
    socklen_t length;
    struct sockaddr_storage name = name_of(AF_INET, "192.0.2.1", 0, &length);
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    say("protocol", socket(AF_INET, SOCK_STREAM, IPPROTO_UDP));
    say("type", socket(AF_INET, 9, 0));
    say("seqpacket", socket(AF_INET, SOCK_SEQPACKET, 0));
    say("raw without protocol", socket(AF_INET, SOCK_RAW, 0));
    int pair[2];
    say("pair", socketpair(AF_INET, SOCK_STREAM, 0, pair));
    say("not ours", bind(fd, (void *)&name, length));
    say("short name", bind(fd, (void *)&name, 8));
    say("short name", connect(fd, (void *)&name, 1));
    name.ss_family = AF_INET6;
    say("other family", bind(fd, (void *)&name, length));
    say("other family", connect(fd, (void *)&name, length));
    name = name_of(AF_INET, "127.0.0.1", 0, &length);
    int other = listener(AF_INET, "127.0.0.1", 1);
    name = name_of(AF_INET, "127.0.0.1", port_of(other), &length);
    say("in use", bind(fd, (void *)&name, length));
    say("connect a listener", connect(other, (void *)&name, length) < 0 ? -1 : 0);
    say("send on a listener", send(other, "x", 1, MSG_NOSIGNAL));
    close(other);
    int six = socket(AF_INET6, SOCK_STREAM, 0);
    set(six, IPPROTO_IPV6, IPV6_V6ONLY, 1);
    name = name_of(AF_INET6, "::ffff:127.0.0.1", 1, &length);
    say("mapped on v6 only", connect(six, (void *)&name, length));
    say("address", bind(six, (void *)&name, 24));
    say("shorter", bind(six, (void *)&name, 20));
    close(six), close(fd);
}

int main(void)
{
    setvbuf(stdout, NULL, _IOLBF, 0);
    signal(SIGPIPE, SIG_IGN);
    streams(AF_INET, "127.0.0.1", "127.0.0.1");
    streams(AF_INET6, "::1", "::1");
    streams(AF_INET6, "::", "::ffff:127.0.0.1");
    nonblocking();
    threads();
    bulk();
    datagrams(AF_INET, "127.0.0.1");
    datagrams(AF_INET6, "::1");
    many();
    sets();
    queue();
    options();
    errors();
    return 0;
}
