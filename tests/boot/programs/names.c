// Names and addresses: getaddrinfo, getnameinfo, the files below /etc, interfaces, and what can be
// said of the network without one.
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <arpa/nameser.h>
#include <errno.h>
#include <ifaddrs.h>
#include <net/if.h>
#include <netdb.h>
#include <netinet/in.h>
#include <resolv.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

static void look(const char *node, const char *service, int flags, int family, int type, int protocol)
{
    struct addrinfo hints = { .ai_flags = flags, .ai_family = family, .ai_socktype = type, .ai_protocol = protocol };
    struct addrinfo *result = NULL;
    int error = getaddrinfo(node, service, &hints, &result);
    printf("%s %s %x %d %d %d: %d %s\n", node ? node : "-", service ? service : "-", flags, family, type, protocol,
           error, error ? gai_strerror(error) : "");
    for (struct addrinfo *a = error ? NULL : result; a; a = a->ai_next) {
        char host[NI_MAXHOST], port[NI_MAXSERV];
        getnameinfo(a->ai_addr, a->ai_addrlen, host, sizeof host, port, sizeof port, NI_NUMERICHOST | NI_NUMERICSERV);
        printf("  %d %d %d %u %s %s %s %x\n", a->ai_family, a->ai_socktype, a->ai_protocol, a->ai_addrlen, host, port,
               a->ai_canonname ? a->ai_canonname : "-", a->ai_flags);
    }
    if (!error)
        freeaddrinfo(result);
}

static void addresses(void)
{
    look(NULL, "80", AI_PASSIVE, 0, SOCK_STREAM, 0);
    look(NULL, "80", 0, 0, SOCK_STREAM, 0);
    look(NULL, "http", AI_PASSIVE, AF_INET6, SOCK_STREAM, 0);
    look("127.1", "9", AI_CANONNAME, 0, 0, 0);
    look("0x7f000001", "9", 0, 0, SOCK_DGRAM, 0);
    look("::1", "9", 0, AF_INET, 0, 0);
    look("::1", "+9", 0, 0, SOCK_STREAM, IPPROTO_TCP);
    look("1.2.3.4", "9", 0, AF_INET6, 0, 0);
    look("1.2.3.4", "9", AI_V4MAPPED, AF_INET6, SOCK_STREAM, 0);
    look("::ffff:1.2.3.4", "9", 0, AF_INET, SOCK_STREAM, 0);
    look("::ffff:1.2.3.4", "9", 0, AF_UNSPEC, SOCK_STREAM, 0);
    look("fe80::1%lo", "1", 0, 0, SOCK_STREAM, 0);
    look("127.0.0.1", "domain", 0, 0, 0, 0);
    look("127.0.0.1", "http", 0, 0, 0, 0);
    look("127.0.0.1", "tftp", 0, AF_INET, 0, 0);
    look("127.0.0.1", "nosuch", 0, 0, 0, 0);
    look("127.0.0.1", "nosuch", AI_NUMERICSERV, 0, 0, 0);
    look("127.0.0.1", "80", 0, 0, 7, 0);
    look("127.0.0.1", "80", 0, 0, SOCK_STREAM, IPPROTO_UDP);
    look("127.0.0.1", "http", 0, 0, SOCK_RAW, 0);
    look("127.0.0.1", "http", 0, 0, SOCK_DGRAM, 0);
    look("127.0.0.1", NULL, 0, 0, SOCK_RAW, 0);
    look("127.0.0.1", NULL, 0, 0, SOCK_SEQPACKET, 0);
    look("127.0.0.1", "99999", 0, 0, SOCK_STREAM, 0);
    look(NULL, NULL, 0, 0, 0, 0);
    look("127.0.0.1", NULL, 0x8000, 0, 0, 0);
    look("127.0.0.1", NULL, 0, 7, 0, 0);
    look("example", NULL, AI_NUMERICHOST, 0, 0, 0);
    look(NULL, "1", AI_CANONNAME, 0, 0, 0);
    look("", "80", 0, 0, SOCK_STREAM, 0);
    look("1.2.3", "80", AI_NUMERICHOST, 0, SOCK_STREAM, 0);
    look("1.2.3.4.5", "80", AI_NUMERICHOST, 0, SOCK_STREAM, 0);
    look("localhost", "http", AI_CANONNAME, AF_INET, SOCK_STREAM, 0);
    struct addrinfo *any;
    int error = getaddrinfo("127.0.0.1", "7", NULL, &any);
    printf("without hints: %d, flags %x\n", error, error ? 0 : any->ai_flags);
    if (!error)
        freeaddrinfo(any);
}

static void info(const struct sockaddr *address, socklen_t length, size_t host_room, size_t service_room, int flags)
{
    char host[100] = "", service[100] = "";
    int error = getnameinfo(address, length, host_room ? host : NULL, host_room, service_room ? service : NULL,
                            service_room, flags);
    printf("length %u rooms %zu %zu flags %x: %d %s %s\n", length, host_room, service_room, flags, error,
           error ? "" : host, error ? "" : service);
}

