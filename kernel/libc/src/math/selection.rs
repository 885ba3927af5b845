//! Maxima, minima and orders.

use core::ffi::c_int;

use macros::export;

macro_rules! choices {
    ($float:ident: $($name:ident |$x:ident, $y:ident| $expression:expr;)*) => {$(
        #[doc = concat!("C `", stringify!($name), "`.")]
        #[export]
        pub extern "C" fn $name($x: $float, $y: $float) -> $float {
            $expression
        }
    )*};
}

/// Of two NaNs or one: the other operand, if that is a number.
macro_rules! number {
    ($x:ident, $y:ident, $choice:expr) => {
        if $x.is_nan() {
            if $y.is_nan() { $x + $y } else { $y }
        } else if $y.is_nan() {
            $x
        } else {
            $choice
        }
    };
}

macro_rules! any {
    ($x:ident, $y:ident, $choice:expr) => {
        if $x.is_nan() || $y.is_nan() { $x + $y } else { $choice }
    };
}

macro_rules! by_magnitude {
    ($x:ident, $y:ident, $greater:tt, $tie:expr) => {
        if $x.abs() $greater $y.abs() {
            $x
        } else if $y.abs() $greater $x.abs() {
            $y
        } else {
            $tie
        }
    };
}

/// The greater, +0 being greater than −0.
macro_rules! greater {
    ($x:ident, $y:ident) => {
        if $x > $y || ($x == $y && $y.is_sign_negative()) { $x } else { $y }
    };
}

macro_rules! lesser {
    ($x:ident, $y:ident) => {
        if $x < $y || ($x == $y && $x.is_sign_negative()) { $x } else { $y }
    };
}

macro_rules! all_choices {
    ($float:ident $fmax:ident $fmin:ident $fmaxmag:ident $fminmag:ident $maximum:ident $minimum:ident
     $maximum_num:ident $minimum_num:ident $maximum_mag:ident $minimum_mag:ident
     $maximum_mag_num:ident $minimum_mag_num:ident) => {
        choices! { $float:
            $fmax |x, y| number!(x, y, if x > y { x } else { y });
            $fmin |x, y| number!(x, y, if x < y { x } else { y });
            $fmaxmag |x, y| number!(x, y, by_magnitude!(x, y, >, if x > y { x } else { y }));
            $fminmag |x, y| number!(x, y, by_magnitude!(x, y, <, if x < y { x } else { y }));
            $maximum |x, y| any!(x, y, greater!(x, y));
            $minimum |x, y| any!(x, y, lesser!(x, y));
            $maximum_num |x, y| number!(x, y, greater!(x, y));
            $minimum_num |x, y| number!(x, y, lesser!(x, y));
            $maximum_mag |x, y| any!(x, y, by_magnitude!(x, y, >, greater!(x, y)));
            $minimum_mag |x, y| any!(x, y, by_magnitude!(x, y, <, lesser!(x, y)));
            $maximum_mag_num |x, y| number!(x, y, by_magnitude!(x, y, >, greater!(x, y)));
            $minimum_mag_num |x, y| number!(x, y, by_magnitude!(x, y, <, lesser!(x, y)));
        }
    };
}

all_choices! { f64 fmax fmin fmaxmag fminmag fmaximum fminimum fmaximum_num fminimum_num
fmaximum_mag fminimum_mag fmaximum_mag_num fminimum_mag_num }
all_choices! { f32 fmaxf fminf fmaxmagf fminmagf fmaximumf fminimumf fmaximum_numf fminimum_numf
fmaximum_magf fminimum_magf fmaximum_mag_numf fminimum_mag_numf }

macro_rules! orders {
    ($($name:ident $magnitude:ident $float:ident;)*) => {$(
        #[doc = concat!("C23 `", stringify!($name), "`.")]
        #[export]
        pub unsafe extern "C" fn $name(x: *const $float, y: *const $float) -> c_int {
            (*x).total_cmp(&*y).is_le().into()
        }

        #[doc = concat!("C23 `", stringify!($magnitude), "`.")]
        #[export]
        pub unsafe extern "C" fn $magnitude(x: *const $float, y: *const $float) -> c_int {
            (*x).abs().total_cmp(&(*y).abs()).is_le().into()
        }
    )*};
}

orders! {
    totalorder totalordermag f64;
    totalorderf totalordermagf f32;
}
