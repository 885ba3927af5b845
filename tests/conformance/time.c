//! scratch = ["/tmp/conformance-dates"]
// time.h and sys/time.h: calendar arithmetic, formats and parsing, rules of TZ, and clocks in what
// they promise.
#define _GNU_SOURCE
#include "check.h"
#include <locale.h>
#include <sys/time.h>
#include <sys/timeb.h>
#include <sys/times.h>
#include <sys/timex.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>
#include <utime.h>

static void show_tm(const char *name, const struct tm *t)
{
    if (t)
        printf("%s: %d-%02d-%02d %02d:%02d:%02d wday %d yday %d dst %d off %ld %s\n", name, t->tm_year + 1900, t->tm_mon + 1, t->tm_mday, t->tm_hour,
               t->tm_min, t->tm_sec, t->tm_wday, t->tm_yday, t->tm_isdst, t->tm_gmtoff, t->tm_zone);
    else
        printf("%s: NULL\n", name);
}

static void calendar(void)
{
    section("calendar");
    static const time_t times[] = {0, -1, 951782400, 951868799, 4107542400, -2208988800, 1700000000, 253402300800, -62135596801, 67768036191676799, 67768036191676800};
    for (int i = 0; i < 11; i++) {
        struct tm t;
        errno = 0;
        struct tm *found = gmtime_r(&times[i], &t);
        printf("%ld ", times[i]);
        show_tm("gmtime", found);
        if (found) {
            INT(timegm(&t));
            char text[64];
            TEXT(asctime_r(&t, text));
        } else {
            printf("%s\n", strerrorname_np(errno));
        }
    }
    struct tm t = {.tm_year = 101, .tm_mon = 13, .tm_mday = -5, .tm_hour = 30, .tm_min = -1, .tm_sec = 100};
    INT(mktime(&t));
    show_tm("normalised", &t);
    t = (struct tm){.tm_year = 0x7fffffff, .tm_mon = 11, .tm_mday = 31};
    INT(timegm(&t));
    t = (struct tm){.tm_year = 0x7fffffff, .tm_mon = 0x7fffffff};
    INT(timegm(&t));
    t = (struct tm){.tm_year = 70, .tm_mday = 1};
    INT(timelocal(&t));
    time_t zero = 0;
    TEXT(ctime(&zero));
    char text[64];
    TEXT(ctime_r(&zero, text));
    show_tm("localtime", localtime(&zero));
    REAL(difftime(10, 25));
    INT(dysize(1900));
    INT(dysize(2000));
}

static void zones(void)
{
    section("zones");
    static const char *const rules[] = {"EST5EDT,M3.2.0,M11.1.0", "<+0530>-5:30", "CET-1CEST,M3.5.0,M10.5.0/3", "AAA3BBB2,J60/3,J300", "NZST-12NZDT,M9.5.0,M4.1.0/3",
                                        "XYZ-4:15:30", "", "bad", "A3", "IST-1GMT0,M10.5.0,M3.5.0/1"};
    static const time_t times[] = {1704067200, 1710054000, 1710057600, 1720000000, 1730613600, 1730620800, 1743296399, 1743296400};
    for (int i = 0; i < 10; i++) {
        setenv("TZ", rules[i], 1);
        tzset();
        printf("%s: %s %s %ld %d\n", rules[i], tzname[0], tzname[1], timezone, daylight);
        for (int j = 0; j < 8; j++) {
            struct tm t, again;
            show_tm("local", localtime_r(&times[j], &t));
            again = t;
            again.tm_isdst = -1;
            time_t back = mktime(&again);
            printf("  back by %ld", (long)(back - times[j]));
            back = mktime(&t);
            printf(" %ld\n", (long)(back - times[j]));
        }
    }
    setenv("TZ", "EST5EDT,M3.2.0,M11.1.0", 1);
    struct tm gap = {.tm_year = 124, .tm_mon = 2, .tm_mday = 10, .tm_hour = 2, .tm_min = 30, .tm_isdst = -1};
    printf("%ld\n", (long)mktime(&gap));
    show_tm("in the gap", &gap);
    setenv("TZ", "UTC0", 1);
    tzset();
}

