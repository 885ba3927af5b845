// dlopen, dlsym, dlclose, dladdr, dl_iterate_phdr; what a library finds and what is found in it.
#define _GNU_SOURCE
#include <dlfcn.h>
#include <link.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int from_program(int value) { return value * 2; }
int shadowed(void) { return 1; }

static const char *base(const char *path)
{
    const char *slash = path ? strrchr(path, '/') : NULL;
    return slash ? slash + 1 : path ? path : "(null)";
}

static int show(struct dl_phdr_info *info, size_t size, void *data)
{
    int *count = data;
    int loads = 0, dynamic = 0;
    for (int i = 0; i < info->dlpi_phnum; i++) {
        loads += info->dlpi_phdr[i].p_type == PT_LOAD;
        dynamic += info->dlpi_phdr[i].p_type == PT_DYNAMIC;
    }
    if (*count == 0)
        printf("first is the program: <%s>, size ok %d\n", info->dlpi_name, size >= sizeof(struct dl_phdr_info));
    if (strstr(info->dlpi_name, "libplugin"))
        printf("found the plugin: loads %d, dynamic %d\n", loads > 0, dynamic);
    ++*count;
    return 0;
}

static int stop(struct dl_phdr_info *info, size_t size, void *data)
{
    (void)info, (void)size;
    ++*(int *)data;
    return 42;
}

static void error_of(const char *what)
{
    const char *error = dlerror();
    printf("%s: %s\n", what, error ? "an error" : "no error");
}

int main(int argc, char **argv)
{
    setvbuf(stdout, NULL, _IOLBF, 0);
    (void)argc, (void)argv;
    void *missing = dlopen("libnosuch.so.9", RTLD_LAZY);
    const char *error = dlerror();
    printf("missing: %d, names it %d\n", missing == NULL, error && strstr(error, "libnosuch.so.9") != NULL);
    error_of("asked once");

    printf("not loaded yet: %d\n", dlopen("libplugin.so", RTLD_LAZY | RTLD_NOLOAD) == NULL);
    dlerror();
    void *plugin = dlopen("libplugin.so", RTLD_LAZY);
    if (!plugin) {
        printf("cannot open: %s\n", dlerror());
        return 1;
    }
    printf("loaded now: %d\n", dlopen("libplugin.so", RTLD_LAZY | RTLD_NOLOAD) == plugin);
    dlclose(plugin);

    int (*add)(int, int) = (int (*)(int, int))dlsym(plugin, "plugin_add");
    printf("2 + 3 = %d\n", add(2, 3));
    int *variable = dlsym(plugin, "plugin_number");
    printf("number %d\n", (*variable)++);
    int (*number)(void) = (int (*)(void))dlsym(plugin, "plugin_read_number");
    printf("number %d\n", number());
    int (*calls)(int) = (int (*)(int))dlsym(plugin, "plugin_calls_program");
    printf("calls back: %d\n", calls(21));
    int (*which)(void) = (int (*)(void))dlsym(plugin, "plugin_shadowed");
    printf("the program's definition comes first: %d\n", which());
    int (*indirect)(void) = (int (*)(void))dlsym(plugin, "plugin_indirect");
    printf("chosen at load: %d\n", indirect());
    const char *(*uses_dependency)(void) = (const char *(*)(void))dlsym(plugin, "plugin_dependency");
    printf("its dependency: %s\n", uses_dependency());
    printf("seen through the handle: %d\n", dlsym(plugin, "dependency_text") != NULL);

    printf("no such symbol: %d\n", dlsym(plugin, "no_such_symbol") == NULL);
    error_of("no such symbol");
    printf("not global: %d\n", dlsym(RTLD_DEFAULT, "plugin_add") == NULL);
    dlerror();
    printf("the program's own: %d\n", dlsym(RTLD_DEFAULT, "from_program") == (void *)from_program);
    printf("libc's: %d\n", dlsym(RTLD_DEFAULT, "strlen") != NULL);
    size_t (*length)(const char *) = (size_t (*)(const char *))dlsym(RTLD_DEFAULT, "strlen");
    printf("libc's works: %zu\n", length("twelve chars"));
    void *self = dlopen(NULL, RTLD_NOW);
    printf("through the program: %d\n", dlsym(self, "from_program") == (void *)from_program);
    printf("with a version: %d\n", dlvsym(RTLD_DEFAULT, "strlen", "GLIBC_2.2.5") != NULL);
    printf("with a wrong version: %d\n", dlvsym(RTLD_DEFAULT, "strlen", "GLIBC_9.9") == NULL);
    dlerror();

    Dl_info info;
    printf("dladdr %d", dladdr((void *)add, &info));
    printf(" in %s: %s, at its start %d\n", base(info.dli_fname), info.dli_sname, info.dli_saddr == (void *)add);
    printf("dladdr inside %d", dladdr((char *)(void *)add + 1, &info));
    printf(" %s\n", info.dli_sname);
    printf("dladdr of the program %d", dladdr((void *)from_program, &info));
    printf(" %s\n", info.dli_sname);
    printf("dladdr of the stack %d\n", dladdr(&info, &info));
    struct link_map *map;
    printf("link map %d", dlinfo(plugin, RTLD_DI_LINKMAP, &map));
    printf(" %s\n", base(map->l_name));

    int count = 0;
    dl_iterate_phdr(show, &count);
    printf("objects: %d\n", count >= 2);
    count = 0;
    printf("stops at %d", dl_iterate_phdr(stop, &count));
    printf(" after %d\n", count);

    printf("close %d\n", dlclose(plugin));
    printf("gone: %d\n", dlopen("libplugin.so", RTLD_LAZY | RTLD_NOLOAD) == NULL);
    plugin = dlopen("libplugin.so", RTLD_NOW | RTLD_LOCAL | RTLD_NODELETE);
    variable = dlsym(plugin, "plugin_number");
    printf("fresh: %d\n", *variable);
    *variable = 5;
    dlclose(plugin);
    plugin = dlopen("libplugin.so", RTLD_NOW);
    variable = dlsym(plugin, "plugin_number");
    printf("kept: %d\n", *variable);
    void *global = dlopen("libplugin.so", RTLD_NOW | RTLD_GLOBAL);
    printf("the same: %d, global now: %d\n", global == plugin, dlsym(RTLD_DEFAULT, "plugin_number") == variable);
    puts("end of main");
    return 0;
}
