use super::super::create::make_directory;
use super::super::inotify::Inotify;
use super::super::poll::Events;
use super::super::remove::unlink;
use super::super::rename::rename;
use super::super::walk::lookup;
use super::super::watch::Changes;
use super::super::{File, OpenFlags, open};
use super::{alone, fresh_root};
use crate::errno::{EAGAIN, EINVAL};

const NEW: OpenFlags = OpenFlags::READ_WRITE.union(OpenFlags::CREATE);

/// Watch, what happened, cookie and name of each event that waits.
fn events(instance: &Inotify) -> Vec<(i32, u32, u32, String)> {
    let (mut buffer, mut events) = ([0; 4096], Vec::new());
    while let Ok(count) = instance.read(&mut buffer) {
        let mut rest = &buffer[..count];
        while let Some((header, after)) = rest.split_at_checked(16) {
            let word = |at: usize| u32::from_ne_bytes(*header[at..].first_chunk().unwrap());
            let (name, next) = after.split_at(word(12) as usize);
            let name = String::from_utf8(name.split(|&byte| byte == 0).next().unwrap().to_vec()).unwrap();
            events.push((word(0) as i32, word(4), word(8), name));
            rest = next;
        }
    }
    events
}

#[test]
fn a_file_is_followed_through_its_names_and_gone_when_it_is_closed() {
    let _alone = alone();
    let root = fresh_root();
    make_directory(&root, b"other", 0o755).unwrap();
    let instance = Inotify::new(OpenFlags::NONBLOCK);
    let wanted = Changes::MODIFY | Changes::MOVED_FROM | Changes::MOVED_TO | Changes::DELETE_SELF;
    let (here, there) =
        (instance.add(&root, wanted.bits()), instance.add(&lookup(b"other", true).unwrap(), wanted.bits()));
    let (here, there) = (here.unwrap(), there.unwrap());
    let file = open(b"file", NEW, 0o644).unwrap();
    let itself = instance.add(file.node().unwrap(), Changes::DELETE_SELF.bits()).unwrap();
    rename(&root, b"file", &root, b"other/moved", 0).unwrap();
    let moves = events(&instance);
    let [(_, _, first, _), (_, _, second, _)] = moves.as_slice() else { panic!("{moves:?}") };
    assert!(first == second && *first != 0);
    let told: Vec<_> = moves.iter().map(|(watch, what, _, name)| (*watch, *what, name.as_str())).collect();
    let (from, to) = (Changes::MOVED_FROM.bits(), Changes::MOVED_TO.bits());
    assert_eq!(told, [(here, from, "file"), (there, to, "moved")]);
    file.write(b"x").unwrap();
    assert_eq!(events(&instance), [(there, Changes::MODIFY.bits(), 0, "moved".into())]);
    unlink(&root, b"other/moved").unwrap();
    assert_eq!(events(&instance), []);
    drop(file);
    let gone = Changes::DELETE_SELF.bits();
    assert_eq!(events(&instance), [(itself, gone, 0, String::new()), (itself, 0x8000, 0, String::new())]);
    assert_eq!(instance.remove(itself), Err(EINVAL));
}

#[test]
fn what_nobody_reads_is_lost_and_said_to_be() {
    let _alone = alone();
    let root = fresh_root();
    let instance = Inotify::new(OpenFlags::NONBLOCK);
    let watch = instance.add(&root, (Changes::CREATE | Changes::DELETE).bits()).unwrap();
    assert!(instance.ready().is_empty());
    for _ in 0..9000 {
        drop(open(b"name", NEW, 0o644).unwrap());
        unlink(&root, b"name").unwrap();
    }
    assert!(instance.ready().contains(Events::IN));
    assert_eq!(instance.read(&mut [0; 31]), Err(EINVAL));
    let events = events(&instance);
    assert_eq!((events.len(), events[0].0), (16385, watch));
    assert_eq!(events[16384], (-1, 0x4000, 0, String::new()));
    assert_eq!(instance.read(&mut [0; 64]), Err(EAGAIN));
    instance.remove(watch).unwrap();
    assert!(instance.ready().contains(Events::IN));
}
