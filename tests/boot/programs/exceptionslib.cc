// The library of exceptions.cc.
#include <cstdio>
#include <stdexcept>

int library_throws(int what)
{
    if (what)
        throw std::domain_error("thrown by the library");
    return 0;
}

int library_calls(int (*function)(int), int argument)
{
    struct Guard {
        ~Guard() { std::puts("  the library cleans up"); }
    } guard;
    return function(argument) + 1;
}
