use std::sync::Arc;
use std::thread;
use std::time::Duration;

use super::super::epoll::{Epoll, Event};
use super::super::eventfd::EventCounter;
use super::super::lock::{self, Owner, Range};
use super::super::pipe::{End, pair};
use super::super::poll::{Events, wait};
use super::super::timerfd::{First, TimerFile};
use super::super::{File, OpenFlags, fd, open};
use super::{alone, fresh_root};
use crate::errno::*;
use crate::time::now;

fn soon() -> Option<crate::time::Instant> {
    Some(now() + Duration::from_millis(20))
}

#[test]
fn a_pipe_carries_everything_in_order() {
    let (reader, writer) = pair(OpenFlags::empty());
    let sent: Vec<u8> = (0..500_000u32).map(|at| (at * 7 / 3) as u8).collect();
    let copy = sent.clone();
    let sender = thread::spawn(move || {
        let mut at = 0;
        while at < copy.len() {
            at += writer.write(&copy[at..(at + 70_001).min(copy.len())]).unwrap();
        }
    });
    let (mut got, mut buffer) = (Vec::new(), [0; 3001]);
    loop {
        let count = reader.read(&mut buffer).unwrap();
        if count == 0 {
            break;
        }
        got.extend_from_slice(&buffer[..count]);
    }
    sender.join().unwrap();
    assert!(got == sent);
}

#[test]
fn a_pipe_that_does_not_block_says_so() {
    let (reader, writer) = pair(OpenFlags::NONBLOCK);
    let mut buffer = [0; 10];
    assert_eq!(reader.read(&mut buffer), Err(EAGAIN));
    assert!(!reader.ready().contains(Events::IN) && writer.ready().contains(Events::OUT));
    assert_eq!(writer.write(&[1; 100_000]), Ok(65_536));
    assert_eq!(writer.write(&[1; 10]), Err(EAGAIN));
    assert!(!writer.ready().contains(Events::OUT));
    assert_eq!(reader.downcast::<End>().unwrap().pending(), 65_536);
    assert_eq!(reader.read(&mut buffer), Ok(10));
    // Ten bytes of room: small writes are whole or nothing.
    assert_eq!(writer.write(&[1; 11]), Err(EAGAIN));
    assert_eq!(writer.write(&[1; 10]), Ok(10));
    assert_eq!(writer.downcast::<End>().unwrap().set_capacity(4096), Err(EBUSY));
    assert_eq!(writer.downcast::<End>().unwrap().set_capacity(100_000), Ok(131_072));
    assert_eq!(writer.write(&[2; 100_000]), Ok(65_536));
    drop(reader);
    assert!(writer.ready().contains(Events::ERR));
    assert_eq!(writer.write(&[1]), Err(EPIPE));
    let (reader, writer) = pair(OpenFlags::empty());
    writer.write(b"x").unwrap();
    drop(writer);
    assert!(reader.ready().contains(Events::HUP | Events::IN));
    assert_eq!((reader.read(&mut buffer), reader.read(&mut buffer)), (Ok(1), Ok(0)));
}

#[test]
fn waiting_for_several_files_ends_with_the_first() {
    let pairs: Vec<_> = (0..3).map(|_| pair(OpenFlags::empty())).collect();
    let files: Vec<Arc<dyn File>> = pairs.iter().map(|(reader, _)| reader.clone()).collect();
    let ready = |files: &[Arc<dyn File>]| files.iter().position(|file| file.ready().contains(Events::IN));
    assert_eq!(wait(&files, soon(), || ready(&files)), Ok(None));
    let writer = pairs[1].1.clone();
    let late = thread::spawn(move || {
        thread::sleep(Duration::from_millis(20));
        writer.write(b"x").unwrap();
    });
    assert_eq!(wait(&files, None, || ready(&files)), Ok(Some(1)));
    late.join().unwrap();
}

#[test]
fn an_event_counter_adds_up() {
    let counter = EventCounter::new(3, false, OpenFlags::NONBLOCK);
    let mut buffer = [0; 8];
    assert_eq!(counter.write(&4u64.to_ne_bytes()), Ok(8));
    assert_eq!((counter.read(&mut buffer), u64::from_ne_bytes(buffer)), (Ok(8), 7));
    assert_eq!(counter.read(&mut buffer), Err(EAGAIN));
    assert_eq!(counter.read(&mut buffer[..4]), Err(EINVAL));
    assert_eq!(counter.write(&u64::MAX.to_ne_bytes()), Err(EINVAL));
    assert_eq!(counter.write(&(u64::MAX - 1).to_ne_bytes()), Ok(8));
    assert_eq!(counter.write(&1u64.to_ne_bytes()), Err(EAGAIN));
    let semaphore = EventCounter::new(2, true, OpenFlags::NONBLOCK);
    for _ in 0..2 {
        assert_eq!((semaphore.read(&mut buffer), u64::from_ne_bytes(buffer)), (Ok(8), 1));
    }
    assert_eq!(semaphore.read(&mut buffer), Err(EAGAIN));
}

