use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use kcore::errno::ENODEV;

use super::model::{Model, Shared};
use super::{Buffer, Device, Queue, VERSION_1};

fn idle(features: u64) -> Arc<Model> {
    Model::new(features, Vec::new(), Box::new(|_, _| {}))
}

fn queue(model: &Arc<Model>, size: u16) -> Queue {
    Queue::new(&Shared(model.clone()), 0, size, |_| {}, 0).expect("a queue").0
}

fn buffer(length: u32, device_writes: bool) -> Buffer {
    Buffer { address: 0x1000, length, device_writes }
}

#[test]
fn only_what_both_sides_have_is_agreed_on() {
    let model = idle(VERSION_1 | 0b1010);
    let device = Device::negotiate(Box::new(Shared(model.clone())), 0b0110).unwrap();
    assert_eq!(device.features, VERSION_1 | 0b0010);
    device.start();
    assert_eq!(model.accepted.each_ref().map(|it| it.load(Ordering::Relaxed)), [0b0010, 1]);
    assert_eq!(model.status.load(Ordering::Relaxed), 0b1111);
    let old = idle(0b1010);
    assert_eq!(Device::negotiate(Box::new(Shared(old.clone())), 0).err(), Some(ENODEV));
    assert_eq!(old.status.load(Ordering::Relaxed), 128);
}

#[test]
fn requests_go_out_in_order_and_come_back_in_any() {
    let model = idle(VERSION_1);
    let mut queue = queue(&model, 8);
    assert!(queue.offer(&[buffer(1, false), buffer(2, true)], 11));
    assert!(queue.offer(&[buffer(3, false)], 22));
    assert!(queue.offer(&[buffer(4, true); 5], 33));
    assert!(!queue.offer(&[buffer(5, true)], 44), "full");
    let offered = model.offered(0, 0);
    let lengths: Vec<Vec<usize>> =
        offered.iter().map(|(_, parts)| parts.iter().map(|part| part.length).collect()).collect();
    assert_eq!(lengths, [vec![1, 2], vec![3], vec![4; 5]]);
    assert!(!offered[0].1[0].writable && offered[0].1[1].writable);
    assert_eq!(queue.take(), None);
    model.finish(0, offered[2].0.into(), 20);
    model.finish(0, offered[0].0.into(), 2);
    assert_eq!((queue.take(), queue.take(), queue.take()), (Some((33, 20)), Some((11, 2)), None));
    assert!(queue.offer(&[buffer(6, true); 7], 55));
    let more = model.offered(0, 3);
    assert_eq!(more[0].1.len(), 7);
    model.finish(0, offered[1].0.into(), 0);
    model.finish(0, more[0].0.into(), 7);
    assert_eq!((queue.take(), queue.take()), (Some((22, 0)), Some((55, 7))));
    // Around the ring many times.
    for round in 0..100_000usize {
        assert!(queue.offer(&[buffer(1, false), buffer(1, true)], round));
        let (head, _) = model.offered(0, (round as u16).wrapping_add(4)).remove(0);
        model.finish(0, head.into(), 1);
        assert_eq!(queue.take(), Some((round, 1)));
    }
}

#[test]
fn a_device_that_lies_is_not_believed() {
    let model = idle(VERSION_1);
    let mut queue = queue(&model, 4);
    assert!(queue.offer(&[buffer(1, false), buffer(1, true)], 7));
    let (head, _) = model.offered(0, 0).remove(0);
    for wrong in [u32::MAX, 4, 3, u32::from(head) + 1] {
        model.finish(0, wrong, 1);
    }
    assert_eq!(queue.take(), None, "no such requests");
    model.finish(0, head.into(), u32::MAX);
    model.finish(0, head.into(), 1);
    assert_eq!((queue.take(), queue.take()), (Some((7, u32::MAX)), None), "done once, not twice");
    model.set_used(0, 5000);
    assert_eq!(queue.take(), None, "more done than there is");
    assert!(queue.offer(&[buffer(1, true); 4], 8), "all descriptors are free again");
}

#[test]
fn a_wish_that_was_read_too_early_is_followed_later() {
    static TOLD: AtomicUsize = AtomicUsize::new(0);
    let count = |_: &Model, _| {
        TOLD.fetch_add(1, Ordering::SeqCst);
    };
    let model = Model::new(VERSION_1, Vec::new(), Box::new(count));
    let (transport, mut queue) = (Shared(model.clone()), queue(&model, 8));
    queue.use_events(true);
    let announced = |queue: &mut Queue, offer: bool| {
        assert!(!offer || queue.offer(&[buffer(1, false)], 0));
        let before = TOLD.load(Ordering::SeqCst);
        queue.announce(&transport);
        TOLD.load(Ordering::SeqCst) - before
    };
    // The device has been at work, and is done with the first two.
    assert_eq!(announced(&mut queue, true), 1);
    assert_eq!(announced(&mut queue, true), 0);
    model.finish(0, 0, 0);
    model.finish(0, 1, 0);
    assert_eq!(announced(&mut queue, true), 0, "it is still at work, as far as can be seen");
    // It had looked before the third was there, and waits.
    model.want(0, 2);
    assert_eq!(announced(&mut queue, false), 1);
    assert_eq!(announced(&mut queue, true), 0, "it has been told");
    model.finish(0, 2, 0);
    model.finish(0, 3, 0);
    model.want(0, 4);
    assert_eq!(announced(&mut queue, false), 0, "there is nothing for it");
    assert_eq!(announced(&mut queue, true), 1);
}
