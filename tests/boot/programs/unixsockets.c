// AF_UNIX sockets: streams, datagrams and packets; by path, by abstract name and in pairs; what goes
// with messages; readiness; errors.
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/ioctl.h>
#include <sys/sendfile.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

static void say(const char *what, long result)
{
    printf("%s: %ld%s%s\n", what, result, result < 0 ? " " : "", result < 0 ? strerror(errno) : "");
}

static socklen_t named(struct sockaddr_un *name, const char *path)
{
    memset(name, 0, sizeof *name);
    name->sun_family = AF_UNIX;
    if (path[0] == '@') {
        memcpy(name->sun_path + 1, path + 1, strlen(path + 1));
        return offsetof(struct sockaddr_un, sun_path) + strlen(path);
    }
    strcpy(name->sun_path, path);
    return sizeof *name;
}

static void show(const char *what, int fd, int peer)
{
    struct sockaddr_un name;
    memset(&name, 0x55, sizeof name);
    socklen_t length = sizeof name;
    int result = peer ? getpeername(fd, (void *)&name, &length) : getsockname(fd, (void *)&name, &length);
    if (result < 0) {
        say(what, result);
        return;
    }
    printf("%s: length %u family %d ", what, length, name.sun_family);
    for (size_t i = 2; i < length; i++)
        putchar(((char *)&name)[i] ? ((char *)&name)[i] : '@');
    putchar('\n');
}

static void events(const char *what, int fd)
{
    struct pollfd p = { fd, POLLIN | POLLOUT | POLLRDHUP | POLLPRI, 0 };
    int count = poll(&p, 1, 0);
    printf("%s: %d%s%s%s%s%s\n", what, count, p.revents & POLLIN ? " in" : "", p.revents & POLLOUT ? " out" : "",
           p.revents & POLLRDHUP ? " rdhup" : "", p.revents & POLLHUP ? " hup" : "", p.revents & POLLERR ? " err" : "");
}

static int option(int fd, int name)
{
    int value = -77;
    socklen_t length = sizeof value;
    if (getsockopt(fd, SOL_SOCKET, name, &value, &length) < 0)
        return -errno;
    return value;
}

