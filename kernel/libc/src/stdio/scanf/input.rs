//! The narrow scanf functions: each a source and the engine.

use core::ffi::{c_char, c_int};

use macros::export;

use super::{Dialect, END, Source, scan};
use crate::number::cursor::Cursor;
use crate::stdio::arguments::{VaList, list};
use crate::stdio::file::{FILE, Locked, standard_input};
use crate::stdio::read::{get_byte, push_back};
use crate::stdio::write::{EOF, orient_bytes};

impl Source for FILE {
    fn next(&mut self) -> u32 {
        match get_byte(self) {
            EOF => END,
            byte => byte.cast_unsigned(),
        }
    }

    fn back(&mut self, unit: u32) {
        push_back(self, unit as u8);
    }
}

/// A string; its NUL is the end.
pub(super) struct Text(pub(super) Cursor);

impl Source for Text {
    fn next(&mut self) -> u32 {
        match self.0.peek() {
            0 => END,
            unit => {
                self.0.skip();
                unit
            }
        }
    }

    fn back(&mut self, _: u32) {
        self.0.back();
    }
}

unsafe fn from_stream(
    file: *mut FILE,
    format: *const c_char,
    arguments: *mut VaList,
    dialect: Dialect,
) -> c_int {
    // SAFETY: the contract of `vfscanf`.
    unsafe {
        let mut file = Locked::new(file);
        if !orient_bytes(&mut file) {
            return -1;
        }
        scan(&mut *file, Cursor::narrow(format), arguments, dialect)
    }
}

unsafe fn from_text(
    text: *const c_char,
    format: *const c_char,
    arguments: *mut VaList,
    dialect: Dialect,
) -> c_int {
    // SAFETY: the contract of `vsscanf`.
    unsafe { scan(&mut Text(Cursor::narrow(text)), Cursor::narrow(format), arguments, dialect) }
}

macro_rules! family {
    ($dialect:expr, $about:literal, $scanf:ident $vscanf:ident $fscanf:ident $vfscanf:ident $sscanf:ident $vsscanf:ident) => {
        #[doc = concat!("Reads from `stdin`", $about)]
        #[export(cancellable)]
        pub unsafe extern "C" fn $scanf(format: *const c_char, mut arguments: ...) -> c_int {
            // SAFETY: the caller's contract.
            unsafe { from_stream(standard_input(), format, list!(arguments), $dialect) }
        }

        #[doc = concat!("Reads from `stdin`", $about)]
        #[export(cancellable)]
        pub unsafe extern "C" fn $vscanf(format: *const c_char, arguments: *mut VaList) -> c_int {
            // SAFETY: the caller's contract.
            unsafe { from_stream(standard_input(), format, arguments, $dialect) }
        }

        #[doc = concat!("Reads from a stream", $about)]
        #[export(cancellable)]
        pub unsafe extern "C" fn $fscanf(
            file: *mut FILE,
            format: *const c_char,
            mut arguments: ...
        ) -> c_int {
            // SAFETY: the caller's contract.
            unsafe { from_stream(file, format, list!(arguments), $dialect) }
        }

        #[doc = concat!("Reads from a stream", $about)]
        #[export(cancellable)]
        pub unsafe extern "C" fn $vfscanf(
            file: *mut FILE,
            format: *const c_char,
            arguments: *mut VaList,
        ) -> c_int {
            // SAFETY: the caller's contract.
            unsafe { from_stream(file, format, arguments, $dialect) }
        }

        #[doc = concat!("Reads from a string", $about)]
        #[export]
        pub unsafe extern "C" fn $sscanf(
            text: *const c_char,
            format: *const c_char,
            mut arguments: ...
        ) -> c_int {
            // SAFETY: the caller's contract.
            unsafe { from_text(text, format, list!(arguments), $dialect) }
        }

        #[doc = concat!("Reads from a string", $about)]
        #[export]
        pub unsafe extern "C" fn $vsscanf(
            text: *const c_char,
            format: *const c_char,
            arguments: *mut VaList,
        ) -> c_int {
            // SAFETY: the caller's contract.
            unsafe { from_text(text, format, arguments, $dialect) }
        }
    };
}

family!(Dialect::Gnu, ", as before C99: `%as` allocates.", scanf vscanf fscanf vfscanf sscanf vsscanf);
family!(Dialect::C99, ".", __isoc99_scanf __isoc99_vscanf __isoc99_fscanf __isoc99_vfscanf __isoc99_sscanf __isoc99_vsscanf);
family!(Dialect::C23, ", with C23's binary numbers.", __isoc23_scanf __isoc23_vscanf __isoc23_fscanf __isoc23_vfscanf __isoc23_sscanf __isoc23_vsscanf);
