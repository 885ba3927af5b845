// The library that dl.c opens.
#include <stdio.h>

int from_program(int value);
const char *dependency_text(void);
int plugin_number = 41;

__attribute__((constructor)) static void starts(void) { puts("plugin: starts"); }
__attribute__((destructor)) static void ends(void) { puts("plugin: ends"); }

int shadowed(void) { return 2; }
int plugin_add(int a, int b) { return a + b; }
int plugin_read_number(void) { return plugin_number; }
int plugin_calls_program(int value) { return from_program(value); }
int plugin_shadowed(void) { return shadowed(); }
const char *plugin_dependency(void) { return dependency_text(); }

static int chosen(void) { return 7; }
static int (*choose(void))(void) { return chosen; }
int plugin_indirect(void) __attribute__((ifunc("choose")));
