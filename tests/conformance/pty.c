// pty.h, and the pseudo-terminals of stdlib.h: two sides, the line discipline between them, how they end.
#define _GNU_SOURCE
#include "check.h"
#include <dirent.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <pty.h>
#include <signal.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <termios.h>
#include <unistd.h>
#include <utmp.h>

extern int __ptsname_r_chk(int, char *, size_t, size_t);

static int master, slave;

// A host passes bytes on in its own time.
static int arrives(int fd, int milliseconds)
{
    struct pollfd poll_in = {fd, POLLIN, 0};
    return poll(&poll_in, 1, milliseconds);
}

// Reads a line of the slave, or all that the master shows until it is silent.
static void take(const char *what, int fd)
{
    char buffer[4096];
    ssize_t count = 0, more = 0;
    printf("  %s:", what);
    if (arrives(fd, 100) == 0) {
        printf(" nothing\n");
        return;
    }
    do {
        errno = 0;
        more = read(fd, buffer + count, sizeof buffer - count);
        count += more > 0 ? more : 0;
    } while (fd == master && more > 0 && arrives(fd, 30));
    int code = errno;
    printf(" %zd ", count);
    show_bytes(buffer, count);
    show_errno(more < 0 ? code : 0);
}

static void type(const char *text)
{
    printf("type ");
    show_bytes(text, strlen(text));
    printf(": %d\n", (int)write(master, text, strlen(text)));
    take("slave", slave);
    take("master", master);
}

static void show_settings(const struct termios *t)
{
    printf("  %o %o %o %o line %d speed %o %o\n  ", t->c_iflag, t->c_oflag, t->c_cflag, t->c_lflag, t->c_line,
           cfgetispeed(t), cfgetospeed(t));
    for (int i = 0; i < 17; i++)
        printf(" %d", t->c_cc[i]);
    printf("\n");
}

static void show_ready(const char *what, int fd)
{
    struct pollfd all = {fd, POLLIN | POLLOUT | POLLPRI, 0};
    int count = poll(&all, 1, 0);
    printf("  %s: %d %#x\n", what, count, all.revents);
}

static void *types(void *text)
{
    usleep(20000);
    write(master, text, strlen(text));
    return 0;
}

static volatile sig_atomic_t caught;

static void catch(int signal)
{
    caught = signal;
}

