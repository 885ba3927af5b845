//! Damaged files: a clear error for each place, and no panic for any bytes.

use proptest::prelude::*;

use super::fixture::{File, Places, Symbol, export, import};
use super::{ElfError, look_at, parse};

fn sample() -> (Vec<u8>, Places) {
    let versioned = |symbol: Symbol| Symbol { version: 2, relocation: Some(7), ..symbol };
    File {
        wanted: vec![("libc.so.6", "GLIBC_2.2.5", 2), ("libm.so.6", "GLIBC_2.2.5", 3)],
        defined: vec![("APP_1", 4)],
        data: b"\0close\0xmalloc\0",
        ..File::program(
            &["libc.so.6", "libm.so.6"],
            &[versioned(import("close")), versioned(import("dlsym")), import("syscall"), export("main")],
        )
    }
    .build()
}

fn message(bytes: Vec<u8>) -> String {
    parse(bytes).expect_err("the file is damaged").to_string()
}

/// The sample with bytes written over it at a place.
fn damaged(place: &str, offset: usize, bytes: &[u8]) -> String {
    let (mut file, places) = sample();
    let at = places[place] + offset;
    file[at..at + bytes.len()].copy_from_slice(bytes);
    message(file)
}

#[test]
fn a_file_cut_anywhere_is_refused() {
    let (file, _) = sample();
    parse(file.clone()).unwrap();
    for length in 0..file.len() {
        assert!(parse(file[..length].to_vec()).is_err(), "cut to {length} bytes");
    }
}

#[test]
fn a_cut_at_a_boundary_names_the_place() {
    let (file, places) = sample();
    let cut = |length: usize| message(file[..length].to_vec());
    assert_eq!(cut(0), "it is empty");
    assert_eq!(
        cut(10),
        "it is truncated: the ELF identification (e_ident) needs bytes 0x0..0x10, and the file ends at 0xa"
    );
    assert_eq!(cut(63), "it is truncated: the ELF header needs bytes 0x0..0x40, and the file ends at 0x3f");
    assert!(cut(places["program headers"]).starts_with("it is truncated: the program header table needs"));
    assert!(cut(places["interpreter"]).starts_with("it is truncated: segment 0 (PT_LOAD) needs bytes"));
    assert!(cut(places["dynamic"]).starts_with("it is truncated: segment 0 (PT_LOAD) needs bytes"));
}

#[test]
fn what_is_no_program_for_this_kernel_is_named() {
    let header = |offset: usize, value: u8| {
        let (mut file, _) = sample();
        file[offset] = value;
        message(file)
    };
    assert_eq!(message(b"hello, world".to_vec()), "it is not an ELF file");
    assert_eq!(
        message(b"#!/usr/bin/env python3\nprint()".to_vec()),
        "it is a script for /usr/bin/env python3, not an ELF program"
    );
    assert_eq!(header(4, 1), "it is a 32-bit ELF file; the kernel runs 64-bit programs");
    assert_eq!(header(5, 2), "its byte order is big-endian; the kernel runs little-endian programs");
    assert_eq!(header(6, 9), "its ELF version is 9, not 1");
    assert_eq!(header(18, 183), "it is for AArch64; the kernel runs x86-64 programs");
    assert_eq!(header(16, 1), "it is a relocatable object (.o), neither an executable nor a shared object");
    assert_eq!(header(16, 4), "it is a core dump, neither an executable nor a shared object");
    assert_eq!(header(56, 0), "the program header table: it is empty (e_phnum is 0)");
    assert_eq!(header(54, 55), "the program header table: its entries have 55 bytes (e_phentsize), not 56");
    // The second program header is PT_DYNAMIC.
    assert_eq!(header(64 + 56, 4), ElfError::Static.to_string());
}