static void pairs(void)
{
    int p[2];
    char buffer[64];
    struct stat st;
    say("pair", socketpair(AF_UNIX, SOCK_STREAM, 0, p));
    fstat(p[0], &st);
    printf("mode %o, is a socket %d\n", st.st_mode, isfdtype(p[0], S_IFSOCK));
    show("name of one", p[0], 0);
    show("peer of one", p[0], 1);
    printf("type %d domain %d protocol %d listening %d error %d\n", option(p[0], SO_TYPE), option(p[0], SO_DOMAIN),
           option(p[0], SO_PROTOCOL), option(p[0], SO_ACCEPTCONN), option(p[0], SO_ERROR));
    events("fresh", p[0]);
    say("send", send(p[0], "hello", 5, 0));
    say("write", write(p[0], "world", 5));
    events("to read", p[1]);
    int pending = 0;
    ioctl(p[1], FIONREAD, &pending);
    say("pending", pending);
    say("peek", recv(p[1], buffer, 3, MSG_PEEK));
    say("recv", recv(p[1], buffer, 7, 0));
    printf("%.7s\n", buffer);
    say("seek", lseek(p[0], 0, SEEK_CUR));
    say("pread", pread(p[1], buffer, 1, 0));
    struct iovec in[2] = { { buffer, 1 }, { buffer + 10, 20 } };
    say("readv", readv(p[1], in, 2));
    printf("%c %.2s\n", buffer[0], buffer + 10);
    say("nothing", recv(p[1], buffer, 7, MSG_DONTWAIT));
    say("send with a name", sendto(p[0], "x", 1, 0, (void *)&(struct sockaddr_un){ AF_UNIX, "x" }, 10));
    say("connect again", connect(p[0], (void *)&(struct sockaddr_un){ AF_UNIX, "x" }, 10));
    say("accept", accept(p[0], NULL, NULL));
    say("listen", listen(p[0], 1));
    say("shutdown of something else", shutdown(p[0], 7));
    say("shutdown", shutdown(p[0], SHUT_WR));
    events("own side shut", p[0]);
    events("other side shut", p[1]);
    say("read at the end", read(p[1], buffer, 1));
    signal(SIGPIPE, SIG_IGN);
    say("write after the end", write(p[0], "x", 1));
    say("the other way", write(p[1], "back", 4));
    say("read back", read(p[0], buffer, 4));
    close(p[0]);
    events("peer gone", p[1]);
    say("send to nobody", send(p[1], "x", 1, MSG_NOSIGNAL));
    say("receive from nobody", recv(p[1], buffer, 1, 0));
    close(p[1]);

    socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, p);
    printf("flags %d %d\n", (fcntl(p[0], F_GETFL) & O_NONBLOCK) != 0, fcntl(p[0], F_GETFD));
    say("would block", read(p[0], buffer, 1));
    write(p[0], "unread", 6);
    write(p[1], "unread", 6);
    close(p[0]);
    events("reset", p[1]);
    say("data comes first", read(p[1], buffer, 6));
    say("then the reset", read(p[1], buffer, 6));
    say("then the end", read(p[1], buffer, 6));
    close(p[1]);

    socketpair(AF_UNIX, SOCK_SEQPACKET, 0, p);
    say("packet", send(p[0], "first", 5, 0));
    say("packet", send(p[0], "second one", 10, MSG_EOR));
    say("part of it", recv(p[1], buffer, 3, 0));
    struct msghdr m = { .msg_iov = in, .msg_iovlen = 2 };
    in[1].iov_len = 4;
    say("parts", recvmsg(p[1], &m, 0));
    printf("flags %x, %c %.4s\n", m.msg_flags, buffer[0], buffer + 10);
    close(p[0]);
    say("end of packets", recv(p[1], buffer, 3, 0));
    close(p[1]);

    socketpair(AF_UNIX, SOCK_DGRAM, 0, p);
    say("datagram", send(p[0], "datagram", 8, 0));
    say("empty datagram", send(p[0], "", 0, 0));
    say("whole length", recv(p[1], buffer, 3, MSG_TRUNC | MSG_PEEK));
    ioctl(p[1], FIONREAD, &pending);
    say("pending", pending);
    say("got", recv(p[1], buffer, 60, 0));
    say("got nothing", recv(p[1], buffer, 60, 0));
    say("too long", send(p[0], malloc(400000), 400000, 0));
    close(p[1]);
    say("to one that is gone", send(p[0], "x", 1, 0));
    say("to nobody", send(p[0], "x", 1, 0));
    close(p[0]);
}

static void *connects(void *path)
{
    struct sockaddr_un name;
    socklen_t length = named(&name, path);
    int fd = socket(AF_UNIX, SOCK_STREAM, 0);
    usleep(20000);
    if (connect(fd, (void *)&name, length) < 0)
        perror("connect");
    char text[100];
    ssize_t got = recv(fd, text, sizeof text, MSG_WAITALL);
    write(fd, text, (size_t)got);
    shutdown(fd, SHUT_WR);
    while (read(fd, text, sizeof text) > 0)
        ;
    close(fd);
    return NULL;
}

