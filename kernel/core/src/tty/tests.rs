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
    assert_eq!(discipline.available(&settings), 4);
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
