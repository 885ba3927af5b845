//! The machine's tables. Their order is the order in which rows are tried.

use kcore::boot::{self, pvh};
use kcore::irq::lapic;
use kcore::power_button::{self, PowerButton};
use kcore::poweroff;
use kcore::process::PowerOff;
use kcore::table::Table;
use kcore::time::{self, kvmclock, tsc};

/// Boot protocols.
#[unsafe(no_mangle)]
#[allow(non_upper_case_globals, reason = "the name that kernel.toml gives the table")]
pub static table_boot: Table<boot::Row, { boot::ROWS }> = Table::new([Some(&pvh::PVH), None, None]);

/// Ways to the local interrupt controller.
#[unsafe(no_mangle)]
#[allow(non_upper_case_globals, reason = "the name that kernel.toml gives the table")]
pub static table_interrupt: Table<lapic::Access, { lapic::ROWS }> =
    Table::new([Some(&lapic::X2APIC), Some(&lapic::XAPIC)]);

/// Clocks.
#[unsafe(no_mangle)]
#[allow(non_upper_case_globals, reason = "the name that kernel.toml gives the table")]
pub static table_clock: Table<time::Row, { time::ROWS }> =
    Table::new([Some(&kvmclock::KVMCLOCK), Some(&tsc::TSC)]);

/// Ways to switch the machine off.
#[unsafe(no_mangle)]
#[allow(non_upper_case_globals, reason = "the name that kernel.toml gives the table")]
pub static table_poweroff: Table<PowerOff, 3> =
    Table::new([Some(&poweroff::ACPI), Some(&poweroff::I8042_RESET), Some(&poweroff::TRIPLE_FAULT)]);

/// Power buttons.
#[unsafe(no_mangle)]
#[allow(non_upper_case_globals, reason = "the name that kernel.toml gives the table")]
pub static table_power_button: Table<PowerButton, { power_button::ROWS }> =
    Table::new([Some(&power_button::FIXED_POWER_BUTTON), Some(&power_button::GENERIC_POWER_BUTTON)]);