static void streams(const char *path)
{
    struct sockaddr_un name;
    socklen_t length = named(&name, path);
    printf("-- %s\n", path);
    int server = socket(AF_UNIX, SOCK_STREAM, 0);
    events("new", server);
    say("send unconnected", send(server, "x", 1, MSG_NOSIGNAL));
    say("recv unconnected", recv(server, &name, 0, 0));
    say("listen without a name", listen(server, 5));
    int client = socket(AF_UNIX, SOCK_STREAM, 0);
    say("connect to nothing", connect(client, (void *)&name, length));
    say("bind", bind(server, (void *)&name, length));
    say("bind again", bind(server, (void *)&name, length));
    int second = socket(AF_UNIX, SOCK_STREAM, 0);
    say("bind twice", bind(second, (void *)&name, length));
    close(second);
    show("own name", server, 0);
    show("no peer", server, 1);
    say("connect before listen", connect(client, (void *)&name, length));
    say("accept before listen", accept(server, NULL, NULL));
    say("listen", listen(server, 1));
    printf("listening %d\n", option(server, SO_ACCEPTCONN));
    events("listener", server);
    int wrong = socket(AF_UNIX, SOCK_DGRAM, 0);
    say("wrong type", connect(wrong, (void *)&name, length));
    close(wrong);

    pthread_t thread;
    pthread_create(&thread, NULL, connects, (void *)path);
    struct sockaddr_un from;
    socklen_t room = sizeof from;
    int connection = accept4(server, (void *)&from, &room, SOCK_CLOEXEC);
    printf("accepted %d, room %u, family %d, close on exec %d\n", connection > 0, room, from.sun_family,
           fcntl(connection, F_GETFD));
    show("accepted's name", connection, 0);
    show("accepted's peer", connection, 1);
    char text[100];
    memset(text, 'a', 100);
    for (int i = 0; i < 4; i++) {
        write(connection, text + i * 25, 25);
        usleep(2000);
    }
    say("echo", recv(connection, text, 100, MSG_WAITALL));
    say("end", recv(connection, text, 100, MSG_WAITALL));
    close(connection);
    pthread_join(thread, NULL);

    int flood[5] = { -1, -1, -1, -1, -1 }, count = 0;
    for (int i = 0; i < 5; i++) {
        flood[i] = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0);
        if (connect(flood[i], (void *)&name, length) < 0) {
            say("backlog full", -1);
            break;
        }
        count++;
    }
    say("connections that wait", count);
    events("waits to be accepted", flood[0]);
    say("send before accept", send(flood[0], "early", 5, 0));
    connection = accept(server, NULL, NULL);
    say("early", recv(connection, text, 100, 0));
    close(connection);
    close(server);
    events("never accepted", flood[1]);
    say("reset", recv(flood[1], text, 1, 0));
    say("listener gone", connect(client, (void *)&name, length));
    for (int i = 0; i < 5; i++)
        close(flood[i]);
    close(client);
    if (path[0] != '@') {
        struct stat st;
        stat(path, &st);
        printf("node %o\n", st.st_mode & S_IFMT);
        say("open", open(path, O_RDWR));
        say("unlink", unlink(path));
        client = socket(AF_UNIX, SOCK_STREAM, 0);
        say("unlinked", connect(client, (void *)&name, length));
        close(client);
    }
}

static void *receives_late(void *fd)
{
    char text[32];
    usleep(30000);
    for (int i = 0; i < 12; i++)
        recv((int)(intptr_t)fd, text, sizeof text, 0);
    return NULL;
}

