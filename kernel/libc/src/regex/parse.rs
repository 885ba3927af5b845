//! From a pattern's bytes to its tree, under any of the syntaxes of `regex.h`.
//!
//! Which character is an operator depends on the syntax bits and on where it stands; the rules are
//! those of POSIX (XBD 9.3, 9.4) and, where POSIX leaves it open, of the GNU library's manual.

use alloc::vec::Vec;

use super::pattern::{Assertion, Node, NodeId, Pattern, Set};
use super::syntax::{self as bits, DUP_MAX, Error, Syntax};
use super::text::Encoding;

/// Groups within groups before a pattern is refused.
const DEPTH_MAX: u32 = 250;

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Token {
    End,
    TrailingBackslash,
    Char(u32),
    Any,
    Star,
    Plus,
    Question,
    OpenInterval,
    CloseInterval,
    Alternate,
    OpenGroup,
    CloseGroup,
    OpenBracket,
    Assert(Assertion),
    BackReference(u32),
    /// `\w` `\W` `\s` `\S`: the class, whether `_` counts too, whether negated.
    Class {
        word: bool,
        negated: bool,
    },
}

struct Parser<'a> {
    bytes: &'a [u8],
    position: usize,
    syntax: Syntax,
    /// The token at `position`, and how many bytes it takes.
    token: Token,
    length: usize,
    /// Groups that are complete, as bits from 0 for the first.
    complete: u32,
    pattern: Pattern,
}

/// Parses `bytes` under `syntax`.
pub fn parse(bytes: &[u8], syntax: Syntax, encoding: Encoding) -> Result<Pattern, Error> {
    let pattern = Pattern {
        nodes: Vec::new(),
        root: 0,
        sets: Vec::new(),
        groups: 0,
        back_references: false,
        encoding,
        dot_newline: syntax & bits::DOT_NEWLINE != 0,
        dot_null: syntax & bits::DOT_NOT_NULL == 0,
    };
    let mut parser =
        Parser { bytes, position: 0, syntax, token: Token::End, length: 0, complete: 0, pattern };
    parser.fetch(bits::CARET_ANCHORS_HERE);
    parser.pattern.root = parser.alternatives(0)?;
    Ok(parser.pattern)
}

