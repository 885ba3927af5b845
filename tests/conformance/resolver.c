//! flags = ["-pthread", "-Wl,--no-as-needed", "-lresolv"]
// resolv.h, arpa/nameser.h and what netdb.h asks of them: questions to a server of the source's own, on the
// loopback interface, and what needs none.
#define _GNU_SOURCE
#include "check.h"
#include <arpa/inet.h>
#include <arpa/nameser.h>
#include <fcntl.h>
#include <netdb.h>
#include <pthread.h>
#include <resolv.h>
#include <signal.h>
#include <sys/socket.h>
#include <unistd.h>

extern ssize_t __recv_chk(int, void *, size_t, size_t, int);
extern ssize_t __recvfrom_chk(int, void *, size_t, size_t, int, struct sockaddr *, socklen_t *);

static int server;
static struct sockaddr_in address = {.sin_family = AF_INET};

// Answers each question: "host.test" has an address, "empty.test" exists, "broken.test" fails, nothing else is.
static void *serve(void *argument)
{
    unsigned char packet[512];
    struct sockaddr_in from;
    for (;;) {
        socklen_t length = sizeof from;
        ssize_t count = recvfrom(server, packet, sizeof packet - 64, 0, (struct sockaddr *)&from, &length);
        if (count < 12)
            return argument;
        char name[256] = "";
        int end = 12;
        for (; packet[end] != 0 && end < count; end += packet[end] + 1) {
            strncat(name, (char *)packet + end + 1, packet[end]);
            strcat(name, ".");
        }
        end += 5;
        int known = strcmp(name, "host.test.") == 0, code = known || strcmp(name, "empty.test.") == 0 ? 0 : 3;
        if (strcmp(name, "broken.test.") == 0)
            code = 2;
        int answers = known && packet[end - 3] == 1;
        packet[2] = 0x85; // an answer, authoritative, recursion desired
        packet[3] = 0x80 | code;
        memset(packet + 4, 0, 8);
        packet[5] = 1;
        packet[7] = answers;
        if (answers) {
            static const unsigned char record[] = {0xc0, 12, 0, 1, 0, 1, 0, 0, 0, 60, 0, 4, 192, 0, 2, 7};
            memcpy(packet + end, record, sizeof record);
            end += sizeof record;
        }
        sendto(server, packet, end, 0, (struct sockaddr *)&from, length);
    }
}

static void point(struct __res_state *state)
{
    state->nscount = 1;
    memset(state->nsaddr_list, 0, sizeof state->nsaddr_list);
    state->nsaddr_list[0] = address;
    state->retrans = 2;
    state->retry = 1;
    strcpy(state->defdname, "test");
    state->dnsrch[0] = state->defdname;
    state->dnsrch[1] = NULL;
    state->ndots = 1;
    state->options = RES_INIT | RES_RECURSE | RES_DEFNAMES | RES_DNSRCH;
}

static unsigned char answer[1024];

