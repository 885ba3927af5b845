//! Error numbers in words: one run of text, walked, since errors are rare and text is not small.

use core::cell::UnsafeCell;
use core::ffi::{c_char, c_int};
use core::ptr::null;

use kcore::errno::{EINVAL, ERANGE};
use macros::export;

use super::{memcpy, strlen};
use crate::locale::locale_t;

/// What glibc says for each error number from 0, NUL-terminated; empty for one not in use.
static TEXTS: &[u8] = b"\
    Success\0Operation not permitted\0No such file or directory\0No such process\0\
    Interrupted system call\0Input/output error\0No such device or address\0Argument list too long\0\
    Exec format error\0Bad file descriptor\0No child processes\0Resource temporarily unavailable\0\
    Cannot allocate memory\0Permission denied\0Bad address\0Block device required\0\
    Device or resource busy\0File exists\0Invalid cross-device link\0No such device\0Not a directory\0\
    Is a directory\0Invalid argument\0Too many open files in system\0Too many open files\0\
    Inappropriate ioctl for device\0Text file busy\0File too large\0No space left on device\0\
    Illegal seek\0Read-only file system\0Too many links\0Broken pipe\0Numerical argument out of domain\0\
    Numerical result out of range\0Resource deadlock avoided\0File name too long\0No locks available\0\
    Function not implemented\0Directory not empty\0Too many levels of symbolic links\0\0\
    No message of desired type\0Identifier removed\0Channel number out of range\0\
    Level 2 not synchronized\0Level 3 halted\0Level 3 reset\0Link number out of range\0\
    Protocol driver not attached\0No CSI structure available\0Level 2 halted\0Invalid exchange\0\
    Invalid request descriptor\0Exchange full\0No anode\0Invalid request code\0Invalid slot\0\0\
    Bad font file format\0Device not a stream\0No data available\0Timer expired\0\
    Out of streams resources\0Machine is not on the network\0Package not installed\0Object is remote\0\
    Link has been severed\0Advertise error\0Srmount error\0Communication error on send\0Protocol error\0\
    Multihop attempted\0RFS specific error\0Bad message\0Value too large for defined data type\0\
    Name not unique on network\0File descriptor in bad state\0Remote address changed\0\
    Can not access a needed shared library\0Accessing a corrupted shared library\0\
    .lib section in a.out corrupted\0Attempting to link in too many shared libraries\0\
    Cannot exec a shared library directly\0Invalid or incomplete multibyte or wide character\0\
    Interrupted system call should be restarted\0Streams pipe error\0Too many users\0\
    Socket operation on non-socket\0Destination address required\0Message too long\0\
    Protocol wrong type for socket\0Protocol not available\0Protocol not supported\0\
    Socket type not supported\0Operation not supported\0Protocol family not supported\0\
    Address family not supported by protocol\0Address already in use\0Cannot assign requested address\0\
    Network is down\0Network is unreachable\0Network dropped connection on reset\0\
    Software caused connection abort\0Connection reset by peer\0No buffer space available\0\
    Transport endpoint is already connected\0Transport endpoint is not connected\0\
    Cannot send after transport endpoint shutdown\0Too many references: cannot splice\0\
    Connection timed out\0Connection refused\0Host is down\0No route to host\0\
    Operation already in progress\0Operation now in progress\0Stale file handle\0\
    Structure needs cleaning\0Not a XENIX named type file\0No XENIX semaphores available\0\
    Is a named type file\0Remote I/O error\0Disk quota exceeded\0No medium found\0Wrong medium type\0\
    Operation canceled\0Required key not available\0Key has expired\0Key has been revoked\0\
    Key was rejected by service\0Owner died\0State not recoverable\0\
    Operation not possible due to RF-kill\0Memory page has hardware error\0";

/// The name of each error number from 0, NUL-terminated; empty for one not in use.
static NAMES: &[u8] = b"\
    0\0EPERM\0ENOENT\0ESRCH\0EINTR\0EIO\0ENXIO\0E2BIG\0ENOEXEC\0EBADF\0ECHILD\0EAGAIN\0ENOMEM\0EACCES\0\
    EFAULT\0ENOTBLK\0EBUSY\0EEXIST\0EXDEV\0ENODEV\0ENOTDIR\0EISDIR\0EINVAL\0ENFILE\0EMFILE\0ENOTTY\0\
    ETXTBSY\0EFBIG\0ENOSPC\0ESPIPE\0EROFS\0EMLINK\0EPIPE\0EDOM\0ERANGE\0EDEADLK\0ENAMETOOLONG\0ENOLCK\0\
    ENOSYS\0ENOTEMPTY\0ELOOP\0\0ENOMSG\0EIDRM\0ECHRNG\0EL2NSYNC\0EL3HLT\0EL3RST\0ELNRNG\0EUNATCH\0\
    ENOCSI\0EL2HLT\0EBADE\0EBADR\0EXFULL\0ENOANO\0EBADRQC\0EBADSLT\0\0EBFONT\0ENOSTR\0ENODATA\0ETIME\0\
    ENOSR\0ENONET\0ENOPKG\0EREMOTE\0ENOLINK\0EADV\0ESRMNT\0ECOMM\0EPROTO\0EMULTIHOP\0EDOTDOT\0EBADMSG\0\
    EOVERFLOW\0ENOTUNIQ\0EBADFD\0EREMCHG\0ELIBACC\0ELIBBAD\0ELIBSCN\0ELIBMAX\0ELIBEXEC\0EILSEQ\0\
    ERESTART\0ESTRPIPE\0EUSERS\0ENOTSOCK\0EDESTADDRREQ\0EMSGSIZE\0EPROTOTYPE\0ENOPROTOOPT\0\
    EPROTONOSUPPORT\0ESOCKTNOSUPPORT\0EOPNOTSUPP\0EPFNOSUPPORT\0EAFNOSUPPORT\0EADDRINUSE\0EADDRNOTAVAIL\0\
    ENETDOWN\0ENETUNREACH\0ENETRESET\0ECONNABORTED\0ECONNRESET\0ENOBUFS\0EISCONN\0ENOTCONN\0ESHUTDOWN\0\
    ETOOMANYREFS\0ETIMEDOUT\0ECONNREFUSED\0EHOSTDOWN\0EHOSTUNREACH\0EALREADY\0EINPROGRESS\0ESTALE\0\
    EUCLEAN\0ENOTNAM\0ENAVAIL\0EISNAM\0EREMOTEIO\0EDQUOT\0ENOMEDIUM\0EMEDIUMTYPE\0ECANCELED\0ENOKEY\0\
    EKEYEXPIRED\0EKEYREVOKED\0EKEYREJECTED\0EOWNERDEAD\0ENOTRECOVERABLE\0ERFKILL\0EHWPOISON\0";

