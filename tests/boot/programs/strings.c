// string.h, strings.h, stdlib.h, search.h and inttypes.h: each function against a plain model or by value.
#define _GNU_SOURCE
#include <ctype.h>
#include <errno.h>
#include <inttypes.h>
#include <limits.h>
#include <search.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/mman.h>
#include <sys/utsname.h>
#include <unistd.h>

static uint32_t state = 12345;

static uint32_t next(void)
{
    state = state * 1664525 + 1013904223;
    return state >> 8;
}

// Every length and alignment near the end of a page, so that reading too far faults.
static void bounds(void)
{
    long wrong = 0;
    size_t page = 4096;
    char *area = mmap(NULL, 3 * page, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    mprotect(area + 2 * page, page, PROT_NONE);
    char *end = area + 2 * page;
    char other[512];
    for (size_t size = 0; size < 300; size++) {
        char *text = end - size - 1;
        memset(text, 'x', size);
        text[size] = 0;
        wrong += strlen(text) != size;
        wrong += strnlen(text, size) != size;
        wrong += strchr(text, 'y') != NULL || strrchr(text, 'y') != NULL;
        wrong += strchr(text, 0) != text + size;
        wrong += memchr(text, 0, size + 1) != text + size;
        wrong += memrchr(text, 'x', size) != (size ? text + size - 1 : NULL);
        wrong += (size_t)(strchrnul(text, 'q') - text) != size;
        wrong += rawmemchr(text, 0) != text + size;
        memcpy(other, text, size + 1);
        wrong += strcmp(other, text) != 0 || memcmp(other, text, size + 1) != 0;
        if (size) {
            text[size - 1] = 'z';
            wrong += strcmp(text, other) <= 0 || memcmp(text, other, size) <= 0 || strncmp(text, other, size - 1) != 0;
            wrong += strchr(text, 'z') != text + size - 1;
            wrong += bcmp(text, other, size) == 0;
        }
        for (size_t shift = 0; shift < 5; shift++) {
            char *to = end - size - shift;
            memset(area, 1, 64);
            memset(to, (int)size, size);
            for (size_t i = 0; i < size; i += 17)
                wrong += to[i] != (char)size;
        }
        for (size_t i = 0; i < 512; i++)
            other[i] = (char)i;
        memmove(other + 7, other, size > 500 ? 500 : size);
        for (size_t i = 0; i < size && i < 500; i++)
            wrong += other[i + 7] != (char)i;
        wrong += mempcpy(other, "abc", 3) != other + 3;
    }
    munmap(area, 3 * page);
    printf("bounds: wrong %ld\n", wrong);
}

static void values(void)
{
    char text[100], *rest;
    printf("%s %s %s\n", strcpy(text, "copy"), strcat(text, "cat"), strncat(text, "limited", 3));
    printf("%td %s\n", stpcpy(text, "stp") - text, text);
    memset(text, '#', 20);
    strncpy(text, "ab", 5);
    printf("%d%d%c\n", text[2], text[4], text[5]);
    printf("%s %s %d\n", strstr("haystack with needle in it", "needle"), strcasestr("HAYstack", "yST"), strstr("aaa", "aaaa") == NULL);
    printf("%s\n", strstr("aabaabaaabaaab", "aaab"));
    char *hay = malloc(100001);
    memset(hay, 'a', 100000);
    strcpy(hay + 99990, "baaaaaaaa");
    printf("%td %td\n", strstr(hay, "ab") - hay, (char *)memmem(hay, 99999, "baaa", 4) - hay);
    char *needle = strndup(hay, 5000);
    strcat(strcpy(needle + 4990, "b"), "");
    printf("%td\n", strstr(hay, needle) - hay);
    free(hay), free(needle);
    printf("%zu %zu %s %d\n", strspn("aabbcc", "ab"), strcspn("aabbcc", "c"), strpbrk("key=value", "=:"), strpbrk("abc", "xyz") == NULL);
    strcpy(text, ",a,,b;c,");
    for (char *token = strtok_r(text, ",;", &rest); token; token = strtok_r(NULL, ",;", &rest))
        printf("<%s>", token);
    strcpy(text, "x,,y");
    rest = text;
    for (char *token; (token = strsep(&rest, ","));)
        printf("[%s]", token);
    putchar('\n');
    printf("%d %d %d %d\n", strcmp("a", "b") < 0, strcmp("\xff", "a") > 0, strcasecmp("HeLLo", "hEllO"), strncasecmp("abX", "ABy", 2));
    printf("%d %d %d %d\n", strverscmp("a10", "a9") > 0, strverscmp("1.01", "1.1") < 0, strcoll("a", "b") < 0, memcmp("a\0b", "a\0c", 3) < 0);
    printf("%zu %s\n", strxfrm(text, "transform", sizeof text), text);
    printf("%s %s %s\n", basename("/usr/lib/"), basename("name"), basename("/a/b"));
    printf("%s|%s|%s\n", strerror(0), strerror(EAGAIN), strerror(9999));
    char buffer[50];
    printf("%s %d\n", strerror_r(ENOENT, buffer, sizeof buffer), __xpg_strerror_r(ENOENT, buffer, 5));
    printf("%s %s %s\n", strerrorname_np(EPERM), strerrordesc_np(EDOM), strerrorname_np(99999) ? "?" : "null");
    for (int error = 0; error < 134; error++)
        printf("%s%c", strerror(error), error % 6 == 5 ? '\n' : ';');
    putchar('\n');
    char swap[] = "abcdef", swapped[8] = "";
    swab(swap, swapped, 6);
    printf("%s %s\n", swapped, strfry(strdup("")) ? "" : "?");
    memfrob(swap, 3), memfrob(swap, 3);
    printf("%s %d %d %d %d\n", swap, ffs(0x50), ffsl(1l << 40), ffsll(0), index("abc", 'c') != NULL);
    printf("%s\n", strsignal(11));
    explicit_bzero(swap, 3);
    printf("%d %s\n", swap[0], (char *)memccpy(text, "until-dash", '-', 20) - 6);
}

static void numbers(void)
{
    static const char *const texts[] = {"0", "42", "-42", "+7", "  12 ", "0x1F", "0X", "077", "08", "zz", "9223372036854775807", "9223372036854775808",
                                        "-9223372036854775808", "-9223372036854775809", "18446744073709551615", "18446744073709551616", "-1", "", "-", "0b11"};
    static const int bases[] = {10, 0, 16, 8, 36, 2};
    for (size_t t = 0; t < sizeof texts / sizeof *texts; t++) {
        printf("%s:", texts[t]);
        for (size_t b = 0; b < sizeof bases / sizeof *bases; b++) {
            char *end;
            errno = 0;
            long value = strtol(texts[t], &end, bases[b]);
            printf(" %ld+%td%s", value, end - texts[t], errno == ERANGE ? "!" : errno ? "?" : "");
            errno = 0;
            unsigned long unsigned_value = strtoul(texts[t], &end, bases[b]);
            printf("/%lu%s", unsigned_value, errno == ERANGE ? "!" : "");
        }
        putchar('\n');
    }
    errno = 0;
    printf("%ld %d", strtol("5", NULL, 1), errno == EINVAL);
    printf(" %d %ld %lld %jd %ju\n", atoi("12x"), atol("-5"), atoll("99"), strtoimax("-7", NULL, 10), strtoumax("7", NULL, 10));
    div_t d = div(-7, 2);
    ldiv_t l = ldiv(-7, -2);
    imaxdiv_t m = imaxdiv(100, 7);
    printf("%d %d %ld %ld %jd %jd %d %ld %lld %jd\n", d.quot, d.rem, l.quot, l.rem, m.quot, m.rem, abs(-3), labs(-4), llabs(-5), imaxabs(-6));
    srand(1);
    printf("%d %d", rand(), rand());
    unsigned seed = 5;
    printf(" %d", rand_r(&seed));
    srandom(7);
    printf(" %ld %ld", random(), random());
    static char pool[128];
    initstate(3, pool, sizeof pool);
    printf(" %ld", random());
    srand48(9);
    printf(" %ld %.10f %ld\n", lrand48(), drand48(), mrand48());
    unsigned short own[3] = {1, 2, 3};
    printf("%ld %.10f %ld\n", nrand48(own), erand48(own), jrand48(own));
    char random_bytes[16] = {0};
    printf("entropy %d\n", getentropy(random_bytes, 16));
    printf("%s %ld\n", l64a(123456), a64l("abc"));
    int decimal, sign;
    printf("%s", ecvt(3.14159, 4, &decimal, &sign));
    printf(" %d %s", decimal, fcvt(3.14159, 2, &decimal, &sign));
    char digits[40];
    printf(" %s\n", gcvt(0.00001234, 3, digits));
}

static int compare(const void *a, const void *b)
{
    return *(const int *)a < *(const int *)b ? -1 : *(const int *)a > *(const int *)b;
}

static int compare_with(const void *a, const void *b, void *data)
{
    ++*(long *)data;
    return compare(b, a);
}

static void walk(const void *node, VISIT visit, int depth)
{
    (void)depth;
    if (visit == postorder || visit == leaf)
        printf(" %d", **(const int *const *)node);
}

struct item { int key; char padding[37]; };

static void searching(void)
{
    static int list[5000];
    for (size_t size = 0; size < 5000; size = size * 3 + 1) {
        for (size_t i = 0; i < size; i++)
            list[i] = (int)(next() % 1000);
        qsort(list, size, sizeof *list, compare);
        int sorted = 1;
        for (size_t i = 1; i < size; i++)
            sorted &= list[i - 1] <= list[i];
        printf("%zu sorted %d\n", size, sorted);
    }
    struct item items[200];
    for (int i = 0; i < 200; i++) {
        items[i].key = (int)(next() % 50);
        memset(items[i].padding, i, sizeof items[i].padding);
    }
    qsort(items, 200, sizeof *items, compare);
    // glibc 2.36 sorts by merging: equal elements keep their order.
    int stable = 1;
    for (int i = 1; i < 200; i++)
        stable &= items[i - 1].key < items[i].key ||
                  (items[i - 1].key == items[i].key && (unsigned char)items[i - 1].padding[0] < (unsigned char)items[i].padding[0]);
    printf("stable %d\n", stable);
    long calls = 0;
    qsort_r(list, 1000, sizeof *list, compare_with, &calls);
    printf("downwards %d, calls %d\n", list[0] >= list[999], calls > 999);
    qsort(list, 1000, sizeof *list, compare);
    int key = list[500], missing = -1;
    printf("bsearch %d %d\n", *(int *)bsearch(&key, list, 1000, sizeof *list, compare) == key, bsearch(&missing, list, 1000, sizeof *list, compare) == NULL);
    void *tree = NULL;
    static int keys[] = {5, 2, 8, 1, 9, 3, 7, 4, 6};
    for (int i = 0; i < 9; i++)
        tsearch(&keys[i], &tree, compare);
    twalk(tree, walk);
    printf(" found %d", **(int **)tfind(&keys[4], &tree, compare));
    for (int i = 0; i < 9; i += 2)
        tdelete(&keys[i], &tree, compare);
    printf(" left");
    twalk(tree, walk);
    tdestroy(tree, (void (*)(void *))strlen);
    putchar('\n');
    hcreate(100);
    static char names[50][8];
    for (intptr_t i = 0; i < 50; i++) {
        sprintf(names[i], "key%d", (int)i);
        hsearch((ENTRY){names[i], (void *)i}, ENTER);
    }
    ENTRY *entry = hsearch((ENTRY){"key33", NULL}, FIND);
    printf("hash %d %d\n", entry ? (int)(intptr_t)entry->data : -1, hsearch((ENTRY){"none", NULL}, FIND) == NULL);
    hdestroy();
    size_t count = 3;
    int linear[10] = {1, 2, 3}, four = 4;
    lsearch(&four, linear, &count, sizeof *linear, compare);
    printf("linear %zu %d\n", count, lfind(&four, linear, &count, sizeof *linear, compare) == &linear[3]);
}

int main(void)
{
    bounds();
    values();
    numbers();
    searching();
    struct utsname name;
    printf("uname %d machine %s\n", uname(&name), name.machine);
    char host[100];
    printf("hostname %d\n", gethostname(host, sizeof host));
    printf("%ld %ld %d\n", sysconf(_SC_OPEN_MAX) > 100 ? 1l : 0l, pathconf("/", _PC_NAME_MAX), getpid() > 0);
    return 0;
}
