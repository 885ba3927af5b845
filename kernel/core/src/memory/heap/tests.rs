//! The heap over the host's arena of frames.

use super::*;
use std::collections::BTreeMap;

fn layout(size: usize, align: usize) -> Layout {
    Layout::from_size_align(size, align).unwrap()
}

#[test]
fn blocks_do_not_overlap_and_keep_what_is_written() {
    let mut blocks: BTreeMap<usize, (usize, u8)> = BTreeMap::new();
    let mut seed = 7u64;
    let mut random = || {
        seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
        (seed >> 33) as usize
    };
    for round in 0..30_000 {
        if random() % 5 < 3 || blocks.is_empty() {
            let size = match random() % 20 {
                0 => random() % 600_000,
                1..4 => random() % 40_000,
                _ => random() % 600,
            };
            let align = 1 << (random() % 13);
            let block = allocate(layout(size, align));
            assert!(!block.is_null());
            assert_eq!(block.addr() % align.max(16), 0);
            // SAFETY: the block was just made.
            let usable = unsafe { usable_size(block) };
            assert!(usable >= size);
            let (start, fill) = (block.expose_provenance(), round as u8);
            let before = blocks.range(..start).next_back().map_or(0, |(at, (length, _))| at + length);
            assert!(before <= start);
            assert!(blocks.range(start..).next().is_none_or(|(&at, _)| start + usable <= at));
            // SAFETY: all usable bytes are the block's.
            unsafe { block.write_bytes(fill, usable.min(2048)) };
            blocks.insert(start, (usable, fill));
        } else {
            let nth = random() % blocks.len();
            let start = *blocks.keys().nth(nth).unwrap();
            let (usable, fill) = blocks.remove(&start).unwrap();
            let block = ptr::with_exposed_provenance_mut::<u8>(start);
            // SAFETY: the block is in use until it is released.
            unsafe {
                let bytes = core::slice::from_raw_parts(block, usable.min(2048));
                assert!(bytes.iter().all(|&byte| byte == fill));
                release(block);
            }
        }
        if blocks.len() > 2000 {
            for (start, _) in core::mem::take(&mut blocks) {
                // SAFETY: the block is in use until here.
                unsafe { release(ptr::with_exposed_provenance_mut(start)) };
            }
        }
    }
}

#[test]
fn large_blocks_of_the_kernel_are_pages() {
    let block = allocate(layout(1 << 20, 16));
    // SAFETY: the block is ours.
    unsafe {
        assert!(vm::heap_length(block.expose_provenance()).is_none());
        assert_eq!(usable_size(block), 1 << 20);
        release(block);
    }
}

#[test]
fn large_blocks_grow_without_a_copy() {
    let block = allocate_app(layout(1 << 20, 16));
    // SAFETY: the block is ours; the old address is not used after the move.
    unsafe {
        block.write(42);
        let grown = resize(block, 8 << 20);
        assert!(!grown.is_null());
        assert_eq!(grown.read(), 42);
        assert!(usable_size(grown) >= 8 << 20);
        release(grown);
    }
}

#[test]
fn small_blocks_stay_where_they_are_if_they_fit() {
    let block = allocate(layout(100, 1));
    // SAFETY: the block is ours.
    unsafe {
        assert_eq!(resize(block, 112), block);
        assert!(resize(block, 113).is_null());
        assert!(resize(block, 10).is_null());
        release(block);
    }
}

#[test]
fn blocks_of_pages_keep_their_size_while_others_come_and_go() {
    let traffic = |mut seed: u64| {
        let mut blocks: Vec<(*mut u8, usize)> = Vec::new();
        for _ in 0..200_000 {
            seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
            let pages = (seed >> 33) as usize % 8 + 1;
            let block = allocate(layout(pages * PAGE_SIZE, 16));
            assert!(!block.is_null());
            blocks.push((block, pages));
            if blocks.len() == 32 {
                let (block, pages) = blocks.swap_remove((seed >> 40) as usize % 32);
                // SAFETY: the block is this thread's and in use until it is released.
                unsafe {
                    assert_eq!(usable_size(block), pages * PAGE_SIZE);
                    release(block);
                }
            }
        }
        for (block, _) in blocks {
            // SAFETY: the block is in use until here.
            unsafe { release(block) };
        }
    };
    std::thread::scope(|scope| (1..5).for_each(|seed| _ = scope.spawn(move || traffic(seed))));
}
