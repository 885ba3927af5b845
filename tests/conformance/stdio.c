//! scratch = ["/tmp/conformance"]
// stdio.h: streams over files and memory: modes, positions, pushing back, buffering, errors.
#define _GNU_SOURCE
#include "check.h"
#include <fcntl.h>
#include <stdio_ext.h>
#include <sys/stat.h>
#include <unistd.h>
#undef getc_unlocked
#undef putc_unlocked
#undef fgetc_unlocked
#undef fputc_unlocked
#undef feof_unlocked
#undef ferror_unlocked
#undef clearerr_unlocked

#define FILE_NAME "/tmp/conformance/file"

static void contents(const char *name)
{
    char room[200];
    int fd = open(name, O_RDONLY);
    ssize_t length = read(fd, room, sizeof room);
    close(fd);
    BYTES(room, length > 0 ? length : 0);
}

static void modes(void)
{
    section("modes");
    const char *names[] = {"r", "w", "a", "r+", "w+", "a+", "wx", "we", "rb", "wb+", "x", "", "rw", "r+b", "rm", "a+e"};
    for (int i = 0; i < 16; i++) {
        unlink(FILE_NAME);
        if (names[i][0] == 'r' || names[i][0] == 'a')
            fclose(fopen(FILE_NAME, "w"));
        errno = 0;
        FILE *stream = fopen(FILE_NAME, names[i]);
        printf("fopen \"%s\": %s", names[i], stream ? "opened" : "NULL");
        show_errno(stream ? 0 : errno);
        if (stream) {
            int flags = fcntl(fileno(stream), F_GETFL);
            printf("  access %d append %d cloexec %d\n", flags & O_ACCMODE, !!(flags & O_APPEND), fcntl(fileno(stream), F_GETFD));
            printf("  readable %d writable %d\n", !!__freadable(stream), !!__fwritable(stream));
            INT(fputc('x', stream));
            INT(ferror(stream));
            clearerr(stream);
            INT(fflush(stream));
            rewind(stream);
            INT(fgetc(stream));
            INT(feof(stream));
            INT(ferror(stream));
            INT(fclose(stream));
        }
    }
    TRUTH(fopen("/tmp/conformance/none/x", "w"));
    TRUTH(fopen("/tmp/conformance", "w"));
    FILE *directory = fopen("/tmp/conformance", "r");
    TRUTH(directory);
    INT(fgetc(directory));
    INT(ferror(directory));
    INT(fclose(directory));
    fclose(fopen(FILE_NAME, "w"));
    TRUTH(fopen(FILE_NAME, "wx"));
    TRUTH(fdopen(-1, "r"));
    int fd = open(FILE_NAME, O_RDONLY);
    TRUTH(fdopen(fd, "w"));
    TRUTH(fdopen(fd, "q"));
    FILE *stream = fdopen(fd, "r");
    TRUTH(stream);
    INT(fileno(stream) == fd);
    fclose(stream);
    INT(close(fd));
}

static void positions(void)
{
    section("positions");
    FILE *stream = fopen(FILE_NAME, "w+");
    INT(fputs("0123456789", stream));
    INT(ftell(stream));
    INT(fseek(stream, 3, SEEK_SET));
    INT(fgetc(stream));
    INT(ftell(stream));
    INT(fseek(stream, -2, SEEK_END));
    INT(fgetc(stream));
    INT(fseek(stream, -4, SEEK_CUR));
    INT(fgetc(stream));
    INT(fseek(stream, -1, SEEK_SET));
    INT(fseek(stream, 0, 9));
    INT(ftell(stream));
    INT(fseeko(stream, 20, SEEK_SET));
    INT(fgetc(stream));
    INT(feof(stream));
    INT(fputc('x', stream));
    INT(ftello(stream));
    fpos_t position;
    INT(fgetpos(stream, &position));
    VOID(rewind(stream));
    INT(ftell(stream));
    INT(fsetpos(stream, &position));
    INT(ftell(stream));
    INT(fclose(stream));
    contents(FILE_NAME);
    stream = fopen(FILE_NAME, "a+");
    INT(ftell(stream));
    INT(fgetc(stream));
    INT(fputs("end", stream));
    INT(ftell(stream));
    INT(fclose(stream));
    int ends[2];
    pipe(ends);
    stream = fdopen(ends[0], "r");
    INT(fseek(stream, 0, SEEK_SET));
    INT(ftell(stream));
    fclose(stream);
    close(ends[1]);
}