fn events(set: &Epoll) -> Vec<(u32, u64)> {
    let mut events = [Event { events: 0, data: 0 }; 8];
    let count = set.wait(&mut events, soon()).unwrap();
    events[..count].iter().map(|event| (event.events, event.data)).collect()
}

#[test]
fn a_set_reports_levels_edges_and_single_shots() {
    let set = Epoll::new();
    let (reader, writer) = pair(OpenFlags::NONBLOCK);
    set.add(1, &reader, Events::IN, 10).unwrap();
    assert_eq!(set.add(1, &reader, Events::IN, 10), Err(EEXIST));
    assert_eq!(events(&set), []);
    writer.write(b"xy").unwrap();
    assert_eq!(events(&set), [(1, 10)]);
    assert_eq!(events(&set), [(1, 10)], "level: as long as it is readable");
    set.modify(1, &reader, Events::IN | Events::EDGE, 11).unwrap();
    assert_eq!(events(&set), [(1, 11)]);
    assert_eq!(events(&set), [], "edge: once");
    writer.write(b"z").unwrap();
    assert_eq!(events(&set), [(1, 11)]);
    set.modify(1, &reader, Events::IN | Events::ONE_SHOT, 12).unwrap();
    assert_eq!(events(&set), [(1, 12)]);
    writer.write(b"z").unwrap();
    assert_eq!(events(&set), [], "single shot: until armed again");
    set.modify(1, &reader, Events::IN, 13).unwrap();
    drop(writer);
    assert_eq!(events(&set), [(0x11, 13)]);
    set.remove(1, &reader).unwrap();
    assert_eq!((events(&set), set.remove(1, &reader)), (vec![], Err(ENOENT)));
}

#[test]
fn sets_nest_but_not_in_loops_and_forget_files_that_are_gone() {
    let (outer, inner) = (Epoll::new(), Epoll::new());
    let (outer_file, inner_file): (Arc<dyn File>, Arc<dyn File>) = (outer.clone(), inner.clone());
    outer.add(5, &inner_file, Events::IN, 1).unwrap();
    assert_eq!(inner.add(6, &outer_file, Events::IN, 1), Err(ELOOP));
    assert_eq!(inner.add(7, &inner_file, Events::IN, 1), Err(EINVAL));
    let counter: Arc<dyn File> = Arc::new(EventCounter::new(0, false, OpenFlags::empty()));
    inner.add(8, &counter, Events::IN, 2).unwrap();
    assert_eq!(events(&outer), []);
    counter.write(&1u64.to_ne_bytes()).unwrap();
    assert_eq!(events(&outer), [(1, 1)]);
    assert_eq!(events(&inner), [(1, 2)]);
    drop(counter);
    assert_eq!(events(&inner), []);
    assert_eq!(events(&outer), []);
    let _alone = alone();
    fresh_root();
    let regular = open(b"r", OpenFlags::CREATE | OpenFlags::READ_WRITE, 0o600).unwrap();
    assert_eq!(outer.add(9, &regular, Events::IN, 0), Err(EPERM));
}

#[test]
fn another_thread_wakes_a_set() {
    let set = Epoll::new();
    let counter: Arc<dyn File> = Arc::new(EventCounter::new(0, false, OpenFlags::empty()));
    set.add(1, &counter, Events::IN | Events::EDGE, 9).unwrap();
    let other = counter.clone();
    let late = thread::spawn(move || {
        for _ in 0..100 {
            other.write(&1u64.to_ne_bytes()).unwrap();
            thread::yield_now();
        }
    });
    let (mut sum, mut buffer, mut list) = (0, [0; 8], [Event { events: 0, data: 0 }; 4]);
    while sum < 100 {
        assert_eq!(set.wait(&mut list, None), Ok(1));
        counter.read(&mut buffer).unwrap();
        sum += u64::from_ne_bytes(buffer);
    }
    late.join().unwrap();
}

