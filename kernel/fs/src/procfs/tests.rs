use std::sync::Arc;

use kcore::vfs::node::Node;
use kcore::vfs::{OpenFlags, Place};

use super::mount;

fn find(path: &str) -> Arc<Node> {
    let mut node = mount().unwrap();
    for name in path.split('/') {
        node = node.directory().unwrap().get(&node, name.as_bytes()).unwrap();
    }
    node
}

fn content(path: &str) -> String {
    let node = find(path);
    let file = node.body().open(Place::unnamed(node.clone()), OpenFlags::empty()).unwrap();
    let mut buffer = vec![0; 65536];
    let count = file.read(&mut buffer).unwrap();
    assert_eq!(file.read(&mut buffer), Ok(0));
    String::from_utf8(buffer[..count].to_vec()).unwrap()
}

#[test]
fn files_read_as_linux_writes_them() {
    assert!(content("meminfo").starts_with("MemTotal:         131072 kB\nMemFree:           65536 kB\n"));
    assert!(content("cpuinfo").contains("processor\t: 0\nvendor_id\t: "));
    assert_eq!(content("1/stat").split_whitespace().count(), 52);
    assert!(
        content("1/limits")
            .contains("\nMax open files            1024                 1048576              files     \n")
    );
    let uuid = content("sys/kernel/random/uuid");
    let lengths: Vec<usize> = uuid.trim().split('-').map(str::len).collect();
    assert!(lengths == [8, 4, 4, 4, 12] && uuid.as_bytes()[14] == b'4', "{uuid}");
    assert_eq!(content("sys/kernel/random/boot_id"), content("sys/kernel/random/boot_id"));
    assert_ne!(uuid, content("sys/kernel/random/uuid"));
    assert_eq!(find("self").body().target().unwrap(), b"1");
    let uptime = content("uptime");
    assert!(uptime.split(['.', ' ']).nth(1).is_some_and(|part| part.len() == 2), "{uptime}");
    assert!(content("1/status").contains("\nPid:\t1\n"));
    assert_eq!(content("1/auxv").as_bytes(), [0; 16]);
    assert_eq!(content("sys/fs/inotify/max_queued_events"), "16384\n");
}
