//! C23's access to what a NaN carries.

use core::ffi::c_int;

use macros::export;

macro_rules! payloads {
    ($($get:ident $set:ident $set_signalling:ident $canonicalize:ident $float:ident $bits:ident $fraction:literal;)*) => {$(
        #[doc = concat!("C23 `", stringify!($get), "`: the payload, or −1 for what is no NaN.")]
        #[export]
        pub unsafe extern "C" fn $get(x: *const $float) -> $float {
            if (*x).is_nan() { ((*x).to_bits() & ((1 << ($fraction - 1)) - 1)) as $float } else { -1.0 }
        }

        #[doc = concat!("C23 `", stringify!($set), "`: 0, or 1 if the payload is none.")]
        #[export]
        pub unsafe extern "C" fn $set(to: *mut $float, payload: $float) -> c_int {
            let limit = (1 as $bits) << ($fraction - 1);
            let whole = payload as $bits;
            if whole as $float != payload || whole >= limit || payload.is_sign_negative() {
                *to = 0.0;
                return 1;
            }
            *to = <$float>::from_bits(<$float>::INFINITY.to_bits() | limit | whole);
            0
        }

        #[doc = concat!("C23 `", stringify!($set_signalling), "`: 0, or 1 if the payload is none.")]
        #[export]
        pub unsafe extern "C" fn $set_signalling(to: *mut $float, payload: $float) -> c_int {
            let limit = (1 as $bits) << ($fraction - 1);
            let whole = payload as $bits;
            if whole == 0 || $set(to, payload) != 0 {
                *to = 0.0;
                return 1;
            }
            *to = <$float>::from_bits((*to).to_bits() & !limit);
            0
        }

        #[doc = concat!("C23 `", stringify!($canonicalize), "`: every number is canonical; a signalling NaN becomes quiet.")]
        #[export]
        pub unsafe extern "C" fn $canonicalize(to: *mut $float, from: *const $float) -> c_int {
            *to = if (*from).is_nan() { *from + *from } else { *from };
            0
        }
    )*};
}

payloads! {
    getpayload setpayload setpayloadsig canonicalize f64 u64 52;
    getpayloadf setpayloadf setpayloadsigf canonicalizef f32 u32 23;
}
