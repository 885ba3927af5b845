// The scanf family, and reading streams in every other way.
#define _GNU_SOURCE
#include <errno.h>
#include <inttypes.h>
#include <limits.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <wchar.h>

int main(void)
{
    int a = -1, b = -1, n = -1;
    unsigned u = 0;
    char s[64] = "", t[64] = "";
    double d = 0;
    float f = 0;
    printf("%d", sscanf("12 -34 0x1f 077 99", "%d %i %i %i %u", &a, &b, &n, (int *)&f, &u));
    printf(" %d %d %d %d %u\n", a, b, n, *(int *)&f, u);
    printf("%d", sscanf("abc def", "%s %s", s, t));
    printf(" <%s> <%s>\n", s, t);
    printf("%d", sscanf("abcdef", "%3s%c%2c", s, t, t + 1));
    t[3] = 0;
    printf(" <%s> <%s>\n", s, t);
    printf("%d", sscanf("key=value; rest", "%[^=]=%[a-z]; %n", s, t, &n));
    printf(" <%s> <%s> %d\n", s, t, n);
    printf("%d", sscanf("]-x^y", "%[]^x-]%s", s, t));
    printf(" <%s> <%s>\n", s, t);
    printf("%d", sscanf("3.5e2 1e-3 nan inf 0x1p4", "%lf %f %*f %*f %lf", &d, &f, (double *)s));
    printf(" %g %g %g\n", d, f, *(double *)s);
    printf("%d", sscanf("10:20:30", "%d:%d:%d", &a, &b, &n));
    printf(" %d %d %d\n", a, b, n);
    printf("%d %d %d\n", sscanf("", "%d", &a), sscanf("x", "%d", &a), sscanf("5", "%d %d", &a, &b));
    printf("%d\n", sscanf("  %", " %%%n", &n));
    printf("n %d\n", n);
    printf("%d", sscanf("1 2 3", "%d %*d %d", &a, &b));
    printf(" %d %d\n", a, b);
    printf("%d", sscanf("1 2", "%2$d %1$d", &a, &b));
    printf(" %d %d\n", a, b);
    printf("%d", sscanf("12345678", "%3d%2d%d", &a, &b, &n));
    printf(" %d %d %d\n", a, b, n);
    long l;
    long long ll;
    short h;
    signed char hh;
    intmax_t j;
    size_t z;
    printf("%d", sscanf("-1 -9223372036854775808 -32768 -128 42 99", "%ld %lld %hd %hhd %jd %zu", &l, &ll, &h, &hh, &j, &z));
    printf(" %ld %lld %hd %hhd %jd %zu\n", l, ll, h, hh, j, z);
    printf("%d", sscanf("99999999999999999999 ffff 0xFFFF", "%ld %x %x", &l, &u, &a));
    printf(" %ld %x %x\n", l, u, a);
    char *made = NULL, *set = NULL;
    printf("%d", sscanf("allocated [set]", "%ms [%m[a-z]", &made, &set));
    printf(" %s %s\n", made, set);
    free(made);
    free(set);
    void *p;
    printf("%d", sscanf("0x1234", "%p", &p));
    printf(" %p\n", p);
    wchar_t w[32];
    printf("%d", sscanf("narrow wide", "%ls %lc", w, w + 20));
    printf(" %ls %d\n", w, w[20] == L'w');
    printf("%d", swscanf(L"7 wörter 2.5", L"%d %ls %lf", &a, w, &d));
    printf(" %d %zu %g\n", a, wcslen(w), d);
    printf("%d", sscanf("+5 -0x10 0b", "%d %i %i", &a, &b, &n));
    printf(" %d %d %d\n", a, b, n);
    printf("%d", sscanf("1e", "%lf", &d));
    printf(" %d", sscanf("1e+x", "%lf%s", &d, s));
    printf(" %d\n", sscanf("-.x", "%lf", &d));
    printf("%d", sscanf("12abc", "%d%n%s", &a, &n, s));
    printf(" %d %d %s\n", a, n, s);

    FILE *file = fopen("/tmp/scanf.txt", "w+");
    fputs("first line\n17 words here\n\nlast without newline", file);
    rewind(file);
    char *line = NULL;
    size_t capacity = 0;
    ssize_t length;
    while ((length = getline(&line, &capacity, file)) >= 0)
        printf("%zd:%s%s", length, line, length && line[length - 1] == '\n' ? "" : "|\n");
    printf("eof %d error %d\n", feof(file) != 0, ferror(file) != 0);
    rewind(file);
    length = getdelim(&line, &capacity, ' ', file);
    printf("%zd <%s>", length, line);
    free(line);
    printf(" %s", fgets(s, 3, file));
    printf(" %c", fgetc(file));
    printf(" %d", ungetc('Z', file));
    printf(" %c %ld\n", getc(file), ftell(file));
    fseek(file, -7, SEEK_END);
    printf("%zu", fread(s, 1, 20, file));
    s[7] = 0;
    printf(" %s", s);
    fseeko(file, 11, SEEK_SET);
    printf(" %d", fscanf(file, "%d %s", &a, s));
    printf(" %d %s", a, s);
    fpos_t position;
    fgetpos(file, &position);
    fscanf(file, "%s", s);
    fsetpos(file, &position);
    printf(" %d %s", fscanf(file, "%s", t), t);
    printf(" %s\n", strcmp(s, t) ? "differs" : "again");
    printf("%d %d", fseek(file, -1, SEEK_SET), errno == EINVAL);
    printf(" %d %d\n", fseek(file, 0, 9), errno == EINVAL);
    fseek(file, 0, SEEK_END);
    fputs(" appended", file);
    fseek(file, 100, SEEK_SET);
    fputc('!', file);
    rewind(file);
    long count = 0, zeros = 0;
    for (int c; (c = fgetc(file)) != EOF; count++)
        zeros += c == 0;
    printf("%ld bytes, %ld zeros\n", count, zeros);
    fclose(file);
    file = fopen("/tmp/scanf.txt", "a+");
    printf("append at %ld", ftell(file));
    fputs("more", file);
    printf(" then %ld", ftell(file));
    rewind(file);
    printf(" %s\n", fgets(s, 7, file));
    file = freopen("/tmp/scanf.txt", "r", file);
    printf("reopened %s", fgets(s, sizeof s, file));
    fclose(file);
    printf("%d %s\n", fopen("/tmp/none", "r") == NULL, strerror(errno));
    printf("%d %s\n", fopen("/tmp/scanf.txt", "q") == NULL, strerror(errno));
    printf("%d %s\n", fopen("/tmp/scanf.txt", "wx") == NULL, strerror(errno));
    printf("%d %s\n", remove("/tmp/scanf.txt"), remove("/tmp/scanf.txt") ? strerror(errno) : "");
    file = tmpfile();
    fprintf(file, "%d %d", 3, 4);
    rewind(file);
    printf("%d", fscanf(file, "%d %d", &a, &b));
    printf(" %d %d\n", a, b);
    fclose(file);
    printf("stdin: ");
    while (scanf("%63s", s) == 1)
        printf("<%s>", s);
    printf(" eof %d\n", feof(stdin) != 0);
    return 0;
}
