// The library of interpose.c: its variables are copied into the program.
int shared_number = 7;
const char *shared_text[2] = {"relocated", "pointers"};
int *shared_number_in_library(void) { return &shared_number; }
const char *interposed(void) { return "the library's"; }
const char *library_calls_interposed(void) { return interposed(); }
