use std::sync::Arc;

use super::super::create::{make_directory, make_link, make_symlink};
use super::super::regular::Regular;
use super::super::remove::{remove_directory, unlink};
use super::super::rename::{EXCHANGE, NO_REPLACE, rename};
use super::super::walk::{lookup, path_of, resolve, set_current};
use super::super::{File, Node, OpenFlags, mount, open};
use super::{alone, fresh_root};
use crate::errno::*;

const RW: OpenFlags = OpenFlags::READ_WRITE;
const NEW: OpenFlags = OpenFlags::READ_WRITE.union(OpenFlags::CREATE);

fn error<T>(result: Result<T>) -> Errno {
    result.err().expect("an error")
}

fn write(path: &str, text: &[u8]) {
    let file = open(path.as_bytes(), NEW | OpenFlags::TRUNCATE, 0o666).unwrap();
    assert_eq!(file.write(text).unwrap(), text.len());
}

fn read(file: &Arc<dyn File>) -> Vec<u8> {
    let mut buffer = [0; 100];
    let count = file.read_at(0, &mut buffer).unwrap();
    buffer[..count].to_vec()
}

fn content(path: &str) -> Vec<u8> {
    read(&open(path.as_bytes(), OpenFlags::empty(), 0).unwrap())
}

fn links(node: &Node) -> u32 {
    node.with_attributes(|attributes| attributes.links)
}

#[test]
fn paths_lead_where_linux_says() {
    let _alone = alone();
    let root = fresh_root();
    make_directory(&root, b"a", 0o777).unwrap();
    make_directory(&root, b"/a/b///", 0o777).unwrap();
    write("/a/b/f", b"text");
    assert_eq!(content("a/./b/../b//f"), b"text");
    assert_eq!(content("/../a/b/f"), b"text");
    assert_eq!(error(open(b"/a/b/f/", RW, 0)), ENOTDIR);
    assert_eq!(error(open(b"/a/b/f/..", RW, 0)), ENOTDIR);
    assert_eq!(error(open(b"/a/x/f", RW, 0)), ENOENT);
    assert_eq!(error(open(b"", RW, 0)), ENOENT);
    assert_eq!(error(open(&[b'x'; 256], NEW, 0)), ENAMETOOLONG);
    assert_eq!(error(open(&b"x/".repeat(2100), NEW, 0)), ENAMETOOLONG);
    assert_eq!(error(open(b"/a", RW, 0)), EISDIR);
    assert_eq!(error(open(b"/a/new/", NEW, 0)), EISDIR);
    assert_eq!(error(open(b"/a/b/f", NEW | OpenFlags::EXCLUSIVE, 0)), EEXIST);
    assert_eq!(error(open(b"/a/b/f", OpenFlags::DIRECTORY, 0)), ENOTDIR);
    let b = lookup(b"a/b", true).unwrap();
    assert_eq!(path_of(&b).unwrap(), b"/a/b");
    set_current(b.clone());
    assert_eq!(content("f"), b"text");
    assert_eq!(content("../b/f"), b"text");
    assert_eq!(open(b"f", RW, 0).unwrap().place().unwrap().path(), b"/a/b/f");
    assert_eq!(links(&root), 3);
    assert_eq!(links(&lookup(b"/a", true).unwrap()), 3);
}

#[test]
fn symbolic_links_are_followed_as_far_as_asked() {
    let _alone = alone();
    let root = fresh_root();
    make_directory(&root, b"d", 0o777).unwrap();
    write("/d/f", b"1");
    make_symlink(&root, b"l", b"d/f").unwrap();
    make_symlink(&root, b"/d/up", b"../l").unwrap();
    make_symlink(&root, b"dir", b"d").unwrap();
    make_symlink(&root, b"loop", b"/loop").unwrap();
    make_symlink(&root, b"dangling", b"d/later").unwrap();
    assert_eq!(content("/d/up"), b"1");
    assert_eq!(content("dir/../dir/f"), b"1");
    assert_eq!(error(open(b"l/", RW, 0)), ENOTDIR);
    assert!(lookup(b"dir/", false).unwrap().directory().is_some());
    assert!(lookup(b"dir", false).unwrap().directory().is_none());
    assert_eq!(error(open(b"loop", RW, 0)), ELOOP);
    assert_eq!(error(open(b"l", RW | OpenFlags::NO_FOLLOW, 0)), ELOOP);
    assert!(open(b"l", OpenFlags::PATH | OpenFlags::NO_FOLLOW, 0).is_ok());
    assert_eq!(error(open(b"dangling", NEW | OpenFlags::EXCLUSIVE, 0)), EEXIST);
    assert_eq!(error(open(b"dangling", RW, 0)), ENOENT);
    write("dangling", b"2");
    assert_eq!(content("/d/later"), b"2");
    assert_eq!(error(make_symlink(&root, b"l", b"x")), EEXIST);
    assert_eq!(error(make_symlink(&root, b"m", b"")), ENOENT);
}

