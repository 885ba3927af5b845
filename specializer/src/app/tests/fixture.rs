//! ELF files made to order: one segment, addresses equal to file offsets.

use std::collections::HashMap;

/// Where the parts of a file are, for damage at just that place.
pub(super) type Places = HashMap<&'static str, usize>;

/// A symbol of the file to be.
#[derive(Clone, Copy)]
pub(super) struct Symbol {
    pub name: &'static str,
    /// Index in the version table; 0 local, 1 global.
    pub version: u16,
    pub defined: bool,
    pub weak: bool,
    /// `STT_*`.
    pub kind: u8,
    /// A relocation that refers to it: its `R_X86_64_*`.
    pub relocation: Option<u32>,
}

/// An undefined function.
pub(super) fn import(name: &'static str) -> Symbol {
    Symbol { name, version: 1, defined: false, weak: false, kind: 2, relocation: None }
}

/// A defined function.
pub(super) fn export(name: &'static str) -> Symbol {
    Symbol { defined: true, ..import(name) }
}

/// What a file has.
#[derive(Clone, Default)]
pub(super) struct File {
    pub library: bool,
    pub fixed: bool,
    pub soname: Option<&'static str>,
    pub needed: Vec<&'static str>,
    pub runpath: Option<&'static str>,
    pub rpath: Option<&'static str>,
    pub symbols: Vec<Symbol>,
    /// `DT_VERNEED`: library, version, index.
    pub wanted: Vec<(&'static str, &'static str, u16)>,
    /// `DT_VERDEF`: version, index.
    pub defined: Vec<(&'static str, u16)>,
    pub symbolic: bool,
    /// Text behind everything else, in the same segment.
    pub data: &'static [u8],
}

impl File {
    pub fn program(needed: &[&'static str], symbols: &[Symbol]) -> Self {
        Self { needed: needed.to_vec(), symbols: symbols.to_vec(), ..Self::default() }
    }

    pub fn library(soname: &'static str, needed: &[&'static str], symbols: &[Symbol]) -> Self {
        Self { library: true, soname: Some(soname), ..Self::program(needed, symbols) }
    }

    pub fn bytes(&self) -> Vec<u8> {
        self.build().0
    }