// What is in the answer that a call gave the length of.
static void show(const char *call, int length)
{
    int code = h_errno;
    printf("%s = %d", call, length);
    if (length < 0) {
        printf(" h_errno %d\n", code);
        return;
    }
    ns_msg message;
    printf(", parse %d", ns_initparse(answer, length, &message));
    printf(", flags %d %d %d %d, counts %d %d", ns_msg_getflag(message, ns_f_qr), ns_msg_getflag(message, ns_f_aa),
           ns_msg_getflag(message, ns_f_rcode), ns_msg_getflag(message, ns_f_rd), ns_msg_count(message, ns_s_qd),
           ns_msg_count(message, ns_s_an));
    ns_rr record;
    if (ns_msg_count(message, ns_s_an) && ns_parserr(&message, ns_s_an, 0, &record) == 0)
        printf(", %s %d %d.%d", ns_rr_name(record), ns_rr_type(record), ns_rr_rdata(record)[0], ns_rr_rdata(record)[3]);
    printf("\n");
}
#define ASK(call)                                                                                            \
    do {                                                                                                     \
        h_errno = 0;                                                                                         \
        show(#call, call);                                                                                   \
    } while (0)

static void show_host(const char *call, const struct hostent *host, int code)
{
    printf("%s = ", call);
    if (!host) {
        printf("none, h_errno %d\n", code);
        return;
    }
    printf("%s %d %d", host->h_name, host->h_addrtype, host->h_length);
    char text[64];
    for (char **at = host->h_addr_list; *at; at++)
        printf(" %s", inet_ntop(host->h_addrtype, *at, text, sizeof text));
    printf(" aliases %s\n", host->h_aliases[0] ? host->h_aliases[0] : "none");
}
#define HOST(call)                                                                                           \
    do {                                                                                                     \
        h_errno = 0;                                                                                         \
        struct hostent *host_ = call;                                                                        \
        show_host(#call, host_, h_errno);                                                                    \
    } while (0)

int main(void)
{
    setvbuf(stdout, 0, _IOLBF, 0);
    server = socket(AF_INET, SOCK_DGRAM, 0);
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    bind(server, (struct sockaddr *)&address, sizeof address);
    socklen_t length = sizeof address;
    getsockname(server, (struct sockaddr *)&address, &length);
    pthread_t thread;
    pthread_create(&thread, 0, serve, 0);

    section("the state of the thread");
    INT(res_init());
    TRUTH(&_res == __res_state());
    TRUTH(_res.options & RES_INIT);
    point(&_res);
    ASK(res_query("host.test", ns_c_in, ns_t_a, answer, sizeof answer));
    ASK(res_query("host.test", ns_c_in, ns_t_aaaa, answer, sizeof answer));
    ASK(res_query("empty.test", ns_c_in, ns_t_a, answer, sizeof answer));
    ASK(res_query("none.test", ns_c_in, ns_t_a, answer, sizeof answer));
    ASK(res_search("host", ns_c_in, ns_t_a, answer, sizeof answer));
    ASK(res_search("none", ns_c_in, ns_t_a, answer, sizeof answer));
    ASK(res_querydomain("host", "test", ns_c_in, ns_t_a, answer, sizeof answer));
    ASK(res_querydomain("host.test", NULL, ns_c_in, ns_t_a, answer, sizeof answer));
    unsigned char question[512];
    int size = res_mkquery(ns_o_query, "host.test", ns_c_in, ns_t_a, NULL, 0, NULL, question, sizeof question);
    INT(size);
    ASK(res_send(question, size, answer, sizeof answer));
    TRUTH(answer[0] == question[0] && answer[1] == question[1]);

    section("a state of one's own");
    struct __res_state state;
    memset(&state, 0, sizeof state);
    INT(res_ninit(&state));
    point(&state);
    ASK(res_nquery(&state, "host.test", ns_c_in, ns_t_a, answer, sizeof answer));
    ASK(res_nquery(&state, "none.test", ns_c_in, ns_t_a, answer, sizeof answer));
    ASK(res_nsearch(&state, "host", ns_c_in, ns_t_a, answer, sizeof answer));
    ASK(res_nquerydomain(&state, "host", "test", ns_c_in, ns_t_a, answer, sizeof answer));
    size = res_nmkquery(&state, ns_o_query, "host.test", ns_c_in, ns_t_a, NULL, 0, NULL, question, sizeof question);
    INT(size);
    ASK(res_nsend(&state, question, size, answer, sizeof answer));
    VOID(res_nclose(&state));

    section("records");
    // Past the question: the whole record, or nothing.
    INT(ns_skiprr(answer + 12, answer + 12 + 15, ns_s_qd, 1));
    INT(ns_skiprr(answer + 12, answer + 12 + 14, ns_s_qd, 1));
    INT(ns_skiprr(answer + 27, answer + 27 + 16, ns_s_an, 1));
    INT(ns_skiprr(answer + 27, answer + 27 + 15, ns_s_an, 1));

    section("hosts by number");
    struct hostent host, *found;
    char room[512];
    int code = 0;
    HOST(gethostbyname2("192.0.2.1", AF_INET));
    HOST(gethostbyname2("2001:db8::1", AF_INET6));
    CODE(gethostbyname_r("192.0.2.1", &host, room, sizeof room, &found, &code));
    show_host("found", found, code);
    CODE(gethostbyname_r("192.0.2.1", &host, room, 8, &found, &code));
    CODE(gethostbyname2_r("2001:db8::1", AF_INET6, &host, room, sizeof room, &found, &code));
    show_host("found", found, code);

    section("asked of the system");
    struct gaicb request = {.ar_name = "192.0.2.1", .ar_service = "80"}, *list[] = {&request};
    struct addrinfo hints = {.ai_flags = AI_NUMERICHOST | AI_NUMERICSERV, .ai_socktype = SOCK_STREAM};
    request.ar_request = &hints;
    INT(getaddrinfo_a(GAI_WAIT, list, 1, NULL));
    INT(gai_error(&request));
    TRUTH(request.ar_result && request.ar_result->ai_family == AF_INET);
    INT(gai_suspend((const struct gaicb *const *)list, 1, NULL));
    INT(gai_cancel(&request));
    INT(getaddrinfo_a(77, list, 1, NULL));

    section("protocols");
    struct protoent protocol, *given;
    CODE(getprotobyname_r("tcp", &protocol, room, sizeof room, &given));
    INT(given ? given->p_proto : -1);
    CODE(getprotobyname_r("no such protocol", &protocol, room, sizeof room, &given));
    TRUTH(given);
    CODE(getprotobyname_r("tcp", &protocol, room, 4, &given));

    section("messages");
    int errors = dup(2), to = fileno(tmpfile());
    dup2(to, 2);
    for (int i = -1; i < 6; i++) {
        h_errno = i;
        herror(i % 2 ? "name" : NULL);
    }
    fflush(stderr);
    dup2(errors, 2);
    ssize_t count = pread(to, room, sizeof room - 1, 0);
    room[count < 0 ? 0 : count] = 0;
    TEXT(room);

    section("fortified");
    int pair[2];
    socketpair(AF_UNIX, SOCK_STREAM, 0, pair);
    write(pair[0], "some bytes", 10);
    INT(__recv_chk(pair[1], room, 4, sizeof room, 0));
    BYTES(room, 4);
    INT(__recvfrom_chk(pair[1], room, 6, 6, 0, NULL, NULL));
    BYTES(room, 6);
    return 0;
}
