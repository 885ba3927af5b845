// A library that the program is linked with; its static block is laid out at start.
#include "tls.h"

__thread int library_ie = 100;
__thread int library_gd = 200;
static __thread int first = 300;
static __thread int second = 3;
static __thread char padding[3000];
static __thread int desc __attribute__((tls_model("global-dynamic"))) = 400;

int library_ie_read(void) { return library_ie; }
int library_gd_read(void) { return library_gd; }

__attribute__((noinline)) int library_ld(int by)
{
    first += by;
    second += first;
    padding[2999] += 1;
    return second + padding[2999];
}

int library_desc(int by) { return desc += by; }
int *local_exec_seen_by_library(void) { return &local_exec; }
