//! The one process: what it was started with, and how it ends.

use crate::console::{self, Part};
use crate::export::Exported;
use alloc::boxed::Box;
use alloc::vec::Vec;
use core::ffi::c_char;
use core::sync::atomic::{AtomicPtr, AtomicUsize, Ordering};

/// POSIX `environ` (and `__environ`, `_environ`). Here rather than in the C library because the
/// loader sets it before the first constructor runs.
#[macros::export]
#[allow(non_upper_case_globals, reason = "C variables keep their C names")]
pub static environ: Exported<*mut *mut c_char> = Exported::new(core::ptr::null_mut());

/// How the process ended, for the exit channel.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Ending {
    /// `exit` was called with this status; its low eight bits count.
    Exit(i32),
    /// This signal ended it.
    Signal(i32),
}

/// What the boot command line asked for.
#[derive(Default, Debug, PartialEq, Eq)]
pub struct Invocation {
    /// Path of the program and its arguments.
    pub arguments: Vec<Vec<u8>>,
    /// `NAME=value` strings.
    pub environment: Vec<Vec<u8>>,
    /// The options before `--` other than `env.NAME=value`, as `(key, value)`.
    pub options: Vec<(Vec<u8>, Vec<u8>)>,
}

impl Invocation {
    /// Reads a boot command line: `key=value … -- program arg …`.
    ///
    /// Words are separated by white space; `'…'`, `"…"` and `\` quote as in a shell. A command line
    /// without `--` has no program. `virtio_mmio.device=` words, which machines append at the very
    /// end to tell the kernel of devices, are no arguments.
    #[must_use]
    pub fn parse(line: &[u8]) -> Self {
        let mut invocation = Self::default();
        let mut words = words(line).into_iter();
        for word in words.by_ref() {
            if word == b"--" {
                break;
            }
            let split = word.iter().position(|&byte| byte == b'=').unwrap_or(word.len());
            let (key, value) = (&word[..split], word.get(split + 1..).unwrap_or(&[]));
            if key.starts_with(b"env.") {
                invocation.environment.push(word[4..].to_vec());
            } else {
                invocation.options.push((key.to_vec(), value.to_vec()));
            }
        }
        let machines = |word: &Vec<u8>| word.starts_with(b"virtio_mmio.device=");
        invocation.arguments = words.filter(|word| !machines(word)).collect();
        invocation
    }

    /// The value of an option; the last one counts.
    #[must_use]
    pub fn option(&self, key: &[u8]) -> Option<&[u8]> {
        self.options.iter().rev().find(|(name, _)| name == key).map(|(_, value)| &value[..])
    }
}

/// Splits a command line into words as a shell does, without expansions.
fn words(line: &[u8]) -> Vec<Vec<u8>> {
    let mut words = Vec::new();
    let mut word: Option<Vec<u8>> = None;
    let mut quote = 0;
    let mut bytes = line.iter().copied();
    while let Some(byte) = bytes.next() {
        match byte {
            0 => break,
            b'\'' | b'"' if quote == 0 => {
                quote = byte;
                word.get_or_insert_default();
            }
            _ if byte == quote => quote = 0,
            b'\\' if quote != b'\'' => {
                if let Some(escaped) = bytes.next() {
                    word.get_or_insert_default().push(escaped);
                }
            }
            b' ' | b'\t' | b'\n' | b'\r' if quote == 0 => words.extend(word.take()),
            _ => word.get_or_insert_default().push(byte),
        }
    }
    words.extend(word);
    words
}

static INVOCATION: AtomicPtr<Invocation> = AtomicPtr::new(core::ptr::null_mut());

/// Tells what the process is started with; done once, at boot.
pub fn set_invocation(invocation: Invocation) {
    INVOCATION.store(Box::into_raw(Box::new(invocation)), Ordering::Release);
}

/// What the process was started with, once that is known.
#[must_use]
pub fn invocation() -> Option<&'static Invocation> {
    // SAFETY: the pointer is null or came from `set_invocation`, which never frees.
    unsafe { INVOCATION.load(Ordering::Acquire).as_ref() }
}

/// The program's path and arguments.
#[must_use]
pub fn arguments() -> &'static [Vec<u8>] {
    invocation().map_or(&[], |invocation| &invocation.arguments)
}

