//! Rust's standard library: collections, threads, channels, files, environment, time, panics.

use std::collections::{BTreeMap, HashMap};
use std::io::{BufRead, BufReader, Read, Seek, SeekFrom, Write};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Barrier, Condvar, Mutex, OnceLock, RwLock, mpsc};
use std::time::{Duration, Instant, SystemTime};
use std::{env, fs, panic, process, thread};

thread_local! {
    static LOCAL: std::cell::RefCell<Vec<u32>> = const { std::cell::RefCell::new(Vec::new()) };
}

struct Noisy(&'static str);

impl Drop for Noisy {
    fn drop(&mut self) {
        println!("dropped {}", self.0);
    }
}

fn collections() {
    let mut words: HashMap<String, usize> = HashMap::new();
    for word in "one two three two three three".split(' ') {
        *words.entry(word.to_string()).or_default() += 1;
    }
    let sorted: BTreeMap<_, _> = words.into_iter().collect();
    println!("{sorted:?}");
    let squares: Vec<u64> = (1..=10).map(|n| n * n).filter(|n| n % 2 == 1).collect();
    println!("{squares:?} {}", squares.iter().sum::<u64>());
    println!("{:>8.3}|{:<6}|{:^7}|{:#x}|{:08b}|{:e}", 3.14159, "ab", "mid", 255, 37, 1234.5);
    println!("{} {} {}", 0.1 + 0.2, f64::MAX, 1.0f32 / 3.0);
    println!("{:?} {:?}", "3.25".parse::<f64>(), "x".parse::<i32>());
    println!("{:?}", "naïve 😀".char_indices().collect::<Vec<_>>());
}

fn threads() {
    let counter = Arc::new(Mutex::new(0));
    let handles: Vec<_> = (0..4)
        .map(|_| {
            let counter = counter.clone();
            thread::spawn(move || {
                for _ in 0..1000 {
                    *counter.lock().unwrap() += 1;
                }
            })
        })
        .collect();
    for handle in handles {
        handle.join().unwrap();
    }
    println!("counted {}", counter.lock().unwrap());

    let (sender, receiver) = mpsc::channel();
    for id in 0..3 {
        let sender = sender.clone();
        thread::Builder::new().name(format!("sender-{id}")).spawn(move || {
            for n in 0..100 {
                sender.send(id * 1000 + n).unwrap();
            }
        }).unwrap();
    }
    drop(sender);
    println!("received {}", receiver.iter().sum::<i32>());
    println!("time-out {:?}", mpsc::channel::<()>().1.recv_timeout(Duration::from_millis(5)));

    let pair = Arc::new((Mutex::new(false), Condvar::new()));
    let setter = pair.clone();
    let handle = thread::spawn(move || {
        *setter.0.lock().unwrap() = true;
        setter.1.notify_all();
    });
    let guard = pair.1.wait_while(pair.0.lock().unwrap(), |ready| !*ready).unwrap();
    println!("ready {}", *guard);
    handle.join().unwrap();

    let lock = RwLock::new(5);
    let total = AtomicUsize::new(0);
    let barrier = Barrier::new(3);
    thread::scope(|scope| {
        for _ in 0..3 {
            scope.spawn(|| {
                barrier.wait();
                total.fetch_add(*lock.read().unwrap(), Ordering::SeqCst);
            });
        }
    });
    *lock.write().unwrap() += 1;
    println!("scoped {} {}", total.into_inner(), lock.read().unwrap());

    thread::spawn(|| {
        LOCAL.with_borrow_mut(|list| list.push(1));
        LOCAL.with_borrow(|list| println!("other thread's list {list:?}"));
    }).join().unwrap();
    LOCAL.with_borrow(|list| println!("this thread's list {list:?}"));
    static ONCE: OnceLock<String> = OnceLock::new();
    println!("{} {}", ONCE.get_or_init(|| "first".into()), ONCE.get_or_init(|| "second".into()));
    println!("{:?} {}", thread::current().name(), thread::available_parallelism().is_ok());
    let parked = thread::spawn(|| {
        thread::park();
        "unparked"
    });
    parked.thread().unpark();
    println!("{}", parked.join().unwrap());
}

fn files() -> std::io::Result<()> {
    let directory = env::temp_dir().join("rust-test");
    fs::create_dir_all(directory.join("inner"))?;
    let path = directory.join("file.txt");
    fs::write(&path, "first line\nsecond line\n")?;
    let mut file = fs::OpenOptions::new().append(true).read(true).open(&path)?;
    writeln!(file, "third {}", 3)?;
    file.seek(SeekFrom::Start(6))?;
    let mut text = String::new();
    file.read_to_string(&mut text)?;
    println!("{text:?}");
    for line in BufReader::new(fs::File::open(&path)?).lines() {
        println!("line {}", line?);
    }
    let metadata = fs::metadata(&path)?;
    println!("{} {} {}", metadata.len(), metadata.is_file(), metadata.permissions().readonly());
    fs::rename(&path, directory.join("renamed"))?;
    fs::copy(directory.join("renamed"), directory.join("copy"))?;
    std::os::unix::fs::symlink("copy", directory.join("link"))?;
    let mut names: Vec<_> = fs::read_dir(&directory)?.map(|entry| entry.unwrap().file_name()).collect();
    names.sort();
    println!("{names:?} {:?}", fs::canonicalize(directory.join("link"))?);
    println!("{:?}", fs::File::open("/no/such").map_err(|error| error.kind()).err());
    println!("{}", fs::File::open("/no/such").unwrap_err());
    println!("{:?}", fs::remove_dir(&directory).map_err(|error| error.kind()));
    fs::remove_dir_all(&directory)?;
    println!("gone {}", !directory.exists());
    Ok(())
}

fn panics() {
    panic::set_hook(Box::new(|info| {
        println!("hook: {}", info.payload().downcast_ref::<&str>().copied().unwrap_or("formatted"));
    }));
    let caught = panic::catch_unwind(|| {
        let _noisy = Noisy("by unwinding");
        panic!("thrown");
    });
    println!("caught {:?}", caught.unwrap_err().downcast_ref::<&str>());
    let handle = thread::spawn(|| {
        let _noisy = Noisy("in a thread");
        let none: Option<u8> = None;
        none.expect("nothing there");
    });
    println!("join is an error: {}", handle.join().is_err());
    let mutex = Arc::new(Mutex::new(1));
    let poisons = mutex.clone();
    let _ = thread::spawn(move || {
        let _guard = poisons.lock().unwrap();
        panic!("poison");
    }).join();
    println!("poisoned {}", mutex.is_poisoned());
    let _ = panic::take_hook();
    println!("index: {}", panic::catch_unwind(|| {
        panic::set_hook(Box::new(|_| {}));
        let list = [1, 2, 3];
        list[std::hint::black_box(7)]
    }).is_err());
}

fn main() {
    let arguments: Vec<String> = env::args().skip(1).collect();
    println!("{arguments:?} {:?}", env::var("GREETING").ok());
    collections();
    threads();
    files().unwrap();
    panics();
    let start = Instant::now();
    thread::sleep(Duration::from_millis(15));
    println!("slept {}", start.elapsed() >= Duration::from_millis(15));
    println!("after 2020: {}", SystemTime::now() > SystemTime::UNIX_EPOCH + Duration::from_secs(1_577_836_800));
    println!("{:?}", process::Command::new("/no/such/program").spawn().is_err());
    println!("{:?} {}", env::current_dir().is_ok(), process::id() > 0);
    let _not_dropped = Noisy("never, because exit does not unwind");
    process::exit(42);
}
