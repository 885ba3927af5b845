use super::input::Discipline;
use super::settings::{ECHO, ICANON, Settings};

fn typed(discipline: &mut Discipline, bytes: &[u8], settings: &Settings) -> (Vec<u8>, Vec<i32>) {
    let (mut shown, mut signals) = (Vec::new(), Vec::new());
    for &byte in bytes {
        signals.extend(discipline.take(byte, settings, &mut |bytes| shown.extend_from_slice(bytes)));
    }
    (shown, signals)
}

fn read(discipline: &mut Discipline, settings: &Settings) -> Option<Vec<u8>> {
    let mut buffer = [0; 64];
    discipline.give(&mut buffer, settings).map(|count| buffer[..count].to_vec())
}

#[test]
fn a_line_is_read_when_it_is_finished() {
    let (mut discipline, settings) = (Discipline::new(), Settings::new());
    let (shown, _) = typed(&mut discipline, b"abx\x7fc", &settings);
    assert_eq!(shown, b"abx\x08 \x08c");
    assert_eq!(read(&mut discipline, &settings), None);
    typed(&mut discipline, b"\rnext\n", &settings);
    assert_eq!(discipline.available(&settings), 9);
    assert_eq!(read(&mut discipline, &settings).unwrap(), b"abc\n");
    assert_eq!(read(&mut discipline, &settings).unwrap(), b"next\n");
    assert_eq!(read(&mut discipline, &settings), None);
}

#[test]
fn end_of_file_is_an_empty_read() {
    let (mut discipline, settings) = (Discipline::new(), Settings::new());
    typed(&mut discipline, b"ab\x04\x04", &settings);
    assert_eq!(read(&mut discipline, &settings).unwrap(), b"ab");
    assert_eq!(read(&mut discipline, &settings).unwrap(), b"");
    assert_eq!(read(&mut discipline, &settings), None);
}

#[test]
fn keys_erase_words_and_lines_and_send_signals() {
    let (mut discipline, settings) = (Discipline::new(), Settings::new());
    typed(&mut discipline, b"one two \x17three\n", &settings);
    assert_eq!(read(&mut discipline, &settings).unwrap(), b"one three\n");
    typed(&mut discipline, b"gone\x15x\x16\x15\n", &settings);
    assert_eq!(read(&mut discipline, &settings).unwrap(), b"x\x15\n");
    let (shown, signals) = typed(&mut discipline, b"lost\x03\x1c", &settings);
    assert_eq!((shown.as_slice(), signals.as_slice()), (b"lost^C^\\".as_slice(), [2, 3].as_slice()));
}

#[test]
fn raw_input_passes_as_it_is() {
    let mut settings = Settings::new();
    settings.local &= !(ICANON | ECHO | 1);
    settings.input = 0;
    let mut discipline = Discipline::new();
    let (shown, signals) = typed(&mut discipline, b"\x03\r\x7f", &settings);
    assert!(shown.is_empty() && signals.is_empty());
    assert_eq!(read(&mut discipline, &settings).unwrap(), b"\x03\r\x7f");
    assert_eq!(read(&mut discipline, &settings), None);
}

#[test]
fn a_flood_is_cut_off() {
    let (mut discipline, settings) = (Discipline::new(), Settings::new());
    typed(&mut discipline, &[b'a'; 10_000], &settings);
    assert_eq!(discipline.available(&settings), 0);
    let mut raw = settings;
    raw.local = 0;
    assert_eq!(discipline.available(&raw), 4096);
    typed(&mut discipline, b"\n", &settings);
    assert_eq!(discipline.available(&settings), 4097);
}

mod pair {
    use std::sync::Arc;
    use std::thread;

    use super::super::pseudo::{Master, Pair};
    use super::super::{WindowSize, check_controls, on_signal, pseudo, set_window_size, window_size};
    use crate::errno::{EIO, ENOTTY};
    use crate::vfs::mount::empty_tree;
    use crate::vfs::poll::Events;
    use crate::vfs::{File, OpenFlags, Place};

    fn place() -> Place {
        Place::unnamed(empty_tree("none", 0, 0o755))
    }

    fn pair() -> (Arc<Pair>, Master) {
        let pair = Pair::new(3, |_| place());
        (pair.clone(), Master::new(pair, place(), OpenFlags::READ_WRITE))
    }

    fn slave(pair: &Arc<Pair>) -> Arc<dyn File> {
        pair.clone().open_slave(place(), OpenFlags::READ_WRITE).unwrap()
    }

    fn unlock(master: &Master) {
        let word = 0i32;
        master.control().unwrap().ioctl(0x4004_5431, (&raw const word).expose_provenance()).unwrap();
    }

    fn read(file: &dyn File) -> Vec<u8> {
        let mut buffer = [0; 64];
        let count = file.read(&mut buffer).unwrap();
        buffer[..count].to_vec()
    }

    #[test]
    fn the_sides_meet_in_the_line_discipline() {
        // Closing the process's own terminal hangs it up.
        on_signal(|_| {});
        let (pair, master) = pair();
        assert_eq!(pair.clone().open_slave(place(), OpenFlags::READ_WRITE).err(), Some(EIO));
        unlock(&master);
        let slave = slave(&pair);
        master.write(b"ab\x7fc\r").unwrap();
        assert_eq!((read(&*slave), read(&master)), (b"ac\n".to_vec(), b"ab\x08 \x08c\r\n".to_vec()));
        slave.write(b"x\n").unwrap();
        assert_eq!(read(&master), b"x\r\n");
        let size = WindowSize { rows: 2, columns: 3, width: 4, height: 5 };
        set_window_size(&master, size).unwrap();
        assert!(window_size(&*slave) == Ok(size));
        assert_eq!(check_controls(&*slave), Err(ENOTTY));
        pseudo(&*slave).unwrap().take_control().unwrap();
        assert_eq!(check_controls(&*slave), Ok(()));
    }

    #[test]
    fn who_waits_learns_that_the_other_side_is_gone() {
        let (pair, master) = pair();
        unlock(&master);
        let one = slave(&pair);
        one.write(b"last").unwrap();
        drop(one);
        assert!(master.ready().contains(Events::HUP | Events::IN));
        assert_eq!((read(&master), master.read(&mut [0; 4])), (b"last".to_vec(), Err(EIO)));
        let two = slave(&pair);
        assert!(!master.ready().contains(Events::HUP));
        let reader = thread::spawn(move || (two.read(&mut [0; 4]), two.write(b"x"), two.ready()));
        drop(master);
        let (read, written, ready) = reader.join().unwrap();
        assert_eq!((read, written), (Ok(0), Err(EIO)));
        assert!(ready.contains(Events::HUP));
    }

    #[test]
    fn what_is_not_read_holds_up_who_writes() {
        let (pair, master) = pair();
        unlock(&master);
        let slave = slave(&pair);
        let writer = thread::spawn(move || slave.write(&[b'x'; 100_000]));
        let mut count = 0;
        while count < 100_000 {
            count += master.read(&mut [0; 5000]).unwrap();
        }
        assert_eq!(writer.join().unwrap(), Ok(100_000));
    }
}