static void back(void)
{
    struct sockaddr_in four = { .sin_family = AF_INET, .sin_port = htons(80), .sin_addr = { htonl(INADDR_LOOPBACK) } };
    struct sockaddr_in6 six = { .sin6_family = AF_INET6, .sin6_port = htons(53) };
    const struct sockaddr *address = (void *)&four;
    info(address, sizeof four, 99, 99, 0);
    info(address, sizeof four, 99, 99, NI_NUMERICHOST);
    info(address, sizeof four, 99, 99, NI_NUMERICHOST | NI_NUMERICSERV);
    info(address, 8, 99, 99, 0);
    info(address, sizeof four, 3, 99, NI_NUMERICHOST);
    info(address, sizeof four, 99, 2, NI_NUMERICHOST);
    info(address, sizeof four, 0, 0, NI_NUMERICHOST);
    info(address, sizeof four, 0, 99, NI_NUMERICHOST);
    info(address, sizeof four, 99, 99, 0x800);
    info(address, sizeof four, 99, 99, NI_NAMEREQD | NI_NUMERICHOST);
    four.sin_port = htons(123);
    info(address, sizeof four, 99, 99, NI_NUMERICHOST | NI_DGRAM);
    four.sin_port = htons(61111);
    info(address, sizeof four, 99, 99, NI_NUMERICHOST);
    inet_pton(AF_INET6, "fe80::5", &six.sin6_addr);
    six.sin6_scope_id = 1;
    info((void *)&six, sizeof six, 99, 99, NI_NUMERICHOST);
    inet_pton(AF_INET6, "::ffff:10.0.0.1", &six.sin6_addr);
    six.sin6_scope_id = 0;
    info((void *)&six, sizeof six, 99, 99, NI_NUMERICHOST);
}

static void entry(const struct servent *s)
{
    if (!s) {
        puts("no service");
        return;
    }
    printf("%s %d %s", s->s_name, ntohs((uint16_t)s->s_port), s->s_proto);
    for (char **alias = s->s_aliases; *alias; alias++)
        printf(" %s", *alias);
    puts("");
}

static void files(void)
{
    char buffer[1000];
    entry(getservbyname("http", "tcp"));
    entry(getservbyname("http", NULL));
    entry(getservbyname("domain", "udp"));
    entry(getservbyname("nosuch", NULL));
    entry(getservbyport(htons(22), NULL));
    entry(getservbyport(htons(53), "udp"));
    entry(getservbyport(htons(9999), "tcp"));
    struct servent s, *found;
    int error = getservbyname_r("https", "tcp", &s, buffer, sizeof buffer, &found);
    printf("%d\n", error);
    entry(found);
    error = getservbyname_r("https", "tcp", &s, buffer, 4, &found);
    printf("%d %d\n", error, found == NULL);
    struct protoent *p = getprotobyname("tcp"), pr, *pfound;
    printf("%s %d %s\n", p->p_name, p->p_proto, p->p_aliases[0]);
    p = getprotobynumber(17);
    printf("%s %d %s\n", p->p_name, p->p_proto, p->p_aliases[0]);
    printf("%d\n", getprotobyname("nosuch") == NULL);
    error = getprotobynumber_r(1, &pr, buffer, sizeof buffer, &pfound);
    printf("%d %s\n", error, pfound ? pr.p_name : "-");
    setprotoent(1);
    p = getprotoent();
    printf("first %s %d\n", p->p_name, p->p_proto);
    endprotoent();
    struct hostent *h = gethostbyname("127.0.0.1");
    printf("%s %d %d %s\n", h->h_name, h->h_addrtype, h->h_length, inet_ntoa(*(struct in_addr *)h->h_addr));
    h = gethostbyname("localhost");
    printf("%s %d %d %s\n", h->h_name, h->h_addrtype, h->h_length, inet_ntoa(*(struct in_addr *)h->h_addr));
    struct hostent host;
    int code = 77;
    error = gethostbyname_r("localhost", &host, buffer, 9, &h, &code);
    printf("%d %d %d\n", error, h == NULL, code);
    printf("%d\n", innetgr("group", "host", "user", "domain"));
    for (int i = -1; i < 6; i++)
        puts(hstrerror(i));
}