#[test]
fn removed_files_live_while_they_are_open() {
    let _alone = alone();
    let root = fresh_root();
    write("f", b"kept");
    let file = open(b"f", RW, 0).unwrap();
    make_link(&lookup(b"f", true).unwrap(), &root, b"g").unwrap();
    assert_eq!(file.stat().unwrap().links, 2);
    unlink(&root, b"f").unwrap();
    unlink(&root, b"g").unwrap();
    assert_eq!(file.stat().unwrap().links, 0);
    assert_eq!(read(&file), b"kept");
    assert_eq!(error(unlink(&root, b"f")), ENOENT);
    make_directory(&root, b"d", 0o700).unwrap();
    assert_eq!(error(unlink(&root, b"d")), EISDIR);
    write("d/x", b"");
    assert_eq!(error(remove_directory(&root, b"d")), ENOTEMPTY);
    assert_eq!(error(remove_directory(&root, b"d/x")), ENOTDIR);
    unlink(&root, b"d/x").unwrap();
    let inside = lookup(b"d", true).unwrap();
    remove_directory(&root, b"d/").unwrap();
    set_current(inside.clone());
    assert_eq!(error(open(b"y", NEW, 0o600)), ENOENT);
    assert_eq!(error(path_of(&inside)), ENOENT);
    assert_eq!(error(remove_directory(&root, b".")), EINVAL);
    assert_eq!(error(remove_directory(&root, b"/")), EBUSY);
    assert_eq!(links(&root), 2);
}

#[test]
fn renaming_keeps_the_tree_a_tree() {
    let _alone = alone();
    let root = fresh_root();
    let mv = |old: &str, new: &str| rename(&root, old.as_bytes(), &root, new.as_bytes(), 0);
    make_directory(&root, b"a", 0o777).unwrap();
    make_directory(&root, b"a/b", 0o777).unwrap();
    make_directory(&root, b"e", 0o777).unwrap();
    write("f", b"f");
    write("g", b"g");
    assert_eq!(error(mv("a", "a/b/c")), EINVAL);
    assert_eq!(error(mv("f", "e")), EISDIR);
    assert_eq!(error(mv("e", "f")), ENOTDIR);
    assert_eq!(error(mv("e", "a")), ENOTEMPTY);
    assert_eq!(error(mv("f", "new/")), ENOTDIR);
    assert_eq!(error(mv("none", "x")), ENOENT);
    assert_eq!(error(rename(&root, b"f", &root, b"g", NO_REPLACE)), EEXIST);
    mv("f", "g").unwrap();
    assert_eq!((content("g"), lookup(b"f", true).is_err()), (b"f".to_vec(), true));
    mv("g", "g").unwrap();
    mv("a/b", "e").unwrap();
    assert_eq!(path_of(&lookup(b"e/..", true).unwrap()).unwrap(), b"/");
    assert_eq!((links(&root), links(&lookup(b"a", true).unwrap())), (4, 2));
    write("a/h", b"h");
    rename(&root, b"e", &root, b"a/h", EXCHANGE).unwrap();
    assert_eq!(content("e"), b"h");
    assert_eq!(path_of(&lookup(b"a/h", true).unwrap()).unwrap(), b"/a/h");
    assert_eq!((links(&root), links(&lookup(b"a", true).unwrap())), (3, 3));
    mount::attach(b"t", b"a/h", mount::empty_tree("tmpfs", 0, 0o777), false).unwrap();
    write("g", b"");
    assert_eq!(error(mv("g", "a/h/g")), EXDEV);
    assert_eq!(error(remove_directory(&root, b"a/h")), EBUSY);
}

