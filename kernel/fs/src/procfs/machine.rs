//! Files about the machine and the kernel.

use kcore::device::filesystem;
use kcore::sched::cpu_count;
use kcore::sync::Once;
use kcore::time::now;

use super::text::Text;

/// The release that `uname` gives too.
const RELEASE: &str = "6.1.0-specialize";

/// Frames of 4096 bytes: all, and free ones.
pub(super) fn frames() -> (u64, u64) {
    #[cfg(kernel)]
    {
        let (total, free) = kcore::memory::frames::totals();
        (total as u64, free as u64)
    }
    #[cfg(not(kernel))]
    (1 << 15, 1 << 14)
}

pub fn meminfo(text: &mut Text) {
    let (total, free) = frames();
    let lines = [
        ("MemTotal:", total),
        ("MemFree:", free),
        ("MemAvailable:", free),
        ("Buffers:", 0),
        ("Cached:", 0),
        ("SwapTotal:", 0),
        ("SwapFree:", 0),
    ];
    for (name, pages) in lines {
        text.put(name).padded(pages * 4, 24 - name.len()).put(" kB\n");
    }
    text.put("Hugepagesize:       2048 kB\n");
}

pub fn cpuinfo(text: &mut Text) {
    let vendor = hal::cpu::cpuid(0, 0);
    let mut brand = [0; 48];
    for (leaf, part) in (0x8000_0002..).zip(brand.chunks_mut(16)) {
        let it = hal::cpu::cpuid(leaf, 0);
        for (place, word) in part.chunks_mut(4).zip([it.eax, it.ebx, it.ecx, it.edx]) {
            place.copy_from_slice(&word.to_le_bytes());
        }
    }
    let end = brand.iter().position(|&byte| byte == 0).unwrap_or(brand.len());
    for index in 0..cpu_count() {
        text.put("processor\t: ").number(index as u64).put("\nvendor_id\t: ");
        for word in [vendor.ebx, vendor.edx, vendor.ecx] {
            text.put(word.to_le_bytes());
        }
        text.put("\nmodel name\t: ").put(brand.get(..end).unwrap_or_default());
        text.put("\nphysical id\t: 0\nsiblings\t: ").number(cpu_count() as u64);
        text.put("\ncore id\t\t: ").number(index as u64).put("\ncpu cores\t: ").number(cpu_count() as u64);
        text.put("\n\n");
    }
}

/// Hundredths of seconds since boot.
fn ticks() -> u64 {
    now().0 / 10_000_000
}

pub fn stat(text: &mut Text) {
    text.put("cpu  ").number(ticks()).put(" 0 0 0 0 0 0 0 0 0\n");
    for index in 0..cpu_count() {
        text.put("cpu").number(index as u64).put(" ").number(ticks()).put(" 0 0 0 0 0 0 0 0 0\n");
    }
    let (seconds, _) = kcore::time::realtime();
    text.put("btime ").number((seconds as u64).saturating_sub(ticks() / 100)).put("\nprocesses 1\n");
}

pub fn uptime(text: &mut Text) {
    text.hundredths(ticks()).put(" 0.00\n");
}

pub fn loadavg(text: &mut Text) {
    text.put("0.00 0.00 0.00 1/1 1\n");
}

pub fn version(text: &mut Text) {
    text.put("Linux version ").put(RELEASE).put(" (specialize)\n");
}

pub fn filesystems(text: &mut Text) {
    text.put("nodev\ttmpfs\n");
    for row in filesystem::rows() {
        text.put(if row.root_kind == Some(b"disk") { "\t" } else { "nodev\t" }).put(row.name).put("\n");
    }
}

pub fn cmdline(text: &mut Text) {
    #[cfg(kernel)]
    text.put(kcore::boot::info().command_line);
    text.put("\n");
}

pub fn osrelease(text: &mut Text) {
    text.put(RELEASE).put("\n");
}

pub fn ostype(text: &mut Text) {
    text.put("Linux\n");
}

pub fn hostname(text: &mut Text) {
    text.put("localhost\n");
}

pub fn pid_max(text: &mut Text) {
    text.put("32768\n");
}

/// A random UUID (RFC 9562, version 4).
fn write_uuid(text: &mut Text, high: u64, low: u64) {
    let high = high & !0xf000 | 0x4000;
    let low = low & !(3 << 62) | 2 << 62;
    text.hex(high >> 32, 8).put("-").hex(high >> 16, 4).put("-").hex(high, 4);
    text.put("-").hex(low >> 48, 4).put("-").hex(low, 12).put("\n");
}

pub fn uuid(text: &mut Text) {
    write_uuid(text, kcore::random::word(), kcore::random::word());
}

pub fn boot_id(text: &mut Text) {
    static BOOT: Once<(u64, u64)> = Once::new();
    let (high, low) = *BOOT.get_or_init(|| (kcore::random::word(), kcore::random::word()));
    write_uuid(text, high, low);
}

/// The highest hard limit of descriptors.
pub fn nr_open(text: &mut Text) {
    text.put("1048576\n");
}

/// Events that wait in an instance of inotify at most.
pub fn max_queued_events(text: &mut Text) {
    text.number(kcore::vfs::inotify::QUEUE_MAX as u64).put("\n");
}

/// What `sysconf(_SC_NGROUPS_MAX)` gives, too.
pub fn ngroups_max(text: &mut Text) {
    text.put("65536\n");
}

/// `CAP_CHECKPOINT_RESTORE`.
pub fn cap_last_cap(text: &mut Text) {
    text.put("40\n");
}

/// Bits of the pool, which is always full.
pub fn pool_size(text: &mut Text) {
    text.put("256\n");
}

/// Memory that is promised is counted.
pub fn overcommit(text: &mut Text) {
    text.put("2\n");
}

pub fn map_count(text: &mut Text) {
    text.put("65530\n");
}
