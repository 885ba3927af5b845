use super::*;

fn parse(text: &str) -> Result<Profile, ProfileError> {
    Profile::parse("p", Path::new("p.toml"), text)
}

fn tables() -> BTreeMap<String, Vec<String>> {
    let rows = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect();
    BTreeMap::from([
        ("block".to_owned(), rows(&["virtio-blk", "nvme"])),
        ("console".to_owned(), rows(&["uart16550"])),
        ("clock".to_owned(), rows(&["tsc"])),
    ])
}

#[test]
fn a_kind_that_is_not_named_keeps_its_rows() {
    let profile = parse("description = 'd'\n[rows]\nblock = ['nvme']\nclock = 'all'\n").unwrap();
    let profile = profile.resolve(&tables()).unwrap();
    let has = |kind: &str, row: &str| profile.rows[kind].contains(row);
    assert!(has("block", "nvme") && !has("block", "virtio-blk"));
    assert!(has("clock", "tsc") && has("console", "uart16550"));
}

#[test]
fn every_fault_names_file_and_line() {
    let resolve = |text: &str| parse(text).and_then(|profile| profile.resolve(&tables())).unwrap_err();
    for (text, expected) in [
        ("description = 'd'\nrot = 'x'\n", "p.toml:2: a profile has no key 'rot'"),
        ("description = 'd'\n[rows]\nblok = 'all'\n", "p.toml:3: this kernel has no table 'blok'"),
        (
            "description = 'd'\n[rows]\nblock = [\n  'nvme',\n  'virtio-blok',\n]\n",
            "p.toml:5: the table 'block' of this kernel has no row 'virtio-blok'",
        ),
        (
            "description = 'd'\n[rows]\nblock = 'some'\n",
            "p.toml:3: invalid value: string \"some\", expected \"all\" or a list of row names",
        ),
        (
            "description = 'd'\n[rows]\nblock = 3\n",
            "p.toml:3: invalid type: integer '3', expected \"all\" or a list of row names",
        ),
        ("root = 'x'\n", "p.toml:1: missing field 'description'"),
    ] {
        assert_eq!(resolve(text).to_string(), expected);
    }
    assert!(resolve("description = 'd'\n[rows\n").to_string().starts_with("p.toml:2: "));
}

#[test]
fn what_was_probably_meant_is_said() {
    let meant = |error: ProfileError| match error {
        ProfileError::Syntax { similar, .. }
        | ProfileError::UnknownKind { similar, .. }
        | ProfileError::UnknownRow { similar, .. }
        | ProfileError::Unknown { similar, .. } => similar,
        ProfileError::Read { .. } => None,
    };
    let resolve = |text: &str| parse(text).and_then(|profile| profile.resolve(&tables())).unwrap_err();
    assert_eq!(meant(resolve("description = 'd'\nrot = 'x'\n")).as_deref(), Some("root"));
    assert_eq!(meant(resolve("description = 'd'\n[rows]\nblok = 'all'\n")).as_deref(), Some("block"));
    let row = resolve("description = 'd'\n[rows]\nblock = ['virtio-blok']\n");
    assert_eq!(meant(row).as_deref(), Some("virtio-blk"));
    assert_eq!(meant(Profile::load("kwm").unwrap_err()).as_deref(), Some("kvm"));
    assert_eq!(meant(Profile::load("zzz").unwrap_err()), None);
}

#[test]
fn every_file_of_the_folder_is_built_in_and_parses() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../profiles");
    let mut files: Vec<_> = std::fs::read_dir(folder)
        .unwrap()
        .map(|item| item.unwrap().path().file_stem().unwrap().to_string_lossy().into_owned())
        .collect();
    files.sort();
    let mut names: Vec<_> = Profile::built_in().unwrap().into_iter().map(|profile| profile.name).collect();
    names.sort();
    assert_eq!(files, names);
}

/// The kernel's tables as its sources have them: kinds from `kernel.toml`, rows from the statics that
/// the table's definition names.
fn tables_of_the_kernel() -> BTreeMap<String, Vec<String>> {
    let kernel = Path::new(env!("CARGO_MANIFEST_DIR")).join("../kernel");
    let read = |name: &str| std::fs::read_to_string(kernel.join(name)).unwrap();
    let config =
        crate::package::Config::parse(&kernel.join("kernel.toml"), read("kernel.toml").as_bytes()).unwrap();
    let files = std::fs::read_dir(kernel.join("src")).unwrap();
    let source: String = files.map(|file| std::fs::read_to_string(file.unwrap().path()).unwrap()).collect();
    let rows = |symbol: &str| -> Vec<String> {
        let definition = source.split(&format!("static {symbol}:")).nth(1).unwrap_or_default();
        let definition = definition.split(';').next().unwrap_or_default();
        let paths = definition.split("Some(&").skip(1).filter_map(|rest| rest.split(')').next());
        paths.map(|path| path.rsplit("::").next().unwrap().to_lowercase().replace('_', "-")).collect()
    };
    config.tables.iter().map(|table| (table.kind.clone(), rows(&table.symbol))).collect()
}

#[test]
fn every_profile_fits_the_kernel() {
    let tables = tables_of_the_kernel();
    for profile in Profile::built_in().unwrap() {
        profile.resolve(&tables).unwrap();
    }
}
