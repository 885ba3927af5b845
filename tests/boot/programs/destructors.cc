// Destructors of thread-local and static objects: when, and in which order.
#include <cstdio>
#include <cstdlib>
#include <pthread.h>
#include <string>
#include <thread>
#include <vector>

namespace {

struct Noisy {
    std::string name;
    explicit Noisy(std::string n) : name(std::move(n)) { std::printf("+ %s\n", name.c_str()); }
    ~Noisy() { std::printf("- %s\n", name.c_str()); }
};

Noisy global("global");
thread_local Noisy local("local");
thread_local Noisy second("second");
thread_local std::vector<std::string> strings{"a", "b"};
pthread_key_t key;

Noisy &function_static()
{
    static Noisy object("function static");
    return object;
}

struct Resurrects {
    ~Resurrects()
    {
        static thread_local Noisy late("made by a destructor");
        std::puts("resurrects");
    }
};

void work(const char *who)
{
    std::printf("%s: %s, %s, %zu\n", who, local.name.c_str(), second.name.c_str(), strings.size());
    strings.push_back(who);
}

} // namespace

int main()
{
    std::setvbuf(stdout, nullptr, _IOLBF, 0);
    pthread_key_create(&key, [](void *value) { std::printf("key %s\n", static_cast<char *>(value)); });
    std::thread([] { work("first thread"); }).join();
    std::thread([] {
        pthread_setspecific(key, const_cast<char *>("after the objects"));
        thread_local Resurrects resurrects;
        (void)&resurrects;
        work("second thread");
    }).join();
    std::thread([] {
        Noisy stack("on the stack");
        work("third thread");
        pthread_exit(nullptr);
    }).join();
    function_static();
    std::atexit([] { std::puts("atexit"); });
    work("main");
    Noisy *leaked = new Noisy("leaked");
    (void)leaked;
    return 0;
}