static void formats(void)
{
    section("strftime");
    struct tm days[] = {{.tm_year = 124, .tm_mon = 11, .tm_mday = 30, .tm_hour = 0, .tm_wday = 1, .tm_yday = 364, .tm_zone = "UTC"},
                        {.tm_year = 105, .tm_mon = 0, .tm_mday = 1, .tm_hour = 15, .tm_min = 4, .tm_sec = 60, .tm_wday = 6, .tm_zone = "UTC"},
                        {.tm_year = -1901, .tm_mon = 5, .tm_mday = 9, .tm_hour = 12, .tm_wday = 3, .tm_yday = 160, .tm_gmtoff = -12600, .tm_zone = "XST"}};
    static const char specifiers[] = "aAbBcCdDeFgGhHIjklmMnpPrRsStTuUVwWxXyYzZ%+";
    char text[200];
    for (int i = 0; i < 3; i++)
        for (const char *s = specifiers; *s; s++) {
            char format[] = {'%', *s, '|', 0};
            if (*s == 's')
                continue;
            size_t length = strftime(text, sizeof text, format, &days[i]);
            printf("%s %zu %s\n", format, length, text);
        }
    TEXT((strftime(text, 200, "%_d|%-d|%0e|%^a|%#p|%10Y|%_10d|%-10d|%Ey|%Od|%010C|%+4Y|%^B|%#Z", &days[1]), text));
    INT(strftime(text, 5, "%Y%m", &days[0]));
    INT(strftime(text, 7, "%Y%m", &days[0]));
    INT(strftime(text, 10, "", &days[0]));
    INT(strftime(text, 200, "%Q|%", &days[0]));
    TEXT(text);
    INT(strftime_l(text, 200, "%A %x", &days[0], newlocale(LC_ALL_MASK, "C", 0)));
    TEXT(text);
    section("strptime");
    static const char *const inputs[][2] = {{"2024-02-29 13:45:59", "%Y-%m-%d %H:%M:%S"}, {"Mon, 30 Dec 2024", "%a, %d %b %Y"}, {"12/31/99", "%D"}, {"68 69", "%y %y"},
                                            {"1:02:03 pm", "%I:%M:%S %p"}, {"1700000000", "%s"}, {"365", "%j"}, {"  7", "%e"}, {"+0130", "%z"}, {"Z", "%z"}, {"-05:00", "%z"},
                                            {"20", "%C"}, {"wednesday", "%A"}, {"13", "%m"}, {"2024 53", "%Y %U"}, {"x", "x%n"}, {"23:59", "%R"}, {"12:00:00 AM", "%r"}, {"a%b", "a%%b"},
                                            {"Feb", "%h"}, {"2024-W", "%Y-W%V"}, {"6", "%w"}, {"7", "%u"}, {"99", "%d"}, {"", "%t"}};
    for (int i = 0; i < 25; i++) {
        struct tm t = {0};
        char *rest = strptime(inputs[i][0], inputs[i][1], &t);
        printf("%s by %s: %s ", inputs[i][0], inputs[i][1], rest ? rest : "NULL");
        if (rest)
            printf("%d-%d-%d %d:%d:%d %d %d %ld", t.tm_year, t.tm_mon, t.tm_mday, t.tm_hour, t.tm_min, t.tm_sec, t.tm_wday, t.tm_yday, t.tm_gmtoff);
        printf("\n");
    }
    struct tm t = {0};
    TEXT(strptime_l("March 3rd", "%B %d", &t, newlocale(LC_ALL_MASK, "C", 0)));
    INT(t.tm_mon);
    section("getdate");
    struct tm *found = getdate("2024-01-02");
    TRUTH(found);
    INT(getdate_err);
    INT(getdate_r("2024-01-02", &t));
    setenv("DATEMSK", "/no/such/file", 1);
    INT(getdate_r("2024-01-02", &t));
    FILE *file = fopen("/tmp/conformance-dates", "w");
    fputs("%Y-%m-%d\n%H:%M %d.%m.%Y\n", file);
    fclose(file);
    setenv("DATEMSK", "/tmp/conformance-dates", 1);
    INT(getdate_r("17:30 24.12.2024", &t));
    show_tm("getdate", &t);
    INT(getdate_r("nothing like it", &t));
    INT(getdate_r("2024-02-31", &t));
}

