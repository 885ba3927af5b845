// C++ exceptions: through frames, libraries, C callbacks and threads; destructors on the way.
#include <algorithm>
#include <condition_variable>
#include <cstdio>
#include <cstdlib>
#include <exception>
#include <functional>
#include <future>
#include <memory>
#include <mutex>
#include <new>
#include <pthread.h>
#include <search.h>
#include <stdexcept>
#include <string>
#include <thread>
#include <typeinfo>
#include <vector>

int library_throws(int what);
int library_calls(int (*function)(int), int argument);

namespace {

struct Trace {
    const char *name;
    explicit Trace(const char *name) : name(name) {}
    ~Trace() { std::printf("  leaves %s\n", name); }
};

struct Base {
    virtual ~Base() = default;
    virtual const char *what() const { return "base"; }
};
struct Left : virtual Base {
    const char *what() const override { return "left"; }
};
struct Right : virtual Base {};
struct Both : Left, Right {
    const char *what() const override { return "both"; }
};

[[gnu::noinline]] int deep(int depth)
{
    if (depth == 0)
        throw std::runtime_error("from the depth");
    std::string guard(100, 'x');
    return deep(depth - 1) + static_cast<int>(guard.size());
}

int throws_int(int value)
{
    Trace trace("throws_int");
    throw value;
}

int compares(const void *a, const void *b)
{
    int left = *static_cast<const int *>(a), right = *static_cast<const int *>(b);
    if (left == 13 || right == 13)
        throw std::logic_error("unlucky");
    return left - right;
}

int attempts;

void basics()
{
    try {
        deep(50);
    } catch (const std::exception &error) {
        std::printf("caught %s\n", error.what());
    }
    try {
        Trace outer("outer");
        try {
            Trace inner("inner");
            throw 42;
        } catch (const char *) {
            std::puts("wrong");
        }
    } catch (int value) {
        std::printf("caught %d\n", value);
    }
    try {
        try {
            throw Both();
        } catch (Right &) {
            std::puts("as right");
            throw;
        }
    } catch (Base &base) {
        std::printf("rethrown: %s %d\n", base.what(), dynamic_cast<Both *>(&base) != nullptr);
    }
    try {
        throw std::string("by value");
    } catch (...) {
        try {
            std::rethrow_exception(std::current_exception());
        } catch (std::string &text) {
            std::printf("again %s, uncaught %d\n", text.c_str(), std::uncaught_exceptions());
        }
    }
    try {
        try {
            throw std::invalid_argument("the cause");
        } catch (...) {
            std::throw_with_nested(std::runtime_error("the effect"));
        }
    } catch (const std::runtime_error &error) {
        std::printf("%s", error.what());
        try {
            std::rethrow_if_nested(error);
        } catch (const std::invalid_argument &cause) {
            std::printf(" of %s\n", cause.what());
        }
    }
    try {
        std::vector<int> v(3);
        v.at(10) = 1;
    } catch (const std::out_of_range &) {
        std::puts("out of range");
    }
    try {
        std::stoi("no number");
    } catch (const std::invalid_argument &error) {
        std::printf("%s\n", error.what());
    }
    try {
        Base *base = new Left;
        std::unique_ptr<Base> owner(base);
        (void)dynamic_cast<Both &>(*base);
    } catch (const std::bad_cast &error) {
        std::printf("%s\n", error.what());
    }
    try {
        volatile std::size_t huge = static_cast<std::size_t>(-1) / 4;
        delete[] new char[huge];
        std::puts("there was memory");
    } catch (const std::bad_alloc &error) {
        std::printf("%s\n", error.what());
    }
    try {
        throw_it:
        std::function<void()> empty;
        if (attempts++ < 0)
            goto throw_it;
        empty();
    } catch (const std::bad_function_call &) {
        std::puts("empty function");
    }
}

void through_libraries()
{
    try {
        library_throws(1);
    } catch (const std::domain_error &error) {
        std::printf("library: %s\n", error.what());
    }
    try {
        Trace trace("caller");
        library_calls(throws_int, 9);
    } catch (int value) {
        std::printf("through the library: %d\n", value);
    }
}

void through_c()
{
    int numbers[] = {5, 3, 13, 8, 1, 9, 2};
    try {
        std::qsort(numbers, 7, sizeof *numbers, compares);
        std::puts("sorted");
    } catch (const std::logic_error &error) {
        std::printf("qsort: %s\n", error.what());
    }
    int key = 13;
    int sorted[] = {1, 2, 3, 13, 20};
    try {
        std::bsearch(&key, sorted, 5, sizeof *sorted, compares);
        std::puts("found");
    } catch (const std::logic_error &error) {
        std::printf("bsearch: %s\n", error.what());
    }
    std::once_flag once;
    attempts = 0;
    for (int i = 0; i < 4; i++) {
        try {
            std::call_once(once, [] {
                if (++attempts < 3)
                    throw attempts;
                std::puts("  done once");
            });
        } catch (int attempt) {
            std::printf("  attempt %d threw\n", attempt);
        }
    }
    std::printf("attempts %d\n", attempts);
    void *tree = nullptr;
    try {
        tsearch(&sorted[3], &tree, compares);
        tsearch(&sorted[2], &tree, compares);
    } catch (const std::logic_error &error) {
        std::printf("tsearch: %s\n", error.what());
    }
}

void in_threads()
{
    std::vector<std::thread> threads;
    std::exception_ptr errors[4];
    std::mutex mutex;
    int caught = 0;
    for (int i = 0; i < 4; i++)
        threads.emplace_back([&, i] {
            for (int round = 0; round < 50; round++) {
                try {
                    deep(10 + i);
                } catch (const std::exception &) {
                    std::lock_guard<std::mutex> guard(mutex);
                    caught++;
                }
            }
            try {
                throw i;
            } catch (...) {
                errors[i] = std::current_exception();
            }
        });
    for (auto &thread : threads)
        thread.join();
    int sum = 0;
    for (auto &error : errors)
        try {
            std::rethrow_exception(error);
        } catch (int value) {
            sum += value;
        }
    std::printf("caught %d in threads, carried over %d\n", caught, sum);
    auto future = std::async(std::launch::async, [] { return deep(3); });
    try {
        future.get();
    } catch (const std::runtime_error &error) {
        std::printf("future: %s\n", error.what());
    }
    std::promise<int> promise;
    std::thread setter([&] { promise.set_value(5); });
    std::printf("promise: %d\n", promise.get_future().get());
    setter.join();
    try {
        std::promise<int> broken;
        auto waits = broken.get_future();
        { std::promise<int> dropped = std::move(broken); }
        waits.get();
    } catch (const std::future_error &error) {
        std::printf("%s\n", error.code() == std::future_errc::broken_promise ? "broken promise" : "other");
    }
    std::condition_variable condition;
    bool ready = false;
    std::thread notifier([&] {
        std::lock_guard<std::mutex> guard(mutex);
        ready = true;
        condition.notify_one();
    });
    {
        std::unique_lock<std::mutex> hold(mutex);
        condition.wait(hold, [&] { return ready; });
    }
    notifier.join();
    std::puts("notified");
}

void cancelled()
{
    pthread_t thread;
    pthread_create(&thread, nullptr, [](void *) -> void * {
        Trace trace("the cancelled thread");
        try {
            for (;;)
                pthread_testcancel(), std::this_thread::yield();
        } catch (...) {
            std::puts("  forced through catch-all");
            throw;
        }
        return nullptr;
    }, nullptr);
    pthread_cancel(thread);
    void *result;
    pthread_join(thread, &result);
    std::printf("cancelled %d\n", result == PTHREAD_CANCELED);
}

} // namespace

int main()
{
    std::setvbuf(stdout, nullptr, _IOLBF, 0);
    basics();
    through_libraries();
    through_c();
    in_threads();
    cancelled();
    std::set_terminate([] {
        std::puts("terminate");
        std::fflush(stdout);
        std::_Exit(99);
    });
    auto last = []() noexcept { deep(1); };
    last();
    return 0;
}
