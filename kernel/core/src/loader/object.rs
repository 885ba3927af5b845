//! A loaded object: the program or a shared library.

use super::dynamic::Dynamic;
use super::elf::{Header, Layout};
use super::hash::GnuHash;
use super::memory::Memory;
use super::message::{Message, Result, about};
use super::symbol::Symbol;
use super::symbols::{self, Member, Version};
use alloc::boxed::Box;
use alloc::vec::Vec;
use core::cell::{Cell, UnsafeCell};

/// The public head of glibc's `struct link_map` (`<link.h>`); a `dlopen` handle points at one.
#[derive(Debug)]
#[repr(C)]
pub struct LinkMap {
    /// The load bias.
    pub address: usize,
    /// The path, NUL-terminated; empty for the program.
    pub name: *const u8,
    /// The dynamic section in memory.
    pub dynamic: usize,
    /// The object loaded next.
    pub next: *mut LinkMap,
    /// The object loaded before.
    pub previous: *mut LinkMap,
}

/// A loaded object. Its cells change under the loader's lock only.
#[derive(Debug)]
#[repr(C)]
pub struct Object {
    /// The part that debuggers and `dlinfo` see; first, so that a handle is the object's address.
    pub link: UnsafeCell<LinkMap>,
    /// The path it was opened by, NUL-terminated.
    pub path: Vec<u8>,
    /// Device and inode numbers of the file.
    pub file: (u64, u64),
    /// Whether it is the program itself.
    pub is_program: bool,
    /// Entry point, before the load bias is added.
    pub entry: usize,
    /// What the program headers say.
    pub layout: Layout,
    /// Where the segments are.
    pub memory: Memory,
    /// What the dynamic section says.
    pub dynamic: Dynamic,
    /// `DT_GNU_HASH`; none for an object that has `DT_HASH` only, or neither.
    pub hash: Option<GnuHash>,
    /// Symbol versions by index.
    pub versions: Vec<Version>,
    /// What `DT_NEEDED` named, in order.
    pub needed: Cell<&'static [Member]>,
    /// For look-ups after the global scope: the object it was opened for, and all that that needs.
    pub scope: Cell<&'static [Member]>,
    /// Whether `scope` comes before the global scope (`RTLD_DEEPBIND`).
    pub deep: Cell<bool>,
    /// Whether it is in the global scope.
    pub global: Cell<bool>,
    /// Whether its relocations are done.
    pub relocated: Cell<bool>,
    /// Whether its constructors have run, or were begun.
    pub initialised: Cell<bool>,
    /// How many `dlopen`s and needing objects hold it.
    pub references: Cell<usize>,
    /// Whether it stays for good.
    pub permanent: Cell<bool>,
    /// TLS module number; 0 if it has no thread-local variables.
    pub tls_module: Cell<usize>,
}

// SAFETY: cells are used under the loader's lock; the rest does not change once it is shared.
unsafe impl Sync for Object {}
// SAFETY: as above.
unsafe impl Send for Object {}

impl Object {
    /// An object whose segments are mapped.
    ///
    /// # Errors
    /// A message that names the file and what is wrong with it.
    pub fn new(path: &[u8], header: &Header, layout: Layout, bias: usize) -> Result<Self> {
        let memory = Memory { bias, segments: layout.segments.clone() };
        let dynamic = match layout.dynamic {
            Some(section) => Dynamic::parse(&memory, section).map_err(|what| about(path, what))?,
            None => Dynamic::default(),
        };
        let versions = symbols::versions(&memory, &dynamic).map_err(|what| about(path, what))?;
        let hash = match dynamic.gnu_hash {
            0 => None,
            table => {
                Some(GnuHash::read(&memory, table).ok_or_else(|| about(path, "the hash table is damaged"))?)
            }
        };
        let mut path = path.to_vec();
        path.push(0);
        let link = LinkMap {
            address: bias,
            name: path.as_ptr(),
            dynamic: layout.dynamic.map_or(0, |section| bias.wrapping_add(section.address)),
            next: core::ptr::null_mut(),
            previous: core::ptr::null_mut(),
        };
        Ok(Self {
            link: UnsafeCell::new(link),
            path,
            file: (0, 0),
            is_program: false,
            entry: header.entry,
            layout,
            memory,
            dynamic,
            hash,
            versions,
            needed: Cell::new(&[]),
            scope: Cell::new(&[]),
            deep: Cell::new(false),
            global: Cell::new(false),
            relocated: Cell::new(false),
            initialised: Cell::new(false),
            references: Cell::new(0),
            permanent: Cell::new(false),
            tls_module: Cell::new(0),
        })
    }

    /// Its path, without the NUL.
    #[must_use]
    #[inline(never)]
    pub fn path(&self) -> &[u8] {
        self.path.strip_suffix(b"\0").unwrap_or(&self.path)
    }

    /// The directory of its path, for `$ORIGIN`.
    #[must_use]
    pub fn origin(&self) -> &[u8] {
        let path = self.path();
        match path.iter().rposition(|&byte| byte == b'/') {
            Some(0) => b"/",
            Some(slash) => &path[..slash],
            None => b".",
        }
    }

    /// A string of the dynamic string table.
    #[must_use]
    pub fn string(&self, offset: usize) -> Option<&'static [u8]> {
        self.dynamic.string(offset)
    }

    /// `DT_SONAME`.
    #[must_use]
    pub fn soname(&self) -> Option<&'static [u8]> {
        self.string(self.dynamic.soname?)
    }

    /// Whether a segment that is in memory holds the address.
    #[must_use]
    pub fn contains(&self, address: usize) -> bool {
        let own = address.wrapping_sub(self.memory.bias);
        self.memory.segments.iter().any(|segment| own >= segment.address && own < segment.end())
    }

    /// First and last address of the process that the object spans.
    #[must_use]
    #[inline(never)]
    pub fn range(&self) -> (usize, usize) {
        let span = self.layout.span();
        let start = self.memory.bias.wrapping_add(span.address);
        (start, start + span.length)
    }

    /// The address of a symbol's definition in the process.
    #[must_use]
    pub fn address_of(&self, symbol: &Symbol) -> usize {
        self.memory.bias.wrapping_add(symbol.value())
    }

    /// Its handle for `dlopen`'s callers.
    #[must_use]
    pub fn handle(&'static self) -> *mut LinkMap {
        self.link.get()
    }

    /// Fails with a message that names the object.
    pub fn fail<T>(&self, what: &str) -> Result<T> {
        Err(self.message(what))
    }

    /// A message that names the object.
    #[must_use]
    #[cold]
    #[inline(never)]
    pub fn message(&self, what: &str) -> Message {
        about(self.path(), what)
    }

    /// Makes it live until [`Object::discard`].
    #[must_use]
    pub fn keep(self) -> &'static Self {
        Box::leak(Box::new(self))
    }

    /// Frees what [`Object::keep`] made; its memory is the caller's to unmap first.
    ///
    /// # Safety
    /// Nothing refers to it any more.
    pub unsafe fn discard(&'static self) {
        // SAFETY: `keep` made it from a box, and the caller's word that this is the last reference.
        unsafe {
            for list in [self.needed.get(), self.scope.get()] {
                if !list.is_empty() {
                    drop(Box::from_raw(core::ptr::from_ref(list).cast_mut()));
                }
            }
            drop(Box::from_raw(core::ptr::from_ref(self).cast_mut()));
        }
    }
}
