//! The numbers that a program hands to `syscall`.

use std::collections::BTreeSet;

use iced_x86::Register;

use super::{Evidence, EvidenceKind, calls};
use crate::app::closure::AppClosure;
use crate::exports::Catalogue;

pub(super) fn collect(closure: &AppClosure, catalogue: &Catalogue) -> Vec<Evidence> {
    let Some(entry) = catalogue.provided("syscall") else { return Vec::new() };
    let mut found = Vec::new();
    for (index, object) in closure.objects.iter().enumerate() {
        let Some(import) = object.import("syscall") else { continue };
        let mut kinds = BTreeSet::new();
        for call in calls::of(object, import, Register::RDI) {
            let number = call.argument.and_then(|number| u32::try_from(number).ok());
            let kind =
                number.map_or(EvidenceKind::AnySyscall, |number| EvidenceKind::SyscallNumber { number });
            kinds.insert((kind, call.address));
        }
        if kinds.is_empty() {
            // Imported and called from nowhere that was understood.
            kinds.insert((EvidenceKind::AnySyscall, 0));
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
    found
}
