//! What the application asked to be done on each signal.

use super::{LAST, bit};
use crate::sync::SpinLock;

/// `SIG_DFL`.
pub const DEFAULT: usize = 0;
/// `SIG_IGN`.
pub const IGNORE: usize = 1;

/// `SA_SIGINFO`: the handler takes three arguments.
pub const SIGINFO: u32 = 4;
/// `SA_ONSTACK`.
pub const ON_STACK: u32 = 0x0800_0000;
/// `SA_RESTART`.
pub const RESTART: u32 = 0x1000_0000;
/// `SA_NODEFER`.
pub const NO_DEFER: u32 = 0x4000_0000;
/// `SA_RESETHAND`.
pub const RESET: u32 = 0x8000_0000;

/// An action.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Action {
    /// A function's address, [`DEFAULT`] or [`IGNORE`].
    pub handler: usize,
    /// `SA_…`.
    pub flags: u32,
    /// Signals that are blocked while the handler runs.
    pub mask: u64,
}

/// One word each, so that the table is small until it is used.
static ACTIONS: [SpinLock<Action>; LAST as usize] =
    [const { SpinLock::new(Action { handler: DEFAULT, flags: 0, mask: 0 }) }; LAST as usize];

/// The action of a signal from 1 to [`LAST`].
#[must_use]
pub fn get(signal: i32) -> Action {
    *ACTIONS[(signal as usize - 1) & 63].lock()
}

/// Sets the action of a signal from 1 to [`LAST`]; gives the old one.
pub fn set(signal: i32, action: Action) -> Action {
    super::engage();
    core::mem::replace(&mut *ACTIONS[(signal as usize - 1) & 63].lock(), action)
}

/// Takes a handler that has [`RESET`] away again, as it is called.
pub fn take(signal: i32) -> Action {
    let mut action = ACTIONS[(signal as usize - 1) & 63].lock();
    let old = *action;
    if old.flags & RESET != 0 {
        action.handler = DEFAULT;
    }
    old
}

/// SIGCHLD, SIGURG and SIGWINCH do nothing by default.
const IGNORED: u64 = bit(17) | bit(23) | bit(28);
/// SIGSTOP, SIGTSTP, SIGTTIN, SIGTTOU stop a process, SIGCONT continues it. There is nobody who
/// would continue the only process of a machine, so they do nothing here.
const STOPPING: u64 = bit(18) | bit(19) | bit(20) | bit(21) | bit(22);

/// Whether the default action of a signal ends the process.
#[must_use]
pub fn is_fatal(signal: i32) -> bool {
    (IGNORED | STOPPING) & bit(signal) == 0
}

/// Whether a signal that comes now has no effect.
#[must_use]
pub fn is_ignored(signal: i32) -> bool {
    match get(signal).handler {
        IGNORE => true,
        DEFAULT => !is_fatal(signal),
        _ => false,
    }
}
