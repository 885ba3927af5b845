// libstdc++'s streams, containers, locales, chrono, random and regex over this libc.
#include <algorithm>
#include <atomic>
#include <charconv>
#include <chrono>
#include <cstdio>
#include <fstream>
#include <iomanip>
#include <iostream>
#include <iterator>
#include <list>
#include <locale>
#include <map>
#include <memory>
#include <numeric>
#include <optional>
#include <random>
#include <regex>
#include <set>
#include <sstream>
#include <string>
#include <thread>
#include <unordered_map>
#include <variant>
#include <vector>
#include <filesystem>
#include <memory_resource>

int main()
{
    std::cout << "numbers " << 42 << ' ' << -7L << ' ' << 3.25 << ' ' << 1e100 << ' ' << true << ' ' << 'c' << '\n';
    std::cout << std::hex << std::showbase << 255 << ' ' << std::oct << 8 << std::dec << std::noshowbase << '\n';
    std::cout << std::setw(10) << std::setfill('*') << std::left << 7 << '|' << std::right << std::setw(6) << "ab" << '|'
              << std::setfill(' ') << '\n';
    std::cout << std::fixed << std::setprecision(3) << 2.0 / 3 << ' ' << std::scientific << 12345.678 << ' '
              << std::hexfloat << 0.5 << ' ' << std::defaultfloat << 1.0L / 3 << '\n';
    std::cout << std::boolalpha << false << ' ' << std::showpos << 5 << std::noshowpos << '\n';
    std::cerr << "to the error stream\n";

    std::istringstream in("12 3.5 word 0x1f rest of line\nsecond line");
    int i;
    double d;
    std::string word, line;
    in >> i >> d >> word;
    in >> std::hex >> i;
    std::cout << i << ' ' << d << ' ' << word;
    std::getline(in, line);
    std::cout << " <" << line << "> ";
    std::getline(in, line);
    std::cout << '<' << line << "> eof " << in.eof() << '\n';
    std::istringstream bad("abc");
    bad >> i;
    std::cout << "bad " << bad.fail() << " value " << i << '\n';
    bad.clear();
    bad.exceptions(std::ios::failbit);
    try {
        bad >> i;
    } catch (const std::ios_base::failure &failure) {
        std::cout << "failure " << (failure.code() == std::io_errc::stream) << '\n';
    }

    {
        std::ofstream out("/tmp/stream.txt");
        for (int n = 0; n < 1000; n++)
            out << n << ' ' << n * n << '\n';
    }
    std::ifstream file("/tmp/stream.txt");
    long sum = 0, lines = 0;
    for (long a, b; file >> a >> b; lines++)
        sum += b - a;
    file.clear();
    file.seekg(0, std::ios::end);
    std::cout << "file " << lines << ' ' << sum << " size " << file.tellg() << '\n';
    std::fstream both("/tmp/stream.txt", std::ios::in | std::ios::out | std::ios::binary);
    both.seekp(4);
    both << "XY";
    both.seekg(0);
    std::getline(both, line);
    std::cout << line << ' ';
    std::getline(both, line);
    std::cout << line << '\n';
    std::ifstream none("/no/such/file");
    std::cout << "no file: " << !none << '\n';

    namespace fs = std::filesystem;
    fs::create_directories("/tmp/fs/a/b");
    std::ofstream("/tmp/fs/a/one") << "1";
    std::ofstream("/tmp/fs/a/b/two") << "22";
    fs::create_symlink("one", "/tmp/fs/a/link");
    std::set<std::string> names;
    for (const auto &entry : fs::recursive_directory_iterator("/tmp/fs"))
        names.insert(entry.path().lexically_relative("/tmp/fs").string() + (entry.is_directory() ? "/" : ""));
    for (const auto &name : names)
        std::cout << name << ' ';
    std::cout << fs::file_size("/tmp/fs/a/b/two") << ' ' << fs::read_symlink("/tmp/fs/a/link").string() << ' '
              << fs::canonical("/tmp/fs/a/../a/./link").string() << '\n';
    fs::rename("/tmp/fs/a/one", "/tmp/fs/moved");
    fs::copy_file("/tmp/fs/moved", "/tmp/fs/copied");
    std::error_code error;
    std::cout << fs::exists("/tmp/fs/a/one") << fs::exists("/tmp/fs/copied") << ' ' << fs::remove_all("/tmp/fs") << ' '
              << fs::remove("/tmp/fs", error) << error.value() << '\n';
    try {
        fs::directory_iterator missing("/tmp/none");
    } catch (const fs::filesystem_error &failure) {
        std::cout << failure.code().message() << '\n';
    }

    std::map<std::string, int> counts;
    std::istringstream text("the quick brown fox jumps over the lazy dog the end");
    for (std::istream_iterator<std::string> it(text), end; it != end; ++it)
        counts[*it]++;
    for (const auto &[name, count] : counts)
        std::cout << name << ':' << count << ' ';
    std::cout << '\n';
    std::unordered_map<int, std::string> table;
    for (int n = 0; n < 1000; n++)
        table[n * 7919 % 1009] = std::to_string(n);
    std::cout << table.size() << ' ' << table.at(7919 % 1009) << '\n';
    std::vector<int> numbers(1000);
    std::iota(numbers.begin(), numbers.end(), 0);
    std::mt19937 generator(42);
    std::shuffle(numbers.begin(), numbers.end(), generator);
    std::cout << numbers[0] << ' ' << numbers[1] << ' ' << generator() << ' ';
    std::sort(numbers.begin(), numbers.end(), std::greater<>());
    std::cout << numbers.front() << ' ' << std::accumulate(numbers.begin(), numbers.end(), 0) << '\n';
    std::uniform_real_distribution<double> uniform;
    std::normal_distribution<double> normal;
    std::cout << std::setprecision(10) << uniform(generator) << ' ' << normal(generator) << '\n';
    std::list<std::variant<int, std::string>> list{1, "two", 3};
    for (const auto &item : list)
        std::visit([](const auto &value) { std::cout << value << ','; }, item);
    std::optional<int> nothing;
    std::cout << nothing.value_or(-1) << '\n';
    std::regex pattern("(\\w+)@(\\w+)\\.com");
    std::smatch match;
    std::string mail = "write to someone@example.com today";
    std::cout << std::regex_search(mail, match, pattern) << ' ' << match[1] << ' ' << match[2] << ' '
              << std::regex_replace(mail, pattern, "[$2]") << '\n';
    char buffer[64];
    auto end = std::to_chars(buffer, buffer + sizeof buffer, 0.1).ptr;
    double parsed = 0;
    std::string_view shortest(buffer, static_cast<std::size_t>(end - buffer));
    std::from_chars(shortest.data(), shortest.data() + shortest.size(), parsed);
    std::cout << shortest << ' ' << (parsed == 0.1) << ' ' << std::stod("1e-5") << ' ' << std::stold("2.5") << ' '
              << std::to_string(1.5f) << '\n';
    auto shared = std::make_shared<std::string>("shared");
    std::weak_ptr<std::string> weak = shared;
    std::cout << *weak.lock() << ' ' << shared.use_count() << ' ';
    shared.reset();
    std::cout << weak.expired() << '\n';
    auto start = std::chrono::steady_clock::now();
    std::this_thread::sleep_for(std::chrono::milliseconds(20));
    auto waited = std::chrono::steady_clock::now() - start;
    std::cout << "slept " << (waited >= std::chrono::milliseconds(20)) << '\n';
    std::time_t when = 1000000000;
    std::cout << std::put_time(std::gmtime(&when), "%Y-%m-%d %H:%M:%S") << '\n';
    std::tm broken{};
    std::istringstream("2024-02-29 12:30:45") >> std::get_time(&broken, "%Y-%m-%d %H:%M:%S");
    std::cout << broken.tm_year << ' ' << broken.tm_mon << ' ' << broken.tm_mday << ' ' << broken.tm_min << '\n';
    std::cout << std::locale().name() << ' ' << std::locale::classic().name() << ' '
              << std::use_facet<std::ctype<char>>(std::locale()).toupper('x') << '\n';
    try {
        std::locale missing("xx_YY");
    } catch (const std::runtime_error &failure) {
        std::cout << failure.what() << '\n';
    }
    std::wostringstream wide;
    wide << L"wide " << 12 << L' ' << 1.5;
    std::cout << wide.str().size() << '\n';
    std::wcout << L"wide " << 7 << std::endl;
    std::pmr::monotonic_buffer_resource pool;
    std::pmr::vector<int> pooled(&pool);
    for (int n = 0; n < 100; n++)
        pooled.push_back(n);
    std::atomic<long> atomic{0};
    std::thread([&] { atomic += pooled.back(); }).join();
    std::printf("printf after wide: %ld\n", atomic.load());
    std::cout << "end" << std::endl;
    return std::cout.good() ? 0 : 1;
}
