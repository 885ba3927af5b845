//! The `long double` functions that programs take, on the x87 (Intel SDM volume 1, chapter 8).
//!
//! Rust has no such type, so each is written in assembly: its argument is on the stack above the
//! return address, its result in st(0).

use core::arch::naked_asm;

use macros::export;

/// A function that loads its argument, does `$body` and returns.
macro_rules! long_double {
    ($(#[doc = $doc:literal] $name:ident [$($line:literal),* $(,)?];)*) => {$(
        #[doc = $doc]
        ///
        /// # Safety
        /// Called by the C ABI for `long double`, from C.
        #[export]
        #[unsafe(naked)]
        pub unsafe extern "C" fn $name() {
            naked_asm!("fld tbyte ptr [rsp + 8]", $($line,)* "ret")
        }
    )*};
}

// Rounding directions are set for one instruction by a control word below the stack pointer; the
// red zone is this function's.
long_double! {
    #[doc = "C `fabsl`."]
    fabsl ["fabs"];
    #[doc = "C `sqrtl`."]
    sqrtl ["fsqrt"];
    #[doc = "C `rintl`."]
    rintl ["frndint"];
    #[doc = "C `nearbyintl`."]
    nearbyintl ["frndint"];
    #[doc = "C `ceill`."]
    ceill [
        "fnstcw word ptr [rsp - 2]",
        "movzx eax, word ptr [rsp - 2]",
        "and ah, 0xf3",
        "or ah, 0x08",
        "mov word ptr [rsp - 4], ax",
        "fldcw word ptr [rsp - 4]",
        "frndint",
        "fldcw word ptr [rsp - 2]",
    ];
    #[doc = "C `floorl`."]
    floorl [
        "fnstcw word ptr [rsp - 2]",
        "movzx eax, word ptr [rsp - 2]",
        "and ah, 0xf3",
        "or ah, 0x04",
        "mov word ptr [rsp - 4], ax",
        "fldcw word ptr [rsp - 4]",
        "frndint",
        "fldcw word ptr [rsp - 2]",
    ];
    #[doc = "C `truncl`."]
    truncl [
        "fnstcw word ptr [rsp - 2]",
        "movzx eax, word ptr [rsp - 2]",
        "or ah, 0x0c",
        "mov word ptr [rsp - 4], ax",
        "fldcw word ptr [rsp - 4]",
        "frndint",
        "fldcw word ptr [rsp - 2]",
    ];
    #[doc = "C `copysignl`."]
    copysignl [
        "fabs",
        "test byte ptr [rsp + 33], 0x80",
        "jz 2f",
        "fchs",
        "2:",
    ];
    #[doc = "C `lrintl` (and `llrintl`)."]
    lrintl ["fistp qword ptr [rsp - 8]", "mov rax, [rsp - 8]"];
    #[doc = "C `llroundl` (and `lroundl`): halves away from zero."]
    llroundl [
        // Twice the number, cut off, then half of that rounded up, keeps the addition exact.
        "fnstcw word ptr [rsp - 2]",
        "movzx eax, word ptr [rsp - 2]",
        "or ah, 0x0c",
        "mov word ptr [rsp - 4], ax",
        "fldcw word ptr [rsp - 4]",
        "fld st(0)",
        "frndint",
        "fsub st(1), st(0)",
        "fistp qword ptr [rsp - 16]",
        "mov rax, [rsp - 16]",
        "fadd st(0), st(0)",
        "fistp qword ptr [rsp - 16]",
        "fldcw word ptr [rsp - 2]",
        "mov rcx, [rsp - 16]",
        // What is no number, or too large, is the least one both times; once is enough.
        "mov rdx, rcx",
        "neg rdx",
        "jo 2f",
        "add rax, rcx",
        "2:",
    ];
    #[doc = "C `ldexpl` (and `scalbnl`): the power is in edi."]
    ldexpl [
        "mov dword ptr [rsp - 4], edi",
        "fild dword ptr [rsp - 4]",
        "fxch st(1)",
        "fscale",
        "fstp st(1)",
    ];
    #[doc = "C `frexpl`: where the power goes is in rdi."]
    frexpl [
        "mov dword ptr [rdi], 0",
        "movzx eax, word ptr [rsp + 16]",
        "and eax, 0x7fff",
        "cmp eax, 0x7fff",
        "je 2f",
        "cmp qword ptr [rsp + 8], 0",
        "je 2f",
        // Exponents of 0 are made normal by a multiplication by 2^64.
        "xor ecx, ecx",
        "test eax, eax",
        "jnz 3f",
        "mov dword ptr [rsp - 4], 0x5f800000",
        "fmul dword ptr [rsp - 4]",
        "mov ecx, -64",
        "3:",
        "fxtract",
        "fxch st(1)",
        "fistp dword ptr [rsp - 4]",
        "add ecx, [rsp - 4]",
        "inc ecx",
        "mov [rdi], ecx",
        "mov dword ptr [rsp - 4], 0x3f000000",
        "fmul dword ptr [rsp - 4]",
        "2:",
    ];
    #[doc = "C `modfl`: where the whole part goes is in rdi."]
    modfl [
        "fnstcw word ptr [rsp - 2]",
        "movzx eax, word ptr [rsp - 2]",
        "or ah, 0x0c",
        "mov word ptr [rsp - 4], ax",
        "fldcw word ptr [rsp - 4]",
        "fld st(0)",
        "frndint",
        "fldcw word ptr [rsp - 2]",
        "fld st(0)",
        "fstp tbyte ptr [rdi]",
        // An infinity has no rest, else the difference is exact; the sign is the argument's.
        "movzx eax, word ptr [rsp + 16]",
        "and eax, 0x7fff",
        "cmp eax, 0x7fff",
        "jne 2f",
        "mov rax, [rsp + 8]",
        "add rax, rax",
        "jnz 2f",
        "fstp st(0)",
        "fstp st(0)",
        "fldz",
        "jmp 3f",
        "2:",
        "fsubp st(1), st(0)",
        "3:",
        "fabs",
        "test byte ptr [rsp + 17], 0x80",
        "jz 4f",
        "fchs",
        "4:",
    ];
    #[doc = "glibc `__signbitl`."]
    __signbitl ["fstp st(0)", "movzx eax, byte ptr [rsp + 17]", "and eax, 0x80"];
    #[doc = "glibc `isnanl`."]
    isnanl ["fxam", "fnstsw ax", "fstp st(0)", "and eax, 0x4500", "cmp eax, 0x100", "sete al", "movzx eax, al"];
    #[doc = "glibc `finitel`."]
    finitel ["fxam", "fnstsw ax", "fstp st(0)", "xor ecx, ecx", "test ah, 1", "sete cl", "mov eax, ecx"];
    #[doc = "glibc `isinfl`: 1, or −1 for minus infinity."]
    isinfl [
        "fxam",
        "fnstsw ax",
        "fstp st(0)",
        "mov ecx, eax",
        "and ecx, 0x4500",
        "cmp ecx, 0x500",
        "mov ecx, 0",
        "jne 2f",
        "inc ecx",
        "test ah, 2",
        "jz 2f",
        "neg ecx",
        "2:",
        "mov eax, ecx",
    ];
    #[doc = "glibc `__fpclassifyl`."]
    __fpclassifyl [
        "fxam",
        "fnstsw ax",
        "fstp st(0)",
        // C3, C2 and C0 as a number: NaN 1, normal 2, infinity 3, zero 4, empty 5, subnormal 6.
        "mov ecx, eax",
        "shr ecx, 8",
        "and ecx, 1",
        "mov edx, eax",
        "shr edx, 9",
        "and edx, 2",
        "or ecx, edx",
        "shr eax, 12",
        "and eax, 4",
        "or ecx, eax",
        // FP_NAN 0, FP_INFINITE 1, FP_ZERO 2, FP_SUBNORMAL 3, FP_NORMAL 4, four bits each.
        "mov eax, 0x3021400",
        "shl ecx, 2",
        "shr eax, cl",
        "and eax, 15",
    ];
}

