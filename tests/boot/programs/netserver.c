/* ADDRESS PORT BYTES CONNECTIONS: echoes one long stream, then answers many short connections. */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

static void fail(const char *what) {
    perror(what);
    exit(1);
}

int main(int argc, char **argv) {
    setvbuf(stdout, NULL, _IONBF, 0);
    int connections = atoi(argv[4]), one = 1;
    int listening = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (listening < 0) fail("socket");
    setsockopt(listening, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one);
    struct sockaddr_in at = {.sin_family = AF_INET, .sin_port = htons(atoi(argv[2]))};
    if (bind(listening, (struct sockaddr *)&at, sizeof at)) fail("bind");
    if (listen(listening, 128)) fail("listen");
    printf("listening\n");

    struct sockaddr_in peer;
    socklen_t length = sizeof peer;
    int stream = accept(listening, (struct sockaddr *)&peer, &length);
    if (stream < 0) fail("accept");
    printf("accepted, family %d of %u bytes\n", peer.sin_family, length);
    static unsigned char buffer[50021];
    uint64_t total = 0;
    uint32_t sum = 0;
    ssize_t got;
    while ((got = read(stream, buffer, sizeof buffer)) > 0) {
        for (ssize_t i = 0; i < got; i++) sum = sum * 31 + buffer[i];
        total += got;
        for (ssize_t done = 0; done < got;) {
            ssize_t sent = write(stream, buffer + done, got - done);
            if (sent < 0) fail("write");
            done += sent;
        }
    }
    if (got < 0) fail("read");
    close(stream);
    printf("echoed %llu bytes, sum %08x\n", (unsigned long long)total, sum);

    for (int i = 0; i < connections; i++) {
        int each = accept(listening, NULL, NULL);
        if (each < 0) fail("accept");
        char line[64] = {0};
        size_t have = 0;
        while (!memchr(line, '\n', have)) {
            ssize_t more = recv(each, line + have, sizeof line - 1 - have, 0);
            if (more <= 0) fail("recv");
            have += more;
        }
        char answer[80];
        int size = snprintf(answer, sizeof answer, "answer to %s", line);
        if (send(each, answer, size, MSG_NOSIGNAL) != size) fail("send");
        shutdown(each, SHUT_WR);
        /* The other side closes, too. */
        if (recv(each, line, sizeof line, 0) != 0) fail("end");
        close(each);
    }
    printf("answered %d\n", connections);
    return 3;
}
