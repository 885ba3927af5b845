//! `res_state`: what an application sees of the resolver's configuration.

use alloc::vec::Vec;
use core::cell::UnsafeCell;
use core::ffi::{CStr, c_char, c_int, c_uint, c_ulong, c_void};

use macros::export;
use net::{Endpoint, Family};

use super::configuration::Configuration;

/// `struct __res_state`: 568 bytes.
#[repr(C)]
pub struct res_state {
    retrans: c_int,
    retry: c_int,
    options: c_ulong,
    nscount: c_int,
    servers: [[u8; 16]; 3],
    id: u16,
    search: [*mut c_char; 7],
    default_domain: [u8; 256],
    pfcode: c_ulong,
    /// `ndots` in the low four bits.
    bits: c_uint,
    sort_list: [[u32; 2]; 10],
    hooks: [*mut c_void; 2],
    pub(super) h_errno: c_int,
    socket: c_int,
    flags: c_uint,
    extension: [u64; 7],
}

const _: () = assert!(size_of::<res_state>() == 568);

/// `RES_INIT`.
const RES_INIT: c_ulong = 1;
/// `RES_USEVC`: over TCP.
const RES_USEVC: c_ulong = 8;
/// `RES_DNSRCH`: with the domains to search.
const RES_DNSRCH: c_ulong = 0x200;
/// `RES_ROTATE`: with another server first each time.
const RES_ROTATE: c_ulong = 0x4000;
/// `RES_RECURSE | RES_DEFNAMES | RES_DNSRCH`.
const RES_DEFAULT: c_ulong = 0x2c0;

/// The one state there is, where glibc has one a thread.
struct Shared(UnsafeCell<core::mem::MaybeUninit<res_state>>);

// SAFETY: as `_res` in C: who uses it from several threads at once has to take care.
unsafe impl Sync for Shared {}

static STATE: Shared = Shared(UnsafeCell::new(core::mem::MaybeUninit::zeroed()));

impl res_state {
    /// What a query with this state is to do, which is filled in if it was not: as the machine is
    /// configured, but for what the application changed.
    pub(super) unsafe fn configuration(this: *mut Self) -> Configuration {
        if (*this).options & RES_INIT == 0 {
            __res_ninit(this);
        }
        let this = &*this;
        let mut configuration = Configuration::current();
        let count = usize::try_from(this.nscount).unwrap_or(0);
        let own: Vec<Endpoint> = this
            .servers
            .iter()
            .take(count)
            .filter_map(|name| net::inet::name::parse_any(name).ok())
            .collect();
        // The state has no room for servers that speak IPv6.
        let version_4 = |server: &&Endpoint| server.address.family() == Family::V4;
        if !own.is_empty() && !configuration.servers.iter().filter(version_4).eq(own.iter()) {
            configuration.servers = own;
        }
        configuration.timeout = u64::try_from(this.retrans).unwrap_or(0).max(1);
        configuration.attempts = u32::try_from(this.retry).unwrap_or(0).max(1);
        configuration.dots = (this.bits & 15) as usize;
        configuration.stream = this.options & RES_USEVC != 0;
        configuration.rotate = this.options & RES_ROTATE != 0;
        configuration.search.clear();
        if this.options & RES_DNSRCH != 0 {
            for domain in this.search.iter().take_while(|domain| !domain.is_null()) {
                configuration.search.push(CStr::from_ptr(*domain).to_bytes().to_vec());
            }
        }
        configuration
    }
}

/// The address of `_res`.
#[export]
pub extern "C" fn __res_state() -> *mut res_state {
    STATE.0.get().cast()
}

/// Fills a state with the configuration.
#[export]
pub unsafe extern "C" fn __res_ninit(state: *mut res_state) -> c_int {
    let configuration = Configuration::current();
    // All fields of the structure may be zero.
    core::ptr::write_bytes(state, 0, 1);
    let state = &mut *state;
    state.retrans = configuration.timeout as c_int;
    state.retry = configuration.attempts as c_int;
    state.options = RES_INIT | RES_DEFAULT;
    if configuration.stream {
        state.options |= RES_USEVC;
    }
    if configuration.rotate {
        state.options |= RES_ROTATE;
    }
    state.bits = configuration.dots as c_uint & 15;
    state.socket = -1;
    let mut id = [0; 2];
    kcore::random::fill(&mut id);
    state.id = u16::from_ne_bytes(id);
    for server in configuration.servers.iter().filter(|server| server.address.family() == Family::V4) {
        let Some(to) = state.servers.get_mut(state.nscount as usize) else { break };
        let name = net::inet::name::write(Family::V4, server);
        to.iter_mut().zip(name.bytes()).for_each(|(to, from)| *to = *from);
        state.nscount += 1;
    }
    // The domains lie one after the other, each with its NUL.
    let base = (&raw mut state.default_domain).cast::<c_char>();
    let mut used = 0;
    for (domain, to) in configuration.search.iter().zip(state.search.iter_mut().take(6)) {
        let Some(place) = state.default_domain.get_mut(used..used + domain.len()) else { break };
        if used + domain.len() + 1 >= 256 {
            break;
        }
        place.copy_from_slice(domain);
        *to = base.add(used);
        used += domain.len() + 1;
    }
    0
}

/// Fills `_res` with the configuration.
#[export]
pub unsafe extern "C" fn __res_init() -> c_int {
    __res_ninit(__res_state())
}

/// Lets go what a state holds: nothing.
#[export]
pub unsafe extern "C" fn __res_nclose(state: *mut res_state) {
    (*state).socket = -1;
}
