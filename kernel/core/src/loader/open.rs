//! Libraries at run time: `dlopen`, `dlclose`, `dlsym` and `dladdr`, without their C clothes.

use super::hash;
use super::lifecycle;
use super::load::{self, Batch};
use super::lock::{self, GLOBAL, OBJECTS};
use super::map;
use super::message::{Message, Result, join};
use super::object::{LinkMap, Object};
use super::relocate;
use super::symbol::{self, Symbol};
use super::symbols::{self, Found, Member, Wanted};
use super::tls;
use crate::console::{self, Part};
use crate::export;
use alloc::vec::Vec;
use core::cell::UnsafeCell;

/// `RTLD_LAZY`; binding is eager all the same.
pub const LAZY: i32 = 1;
/// `RTLD_NOW`.
pub const NOW: i32 = 2;
/// `RTLD_NOLOAD`.
pub const NOLOAD: i32 = 4;
/// `RTLD_DEEPBIND`.
pub const DEEPBIND: i32 = 8;
/// `RTLD_GLOBAL`.
pub const GLOBAL_SCOPE: i32 = 0x100;
/// `RTLD_NODELETE`.
pub const NODELETE: i32 = 0x1000;

struct KernelLink(UnsafeCell<LinkMap>);

// SAFETY: nothing writes it.
unsafe impl Sync for KernelLink {}

/// The handle of the libraries that the kernel stands for.
static KERNEL: KernelLink = KernelLink(UnsafeCell::new(LinkMap {
    address: 0,
    name: c"libc.so.6".as_ptr().cast(),
    dynamic: 0,
    next: core::ptr::null_mut(),
    previous: core::ptr::null_mut(),
}));

/// The handle of a scope's member.
#[must_use]
pub fn handle(member: Member) -> *mut LinkMap {
    member.map_or(KERNEL.0.get(), Object::handle)
}

/// The member that a handle stands for; none if there is no such.
#[must_use]
pub fn member(handle: *const LinkMap) -> Option<Member> {
    if core::ptr::eq(handle, KERNEL.0.get()) {
        return Some(None);
    }
    let objects = OBJECTS.lock();
    objects.iter().find(|object| core::ptr::eq(object.handle(), handle)).map(|&object| Some(object))
}

/// Opens a library; no name means the program. `caller` is an address in the code that asks.
///
/// # Errors
/// A message for `dlerror`. If what is missing is an export that this kernel was built without, the
/// console says so too, with the flag that brings it back.
pub fn open(name: Option<&[u8]>, flags: i32, caller: usize) -> Result<*mut LinkMap> {
    let _held = lock::lock();
    let Some(name) = name.filter(|name| !name.is_empty()) else {
        let program = lock::program().ok_or(b"no program is loaded")?;
        return Ok(program.handle());
    };
    if flags & (LAZY | NOW) == 0 {
        return Err(join(&[name, b": invalid mode for dlopen(): Invalid argument"]));
    }
    let requester = lock::object_at(caller).or_else(lock::program);
    if flags & NOLOAD != 0 {
        return already(name, requester, flags);
    }
    let mut batch = Batch::default();
    let opened = batch.load(name, requester).and_then(|member| finish(&batch, member, flags));
    let member = match opened {
        Ok(member) => member,
        Err(message) => {
            batch.undo();
            report(name, &message);
            return Err(message);
        }
    };
    for object in lifecycle::order(&batch.objects) {
        lifecycle::initialise(object);
    }
    Ok(handle(member))
}

/// `RTLD_NOLOAD`: the handle of what is loaded.
fn already(name: &[u8], requester: Option<&'static Object>, flags: i32) -> Result<*mut LinkMap> {
    // Loading finds out by file what is loaded under another name; what is new goes again.
    let mut batch = Batch::default();
    let member = batch.load(name, requester);
    let new = !batch.objects.is_empty();
    let member = match member {
        Ok(member) if !new => member,
        _ => {
            batch.undo();
            return Err(join(&[name, b": cannot open shared object file: not loaded"]));
        }
    };
    promote(member, flags);
    Ok(handle(member))
}

/// Counts an open, and lets flags have their effect on what was loaded before.
fn promote(member: Member, flags: i32) {
    let Some(object) = member else { return };
    object.references.set(object.references.get() + 1);
    if flags & NODELETE != 0 || object.dynamic.flags1 & super::dynamic::NODELETE != 0 {
        object.permanent.set(true);
    }
    if flags & GLOBAL_SCOPE != 0 {
        load::make_global(&load::closure(object));
    }
}

fn finish(batch: &Batch, member: Member, flags: i32) -> Result<Member> {
    let Some(root) = member else { return Ok(None) };
    if batch.objects.is_empty() {
        promote(member, flags);
        return Ok(member);
    }
    let scope = load::closure(root);
    batch.register_tls(false);
    for &object in &batch.objects {
        object.deep.set(flags & DEEPBIND != 0);
        if object.dynamic.flags1 & super::dynamic::NODELETE != 0 {
            object.permanent.set(true);
        }
    }
    batch.bind(&scope)?;
    promote(member, flags);
    Ok(member)
}

/// Says on the console what a library lacks, if it is an export of the C library's.
fn report(name: &[u8], message: &Message) {
    const UNDEFINED: &[u8] = b"undefined symbol: ";
    let Some(at) = message.windows(UNDEFINED.len()).position(|part| part == UNDEFINED) else { return };
    let rest = &message[at + UNDEFINED.len()..];
    let symbol = rest.split(|&byte| byte == b',').next().unwrap_or(rest);
    console::message(&[
        Part::Text("specialize: dlopen of "),
        Part::Bytes(name),
        Part::Text(" needs '"),
        Part::Bytes(symbol),
        Part::Text("', which this kernel was built without; --also "),
        Part::Bytes(name),
        Part::Text(" or --export "),
        Part::Bytes(symbol),
        Part::Text(" brings it\n"),
    ]);
}

