//! Where `%s`, `%c` and `%[` put what they read: the caller's array, or memory that grows (`%m`).

use super::{Engine, Spec, Stopped};
use crate::stdio::system;

/// Characters that are allocated at first.
const FIRST: usize = 100;

/// A destination of bytes or of wide characters.
pub struct Target {
    at: *mut u8,
    count: usize,
    room: usize,
    /// Bytes of one element: 1 or 4.
    unit: usize,
    /// For `%m`: where the address of the memory goes.
    pointer: *mut *mut u8,
    suppressed: bool,
}

impl Target {
    /// The target of a specification; takes its argument.
    pub fn new(engine: &mut Engine<'_>, spec: &Spec, unit: usize) -> Result<Self, Stopped> {
        let mut target = Self {
            at: core::ptr::null_mut(),
            count: 0,
            room: usize::MAX,
            unit,
            pointer: core::ptr::null_mut(),
            suppressed: spec.suppressed,
        };
        if spec.suppressed {
            return Ok(target);
        }
        let argument = engine.argument(spec);
        if spec.allocated {
            target.pointer = argument.cast();
            target.room = 0;
            target.grow(FIRST.min(spec.width.saturating_add(1)))?;
        } else {
            target.at = argument;
        }
        Ok(target)
    }

    fn grow(&mut self, room: usize) -> Result<(), Stopped> {
        // SAFETY: the memory is the allocator's, or null.
        let memory = unsafe { system::reallocate(self.at, room.saturating_mul(self.unit)) };
        if memory.is_null() {
            self.discard();
            return Err(Stopped::Memory);
        }
        self.at = memory;
        self.room = room;
        Ok(())
    }

    /// Stores an element.
    pub fn put(&mut self, value: u32) -> Result<(), Stopped> {
        if self.suppressed {
            return Ok(());
        }
        if self.count == self.room {
            self.grow(self.room * 2)?;
        }
        // SAFETY: there is room, by the caller's promise or by `grow`.
        unsafe {
            if self.unit == 1 {
                self.at.add(self.count).write(value as u8);
            } else {
                self.at.cast::<u32>().add(self.count).write(value);
            }
        }
        self.count += 1;
        Ok(())
    }

    /// Ends it, with a NUL if it is a string, and hands memory that grew to the caller.
    pub fn finish(mut self, string: bool) -> Result<(), Stopped> {
        if string {
            self.put(0)?;
        }
        if !self.pointer.is_null() {
            // SAFETY: the caller's pointer; a failure to shrink changes nothing.
            unsafe {
                let exact = system::reallocate(self.at, (self.count * self.unit).max(1));
                self.pointer.write(if exact.is_null() { self.at } else { exact });
            }
        }
        Ok(())
    }

    /// Gives back memory that grew: nothing was read.
    pub fn discard(&mut self) {
        if !self.pointer.is_null() {
            // SAFETY: the caller's pointer, and memory of the allocator's.
            unsafe {
                system::release(self.at);
                self.pointer.write(core::ptr::null_mut());
            }
            self.pointer = core::ptr::null_mut();
        }
    }
}
