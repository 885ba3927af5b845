//! The power button: asks the program to end, by SIGTERM.
//!
//! Where it is, a row of `table_power_button` knows. The rows are there for programs that handle
//! signals or serve a network; the others' machine is just stopped. Only rows refer to what a press
//! does, so that it goes with them.

use core::sync::atomic::{AtomicBool, Ordering};

use crate::signal::{self, FROM_KERNEL, Info, queue};
use crate::sync::WaitQueue;
use crate::table::Table;

/// Rows in the table of power buttons.
pub const ROWS: usize = 2;

/// A kind of power button.
pub struct PowerButton {
    /// Finds it, and lets it end the program from now on; false if there is none.
    pub watch: fn() -> bool,
}

unsafe extern "Rust" {
    /// Kinds of power buttons, in order of preference.
    safe static table_power_button: Table<PowerButton, ROWS>;
}

/// Lets the button end the program from now on, if there is a button and a row that knows it.
pub fn watch() {
    let _ = table_power_button.rows().any(|row| (row.watch)());
}

/// Whether the button was pressed since the service looked last.
static PRESSED: AtomicBool = AtomicBool::new(false);
static WAITING: WaitQueue = WaitQueue::new();
const SIGTERM: i32 = 15;

fn pressed() {
    PRESSED.store(true, Ordering::Release);
    WAITING.wake_one();
}

unsafe extern "C-unwind" fn serve(_argument: usize) -> ! {
    loop {
        WAITING.wait_uninterruptible(|| PRESSED.swap(false, Ordering::AcqRel).then_some(()));
        signal::engage();
        // Where so many signals wait, one of them will do.
        let _ = queue::send(None, Info::own(SIGTERM, FROM_KERNEL));
    }
}

mod rows {
    use super::{PowerButton, pressed, serve};
    use crate::acpi::button::{Fixed, Generic};
    use crate::signal::timer;
    use crate::sync::Once;
    use crate::{acpi, irq, memory};
    use hal::mem::PhysAddr;
    use hal::mmio::read32;
    use hal::port::{read16, write16};

    static FIXED: Once<Fixed> = Once::new();
    static GENERIC: Once<Register> = Once::new();

    /// The mapped register of an event device.
    struct Register(*const u32);

    // SAFETY: a device's register, read by the one handler.
    unsafe impl Send for Register {}
    // SAFETY: as above.
    unsafe impl Sync for Register {}

    /// ACPI's fixed hardware.
    pub static FIXED_POWER_BUTTON: PowerButton = PowerButton { watch: || fixed().is_some() };

    fn fixed() -> Option<()> {
        let table = acpi::table(b"FACP")?;
        let button = Fixed::of_table(table)?;
        crate::poweroff::switch_acpi_on(table)?;
        let button = FIXED.get_or_init(|| button);
        let vector = irq::allocate_vector(fixed_interrupt, 0).ok()?;
        let (gsi, trigger) = irq::isa_gsi(button.line);
        irq::route_gsi(gsi, vector, trigger).ok()?;
        // SAFETY: the ports of power management are the kernel's.
        unsafe {
            write16(button.status, Fixed::PRESSED);
            write16(button.enable, Fixed::PRESSED);
        }
        timer::start_service(serve).ok()
    }

    fn fixed_interrupt(_data: usize) {
        let Some(button) = FIXED.get() else { return };
        // SAFETY: as above.
        unsafe {
            if read16(button.status) & Fixed::PRESSED == 0 {
                return;
            }
            write16(button.status, Fixed::PRESSED);
        }
        pressed();
    }

    /// The generic event device of machines with reduced hardware.
    pub static GENERIC_POWER_BUTTON: PowerButton = PowerButton { watch: || generic().is_some() };

    fn generic() -> Option<()> {
        let button = Generic::of_code(acpi::definition_block()?)?;
        let register = memory::map_device(PhysAddr(button.register), 4)?;
        let found = GENERIC.get_or_init(|| Register(register.cast()));
        let vector = irq::allocate_vector(generic_interrupt, 0).ok()?;
        irq::route_gsi(button.interrupt, vector, button.trigger).ok()?;
        // SAFETY: the device's register; what was there before is of no interest.
        let _ = unsafe { read32(found.0) };
        timer::start_service(serve).ok()
    }

    fn generic_interrupt(_data: usize) {
        let Some(button) = GENERIC.get() else { return };
        // SAFETY: the device's register.
        if unsafe { read32(button.0) } & Generic::PRESSED != 0 {
            pressed();
        }
    }
}
pub use rows::{FIXED_POWER_BUTTON, GENERIC_POWER_BUTTON};