static void reading(void)
{
    section("reading");
    FILE *stream = fopen(FILE_NAME, "w+");
    fwrite("line one\nline two\n\n\0with nul\nlast", 1, 33, stream);
    rewind(stream);
    char room[40];
    TEXT(fgets(room, 5, stream));
    TEXT(fgets(room, 40, stream));
    TEXT(fgets(room, 1, stream));
    TEXT(fgets_unlocked(room, 40, stream));
    INT(getc(stream));
    TEXT(fgets(room, 40, stream));
    BYTES(room, 10);
    TEXT(fgets(room, 40, stream));
    TEXT(fgets(room, 40, stream));
    INT(feof(stream));
    clearerr(stream);
    INT(feof_unlocked(stream));
    rewind(stream);
    char *line = 0;
    size_t size = 0;
    ssize_t length;
    while ((length = getline(&line, &size, stream)) >= 0)
        BYTES(line, length);
    INT(length);
    INT(getline(0, &size, stream));
    rewind(stream);
    INT(getdelim(&line, &size, 't', stream));
    TEXT(line);
    INT(__getdelim(&line, &size, 0, stream));
    free(line);
    section("pushing back");
    rewind(stream);
    INT(ungetc('X', stream));
    INT(ftell(stream));
    INT(fgetc(stream));
    INT(fgetc(stream));
    INT(ungetc(EOF, stream));
    INT(ungetc('Y', stream));
    INT(ungetc('Z', stream));
    INT(ftell(stream));
    INT(getc_unlocked(stream));
    INT(fgetc_unlocked(stream));
    fseek(stream, 0, SEEK_END);
    INT(fgetc(stream));
    INT(feof(stream));
    INT(ungetc('Q', stream));
    INT(feof(stream));
    INT(fgetc(stream));
    section("blocks");
    rewind(stream);
    INT(fread(room, 4, 3, stream));
    BYTES(room, 12);
    INT(fread_unlocked(room, 4, 100 / 4, stream));
    INT(fread(room, 0, 5, stream));
    INT(fread(room, 5, 0, stream));
    INT(feof(stream));
    INT(ferror(stream));
    INT(fwrite("ab", 0, 5, stream));
    fclose(stream);
    extern int getw(FILE *), putw(int, FILE *);
    stream = fopen(FILE_NAME, "w+");
    INT(putw(0x01020304, stream));
    rewind(stream);
    HEX(getw(stream));
    INT(getw(stream));
    INT(feof(stream));
    fclose(stream);
}

static void writing(void)
{
    section("writing");
    FILE *stream = fopen(FILE_NAME, "w");
    INT(putc('a', stream));
    INT(putc_unlocked('b', stream));
    INT(fputc_unlocked('c', stream));
    INT(fputs("def", stream));
    INT(fputs_unlocked("ghi", stream));
    INT(fwrite("jklm", 2, 2, stream));
    INT(fwrite_unlocked("no", 1, 2, stream));
    INT(fprintf(stream, "%d", 12));
    INT(fflush_unlocked(stream));
    INT(fgetc(stream));
    INT(ferror_unlocked(stream));
    clearerr_unlocked(stream);
    INT(ferror_unlocked(stream));
    INT(fclose(stream));
    contents(FILE_NAME);
    INT(puts("puts"));
    INT(putchar('c'));
    INT(putchar_unlocked('\n'));
    INT(dprintf(-1, "x"));
    FILE *full = fopen("/dev/full", "w");
    INT(fputs("lost", full));
    INT(fflush(full));
    INT(ferror(full));
    setvbuf(full, 0, _IONBF, 0);
    INT(fputc('x', full));
    INT(fprintf(full, "text"));
    fputs("again", full);
    INT(fclose(full));
    stream = fopen(FILE_NAME, "r");
    INT(fputs("x", stream));
    INT(fprintf(stream, "x"));
    INT(fwrite("x", 1, 1, stream));
    fclose(stream);
}