/// The `index`th of the NUL-terminated texts; null past the last and for an empty one.
pub(crate) unsafe fn nth(texts: &'static [u8], index: c_int) -> *const c_char {
    if index < 0 {
        return null();
    }
    let mut at = texts.as_ptr().cast::<c_char>();
    let end = texts.as_ptr_range().end.cast::<c_char>();
    for _ in 0..index {
        at = at.add(strlen(at) + 1);
        if at >= end {
            return null();
        }
    }
    if *at == 0 { null() } else { at }
}

/// Writes `prefix` and the decimal `number`, NUL-terminated; the caller's buffer holds both.
pub(crate) unsafe fn numbered(to: *mut c_char, prefix: &[u8], number: c_int) {
    let mut at = super::mempcpy(to.cast(), prefix.as_ptr().cast(), prefix.len()).cast::<u8>();
    if number < 0 {
        *at = b'-';
        at = at.add(1);
    }
    let mut digits = [0u8; 10];
    let mut left = number.unsigned_abs();
    let mut first = digits.len();
    loop {
        first -= 1;
        digits[first] = b'0' + (left % 10) as u8;
        left /= 10;
        if left == 0 {
            break;
        }
    }
    let digits = &digits[first..];
    at = super::mempcpy(at.cast(), digits.as_ptr().cast(), digits.len()).cast();
    *at = 0;
}

/// Room for a message with a number in it; shared by all callers of one function, as C allows.
pub(crate) struct Message(pub(crate) UnsafeCell<[c_char; 40]>);

// SAFETY: C lets `strerror` and `strsignal` overwrite what an earlier call returned.
unsafe impl Sync for Message {}

static MESSAGE: Message = Message(UnsafeCell::new([0; 40]));
const UNKNOWN: &[u8] = b"Unknown error ";

/// C `strerror`.
#[export]
pub unsafe extern "C" fn strerror(error: c_int) -> *mut c_char {
    strerror_r(error, MESSAGE.0.get().cast(), 40)
}

/// POSIX `strerror_l`: there are no translations.
#[export]
pub unsafe extern "C" fn strerror_l(error: c_int, _: locale_t) -> *mut c_char {
    strerror(error)
}

/// GNU `strerror_r`: the text, which is in `buffer` only if the number is unknown.
#[export]
pub unsafe extern "C" fn strerror_r(error: c_int, buffer: *mut c_char, n: usize) -> *mut c_char {
    let text = nth(TEXTS, error);
    if !text.is_null() {
        return text.cast_mut();
    }
    let mut message = [0; 40];
    numbered(message.as_mut_ptr(), UNKNOWN, error);
    if n != 0 {
        let length = strlen(message.as_ptr()).min(n - 1);
        memcpy(buffer.cast(), message.as_ptr().cast(), length);
        *buffer.add(length) = 0;
    }
    buffer
}

/// POSIX `strerror_r`: 0, EINVAL (unknown number) or ERANGE (cut off).
#[export]
pub unsafe extern "C" fn __xpg_strerror_r(error: c_int, buffer: *mut c_char, n: usize) -> c_int {
    let text = strerror_r(error, buffer, n);
    if text == buffer {
        return EINVAL.number();
    }
    let length = strlen(text);
    if n != 0 {
        memcpy(buffer.cast(), text.cast(), length.min(n - 1));
        *buffer.add(length.min(n - 1)) = 0;
    }
    if length < n { 0 } else { ERANGE.number() }
}

/// GNU `strerrordesc_np`: null for an unknown number.
#[export]
pub unsafe extern "C" fn strerrordesc_np(error: c_int) -> *const c_char {
    nth(TEXTS, error)
}

/// GNU `strerrorname_np`: `ENOENT`; null for an unknown number.
#[export]
pub unsafe extern "C" fn strerrorname_np(error: c_int) -> *const c_char {
    nth(NAMES, error)
}
