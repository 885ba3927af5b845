use super::*;

const LIST: &str = "\
# heading
close GLIBC_2.2.5 func =
environ GLIBC_2.2.5 object 8 -
fopen GLIBC_2.2.5 func =
fopen64 GLIBC_2.2.5 func - fopen
__environ GLIBC_2.2.5 object 8 - environ
realpath GLIBC_2.2.5! func -
realpath GLIBC_2.3 func =
";

fn catalogue(text: &str) -> Catalogue {
    Catalogue::new(vec![Library::parse("libc.so.6", text).expect("the list is well formed")])
}

fn kernel(name: &str) -> Option<KernelSymbol> {
    match name {
        "close" | "fopen" | "realpath" => Some(KernelSymbol::Function),
        "environ" => Some(KernelSymbol::Object { size: Some(8) }),
        _ => None,
    }
}

#[test]
fn text_survives_a_round_trip() {
    let library = Library::parse("libc.so.6", LIST).unwrap();
    assert_eq!(library.to_text(), LIST);
}

#[test]
fn a_version_picks_its_entry() {
    let catalogue = catalogue(LIST);
    let symbol = |version| catalogue.find("realpath", version).map(|(_, e)| e.kernel_symbol());
    assert_eq!(symbol(None).as_deref(), Some("realpath"));
    assert_eq!(symbol(Some("GLIBC_2.3")).as_deref(), Some("realpath"));
    assert_eq!(symbol(Some("GLIBC_2.2.5")).as_deref(), Some("realpath.GLIBC_2.2.5"));
    assert_eq!(symbol(Some("GLIBC_9")), None);
}

#[test]
fn refreshing_settles_every_disagreement() {
    let catalogue = catalogue(LIST);
    let before = check(&catalogue, kernel);
    let names: Vec<_> = before.disagreements.iter().map(|d| d.name.as_str()).collect();
    assert_eq!(names, ["environ", "fopen64", "__environ"]);
    let fresh = refreshed(&catalogue, kernel);
    let after = check(&fresh, kernel);
    assert_eq!(after.disagreements, []);
    assert_eq!((after.coverage[0].provided, after.coverage[0].listed), (6, 6));
}

#[test]
fn another_name_of_the_same_function_does() {
    let catalogue = catalogue("fopen GLIBC_2.2.5 func -\nfopen64 GLIBC_2.2.5 func - fopen\n");
    let fresh = refreshed(&catalogue, |name| (name == "fopen64").then_some(KernelSymbol::Function));
    assert_eq!(fresh.provided("fopen").map(Entry::kernel_symbol).as_deref(), Some("fopen64"));
    assert_eq!(fresh.provided("fopen64").unwrap().implementation, None);
}

#[test]
fn kinds_and_sizes_are_compared() {
    let catalogue = catalogue("environ GLIBC_2.2.5 object 8 =\nclose GLIBC_2.2.5 func =\n");
    let wrong = |name: &str| match name {
        "environ" => Some(KernelSymbol::Object { size: Some(4) }),
        "close" => Some(KernelSymbol::Object { size: None }),
        _ => None,
    };
    let found = check(&catalogue, wrong).disagreements;
    assert_eq!(found[0].to_string(), "libc.so.6: environ GLIBC_2.2.5 has 8 bytes, the kernel's 'environ' 4");
    assert!(matches!(found[1].problem, Problem::Kind { .. }));
}

#[test]
fn malformed_lines_are_named() {
    for (text, expected) in [
        ("close", "libc.so.6.symbols:1: the line ends before its version"),
        ("\nclose V func", "libc.so.6.symbols:2: the line ends before its status"),
        ("x V object = y", "libc.so.6.symbols:1: '=' is no size in bytes"),
        ("x V thing =", "libc.so.6.symbols:1: 'thing' is none of func, object SIZE, tls SIZE"),
        ("x V func ?", "libc.so.6.symbols:1: '?' is neither = (provided) nor - (not provided)"),
        ("x V func = y z", "libc.so.6.symbols:1: 'z' follows the last column"),
        ("x V func =\nx V! func =", "libc.so.6.symbols:2: 'x' version V is listed twice"),
    ] {
        assert_eq!(Library::parse("libc.so.6", text).unwrap_err().to_string(), expected);
    }
}

#[test]
fn import_lists_come_in_three_forms() {
    let text = "# a comment\nclose libc.so.6 GLIBC_2.2.5\n22 environ libc.so.6\nrealpath@GLIBC_2.2.5\nXOpenDisplay\n";
    let coverage = coverage_of_imports(&catalogue(LIST), "some", text);
    assert_eq!((coverage.provided, coverage.listed), (1, 3));
    assert_eq!(coverage.missing, ["environ", "realpath"]);
    assert_eq!(coverage.per_mille(), 333);
}