static void buffering(void)
{
    section("buffering");
    FILE *stream = fopen(FILE_NAME, "w");
    char buffer[BUFSIZ];
    VOID(setbuf(stream, buffer));
    INT(fputs("held", stream));
    INT(__fpending(stream));
    contents(FILE_NAME);
    INT(__fwriting(stream) != 0);
    INT(__freading(stream) != 0);
    INT(__fbufsize(stream) == BUFSIZ);
    INT(__flbf(stream) != 0);
    INT(setvbuf(stream, 0, _IOLBF, 0));
    fputs("line\nrest", stream);
    contents(FILE_NAME);
    VOID(_flushlbf());
    contents(FILE_NAME);
    fputs("gone", stream);
    VOID(__fpurge(stream));
    INT(fclose(stream));
    contents(FILE_NAME);
    stream = fopen(FILE_NAME, "w");
    INT(setvbuf(stream, 0, _IONBF, 0));
    INT(setvbuf(stream, 0, 7, 0));
    fputs("at once", stream);
    contents(FILE_NAME);
    VOID(setlinebuf(stream));
    INT(__flbf(stream) != 0);
    fclose(stream);
    stream = fopen(FILE_NAME, "w");
    VOID(setbuffer(stream, buffer, 200));
    INT(__fbufsize(stream));
    fputs(" kept", stream);
    contents(FILE_NAME);
    INT(fflush(0));
    contents(FILE_NAME);
    INT(__fsetlocking(stream, FSETLOCKING_QUERY));
    INT(__fsetlocking(stream, FSETLOCKING_BYCALLER));
    INT(__fsetlocking(stream, FSETLOCKING_QUERY));
    VOID(flockfile(stream));
    INT(ftrylockfile(stream));
    VOID(funlockfile(stream));
    VOID(funlockfile(stream));
    fclose(stream);
}

static ssize_t cookie_read(void *cookie, char *room, size_t size)
{
    (void)cookie;
    size_t n = size < 3 ? size : 3;
    static int calls;
    if (calls++ == 3)
        return 0;
    memcpy(room, "xyz", n);
    return n;
}

static ssize_t cookie_write(void *cookie, const char *bytes, size_t size)
{
    printf("  cookie %s writes ", (char *)cookie);
    show_bytes(bytes, size);
    printf("\n");
    return size;
}

static int cookie_seek(void *cookie, off64_t *offset, int whence)
{
    printf("  cookie %s seeks %ld %d\n", (char *)cookie, (long)*offset, whence);
    return -1;
}

static int cookie_close(void *cookie)
{
    printf("  cookie %s closes\n", (char *)cookie);
    return 0;
}

