//! Images are read back by a reader that shares nothing with the writer, as the kernel's does.

use std::collections::BTreeMap;
use std::path::Path;

use proptest::prelude::*;

use super::{ImageError, ImagePlan, Source};

/// What is found at a path of an image.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Found {
    Directory { mode: u64 },
    File { mode: u64, bytes: Vec<u8>, offset: usize },
    Symlink(Vec<u8>),
}

fn word(bytes: &[u8], at: usize) -> u64 {
    u64::from_le_bytes(bytes[at..at + 8].try_into().unwrap())
}

fn read(image: &[u8]) -> BTreeMap<String, Found> {
    assert_eq!(image.len() % 512, 0);
    assert_eq!(word(image, 0), 0xDEAD_BEAD);
    assert_eq!(word(image, 8), 1);
    assert_eq!(word(image, 16), 512);
    let first = word(image, 24) as usize * 512;
    let blocks = word(image, 32) as usize;
    let (entries, links, inodes) = (word(image, 40), word(image, 48), word(image, 56));
    assert_eq!(image.len(), first + blocks * 512);
    let mut at = first;
    let mut entry_rows = Vec::new();
    for _ in 0..entries {
        let inode = word(image, at);
        let length = u16::from_le_bytes([image[at + 8], image[at + 9]]) as usize;
        entry_rows.push((inode, image[at + 10..at + 10 + length].to_vec()));
        at += 10 + length;
    }
    let mut link_rows = Vec::new();
    for _ in 0..links {
        let length = u16::from_le_bytes([image[at], image[at + 1]]) as usize;
        link_rows.push(image[at + 2..at + 2 + length].to_vec());
        at += 2 + length;
    }
    let inode_rows: Vec<[u64; 4]> = (0..inodes as usize)
        .map(|i| std::array::from_fn(|field| word(image, at + i * 32 + field * 8)))
        .collect();
    at += inodes as usize * 32;
    assert!(image[at..].iter().all(|&byte| byte == 0) && image.len() - at < 512);

    let mut found = BTreeMap::new();
    let mut pending = vec![(1u64, String::new())];
    let mut seen = 0;
    while let Some((number, path)) = pending.pop() {
        seen += 1;
        let [mode, own_number, offset, count] = inode_rows[number as usize - 1];
        assert_eq!(own_number, number);
        let here = if path.is_empty() { "/".to_string() } else { path.clone() };
        let what = match mode & 0o170_000 {
            0o040_000 => {
                let range = offset as usize..(offset + count) as usize;
                for (child, name) in &entry_rows[range] {
                    pending.push((*child, format!("{path}/{}", String::from_utf8(name.clone()).unwrap())));
                }
                Found::Directory { mode: mode & 0o7777 }
            }
            0o100_000 => {
                let start = offset as usize * 512;
                let bytes = image[start..start + count as usize].to_vec();
                assert!(start + count as usize <= first);
                Found::File { mode: mode & 0o7777, bytes, offset: start }
            }
            0o120_000 => {
                assert_eq!(count, 1);
                Found::Symlink(link_rows[offset as usize].clone())
            }
            other => panic!("mode {other:o}"),
        };
        assert!(found.insert(here, what).is_none());
    }
    assert_eq!(seen, inodes);
    found
}

fn file(plan: &mut ImagePlan, path: &str, bytes: &[u8]) {
    plan.add_file(Path::new(path), Source::Bytes(bytes.to_vec()), 0o644).unwrap();
}

#[test]
fn an_empty_tree_has_a_root() {
    let found = read(&ImagePlan::empty().to_bytes().unwrap());
    assert_eq!(found, BTreeMap::from([("/".into(), Found::Directory { mode: 0o755 })]));
}

#[test]
fn files_go_through_the_merged_usr_links() {
    let mut plan = ImagePlan::new();
    file(&mut plan, "/lib/x86_64-linux-gnu/libz.so.1", b"z");
    let found = read(&plan.to_bytes().unwrap());
    assert!(
        matches!(&found["/usr/lib/x86_64-linux-gnu/libz.so.1"], Found::File { bytes, .. } if bytes == b"z")
    );
    assert_eq!(found["/lib"], Found::Symlink(b"usr/lib".to_vec()));
    assert_eq!(found["/tmp"], Found::Directory { mode: 0o1777 });
}

#[test]
fn elf_files_start_at_a_page() {
    let mut plan = ImagePlan::empty();
    file(&mut plan, "/a", b"some text");
    file(&mut plan, "/b", b"\x7fELF and so on");
    file(&mut plan, "/c", &[7; 513]);
    let found = read(&plan.to_bytes().unwrap());
    assert!(matches!(found["/b"], Found::File { offset, .. } if offset % 4096 == 0));
    assert!(matches!(&found["/c"], Found::File { bytes, .. } if *bytes == [7; 513]));
}