#[test]
fn each_table_has_its_own_message() {
    let far = [0xff, 0xff, 0xff, 0x7f];
    assert_eq!(
        damaged("symbols", 24, &far),
        "dynamic symbol 1: its name is at 0x7fffffff, outside of DT_STRTAB"
    );
    assert_eq!(
        damaged("versions", 2, &[9, 0]),
        "dynamic symbol 1: its version 9 is in neither DT_VERNEED nor DT_VERDEF"
    );
    assert_eq!(damaged("verneed", 0, &[2]), "DT_VERNEED entry 0: its version is not 1");
    assert!(damaged("verneed", 12, &far).starts_with("DT_VERNEED entry 1: its address"));
    assert!(damaged("verneed", 4, &far).starts_with("DT_VERNEED entry 0: its name is at 0x7fffffff"));
    assert!(damaged("verneed", 8, &far).starts_with("DT_VERNEED entry 0, version 0: its address"));
    assert_eq!(damaged("verdef", 0, &[2]), "DT_VERDEF entry 0: its version is not 1");
    assert!(damaged("hash", 4, &far).starts_with("DT_SYMTAB: it runs past the end of its PT_LOAD segment"));
    assert!(damaged("relocations", 12, &far).starts_with("DT_SYMTAB: it runs past the end"));
    let (file, places) = sample();
    let without_end = file[..file.len() - 16].to_vec();
    assert!(message(without_end).starts_with("it is truncated"));
    let tag = |tag: u64, value: u64| {
        let mut file = file.clone();
        let mut at = places["dynamic"];
        while file[at..at + 8] != tag.to_le_bytes() {
            at += 16;
        }
        file[at + 8..at + 16].copy_from_slice(&value.to_le_bytes());
        message(file)
    };
    assert_eq!(tag(11, 25), "DT_SYMENT: its entries have 25 bytes, not 24");
    assert_eq!(tag(9, 25), "DT_RELAENT: its entries have 25 bytes, not 24");
    assert_eq!(tag(8, 25), "DT_RELA: its size 25 is no multiple of 24");
    assert_eq!(tag(5, 1 << 40), "DT_STRTAB: its address 0x10000000000 is in no PT_LOAD segment");
    assert!(tag(10, 1 << 40).starts_with("DT_STRTAB: it runs past the end of its PT_LOAD segment"));
    assert!(tag(1, 1 << 20).starts_with("DT_NEEDED entry 0: its name is at 0x100000"));
    assert_eq!(tag(1, 0), "DT_NEEDED entry 0: its name is empty");
    // One tag made another, so that its fellow is missing.
    let gone = |tag: u64| {
        let mut file = file.clone();
        let mut at = places["dynamic"];
        while file[at..at + 8] != tag.to_le_bytes() {
            at += 16;
        }
        file[at..at + 8].copy_from_slice(&0x7000_0000u64.to_le_bytes());
        message(file)
    };
    assert_eq!(gone(5), "PT_DYNAMIC: it has no DT_STRTAB");
    assert_eq!(gone(10), "PT_DYNAMIC: it has no DT_STRSZ");
    assert_eq!(gone(6), "PT_DYNAMIC: it has no DT_SYMTAB");
    assert_eq!(gone(0x6fff_ffff), "PT_DYNAMIC: it has DT_VERNEED, but no DT_VERNEEDNUM");
    assert_eq!(gone(0x6fff_fffc), "PT_DYNAMIC: it has DT_VERDEFNUM, but no DT_VERDEF");
    assert_eq!(gone(0), "PT_DYNAMIC: it has no DT_NULL at its end");
}

