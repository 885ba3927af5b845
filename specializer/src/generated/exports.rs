//! The export table, as `kernel/core/src/export.rs` reads it: rows of 20 bytes sorted by GNU hash,
//! and the strings that they point into.

use super::{Address, GeneratedError, Piece, wanted};
use crate::package::KernelPackage;
use crate::reachability::LiveSet;
use crate::roots::{Export, Roots};

/// Symbols that the linker sets to an expression.
type Assignments = Vec<(String, String)>;

const ROW: usize = 20;
const KIND_OBJECT: u32 = 1;
const KIND_MISSING: u32 = 2;
const DEFAULT: u32 = 1 << 2;

/// The pieces of the export table that live code reads, and the stubs of missing imports.
pub(super) fn pieces(
    package: &KernelPackage,
    roots: &Roots,
    live: &LiveSet,
    identity: [u8; 32],
) -> Result<(Vec<Piece>, Assignments), GeneratedError> {
    let names = &package.kernel_toml.generated;
    let mut rows: Vec<(u32, &Export)> = roots
        .exports
        .iter()
        .filter(|e| e.symbol.is_none_or(|id| live.contains(id)))
        .map(|e| (gnu_hash(&e.name), e))
        .collect();
    rows.sort();

    let mut strings = Strings::default();
    let mut table =
        Piece { symbol: names.exports.clone(), bytes: Vec::new(), alignment: 4, addresses: Vec::new() };
    let mut missing = Vec::new();
    for (hash, export) in &rows {
        let (kind, symbol, alignment) = match export.symbol {
            Some(symbol) => {
                let kind = if export.object { KIND_OBJECT } else { 0 };
                (kind, package.index.name(symbol).to_owned(), package.index.symbol(symbol).alignment)
            }
            None => {
                let stub = format!("specialize_missing.{}", missing.len());
                missing.push((stub.clone(), export.name.clone()));
                (KIND_MISSING, stub, 0)
            }
        };
        if export.size >= 1 << 24 {
            return Err(GeneratedError::Export {
                name: export.name.clone(),
                reason: format!("{} bytes, at most 16 MB fit", export.size),
            });
        }
        let default = if export.default { DEFAULT } else { 0 };
        let attributes = kind | default | u32::from(alignment & 31) << 3 | export.size << 8;
        table.addresses.push(Address { offset: (table.bytes.len() + ROW - 4) as u64, size: 4, symbol });
        let fields = [*hash, strings.add(&export.name), strings.add(&export.version), attributes, 0];
        table.bytes.extend(fields.iter().flat_map(|field| field.to_le_bytes()));
    }
    let data = |symbol: &str, bytes: Vec<u8>, alignment| Piece {
        symbol: symbol.to_owned(),
        bytes,
        alignment,
        addresses: Vec::new(),
    };
    let mut sonames: Vec<u8> =
        roots.sonames.iter().flat_map(|name| [name.as_bytes(), b"\0"].concat()).collect();
    sonames.push(0);
    let mut pruned: Vec<u16> = roots
        .provided
        .iter()
        .filter(|hash| rows.binary_search_by_key(hash, |(hash, _)| hash).is_err())
        .map(|&hash| hash as u16)
        .collect();
    pruned.sort_unstable();
    pruned.dedup();
    let mut pieces = vec![
        data(&names.pruned, distances(&pruned), 1),
        data(&names.exports_count, (rows.len() as u32).to_le_bytes().to_vec(), 4),
        data(&names.export_strings, strings.bytes, 1),
        data(&names.sonames, sonames, 1),
        data(&names.identity, identity.to_vec(), 1),
        table,
    ];
    pieces.retain(|piece| wanted(package, live, &piece.symbol));
    Ok((pieces, missing))
}

/// Ascending numbers, each as its distance from the number after the one before, in a byte. 255 stands for so
/// many that are not there; as many of those as reach past the last number possible end the list.
fn distances(numbers: &[u16]) -> Vec<u8> {
    let mut list = Vec::new();
    let mut next = 0;
    for &number in numbers {
        let mut distance = u32::from(number) - next;
        while distance >= 255 {
            list.push(255);
            distance -= 255;
        }
        list.push(distance as u8);
        next = u32::from(number) + 1;
    }
    while next <= u32::from(u16::MAX) {
        list.push(255);
        next += 255;
    }
    list
}

/// The hash of a symbol's name in `.gnu.hash`.
pub fn gnu_hash(name: &str) -> u32 {
    name.bytes().fold(5381, |hash: u32, byte| hash.wrapping_mul(33).wrapping_add(u32::from(byte)))
}

/// NUL-terminated strings, each once.
#[derive(Default)]
struct Strings {
    bytes: Vec<u8>,
    at: std::collections::HashMap<String, u32>,
}

impl Strings {
    fn add(&mut self, text: &str) -> u32 {
        if let Some(at) = self.at.get(text) {
            return *at;
        }
        let at = self.bytes.len() as u32;
        self.bytes.extend_from_slice(text.as_bytes());
        self.bytes.push(0);
        self.at.insert(text.to_owned(), at);
        at
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_hash_is_the_one_in_gnu_hash_sections() {
        assert_eq!(gnu_hash(""), 5381);
        assert_eq!(gnu_hash("printf"), 0x156b_2bb8);
    }

    #[test]
    fn numbers_are_stored_as_distances() {
        let list = distances(&[0, 1, 300, 65535]);
        assert_eq!(list[..4], [0, 0, 255, 43]);
        assert_eq!(list.len(), 4 + 65234 / 255 + 1);
        assert_eq!(list.last(), Some(&((65234 % 255) as u8)));
        assert_eq!(distances(&[]).len(), 65536_usize.div_ceil(255));
    }

    #[test]
    fn a_string_is_stored_once() {
        let mut strings = Strings::default();
        assert_eq!(strings.add("GLIBC_2.2.5"), 0);
        assert_eq!(strings.add("read"), 12);
        assert_eq!(strings.add("GLIBC_2.2.5"), 0);
    }
}