int main(void)
{
    setvbuf(stdout, 0, _IOLBF, 0);
    char name[64], again[64];
    struct stat status;
    struct winsize size = {0};
    struct termios t;
    int number = -1;

    section("opening");
    master = posix_openpt(O_RDWR | O_NOCTTY);
    TRUTH(master >= 0);
    INT(isatty(master));
    INT(fcntl(master, F_GETFL) & O_ACCMODE);
    INT(grantpt(master));
    INT(ptsname_r(master, name, sizeof name));
    TRUTH(strncmp(name, "/dev/pts/", 9) == 0 && name[9] >= '0' && name[9] <= '9');
    TRUTH(strcmp(name, ptsname(master)) == 0);
    INT(ioctl(master, TIOCGPTN, &number));
    TRUTH(number == atoi(name + 9));
    INT(open(name, O_RDWR | O_NOCTTY));
    INT(ioctl(master, TIOCGPTLCK, &number));
    INT(number);
    INT(unlockpt(master));
    INT(ioctl(master, TIOCGPTLCK, &number));
    INT(number);
    slave = open(name, O_RDWR | O_NOCTTY);
    TRUTH(slave >= 0);
    INT(isatty(slave));
    TEXT(strcmp(ttyname(slave), name) == 0 ? "the name" : ttyname(slave));
    INT(ttyname_r(slave, again, sizeof again));
    TRUTH(strcmp(name, again) == 0);
    INT(fstat(slave, &status));
    INT(S_ISCHR(status.st_mode));
    INT(major(status.st_rdev));
    TRUTH(minor(status.st_rdev) == (unsigned)atoi(name + 9));
    INT(stat(name, &status));
    INT(stat("/dev/ptmx", &status));
    INT(major(status.st_rdev));
    INT(minor(status.st_rdev));
    DIR *stream = opendir("/dev/pts");
    int found = 0;
    for (struct dirent *entry; (entry = readdir(stream));)
        found |= strcmp(entry->d_name, name + 9) == 0 ? 1 : strcmp(entry->d_name, "ptmx") == 0 ? 2 : 0;
    closedir(stream);
    INT(found);

    section("errors");
    INT(grantpt(-1));
    INT(unlockpt(-1));
    TEXT(ptsname(-1));
    CODE(ptsname_r(-1, again, sizeof again));
    CODE(ptsname_r(master, again, 5));
    CODE(__ptsname_r_chk(master, again, sizeof again, sizeof again));
    CODE(ptsname_r(slave, again, sizeof again));
    int null = open("/dev/null", O_RDWR);
    INT(grantpt(null));
    INT(unlockpt(null));
    TEXT(ptsname(null));
    INT(grantpt(slave));
    INT(unlockpt(slave));
    INT(ioctl(slave, TIOCGPTN, &number));
    INT(lseek(slave, 0, SEEK_SET));
    INT(lseek(master, 0, SEEK_SET));
    INT(pread(slave, again, 1, 0));

    section("settings");
    INT(tcgetattr(slave, &t));
    show_settings(&t);
    INT(tcgetattr(master, &t));
    show_settings(&t);
    INT(ioctl(slave, TIOCGWINSZ, &size));
    printf("%d %d %d %d\n", size.ws_row, size.ws_col, size.ws_xpixel, size.ws_ypixel);
    size = (struct winsize){24, 80, 5, 6};
    INT(ioctl(master, TIOCSWINSZ, &size));
    size = (struct winsize){0};
    INT(ioctl(slave, TIOCGWINSZ, &size));
    printf("%d %d %d %d\n", size.ws_row, size.ws_col, size.ws_xpixel, size.ws_ypixel);
    INT(ioctl(slave, TIOCSWINSZ, &size));
    INT(tcgetpgrp(slave));
    INT(tcsetpgrp(slave, getpid()));
    INT(tcgetsid(slave));
    INT(tcgetsid(master));
    INT(tcdrain(slave));
    INT(tcflush(slave, 9));

    section("lines");
    show_ready("slave", slave);
    show_ready("master", master);
    type("one\n");
    type("two\rthree");
    type("\n");
    type("gone\x15mis\x7f\x7f\x7fkept word\x17line\n");
    type("\x04");
    type("half\x04");
    type("\x16\x03\n");
    type("\x1bx\n");
    printf("show: %d\n", (int)write(slave, "a\nb\tc\r\n", 7));
    take("master", master);
    show_ready("slave", slave);
    write(master, "first\nsecond\n", 13);
    arrives(master, 1000);
    usleep(20000);
    INT(ioctl(slave, FIONREAD, &number));
    INT(number);
    char small[4];
    INT(read(slave, small, 4));
    BYTES(small, 4);
    take("slave", slave);
    take("slave", slave);
    take("master", master);
    write(master, "typed ahead\n", 12);
    arrives(slave, 1000);
    INT(tcflush(slave, TCIFLUSH));
    take("slave", slave);
    take("master", master);
    write(slave, "shown", 5);
    arrives(master, 1000);
    INT(ioctl(master, FIONREAD, &number));
    INT(number);
    INT(tcflush(master, TCIFLUSH));
    take("master", master);

    section("without echo, and raw");
    t.c_lflag &= ~ECHO;
    INT(tcsetattr(slave, TCSANOW, &t));
    type("secret\n");
    cfmakeraw(&t);
    INT(tcsetattr(master, TCSAFLUSH, &t));
    type("\x03\r\n\x04");
    printf("show: %d\n", (int)write(slave, "a\n", 2));
    take("master", master);
    INT(fcntl(slave, F_SETFL, O_RDWR | O_NONBLOCK));
    INT(read(slave, small, 4));
    INT(fcntl(slave, F_SETFL, O_RDWR));
    INT(fcntl(master, F_SETFL, O_RDWR | O_NONBLOCK));
    INT(read(master, small, 4));
    INT(fcntl(master, F_SETFL, O_RDWR));
    t.c_cc[VMIN] = 0;
    t.c_cc[VTIME] = 1;
    INT(tcsetattr(slave, TCSANOW, &t));
    INT(read(slave, small, 4));
    t.c_cc[VTIME] = 0;
    INT(tcsetattr(slave, TCSANOW, &t));
    INT(read(slave, small, 4));
    t.c_cc[VMIN] = 1;
    INT(tcsetattr(slave, TCSANOW, &t));
    pthread_t thread;
    pthread_create(&thread, 0, types, "later");
    INT(read(slave, small, 4));
    BYTES(small, 4);
    pthread_join(thread, 0);
    take("slave", slave);

    section("the slave closes");
    show_ready("master", master);
    write(slave, "last words", 10);
    arrives(master, 1000);
    INT(close(slave));
    show_ready("master", master);
    take("master", master);
    take("master", master);
    INT(read(master, small, 4));
    slave = open(name, O_RDWR | O_NOCTTY);
    show_ready("master", master);
    take("master", master);

    section("the master closes");
    INT(close(master));
    show_ready("slave", slave);
    INT(read(slave, small, 4));
    INT(write(slave, small, 4));
    INT(access(name, F_OK));
    INT(close(slave));

    section("pty.h");
    struct termios wanted;
    memset(&wanted, 0, sizeof wanted);
    wanted.c_oflag = OPOST;
    wanted.c_lflag = ICANON;
    wanted.c_cflag = CS8 | CREAD | B9600;
    size = (struct winsize){10, 20, 0, 0};
    INT(openpty(&master, &slave, name, &wanted, &size));
    TRUTH(strcmp(name, ttyname(slave)) == 0 && strcmp(name, ptsname(master)) == 0);
    INT(tcgetattr(slave, &t));
    show_settings(&t);
    INT(ioctl(slave, TIOCGWINSZ, &size));
    INT(size.ws_row * 100 + size.ws_col);
    INT(fcntl(slave, F_GETFD));
    int peer = ioctl(master, TIOCGPTPEER, O_RDWR | O_NOCTTY | O_CLOEXEC);
    TRUTH(peer >= 0);
    INT(fcntl(peer, F_GETFD));
    INT(close(peer));
    type("x\n");
    close(master);
    close(slave);
    int one, two;
    INT(openpty(&one, &two, 0, 0, 0));
    INT(openpty(&master, &slave, 0, 0, 0));
    TRUTH(strcmp(ttyname_r(two, name, sizeof name) ? "" : name, ptsname(master)) != 0);
    close(one);
    close(two);
    int opened = getpt();
    TRUTH(opened >= 0);
    close(opened);

    section("a terminal of one's own");
    signal(SIGINT, catch);
    signal(SIGHUP, catch);
    signal(SIGWINCH, catch);
    type("ignored\x03\n");
    INT(caught);
    INT(login_tty(null));
    return 0;
}
