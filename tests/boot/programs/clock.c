// Time: calendars, time zones by rule, formatting, parsing, clocks and sleeping.
#define _GNU_SOURCE
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/time.h>
#include <sys/times.h>
#include <time.h>
#include <unistd.h>

static void show(const char *name, const struct tm *tm)
{
    printf("%s: %d-%02d-%02d %02d:%02d:%02d wday %d yday %d dst %d", name, tm->tm_year + 1900, tm->tm_mon + 1, tm->tm_mday, tm->tm_hour,
           tm->tm_min, tm->tm_sec, tm->tm_wday, tm->tm_yday, tm->tm_isdst);
    printf(" %s %ld\n", tm->tm_zone, tm->tm_gmtoff);
}

static void zone(const char *name)
{
    static const time_t moments[] = {0, 951782400, 1000000000, 1711846799, 1711846800, 1729994399, 1729994400, 1234567890, 100000000,
                                     2147483647, 4102444800, 1615705199, 1615705200, 1636264799, 1636264800};
    setenv("TZ", name, 1);
    tzset();
    printf("== %s: %s %s %ld %d\n", name, tzname[0], tzname[1], timezone, daylight);
    for (size_t i = 0; i < sizeof moments / sizeof *moments; i++) {
        struct tm tm;
        localtime_r(&moments[i], &tm);
        show("local", &tm);
        tm.tm_isdst = -1;
        time_t back = mktime(&tm);
        // In the hour that a clock repeats either answer is right; but not any other.
        printf("  back %d\n", back == moments[i] || llabs((long long)(back - moments[i])) == 3600);
    }
}

int main(void)
{
    static const time_t moments[] = {0, 1, -1, 86399, 68169600, 951782400, 4107542400, -2208988800, 253402300799, -62135596800, 67767976233532799};
    for (size_t i = 0; i < sizeof moments / sizeof *moments; i++) {
        struct tm *tm = gmtime(&moments[i]);
        show("gmt", tm);
        printf("  back %d\n", timegm(tm) == moments[i]);
    }
    time_t too_far = LONG_MAX;
    errno = 0;
    printf("too far: %d %s\n", gmtime(&too_far) == NULL, strerror(errno));
    zone("UTC0");
    zone("CET-1CEST,M3.5.0,M10.5.0/3");
    zone("EST5EDT,M3.2.0,M11.1.0");
    zone("<+0530>-5:30");
    zone("NZST-12NZDT,M9.5.0,M4.1.0/3");
    zone("XYZ3:15ABC2:45,J60/1,300/4:30");
    setenv("TZ", "UTC0", 1);
    tzset();

    time_t when = 1709210096; // a 29 February
    struct tm tm;
    gmtime_r(&when, &tm);
    char text[200];
    static const char *const formats[] = {"%a %A %b %B %c", "%C %d %D %e %F %g %G %h", "%H %I %j %k %l %m %M %n%t", "%p %P %r %R %s %S %T",
                                          "%u %U %V %w %W %x %X", "%y %Y %z %Z %%", "%Ey %Od %-d %_d %05d %^a %#Z %10Y|%+", "%q %E"};
    for (size_t i = 0; i < sizeof formats / sizeof *formats; i++)
        printf("%zu %s\n", strftime(text, sizeof text, formats[i], &tm), text);
    printf("too small: %zu\n", strftime(text, 5, "%Y-%m", &tm));
    printf("%s%s", asctime(&tm), ctime(&when));
    static const char *const dates[][2] = {{"2024-02-29 12:34:56", "%Y-%m-%d %H:%M:%S"}, {"Thu Feb 29 2024", "%a %b %d %Y"}, {"29/Feb/24:01", "%d/%b/%y:%H"},
                                           {"2024 60", "%Y %j"}, {"1709210096", "%s"}, {"10 PM", "%I %p"}, {"2024-13", "%Y-%m"}, {"12:30 rest", "%R"}};
    for (size_t i = 0; i < sizeof dates / sizeof *dates; i++) {
        struct tm parsed = {0};
        char *end = strptime(dates[i][0], dates[i][1], &parsed);
        printf("%s: %s", dates[i][0], end ? "" : "no\n");
        if (end)
            printf("%d %d %d %d:%d:%d %d %d <%s>\n", parsed.tm_year, parsed.tm_mon, parsed.tm_mday, parsed.tm_hour, parsed.tm_min, parsed.tm_sec,
                   parsed.tm_wday, parsed.tm_yday, end);
    }
    struct tm odd = {.tm_year = 124, .tm_mon = 14, .tm_mday = -5, .tm_hour = 49, .tm_min = 125, .tm_sec = -7};
    printf("normalised %ld ", (long)mktime(&odd));
    show("to", &odd);
    printf("difference %g\n", difftime(1000, 400));

    struct timespec resolution, first, second;
    for (int clock = 0; clock < 8; clock++) {
        int a = clock_gettime(clock, &first), b = clock_gettime(clock, &second);
        long long nanos = (second.tv_sec - first.tv_sec) * 1000000000ll + second.tv_nsec - first.tv_nsec;
        printf("clock %d: %d %d, forwards %d, resolution %d\n", clock, a, b, nanos >= 0, clock_getres(clock, &resolution) == 0);
    }
    int bad = clock_gettime(99, &first);
    printf("bad clock: %d %s\n", bad, strerror(errno));
    clock_gettime(CLOCK_MONOTONIC, &first);
    usleep(30000);
    nanosleep(&(struct timespec){0, 20000000}, NULL);
    clock_gettime(CLOCK_MONOTONIC, &second);
    long waited = (second.tv_sec - first.tv_sec) * 1000 + (second.tv_nsec - first.tv_nsec) / 1000000;
    printf("slept %d\n", waited >= 50 && waited < 10000);
    clock_gettime(CLOCK_MONOTONIC, &first);
    first.tv_nsec += 20000000;
    if (first.tv_nsec >= 1000000000)
        first.tv_sec++, first.tv_nsec -= 1000000000;
    printf("until %d", clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &first, NULL));
    clock_gettime(CLOCK_MONOTONIC, &second);
    printf(" %d\n", second.tv_sec > first.tv_sec || (second.tv_sec == first.tv_sec && second.tv_nsec >= first.tv_nsec));
    printf("bad sleep: %s\n", strerror(clock_nanosleep(CLOCK_MONOTONIC, 0, &(struct timespec){0, 1000000000}, NULL)));
    struct timeval now;
    gettimeofday(&now, NULL);
    printf("now: %d %d\n", now.tv_sec > 1700000000, llabs((long long)(time(NULL) - now.tv_sec)) <= 1);
    clock_t before = clock();
    volatile unsigned long spin = 0;
    while (clock() - before < CLOCKS_PER_SEC / 50)
        spin++;
    struct tms used;
    printf("cpu time passes: %d, times %d\n", spin > 0, times(&used) != (clock_t)-1);
    return 0;
}
