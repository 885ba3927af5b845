//! scratch = ["/dev/shm/conformance", "/dev/shm/sem.conformance"]
// sys/mman.h and named semaphores: mappings, advice, shared memory objects.
#define _GNU_SOURCE
#include "check.h"
#include <fcntl.h>
#include <limits.h>
#include <semaphore.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

int main(void)
{
    setvbuf(stdout, 0, _IOLBF, 0);
    section("mmap");
    char *p = mmap(0, 8192, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    TRUTH(p != MAP_FAILED && (unsigned long)p % 4096 == 0);
    INT(p[8191]);
    TRUTH(mmap(0, 0, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0) == MAP_FAILED && errno == EINVAL);
    TRUTH(mmap(0, 4096, PROT_READ, MAP_ANONYMOUS, -1, 0) == MAP_FAILED && errno == EINVAL);
    TRUTH(mmap(0, 4096, PROT_READ, MAP_PRIVATE, -1, 0) == MAP_FAILED && errno == EBADF);
    TRUTH(mmap(0, 4096, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 5) == MAP_FAILED && errno == EINVAL);
    TRUTH(mmap(0, 1ul << 60, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0) == MAP_FAILED && errno == ENOMEM);
    TRUTH(mmap(p, 4096, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE, -1, 0) == MAP_FAILED && errno == EEXIST);
    INT(mprotect(p, 4096, PROT_READ));
    INT(mprotect(p + 1, 4096, PROT_READ));
    INT(mprotect(p, 4096, PROT_READ | PROT_WRITE));
    INT(madvise(p, 4096, MADV_DONTNEED));
    INT(madvise(p, 4096, MADV_WILLNEED));
    INT(madvise(p, 4096, 9999));
    INT(madvise(p + 1, 4096, MADV_NORMAL));
    CODE(posix_madvise(p, 4096, POSIX_MADV_RANDOM));
    CODE(posix_madvise(p, 4096, 9999));
    INT(msync(p, 4096, MS_SYNC));
    INT(msync(p, 4096, MS_SYNC | MS_ASYNC));
    INT(msync(p + 1, 4096, MS_SYNC));
    INT(mlock(p, 4096));
    INT(munlock(p, 4096));
    INT(mlock2(p, 4096, 0));
    INT(mlock2(p, 4096, 99));
    INT(mlockall(MCL_CURRENT));
    INT(mlockall(99));
    INT(munlockall());
    unsigned char there[2] = {9, 9};
    p[0] = 1;
    INT(mincore(p, 4096, there));
    INT(there[0] & 1);
    INT(mincore(p + 1, 4096, there));
    INT(munmap(p + 4096, 4096));
    INT(munmap(p, 0));
    INT(munmap(p + 1, 4096));
    INT(mincore(p + 4096, 4096, there));
    char *moved = mremap(p, 4096, 16384, MREMAP_MAYMOVE);
    TRUTH(moved != MAP_FAILED && moved[0] == 1 && moved[16383] == 0);
    TRUTH(mremap(moved, 16384, 0, 0) == MAP_FAILED);
    TRUTH(mremap(moved, 16384, 4096, 0) == moved);
    TRUTH(mremap(moved + 1, 4096, 4096, 0) == MAP_FAILED && errno == EINVAL);
    TRUTH(remap_file_pages(moved, 4096, 1, 0, 0) == -1);
    TRUTH(sbrk(0) != (void *)-1);
    char *end = sbrk(0);
    TRUTH(sbrk(4096) == end && sbrk(0) == end + 4096);
    INT(brk(end));
    TRUTH(sbrk(0) == end);
    section("shared memory objects");
    int fd = shm_open("/conformance", O_RDWR | O_CREAT | O_EXCL, 0600);
    TRUTH(fd > 2);
    INT(shm_open("/conformance", O_RDWR | O_CREAT | O_EXCL, 0600));
    INT(shm_open("/none", O_RDWR, 0));
    INT(shm_open("/a/b", O_RDWR | O_CREAT, 0600));
    INT(shm_open("/", O_RDWR | O_CREAT, 0600));
    INT(ftruncate(fd, 4096));
    int *first = mmap(0, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0), *second = mmap(0, 4096, PROT_READ, MAP_SHARED, fd, 0);
    *first = 42;
    INT(*second);
    struct stat status;
    INT(stat("/dev/shm/conformance", &status));
    INT(status.st_size);
    INT(fcntl(fd, F_GETFD));
    INT(shm_unlink("/conformance"));
    INT(shm_unlink("/conformance"));
    INT(*second);
    int anonymous = memfd_create("name", MFD_CLOEXEC);
    INT(write(anonymous, "abc", 3));
    INT(memfd_create("name", 0x8000));
    section("named semaphores");
    TRUTH(sem_open("/conformance", 0));
    INT(errno == ENOENT);
    sem_t *semaphore = sem_open("/conformance", O_CREAT | O_EXCL, 0600, 2);
    TRUTH(semaphore);
    TRUTH(sem_open("/conformance", O_CREAT | O_EXCL, 0600, 2));
    INT(errno == EEXIST);
    TRUTH(sem_open("/conformance", 0) == semaphore);
    TRUTH(sem_open("conformance", O_CREAT, 0600, 9) == semaphore);
    int value = -1;
    INT(sem_getvalue(semaphore, &value));
    INT(value);
    INT(sem_wait(semaphore));
    INT(sem_post(semaphore));
    INT(stat("/dev/shm/sem.conformance", &status));
    INT(status.st_size);
    INT(sem_close(semaphore));
    INT(sem_close(semaphore));
    INT(sem_close(semaphore));
    INT(sem_close(semaphore));
    INT(sem_unlink("/conformance"));
    INT(sem_unlink("/conformance"));
    TRUTH(sem_open("/conformance", O_CREAT, 0600, 0x80000000u));
    TRUTH(sem_open("/a/b", O_CREAT, 0600, 1));
    INT(errno);
    TRUTH(sem_open("", O_CREAT, 0600, 1));
    INT(errno);
    sem_t *unnamed = sem_open("/conformance", O_CREAT, 0600, 0);
    INT(sem_trywait(unnamed));
    INT(sem_unlink("/conformance"));
    INT(sem_post(unnamed));
    INT(sem_trywait(unnamed));
    INT(sem_close(unnamed));
    return 0;
}
