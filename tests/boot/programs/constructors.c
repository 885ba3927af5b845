// The order in which initialisers and finalisers of a program and its library run.
#include <stdio.h>
#include <stdlib.h>

const char *library_state(void);

__attribute__((constructor(101))) static void a101(void) { printf("program 101, library %s\n", library_state()); }
__attribute__((constructor(102))) static void a102(void) { puts("program 102"); }
__attribute__((constructor)) static void plain(int argc, char **argv, char **envp)
{
    printf("program plain: argc %d, argv %d, envp %d\n", argc, argv[0] != NULL, envp != NULL);
}
__attribute__((destructor(101))) static void d101(void) { puts("program ends 101"); }
__attribute__((destructor(102))) static void d102(void) { puts("program ends 102"); }
static void preinit(int argc, char **argv, char **envp)
{
    (void)argv, (void)envp;
    printf("pre-init: argc %d\n", argc);
}
__attribute__((section(".preinit_array"), used)) static void (*pre)(int, char **, char **) = preinit;
static void leaves(void) { puts("atexit"); }

int main(void)
{
    atexit(leaves);
    puts("main");
    return 3;
}
