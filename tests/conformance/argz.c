// argz.h and envz.h: vectors of strings one after the other.
#define _GNU_SOURCE
#include "check.h"
#include <argz.h>
#include <envz.h>

static char *argz;
static size_t length;

static void show(void)
{
    printf("  ");
    BYTES(argz, length);
}

int main(void)
{
    section("argz");
    char *words[] = {"one", "", "three", 0};
    CODE(argz_create(words, &argz, &length));
    show();
    INT(argz_count(argz, length));
    for (char *entry = 0; (entry = argz_next(argz, length, entry));)
        TEXT(entry);
    char *pointers[4] = {0};
    VOID(argz_extract(argz, length, pointers));
    TEXT(pointers[2]);
    TRUTH(pointers[3]);
    CODE(argz_add(&argz, &length, "four"));
    show();
    CODE(argz_add_sep(&argz, &length, "a::b:", ':'));
    show();
    CODE(argz_append(&argz, &length, "x\0y", 4));
    show();
    CODE(argz_insert(&argz, &length, argz, "zero"));
    show();
    CODE(argz_insert(&argz, &length, 0, "last"));
    show();
    CODE(argz_insert(&argz, &length, argz + 6, "within"));
    show();
    CODE(argz_insert(&argz, &length, argz + length + 5, "outside"));
    VOID(argz_delete(&argz, &length, argz));
    show();
    unsigned replaced = 0;
    CODE(argz_replace(&argz, &length, "x", "longer x", &replaced));
    INT(replaced);
    show();
    CODE(argz_replace(&argz, &length, "", "nothing", &replaced));
    VOID(argz_stringify(argz, length, ','));
    show();
    free(argz);
    CODE(argz_create_sep(":a::b", ':', &argz, &length));
    show();
    while (length)
        argz_delete(&argz, &length, argz);
    TRUTH(argz);
    CODE(argz_create_sep("", ':', &argz, &length));
    TRUTH(argz);
    INT(length);

    section("envz");
    argz = 0;
    CODE(envz_add(&argz, &length, "HOME", "/root"));
    CODE(envz_add(&argz, &length, "EMPTY", ""));
    CODE(envz_add(&argz, &length, "NULL", 0));
    CODE(envz_add(&argz, &length, "HOME", "/home"));
    show();
    TEXT(envz_get(argz, length, "HOME"));
    TEXT(envz_get(argz, length, "EMPTY"));
    TEXT(envz_get(argz, length, "NULL"));
    TEXT(envz_get(argz, length, "HOM"));
    TEXT(envz_entry(argz, length, "HOME"));
    TEXT(envz_entry(argz, length, "NONE"));
    CODE(envz_merge(&argz, &length, "HOME=/other\0NEW=1", 18, 0));
    show();
    CODE(envz_merge(&argz, &length, "HOME=/other", 12, 1));
    show();
    VOID(envz_strip(&argz, &length));
    show();
    VOID(envz_remove(&argz, &length, "EMPTY"));
    VOID(envz_remove(&argz, &length, "NONE"));
    show();
    return 0;
}
