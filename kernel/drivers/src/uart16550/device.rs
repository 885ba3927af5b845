//! Registers and the two rows.

use core::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use hal::port;
use kcore::console::{Input, InputRow, Output, Row};
use kcore::irq;

/// Console output on COM1.
pub static UART16550: Row = Row { probe };
/// Console input from COM1.
pub static UART16550_INPUT: InputRow = InputRow { probe: listen };

const BASE: u16 = 0x3f8;
/// Receive and transmit; with the divisor latch open, the divisor's low byte.
const DATA: u16 = BASE;
/// Interrupt enable; with the divisor latch open, the divisor's high byte.
const INTERRUPTS: u16 = BASE + 1;
const FIFO_CONTROL: u16 = BASE + 2;
const LINE_CONTROL: u16 = BASE + 3;
const MODEM_CONTROL: u16 = BASE + 4;
const LINE_STATUS: u16 = BASE + 5;
const SCRATCH: u16 = BASE + 7;

/// Line status: a byte has come in.
const RECEIVED: u8 = 1;
/// Line status: the transmitter can take a FIFO's worth.
const EMPTY: u8 = 1 << 5;
/// Bytes in the transmit FIFO.
const FIFO: usize = 16;
/// Looks at the line status before a byte is given up: a port that hangs must not hang the kernel.
const PATIENCE: u32 = 1 << 22;

static READY: AtomicBool = AtomicBool::new(false);
static ARRIVED: AtomicUsize = AtomicUsize::new(0);

struct Uart;

fn write(register: u16, value: u8) {
    // SAFETY: COM1's registers are this driver's.
    unsafe { port::write8(register, value) }
}

fn read(register: u16) -> u8 {
    // SAFETY: COM1's registers are this driver's.
    unsafe { port::read8(register) }
}

/// Finds the port and sets it up, once.
fn probe() -> Option<&'static dyn Output> {
    if !READY.load(Ordering::Acquire) {
        write(SCRATCH, 0x5a);
        if read(SCRATCH) != 0x5a || read(LINE_STATUS) == 0xff {
            return None;
        }
        write(INTERRUPTS, 0);
        // 115200 baud, 8 bits, no parity, one stop bit.
        write(LINE_CONTROL, 0x83);
        write(DATA, 1);
        write(INTERRUPTS, 0);
        write(LINE_CONTROL, 0x03);
        // Both FIFOs on and empty, an interrupt with every byte.
        write(FIFO_CONTROL, 0x07);
        // Data terminal ready, request to send, and the interrupt line connected.
        write(MODEM_CONTROL, 0x0b);
        READY.store(true, Ordering::Release);
    }
    Some(&Uart)
}

impl Output for Uart {
    fn write(&self, bytes: &[u8]) {
        for chunk in bytes.chunks(FIFO) {
            let mut patience = PATIENCE;
            while read(LINE_STATUS) & EMPTY == 0 {
                patience -= 1;
                if patience == 0 {
                    return;
                }
                hal::cpu::pause();
            }
            chunk.iter().for_each(|&byte| write(DATA, byte));
        }
    }
}

fn interrupt(_data: usize) {
    let arrived = ARRIVED.load(Ordering::Acquire);
    if arrived != 0 {
        // SAFETY: only `listen` stores here, and it stores a function of this type.
        let arrived: fn() = unsafe { core::mem::transmute(arrived) };
        arrived();
    }
}

/// Connects the receive interrupt; none if it cannot arrive.
fn listen(arrived: fn()) -> Option<&'static dyn Input> {
    probe()?;
    ARRIVED.store(arrived as usize, Ordering::Release);
    let vector = irq::allocate_vector(interrupt, 0).ok()?;
    let (gsi, trigger) = irq::isa_gsi(4);
    irq::route_gsi(gsi, vector, trigger).ok()?;
    write(INTERRUPTS, 1);
    Some(&Uart)
}

impl Input for Uart {
    fn read(&self, buffer: &mut [u8]) -> usize {
        let mut count = 0;
        for place in buffer {
            let status = read(LINE_STATUS);
            if status == 0xff || status & RECEIVED == 0 {
                break;
            }
            *place = read(DATA);
            count += 1;
        }
        count
    }
}
