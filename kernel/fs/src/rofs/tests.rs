//! Images made here, read back; and images spoilt in every way, which must not do harm.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use kcore::device::block::{Block, SECTOR};
use kcore::errno::{EINVAL, EIO, ENOENT, Result};
use kcore::vfs::directory::OpenDirectory;
use kcore::vfs::node::Node;
use kcore::vfs::{OpenFlags, Place, page};

use super::exercise::explore;
use super::format::Super;
use super::{disk, module};

/// What an image is made of: inode 1 is the root.
enum Item<'a> {
    Dir(&'a [(&'a str, u64)]),
    File(Vec<u8>, usize),
    Link(&'a str),
}

fn image(items: &[Item<'_>]) -> Vec<u8> {
    let mut data = vec![0; 512];
    let (mut entries, mut links, mut inodes) = (Vec::new(), Vec::new(), Vec::new());
    let (mut entry_count, mut link_count) = (0u64, 0u64);
    for (index, item) in items.iter().enumerate() {
        let (mode, offset, count) = match item {
            Item::Dir(list) => {
                for (name, inode) in *list {
                    entries.extend(inode.to_le_bytes());
                    entries.extend((name.len() as u16).to_le_bytes());
                    entries.extend(name.as_bytes());
                }
                entry_count += list.len() as u64;
                (0o040_755u64, entry_count - list.len() as u64, list.len() as u64)
            }
            Item::File(bytes, alignment) => {
                data.resize(data.len().next_multiple_of(*alignment), 0);
                let block = data.len() / 512;
                data.extend(bytes);
                data.resize(data.len().next_multiple_of(512), 0);
                (0o100_644, block as u64, bytes.len() as u64)
            }
            Item::Link(target) => {
                links.extend((target.len() as u16).to_le_bytes());
                links.extend(target.as_bytes());
                link_count += 1;
                (0o120_777, link_count - 1, 1)
            }
        };
        for word in [mode, index as u64 + 1, offset, count] {
            inodes.extend(word.to_le_bytes());
        }
    }
    let tables = [entries, links, inodes].concat();
    let (first, blocks) = (data.len() / 512, tables.len().div_ceil(512));
    let head =
        [0xDEAD_BEADu64, 1, 512, first as u64, blocks as u64, entry_count, link_count, items.len() as u64];
    for (at, word) in head.iter().enumerate() {
        data[at * 8..at * 8 + 8].copy_from_slice(&word.to_le_bytes());
    }
    data.extend(tables);
    data.resize(data.len().next_multiple_of(512), 0);
    data
}

fn sample() -> Vec<u8> {
    let big: Vec<u8> = (0..200_000u32).map(|at| (at / 7) as u8).collect();
    image(&[
        Item::Dir(&[("etc", 2), ("big", 3), ("link", 4), ("empty", 5)]),
        Item::Dir(&[("motd", 6)]),
        Item::File(big, 4096),
        Item::Link("etc/motd"),
        Item::File(Vec::new(), 512),
        Item::File(b"hello\n".to_vec(), 512),
    ])
}

fn leak(bytes: Vec<u8>) -> &'static [u8] {
    bytes.leak()
}

/// A page-aligned copy, as boot modules are.
fn aligned(bytes: &[u8]) -> &'static [u8] {
    let spare = leak(vec![0u8; bytes.len() + 4096]);
    let start = spare.as_ptr().align_offset(4096);
    // SAFETY: the memory was leaked just now, so this is the only use of it.
    let copy = unsafe { std::slice::from_raw_parts_mut(spare.as_ptr().add(start).cast_mut(), bytes.len()) };
    copy.copy_from_slice(bytes);
    copy
}

/// A disk that counts its reads.
struct Memory(Vec<u8>, AtomicUsize);

impl Block for Memory {
    fn sectors(&self) -> u64 {
        (self.0.len() / SECTOR) as u64
    }

    fn read(&self, sector: u64, buffers: &mut [&mut [u8]]) -> Result<()> {
        self.1.fetch_add(1, Ordering::Relaxed);
        let mut at = sector as usize * SECTOR;
        for buffer in buffers {
            buffer.copy_from_slice(self.0.get(at..at + buffer.len()).ok_or(EIO)?);
            at += buffer.len();
        }
        Ok(())
    }
}

