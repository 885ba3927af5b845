//! scratch = ["/tmp/conformance"]
// pwd.h, grp.h, shadow.h, mntent.h, ttyent.h, unistd.h: users, groups and the machine's
// tables, each read from files that the source makes.
#define _GNU_SOURCE
#include "check.h"
#include <fcntl.h>
#include <grp.h>
#include <mntent.h>
#include <pwd.h>
#include <shadow.h>
#include <sys/stat.h>
#include <ttyent.h>
#include <unistd.h>

static FILE *with(const char *text)
{
    FILE *file = fopen("/tmp/conformance/table", "w");
    fputs(text, file);
    fclose(file);
    return fopen("/tmp/conformance/table", "r+");
}

static void users(void)
{
    section("pwd.h");
    FILE *file = with("root:x:0:0:root:/root:/bin/bash\n# comment\nbad line\nnobody:*:65534:65534::/:\n\nx:y:z:1:::\nlast:x:7:8:g:h:s");
    for (struct passwd *p; (p = fgetpwent(file));)
        printf("  %s %s %d %d %s %s %s\n", p->pw_name, p->pw_passwd, p->pw_uid, p->pw_gid, p->pw_gecos, p->pw_dir, p->pw_shell);
    rewind(file);
    struct passwd entry, *found;
    char room[100];
    int code;
    CODE(fgetpwent_r(file, &entry, room, 5, &found));
    while ((code = fgetpwent_r(file, &entry, room, sizeof room, &found)) == 0)
        printf("  %s %d %s\n", found->pw_name, found->pw_gid, found->pw_shell);
    CODE(code);
    TRUTH(found);
    fclose(file);
    file = with("");
    struct passwd written = {"me", "x", 5, 6, "a:b\nc", "/home", "/bin/sh"}, bare = {"me"}, other = {"+you", 0, 1, 2},
                  wrong = {"m:e"};
    INT(putpwent(&written, file));
    INT(putpwent(&bare, file));
    INT(putpwent(&other, file));
    INT(putpwent(&wrong, file));
    rewind(file);
    char lines[200] = "";
    fread(lines, 1, sizeof lines - 1, file);
    TEXT(lines);
    fclose(file);
    setpwent();
    CODE(getpwent_r(&entry, room, 3, &found));
    CODE(getpwent_r(&entry, room, sizeof room, &found));
    TEXT(found ? found->pw_name : 0);
    endpwent();
    struct passwd *p = getpwuid(0);
    TEXT(p->pw_name);
    TEXT(p->pw_dir);
    INT(getpwnam("root")->pw_uid);
    TRUTH(getpwnam("no such user"));
    TRUTH(getpwuid(123456));
    CODE(getpwnam_r("root", &entry, room, sizeof room, &found));
    TRUTH(found == &entry);
    CODE(getpwnam_r("root", &entry, room, 3, &found));
    TRUTH(found);
    CODE(getpwuid_r(0, &entry, room, sizeof room, &found));
    CODE(getpwuid_r(123456, &entry, room, sizeof room, &found));
    TRUTH(found);
    VOID(setpwent());
    TEXT(getpwent()->pw_name);
    VOID(endpwent());
    char name[L_cuserid];
    TEXT(cuserid(name));
}

static void more_groups(void)
{
    section("grp.h, written and in buffers");
    struct group entry, *found;
    char room[100], lines[200] = "";
    int code;
    FILE *file = with("root:x:0:\nwheel:*:10:a,b\nlast:x:99:only");
    CODE(fgetgrent_r(file, &entry, room, 5, &found));
    while ((code = fgetgrent_r(file, &entry, room, sizeof room, &found)) == 0)
        printf("  %s %d %s\n", found->gr_name, found->gr_gid, found->gr_mem[0] ? found->gr_mem[0] : "none");
    CODE(code);
    fclose(file);
    char *members[] = {"a", "b", 0}, *none[] = {0}, *wrong[] = {"a,b", 0};
    struct group one = {"g", "x", 5, members}, two = {"h", 0, 6, none}, three = {"i", 0, 7, wrong}, four = {"+j", 0, 8, none};
    file = with("");
    INT(putgrent(&one, file));
    INT(putgrent(&two, file));
    INT(putgrent(&three, file));
    INT(putgrent(&four, file));
    rewind(file);
    fread(lines, 1, sizeof lines - 1, file);
    TEXT(lines);
    fclose(file);
    setgrent();
    CODE(getgrent_r(&entry, room, sizeof room, &found));
    TEXT(found ? found->gr_name : 0);
    endgrent();
}

