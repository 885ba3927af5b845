// A plugin for QEMU's translator that counts the instructions a guest has executed since it first came to an
// address, into a file: a number of 64 bits that others may map and read meanwhile. One processor.
// `-plugin libcount.so,count=PATH,from=ADDRESS`
// Declarations as QEMU's plugin API, version 1, has them.
#include <fcntl.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

struct qemu_plugin_tb;
size_t qemu_plugin_tb_n_insns(const struct qemu_plugin_tb *block);
uint64_t qemu_plugin_tb_vaddr(const struct qemu_plugin_tb *block);
void qemu_plugin_register_vcpu_tb_exec_cb(struct qemu_plugin_tb *block, void (*executed)(unsigned, void *),
                                          int registers, void *data);
void qemu_plugin_register_vcpu_tb_trans_cb(uint64_t id, void (*translated)(uint64_t, struct qemu_plugin_tb *));
void qemu_plugin_register_vcpu_tb_exec_inline(struct qemu_plugin_tb *block, int add, void *to, uint64_t value);

int qemu_plugin_version = 1;
static uint64_t *counter;
static uint64_t from;
static int begun;

static void executed(unsigned processor, void *data)
{
    if (!begun)
        *counter = 0;
    begun = 1;
}

static void translated(uint64_t id, struct qemu_plugin_tb *block)
{
    if (!begun && qemu_plugin_tb_vaddr(block) == from)
        qemu_plugin_register_vcpu_tb_exec_cb(block, executed, 0, NULL);
    qemu_plugin_register_vcpu_tb_exec_inline(block, 0, counter, qemu_plugin_tb_n_insns(block));
}

int qemu_plugin_install(uint64_t id, const void *info, int count, char **arguments)
{
    if (count != 2 || strncmp(arguments[0], "count=", 6) != 0 || strncmp(arguments[1], "from=", 5) != 0)
        return 1;
    from = strtoull(arguments[1] + 5, NULL, 0);
    int file = open(arguments[0] + 6, O_RDWR | O_CREAT | O_TRUNC, 0600);
    if (file < 0 || ftruncate(file, sizeof *counter) != 0)
        return 1;
    counter = mmap(NULL, sizeof *counter, PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
    close(file);
    if (counter == MAP_FAILED)
        return 1;
    qemu_plugin_register_vcpu_tb_trans_cb(id, translated);
    return 0;
}
