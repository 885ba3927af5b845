//! Loading: an object with everything it needs, bound and ready for its constructors.

use super::lock::{self, GLOBAL, OBJECTS};
use super::map;
use super::message::{Message, Result, about};
use super::object::{LinkMap, Object};
use super::relocate::{self, Scopes};
use super::search;
use super::symbols::Member;
use super::tls;
use crate::errno::{ENOENT, Errno};
use crate::export;
use crate::process;
use alloc::boxed::Box;
use alloc::vec::Vec;

/// What one `dlopen`, or the start of the program, loads.
#[derive(Default)]
pub struct Batch {
    /// Objects that were not loaded before, in breadth-first order.
    pub objects: Vec<&'static Object>,
}

impl Batch {
    /// Loads the object of this name, unless it is loaded, and what it needs.
    ///
    /// # Errors
    /// A message that names the file. What was loaded until then is in `objects`; see [`Batch::undo`].
    pub fn load(&mut self, name: &[u8], requester: Option<&'static Object>) -> Result<Member> {
        let member = self.load_one(name, requester)?;
        self.load_needed()?;
        Ok(member)
    }

    /// Enters an object that is mapped and loads what it needs.
    ///
    /// # Errors
    /// As [`Batch::load`].
    pub fn add(&mut self, object: Object) -> Result<&'static Object> {
        let object = object.keep();
        self.objects.push(object);
        OBJECTS.lock().push(object);
        self.load_needed()?;
        Ok(object)
    }

    /// Goes through `DT_NEEDED` of all that is new.
    fn load_needed(&mut self) -> Result<()> {
        let mut index = 0;
        while let Some(&object) = self.objects.get(index) {
            index += 1;
            let mut needed = Vec::new();
            for &offset in &object.dynamic.needed {
                let name = object
                    .string(offset)
                    .ok_or_else(|| object.message("a DT_NEEDED name is outside the string table"))?;
                needed.push(self.load_one(name, Some(object))?);
            }
            // An object is gone through once, when the closure of its batch is complete.
            if object.needed.get().is_empty() {
                object.needed.set(Box::leak(needed.into_boxed_slice()));
            }
        }
        Ok(())
    }

    fn load_one(&mut self, name: &[u8], requester: Option<&'static Object>) -> Result<Member> {
        let base = name.rsplit(|&byte| byte == b'/').next().unwrap_or(name);
        if export::provides(base) {
            return Ok(None);
        }
        if let Some(object) = loaded(name) {
            return Ok(Some(object));
        }
        let mut outcome: Result<&'static Object> = Err(map::cannot_open(name, ENOENT));
        let program = lock::program();
        let library_path = library_path();
        search::search(name, requester, program, library_path, &mut |path| match map::open_file(path) {
            Ok(file) => {
                outcome = self.map_one(path, &file);
                true
            }
            Err(ENOENT | crate::errno::ENOTDIR) => false,
            Err(error) => {
                outcome = Err(map::cannot_open(path, error));
                false
            }
        });
        let object = outcome.map_err(|message| needed_by(message, requester))?;
        Ok(Some(object))
    }

    fn map_one(
        &mut self,
        path: &[u8],
        file: &alloc::sync::Arc<dyn crate::vfs::File>,
    ) -> Result<&'static Object> {
        let object = map::map(path, file)?;
        let objects = lock::copy(&OBJECTS);
        if let Some(same) =
            objects.into_iter().find(|other| other.file == object.file && object.file != (0, 0))
        {
            // SAFETY: it was mapped just now and nothing refers to it.
            unsafe { map::unmap(&object) };
            return Ok(same);
        }
        if object.layout.dynamic.is_none() {
            // SAFETY: as above.
            unsafe { map::unmap(&object) };
            return Err(about(path, "object file has no dynamic section"));
        }
        let object = object.keep();
        self.objects.push(object);
        OBJECTS.lock().push(object);
        Ok(object)
    }

    /// Binds the new objects: thread-local storage, then relocations, those that others need first.
    ///
    /// # Errors
    /// A message that names the object and the symbol that is missing.
    pub fn bind(&self, local: &[Member]) -> Result<()> {
        for &object in &self.objects {
            object.scope.set(Box::leak(Box::from(local)));
        }
        let global = lock::copy(&GLOBAL);
        for &object in self.objects.iter().rev() {
            let scopes = if object.deep.get() {
                Scopes { first: local, second: &global }
            } else {
                Scopes { first: &global, second: local }
            };
            let refused = |_: Errno| object.message("cannot change memory protections");
            map::open_text(object, true).map_err(refused)?;
            relocate::relocate(object, &scopes)?;
            map::open_text(object, false).map_err(refused)?;
            map::protect_relocated(object).map_err(refused)?;
            object.relocated.set(true);
            tls::fill_everywhere(object);
        }
        Ok(())
    }

    /// Gives the new objects their module numbers; the control block is laid out after this at start.
    pub fn register_tls(&self, at_start: bool) {
        for &object in &self.objects {
            tls::register(object, at_start);
        }
        relink();
    }

    /// Takes back what could not be loaded whole.
    pub fn undo(self) {
        OBJECTS.lock().retain(|object| !self.objects.iter().any(|new| core::ptr::eq(*new, *object)));
        relink();
        for object in self.objects {
            tls::unregister(object);
            // SAFETY: none of its code has run and it is off all lists.
            unsafe {
                map::unmap(object);
                object.discard();
            }
        }
    }
}