static void datagrams(void)
{
    struct sockaddr_un name, other, from;
    puts("-- datagrams");
    int a = socket(AF_UNIX, SOCK_DGRAM, 0), b = socket(AF_UNIX, SOCK_DGRAM, 0);
    socklen_t length = named(&name, "datagram.sock");
    socklen_t other_length = named(&other, "@datagram abstract");
    events("new", a);
    say("listen", listen(a, 1));
    say("accept", accept(a, NULL, NULL));
    say("send to nowhere", send(a, "x", 1, 0));
    say("sendto nothing", sendto(a, "x", 1, 0, (void *)&name, length));
    say("bind", bind(a, (void *)&name, length));
    say("from an unnamed one", sendto(b, "anonymous", 9, 0, (void *)&name, length));
    socklen_t room = sizeof from;
    char text[64];
    say("recvfrom", recvfrom(a, text, sizeof text, 0, (void *)&from, &room));
    printf("room %u\n", room);
    say("bind", bind(b, (void *)&other, other_length));
    say("sendto", sendto(b, "named", 5, 0, (void *)&name, length));
    room = sizeof from;
    say("recvfrom", recvfrom(a, text, sizeof text, 0, (void *)&from, &room));
    printf("room %u %.17s\n", room, from.sun_path + 1);
    say("connect", connect(b, (void *)&name, length));
    show("peer", b, 1);
    say("send", send(b, "connected", 9, 0));
    int c = socket(AF_UNIX, SOCK_DGRAM, 0);
    say("connect the other way", connect(a, (void *)&other, other_length));
    say("third party", sendto(c, "x", 1, 0, (void *)&name, length));
    say("recv", recv(a, text, sizeof text, 0));
    say("connect to nobody", connect(a, (void *)&(struct sockaddr){ AF_UNSPEC }, sizeof(struct sockaddr)));
    show("no peer", a, 1);
    int sent = 0;
    while (sendto(c, "fill", 4, MSG_DONTWAIT, (void *)&name, length) == 4)
        sent++;
    say("full", -1);
    printf("sent %d\n", sent);
    struct pollfd p = { b, POLLOUT, 0 };
    say("writable", poll(&p, 1, 0));
    pthread_t thread;
    pthread_create(&thread, NULL, receives_late, (void *)(intptr_t)a);
    say("waits for room", sendto(c, "waited", 6, 0, (void *)&name, length));
    say("becomes writable", poll(&p, 1, 5000));
    pthread_join(thread, NULL);
    struct timeval limit = { 0, 20000 };
    setsockopt(a, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit);
    struct timeval was;
    room = sizeof was;
    getsockopt(a, SOL_SOCKET, SO_RCVTIMEO, &was, &room);
    printf("limit %ld.%06ld\n", (long)was.tv_sec, (long)was.tv_usec);
    say("in time", recv(a, text, sizeof text, 0));
    close(a);
    say("gone", send(b, "x", 1, 0));
    say("gone for good", send(b, "x", 1, 0));
    unlink("datagram.sock");
    int d = socket(AF_UNIX, SOCK_DGRAM, 0);
    say("any name", bind(d, (void *)&(struct sockaddr_un){ AF_UNIX, "" }, sizeof(sa_family_t)));
    room = sizeof from;
    getsockname(d, (void *)&from, &room);
    printf("autobind: length %u, first %d\n", room, from.sun_path[0]);
    close(b), close(c), close(d);
}

