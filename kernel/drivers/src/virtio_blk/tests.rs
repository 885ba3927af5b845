use std::sync::atomic::{AtomicU16, Ordering};
use std::sync::{Arc, Mutex};
use std::thread;

use kcore::device::block::Block;
use kcore::errno::EIO;

use super::device::Disk;
use crate::virtio::Device;
use crate::virtio::model::{Model, Shared};

/// A disk over a vector, which answers each request on a thread of its own, late and out of order.
fn disk(features: u64, content: Arc<Mutex<Vec<u8>>>) -> (Arc<Disk>, Arc<Model>) {
    let seen = AtomicU16::new(0);
    let sectors = (content.lock().unwrap().len() / 512) as u32;
    // A segment holds 1024 bytes, a request three segments.
    let config = vec![sectors, 0, 1024, 3];
    let cell: Arc<std::sync::OnceLock<std::sync::Weak<Model>>> = Arc::default();
    let later = cell.clone();
    let serve = move |model: &Model, queue: u16| {
        for (head, parts) in model.offered(queue, seen.load(Ordering::Relaxed)) {
            seen.fetch_add(1, Ordering::Relaxed);
            let (content, model) = (content.clone(), later.get().and_then(|weak| weak.upgrade()).unwrap());
            thread::spawn(move || {
                let header = parts[0].bytes();
                let kind = u32::from_le_bytes(header[..4].try_into().unwrap());
                let sector = u64::from_le_bytes(header[8..16].try_into().unwrap());
                assert!(parts.len() <= 5 && header.len() == 16 && !parts[0].writable);
                let (mut at, mut content) = (sector as usize * 512, content.lock().unwrap());
                let (last, data) = parts[1..].split_last().unwrap();
                for part in data {
                    assert!(part.length <= 1024 && part.writable == (kind == 0));
                    let disk = &mut content[at..at + part.length];
                    if kind == 0 {
                        part.bytes().copy_from_slice(disk)
                    } else {
                        disk.copy_from_slice(part.bytes())
                    }
                    at += part.length;
                }
                drop(content);
                last.bytes()[0] = u8::from(sector == 77);
                static FINISHING: Mutex<()> = Mutex::new(());
                let one = FINISHING.lock().unwrap();
                model.finish(queue, head.into(), 1);
                drop(one);
                model.interrupt(queue);
            });
        }
    };
    let model = Model::new(features | 1 << 32, config, Box::new(serve));
    cell.set(Arc::downgrade(&model)).unwrap();
    let device = Device::negotiate(Box::new(Shared(model.clone())), u64::MAX).unwrap();
    (Disk::new(device).unwrap(), model)
}

#[test]
fn many_threads_read_and_write_at_once() {
    let bytes: Vec<u8> = (0..512 * 200).map(|at: usize| (at / 512) as u8).collect();
    let content = Arc::new(Mutex::new(bytes));
    let (disk, _model) = disk(0b110 | 1 << 9, content.clone());
    assert_eq!(disk.sectors(), 200);
    let threads: Vec<_> = (0..8u64)
        .map(|number| {
            let disk = disk.clone();
            thread::spawn(move || {
                for round in 0..20 {
                    let sector = (number * 7 + round) % 60;
                    let (mut one, mut two) = (vec![0; 512], vec![0; 512 * 9]);
                    disk.read(sector, &mut [&mut one, &mut two]).unwrap();
                    let all = [one, two].concat();
                    assert!(
                        all.iter().enumerate().all(|(at, &byte)| byte == (sector as usize + at / 512) as u8)
                    );
                }
                let written = vec![0xA0 + number as u8; 2048];
                let writer = disk.writable().expect("writable");
                writer.write(100 + number * 4, &[&written]).unwrap();
                writer.flush().unwrap();
            })
        })
        .collect();
    threads.into_iter().for_each(|thread| thread.join().unwrap());
    let content = content.lock().unwrap();
    assert!((0..8).all(|number| {
        content[512 * (100 + number * 4)..][..2048].iter().all(|&it| it == 0xA0 + number as u8)
    }));
}

#[test]
fn what_is_not_on_the_disk_or_fails_is_an_error() {
    let content = Arc::new(Mutex::new(vec![0; 512 * 100]));
    let (disk, _model) = disk(0b110 | 1 << 5, content);
    let mut buffer = vec![0; 1024];
    assert_eq!(disk.read(99, &mut [&mut buffer]), Err(EIO));
    assert_eq!(disk.read(u64::MAX, &mut [&mut buffer]), Err(EIO));
    assert_eq!(disk.read(0, &mut [&mut buffer[..100]]), Err(EIO));
    assert_eq!(disk.read(77, &mut [&mut buffer]), Err(EIO));
    assert_eq!(disk.read(98, &mut [&mut buffer]), Ok(()));
    assert!(disk.writable().is_none());
}