#[test]
fn the_identity_is_a_file_of_hexadecimal_digits() {
    let mut plan = ImagePlan::empty();
    plan.set_identity(&[0xa5; 32]).unwrap();
    let expected = format!("{}\n", "a5".repeat(32)).into_bytes();
    let found = read(&plan.to_bytes().unwrap());
    assert!(matches!(&found["/.specialize/identity"], Found::File { bytes, .. } if *bytes == expected));
}

#[test]
fn a_place_is_given_once() {
    let mut plan = ImagePlan::empty();
    file(&mut plan, "/a/b", b"1");
    file(&mut plan, "/a/b", b"1");
    let again = plan.add_file(Path::new("/a/b"), Source::Bytes(b"2".to_vec()), 0o644);
    assert!(matches!(again, Err(ImageError::Occupied { what: "a file", .. })));
    let through = plan.add_file(Path::new("/a/b/c"), Source::Bytes(b"2".to_vec()), 0o644);
    assert!(matches!(through, Err(ImageError::Occupied { what: "a file", .. })));
    assert!(matches!(plan.add_directory(Path::new("/a/b"), 0o755), Err(ImageError::Occupied { .. })));
}

#[test]
fn paths_that_no_system_call_takes_are_refused() {
    let mut plan = ImagePlan::empty();
    let long = format!("/{}", "x".repeat(256));
    for path in ["relative", "/", "/..", &long] {
        let added = plan.add_file(Path::new(path), Source::Bytes(Vec::new()), 0o644);
        assert!(matches!(added, Err(ImageError::BadPath { .. })), "{path}");
    }
    plan.add_symlink(Path::new("/loop"), b"loop").unwrap();
    let added = plan.add_file(Path::new("/loop/x"), Source::Bytes(Vec::new()), 0o644);
    assert!(matches!(added, Err(ImageError::BadPath { reason: "too many symbolic links", .. })));
}

#[test]
fn an_option_names_source_and_destination() {
    let host = tempfile::tempdir().unwrap();
    let source = host.path().join("some.bin");
    std::fs::write(&source, b"some").unwrap();
    std::fs::create_dir(host.path().join("dir")).unwrap();
    std::fs::write(host.path().join("dir/inner"), b"inner").unwrap();
    std::os::unix::fs::symlink("inner", host.path().join("dir/link")).unwrap();
    let mut plan = ImagePlan::empty();
    let name = source.to_str().unwrap();
    plan.add_option(format!("{name}:/data/").as_bytes()).unwrap();
    plan.add_option(format!("{name}:renamed").as_bytes()).unwrap();
    plan.add_option(name.as_bytes()).unwrap();
    plan.add_option(format!("{}:/d", host.path().join("dir").display()).as_bytes()).unwrap();
    let found = read(&plan.to_bytes().unwrap());
    for path in ["/data/some.bin", "/renamed", name] {
        assert!(matches!(&found[path], Found::File { bytes, .. } if bytes == b"some"), "{path}");
    }
    assert_eq!(found["/d/link"], Found::Symlink(b"inner".to_vec()));
    assert!(matches!(plan.add_option(b"/no/such/file"), Err(ImageError::Read { .. })));
}

#[test]
fn a_shared_object_is_found_by_its_soname() {
    let host = tempfile::tempdir().unwrap();
    let library = host.path().join("libx.so.1.2");
    std::fs::write(&library, b"\x7fELF").unwrap();
    let mut plan = ImagePlan::empty();
    plan.add_object(&library, Some("libx.so.1")).unwrap();
    let found = read(&plan.to_bytes().unwrap());
    let link = library.with_file_name("libx.so.1");
    assert_eq!(found[link.to_str().unwrap()], Found::Symlink(b"libx.so.1.2".to_vec()));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn what_is_written_is_read_back(
        files in prop::collection::btree_map("[a-d]{1,3}(/[a-d]{1,3}){0,3}", prop::collection::vec(any::<u8>(), 0..1500), 0..20)
    ) {
        let mut plan = ImagePlan::empty();
        let mut placed = BTreeMap::new();
        for (path, bytes) in files {
            let path = format!("/{path}");
            // A file may stand where another's directory would be: that one is refused.
            if plan.add_file(Path::new(&path), Source::Bytes(bytes.clone()), 0o640).is_ok() {
                placed.insert(path, bytes);
            }
        }
        let image = plan.to_bytes().unwrap();
        prop_assert_eq!(&image, &plan.clone().to_bytes().unwrap());
        let found = read(&image);
        for (path, bytes) in &placed {
            match &found[path] {
                Found::File { bytes: read, mode, .. } => {
                    prop_assert_eq!(read, bytes);
                    prop_assert_eq!(*mode, 0o640);
                }
                other => prop_assert!(false, "{} is {:?}", path, other),
            }
        }
        let files = found.values().filter(|node| matches!(node, Found::File { .. })).count();
        prop_assert_eq!(files, placed.len());
    }
}