/// Takes back one open; unloads what nothing holds any more.
///
/// # Errors
/// A message for `dlerror` when the handle is none.
pub fn close(handle: *mut LinkMap) -> Result<()> {
    let _held = lock::lock();
    let Some(object) = member(handle).ok_or(b"shared object not open")? else { return Ok(()) };
    if object.is_program {
        return Ok(());
    }
    let references = object.references.get();
    if references == 0 {
        return Err(object.message("shared object not open"));
    }
    object.references.set(references - 1);
    if references == 1 {
        collect();
    }
    Ok(())
}

/// Unloads all objects that no open, and no object that stays, holds.
fn collect() {
    let objects = lock::copy(&OBJECTS);
    let mut held: Vec<&'static Object> = Vec::new();
    let roots = objects.iter().filter(|object| object.permanent.get() || object.references.get() > 0);
    for root in roots {
        for member in load::closure(root).into_iter().flatten() {
            if !held.iter().any(|&other| core::ptr::eq(other, member)) {
                held.push(member);
            }
        }
    }
    let dead = |object: &&'static Object| !held.iter().any(|&other| core::ptr::eq(other, *object));
    let order = lock::copy(&lock::INITIALISED);
    for object in order.into_iter().rev().filter(|object| dead(object)) {
        lifecycle::finalise(object);
    }
    let gone: Vec<&'static Object> = objects.into_iter().filter(|object| dead(object)).collect();
    OBJECTS.lock().retain(|object| !dead(object));
    GLOBAL.lock().retain(|member| member.is_none_or(|object| !dead(&object)));
    load::relink();
    for object in gone {
        tls::unregister(object);
        // SAFETY: no object that is left refers to it, and the application gave its handles back.
        unsafe {
            map::unmap(object);
            object.discard();
        }
    }
}

/// Keeps the object at this address loaded for good.
pub fn keep_for_good(address: usize) {
    if let Some(object) = lock::object_at(address) {
        object.permanent.set(true);
    }
}

/// Where `dlsym` looks.
#[derive(Clone, Copy)]
pub enum Look {
    /// `RTLD_DEFAULT`: in the global scope, then the caller's own.
    Default,
    /// `RTLD_NEXT`: after the object that asks.
    Next,
    /// In what a handle stands for, and what that needs.
    Handle(*mut LinkMap),
}

/// The address of a symbol, or of a thread-local variable in the calling thread.
///
/// # Errors
/// A message for `dlerror`.
pub fn symbol(look: Look, name: &[u8], version: Option<&[u8]>, caller: usize) -> Result<usize> {
    let _held = lock::lock();
    let requester = lock::object_at(caller).or_else(lock::program);
    let scope: Vec<Member> = match look {
        Look::Handle(handle) => match member(handle).ok_or(b"invalid handle")? {
            None => alloc::vec![None],
            // The program's handle stands for all that came with it.
            Some(object) if object.is_program => lock::copy(&GLOBAL),
            Some(object) => load::closure(object),
        },
        Look::Default => requester_scope(requester),
        Look::Next => {
            let scope = requester_scope(requester);
            let here = scope.iter().position(|&member| load::same(member, requester));
            scope.get(here.map_or(0, |here| here + 1)..).unwrap_or(&[]).to_vec()
        }
    };
    match symbols::find(&scope, &Wanted::named(name, version), None) {
        Some(Found::Object(object, symbol)) if symbol.kind() == symbol::TLS => {
            Ok(tls::address(&tls::Index { module: object.tls_module.get(), offset: symbol.value() }).addr())
        }
        Some(found) => Ok(relocate::address(found)),
        None => {
            if scope.iter().any(Option::is_none) && export::was_pruned(hash::gnu_hash(name)) {
                report_name(name);
            }
            let file = requester.map_or(&b""[..], Object::path);
            let (comma, version) = version.map_or((&b""[..], &b""[..]), |version| (b", version ", version));
            Err(join(&[file, b": undefined symbol: ", name, comma, version]))
        }
    }
}

fn requester_scope(requester: Option<&'static Object>) -> Vec<Member> {
    let mut scope = lock::copy(&GLOBAL);
    for &member in requester.map_or(&[][..], |object| object.scope.get()) {
        if !scope.iter().any(|&known| load::same(known, member)) {
            scope.push(member);
        }
    }
    scope
}

/// Says on the console that a name was looked for among the exports that the kernel could have had.
fn report_name(name: &[u8]) {
    console::message(&[
        Part::Text("specialize: dlsym found no '"),
        Part::Bytes(name),
        Part::Text("', which this kernel was built without; --export "),
        Part::Bytes(name),
        Part::Text(" brings it\n"),
    ]);
}

/// The object at an address, and the symbol with the largest value up to it.
#[must_use]
pub fn locate(address: usize) -> Option<(&'static Object, Option<Symbol>)> {
    let object = lock::object_at(address)?;
    let own = address.wrapping_sub(object.memory.bias);
    let mut best: Option<Symbol> = None;
    for index in 1..symbols::count(object) {
        let Some(symbol) = object.dynamic.symbol(index) else { break };
        let fits = symbol.is_defined()
            && symbol.kind() <= symbol::FUNCTION
            && symbol.value() != 0
            && symbol.value() <= own
            && (symbol.size() == 0 || own < symbol.value() + symbol.size());
        if fits && best.is_none_or(|best| symbol.value() > best.value()) {
            best = Some(symbol);
        }
    }
    Some((object, best))
}