fn child(node: &Arc<Node>, name: &str) -> Result<Arc<Node>> {
    node.directory().expect("a directory").get(node, name.as_bytes())
}

fn read(node: &Arc<Node>, offset: u64, length: usize) -> Result<Vec<u8>> {
    let file = node.body().open(Place::unnamed(node.clone()), OpenFlags::empty())?;
    let mut buffer = vec![0xAA; length];
    let count = file.read_at(offset, &mut buffer)?;
    buffer.truncate(count);
    Ok(buffer)
}

fn names(node: &Arc<Node>) -> Vec<String> {
    let file = node.body().open(Place::unnamed(node.clone()), OpenFlags::DIRECTORY).unwrap();
    let mut names = Vec::new();
    let open: &OpenDirectory = file.downcast().expect("an open directory");
    open.list(0, &mut |name, _, _| {
        names.push(String::from_utf8_lossy(name).into_owned());
        true
    })
    .unwrap();
    names.sort();
    names
}

fn check(root: &Arc<Node>) {
    assert_eq!(names(root), [".", "..", "big", "empty", "etc", "link"]);
    assert_eq!(root.stat().links, 3);
    let motd = child(&child(root, "etc").unwrap(), "motd").unwrap();
    assert_eq!(read(&motd, 0, 100).unwrap(), b"hello\n");
    assert_eq!(read(&motd, 4, 100).unwrap(), b"o\n");
    assert_eq!(read(&motd, 6, 100).unwrap(), b"");
    assert_eq!(motd.stat().mode, 0o100_644);
    assert_eq!(child(root, "link").unwrap().body().target().unwrap(), b"etc/motd");
    assert_eq!(read(&child(root, "empty").unwrap(), 0, 1).unwrap(), b"");
    assert_eq!(child(root, "nothing").err(), Some(ENOENT));
    let big = child(root, "big").unwrap();
    assert_eq!(big.stat().size, 200_000);
    let all = read(&big, 0, 300_000).unwrap();
    assert!(all.len() == 200_000 && all.iter().enumerate().all(|(at, &byte)| byte == (at / 7) as u8));
    assert_eq!(read(&big, 199_990, 100).unwrap(), all[199_990..]);
}

#[test]
fn an_image_in_memory_is_read_in_place() {
    let bytes = aligned(&sample());
    let root = module::mount(bytes).unwrap();
    check(&root);
    let big = child(&root, "big").unwrap();
    let file = big.body().open(Place::unnamed(big.clone()), OpenFlags::empty()).unwrap();
    let backing = file.backing(false).unwrap();
    let frame = backing.frame(1).expect("a whole page is mapped where it lies");
    assert!(bytes.as_ptr_range().contains(&(frame.0 as *const u8)));
    assert_eq!(backing.length(), 200_000);
    // A shared mapping gets a page of the file's own, which writes then reach.
    let shared = file.backing(true).unwrap().frame(1).unwrap();
    assert!(!bytes.as_ptr_range().contains(&(shared.0 as *const u8)));
    assert!(backing.frame(49).is_none_or(|last| last != frame));
    assert!(backing.frame(50).is_none());
}

/// What the page cache has room for is one number for all files.
static CACHE: Mutex<()> = Mutex::new(());

#[test]
fn a_mapped_page_stays_when_the_cache_is_full() {
    let _alone = CACHE.lock().unwrap_or_else(PoisonError::into_inner);
    let root = disk::mount(Arc::new(Memory(sample(), AtomicUsize::new(0)))).unwrap();
    let big = child(&root, "big").unwrap();
    let file = big.body().open(Place::unnamed(big.clone()), OpenFlags::empty()).unwrap();
    let mapped = file.backing(false).unwrap();
    assert_eq!(mapped.resident(2), None);
    let first = mapped.frame(2).unwrap();
    assert_eq!(mapped.resident(2), Some(first));
    page::cached(1 << 20);
    let later = mapped.frame(40).unwrap();
    page::cached(-(1 << 20));
    assert_eq!(mapped.resident(2), Some(first));
    assert_eq!(mapped.resident(40), Some(later));
}

