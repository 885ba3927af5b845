// The library of constructors.c.
#include <stdio.h>

static const char *state = "not ready";
__attribute__((constructor)) static void starts(void)
{
    state = "ready";
    puts("library starts");
}
__attribute__((destructor)) static void ends(void) { puts("library ends"); }
const char *library_state(void) { return state; }
