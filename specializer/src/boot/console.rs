//! The console of a guest: passes its bytes on unchanged, and takes the exit record out.
//!
//! The kernel's last output is `\x1especialize exit=N nonce=HEX\x1e\n`, N from 0 to 255, or
//! `signal=N` for a program that a signal ended. HEX is what the command line's `nonce=` said.

/// How the program on a guest ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ExitStatus {
    /// It called `exit` or returned from `main` with this status.
    Exited(u8),
    /// This signal ended it.
    Signalled(u8),
}

impl ExitStatus {
    /// The status a shell gives: 128 plus the number of a signal.
    pub fn code(self) -> u8 {
        match self {
            ExitStatus::Exited(status) => status,
            ExitStatus::Signalled(signal) => signal.saturating_add(128),
        }
    }
}

impl std::fmt::Display for ExitStatus {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            ExitStatus::Exited(status) => write!(f, "exit status {status}"),
            ExitStatus::Signalled(signal) => write!(f, "ended by signal {signal}"),
        }
    }
}

const MARK: u8 = 0x1e;
const START: &[u8] = b"\x1especialize ";
/// More than the longest record: digits of the status and of the nonce.
const LONGEST: usize = 128;

/// Takes the exit record out of a stream of console bytes.
#[derive(Debug)]
pub struct ConsoleFilter {
    nonce: String,
    held: Vec<u8>,
    status: Option<ExitStatus>,
}

impl ConsoleFilter {
    /// A filter for the record with this nonce.
    pub fn new(nonce: &str) -> Self {
        Self { nonce: nonce.to_string(), held: Vec::new(), status: None }
    }

    /// What the record said, once it came.
    pub fn status(&self) -> Option<ExitStatus> {
        self.status
    }

    /// Appends to `out` what of the stream so far is the program's own output for certain.
    pub fn feed(&mut self, bytes: &[u8], out: &mut Vec<u8>) {
        for &byte in bytes {
            if self.held.is_empty() && byte != MARK {
                out.push(byte);
                continue;
            }
            self.held.push(byte);
            self.settle(out);
        }
    }

    /// The stream has ended: what was held back was no record.
    pub fn finish(&mut self, out: &mut Vec<u8>) {
        out.append(&mut self.held);
    }

    /// Decides as much about the held bytes as can be decided.
    fn settle(&mut self, out: &mut Vec<u8>) {
        while !self.held.is_empty() {
            let known = self.held.len().min(START.len());
            let possible = self.held[..known] == START[..known] && self.held.len() <= LONGEST;
            let ended = self.held.len() > START.len() && self.held.last() == Some(&b'\n');
            if possible && !ended {
                return;
            }
            if possible && let Some(status) = self.record() {
                self.status = Some(status);
                self.held.clear();
                return;
            }
            // The first byte is no record's; a later one may be.
            let next = self.held[1..].iter().position(|&byte| byte == MARK);
            let released = next.map_or(self.held.len(), |at| at + 1);
            out.extend(self.held.drain(..released));
        }
    }

    /// The held bytes as a whole record with the right nonce.
    fn record(&self) -> Option<ExitStatus> {
        let text = std::str::from_utf8(&self.held[START.len()..]).ok()?;
        let text = text.strip_suffix('\n')?;
        let text = text.strip_suffix('\r').unwrap_or(text).strip_suffix(MARK as char)?;
        let (ending, nonce) = text.split_once(" nonce=")?;
        if nonce != self.nonce {
            return None;
        }
        match ending.split_once('=')? {
            ("exit", status) => Some(ExitStatus::Exited(status.parse().ok()?)),
            ("signal", signal) => Some(ExitStatus::Signalled(signal.parse().ok()?)),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn filter(chunks: &[&[u8]]) -> (Vec<u8>, Option<ExitStatus>) {
        let mut filter = ConsoleFilter::new("c0ffee");
        let mut out = Vec::new();
        for chunk in chunks {
            filter.feed(chunk, &mut out);
        }
        filter.finish(&mut out);
        (out, filter.status())
    }

    #[test]
    fn the_record_is_taken_out_of_any_split_of_the_stream() {
        let stream = b"no newline\x1especialize exit=255 nonce=c0ffee\x1e\n";
        for cut in 0..stream.len() {
            let (out, status) = filter(&[&stream[..cut], &stream[cut..]]);
            assert_eq!(out, b"no newline");
            assert_eq!(status, Some(ExitStatus::Exited(255)));
        }
    }

    #[test]
    fn a_signal_and_a_terminal_newline() {
        let (out, status) = filter(&[b"x\r\n\x1especialize signal=11 nonce=c0ffee\x1e\r\n"]);
        assert_eq!((out.as_slice(), status), (&b"x\r\n"[..], Some(ExitStatus::Signalled(11))));
        assert_eq!(status.unwrap().code(), 139);
    }

    #[test]
    fn what_is_no_record_passes_unchanged() {
        let streams: [&[u8]; 5] = [
            b"\x1e\x1e\x1especialize\x1e\n",
            b"\x1especialize exit=0 nonce=other\x1e\n",
            b"\x1especialize exit=256 nonce=c0ffee\x1e\n",
            b"\x1especialize exit=0 nonce=c0ffee",
            b"\xff\x00\x1especialize \xff\n",
        ];
        for stream in streams {
            assert_eq!(filter(&[stream]), (stream.to_vec(), None));
        }
        let long = [START, &[b'x'; 500]].concat();
        assert_eq!(filter(&[&long]), (long.clone(), None));
    }

    #[test]
    fn a_record_right_behind_a_false_start() {
        let (out, status) = filter(&[b"\x1especi\x1especialize exit=7 nonce=c0ffee\x1e\n"]);
        assert_eq!((out.as_slice(), status), (&b"\x1especi"[..], Some(ExitStatus::Exited(7))));
    }
}