    /// The file, and where its parts are.
    pub fn build(&self) -> (Vec<u8>, Places) {
        let mut w = Writer { bytes: vec![0; 64], ..Writer::default() };
        let headers = if self.library { 2 } else { 3 };
        w.place("program headers");
        w.bytes.resize(64 + headers * 56, 0);
        let interp = w.place("interpreter");
        w.bytes.extend(b"/lib64/ld-linux-x86-64.so.2\0");
        let interp_end = w.bytes.len();
        let mut strings = vec![0u8];
        let mut string = |text: &str| {
            let at = strings.len() as u32;
            strings.extend(text.as_bytes());
            strings.push(0);
            at
        };
        w.align();
        let symtab = w.place("symbols");
        w.bytes.extend([0; 24]);
        for symbol in &self.symbols {
            w.u32(string(symbol.name));
            w.bytes.push((if symbol.weak { 2 } else { 1 }) << 4 | symbol.kind);
            w.bytes.push(0);
            w.u16(if symbol.defined { 1 } else { 0 });
            w.u64(if symbol.defined { 0x40 } else { 0 });
            w.u64(8);
        }
        let versym = w.place("versions");
        w.u16(0);
        self.symbols.iter().for_each(|symbol| w.u16(symbol.version));
        w.align();
        let verneed = w.place("verneed");
        for (at, (library, version, index)) in self.wanted.iter().enumerate() {
            [1u16, 1].into_iter().for_each(|half| w.u16(half));
            w.u32(string(library));
            w.u32(16);
            w.u32(if at + 1 < self.wanted.len() { 32 } else { 0 });
            w.u32(0);
            w.u16(0);
            w.u16(*index);
            w.u32(string(version));
            w.u32(0);
        }
        let verdef = w.place("verdef");
        for (at, (version, index)) in self.defined.iter().enumerate() {
            [1u16, 0, *index, 1].into_iter().for_each(|half| w.u16(half));
            w.u32(0);
            w.u32(20);
            w.u32(if at + 1 < self.defined.len() { 28 } else { 0 });
            w.u32(string(version));
            w.u32(0);
        }
        w.align();
        let hash = w.place("hash");
        let count = self.symbols.len() as u32 + 1;
        [1, count, 0].into_iter().for_each(|word| w.u32(word));
        (0..count).for_each(|_| w.u32(0));
        w.align();
        let rela = w.place("relocations");
        for (at, symbol) in self.symbols.iter().enumerate() {
            if let Some(kind) = symbol.relocation {
                w.u64(0x40);
                w.u64((at as u64 + 1) << 32 | u64::from(kind));
                w.u64(0);
            }
        }
        let rela_size = w.bytes.len() - rela;
        let mut dynamic: Vec<(u64, u64)> = Vec::new();
        self.needed.iter().for_each(|name| dynamic.push((1, string(name).into())));
        let texts = [(14, self.soname), (15, self.rpath), (29, self.runpath)];
        texts.into_iter().for_each(|(tag, text)| {
            dynamic.extend(text.map(|text| (tag, string(text).into())));
        });
        let strtab = w.place("strings");
        w.bytes.extend(&strings);
        w.place("data");
        w.bytes.extend(self.data);
        w.align();
        dynamic.extend([(5, strtab as u64), (10, strings.len() as u64), (6, symtab as u64), (11, 24)]);
        dynamic.extend([(4, hash as u64), (0x6fff_fff0, versym as u64)]);
        if !self.wanted.is_empty() {
            dynamic.extend([(0x6fff_fffe, verneed as u64), (0x6fff_ffff, self.wanted.len() as u64)]);
        }
        if !self.defined.is_empty() {
            dynamic.extend([(0x6fff_fffc, verdef as u64), (0x6fff_fffd, self.defined.len() as u64)]);
        }
        if rela_size > 0 {
            dynamic.extend([(7, rela as u64), (8, rela_size as u64), (9, 24)]);
        }
        if self.symbolic {
            dynamic.push((16, 0));
        }
        if !self.library && !self.fixed {
            dynamic.push((0x6fff_fffb, 0x0800_0000));
        }
        dynamic.push((0, 0));
        let dynamic_at = w.place("dynamic");
        for (tag, value) in &dynamic {
            w.u64(*tag);
            w.u64(*value);
        }
        let (dynamic_size, end) = (w.bytes.len() - dynamic_at, w.bytes.len());
        self.header(&mut w.bytes, headers as u16);
        let mut segments = vec![(1u32, 4u32, 0, end), (2, 6, dynamic_at, dynamic_size)];
        if !self.library {
            segments.push((3, 4, interp, interp_end - interp));
        }
        for (index, (kind, flags, at, size)) in segments.into_iter().enumerate() {
            let mut header = Writer::default();
            header.u32(kind);
            header.u32(flags);
            [at, at, at, size, size, 8].into_iter().for_each(|value| header.u64(value as u64));
            w.bytes[64 + index * 56..][..56].copy_from_slice(&header.bytes);
        }
        (w.bytes, w.places)
    }

    fn header(&self, bytes: &mut [u8], headers: u16) {
        let mut w = Writer::default();
        w.bytes.extend(b"\x7fELF\x02\x01\x01\0\0\0\0\0\0\0\0\0");
        w.u16(if self.fixed { 2 } else { 3 });
        w.u16(62);
        w.u32(1);
        w.u64(0x40);
        w.u64(64);
        w.u64(0);
        w.u32(0);
        [64, 56, headers, 64, 0, 0].into_iter().for_each(|half| w.u16(half));
        bytes[..64].copy_from_slice(&w.bytes);
    }
}

#[derive(Default)]
struct Writer {
    bytes: Vec<u8>,
    places: Places,
}

impl Writer {
    fn place(&mut self, name: &'static str) -> usize {
        self.places.insert(name, self.bytes.len());
        self.bytes.len()
    }

    fn align(&mut self) {
        self.bytes.resize(self.bytes.len().next_multiple_of(8), 0);
    }

    fn u16(&mut self, value: u16) {
        self.bytes.extend(value.to_le_bytes());
    }

    fn u32(&mut self, value: u32) {
        self.bytes.extend(value.to_le_bytes());
    }

    fn u64(&mut self, value: u64) {
        self.bytes.extend(value.to_le_bytes());
    }
}