#[test]
fn a_segment_larger_in_the_file_than_in_memory_is_refused() {
    let (mut file, _) = sample();
    file[64 + 40..64 + 48].copy_from_slice(&1u64.to_le_bytes());
    assert_eq!(message(file), "segment 0 (PT_LOAD): it has more bytes in the file than in memory");
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 2000, ..ProptestConfig::default() })]

    #[test]
    fn no_damage_panics(changes in proptest::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..24)) {
        let (mut file, _) = sample();
        for (at, value) in changes {
            let at = at.index(file.len());
            file[at] = value;
        }
        let _ = look_at(file);
    }

    #[test]
    fn no_damaged_field_panics(
        at in any::<prop::sample::Index>(),
        value in prop_oneof![Just(0), Just(u64::MAX), Just(1 << 63), Just(u64::from(u32::MAX)), any::<u64>()],
    ) {
        let (mut file, _) = sample();
        let at = at.index(file.len() - 8);
        file[at..at + 8].copy_from_slice(&value.to_le_bytes());
        let _ = look_at(file);
    }

    #[test]
    fn no_bytes_panic(bytes in proptest::collection::vec(any::<u8>(), 0..2000)) {
        let mut file = b"\x7fELF\x02\x01\x01\0\0\0\0\0\0\0\0\0\x03\0\x3e\0".to_vec();
        file.extend(bytes);
        let _ = look_at(file);
    }
}

/// Inputs that a fuzzer found or that seed it, in `fuzz/corpus/app`; `SPECIALIZE_FUZZ_SECONDS` makes
/// this a fuzzer of its own: it damages them at random for so long.
#[test]
fn the_corpus_does_not_panic() {
    let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("fuzz/corpus/app");
    let mut corpus: Vec<Vec<u8>> = std::fs::read_dir(&folder)
        .expect("the corpus is there")
        .map(|item| std::fs::read(item.expect("an entry").path()).expect("an input can be read"))
        .collect();
    corpus.push(sample().0);
    corpus.iter().for_each(|input| crate::app::look_at(input));
    let seconds = std::env::var("SPECIALIZE_FUZZ_SECONDS").ok().and_then(|s| s.parse().ok()).unwrap_or(1);
    let end = std::time::Instant::now() + std::time::Duration::from_secs(seconds);
    let mut random = Random(0x9e37_79b9_7f4a_7c15);
    let mut runs = 0u64;
    while std::time::Instant::now() < end {
        let mut input = corpus[random.below(corpus.len())].clone();
        for _ in 0..=random.below(8) {
            random.damage(&mut input, &corpus);
        }
        crate::app::look_at(&input);
        runs += 1;
    }
    eprintln!("{runs} damaged inputs");
}

/// xorshift64*, so that a run can be repeated.
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        self.0.wrapping_mul(0x2545_f491_4f6c_dd1d)
    }

    fn below(&mut self, limit: usize) -> usize {
        (self.next() % limit.max(1) as u64) as usize
    }

    /// One change: a byte, a bit, a word of an awkward value, a cut, a copy of another place or input.
    fn damage(&mut self, input: &mut Vec<u8>, corpus: &[Vec<u8>]) {
        if input.len() < 8 {
            input.resize(8, 0);
        }
        let at = self.below(input.len());
        match self.below(7) {
            0 => input[at] = self.next() as u8,
            1 => input[at] ^= 1 << self.below(8),
            2 => {
                let values = [0, 1, u64::MAX, 1 << 63, 1 << 31, input.len() as u64, self.next()];
                let size = [2, 4, 8][self.below(3)];
                let at = self.below(input.len() - size);
                let value = values[self.below(values.len())].to_le_bytes();
                input[at..at + size].copy_from_slice(&value[..size]);
            }
            3 => input.truncate(at.max(64)),
            4 => {
                let (from, length) = (self.below(input.len()), self.below(64));
                let copy: Vec<u8> = input.iter().copied().skip(from).take(length).collect();
                let end = (at + copy.len()).min(input.len());
                input[at..end].copy_from_slice(&copy[..end - at]);
            }
            5 => {
                let other = &corpus[self.below(corpus.len())];
                let end = (at + self.below(256)).min(input.len()).min(other.len());
                if at < end {
                    input[at..end].copy_from_slice(&other[at..end]);
                }
            }
            _ => input.extend((0..self.below(32)).map(|n| n as u8)),
        }
    }
}