#[test]
fn what_is_mounted_covers_what_was_there() {
    let _alone = alone();
    let root = fresh_root();
    mount::attach(b"t", b"/m", mount::empty_tree("tmpfs", 0, 0o777), true).unwrap();
    write("/m/x", b"1");
    root.volume.set_read_only(true);
    assert_eq!(error(open(b"/y", NEW, 0o600)), EROFS);
    assert_eq!(content("/m/../m/x"), b"1");
    let m = lookup(b"/m", true).unwrap();
    assert_eq!(path_of(&m).unwrap(), b"/m");
    assert_eq!(path_of(&lookup(b"/m/..", true).unwrap()).unwrap(), b"/");
    mount::attach(b"u", b"/m", mount::empty_tree("tmpfs", 0, 0o777), false).unwrap();
    assert_eq!(error(open(b"/m/x", RW, 0)), ENOENT);
    mount::detach(b"/m", true).unwrap();
    assert_eq!(content("/m/x"), b"1");
}

#[test]
fn files_are_sparse_and_truncate() {
    let _alone = alone();
    fresh_root();
    let file = open(b"s", NEW, 0o600).unwrap();
    let at = file.seekable().unwrap();
    assert_eq!(at.write_at(1 << 40, b"end").unwrap(), 3);
    let stat = file.stat().unwrap();
    assert_eq!((stat.size, stat.blocks), ((1 << 40) + 3, 8));
    let mut buffer = [1; 10];
    assert_eq!(at.read_at((1 << 40) - 4, &mut buffer).unwrap(), 7);
    assert_eq!(&buffer[..7], b"\0\0\0\0end");
    assert_eq!(error(at.write_at(1 << 50, b"x")), EFBIG);
    assert_eq!(at.seek(-3, 2).unwrap(), 1 << 40);
    assert_eq!(error(at.seek(-3, 0)), EINVAL);
    let body: &Regular = file.node().unwrap().body_as().unwrap();
    at.write_at(0, b"0123456789").unwrap();
    body.truncate(4).unwrap();
    assert_eq!(file.stat().unwrap().blocks, 8);
    body.truncate(8).unwrap();
    assert_eq!(read(&file), b"0123\0\0\0\0");
    let shared = file.backing(true).unwrap();
    let frame = shared.frame(0).unwrap();
    body.truncate(0).unwrap();
    body.truncate(5).unwrap();
    assert_eq!((shared.frame(0), read(&file)), (Some(frame), b"\0\0\0\0\0".to_vec()));
    let append = open(b"s", OpenFlags::WRITE_ONLY | OpenFlags::APPEND, 0).unwrap();
    append.write(b"ab").unwrap();
    append.write(b"cd").unwrap();
    assert_eq!(read(&file), b"\0\0\0\0\0abcd");
}

#[test]
fn a_big_directory_lists_every_name_once() {
    let _alone = alone();
    let root = fresh_root();
    for index in 0..2000 {
        write(&format!("n{index}"), b"");
    }
    let file = open(b"/", OpenFlags::DIRECTORY, 0).unwrap();
    let open: &super::super::directory::OpenDirectory = file.downcast().unwrap();
    let mut seen = std::collections::HashSet::new();
    let mut position = 0;
    loop {
        let mut last = None;
        open.list(position, &mut |name, _, after| {
            assert!(seen.insert(name.to_vec()));
            last = Some(after);
            false
        })
        .unwrap();
        let Some(after) = last else { break };
        position = after;
        if seen.len() == 1000 {
            // Removing and adding elsewhere does not disturb where the reader is.
            unlink(&root, seen.iter().find(|name| name.starts_with(b"n")).unwrap()).unwrap();
        }
    }
    assert_eq!(seen.len(), 2002);
    assert!(resolve(&root, b"n1999", true).is_ok());
}
