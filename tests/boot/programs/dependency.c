// The library that plugin.c needs.
#include <stdio.h>

__attribute__((constructor)) static void starts(void) { puts("dependency: starts"); }
__attribute__((destructor)) static void ends(void) { puts("dependency: ends"); }
const char *dependency_text(void) { return "from the dependency"; }