/// Compares a number with the `long double` that says where to go, and hands on to the function of two
/// numbers with an infinity in its place.
macro_rules! next_toward {
    ($(#[doc = $doc:literal] $name:ident by $next:ident:
        $store:literal $load:literal $save:literal $give:literal $add:literal $up:literal $down:literal;)*) => {$(
        #[doc = $doc]
        ///
        /// # Safety
        /// Called by the C ABI for `long double`, from C.
        #[export]
        #[unsafe(naked)]
        pub unsafe extern "C" fn $name() {
            naked_asm!(
                "fld tbyte ptr [rsp + 8]",
                $store,
                $load,
                "fucomip st(0), st(1)",
                // Equal numbers are the second one; what is no number comes of the addition.
                $save,
                "jp 3f",
                "je 2f",
                $up,
                "jb 4f",
                $down,
                "4:",
                "movq xmm1, rax",
                "jmp {next}",
                "2:",
                $give,
                "ret",
                "3:",
                $add,
                "ret",
                next = sym super::parts::$next,
            )
        }
    )*};
}

next_toward! {
    #[doc = "C `nexttoward`."]
    nexttoward by nextafter: "movsd qword ptr [rsp - 8], xmm0" "fld qword ptr [rsp - 8]" "fstp qword ptr [rsp - 8]"
        "movsd xmm0, qword ptr [rsp - 8]" "addsd xmm0, qword ptr [rsp - 8]"
        "mov rax, 0x7ff0000000000000" "mov rax, 0xfff0000000000000";
    #[doc = "C `nexttowardf`."]
    nexttowardf by nextafterf: "movss dword ptr [rsp - 4], xmm0" "fld dword ptr [rsp - 4]" "fstp dword ptr [rsp - 4]"
        "movss xmm0, dword ptr [rsp - 4]" "addss xmm0, dword ptr [rsp - 4]"
        "mov eax, 0x7f800000" "mov eax, 0xff800000";
}

extern "C" fn outside_domain() {
    crate::errno::set(kcore::errno::EDOM);
}

/// C `fmodl`. EDOM for an infinite dividend or a divisor of zero.
///
/// # Safety
/// Called by the C ABI for `long double`, from C.
#[export]
#[unsafe(naked)]
pub unsafe extern "C" fn fmodl() {
    naked_asm!(
        "fld tbyte ptr [rsp + 24]",
        "fld tbyte ptr [rsp + 8]",
        "2:",
        "fprem",
        "fnstsw ax",
        "test ah, 4",
        "jnz 2b",
        "fstp st(1)",
        "fucomi st(0), st(0)",
        "jnp 3f",
        // Not a number: is either argument?
        "fld tbyte ptr [rsp + 8]",
        "fucomip st(0), st(0)",
        "jp 3f",
        "fld tbyte ptr [rsp + 24]",
        "fucomip st(0), st(0)",
        "jp 3f",
        "sub rsp, 24",
        "fstp tbyte ptr [rsp]",
        "call {outside_domain}",
        "fld tbyte ptr [rsp]",
        "add rsp, 24",
        "3:",
        "ret",
        outside_domain = sym outside_domain,
    )
}
