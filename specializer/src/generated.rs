//! What is made anew for each kernel: tables, tunables, the export table and the identity.

mod exports;
mod object_file;

pub(crate) use exports::gnu_hash;
pub(crate) use object_file::MISSING_HANDLER;

use sha2::{Digest, Sha256};

use crate::Options;
use crate::app::AppClosure;
use crate::package::{KernelPackage, SymbolId};
use crate::profile::{Profile, RowSet};
use crate::reachability::LiveSet;
use crate::roots::Roots;

/// Why tables or exports could not be written.
#[derive(Debug, thiserror::Error)]
pub enum GeneratedError {
    /// The object could not be written.
    #[error("cannot write the object that holds the tables and exports: {0}")]
    Object(#[from] object::write::Error),
    /// An export's name or size does not fit its row.
    #[error("export '{name}' does not fit the export table: {reason}")]
    Export {
        /// The name.
        name: String,
        /// What does not fit.
        reason: String,
    },
}

/// A piece of read-only data: a symbol, its bytes, and the addresses written into them.
#[derive(Debug, Clone)]
pub struct Piece {
    /// The symbol that it defines.
    pub symbol: String,
    /// Its bytes, zero where an address goes.
    pub bytes: Vec<u8>,
    /// Its alignment in bytes.
    pub alignment: u64,
    /// The addresses in it.
    pub addresses: Vec<Address>,
}

/// An address inside a [`Piece`].
#[derive(Debug, Clone)]
pub struct Address {
    /// Where in the piece.
    pub offset: u64,
    /// How many bytes, 4 (sign-extended) or 8.
    pub size: u8,
    /// Of which symbol.
    pub symbol: String,
}

/// What is made anew for one kernel.
#[derive(Debug, Clone)]
pub struct Generated {
    /// The live tables, with the rows that are left.
    pub tables: Vec<Piece>,
    /// The live tunables.
    pub tunables: Vec<Piece>,
    /// The export table and its strings, the sonames, the identity.
    pub exports: Vec<Piece>,
    /// Stubs of imports that the kernel lacks: symbol, and the text it reports.
    pub missing: Vec<(String, String)>,
    /// The identity.
    pub identity: [u8; 32],
}

impl Generated {
    /// The parts of one kernel.
    ///
    /// # Errors
    /// An export does not fit its row.
    pub fn new(
        package: &KernelPackage,
        roots: &Roots,
        live: &LiveSet,
        identity: [u8; 32],
    ) -> Result<Self, GeneratedError> {
        let index = &package.index;
        let mut tables = Vec::new();
        for (at, table) in index.tables.iter().enumerate() {
            let Some(rows) = live.rows.get(at).filter(|_| live.contains(table.symbol)) else { continue };
            let addresses = rows.iter().enumerate().filter_map(|(row, symbol)| {
                let symbol = index.name((*symbol)?).to_owned();
                Some(Address { offset: row as u64 * 8, size: 8, symbol })
            });
            tables.push(Piece {
                symbol: index.name(table.symbol).to_owned(),
                bytes: vec![0; rows.len() * 8],
                alignment: 8,
                addresses: addresses.collect(),
            });
        }
        let tunables = index.tunables.iter().zip(&roots.tunables);
        let tunables =
            tunables.filter(|(tunable, _)| live.contains(tunable.symbol)).map(|(tunable, value)| Piece {
                symbol: index.name(tunable.symbol).to_owned(),
                bytes: value.clone(),
                alignment: 1 << index.symbol(tunable.symbol).alignment,
                addresses: Vec::new(),
            });
        let tunables = tunables.collect();
        let (exports, missing) = exports::pieces(package, roots, live, identity)?;
        Ok(Self { tables, tunables, exports, missing, identity })
    }
}

/// Whether a kernel's live code reads a generated symbol.
fn wanted(package: &KernelPackage, live: &LiveSet, symbol: &str) -> bool {
    package.index.find(symbol).is_some_and(|id: SymbolId| live.contains(id))
}

/// The hash that names one specialization: of the package, the application and its libraries, and
/// every option that changes what is made.
pub fn identity(
    package: &KernelPackage,
    closure: &AppClosure,
    profile: &Profile,
    options: &Options,
) -> [u8; 32] {
    let mut hash = Sha256::new();
    let mut part = |name: &str, bytes: &[u8]| {
        hash.update((name.len() as u64).to_le_bytes());
        hash.update(name);
        hash.update((bytes.len() as u64).to_le_bytes());
        hash.update(bytes);
    };
    for (name, digest) in &package.manifest.files {
        part(name, digest.as_bytes());
    }
    for object in &closure.objects {
        part("object", &object.hash);
    }
    for (kind, rows) in &profile.rows {
        match rows {
            RowSet::All => part(kind, b"*"),
            RowSet::Listed(rows) => rows.iter().for_each(|row| part(kind, row.as_bytes())),
        }
    }
    part("effort", format!("{:?}", options.effort).as_bytes());
    part("exports", format!("{:?}", options.exports).as_bytes());
    part("unresolved", format!("{:?}", options.unresolved).as_bytes());
    part("root", options.root.as_ref().or(profile.root.as_ref()).map_or("", String::as_str).as_bytes());
    options.export.iter().for_each(|name| part("export", name.as_bytes()));
    options.drop_rows.iter().for_each(|name| part("drop", name.as_bytes()));
    options.keep_rows.iter().for_each(|name| part("keep", name.as_bytes()));
    options.tunables.iter().for_each(|(name, value)| part(name, value.as_bytes()));
    hash.finalize().into()
}
