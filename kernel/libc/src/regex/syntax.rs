//! The syntax bits of `regex.h` (`RE_*`), and the error codes of POSIX `regcomp`.

/// A set of syntax bits, `reg_syntax_t`.
pub type Syntax = u64;

macro_rules! bits {
    ($($(#[$doc:meta])* $name:ident = $bit:literal;)*) => {
        $($(#[$doc])* pub const $name: Syntax = 1 << $bit;)*
    };
}

bits! {
    /// `\` escapes inside a bracket expression.
    BACKSLASH_ESCAPE_IN_LISTS = 0;
    /// `\+` and `\?` are operators, not `+` and `?`.
    BK_PLUS_QM = 1;
    /// `[:alpha:]` and its like are known in bracket expressions.
    CHAR_CLASSES = 2;
    /// `^` and `$` are anchors everywhere.
    CONTEXT_INDEP_ANCHORS = 3;
    /// A repetition operator is one everywhere.
    CONTEXT_INDEP_OPS = 4;
    /// A repetition operator with nothing to repeat is an error.
    CONTEXT_INVALID_OPS = 5;
    /// `.` matches a newline.
    DOT_NEWLINE = 6;
    /// `.` does not match NUL.
    DOT_NOT_NULL = 7;
    /// `[^a]` does not match a newline.
    HAT_LISTS_NOT_NEWLINE = 8;
    /// There are intervals, `{m,n}` or `\{m,n\}`.
    INTERVALS = 9;
    /// There is no `+`, `?` and `|`.
    LIMITED_OPS = 10;
    /// A newline separates alternatives.
    NEWLINE_ALT = 11;
    /// Intervals are written `{}`, not `\{\}`.
    NO_BK_BRACES = 12;
    /// Groups are written `()`, not `\(\)`.
    NO_BK_PARENS = 13;
    /// There are no back references.
    NO_BK_REFS = 14;
    /// Alternatives are written `|`, not `\|`.
    NO_BK_VBAR = 15;
    /// A range that ends before it starts is an error.
    NO_EMPTY_RANGES = 16;
    /// A `)` without its `(` is an ordinary character.
    UNMATCHED_RIGHT_PAREN_ORD = 17;
    /// There are no GNU operators (`\w`, `\<` …).
    NO_GNU_OPS = 19;
    /// An interval that is none is ordinary text.
    INVALID_INTERVAL_ORD = 21;
    /// Letter case does not matter.
    ICASE = 22;
    /// `^` is an anchor here (after `(`, `|`); set by the parser alone.
    CARET_ANCHORS_HERE = 23;
    /// `\{` with nothing to repeat, or after another repetition, is an error.
    CONTEXT_INVALID_DUP = 24;
    /// No submatches are asked for.
    NO_SUB = 25;
}

const POSIX_COMMON: Syntax = CHAR_CLASSES | DOT_NEWLINE | DOT_NOT_NULL | INTERVALS | NO_EMPTY_RANGES;
/// POSIX basic regular expressions.
pub const POSIX_BASIC: Syntax = POSIX_COMMON | BK_PLUS_QM | CONTEXT_INVALID_DUP;
/// POSIX extended regular expressions.
pub const POSIX_EXTENDED: Syntax = POSIX_COMMON
    | CONTEXT_INDEP_ANCHORS
    | CONTEXT_INDEP_OPS
    | NO_BK_BRACES
    | NO_BK_PARENS
    | NO_BK_VBAR
    | CONTEXT_INVALID_OPS
    | UNMATCHED_RIGHT_PAREN_ORD;

/// Greatest repetition count, `RE_DUP_MAX`.
pub const DUP_MAX: u32 = 0x7fff;

/// Why a pattern does not compile; the numbers are those of `regex.h`.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[repr(i32)]
pub enum Error {
    /// `REG_BADPAT`: the pattern ends where a bracket expression begins.
    Pattern = 2,
    /// `REG_ECOLLATE`: there is no such collating element.
    Collate = 3,
    /// `REG_ECTYPE`: there is no such character class.
    Class = 4,
    /// `REG_EESCAPE`: the pattern ends in a backslash.
    Escape = 5,
    /// `REG_ESUBREG`: a back reference to a group that is not there.
    BackReference = 6,
    /// `REG_EBRACK`: a bracket expression does not end.
    Bracket = 7,
    /// `REG_EPAREN`: a group does not end.
    Parenthesis = 8,
    /// `REG_EBRACE`: an interval does not end.
    Brace = 9,
    /// `REG_BADBR`: what stands between the braces is no interval.
    Interval = 10,
    /// `REG_ERANGE`: a range ends before it starts.
    Range = 11,
    /// `REG_ESPACE`: there is not enough memory.
    Space = 12,
    /// `REG_BADRPT`: there is nothing to repeat.
    Repetition = 13,
    /// `REG_ESIZE`: the expression is too big.
    Size = 15,
    /// `REG_ERPAREN`: a group ends that never began.
    RightParenthesis = 16,
}

/// The message of an error code, in the C locale; index is the code.
pub fn message(code: i32) -> Option<&'static core::ffi::CStr> {
    Some(match code {
        0 => c"Success",
        1 => c"No match",
        2 => c"Invalid regular expression",
        3 => c"Invalid collation character",
        4 => c"Invalid character class name",
        5 => c"Trailing backslash",
        6 => c"Invalid back reference",
        7 => c"Unmatched [, [^, [:, [., or [=",
        8 => c"Unmatched ( or \\(",
        9 => c"Unmatched \\{",
        10 => c"Invalid content of \\{\\}",
        11 => c"Invalid range end",
        12 => c"Memory exhausted",
        13 => c"Invalid preceding regular expression",
        14 => c"Premature end of regular expression",
        15 => c"Regular expression too big",
        16 => c"Unmatched ) or \\)",
        _ => return None,
    })
}
