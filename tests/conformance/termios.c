// termios.h and sys/ioctl.h: settings in memory, and what all of them say of what is no terminal.
#define _GNU_SOURCE
#include "check.h"
#include <fcntl.h>
#include <sys/ioctl.h>
#include <termios.h>
#include <unistd.h>

int main(void)
{
    setvbuf(stdout, 0, _IOLBF, 0);
    section("speeds");
    struct termios t = {0};
    INT(cfsetispeed(&t, B9600));
    INT(cfsetospeed(&t, B115200));
    INT(cfgetispeed(&t) == B9600 || cfgetispeed(&t) == B115200);
    INT(cfgetospeed(&t) == B115200);
    INT(cfsetospeed(&t, 12345));
    INT(cfsetispeed(&t, B0));
    INT(cfsetspeed(&t, B38400));
    INT(cfgetospeed(&t) == B38400);
    INT(cfsetspeed(&t, 19200));
    INT(cfgetospeed(&t) == B19200);
    INT(cfsetspeed(&t, 7));
    t.c_iflag = t.c_oflag = t.c_lflag = t.c_cflag = -1;
    VOID(cfmakeraw(&t));
    HEX(t.c_iflag);
    HEX(t.c_oflag);
    HEX(t.c_lflag);
    HEX(t.c_cflag & (CSIZE | PARENB));
    INT(t.c_cc[VMIN]);
    INT(t.c_cc[VTIME]);
    section("no terminal");
    int fd = open("/dev/null", O_RDWR);
    struct winsize size;
    INT(tcgetattr(fd, &t));
    INT(tcsetattr(fd, TCSANOW, &t));
    INT(tcsetattr(fd, 99, &t));
    INT(tcsendbreak(fd, 0));
    INT(tcdrain(fd));
    INT(tcflush(fd, TCIFLUSH));
    INT(tcflow(fd, TCOON));
    INT(tcgetpgrp(fd));
    INT(tcsetpgrp(fd, 1));
    INT(tcgetsid(fd));
    INT(ioctl(fd, TIOCGWINSZ, &size));
    INT(isatty(fd));
    INT(tcgetattr(-1, &t));
    INT(tcdrain(-1));
    INT(tcgetpgrp(-1));
    TEXT(ptsname(fd));
    INT(grantpt(-1));
    INT(unlockpt(-1));
    return 0;
}
