//! On what clang makes of C++: the specializer is no tool for one kernel.

use super::{Ask, EFFORTS, NOTHING, holds, package, specialized};
use specialize::Effort;

#[test]
fn constructors_live_in_every_kernel() {
    let package = package("cxx");
    for effort in EFFORTS {
        let kernel = specialized(&package, &NOTHING, effort);
        let at = |name: &str| kernel.image.symbols.iter().find(|symbol| symbol.name == name).unwrap().address;
        assert_eq!(at("constructors_end") - at("constructors_start"), 8, "{effort:?}");
    }
}

#[test]
fn an_alias_keeps_its_target() {
    let package = package("cxx");
    for effort in EFFORTS {
        let kernel = specialized(&package, &Ask { exports: &["open64"], ..NOTHING }, effort);
        assert!(holds(&kernel, "open64"), "{effort:?}");
        assert_eq!(kernel.roots.exports.len(), 1, "{effort:?}");
    }
}

#[test]
fn a_strong_definition_replaces_a_weak_one() {
    let package = package("cxx");
    let kernel = specialized(&package, &Ask { exports: &["chosen"], ..NOTHING }, Effort::Max);
    // mov eax, 2; ret
    let bytes = [0xb8, 2, 0, 0, 0, 0xc3];
    let two = [0x6a, 2, 0x58, 0xc3];
    let holds = |code: &[u8]| kernel.image.bytes.windows(code.len()).any(|window| window == code);
    assert!(holds(&bytes) || holds(&two));
}

#[test]
fn a_vtable_in_a_comdat_keeps_its_methods() {
    let package = package("cxx");
    for effort in EFFORTS {
        let kernel = specialized(&package, &Ask { exports: &["make_driver"], ..NOTHING }, effort);
        assert!(holds(&kernel, "_ZN6Driver4nameEv"), "{effort:?}");
        let kernel = specialized(&package, &Ask { exports: &["log"], ..NOTHING }, effort);
        assert!(!holds(&kernel, "_ZN6Driver4nameEv"), "{effort:?}");
    }
}

#[test]
fn an_ifunc_keeps_its_resolver_and_choices() {
    let package = package("cxx");
    for effort in EFFORTS {
        let kernel = specialized(&package, &Ask { exports: &["copy"], ..NOTHING }, effort);
        assert!(
            holds(&kernel, "choose_copy") && holds(&kernel, "fast_copy") && holds(&kernel, "slow_copy"),
            "{effort:?}"
        );
    }
}

#[test]
fn tables_and_tunables_work_as_in_rust() {
    let package = package("cxx");
    for effort in EFFORTS {
        let ask = Ask { exports: &["open", "log"], rows: &[("driver", &["disk-driver"])], ..NOTHING };
        let kernel = specialized(&package, &ask, effort);
        assert!(!holds(&kernel, "net_probe"), "{effort:?}");
        assert_eq!(holds(&kernel, "say_it"), effort == Effort::Instant, "{effort:?}");
        let loud = Ask { exports: &["log"], set: &[("log-level", "9")], ..NOTHING };
        assert!(holds(&specialized(&package, &loud, effort), "say_it") || effort == Effort::Max);
    }
}

#[test]
fn internal_symbols_of_one_name_stay_apart() {
    let package = package("cxx");
    let counters = package.index.ids().filter(|id| package.index.name(*id).starts_with("counter")).count();
    assert_eq!(counters, 2);
}
