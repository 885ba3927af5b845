//! Reading text one character at a time, in the encoding the pattern was compiled for.

/// Bit that marks a byte that is no character in UTF-8; it equals itself and is in no set.
pub const INVALID: u32 = 0x8000_0000;

/// How bytes become characters.
#[derive(Clone, Default)]
pub struct Encoding {
    /// UTF-8; otherwise each byte is a character.
    pub utf8: bool,
    /// Letter case does not matter: characters are folded to lower case.
    pub fold: bool,
    /// Maps each byte before it is compared (`translate` of `re_pattern_buffer`).
    pub translate: Option<alloc::boxed::Box<[u8; 256]>>,
}

impl Encoding {
    /// The character at the start of `bytes`, before folding, and its length in bytes.
    pub fn decode(&self, bytes: &[u8]) -> Option<(u32, usize)> {
        let first = *bytes.first()?;
        if let Some(table) = &self.translate {
            return Some((u32::from(table[usize::from(first)]), 1));
        }
        if first < 0x80 || !self.utf8 {
            return Some((u32::from(first), 1));
        }
        let length = match first {
            0xc2..=0xdf => 2,
            0xe0..=0xef => 3,
            0xf0..=0xf4 => 4,
            _ => return Some((INVALID | u32::from(first), 1)),
        };
        let decoded = bytes.get(..length).and_then(|bytes| core::str::from_utf8(bytes).ok());
        match decoded.and_then(|text| text.chars().next()) {
            Some(character) => Some((character as u32, length)),
            None => Some((INVALID | u32::from(first), 1)),
        }
    }

    /// `character` as it is compared.
    pub fn folded(&self, character: u32) -> u32 {
        if self.fold { lower(character) } else { character }
    }
}

/// The lower-case letter of `character`, or itself.
pub fn lower(character: u32) -> u32 {
    if character & INVALID != 0 { character } else { crate::wctype::towlower(character) }
}

/// The upper-case letter of `character`, or itself.
pub fn upper(character: u32) -> u32 {
    if character & INVALID != 0 { character } else { crate::wctype::towupper(character) }
}

/// Whether `character` can stand in a word: a letter, a digit or `_`.
pub fn is_word(character: u32) -> bool {
    character == u32::from(b'_') || (character & INVALID == 0 && crate::wctype::iswalnum(character) != 0)
}

/// The text that is searched.
pub struct Text<'a> {
    /// All of it; positions are byte offsets into it.
    pub bytes: &'a [u8],
    /// How to read it.
    pub encoding: &'a Encoding,
    /// Its start is not the start of a line (`REG_NOTBOL`).
    pub not_bol: bool,
    /// Its end is not the end of a line (`REG_NOTEOL`).
    pub not_eol: bool,
    /// `^` and `$` match at newlines too (`REG_NEWLINE`).
    pub newline_anchor: bool,
}

impl Text<'_> {
    /// The character at `position` and its length; none at the end.
    pub fn at(&self, position: usize) -> Option<(u32, usize)> {
        self.encoding.decode(self.bytes.get(position..)?)
    }

    /// The character that ends at `position` and its length; none at the start.
    pub fn before(&self, position: usize) -> Option<(u32, usize)> {
        let longest = if self.encoding.utf8 { 4.min(position) } else { 1.min(position) };
        let window = self.bytes.get(..position)?;
        (2..=longest)
            .rev()
            .find_map(|length| {
                let found = self.encoding.decode(&window[position - length..])?;
                (found.1 == length).then_some(found)
            })
            .or_else(|| self.encoding.decode(&window[position.checked_sub(1)?..]))
    }

    fn newline_before(&self, position: usize) -> bool {
        self.newline_anchor && position > 0 && self.bytes.get(position - 1) == Some(&b'\n')
    }

    /// Whether `assertion` holds at `position`.
    pub fn holds(&self, assertion: super::pattern::Assertion, position: usize) -> bool {
        use super::pattern::Assertion;
        let word_before = || self.before(position).is_some_and(|(character, _)| is_word(character));
        let word_after = || self.at(position).is_some_and(|(character, _)| is_word(character));
        match assertion {
            Assertion::LineStart => (position == 0 && !self.not_bol) || self.newline_before(position),
            Assertion::LineEnd => {
                (position == self.bytes.len() && !self.not_eol)
                    || (self.newline_anchor && self.bytes.get(position) == Some(&b'\n'))
            }
            Assertion::TextStart => position == 0,
            Assertion::TextEnd => position == self.bytes.len(),
            Assertion::WordStart => !word_before() && word_after(),
            Assertion::WordEnd => word_before() && !word_after(),
            Assertion::WordEdge => word_before() != word_after(),
            Assertion::NotWordEdge => word_before() == word_after(),
        }
    }
}
