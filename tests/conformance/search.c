// search.h: hash tables, trees, linear search, queues.
#define _GNU_SOURCE
#include "check.h"
#include <search.h>

static int compare(const void *a, const void *b)
{
    return strcmp(a, b);
}

static void visit(const void *node, VISIT which, int depth)
{
    static const char *const orders[] = {"preorder", "postorder", "endorder", "leaf"};
    printf("  %s %s at %d\n", *(const char *const *)node, orders[which], depth);
}

static void visit_with(const void *node, VISIT which, void *count)
{
    if (which == postorder || which == leaf)
        printf("  %d %s\n", ++*(int *)count, *(const char *const *)node);
}

static int dropped;

static void drop(void *key)
{
    dropped += *(char *)key;
}

struct link {
    struct link *next, *previous;
    const char *name;
};

int main(void)
{
    section("hash tables");
    INT(hcreate(10) != 0);
    INT(hcreate(10));
    ENTRY entry = {"one", (void *)1}, *found;
    TEXT(hsearch(entry, ENTER)->key);
    TEXT(hsearch((ENTRY){"two", (void *)2}, ENTER)->key);
    INT((long)hsearch((ENTRY){"one", (void *)9}, ENTER)->data);
    INT((long)hsearch((ENTRY){"two", 0}, FIND)->data);
    TRUTH(hsearch((ENTRY){"three", 0}, FIND));
    INT(errno == ESRCH);
    VOID(hdestroy());
    struct hsearch_data table = {0};
    INT(hcreate_r(3, &table) != 0);
    char names[40][4];
    int entered = 0;
    for (int i = 0; i < 40; i++) {
        sprintf(names[i], "n%d", i);
        entered += hsearch_r((ENTRY){names[i], names[i]}, ENTER, &found, &table) != 0;
    }
    TRUTH(entered >= 3 && entered < 40);
    INT(hsearch_r((ENTRY){"x", 0}, FIND, &found, &table));
    TRUTH(found);
    INT(hsearch_r((ENTRY){"n1", 0}, FIND, &found, &table) != 0);
    TEXT(found->key);
    VOID(hdestroy_r(&table));
    INT(hcreate_r(1, 0));

    section("trees");
    void *root = 0;
    const char *keys[] = {"m", "c", "x", "a", "d", "z", "b", "e"};
    for (int i = 0; i < 8; i++)
        TEXT(*(char **)tsearch(keys[i], &root, compare));
    TEXT(*(char **)tsearch("m", &root, compare));
    TEXT(*(char **)tfind("z", &root, compare));
    TRUTH(tfind("q", &root, compare));
    TRUTH(tfind("q", 0, compare));
    VOID(twalk(root, visit));
    int count = 0;
    VOID(twalk_r(root, visit_with, &count));
    TRUTH(tdelete("c", &root, compare));
    TRUTH(tdelete("q", &root, compare));
    TRUTH(tdelete("m", &root, compare));
    count = 0;
    twalk_r(root, visit_with, &count);
    VOID(tdestroy(root, drop));
    INT(dropped);
    tdestroy(0, drop);

    section("arrays");
    char words[8][4] = {"aa", "bb"};
    size_t length = 2;
    INT((char(*)[4])lfind("bb", words, &length, 4, compare) - words);
    TRUTH(lfind("cc", words, &length, 4, compare));
    INT((char(*)[4])lsearch("cc", words, &length, 4, compare) - words);
    INT(length);
    INT((char(*)[4])lsearch("aa", words, &length, 4, compare) - words);
    INT(length);

    section("queues");
    struct link a = {.name = "a"}, b = {.name = "b"}, c = {.name = "c"};
    VOID(insque(&a, 0));
    VOID(insque(&c, &a));
    VOID(insque(&b, &a));
    for (struct link *link = &a; link; link = link->next)
        printf("  %s\n", link->name);
    VOID(remque(&b));
    TEXT(a.next->name);
    TEXT(c.previous->name);
    VOID(remque(&c));
    TRUTH(a.next);
    return 0;
}