impl Parser<'_> {
    fn has(&self, bit: Syntax) -> bool {
        self.syntax & bit != 0
    }

    /// Reads the token at `position`; `extra` are syntax bits for this one token.
    fn fetch(&mut self, extra: Syntax) {
        (self.token, self.length) = self.peek(self.position, self.syntax | extra);
    }

    /// Steps over the token.
    fn advance(&mut self, extra: Syntax) {
        self.position += self.length;
        self.fetch(extra);
    }

    fn peek(&self, position: usize, syntax: Syntax) -> (Token, usize) {
        let has = |bit| syntax & bit != 0;
        let rest = self.bytes.get(position..).unwrap_or_default();
        let Some((character, length)) = self.pattern.encoding.decode(rest) else {
            return (Token::End, 0);
        };
        if character == u32::from(b'\\') {
            return self.peek_escaped(&rest[length..], length, syntax);
        }
        let Ok(byte) = u8::try_from(character) else { return (Token::Char(character), length) };
        let operators = !has(bits::LIMITED_OPS);
        let token = match byte {
            b'\n' if has(bits::NEWLINE_ALT) => Token::Alternate,
            b'|' if operators && has(bits::NO_BK_VBAR) => Token::Alternate,
            b'*' => Token::Star,
            b'+' if operators && !has(bits::BK_PLUS_QM) => Token::Plus,
            b'?' if operators && !has(bits::BK_PLUS_QM) => Token::Question,
            b'{' if has(bits::INTERVALS) && has(bits::NO_BK_BRACES) => Token::OpenInterval,
            b'}' if has(bits::INTERVALS) && has(bits::NO_BK_BRACES) => Token::CloseInterval,
            b'(' if has(bits::NO_BK_PARENS) => Token::OpenGroup,
            b')' if has(bits::NO_BK_PARENS) => Token::CloseGroup,
            b'[' => Token::OpenBracket,
            b'.' => Token::Any,
            b'^' if has(bits::CONTEXT_INDEP_ANCHORS | bits::CARET_ANCHORS_HERE)
                || position == 0
                || (has(bits::NEWLINE_ALT) && self.bytes[position - 1] == b'\n') =>
            {
                Token::Assert(Assertion::LineStart)
            }
            b'$' if has(bits::CONTEXT_INDEP_ANCHORS)
                || position + 1 == self.bytes.len()
                || matches!(
                    self.peek(position + 1, syntax & !bits::CARET_ANCHORS_HERE).0,
                    Token::Alternate | Token::CloseGroup
                ) =>
            {
                Token::Assert(Assertion::LineEnd)
            }
            _ => Token::Char(character),
        };
        (token, length)
    }

    fn peek_escaped(&self, rest: &[u8], backslash: usize, syntax: Syntax) -> (Token, usize) {
        let has = |bit| syntax & bit != 0;
        let Some((character, length)) = self.pattern.encoding.decode(rest) else {
            return (Token::TrailingBackslash, backslash);
        };
        let gnu = !has(bits::NO_GNU_OPS);
        let operators = !has(bits::LIMITED_OPS);
        let token = match u8::try_from(character).unwrap_or(0) {
            b'|' if operators && !has(bits::NO_BK_VBAR) => Token::Alternate,
            digit @ b'1'..=b'9' if !has(bits::NO_BK_REFS) => Token::BackReference(u32::from(digit - b'0')),
            b'<' if gnu => Token::Assert(Assertion::WordStart),
            b'>' if gnu => Token::Assert(Assertion::WordEnd),
            b'b' if gnu => Token::Assert(Assertion::WordEdge),
            b'B' if gnu => Token::Assert(Assertion::NotWordEdge),
            b'`' if gnu => Token::Assert(Assertion::TextStart),
            b'\'' if gnu => Token::Assert(Assertion::TextEnd),
            b'w' if gnu => Token::Class { word: true, negated: false },
            b'W' if gnu => Token::Class { word: true, negated: true },
            b's' if gnu => Token::Class { word: false, negated: false },
            b'S' if gnu => Token::Class { word: false, negated: true },
            b'(' if !has(bits::NO_BK_PARENS) => Token::OpenGroup,
            b')' if !has(bits::NO_BK_PARENS) => Token::CloseGroup,
            b'+' if operators && has(bits::BK_PLUS_QM) => Token::Plus,
            b'?' if operators && has(bits::BK_PLUS_QM) => Token::Question,
            b'{' if has(bits::INTERVALS) && !has(bits::NO_BK_BRACES) => Token::OpenInterval,
            b'}' if has(bits::INTERVALS) && !has(bits::NO_BK_BRACES) => Token::CloseInterval,
            _ => Token::Char(character),
        };
        (token, backslash + length)
    }

    fn push(&mut self, node: Node) -> NodeId {
        self.pattern.nodes.push(node);
        self.pattern.nodes.len() as NodeId - 1
    }

    fn alternatives(&mut self, depth: u32) -> Result<NodeId, Error> {
        let complete_before = self.complete;
        let mut complete_after = 0;
        let mut branches = Vec::new();
        loop {
            self.complete = complete_before;
            branches.push(self.branch(depth)?);
            complete_after |= self.complete;
            if self.token != Token::Alternate {
                break;
            }
            self.advance(bits::CARET_ANCHORS_HERE);
        }
        self.complete = complete_after;
        Ok(match branches[..] {
            [only] => only,
            _ => self.push(Node::Alternate(branches)),
        })
    }

    fn branch(&mut self, depth: u32) -> Result<NodeId, Error> {
        let mut parts = Vec::new();
        while !matches!(self.token, Token::Alternate | Token::End)
            && (depth == 0 || self.token != Token::CloseGroup)
        {
            parts.push(self.expression(depth)?);
        }
        Ok(match parts[..] {
            [] => self.push(Node::Empty),
            [only] => only,
            _ => self.push(Node::Concat(parts)),
        })
    }

    fn expression(&mut self, depth: u32) -> Result<NodeId, Error> {
        let literal = u32::from(self.bytes.get(self.position + self.length - 1).copied().unwrap_or(0));
        let node = match self.token {
            Token::Char(character) => Node::Char(self.pattern.encoding.folded(character)),
            Token::Any => Node::Any,
            Token::Class { word, negated } => self.class_node(word, negated),
            Token::OpenBracket => self.bracket()?,
            Token::OpenGroup => self.group(depth)?,
            Token::Assert(assertion) => {
                // An anchor cannot be repeated: what follows it starts an expression of its own.
                self.advance(bits::CARET_ANCHORS_HERE);
                return Ok(self.push(Node::Assert(assertion)));
            }
            Token::BackReference(group) => {
                if self.complete & 1 << (group - 1) == 0 {
                    return Err(Error::BackReference);
                }
                self.pattern.back_references = true;
                Node::BackReference(group)
            }
            Token::TrailingBackslash => return Err(Error::Escape),
            Token::OpenInterval if self.has(bits::CONTEXT_INVALID_DUP) => return Err(Error::Repetition),
            Token::OpenInterval | Token::Star | Token::Plus | Token::Question => {
                if self.has(bits::CONTEXT_INVALID_OPS) && !self.has(bits::CONTEXT_INVALID_DUP) {
                    return Err(Error::Repetition);
                }
                if self.has(bits::CONTEXT_INDEP_OPS) {
                    self.advance(0);
                    if matches!(self.token, Token::Alternate | Token::End | Token::CloseGroup) {
                        return Ok(self.push(Node::Empty));
                    }
                    return self.expression(depth);
                }
                Node::Char(literal)
            }
            Token::CloseGroup if !self.has(bits::UNMATCHED_RIGHT_PAREN_ORD) => {
                return Err(Error::RightParenthesis);
            }
            Token::CloseGroup | Token::CloseInterval => Node::Char(literal),
            Token::Alternate | Token::End => Node::Empty,
        };
        let mut whole = self.push(node);
        self.advance(0);
        while matches!(self.token, Token::Star | Token::Plus | Token::Question | Token::OpenInterval) {
            let Some(repeated) = self.repetition(whole)? else { break };
            whole = repeated;
            if self.has(bits::CONTEXT_INVALID_DUP) && matches!(self.token, Token::Star | Token::OpenInterval)
            {
                return Err(Error::Repetition);
            }
        }
        Ok(whole)
    }

    fn class_node(&mut self, word: bool, negated: bool) -> Node {
        let name = if word { c"alnum" } else { c"space" };
        let mut set = Set { negated, ..Set::default() };
        set.classes.push(class_named(name));
        if word {
            set.ranges.push((u32::from(b'_'), u32::from(b'_')));
        }
        self.set_node(set)
    }

    fn set_node(&mut self, mut set: Set) -> Node {
        set.finish(self.pattern.encoding.fold);
        self.pattern.sets.push(set);
        Node::Set(self.pattern.sets.len() as u32 - 1)
    }

    fn group(&mut self, depth: u32) -> Result<Node, Error> {
        if depth >= DEPTH_MAX {
            return Err(Error::Size);
        }
        self.pattern.groups += 1;
        let number = self.pattern.groups;
        self.advance(bits::CARET_ANCHORS_HERE);
        let child = self.alternatives(depth + 1)?;
        if self.token != Token::CloseGroup {
            return Err(Error::Parenthesis);
        }
        if number <= 9 {
            self.complete |= 1 << (number - 1);
        }
        Ok(Node::Group(number, child))
    }

    /// Applies the operator at hand to `child`; none if it is ordinary text after all.
    fn repetition(&mut self, child: NodeId) -> Result<Option<NodeId>, Error> {
        let (min, max) = match self.token {
            Token::Star => (0, None),
            Token::Plus => (1, None),
            Token::Question => (0, Some(1)),
            _ => match self.interval()? {
                Some(counts) => counts,
                None => return Ok(None),
            },
        };
        self.advance(0);
        Ok(Some(self.push(Node::Repeat { child, min, max })))
    }

    /// The counts of `{m}`, `{m,}`, `{,n}` or `{m,n}`; leaves the closing brace as the token.
    fn interval(&mut self) -> Result<Option<(u32, Option<u32>)>, Error> {
        let start = (self.position, self.token, self.length);
        self.advance(0);
        match self.counts() {
            Ok(counts) => Ok(Some(counts)),
            Err(Error::Size) => Err(Error::Size),
            Err(_) if self.has(bits::INVALID_INTERVAL_ORD) => {
                let brace = self.bytes[start.0 + start.2 - 1];
                (self.position, self.token, self.length) = (start.0, Token::Char(u32::from(brace)), start.2);
                Ok(None)
            }
            Err(error) => Err(error),
        }
    }

    fn counts(&mut self) -> Result<(u32, Option<u32>), Error> {
        let comma = Token::Char(u32::from(b','));
        let first = self.number()?;
        let min = match first {
            Some(number) => number,
            None if self.token == comma => 0,
            None if self.token == Token::End => return Err(Error::Brace),
            None => return Err(Error::Interval),
        };
        let max = if self.token == Token::CloseInterval {
            first
        } else if self.token == comma {
            self.advance(0);
            self.number()?
        } else if self.token == Token::End {
            return Err(Error::Brace);
        } else {
            return Err(Error::Interval);
        };
        match self.token {
            Token::CloseInterval => {}
            Token::End => return Err(Error::Brace),
            _ => return Err(Error::Interval),
        }
        if max.is_some_and(|max| min > max) {
            return Err(Error::Interval);
        }
        if max.unwrap_or(min) > DUP_MAX {
            return Err(Error::Size);
        }
        Ok((min, max))
    }

    fn number(&mut self) -> Result<Option<u32>, Error> {
        let mut number = None;
        while let Token::Char(character @ 0x30..=0x39) = self.token {
            number = Some((number.unwrap_or(0) * 10 + (character - 0x30)).min(DUP_MAX + 1));
            self.advance(0);
        }
        Ok(number)
    }

    /// A bracket expression (XBD 9.3.5); leaves its `]` as the token.
    fn bracket(&mut self) -> Result<Node, Error> {
        let mut set = Set::default();
        let mut at = self.position + self.length;
        if at == self.bytes.len() {
            return Err(Error::Pattern);
        }
        if self.bytes.get(at) == Some(&b'^') {
            set.negated = true;
            set.not_newline = self.has(bits::HAT_LISTS_NOT_NEWLINE);
            at += 1;
        }
        let mut first = true;
        loop {
            if self.bytes.get(at) == Some(&b']') && !first {
                break;
            }
            let lone_hyphen = self.bytes.get(at) == Some(&b'-')
                && !first
                && self.bytes.get(at + 1).is_some_and(|&next| next != b']');
            if lone_hyphen {
                return Err(Error::Range);
            }
            let start = self.element(&mut at)?;
            let is_range =
                self.bytes.get(at) == Some(&b'-') && self.bytes.get(at + 1).is_some_and(|&next| next != b']');
            match (start, is_range) {
                (Element::Class(class), false) => set.classes.push(class),
                (Element::Char(character), false) => set.ranges.push((character, character)),
                (Element::Class(_), true) => return Err(Error::Range),
                (Element::Char(from), true) => {
                    at += 1;
                    let Element::Char(to) = self.element(&mut at)? else { return Err(Error::Range) };
                    if from <= to {
                        set.ranges.push((from, to));
                    } else if self.has(bits::NO_EMPTY_RANGES) {
                        return Err(Error::Range);
                    }
                }
            }
            first = false;
        }
        self.position = at;
        self.length = 1;
        Ok(self.set_node(set))
    }

    /// One element at `at`: a character, `[.x.]`, `[=x=]` or `[:name:]`.
    fn element(&self, at: &mut usize) -> Result<Element, Error> {
        let rest = self.bytes.get(*at..).unwrap_or_default();
        let (character, length) = self.pattern.encoding.decode(rest).ok_or(Error::Bracket)?;
        if character == u32::from(b'\\') && self.has(bits::BACKSLASH_ESCAPE_IN_LISTS) {
            let (escaped, more) = self.pattern.encoding.decode(&rest[length..]).ok_or(Error::Bracket)?;
            *at += length + more;
            return Ok(Element::Char(escaped));
        }
        let kind = match rest {
            [b'[', kind @ (b'.' | b'='), ..] => *kind,
            [b'[', b':', ..] if self.has(bits::CHAR_CLASSES) => b':',
            _ => {
                *at += length;
                return Ok(Element::Char(character));
            }
        };
        let inside = &rest[2..];
        let end = inside.windows(2).position(|pair| pair == [kind, b']']).ok_or(Error::Bracket)?;
        let name = &inside[..end];
        *at += 2 + end + 2;
        if kind == b':' {
            return self.class_element(name);
        }
        match self.pattern.encoding.decode(name) {
            Some((character, length)) if length == name.len() => Ok(Element::Char(character)),
            _ => Err(Error::Collate),
        }
    }

    fn class_element(&self, name: &[u8]) -> Result<Element, Error> {
        // Upper and lower case are one when case does not matter.
        let name = match name {
            b"upper" | b"lower" if self.pattern.encoding.fold => b"alpha",
            name => name,
        };
        let mut buffer = [0; 16];
        buffer.get_mut(..name.len()).ok_or(Error::Class)?.copy_from_slice(name);
        let name = core::ffi::CStr::from_bytes_until_nul(&buffer).map_err(|_| Error::Class)?;
        match class_named(name) {
            0 => Err(Error::Class),
            class => Ok(Element::Class(class)),
        }
    }
}

enum Element {
    Char(u32),
    Class(usize),
}

fn class_named(name: &core::ffi::CStr) -> usize {
    // SAFETY: `name` is NUL-terminated.
    unsafe { crate::wctype::wctype(name.as_ptr()) }
}
