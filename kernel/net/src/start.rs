//! How a stack begins: its interfaces, their addresses, its thread.

use alloc::vec::Vec;
use core::alloc::Layout;
use core::time::Duration;

use kcore::console::{self, Part};
use kcore::device::net as card;
use kcore::errno::{ENOMEM, Result};
use kcore::memory::heap;
use kcore::process;
use kcore::sched::{self, Spawn};

use crate::address::{IpAddress, Prefix};
use crate::config::Config;
use crate::interface::{self, Interface};
use crate::route::Route;
use crate::stack::Stack;
use crate::{dhcp, ip, protocol};

/// Bytes of the thread's stack.
const STACK: usize = 32 << 10;
/// How long the first socket waits for an address.
const PATIENCE: Duration = Duration::from_secs(5);

/// How long the end of the machine waits for what is on its way.
const LAST_PATIENCE: Duration = Duration::from_secs(2);
/// How often it looks.
const LOOK: Duration = Duration::from_millis(1);

/// The machine is about to end. What the program has sent before it ended is on its way still, and
/// peers should see its connections end, as they do when another kernel stays behind.
fn finish() {
    let stack = crate::stack::stack();
    let end = kcore::time::now() + LAST_PATIENCE;
    loop {
        let finished = protocol::rows().filter_map(|row| row.finish).all(|finish| finish(stack));
        if (finished && interface::all_idle(stack)) || kcore::time::now() >= end {
            return;
        }
        sched::park_until(Some(kcore::time::now() + LOOK));
    }
}

/// Starts the kernel's stack.
pub(crate) fn start(stack: &'static Stack) {
    process::on_end(finish);
    interface::add_loopback(stack);
    if start_thread(stack).is_err() {
        return;
    }
    let mut waiting = Vec::new();
    for (number, nic) in card::cards().enumerate() {
        let config = configuration(number);
        let Ok(interface) = interface::add_card(stack, nic) else { continue };
        for row in ip::rows() {
            row.start(stack, &interface);
        }
        configure(stack, &interface, &config);
        if config.dhcp && ip::rows().any(|row| row.family == crate::Family::V4) {
            waiting.push(dhcp::begin(stack, &interface));
        }
    }
    // Without an address nothing that the program wants to do would work.
    waiting.iter().for_each(|client| {
        client.wait(PATIENCE);
    });
}

/// What the command line says of card number `number`.
fn configuration(number: usize) -> Config {
    let Some(text) = process::option(b"ip").filter(|_| number == 0) else {
        return Config { dhcp: true, ..Config::default() };
    };
    let (config, right) = Config::parse(text);
    if !right {
        console::message(&[
            Part::Text("specialize: cannot read all of ip="),
            Part::Bytes(text),
            Part::Text("\n"),
        ]);
    }
    config
}

fn configure(stack: &'static Stack, interface: &Interface, config: &Config) {
    for prefix in &config.addresses {
        interface.add_address(*prefix, u64::MAX);
        if let IpAddress::V4(address) = prefix.address {
            ip::announce(interface, address);
        }
    }
    for gateway in &config.gateways {
        let to = Prefix { address: IpAddress::any(gateway.family()), length: 0 };
        let (gateway, interface) = (Some(*gateway), interface.index);
        stack.routes.add(Route { to, gateway, interface, valid_until: u64::MAX });
    }
    stack.names.lock().servers.extend_from_slice(&config.servers);
}

/// Starts the thread that does what is due.
fn start_thread(stack: &'static Stack) -> Result<()> {
    let layout = Layout::from_size_align(STACK, 16).map_err(|_| ENOMEM)?;
    let memory = heap::allocate(layout);
    if memory.is_null() {
        return Err(ENOMEM);
    }
    sched::spawn(Spawn {
        entry: serve,
        argument: core::ptr::from_ref(stack).expose_provenance(),
        stack_top: memory.expose_provenance() + STACK,
        tcb: 0,
        clear_on_exit: 0,
        affinity: u64::MAX,
    })
    .map(|_| ())
}

/// The thread.
///
/// # Safety
/// The argument is the address of a stack, which stays for good.
unsafe extern "C-unwind" fn serve(stack: usize) -> ! {
    // SAFETY: as the caller says.
    let stack: &'static Stack = unsafe { &*core::ptr::with_exposed_provenance(stack) };
    stack.serve()
}

/// Adds a card to a stack and has it ask for its addresses: what [`crate::stack`] does with each. For tests.
///
/// # Errors
/// What the card gives.
#[cfg(not(kernel))]
pub fn add_card_with_dhcp(stack: &'static Stack, nic: alloc::sync::Arc<dyn card::Nic>) -> Result<()> {
    let interface = interface::add_card(stack, nic)?;
    dhcp::begin(stack, &interface);
    Ok(())
}
