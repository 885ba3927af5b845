//! Maps an object's file into the address space.

use super::elf::{self, HEADER_SIZE, Header, Layout, PAGE, Segment};
use super::message::{Message, Result, about};
use super::object::Object;
use crate::errno::{ENOENT, Errno};
use crate::memory::vm::{self, Backing, Place, Protection, Request};
use crate::vfs::{File, OpenFlags, open};
use alloc::sync::Arc;
use alloc::vec::Vec;

/// Opens a library's or program's file; none if there is none to be opened.
pub fn open_file(path: &[u8]) -> Result<Arc<dyn File>, Errno> {
    open(path, OpenFlags::empty(), 0)
}

/// `FILE: cannot open shared object file: WHY`.
#[must_use]
pub fn cannot_open(path: &[u8], error: Errno) -> Message {
    let why = match error {
        ENOENT => "cannot open shared object file: No such file or directory",
        crate::errno::EACCES => "cannot open shared object file: Permission denied",
        crate::errno::EISDIR => "cannot read file data: Is a directory",
        _ => "cannot open shared object file: Input/output error",
    };
    about(path, why)
}

/// Reads exactly `length` bytes at `offset`.
fn read(backing: &dyn Backing, offset: usize, length: usize) -> Option<Vec<u8>> {
    let mut bytes = alloc::vec![0; length];
    let mut done = 0;
    while done < length {
        match backing.read_at((offset + done) as u64, &mut bytes[done..]) {
            Ok(count @ 1..) => done += count,
            _ => return None,
        }
    }
    Some(bytes)
}

/// Maps the object in an open file.
///
/// # Errors
/// A message that names the file and what is wrong with it.
pub fn map(path: &[u8], file: &Arc<dyn File>) -> Result<Object> {
    let stat = file.stat().map_err(|error| cannot_open(path, error))?;
    let backing = file.backing(false).map_err(|_| about(path, "cannot map the file: not a regular file"))?;
    let length = usize::try_from(backing.length()).unwrap_or(0);
    let damaged = |what| about(path, what);
    let head = read(&*backing, 0, HEADER_SIZE.min(length)).ok_or_else(|| damaged("cannot read file data"))?;
    let header = Header::parse(&head).map_err(damaged)?;
    if header.table.checked_add(header.table_length).is_none_or(|end| end > length) {
        return Err(damaged("file too short"));
    }
    let table =
        read(&*backing, header.table, header.table_length).ok_or_else(|| damaged("cannot read file data"))?;
    let layout = Layout::parse(&table, header.table, length).map_err(damaged)?;
    let start = reserve(&header, &layout).map_err(|_| super::lock::no_memory(path))?;
    let span = layout.span();
    let bias = start.wrapping_sub(span.address);
    let object = fill(&layout, bias, &backing)
        .map_err(|_| super::lock::no_memory(path))
        .and_then(|()| Object::new(path, &header, layout, bias));
    match object {
        Ok(mut object) => {
            object.file = (stat.device, stat.inode);
            Ok(object)
        }
        Err(message) => {
            // What is mapped of it is of no use; that it cannot be unmapped would be no reason to fail.
            // SAFETY: nothing refers to what was just mapped.
            let _ = unsafe { vm::unmap(start, span.length) };
            Err(message)
        }
    }
}

/// Takes the addresses of the whole object.
fn reserve(header: &Header, layout: &Layout) -> Result<usize, Errno> {
    let span = layout.span();
    let slack = layout.alignment - PAGE;
    let place = if header.fixed { Place::FixedNoReplace(span.address) } else { Place::Any };
    let length = if header.fixed { span.length } else { span.length + slack };
    let start = vm::map(Request::zeros(place, length, Protection::default()))?;
    if header.fixed || slack == 0 {
        return Ok(start);
    }
    let aligned = start.next_multiple_of(layout.alignment) + span.address % layout.alignment;
    let aligned = if aligned + span.length > start + length { aligned - layout.alignment } else { aligned };
    if aligned > start {
        // SAFETY: it was just mapped, and nothing is there.
        unsafe { vm::unmap(start, aligned - start)? };
    }
    if start + length > aligned + span.length {
        // SAFETY: as above.
        unsafe { vm::unmap(aligned + span.length, start + length - aligned - span.length)? };
    }
    Ok(aligned)
}

fn protection(segment: &Segment) -> Protection {
    Protection {
        read: segment.flags & elf::READ != 0,
        write: segment.flags & elf::WRITE != 0,
        execute: segment.flags & elf::EXECUTE != 0,
    }
}

/// Maps the segments over the reserved addresses.
fn fill(layout: &Layout, bias: usize, backing: &Arc<dyn Backing>) -> Result<(), Errno> {
    for segment in &layout.segments {
        let start = segment.address / PAGE * PAGE;
        let file_end = segment.address + segment.file_length;
        let end = segment.end().next_multiple_of(PAGE);
        let page_end = if segment.file_length == 0 { start } else { file_end.next_multiple_of(PAGE) };
        let one = |from: usize, to: usize, backing| {
            let place = Place::Fixed(bias.wrapping_add(from));
            vm::map(Request { backing, ..Request::zeros(place, to - from, protection(segment)) })
        };
        if page_end > start {
            one(start, page_end, Some((backing.clone(), (segment.offset / PAGE * PAGE) as u64)))?;
        }
        if end > page_end {
            one(page_end, end, None)?;
        }
        // The file goes on after the segment's end in the last page; the program expects zeros.
        if segment.length > segment.file_length && page_end > file_end && segment.flags & elf::WRITE != 0 {
            let rest = bias.wrapping_add(file_end) as *mut u8;
            // SAFETY: the bytes up to the page's end are mapped privately and writable.
            unsafe { rest.write_bytes(0, (page_end - file_end).min(segment.length - segment.file_length)) };
        }
    }
    Ok(())
}

/// Makes the segments of an object with `DT_TEXTREL` writable while it is relocated, or as they were.
///
/// # Errors
/// Those of [`vm::protect`].
pub fn open_text(object: &Object, writable: bool) -> Result<(), Errno> {
    if !object.dynamic.text_relocations {
        return Ok(());
    }
    for segment in object.layout.segments.iter().filter(|segment| segment.flags & elf::WRITE == 0) {
        let start = segment.address / PAGE * PAGE;
        let length = segment.end().next_multiple_of(PAGE) - start;
        let protection = if writable { Protection::DATA } else { protection(segment) };
        // SAFETY: the pages are the object's, and its relocation is what uses them.
        unsafe { vm::protect(object.memory.bias.wrapping_add(start), length, protection)? };
    }
    Ok(())
}

/// Takes the right to write from what `PT_GNU_RELRO` covers.
///
/// # Errors
/// Those of [`vm::protect`].
pub fn protect_relocated(object: &Object) -> Result<(), Errno> {
    let Some(relro) = object.layout.relro else { return Ok(()) };
    let start = relro.address / PAGE * PAGE;
    let end = (relro.address + relro.length) / PAGE * PAGE;
    if end <= start {
        return Ok(());
    }
    let protection = Protection { read: true, write: false, execute: false };
    // SAFETY: the object itself says that these pages are not written any more.
    unsafe { vm::protect(object.memory.bias.wrapping_add(start), end - start, protection) }
}

/// Takes an object's memory away.
///
/// # Safety
/// Nothing uses it any more.
pub unsafe fn unmap(object: &Object) {
    let (start, end) = object.range();
    // The range was mapped by `map`, so this cannot fail.
    // SAFETY: the caller's.
    let _ = unsafe { vm::unmap(start, end - start) };
}