#[test]
fn record_locks_split_join_and_conflict() {
    let _alone = alone();
    fresh_root();
    let new = || open(b"l", OpenFlags::CREATE | OpenFlags::READ_WRITE, 0o600).unwrap();
    let (one, two) = (new(), new());
    let node = one.node().unwrap().clone();
    let (first, second) = (Owner::Open(Arc::downgrade(&one)), Owner::Open(Arc::downgrade(&two)));
    let range = |start, end, exclusive| Range { start, end, exclusive };
    lock::lock(&node, &first, range(0, 100, true), false).unwrap();
    lock::lock(&node, &first, range(40, 60, false), false).unwrap();
    assert_eq!(lock::lock(&node, &second, range(0, 1, false), false), Err(EAGAIN));
    lock::lock(&node, &second, range(45, 50, false), false).unwrap();
    assert_eq!(
        lock::conflict(&node, &second, range(50, 200, true)).map(|it| it.0),
        Some(range(60, 100, true))
    );
    assert!(lock::conflict(&node, &Owner::Process, range(0, 1, false)).is_some());
    assert!(lock::conflict(&node, &Owner::Whole(Arc::downgrade(&two)), lock::WHOLE).is_none());
    lock::unlock(&node, &first, range(0, 40, true));
    lock::lock(&node, &second, range(0, 40, true), false).unwrap();
    let fd = fd::install(one, false).unwrap();
    drop(first);
    fd::close(fd).unwrap();
    lock::lock(&node, &second, lock::WHOLE, false).unwrap();
    let waiter = {
        let node = node.clone();
        thread::spawn(move || lock::lock(&node, &Owner::Process, range(5, 6, false), true))
    };
    thread::sleep(Duration::from_millis(10));
    lock::unlock(&node, &second, lock::WHOLE);
    waiter.join().unwrap().unwrap();
    lock::unlock(&node, &Owner::Process, lock::WHOLE);
}

#[test]
fn descriptors_are_the_lowest_free_ones() {
    let _alone = alone();
    fresh_root();
    let file = open(b"f", OpenFlags::CREATE, 0o600).unwrap();
    let first = fd::install(file.clone(), false).unwrap();
    let second = fd::install(file.clone(), true).unwrap();
    assert_eq!(second, first + 1);
    fd::close(first).unwrap();
    assert_eq!(fd::close(first), Err(EBADF));
    assert_eq!(fd::install_from(second, file.clone(), false).unwrap(), second + 1);
    assert_eq!(fd::install(file.clone(), false).unwrap(), first);
    assert_eq!((fd::close_on_exec(second), fd::close_on_exec(first)), (Ok(true), Ok(false)));
    fd::set_limit(10, 100).unwrap();
    assert_eq!(fd::install_from(10, file.clone(), false), Err(EINVAL));
    assert_eq!(fd::replace(10, file.clone(), false), Err(EBADF));
    let mut all = Vec::new();
    while let Ok(fd) = fd::install(file.clone(), false) {
        all.push(fd);
    }
    assert_eq!((fd::install(file, false), all.last()), (Err(EMFILE), Some(&9)));
    fd::set_limit(1024, 1 << 20).unwrap();
    while let Some(fd) = fd::next_open(first) {
        fd::close(fd).unwrap();
    }
}

#[test]
fn a_timer_is_read_for_its_expirations() {
    let timer = TimerFile::new(OpenFlags::NONBLOCK, false);
    let mut count = [0; 8];
    assert_eq!(timer.read(&mut count), Err(EAGAIN));
    assert_eq!(timer.read(&mut count[..7]), Err(EINVAL));
    let tick = 5_000_000;
    assert_eq!(timer.set(First::At(now() + Duration::from_nanos(tick)), tick), (0, 0));
    assert!((1..=tick).contains(&timer.get().0) && timer.get().1 == tick);
    let files: [Arc<dyn File>; 1] = [timer.clone()];
    let ready = || files[0].ready().contains(Events::IN).then_some(());
    assert_eq!(wait(&files, None, ready), Ok(Some(())));
    thread::sleep(Duration::from_millis(50));
    assert_eq!(timer.read(&mut count), Ok(8));
    assert!(u64::from_ne_bytes(count) >= 9, "{count:?}");
    // It goes on, until it is set otherwise.
    assert_eq!(wait(&files, None, ready), Ok(Some(())));
    assert_eq!(timer.set(First::Never, 0).1, tick);
    assert_eq!((timer.read(&mut count), timer.get()), (Err(EAGAIN), (0, 0)));
    // Once only.
    timer.set(First::At(now()), 0);
    assert_eq!(wait(&files, None, ready), Ok(Some(())));
    assert_eq!((timer.read(&mut count), u64::from_ne_bytes(count)), (Ok(8), 1));
    assert_eq!(timer.read(&mut count), Err(EAGAIN));
    let file: Arc<dyn File> = timer;
    assert!(TimerFile::of(file).is_some());
}
