//! The wide scanf functions.

use core::ffi::c_int;

use macros::export;

use super::input::Text;
use super::{Dialect, END, Source, scan};
use crate::number::cursor::Cursor;
use crate::stdio::arguments::{VaList, list};
use crate::stdio::file::{FILE, Locked, standard_input};
use crate::stdio::wide::{WEOF, get_wide, orient_wide, push_back_wide};

/// A stream that gives wide characters.
struct WideStream<'a>(&'a mut FILE);

impl Source for WideStream<'_> {
    fn next(&mut self) -> u32 {
        match get_wide(self.0) {
            WEOF => END,
            character => character,
        }
    }

    fn back(&mut self, unit: u32) {
        push_back_wide(self.0, unit);
    }
}

unsafe fn from_stream(
    file: *mut FILE,
    format: *const u32,
    arguments: *mut VaList,
    dialect: Dialect,
) -> c_int {
    // SAFETY: the contract of `vfwscanf`.
    unsafe {
        let mut file = Locked::new(file);
        if !orient_wide(&mut file) {
            return -1;
        }
        scan(&mut WideStream(&mut file), Cursor::wide(format), arguments, dialect)
    }
}

unsafe fn from_text(text: *const u32, format: *const u32, arguments: *mut VaList, dialect: Dialect) -> c_int {
    // SAFETY: the contract of `vswscanf`.
    unsafe { scan(&mut Text(Cursor::wide(text)), Cursor::wide(format), arguments, dialect) }
}

macro_rules! family {
    ($dialect:expr, $about:literal, $wscanf:ident $vwscanf:ident $fwscanf:ident $vfwscanf:ident $swscanf:ident $vswscanf:ident) => {
        #[doc = concat!("Reads from `stdin`", $about)]
        #[export(cancellable)]
        pub unsafe extern "C" fn $wscanf(format: *const u32, mut arguments: ...) -> c_int {
            // SAFETY: the caller's contract.
            unsafe { from_stream(standard_input(), format, list!(arguments), $dialect) }
        }

        #[doc = concat!("Reads from `stdin`", $about)]
        #[export(cancellable)]
        pub unsafe extern "C" fn $vwscanf(format: *const u32, arguments: *mut VaList) -> c_int {
            // SAFETY: the caller's contract.
            unsafe { from_stream(standard_input(), format, arguments, $dialect) }
        }

        #[doc = concat!("Reads from a stream", $about)]
        #[export(cancellable)]
        pub unsafe extern "C" fn $fwscanf(file: *mut FILE, format: *const u32, mut arguments: ...) -> c_int {
            // SAFETY: the caller's contract.
            unsafe { from_stream(file, format, list!(arguments), $dialect) }
        }

        #[doc = concat!("Reads from a stream", $about)]
        #[export(cancellable)]
        pub unsafe extern "C" fn $vfwscanf(
            file: *mut FILE,
            format: *const u32,
            arguments: *mut VaList,
        ) -> c_int {
            // SAFETY: the caller's contract.
            unsafe { from_stream(file, format, arguments, $dialect) }
        }

        #[doc = concat!("Reads from a string", $about)]
        #[export]
        pub unsafe extern "C" fn $swscanf(text: *const u32, format: *const u32, mut arguments: ...) -> c_int {
            // SAFETY: the caller's contract.
            unsafe { from_text(text, format, list!(arguments), $dialect) }
        }

        #[doc = concat!("Reads from a string", $about)]
        #[export]
        pub unsafe extern "C" fn $vswscanf(
            text: *const u32,
            format: *const u32,
            arguments: *mut VaList,
        ) -> c_int {
            // SAFETY: the caller's contract.
            unsafe { from_text(text, format, arguments, $dialect) }
        }
    };
}

family!(Dialect::Gnu, ", as before C99: `%as` allocates.", wscanf vwscanf fwscanf vfwscanf swscanf vswscanf);
family!(Dialect::C99, ".", __isoc99_wscanf __isoc99_vwscanf __isoc99_fwscanf __isoc99_vfwscanf __isoc99_swscanf __isoc99_vswscanf);
family!(Dialect::C23, ", with C23's binary numbers.", __isoc23_wscanf __isoc23_vwscanf __isoc23_fwscanf __isoc23_vfwscanf __isoc23_swscanf __isoc23_vswscanf);
