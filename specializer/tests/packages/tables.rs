//! On a kernel in Rust: rows, tunables, panics, unwind tables, assembly, exports.

use super::{Ask, EFFORTS, NOTHING, holds, package, specialized};
use specialize::Effort;

#[test]
fn pruning_leaves_nothing_that_no_export_reaches() {
    let package = package("tables");
    for effort in EFFORTS {
        let kernel = specialized(&package, &NOTHING, effort);
        assert!(holds(&kernel, "entry") && holds(&kernel, "start"), "{effort:?}");
        assert!(!holds(&kernel, "open") && !holds(&kernel, "probe_serial"), "{effort:?}");
    }
}

#[test]
fn row_blanking_drops_the_drivers_that_the_profile_does_not_list() {
    let package = package("tables");
    for effort in EFFORTS {
        let ask = Ask { exports: &["open"], rows: &[("device", &["serial"])], ..NOTHING };
        let kernel = specialized(&package, &ask, effort);
        assert!(!holds(&kernel, "probe_virtio_blk"), "{effort:?}");
        let ask = Ask { exports: &["open"], ..NOTHING };
        assert!(holds(&specialized(&package, &ask, effort), "probe_virtio_blk"), "{effort:?}");
    }
}

#[test]
fn a_table_by_root_has_the_roots_rows_until_mount_lives() {
    let package = package("tables");
    let ask = Ask { exports: &["stat"], root: Some("ram"), ..NOTHING };
    let kernel = specialized(&package, &ask, Effort::Instant);
    assert!(holds(&kernel, "mount_ramfs") && !holds(&kernel, "mount_rofs"));
    let ask = Ask { exports: &["stat", "mount"], root: Some("ram"), ..NOTHING };
    let kernel = specialized(&package, &ask, Effort::Instant);
    assert!(holds(&kernel, "mount_ramfs") && holds(&kernel, "mount_rofs"));
}

#[test]
fn constant_propagation_removes_what_a_tunable_turns_off() {
    let package = package("tables");
    for effort in EFFORTS {
        let off = Ask { exports: &["write"], ..NOTHING };
        // A link cannot fold: it keeps both ways.
        assert_eq!(
            holds(&specialized(&package, &off, effort), "trace_line"),
            effort == Effort::Instant,
            "{effort:?}"
        );
        let on = Ask { exports: &["write"], set: &[("trace", "true")], ..NOTHING };
        assert!(calls_trace(&specialized(&package, &on, effort)), "{effort:?}");
    }
}

/// `trace_line` is there, or was inlined: then `write` adds to the counter itself (`lock`).
fn calls_trace(kernel: &specialize::Specialized) -> bool {
    holds(kernel, "trace_line") || code(kernel, "write").contains(&0xf0)
}

/// The machine code of a function.
fn code(kernel: &specialize::Specialized, name: &str) -> Vec<u8> {
    use object::{Object, ObjectSection, ObjectSymbol};
    let file = object::File::parse(&*kernel.image.with_symbols).unwrap();
    let symbol = file.symbols().find(|symbol| symbol.name() == Ok(name)).unwrap();
    let section = file.section_by_index(symbol.section_index().unwrap()).unwrap();
    section.data_range(symbol.address(), symbol.size()).unwrap().unwrap().to_vec()
}

#[test]
fn panic_lowering_leaves_a_trap_and_no_text() {
    let package = package("tables");
    for effort in EFFORTS {
        let kernel = specialized(&package, &Ask { exports: &["open"], ..NOTHING }, effort);
        let panicking = kernel.image.symbols.iter().find(|symbol| symbol.name.contains("panicking"));
        assert_eq!(panicking, None, "{effort:?}");
        let text = b"src/lib.rs";
        assert!(!kernel.image.bytes.windows(text.len()).any(|window| window == text), "{effort:?}");
    }
    let sites = String::from_utf8(package.read("panics.json").unwrap()).unwrap();
    assert!(sites.contains("src/lib.rs") && sites.contains("core::panicking::panic_bounds_check"));
}

#[test]
fn unwind_tables_are_kept_for_callbacks_alone() {
    let package = package("tables");
    for effort in EFFORTS {
        let with = specialized(&package, &Ask { exports: &["qsort"], ..NOTHING }, effort);
        let without = specialized(&package, &Ask { exports: &["open", "write"], ..NOTHING }, effort);
        // An entry that names no function may be left of the package's object.
        assert!(without.image.sections.unwind <= 40, "{effort:?}");
        assert!(with.image.sections.unwind > 40, "{effort:?}");
    }
}

#[test]
fn what_assembly_refers_to_lives_with_it() {
    let package = package("tables");
    for effort in EFFORTS {
        let naked = specialized(&package, &Ask { exports: &["setjmp"], ..NOTHING }, effort);
        assert!(holds(&naked, "trap_handler") && !holds(&naked, "from_inline_assembly"), "{effort:?}");
        let inline = specialized(&package, &Ask { exports: &["raise"], ..NOTHING }, effort);
        assert!(holds(&inline, "from_inline_assembly") && !holds(&inline, "trap_handler"), "{effort:?}");
    }
}

#[test]
fn why_goes_from_the_flag_to_the_symbol() {
    let package = package("tables");
    let kernel = specialized(&package, &Ask { exports: &["open"], ..NOTHING }, Effort::Instant);
    let probe = package.index.find("probe_serial").unwrap();
    let (_, chain) = kernel.live.why(probe).unwrap();
    let names: Vec<String> = chain.iter().map(|id| package.index.demangled(*id)).collect();
    assert_eq!(names.first().map(String::as_str), Some("open"));
    assert!(names.contains(&"table_device".to_owned()), "{names:?}");
}

#[test]
fn the_same_inputs_give_the_same_bytes() {
    let package = package("tables");
    for effort in EFFORTS {
        let ask = Ask { exports: &["open", "write", "qsort", "mount"], ..NOTHING };
        let first = specialized(&package, &ask, effort).image;
        let second = specialized(&package, &ask, effort).image;
        assert!(first.bytes == second.bytes && first.with_symbols == second.with_symbols, "{effort:?}");
    }
}

#[test]
fn the_export_table_is_sorted_and_complete() {
    let package = package("tables");
    let names = ["open", "open64", "write", "exported_variable"];
    let kernel = specialized(&package, &Ask { exports: &names, ..NOTHING }, Effort::Instant);
    let rows = code(&kernel, "specialize_exports");
    let hashes: Vec<u32> =
        rows.chunks(20).map(|row| u32::from_le_bytes(row[..4].try_into().unwrap())).collect();
    assert_eq!(hashes.len(), names.len());
    assert!(hashes.is_sorted());
    let address =
        |name: &str| kernel.image.symbols.iter().find(|symbol| symbol.name == name).unwrap().address;
    let addresses: Vec<u64> = rows
        .chunks(20)
        .map(|row| i64::from(i32::from_le_bytes(row[16..].try_into().unwrap())) as u64)
        .collect();
    // `open64` is `open`.
    assert_eq!(addresses.iter().filter(|at| **at == address("open")).count(), 2);
    assert!(addresses.contains(&address("exported_variable")));
}