/// The environment the program was started with, as `NAME=value`.
#[must_use]
pub fn environment() -> &'static [Vec<u8>] {
    invocation().map_or(&[], |invocation| &invocation.environment)
}

/// An option of the boot command line, such as `root` or `cwd`.
#[must_use]
pub fn option(key: &[u8]) -> Option<&'static [u8]> {
    invocation()?.option(key)
}

/// Rows in the table of ways to end the machine.
pub const POWER_OFF_ROWS: usize = 3;

/// A way to switch the machine off: a row of `table_poweroff`.
pub struct PowerOff {
    /// Switches it off; returns if that did not work.
    pub power_off: fn(),
}

#[cfg(kernel)]
unsafe extern "Rust" {
    /// Ways to end the machine, in order of preference.
    safe static table_poweroff: crate::table::Table<PowerOff, POWER_OFF_ROWS>;
}

/// Switches the machine off by the first way that works.
#[cfg(kernel)]
pub fn power_off() -> ! {
    for row in table_poweroff.rows() {
        (row.power_off)();
    }
    hal::cpu::halt_forever()
}

/// Ends the test program.
#[cfg(not(kernel))]
pub fn power_off() -> ! {
    std::process::exit(0)
}

/// Called before the machine ends; 0 before somebody asks for that.
static ON_END: AtomicUsize = AtomicUsize::new(0);
/// Signals that say that the program is broken: SIGILL, SIGTRAP, SIGABRT, SIGBUS, SIGFPE, SIGSEGV, SIGSYS.
const FAULTS: [i32; 7] = [4, 5, 6, 7, 8, 11, 31];

/// Lets `hook` be called, on the thread that ends the process, before the machine is switched off:
/// what was sent should get out. Not after a fault.
pub fn on_end(hook: fn()) {
    ON_END.store(hook as usize, Ordering::Release);
}

fn prepare(ending: Ending) {
    let hook = ON_END.load(Ordering::Acquire);
    if hook != 0 && !matches!(ending, Ending::Signal(signal) if FAULTS.contains(&signal)) {
        // SAFETY: a hook that is not 0 came from `on_end`.
        let hook: fn() = unsafe { core::mem::transmute(hook) };
        hook();
    }
}

/// Ends the process at once: tells the exit channel how, and switches the machine off.
///
/// The last bytes on the console are `RS` (0x1e) and a line feed after
/// `\x1especialize exit=N nonce=HEX`, or `signal=N` in place of `exit=N`.
pub fn end(ending: Ending) -> ! {
    prepare(ending);
    let (what, number) = match ending {
        Ending::Exit(status) => ("exit=", status & 0xff),
        Ending::Signal(signal) => ("signal=", signal),
    };
    console::message(&[
        Part::Text("\x1especialize "),
        Part::Text(what),
        Part::Decimal(u64::from(number.unsigned_abs())),
        Part::Text(" nonce="),
        Part::Bytes(option(b"nonce").unwrap_or(b"")),
        Part::Text("\x1e\n"),
    ]);
    power_off()
}

/// Ends the process at once with an exit status; its low eight bits count.
pub fn exit(status: i32) -> ! {
    end(Ending::Exit(status))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_command_line_is_options_then_program() {
        let line = br#"root=module env.A='x y' "cwd=/a b" tty=1 -- /bin/p 'one two' "" a\ b"#;
        let invocation = Invocation::parse(line);
        assert_eq!(invocation.option(b"root"), Some(&b"module"[..]));
        assert_eq!(invocation.option(b"cwd"), Some(&b"/a b"[..]));
        assert_eq!(invocation.option(b"none"), None);
        assert_eq!(invocation.environment, [b"A=x y".to_vec()]);
        let arguments: [&[u8]; 4] = [b"/bin/p", b"one two", b"", b"a b"];
        assert_eq!(invocation.arguments, arguments);
    }

    #[test]
    fn odd_command_lines_are_read_to_their_end() {
        assert_eq!(Invocation::parse(b""), Invocation::default());
        assert_eq!(Invocation::parse(b"-- 'open").arguments, [b"open".to_vec()]);
        assert_eq!(Invocation::parse(b"-- a\\").arguments, [b"a".to_vec()]);
        assert_eq!(Invocation::parse(b"root").option(b"root"), Some(&b""[..]));
    }
}