#[test]
fn an_image_on_a_disk_is_read_ahead_and_cached() {
    let _alone = CACHE.lock().unwrap_or_else(PoisonError::into_inner);
    let device = Arc::new(Memory(sample(), AtomicUsize::new(0)));
    let root = disk::mount(device.clone()).unwrap();
    check(&root);
    let before = device.1.load(Ordering::Relaxed);
    check(&root);
    assert_eq!(device.1.load(Ordering::Relaxed), before, "everything was in memory");
    assert!(before < 12, "{before} reads for 49 pages");
}

#[test]
fn what_is_no_image_is_refused() {
    assert_eq!(module::mount(&[]).err(), Some(EINVAL));
    assert_eq!(module::mount(&[0; 1024]).err(), Some(EINVAL));
    let mut other = sample();
    other[8] = 2;
    assert_eq!(module::mount(leak(other)).err(), Some(EINVAL));
    let whole = sample();
    for length in (0..whole.len()).step_by(64).chain(whole.len() - 1200..whole.len()) {
        let cut = leak(whole[..length].to_vec());
        if let Ok(root) = module::mount(cut) {
            // Only the padding may be missing.
            check(&root);
        }
    }
}

#[test]
fn a_spoilt_image_gives_errors_and_nothing_worse() {
    let whole = sample();
    let tables = whole.len() - 512;
    let mut state = 0x9e37_79b9_7f4a_7c15u64;
    let mut random = || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        state
    };
    for _ in 0..3000 {
        let mut bytes = whole.clone();
        for _ in 0..1 + random() % 6 {
            let range = if random() % 2 == 0 { 24..64 } else { tables..whole.len() };
            let at = range.start + random() as usize % range.len();
            bytes[at] = match random() % 4 {
                0 => 0xff,
                1 => 0,
                2 => bytes[at].wrapping_add(1),
                _ => random() as u8,
            };
        }
        let device = Arc::new(Memory(bytes, AtomicUsize::new(0)));
        // The disk's tables are leaked, as they live as long as a kernel; the module's are not copied.
        if let Ok(root) = disk::mount(device) {
            explore(&root, 4);
        }
    }
}

#[test]
fn counts_that_no_image_can_hold_cost_nothing() {
    let mut block = vec![0u8; 512];
    let head = [0xDEAD_BEADu64, 1, 512, 1, 1, u64::MAX, u64::MAX, u64::MAX];
    for (at, word) in head.iter().enumerate() {
        block[at * 8..at * 8 + 8].copy_from_slice(&word.to_le_bytes());
    }
    assert_eq!(Super::read(&block, 100).err(), Some(EIO));
    block[40..64].copy_from_slice(&[0, 0, 0, 0x10, 0, 0, 0, 0].repeat(3));
    block.resize(1024, 0);
    assert_eq!(module::mount(leak(block)).err(), Some(EIO));
}

#[test]
fn a_writable_tree_over_an_image_copies_pages_on_write() {
    let bytes = aligned(&sample());
    let root = module::mount(bytes).unwrap();
    let big = child(&root, "big").unwrap();
    let file = big.body().open(Place::unnamed(big.clone()), OpenFlags::READ_WRITE).unwrap();
    let writer = file.seekable().unwrap();
    assert_eq!(writer.write_at(4090, b"0123456789").unwrap(), 10);
    let near = read(&big, 4088, 14).unwrap();
    assert_eq!(&near[2..12], b"0123456789");
    assert_eq!((near[0], near[13]), ((4088 / 7) as u8, (4101 / 7) as u8));
    let regular: &kcore::vfs::regular::Regular = big.body_as().unwrap();
    regular.truncate(100).unwrap();
    regular.truncate(9000).unwrap();
    let again = read(&big, 0, 10_000).unwrap();
    assert_eq!(again.len(), 9000);
    assert!(again[100..].iter().all(|&byte| byte == 0) && again[99] == 14);
    check(&module::mount(bytes).unwrap());
}