static void interfaces(void)
{
    char name[IF_NAMESIZE];
    printf("lo is %u,", if_nametoindex("lo"));
    printf(" %s\n", if_indextoname(1, name));
    printf("none: %u ", if_nametoindex("nosuch0"));
    puts(strerror(errno));
    printf("none: %d ", if_indextoname(999, name) == NULL);
    puts(strerror(errno));
    struct if_nameindex *list = if_nameindex();
    printf("first %u %s\n", list[0].if_index, list[0].if_name);
    if_freenameindex(list);
    struct ifaddrs *all;
    printf("getifaddrs %d\n", getifaddrs(&all));
    for (struct ifaddrs *i = all; i; i = i->ifa_next) {
        if (strcmp(i->ifa_name, "lo") || !i->ifa_addr)
            continue;
        char address[100] = "", mask[100] = "";
        int family = i->ifa_addr->sa_family;
        if (family == AF_INET || family == AF_INET6) {
            socklen_t length = family == AF_INET ? sizeof(struct sockaddr_in) : sizeof(struct sockaddr_in6);
            getnameinfo(i->ifa_addr, length, address, sizeof address, NULL, 0, NI_NUMERICHOST);
            getnameinfo(i->ifa_netmask, length, mask, sizeof mask, NULL, 0, NI_NUMERICHOST);
        }
        printf("%s %d %x %s %s data %d\n", i->ifa_name, family, i->ifa_flags, address, mask, i->ifa_data != NULL);
    }
    freeifaddrs(all);
    // The specializer cannot see which family: it would leave IPv6 out, whose addresses are asked for above.
    volatile int family = AF_INET;
    int fd = socket(family, SOCK_DGRAM, 0);
    struct ifreq request;
    memset(&request, 0, sizeof request);
    strcpy(request.ifr_name, "lo");
    printf("flags %d", ioctl(fd, SIOCGIFFLAGS, &request));
    printf(" %x\n", request.ifr_flags);
    printf("address %d", ioctl(fd, SIOCGIFADDR, &request));
    printf(" %s\n", inet_ntoa(((struct sockaddr_in *)&request.ifr_addr)->sin_addr));
    printf("mask %d", ioctl(fd, SIOCGIFNETMASK, &request));
    printf(" %s\n", inet_ntoa(((struct sockaddr_in *)&request.ifr_netmask)->sin_addr));
    printf("mtu %d", ioctl(fd, SIOCGIFMTU, &request));
    printf(" %d\n", request.ifr_mtu);
    printf("index %d", ioctl(fd, SIOCGIFINDEX, &request));
    printf(" %d\n", request.ifr_ifindex);
    printf("hardware %d", ioctl(fd, SIOCGIFHWADDR, &request));
    printf(" %d\n", request.ifr_hwaddr.sa_family);
    memset(&request, 0, sizeof request);
    request.ifr_ifindex = 1;
    printf("name %d", ioctl(fd, SIOCGIFNAME, &request));
    printf(" %s\n", request.ifr_name);
    strcpy(request.ifr_name, "nosuch0");
    printf("none %d ", ioctl(fd, SIOCGIFFLAGS, &request));
    puts(strerror(errno));
    struct ifreq entries[4];
    struct ifconf configuration = { .ifc_len = sizeof entries, .ifc_req = entries };
    printf("configuration %d,", ioctl(fd, SIOCGIFCONF, &configuration));
    printf(" first %s\n", entries[0].ifr_name);
    close(fd);
}

static void messages(void)
{
    unsigned char message[512];
    char name[256];
    int length = res_mkquery(ns_o_query, "www.example.org", ns_c_in, ns_t_a, NULL, 0, NULL, message, sizeof message);
    printf("query %d, name at the end %d\n", length, dn_expand(message, message + length, message + 12, name, sizeof name));
    puts(name);
    printf("skip %d\n", dn_skipname(message + 12, message + length));
    ns_msg handle;
    ns_rr record;
    printf("parse %d\n", ns_initparse(message, length, &handle));
    printf("counts %d %d\n", ns_msg_count(handle, ns_s_qd), ns_msg_count(handle, ns_s_an));
    printf("record %d\n", ns_parserr(&handle, ns_s_qd, 0, &record));
    printf("%s %d %d\n", ns_rr_name(record), ns_rr_type(record), ns_rr_class(record));
    printf("none %d\n", ns_parserr(&handle, ns_s_an, 0, &record));
    printf("short %d\n", ns_initparse(message, 11, &handle));
    printf("get %x %lx\n", ns_get16(message + 4), ns_get32(message + 13));
    unsigned char wire[256];
    printf("pton %d\n", ns_name_pton("a.b\\.c.", wire, sizeof wire));
    printf("ntop %d ", ns_name_ntop(wire, name, sizeof name));
    puts(name);
    printf("bad %d\n", ns_name_pton("a..b", wire, sizeof wire));
    const unsigned char *names[8] = { message, NULL };
    unsigned char *at = message + 12;
    int first = ns_name_compress("mail.example.org", at, 100, names, names + 8);
    int second = ns_name_compress("www.example.org", at + first, 100, names, names + 8);
    printf("compressed %d %d\n", first, second);
    printf("again %d ", dn_expand(message, message + 512, at + first, name, sizeof name));
    puts(name);
}

int main(void)
{
    setvbuf(stdout, NULL, _IOLBF, 0);
    addresses();
    back();
    files();
    interfaces();
    messages();
    return 0;
}