static void rights(void)
{
    puts("-- rights");
    int p[2], pipes[2];
    socketpair(AF_UNIX, SOCK_STREAM, 0, p);
    pipe(pipes);
    char control[CMSG_SPACE(sizeof(int) * 2)] = { 0 }, text[16];
    struct iovec part = { "ab", 2 };
    struct msghdr m = { .msg_iov = &part, .msg_iovlen = 1, .msg_control = control, .msg_controllen = sizeof control };
    struct cmsghdr *c = CMSG_FIRSTHDR(&m);
    c->cmsg_level = SOL_SOCKET, c->cmsg_type = SCM_RIGHTS, c->cmsg_len = CMSG_LEN(2 * sizeof(int));
    memcpy(CMSG_DATA(c), pipes, sizeof pipes);
    say("plain before", send(p[0], "plain", 5, 0));
    say("sendmsg", sendmsg(p[0], &m, 0));
    say("plain after", send(p[0], "after", 5, 0));
    close(pipes[0]), close(pipes[1]);
    char space[CMSG_SPACE(64)];
    struct iovec in = { text, sizeof text };
    struct msghdr r = { .msg_iov = &in, .msg_iovlen = 1, .msg_control = space, .msg_controllen = sizeof space };
    say("recvmsg", recvmsg(p[1], &r, MSG_CMSG_CLOEXEC));
    printf("flags %x control %zu\n", r.msg_flags & ~MSG_CMSG_CLOEXEC, r.msg_controllen);
    c = CMSG_FIRSTHDR(&r);
    int got[2] = { -1, -1 };
    if (c) {
        printf("level %d type %d length %zu\n", c->cmsg_level, c->cmsg_type, c->cmsg_len);
        memcpy(got, CMSG_DATA(c), sizeof got);
        printf("next %d\n", CMSG_NXTHDR(&r, c) != NULL);
    }
    write(got[1], "through", 7);
    memset(text, 0, sizeof text);
    say("through the files", read(got[0], text, sizeof text));
    printf("%s, close on exec %d\n", text, fcntl(got[0], F_GETFD));
    close(got[0]), close(got[1]);
    say("rest", recv(p[1], text, sizeof text, 0));

    int one = open("/dev/null", O_RDWR);
    m.msg_controllen = CMSG_SPACE(sizeof(int));
    c = CMSG_FIRSTHDR(&m);
    c->cmsg_len = CMSG_LEN(sizeof(int));
    memcpy(CMSG_DATA(c), &one, sizeof one);
    sendmsg(p[0], &m, 0);
    r.msg_controllen = 4;
    say("no room", recvmsg(p[1], &r, 0));
    printf("cut %d, control %zu\n", (r.msg_flags & MSG_CTRUNC) != 0, r.msg_controllen);
    int bad = 900;
    memcpy(CMSG_DATA(c), &bad, sizeof bad);
    say("bad descriptor", sendmsg(p[0], &m, 0));
    c->cmsg_len = 3;
    say("bad length", sendmsg(p[0], &m, 0));
    close(one);

    int on = 1;
    setsockopt(p[1], SOL_SOCKET, SO_PASSCRED, &on, sizeof on);
    printf("passcred %d\n", option(p[1], SO_PASSCRED));
    send(p[0], "who", 3, 0);
    r.msg_controllen = sizeof space;
    say("credentials", recvmsg(p[1], &r, 0));
    c = CMSG_FIRSTHDR(&r);
    struct ucred who = { 0, 77, 77 };
    if (c)
        memcpy(&who, CMSG_DATA(c), sizeof who);
    printf("type %d length %zu own %d\n", c ? c->cmsg_type : 0, c ? c->cmsg_len : 0, who.pid == getpid());
    socklen_t room = sizeof who;
    say("peercred", getsockopt(p[0], SOL_SOCKET, SO_PEERCRED, &who, &room));
    printf("own %d, room %u\n", who.pid == getpid(), room);
    int lone = socket(AF_UNIX, SOCK_STREAM, 0);
    getsockopt(lone, SOL_SOCKET, SO_PEERCRED, &who, &room);
    printf("nobody %d %d\n", who.pid, (int)who.uid);
    close(lone), close(p[0]), close(p[1]);
}

static void sets(void)
{
    puts("-- sets");
    int p[2], q[2];
    socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, p);
    socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, q);
    int set = epoll_create1(0);
    struct epoll_event e = { EPOLLIN | EPOLLOUT | EPOLLRDHUP | EPOLLET, { .u32 = 1 } }, got[4];
    epoll_ctl(set, EPOLL_CTL_ADD, p[0], &e);
    e.events = EPOLLIN | EPOLLONESHOT, e.data.u32 = 2;
    epoll_ctl(set, EPOLL_CTL_ADD, q[0], &e);
#define WAIT(what)                                                     \
    do {                                                               \
        int count = epoll_wait(set, got, 4, 0);                        \
        printf("%s: %d", what, count);                                 \
        for (int i = 0; i < count; i++)                                \
            printf(" (%u %x)", got[i].data.u32, got[i].events);        \
        puts("");                                                      \
    } while (0)
    char text[64];
    WAIT("at first");
    WAIT("no edge");
    write(p[1], "abcd", 4);
    WAIT("an edge");
    WAIT("no edge");
    read(p[0], text, 2);
    WAIT("still none");
    write(p[1], "ef", 2);
    WAIT("another edge");
    write(q[1], "once", 4);
    WAIT("once");
    write(q[1], "twice", 5);
    WAIT("not twice");
    e.events = EPOLLIN | EPOLLONESHOT, e.data.u32 = 3;
    epoll_ctl(set, EPOLL_CTL_MOD, q[0], &e);
    WAIT("armed again");
    shutdown(p[1], SHUT_WR);
    WAIT("other side shut");
    close(p[1]);
    WAIT("other side closed");
    e.events = EPOLLIN, e.data.u32 = 4;
    epoll_ctl(set, EPOLL_CTL_MOD, q[0], &e);
    WAIT("level");
    WAIT("level again");
    read(q[0], text, sizeof text);
    WAIT("empty");
    close(q[0]);
    WAIT("closed");
    close(p[0]), close(q[1]), close(set);
}