static void more_shadows(void)
{
    section("shadow.h, written and in buffers");
    struct spwd entry, *found;
    char room[100], lines[200] = "";
    int code;
    FILE *file = with("root:*:1:2:3:4:5:6:7\nme:!:::::::\n");
    while ((code = fgetspent_r(file, &entry, room, sizeof room, &found)) == 0)
        printf("  %s %s %ld %ld\n", found->sp_namp, found->sp_pwdp, found->sp_lstchg, found->sp_expire);
    CODE(code);
    fclose(file);
    CODE(sgetspent_r("a:b:1:2:3:4:5:6:7", &entry, room, sizeof room, &found));
    TEXT(found->sp_pwdp);
    CODE(sgetspent_r("a:b:1:2:3:4:5:6:7", &entry, room, 2, &found));
    file = with("");
    struct spwd written = {"me", "x", 1, -1, 3, 4, 5, -1, 7}, bare = {"you", 0, -1, -1, -1, -1, -1, -1, ~0ul};
    INT(putspent(&written, file));
    INT(putspent(&bare, file));
    rewind(file);
    fread(lines, 1, sizeof lines - 1, file);
    TEXT(lines);
    fclose(file);
    setspent();
    code = getspent_r(&entry, room, sizeof room, &found);
    TRUTH(code == 0 || code == ENOENT);
    endspent();
}

static void groups(void)
{
    section("grp.h");
    FILE *file = with("root:x:0:\nwheel:*:10:a,b,,c\nbad:x:y:\nlast:x:99:only");
    for (struct group *g; (g = fgetgrent(file));) {
        printf("  %s %s %d", g->gr_name, g->gr_passwd, g->gr_gid);
        for (char **member = g->gr_mem; *member; member++)
            printf(" %s", *member);
        printf("\n");
    }
    rewind(file);
    struct group entry, *found;
    char room[100];
    fclose(file);
    TEXT(getgrgid(0)->gr_name);
    INT(getgrnam("root")->gr_gid);
    TRUTH(getgrnam("no such group"));
    CODE(getgrnam_r("root", &entry, room, sizeof room, &found));
    CODE(getgrgid_r(0, &entry, room, sizeof room, &found));
    CODE(getgrgid_r(123456, &entry, room, sizeof room, &found));
    TRUTH(found);
    VOID(setgrent());
    TEXT(getgrent()->gr_name);
    VOID(endgrent());
    gid_t list[10];
    int count = 10;
    TRUTH(getgrouplist("no such user", 77, list, &count) == 1);
    INT(list[0]);
    count = 0;
    TRUTH(getgrouplist("no such user", 77, list, &count) == -1);
    INT(count);
    TRUTH(initgroups("no such user", 0) == 0);
    TRUTH(getgroups(10, list) >= 0);
    INT(group_member(123456));
    INT(getgroups(-1, list));
}

static void shadows(void)
{
    section("shadow.h");
    FILE *file = with("root:$6$hash:19000:0:99999:7:::\nlocked:!:19000::::30:20000:5\nempty\n");
    for (struct spwd *s; (s = fgetspent(file));)
        printf("  %s %s %ld %ld %ld %ld %ld %ld %lu\n", s->sp_namp, s->sp_pwdp, s->sp_lstchg, s->sp_min, s->sp_max, s->sp_warn, s->sp_inact, s->sp_expire, s->sp_flag);
    fclose(file);
    struct spwd *s = sgetspent("a:b:1:2:3:4:5:6:7");
    TEXT(s->sp_namp);
    INT(s->sp_flag);
    struct spwd entry, *found;
    char room[100];
    TRUTH(getspnam("no such user"));
    CODE(getspnam_r("no such user", &entry, room, sizeof room, &found));
    VOID(setspent());
    TRUTH(getspent() || 1);
    VOID(endspent());
}

static void mounts(void)
{
    section("mntent.h");
    FILE *file = setmntent("/tmp/conformance/none", "r");
    TRUTH(file);
    fclose(with("# comment\n/dev/a / ext4 rw,size=5 0 1\nnone /with\\040space tmpfs defaults\n\n  tab\there\ttype\topts 3 4\nincomplete\n"));
    file = setmntent("/tmp/conformance/table", "r+");
    for (struct mntent *m; (m = getmntent(file));)
        printf("  %s|%s|%s|%s|%d|%d\n", m->mnt_fsname, m->mnt_dir, m->mnt_type, m->mnt_opts, m->mnt_freq, m->mnt_passno);
    struct mntent m = {"fs", "/a dir", "type", "rw,size=10,name", 1, 2}, entry;
    INT(addmntent(file, &m));
    rewind(file);
    char room[200];
    for (struct mntent *found; (found = getmntent_r(file, &entry, room, sizeof room));)
        printf("  %s|%s\n", found->mnt_fsname, found->mnt_dir);
    TEXT(hasmntopt(&m, "size"));
    TEXT(hasmntopt(&m, "name"));
    TEXT(hasmntopt(&m, "nam"));
    TEXT(hasmntopt(&m, "ize"));
    INT(endmntent(file));
    INT(endmntent(0));
}

static void terminals(void)
{
    section("ttyent.h");
    TRUTH(setttyent() == 0 || 1);
    TRUTH(getttynam("no such line"));
    TRUTH(getttyent() == NULL || 1);
    TRUTH(endttyent() || 1);
}

int main(void)
{
    setvbuf(stdout, 0, _IOLBF, 0);
    mkdir("/tmp/conformance", 0755);
    users();
    groups();
    more_groups();
    more_shadows();
    shadows();
    mounts();
    terminals();
    return 0;
}
