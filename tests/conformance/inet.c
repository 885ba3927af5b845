//! flags = ["-lresolv"]
// arpa/inet.h, netinet/ether.h, arpa/nameser.h: addresses and names of the network as text and as
// bytes. Nothing here needs a network.
#define _GNU_SOURCE
#include "check.h"
#include <arpa/inet.h>
#include <arpa/nameser.h>
#include <netdb.h>
#include <netinet/ether.h>
#include <netinet/in.h>
#include <resolv.h>
#undef htonl
#undef htons
#undef ntohl
#undef ntohs

int main(void)
{
    setvbuf(stdout, 0, _IOLBF, 0);
    section("order of bytes");
    HEX(htonl(0x12345678));
    HEX(htons(0x1234));
    HEX(ntohl(0x12345678));
    HEX(ntohs(0x1234));
    section("addresses");
    static const char *const texts[] = {"127.0.0.1", "1.2.3", "1.2", "1", "0x7f.1", "010.1.2.3", "256.1.1.1", "1.2.3.256", "1.2.65536", "1.2.3.4.5", "1.2.3.4 x", "1.2.3.4x", "", ".", "1.", "4294967295"};
    for (int i = 0; i < 16; i++) {
        struct in_addr address = {0};
        printf("%s\n", texts[i]);
        INT(inet_aton(texts[i], &address));
        HEX(ntohl(address.s_addr));
        HEX(inet_addr(texts[i]));
        HEX(inet_network(texts[i]));
    }
    struct in_addr made = inet_makeaddr(10, 0x010203);
    TEXT(inet_ntoa(made));
    HEX(inet_lnaof(made));
    HEX(inet_netof(made));
    made = inet_makeaddr(0xc0a801, 7);
    TEXT(inet_ntoa(made));
    HEX(inet_lnaof(made));
    HEX(inet_netof(made));
    BYTES(&in6addr_any, 16);
    BYTES(&in6addr_loopback, 16);
    section("Ethernet");
    static const char *const macs[] = {"00:11:22:aa:BB:cc", "0:1:2:a:b:c", "00:11:22:33:44", "00:11:22:33:44:55:66", "00-11-22-33-44-55", "g0:11:22:33:44:55", ""};
    for (int i = 0; i < 7; i++) {
        struct ether_addr *address = ether_aton(macs[i]), other;
        printf("%s: %s\n", macs[i], address ? ether_ntoa(address) : "NULL");
        TRUTH(ether_aton_r(macs[i], &other) == &other);
    }
    char text[40];
    TEXT(ether_ntoa_r(ether_aton("1:22:3:44:5:66"), text));
    struct ether_addr parsed;
    INT(ether_line("00:11:22:33:44:55 the-host # comment", &parsed, text));
    TEXT(text);
    INT(ether_line("bad", &parsed, text) != 0);
    section("names in messages");
    unsigned char message[64] = {0}, copy[64];
    ns_put16(0x1234, message);
    ns_put32(0x56789abc, message + 2);
    BYTES(message, 6);
    const unsigned char *names[4] = {message, 0};
    int length = ns_name_compress("www.example.org", message + 12, 50, names, names + 4);
    INT(length);
    BYTES(message + 12, length);
    unsigned char *at = message + 12 + length;
    const unsigned char *pointers[4] = {message, message + 12, 0};
    TRUTH(dn_comp("ftp.example.org", at, 20, (unsigned char **)pointers, (unsigned char **)pointers + 4) > 0);
    char name[100];
    INT(ns_name_uncompress(message, message + 64, message + 12, name, sizeof name));
    TEXT(name);
    INT(ns_name_unpack(message, message + 64, message + 12, copy, sizeof copy));
    BYTES(copy, 17);
    const unsigned char *cursor = message + 12;
    INT(ns_name_skip(&cursor, message + 64));
    INT(cursor - message);
    pointers[0] = 0;
    INT(ns_name_pack(copy, message + 12, 40, 0, 0));
    INT(ns_name_uncompress(message, message + 64, message + 12, name, 5));
    section("netgroups without any");
    TRUTH(setnetgrent("none") == 0);
    char *host, *user, *domain;
    INT(getnetgrent(&host, &user, &domain));
    INT(getnetgrent_r(&host, &user, &domain, text, sizeof text));
    VOID(endnetgrent());
    TRUTH(innetgr("none", "host", 0, 0) == 0);
    return 0;
}
