//! The numbers that a program hands to functions which do a different thing for each.

use std::collections::BTreeSet;

use super::calls::Calls;
use super::{Evidence, EvidenceKind};
use crate::exports::Catalogue;

/// The functions: system calls, and address families.
const FUNCTIONS: [&str; 3] = ["syscall", "socket", "socketpair"];

pub(super) fn collect(calls: &[Calls], catalogue: &Catalogue) -> Vec<Evidence> {
    let mut found = Vec::new();
    for function in FUNCTIONS {
        let Some(entry) = catalogue.provided(function) else { continue };
        for (index, calls) in calls.iter().enumerate() {
            let Some(calls) = calls.get(function) else { continue };
            let mut kinds = BTreeSet::new();
            for call in calls {
                let number = call.argument.and_then(|number| u32::try_from(number).ok());
                let kind = number.map_or(EvidenceKind::AnyNumber, |number| EvidenceKind::Number { number });
                kinds.insert((kind, call.address));
            }
            if kinds.is_empty() {
                // Imported and called from nowhere that was understood.
                kinds.insert((EvidenceKind::AnyNumber, 0));
            }
            found.extend(kinds.into_iter().map(|(kind, address)| Evidence {
                kind,
                symbol: entry.name.clone(),
                version: entry.version.clone(),
                kernel_symbol: entry.kernel_symbol(),
                object: index,
                address,
            }));
        }
    }
    found
}
