//! Terminal settings: `struct termios` as glibc lays it out, and what the flags mean here.

/// Indices into [`Settings::characters`].
pub mod character {
    /// Interrupt: ^C.
    pub const INTERRUPT: usize = 0;
    /// Quit: ^\.
    pub const QUIT: usize = 1;
    /// Erase a character: DEL.
    pub const ERASE: usize = 2;
    /// Erase the line: ^U.
    pub const KILL: usize = 3;
    /// End of file: ^D.
    pub const END_OF_FILE: usize = 4;
    /// Non-canonical: tenths of a second to wait.
    pub const TIME: usize = 5;
    /// Non-canonical: bytes to wait for.
    pub const MINIMUM: usize = 6;
    /// Suspend: ^Z.
    pub const SUSPEND: usize = 10;
    /// Ends a line besides newline.
    pub const END_OF_LINE: usize = 11;
    /// Erase a word: ^W.
    pub const ERASE_WORD: usize = 14;
    /// Take the next character literally: ^V.
    pub const LITERAL: usize = 15;
}

/// `IGNCR`: drop carriage returns.
pub const IGNCR: u32 = 0o200;
/// `ICRNL`: carriage return comes in as newline.
pub const ICRNL: u32 = 0o400;
/// `INLCR`: newline comes in as carriage return.
pub const INLCR: u32 = 0o100;
/// `OPOST`: process output.
pub const OPOST: u32 = 0o1;
/// `ONLCR`: newline goes out as carriage return and newline.
pub const ONLCR: u32 = 0o4;
/// `ISIG`: keys send signals.
pub const ISIG: u32 = 0o1;
/// `ICANON`: input by lines.
pub const ICANON: u32 = 0o2;
/// `ECHO`: show what is typed.
pub const ECHO: u32 = 0o10;
/// `ECHOE`: erasing blanks the character out.
pub const ECHOE: u32 = 0o20;
/// `ECHONL`: show newlines even without `ECHO`.
pub const ECHONL: u32 = 0o100;
/// `NOFLSH`: keys that send signals drop nothing.
pub const NOFLSH: u32 = 0o200;
/// `ECHOCTL`: show control characters as ^X.
pub const ECHOCTL: u32 = 0o1000;

/// `struct termios` of glibc on x86-64: 60 bytes.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[repr(C)]
pub struct Settings {
    /// `c_iflag`.
    pub input: u32,
    /// `c_oflag`.
    pub output: u32,
    /// `c_cflag`.
    pub control: u32,
    /// `c_lflag`.
    pub local: u32,
    /// `c_line`: 0, the one line discipline there is.
    pub line: u8,
    /// `c_cc`; see [`character`].
    pub characters: [u8; 32],
    /// `c_ispeed`.
    pub input_speed: u32,
    /// `c_ospeed`.
    pub output_speed: u32,
}

const _: () = assert!(size_of::<Settings>() == 60);

impl Default for Settings {
    fn default() -> Self {
        Self::new()
    }
}

impl Settings {
    /// What Linux sets a terminal to at first: 8 bits, canonical, echo, 38400 baud.
    #[must_use]
    pub const fn new() -> Self {
        let mut characters = [0; 32];
        let defaults = [3, 28, 127, 21, 4, 0, 1, 0, 17, 19, 26, 0, 18, 15, 23, 22];
        let mut index = 0;
        while index < defaults.len() {
            characters[index] = defaults[index];
            index += 1;
        }
        Self {
            input: ICRNL | 0o2000,
            output: OPOST | ONLCR,
            control: 0o277,
            local: ISIG | ICANON | ECHO | ECHOE | 0o40 | ECHOCTL | 0o4000 | 0o100_000,
            line: 0,
            characters,
            input_speed: 0o17,
            output_speed: 0o17,
        }
    }

    /// Whether newlines go out as carriage return and newline.
    #[must_use]
    pub const fn maps_newlines(&self) -> bool {
        self.output & OPOST != 0 && self.output & ONLCR != 0
    }

    /// Whether input comes by lines.
    #[must_use]
    pub const fn canonical(&self) -> bool {
        self.local & ICANON != 0
    }

    /// Whether `byte` is the control character `which`, which 0 switches off.
    #[must_use]
    pub fn is(&self, byte: u8, which: usize) -> bool {
        byte != 0 && self.characters.get(which) == Some(&byte)
    }
}

/// `struct winsize`.
#[derive(Clone, Copy, PartialEq, Eq, Default)]
#[repr(C)]
pub struct WindowSize {
    /// Rows of characters.
    pub rows: u16,
    /// Columns of characters.
    pub columns: u16,
    /// Pixels across.
    pub width: u16,
    /// Pixels down.
    pub height: u16,
}