static void *drains(void *fd)
{
    char text[4096];
    long total = 0;
    unsigned sum = 0;
    for (ssize_t got; (got = read((int)(intptr_t)fd, text, sizeof text)) > 0;) {
        for (ssize_t i = 0; i < got; i++)
            sum = sum * 31 + (unsigned char)text[i];
        total += got;
    }
    printf("drained %ld, sum %u\n", total, sum);
    return NULL;
}

static void bulk(void)
{
    puts("-- bulk");
    int p[2];
    socketpair(AF_UNIX, SOCK_STREAM, 0, p);
    size_t size = 3000000;
    unsigned char *data = malloc(size);
    for (size_t i = 0; i < size; i++)
        data[i] = (unsigned char)(i * 7 + i / 1000);
    pthread_t thread;
    pthread_create(&thread, NULL, drains, (void *)(intptr_t)p[1]);
    say("all at once", write(p[0], data, size));
    struct iovec parts[3] = { { data, 100000 }, { data, 1 }, { data + 5, 200000 } };
    say("in parts", writev(p[0], parts, 3));
    FILE *file = fopen("bulk.bin", "w+");
    fwrite(data, 1, 500000, file);
    fflush(file);
    off_t at = 1000;
    say("from a file", sendfile(p[0], fileno(file), &at, 400000));
    printf("at %ld\n", (long)at);
    fclose(file);
    unlink("bulk.bin");
    close(p[0]);
    pthread_join(thread, NULL);
    close(p[1]);

    socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, p);
    ssize_t wrote = write(p[0], data, size);
    printf("partly %d\n", wrote > 0 && wrote < (ssize_t)size);
    while (write(p[0], data, 1000) > 0)
        ;
    say("full", -1);
    events("full", p[0]);
    struct pollfd w = { p[0], POLLOUT, 0 };
    char text[65536];
    while (read(p[1], text, sizeof text) > 0)
        ;
    say("room again", poll(&w, 1, 0));
    close(p[0]), close(p[1]);
    free(data);
}

static void many(void)
{
    puts("-- many");
    int p[2];
    socketpair(AF_UNIX, SOCK_DGRAM, 0, p);
    struct mmsghdr out[3], in[4];
    struct iovec parts[3] = { { "one", 3 }, { "three", 5 }, { "seventeen letters", 17 } }, rooms[4];
    char text[4][8];
    memset(out, 0, sizeof out);
    memset(in, 0, sizeof in);
    for (int i = 0; i < 3; i++)
        out[i].msg_hdr.msg_iov = &parts[i], out[i].msg_hdr.msg_iovlen = 1;
    for (int i = 0; i < 4; i++) {
        rooms[i].iov_base = text[i], rooms[i].iov_len = 8;
        in[i].msg_hdr.msg_iov = &rooms[i], in[i].msg_hdr.msg_iovlen = 1;
    }
    say("sendmmsg", sendmmsg(p[0], out, 3, 0));
    printf("lengths %u %u %u\n", out[0].msg_len, out[1].msg_len, out[2].msg_len);
    say("recvmmsg", recvmmsg(p[1], in, 4, MSG_WAITFORONE, NULL));
    for (int i = 0; i < 3; i++)
        printf("%u %.*s %x\n", in[i].msg_len, (int)in[i].msg_len, text[i], in[i].msg_hdr.msg_flags);
    say("none", recvmmsg(p[1], in, 4, MSG_DONTWAIT, NULL));
    close(p[0]), close(p[1]);
}

