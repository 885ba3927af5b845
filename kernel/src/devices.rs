//! The tables of devices and file systems, one line a row, in the order in which rows are tried.

use kcore::console::{self, InputRow};
use kcore::device::block::{self, BlockDriver};
use kcore::device::bus::{self, Bus};
use kcore::device::filesystem::{self, FileSystem};
use kcore::device::net::{self, NicDriver};
use kcore::device::random::{self, Entropy};
use kcore::table::Table;

/// Consoles that send.
#[unsafe(no_mangle)]
#[allow(non_upper_case_globals, reason = "the name that kernel.toml gives the table")]
pub static table_console: Table<console::Row, { console::ROWS }> =
    Table::new([Some(&drivers::uart16550::UART16550), Some(&drivers::virtio_console::VIRTIO_CONSOLE), None]);

/// Consoles that receive.
#[unsafe(no_mangle)]
#[allow(non_upper_case_globals, reason = "the name that kernel.toml gives the table")]
pub static table_console_input: Table<InputRow, { console::ROWS }> = Table::new([
    Some(&drivers::uart16550::UART16550_INPUT),
    Some(&drivers::virtio_console::VIRTIO_CONSOLE_INPUT),
    None,
]);

/// Buses that virtio devices are found on.
#[unsafe(no_mangle)]
#[allow(non_upper_case_globals, reason = "the name that kernel.toml gives the table")]
pub static table_bus: Table<Bus, { bus::ROWS }> =
    Table::new([Some(&drivers::virtio_mmio::VIRTIO_MMIO), Some(&drivers::pci::PCI)]);

/// Disks.
#[unsafe(no_mangle)]
#[allow(non_upper_case_globals, reason = "the name that kernel.toml gives the table")]
pub static table_block: Table<BlockDriver, { block::ROWS }> =
    Table::new([Some(&drivers::virtio_blk::VIRTIO_BLK)]);

/// Network cards.
#[unsafe(no_mangle)]
#[allow(non_upper_case_globals, reason = "the name that kernel.toml gives the table")]
pub static table_net: Table<NicDriver, { net::ROWS }> =
    Table::new([Some(&drivers::virtio_net::VIRTIO_NET), None]);

/// Sources of entropy.
#[unsafe(no_mangle)]
#[allow(non_upper_case_globals, reason = "the name that kernel.toml gives the table")]
pub static table_rng: Table<Entropy, { random::ROWS }> =
    Table::new([Some(&drivers::virtio_rng::VIRTIO_RNG), None]);

/// File systems: three roots, and what is mounted on them.
#[unsafe(no_mangle)]
#[allow(non_upper_case_globals, reason = "the name that kernel.toml gives the table")]
pub static table_filesystem: Table<FileSystem, { filesystem::ROWS }> = Table::new([
    Some(&fs::rofs::ROFS_MODULE),
    Some(&fs::rofs::ROFS_DISK),
    Some(&fs::ramfs::RAMFS),
    Some(&fs::devfs::DEVFS),
    Some(&fs::devpts::DEVPTS),
    Some(&fs::absent::NO_PROCFS),
    Some(&fs::procfs::PROCFS),
]);