/// The object that is loaded under this name, path or soname.
#[must_use]
pub fn loaded(name: &[u8]) -> Option<&'static Object> {
    let objects = lock::copy(&OBJECTS);
    objects
        .into_iter()
        .find(|object| object.path() == name && !object.is_program || object.soname() == Some(name))
}

/// `LD_LIBRARY_PATH` of the environment the program was started with.
fn library_path() -> &'static [u8] {
    const NAME: &[u8] = b"LD_LIBRARY_PATH=";
    process::environment().iter().find_map(|entry| entry.strip_prefix(NAME)).unwrap_or(b"")
}

fn needed_by(mut message: Message, requester: Option<&Object>) -> Message {
    if let Some(requester) = requester.filter(|requester| !requester.is_program) {
        message.extend_from_slice(b" (needed by ");
        message.extend_from_slice(requester.path());
        message.push(b')');
    }
    message
}

/// An object and all it needs, breadth first: its local scope.
#[must_use]
pub fn closure(root: &'static Object) -> Vec<Member> {
    let mut members: Vec<Member> = alloc::vec![Some(root)];
    let mut index = 0;
    while let Some(&member) = members.get(index) {
        index += 1;
        for &needed in member.map_or(&[][..], |object| object.needed.get()) {
            if !members.iter().any(|&known| same(known, needed)) {
                members.push(needed);
            }
        }
    }
    members
}

/// Whether two members are the same object, or both the kernel.
#[must_use]
pub fn same(one: Member, other: Member) -> bool {
    match (one, other) {
        (None, None) => true,
        (Some(one), Some(other)) => core::ptr::eq(one, other),
        _ => false,
    }
}

/// Puts members into the global scope that are not there yet.
pub fn make_global(members: &[Member]) {
    for &member in members {
        if let Some(object) = member {
            object.global.set(true);
        }
        let mut global = GLOBAL.lock();
        if !global.iter().any(|&known| same(known, member)) {
            global.push(member);
        }
    }
}

/// Chains the link maps again, in the order of loading.
pub fn relink() {
    let objects = lock::copy(&OBJECTS);
    let mut previous: *mut LinkMap = core::ptr::null_mut();
    for object in objects {
        let link = object.handle();
        // SAFETY: objects on the list are alive; debuggers and `dlinfo`'s users only read links.
        unsafe {
            (*link).previous = previous;
            (*link).next = core::ptr::null_mut();
            if let Some(previous) = previous.as_mut() {
                previous.next = link;
            }
        }
        previous = link;
    }
}