static void errors(void)
{
    puts("-- errors");
    int p[2];
    struct sockaddr_un name;
    socklen_t length = named(&name, "errors.sock");
    say("type", socket(AF_UNIX, 9, 0));
    say("type flags", socket(AF_UNIX, SOCK_STREAM | 0x100, 0));
    say("protocol", socket(AF_UNIX, SOCK_STREAM, 6));
    say("own protocol", close(socket(AF_UNIX, SOCK_STREAM, 1)));
    say("raw", close(socket(AF_UNIX, SOCK_RAW, 0)));
    say("family", socket(77, SOCK_STREAM, 0));
    say("negative family", socket(-1, SOCK_STREAM, 0));
    int fd = socket(AF_UNIX, SOCK_STREAM, 0);
    say("long name", bind(fd, (void *)&name, 111));
    say("short name", bind(fd, (void *)&name, 1));
    name.sun_family = AF_INET;
    say("other family", bind(fd, (void *)&name, length));
    say("other family", connect(fd, (void *)&name, length));
    name.sun_family = AF_UNIX;
    length = named(&name, "no-such-directory/x");
    say("no directory", bind(fd, (void *)&name, length));
    say("no file", connect(fd, (void *)&name, length));
    length = named(&name, "small.bin");
    say("a file", connect(fd, (void *)&name, length));
    say("exists", bind(fd, (void *)&name, length));
    say("not open", bind(999, (void *)&name, length));
    say("not a socket", bind(0, (void *)&name, length));
    say("not a socket", listen(0, 1));
    say("not a socket", send(0, "", 1, 0));
    say("getsockopt", getsockopt(fd, SOL_SOCKET, 9999, p, &length));
    say("level", setsockopt(fd, 6, 1, p, sizeof p));
    int number = 100000;
    say("short option", setsockopt(fd, SOL_SOCKET, SO_SNDBUF, &number, 3));
    say("buffer", setsockopt(fd, SOL_SOCKET, SO_SNDBUF, &number, 4));
    printf("twice %d, receive %d\n", option(fd, SO_SNDBUF), option(fd, SO_RCVBUF));
    number = 1;
    setsockopt(fd, SOL_SOCKET, SO_SNDBUF, &number, 4);
    setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &number, 4);
    printf("least %d %d\n", option(fd, SO_SNDBUF), option(fd, SO_RCVBUF));
    say("at mark", sockatmark(fd) < 0 ? -1 : 0);
    say("shutdown unconnected", shutdown(fd, SHUT_RDWR));
    close(fd);
}

static void interrupted(int signal)
{
    (void)signal;
}

static void *kicks(void *thread)
{
    usleep(30000);
    pthread_kill(*(pthread_t *)thread, SIGUSR1);
    return NULL;
}

static void signals(void)
{
    puts("-- signals");
    int p[2];
    char text[8];
    socketpair(AF_UNIX, SOCK_STREAM, 0, p);
    struct sigaction action = { .sa_handler = interrupted };
    sigaction(SIGUSR1, &action, NULL);
    pthread_t self = pthread_self(), thread;
    pthread_create(&thread, NULL, kicks, &self);
    say("interrupted", recv(p[0], text, 8, 0));
    pthread_join(thread, NULL);
    action.sa_flags = SA_RESTART;
    sigaction(SIGUSR1, &action, NULL);
    struct timeval limit = { 2, 0 };
    setsockopt(p[0], SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit);
    pthread_create(&thread, NULL, kicks, &self);
    say("limited, so not begun again", recv(p[0], text, 8, 0));
    pthread_join(thread, NULL);
    close(p[0]), close(p[1]);
}

int main(void)
{
    setvbuf(stdout, NULL, _IOLBF, 0);
    // The root of a guest may be read-only.
    mkdir("/tmp/unixsockets", 0777);
    if (chdir("/tmp/unixsockets") < 0)
        perror("chdir");
    close(creat("small.bin", 0600));
    pairs();
    streams("stream.sock");
    streams("@an abstract name");
    datagrams();
    rights();
    sets();
    bulk();
    many();
    errors();
    signals();
    return 0;
}
