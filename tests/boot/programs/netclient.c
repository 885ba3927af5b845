/* ADDRESS PORT BYTES CONNECTIONS: the other side of netserver.c. */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <pthread.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

static struct sockaddr_in server;
static uint64_t bytes;
static int stream;

static void fail(const char *what) {
    perror(what);
    exit(1);
}

/* A connection; the server may not be there yet. */
static int reach(void) {
    for (int tries = 0; tries < 600; tries++) {
        int fd = socket(AF_INET, SOCK_STREAM, 0);
        if (fd < 0) fail("socket");
        if (connect(fd, (struct sockaddr *)&server, sizeof server) == 0) return fd;
        if (errno != ECONNREFUSED && errno != ETIMEDOUT && errno != EHOSTUNREACH && errno != ENETUNREACH)
            fail("connect");
        close(fd);
        usleep(100000);
    }
    fail("connect");
    return -1;
}

static uint32_t next(uint32_t *state) { return *state = *state * 1664525 + 1013904223; }

static void *send_all(void *unused) {
    static unsigned char chunk[30011];
    uint32_t state = 1;
    for (uint64_t sent = 0; sent < bytes;) {
        size_t size = 1 + next(&state) % sizeof chunk;
        if (size > bytes - sent) size = bytes - sent;
        for (size_t i = 0; i < size; i++) chunk[i] = (sent + i) * 2654435761u >> 13;
        for (size_t done = 0; done < size;) {
            ssize_t more = write(stream, chunk + done, size - done);
            if (more < 0) fail("write");
            done += more;
        }
        sent += size;
    }
    if (shutdown(stream, SHUT_WR)) fail("shutdown");
    return unused;
}

int main(int argc, char **argv) {
    setvbuf(stdout, NULL, _IONBF, 0);
    server = (struct sockaddr_in){.sin_family = AF_INET, .sin_port = htons(atoi(argv[2]))};
    inet_pton(AF_INET, argv[1], &server.sin_addr);
    bytes = strtoull(argv[3], NULL, 10);
    stream = reach();
    printf("connected\n");
    pthread_t sender;
    pthread_create(&sender, NULL, send_all, NULL);
    static unsigned char buffer[40009];
    uint64_t total = 0, wrong = 0;
    ssize_t got;
    while ((got = read(stream, buffer, sizeof buffer)) > 0) {
        for (ssize_t i = 0; i < got; i++)
            wrong += buffer[i] != (unsigned char)((total + i) * 2654435761u >> 13);
        total += got;
    }
    if (got < 0) fail("read");
    pthread_join(sender, NULL);
    close(stream);
    printf("got %llu bytes back, %llu of them wrong\n", (unsigned long long)total, (unsigned long long)wrong);

    for (int i = 0; i < atoi(argv[4]); i++) {
        int fd = reach();
        char question[32], answer[128] = {0};
        int size = snprintf(question, sizeof question, "question %d\n", i);
        if (send(fd, question, size, 0) != size) fail("send");
        size_t have = 0;
        while ((got = recv(fd, answer + have, sizeof answer - 1 - have, 0)) > 0) have += got;
        if (got < 0) fail("recv");
        close(fd);
        if (i % 7 == 0) printf("%s", answer);
    }
    printf("done\n");
    return 5;
}
