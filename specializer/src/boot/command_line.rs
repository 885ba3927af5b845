//! The boot command line of the kernel: `key=value … -- program argument …`.
//!
//! | key | meaning |
//! |---|---|
//! | `env.NAME=value` | an environment variable |
//! | `root=module`, `root=disk`, `root=ramfs` | where the root file system is |
//! | `cwd=DIR` | working directory, `/` if not given |
//! | `stdin=FILE` | a file of the image that is descriptor 0, `/dev/null` if not given |
//! | `tty=1` | the console is a terminal: `isatty` holds, newlines become CR LF, input echoes |
//! | `nonce=HEX` | repeated in the exit record, so that a program cannot print one by chance |
//! | `id=HEX` | identity of the specialization that the image was made for |
//!
//! Words are separated by blanks; `'…'`, `"…"` and `\` quote as in a shell.

/// The parts of a boot command line. [`CommandLine::render`] puts them together.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct CommandLine {
    /// Environment of the program: names and values.
    pub environment: Vec<(Vec<u8>, Vec<u8>)>,
    /// Working directory; the kernel's default is `/`.
    pub directory: Option<Vec<u8>>,
    /// File of the image that the program reads as its standard input.
    pub stdin: Option<Vec<u8>>,
    /// Whether the console acts as a terminal.
    pub terminal: bool,
    /// Identity of the specialization that the image belongs to.
    pub identity: Option<[u8; 32]>,
    /// Further `key=value` words, as they are.
    pub extra: Vec<(String, Vec<u8>)>,
    /// Path of the program on the image, which is its `argv[0]` too.
    pub program: Vec<u8>,
    /// The program's arguments from `argv[1]` on.
    pub arguments: Vec<Vec<u8>>,
}

impl CommandLine {
    /// The command line as the kernel is given it; `root` is the value of `root=`.
    pub fn render(&self, root: &str, nonce: Option<&str>) -> Vec<u8> {
        let mut words = Vec::new();
        let mut key = |name: &str, value: &[u8]| words.push([name.as_bytes(), b"=", &quote(value)].concat());
        key("root", root.as_bytes());
        for (name, value) in &self.extra {
            key(name, value);
        }
        if let Some(nonce) = nonce {
            key("nonce", nonce.as_bytes());
        }
        if let Some(identity) = &self.identity {
            let digits: String = identity.iter().map(|byte| format!("{byte:02x}")).collect();
            key("id", digits.as_bytes());
        }
        if self.terminal {
            key("tty", b"1");
        }
        if let Some(directory) = &self.directory {
            key("cwd", directory);
        }
        if let Some(stdin) = &self.stdin {
            key("stdin", stdin);
        }
        for (name, value) in &self.environment {
            words.push([b"env.", quote_if_needed(name).as_slice(), b"=", &quote(value)].concat());
        }
        words.push(b"--".to_vec());
        words.push(quote(&self.program));
        words.extend(self.arguments.iter().map(|argument| quote(argument)));
        words.join(&b' ')
    }
}

fn quote_if_needed(word: &[u8]) -> Vec<u8> {
    if word.is_empty() { Vec::new() } else { quote(word) }
}

/// One word such that the kernel reads back exactly these bytes. A NUL cannot be in one.
fn quote(word: &[u8]) -> Vec<u8> {
    let plain = |byte: &u8| byte.is_ascii_alphanumeric() || b"/._-+=:,@%".contains(byte);
    if !word.is_empty() && word.iter().all(plain) {
        return word.to_vec();
    }
    let mut quoted = vec![b'\''];
    for &byte in word {
        match byte {
            b'\'' => quoted.extend_from_slice(b"'\\''"),
            _ => quoted.push(byte),
        }
    }
    quoted.push(b'\'');
    quoted
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_come_before_the_program() {
        let line = CommandLine {
            environment: vec![(b"LANG".to_vec(), b"C.UTF-8".to_vec()), (b"EMPTY".to_vec(), Vec::new())],
            directory: Some(b"/data".to_vec()),
            stdin: Some(b"/.specialize/stdin".to_vec()),
            terminal: true,
            identity: Some([0x1f; 32]),
            extra: vec![("boot-ticks".into(), b"1".to_vec())],
            program: b"/usr/bin/printf".to_vec(),
            arguments: vec![b"it's".to_vec(), Vec::new(), b"a b".to_vec(), b"--x=1".to_vec()],
        };
        let expected = format!(
            "root=module boot-ticks=1 nonce=ab12 id={} tty=1 cwd=/data stdin=/.specialize/stdin \
             env.LANG=C.UTF-8 env.EMPTY='' -- /usr/bin/printf 'it'\\''s' '' 'a b' --x=1",
            "1f".repeat(32)
        );
        assert_eq!(String::from_utf8(line.render("module", Some("ab12"))).unwrap(), expected);
    }
}
