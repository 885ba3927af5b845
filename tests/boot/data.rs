//! The files that the programs work on: made anew from fixed seeds, equal on every machine.

use std::fmt::Write as _;
use std::fs;
use std::path::Path;
use std::process::Command;

/// Marsaglia's 64-bit xorshift.
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0
    }

    fn below(&mut self, limit: u64) -> u64 {
        (self.next() >> 16) % limit
    }

    fn bytes(&mut self, count: usize) -> Vec<u8> {
        (0..count).map(|_| (self.next() >> 24) as u8).collect()
    }

    fn word(&mut self) -> String {
        const SYLLABLES: [&str; 16] = [
            "ka", "to", "mi", "ren", "sol", "ba", "du", "fe", "gor", "hin", "ju", "lex", "nar", "po", "qui",
            "vas",
        ];
        let count = 1 + self.below(3);
        (0..count).map(|_| SYLLABLES[self.below(16) as usize]).collect()
    }
}

/// Lines of words, about `size` bytes.
fn words(random: &mut Random, size: usize) -> String {
    let mut text = String::with_capacity(size + 100);
    while text.len() < size {
        for _ in 0..=random.below(9) {
            text.push_str(&random.word());
            text.push(' ');
        }
        let _ = writeln!(text, "{}", random.below(100_000));
    }
    text
}

/// Writes every file of the data set into `directory`.
pub fn make(directory: &Path) -> std::io::Result<()> {
    fs::create_dir_all(directory)?;
    let put = |name: &str, bytes: &[u8]| {
        let path = directory.join(name);
        // What is there and right stays: its times are part of nothing that is compared.
        if fs::read(&path).is_ok_and(|old| old == bytes) { Ok(()) } else { fs::write(path, bytes) }
    };
    let mut random = Random(0x2545_f491_4f6c_dd1d);
    put("small.bin", &random.bytes(5000))?;
    put("random.bin", &random.bytes(1 << 20))?;
    put("words.txt", words(&mut random, 400_000).as_bytes())?;
    let mut table = String::new();
    for row in 0..2000 {
        let (whole, part) = (random.below(20_000), random.below(1000));
        let _ = writeln!(table, "{}:{}.{part:03}e{}:{row}", random.word(), whole, random.below(7));
    }
    put("table.txt", table.as_bytes())?;
    put("big.txt", words(&mut random, 8 << 20).as_bytes())?;
    for name in ["report.awk", "calculation.bc", "script.lua", "queries.sql"] {
        put(name, &fs::read(Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests/boot/data").join(name))?)?;
    }
    let output = |program: &str, arguments: &[&str]| -> std::io::Result<Vec<u8>> {
        let output = Command::new(program).args(arguments).current_dir(directory).output()?;
        if output.status.success() {
            return Ok(output.stdout);
        }
        Err(std::io::Error::other(format!("{program}: {}", String::from_utf8_lossy(&output.stderr))))
    };
    put("small.b64", &output("base64", &["small.bin"])?)?;
    let mut sums = output("sha256sum", &["small.bin", "words.txt"])?;
    sums.extend_from_slice(format!("{}  table.txt\n", "0".repeat(64)).as_bytes());
    put("sums.txt", &sums)?;
    put("big.txt.xz", &output("xz", &["-1", "-c", "big.txt"])?)?;
    put("big.txt.zst", &output("zstd", &["-3", "-c", "--no-progress", "big.txt"])?)
}

/// Writes what servers serve: pages, a file of 100 MB, a certificate of their own.
pub fn make_web(directory: &Path) -> std::io::Result<()> {
    let pages = directory.join("www");
    if directory.join("both.pem").exists() {
        return Ok(());
    }
    fs::create_dir_all(&pages)?;
    let mut random = Random(0x9e37_79b9_7f4a_7c15);
    fs::write(pages.join("index.html"), "<html><body>It runs.</body></html>\n")?;
    let numbers: String = (0..20_000).map(|number| format!("{number}\n")).collect();
    fs::write(pages.join("numbers.txt"), numbers)?;
    fs::write(pages.join("big.bin"), random.bytes(100 << 20))?;
    let subject = "subjectAltName=DNS:localhost,IP:127.0.0.1";
    let (key, certificate) = (directory.join("key.pem"), directory.join("cert.pem"));
    let mut command = Command::new("openssl");
    command.args([
        "req",
        "-x509",
        "-newkey",
        "rsa:2048",
        "-nodes",
        "-days",
        "3650",
        "-subj",
        "/CN=localhost",
    ]);
    command.args(["-addext", subject]).arg("-keyout").arg(&key).arg("-out").arg(&certificate);
    let output = command.output()?;
    if !output.status.success() {
        return Err(std::io::Error::other(format!("openssl: {}", String::from_utf8_lossy(&output.stderr))));
    }
    fs::write(directory.join("both.pem"), [fs::read(&key)?, fs::read(&certificate)?].concat())
}
