//! `res_query` and its kin: questions and whole answers.

use alloc::vec::Vec;
use core::ffi::{CStr, c_char, c_int, c_uchar};

use kcore::errno::{EINVAL, EMSGSIZE};
use macros::export;

use super::client::{Client, Failure, verdict};
use super::message;
use super::state::{__res_state, res_state};
use super::transport::with_configuration;

/// An answer and its length, or -1 with `h_errno` set.
unsafe fn give(
    state: *mut res_state,
    result: Result<Vec<u8>, Failure>,
    answer: *mut c_uchar,
    room: c_int,
) -> c_int {
    let code = result.as_ref().err().map_or(0, |failure| *failure as c_int);
    (*state).h_errno = code;
    kcore::tls::current().h_errno.set(code);
    let Ok(message) = result else { return -1 };
    // What does not fit is cut; the length says so.
    let count = message.len().min(usize::try_from(room).unwrap_or(0));
    core::ptr::copy_nonoverlapping(message.as_ptr(), answer, count);
    message.len() as c_int
}

/// Asks for one name; an answer without records is a failure.
fn ask(client: &Client<'_>, name: &[u8], class: c_int, kind: c_int) -> Result<Vec<u8>, Failure> {
    let wire = message::encode(name).ok_or(Failure::NoRecovery)?;
    let question = message::question((client.identifier)(), &wire, kind as u16, class as u16);
    let answers = client.send(&[question]);
    let answer = verdict(answers.first().and_then(Option::as_deref))?;
    if message::word(answer, 6).unwrap_or(0) == 0 { Err(Failure::NoData) } else { Ok(answer.to_vec()) }
}

fn search(client: &Client<'_>, name: &[u8], class: c_int, kind: c_int) -> Result<Vec<u8>, Failure> {
    let mut last = Failure::NotFound;
    for candidate in client.configuration.candidates(name) {
        match ask(client, &candidate, class, kind) {
            Err(failure @ (Failure::NotFound | Failure::NoData)) => {
                if last != Failure::NoData {
                    last = failure;
                }
            }
            result => return result,
        }
    }
    Err(last)
}

/// Asks for records of a type for a name as it is.
#[export]
pub unsafe extern "C" fn res_nquery(
    state: *mut res_state,
    name: *const c_char,
    class: c_int,
    kind: c_int,
    answer: *mut c_uchar,
    room: c_int,
) -> c_int {
    let name = CStr::from_ptr(name).to_bytes();
    give(
        state,
        with_configuration(&res_state::configuration(state), |client| ask(client, name, class, kind)),
        answer,
        room,
    )
}

/// Asks for records of a type for a name, with the domains to search.
#[export]
pub unsafe extern "C" fn res_nsearch(
    state: *mut res_state,
    name: *const c_char,
    class: c_int,
    kind: c_int,
    answer: *mut c_uchar,
    room: c_int,
) -> c_int {
    let name = CStr::from_ptr(name).to_bytes();
    give(
        state,
        with_configuration(&res_state::configuration(state), |client| search(client, name, class, kind)),
        answer,
        room,
    )
}

/// Asks for a name in a domain.
#[export]
pub unsafe extern "C" fn res_nquerydomain(
    state: *mut res_state,
    name: *const c_char,
    domain: *const c_char,
    class: c_int,
    kind: c_int,
    answer: *mut c_uchar,
    room: c_int,
) -> c_int {
    let mut whole = CStr::from_ptr(name).to_bytes().to_vec();
    if !domain.is_null() {
        whole.push(b'.');
        whole.extend_from_slice(CStr::from_ptr(domain).to_bytes());
    }
    give(
        state,
        with_configuration(&res_state::configuration(state), |client| ask(client, &whole, class, kind)),
        answer,
        room,
    )
}

/// Sends a question that was made already.
#[export]
pub unsafe extern "C" fn res_nsend(
    state: *mut res_state,
    question: *const c_uchar,
    length: c_int,
    answer: *mut c_uchar,
    room: c_int,
) -> c_int {
    let Ok(length) = usize::try_from(length) else { return crate::errno::set(EINVAL) };
    let question = core::slice::from_raw_parts(question, length).to_vec();
    let answered = with_configuration(&res_state::configuration(state), |client| client.send(&[question]))
        .into_iter()
        .next()
        .flatten();
    give(state, answered.ok_or(Failure::TryAgain), answer, room)
}

/// Makes a question; gives its length, or -1 if it is none or does not fit. Only `QUERY` (0).
#[export]
pub unsafe extern "C" fn res_nmkquery(
    state: *mut res_state,
    operation: c_int,
    name: *const c_char,
    class: c_int,
    kind: c_int,
    _data: *const c_uchar,
    _data_length: c_int,
    _record: *const c_uchar,
    to: *mut c_uchar,
    room: c_int,
) -> c_int {
    let _ = state;
    let (Some(wire), 0) = (message::encode(CStr::from_ptr(name).to_bytes()), operation) else { return -1 };
    let mut id = [0; 2];
    kcore::random::fill(&mut id);
    let question = message::question(u16::from_ne_bytes(id), &wire, kind as u16, class as u16);
    if question.len() > usize::try_from(room).unwrap_or(0) {
        return crate::errno::set(EMSGSIZE);
    }
    core::ptr::copy_nonoverlapping(question.as_ptr(), to, question.len());
    question.len() as c_int
}

/// [`res_nquery`] with `_res`.
#[export]
pub unsafe extern "C" fn res_query(
    name: *const c_char,
    class: c_int,
    kind: c_int,
    answer: *mut c_uchar,
    room: c_int,
) -> c_int {
    res_nquery(__res_state(), name, class, kind, answer, room)
}

/// [`res_nsearch`] with `_res`.
#[export]
pub unsafe extern "C" fn res_search(
    name: *const c_char,
    class: c_int,
    kind: c_int,
    answer: *mut c_uchar,
    room: c_int,
) -> c_int {
    res_nsearch(__res_state(), name, class, kind, answer, room)
}

/// [`res_nquerydomain`] with `_res`.
#[export]
pub unsafe extern "C" fn res_querydomain(
    name: *const c_char,
    domain: *const c_char,
    class: c_int,
    kind: c_int,
    answer: *mut c_uchar,
    room: c_int,
) -> c_int {
    res_nquerydomain(__res_state(), name, domain, class, kind, answer, room)
}

/// [`res_nsend`] with `_res`.
#[export]
pub unsafe extern "C" fn res_send(
    question: *const c_uchar,
    length: c_int,
    answer: *mut c_uchar,
    room: c_int,
) -> c_int {
    res_nsend(__res_state(), question, length, answer, room)
}

/// [`res_nmkquery`] with `_res`.
#[export]
pub unsafe extern "C" fn res_mkquery(
    operation: c_int,
    name: *const c_char,
    class: c_int,
    kind: c_int,
    data: *const c_uchar,
    data_length: c_int,
    record: *const c_uchar,
    to: *mut c_uchar,
    room: c_int,
) -> c_int {
    res_nmkquery(__res_state(), operation, name, class, kind, data, data_length, record, to, room)
}
