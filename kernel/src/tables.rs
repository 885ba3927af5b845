//! The tables, one line a row. Their order is the order in which rows are tried.

use kcore::table::Table;
use libc::stdio::{printf, scanf};
use libc::sys_syscall;

/// Parts of printf that a program may do without.
#[unsafe(no_mangle)]
#[allow(non_upper_case_globals, reason = "the name that kernel.toml gives the table")]
pub static table_printf_conversion: Table<printf::Conversion, 4> =
    Table::new([Some(&printf::FLOAT), Some(&printf::WIDE), Some(&printf::POSITIONAL), Some(&printf::ERROR)]);

/// Parts of scanf that a program may do without.
#[unsafe(no_mangle)]
#[allow(non_upper_case_globals, reason = "the name that kernel.toml gives the table")]
pub static table_scanf_conversion: Table<scanf::Conversion, 2> =
    Table::new([Some(&scanf::FLOAT), Some(&scanf::WIDE)]);

/// The system calls that `syscall` knows.
#[unsafe(no_mangle)]
#[allow(non_upper_case_globals, reason = "the name that kernel.toml gives the table")]
pub static table_syscall: Table<sys_syscall::Row, 50> = Table::new([
    Some(&sys_syscall::READ_0),
    Some(&sys_syscall::WRITE_1),
    Some(&sys_syscall::CLOSE_3),
    Some(&sys_syscall::LSEEK_8),
    Some(&sys_syscall::MMAP_9),
    Some(&sys_syscall::MPROTECT_10),
    Some(&sys_syscall::MUNMAP_11),
    Some(&sys_syscall::RT_SIGPROCMASK_14),
    Some(&sys_syscall::PREAD64_17),
    Some(&sys_syscall::PWRITE64_18),
    Some(&sys_syscall::SCHED_YIELD_24),
    Some(&sys_syscall::MADVISE_28),
    Some(&sys_syscall::NANOSLEEP_35),
    Some(&sys_syscall::GETPID_39),
    Some(&sys_syscall::FORK_57),
    Some(&sys_syscall::VFORK_58),
    Some(&sys_syscall::EXECVE_59),
    Some(&sys_syscall::EXIT_60),
    Some(&sys_syscall::WAIT4_61),
    Some(&sys_syscall::KILL_62),
    Some(&sys_syscall::GETTIMEOFDAY_96),
    Some(&sys_syscall::GETRUSAGE_98),
    Some(&sys_syscall::GETUID_102),
    Some(&sys_syscall::GETGID_104),
    Some(&sys_syscall::GETEUID_107),
    Some(&sys_syscall::GETEGID_108),
    Some(&sys_syscall::CAPGET_125),
    Some(&sys_syscall::CAPSET_126),
    Some(&sys_syscall::PRCTL_157),
    Some(&sys_syscall::ARCH_PRCTL_158),
    Some(&sys_syscall::GETTID_186),
    Some(&sys_syscall::FUTEX_202),
    Some(&sys_syscall::SCHED_SETAFFINITY_203),
    Some(&sys_syscall::SCHED_GETAFFINITY_204),
    Some(&sys_syscall::GETDENTS64_217),
    Some(&sys_syscall::CLOCK_GETTIME_228),
    Some(&sys_syscall::CLOCK_GETRES_229),
    Some(&sys_syscall::CLOCK_NANOSLEEP_230),
    Some(&sys_syscall::EXIT_GROUP_231),
    Some(&sys_syscall::TGKILL_234),
    Some(&sys_syscall::OPENAT_257),
    Some(&sys_syscall::PRLIMIT64_302),
    Some(&sys_syscall::GETCPU_309),
    Some(&sys_syscall::RENAMEAT2_316),
    Some(&sys_syscall::GETRANDOM_318),
    Some(&sys_syscall::MEMFD_CREATE_319),
    Some(&sys_syscall::MEMBARRIER_324),
    Some(&sys_syscall::COPY_FILE_RANGE_326),
    Some(&sys_syscall::STATX_332),
    Some(&sys_syscall::CLOSE_RANGE_436),
]);