static void memory(void)
{
    section("memory streams");
    char room[16] = "hello";
    FILE *stream = fmemopen(room, sizeof room, "r+");
    INT(fgetc(stream));
    INT(fputs("EY", stream));
    INT(fflush(stream));
    BYTES(room, 16);
    INT(fseek(stream, 0, SEEK_END));
    INT(ftell(stream));
    INT(fputs("0123456789abcdef", stream));
    INT(fflush(stream));
    BYTES(room, 16);
    fclose(stream);
    stream = fmemopen(room, 4, "w");
    setvbuf(stream, 0, _IONBF, 0);
    TRUTH(fputs("abcdef", stream) < 0);
    BYTES(room, 8);
    fclose(stream);
    stream = fmemopen(room, 8, "a");
    INT(ftell(stream));
    fclose(stream);
    TRUTH(fmemopen(room, 8, "z"));
    TRUTH(stream = fmemopen(0, 0, "w+"));
    if (stream)
        fclose(stream);
    stream = fmemopen(0, 8, "w+");
    INT(fputs("1234", stream));
    rewind(stream);
    INT(fgetc(stream));
    fclose(stream);
    char *text = 0;
    size_t size = 0;
    stream = open_memstream(&text, &size);
    INT(fputs("some text", stream));
    INT(fflush(stream));
    TEXT(text);
    INT(size);
    INT(fseek(stream, 4, SEEK_SET));
    fputs("X", stream);
    fflush(stream);
    INT(size);
    TEXT(text);
    INT(fseek(stream, 12, SEEK_SET));
    fputs("Y", stream);
    fclose(stream);
    BYTES(text, 14);
    INT(size);
    free(text);
    section("cookies");
    cookie_io_functions_t functions = {cookie_read, cookie_write, cookie_seek, cookie_close};
    stream = fopencookie("A", "w", functions);
    INT(fputs("text", stream));
    INT(fflush(stream));
    INT(fputs("more", stream));
    INT(fclose(stream));
    stream = fopencookie("B", "r", functions);
    char read[20];
    TEXT(fgets(read, sizeof read, stream));
    INT(feof(stream));
    INT(fclose(stream));
    cookie_io_functions_t none = {0};
    stream = fopencookie(0, "r+", none);
    INT(fgetc(stream));
    INT(fputc('x', stream));
    INT(fflush(stream));
    TRUTH(fseek(stream, 0, SEEK_SET) == -1);
    INT(fclose(stream));
}

static void files(void)
{
    section("files");
    INT(rename(FILE_NAME, "/tmp/conformance/other"));
    INT(rename(FILE_NAME, "/tmp/conformance/other"));
    INT(renameat(AT_FDCWD, "/tmp/conformance/other", AT_FDCWD, FILE_NAME));
    INT(remove(FILE_NAME));
    INT(remove(FILE_NAME));
    mkdir("/tmp/conformance/dir", 0755);
    TRUTH(remove("/tmp/conformance/dir") == 0);
    FILE *stream = tmpfile();
    INT(fputs("temporary", stream));
    rewind(stream);
    INT(fgetc(stream));
    struct stat status;
    fstat(fileno(stream), &status);
    INT(status.st_nlink);
    fclose(stream);
    char name[L_tmpnam];
    TRUTH(tmpnam(name) == name && strncmp(name, "/tmp/", 5) == 0);
    TRUTH(tmpnam_r(0));
    TRUTH(tmpnam_r(name) == name);
    char *other = tempnam("/tmp/conformance", "abcdefg");
    TRUTH(strncmp(other, "/tmp/conformance/abcde", 22) == 0);
    free(other);
    stream = fopen(FILE_NAME, "w");
    fputs("first", stream);
    stream = freopen("/tmp/conformance/second", "w+", stream);
    TRUTH(stream);
    contents(FILE_NAME);
    fputs("second", stream);
    TRUTH(freopen(0, "r", stream));
    INT(fgetc(stream));
    TRUTH(freopen("/tmp/conformance/none/x", "r", stream));
    TRUTH(fopen(FILE_NAME, "r") == stream || 1);
    TEXT(ctermid(0));
    char terminal[L_ctermid];
    TEXT(ctermid(terminal));
    INT(fcloseall());
}

int main(void)
{
    setvbuf(stdout, 0, _IOLBF, 0);
    mkdir("/tmp/conformance", 0755);
    modes();
    positions();
    reading();
    writing();
    buffering();
    memory();
    files();
    return 0;
}