static void clocks(void)
{
    section("clocks");
    struct timespec a, b, resolution;
    static const clockid_t ids[] = {CLOCK_REALTIME, CLOCK_MONOTONIC, CLOCK_PROCESS_CPUTIME_ID, CLOCK_THREAD_CPUTIME_ID, CLOCK_MONOTONIC_RAW, CLOCK_REALTIME_COARSE,
                                    CLOCK_MONOTONIC_COARSE, CLOCK_BOOTTIME, CLOCK_TAI, 77, -1};
    for (int i = 0; i < 11; i++) {
        printf("clock %d\n", ids[i]);
        INT(clock_gettime(ids[i], &a));
        INT(clock_gettime(ids[i], &b));
        if (i < 9)
            TRUTH(b.tv_sec > a.tv_sec || (b.tv_sec == a.tv_sec && b.tv_nsec >= a.tv_nsec));
        INT(clock_getres(ids[i], &resolution));
        if (i < 9)
            TRUTH(resolution.tv_sec == 0 && resolution.tv_nsec > 0 && resolution.tv_nsec <= 10000000);
    }
    INT(clock_getres(CLOCK_MONOTONIC, 0));
    clockid_t id;
    CODE(clock_getcpuclockid(0, &id));
    INT(clock_gettime(id, &a));
    CODE(clock_getcpuclockid(99999, &id));
    INT(clock_settime(CLOCK_MONOTONIC, &a));
    INT(clock_settime(CLOCK_REALTIME, &(struct timespec){0, -1}));
    INT(timespec_get(&a, TIME_UTC));
    INT(timespec_get(&a, 9));
    INT(timespec_getres(&resolution, TIME_UTC));
    INT(timespec_getres(&resolution, 9));
    TRUTH(time(0) > 1600000000);
    time_t now;
    TRUTH(time(&now) == now);
    TRUTH(clock() >= 0);
    struct timeval tv;
    struct timezone tz = {5, 5};
    INT(gettimeofday(&tv, &tz));
    INT(tz.tz_minuteswest);
    INT(settimeofday(&(struct timeval){0, 2000000}, 0));
    struct tms all;
    TRUTH(times(&all) != -1);
    INT(all.tms_cutime);
    INT(nanosleep(&(struct timespec){0, 1000}, 0));
    INT(nanosleep(&(struct timespec){0, 1000000000}, 0));
    INT(nanosleep(&(struct timespec){-1, 0}, 0));
    CODE(clock_nanosleep(CLOCK_MONOTONIC, 0, &(struct timespec){0, 1000}, 0));
    CODE(clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &(struct timespec){0, 1000}, 0));
    CODE(clock_nanosleep(CLOCK_REALTIME, 0, &(struct timespec){0, -5}, 0));
    CODE(clock_nanosleep(CLOCK_THREAD_CPUTIME_ID, 0, &(struct timespec){0, 5}, 0));
    CODE(clock_nanosleep(77, 0, &(struct timespec){0, 5}, 0));
    INT(usleep(100));
    INT(adjtime(0, &tv));
    struct timex timex = {.modes = 0};
    TRUTH(adjtimex(&timex) >= 0);
    TRUTH(clock_adjtime(CLOCK_REALTIME, &timex) >= 0);
    INT(clock_adjtime(99, &timex));
    struct ntptimeval precise;
    TRUTH(ntp_gettimex(&precise) >= 0);
    struct rusage usage;
    INT(getrusage(RUSAGE_SELF, &usage));
    INT(getrusage(RUSAGE_CHILDREN, &usage));
    INT(usage.ru_utime.tv_sec);
    INT(getrusage(RUSAGE_THREAD, &usage));
    INT(getrusage(99, &usage));
}

int main(void)
{
    setvbuf(stdout, 0, _IOLBF, 0);
    calendar();
    zones();
    formats();
    clocks();
    return 0;
}
