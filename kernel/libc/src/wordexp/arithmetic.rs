//! The arithmetic of `$((…))`: sums and products of integers, in parentheses as deep as they go.
//!
//! As glibc has it: what follows a complete expression does not count.

/// An expression and how far it was read.
struct Reader<'a> {
    rest: &'a [u8],
    depth: u32,
}

/// Parentheses in parentheses at most, for each is a call.
const DEPTH_MAX: u32 = 200;

/// The value of an expression, which is 0 if there is none; nothing for what is no expression, a
/// division by zero, or what does not fit.
pub(super) fn evaluate(text: &[u8]) -> Option<i64> {
    let mut reader = Reader { rest: text, depth: 0 };
    if reader.peek().is_none() { Some(0) } else { reader.sum() }
}

impl Reader<'_> {
    /// The next byte that is no white space.
    fn peek(&mut self) -> Option<u8> {
        self.rest = self.rest.trim_ascii_start();
        self.rest.first().copied()
    }

    fn skip(&mut self, count: usize) {
        self.rest = self.rest.get(count..).unwrap_or_default();
    }

    fn sum(&mut self) -> Option<i64> {
        let mut value = self.product()?;
        while let Some(sign @ (b'+' | b'-')) = self.peek() {
            self.skip(1);
            let next = self.product()?;
            value = if sign == b'+' { value.wrapping_add(next) } else { value.wrapping_sub(next) };
        }
        Some(value)
    }

    fn product(&mut self) -> Option<i64> {
        let mut value = self.value()?;
        while let Some(sign @ (b'*' | b'/')) = self.peek() {
            self.skip(1);
            let next = self.value()?;
            value = if sign == b'*' { value.wrapping_mul(next) } else { value.checked_div(next)? };
        }
        Some(value)
    }

    fn value(&mut self) -> Option<i64> {
        if self.peek() != Some(b'(') {
            return self.number();
        }
        if self.depth == DEPTH_MAX {
            return None;
        }
        self.depth += 1;
        self.skip(1);
        let value = self.sum()?;
        if self.peek() != Some(b')') {
            return None;
        }
        self.skip(1);
        self.depth -= 1;
        Some(value)
    }

    /// A number as of `strtol`: decimal, octal after `0`, hexadecimal after `0x`.
    fn number(&mut self) -> Option<i64> {
        let negative = self.rest.first() == Some(&b'-');
        if matches!(self.rest.first(), Some(b'-' | b'+')) {
            self.skip(1);
        }
        let (radix, prefix) = match self.rest {
            [b'0', b'x' | b'X', digit, ..] if digit.is_ascii_hexdigit() => (16, 2),
            [b'0', ..] => (8, 0),
            _ => (10, 0),
        };
        self.skip(prefix);
        let digit = |byte: &u8| char::from(*byte).to_digit(radix);
        let length = self.rest.iter().take_while(|byte| digit(byte).is_some()).count();
        if length == 0 {
            return None;
        }
        let sign = if negative { -1 } else { 1 };
        let limit = if negative { i64::MIN } else { i64::MAX };
        let digits = self.rest.iter().take(length).filter_map(digit);
        let value = digits.fold(0i64, |value, digit| {
            let shifted = value.checked_mul(radix.into());
            shifted.and_then(|shifted| shifted.checked_add(sign * i64::from(digit))).unwrap_or(limit)
        });
        self.skip(length);
        Some(value)
    }
}

#[cfg(test)]
mod tests {
    use super::evaluate;

    #[test]
    fn expressions_have_values_or_none() {
        let value = |text: &str| evaluate(text.as_bytes());
        assert_eq!(
            [value("1+2*3"), value(" ( 1 + 2 ) * 3 "), value("2-5-1"), value("")].map(Option::unwrap),
            [7, 9, -4, 0]
        );
        assert_eq!(
            [value("0x1F+010"), value("-7/2"), value("8/2/2"), value("1 2")].map(Option::unwrap),
            [39, -3, 2, 1]
        );
        assert_eq!(value("-9223372036854775808"), Some(i64::MIN));
        assert_eq!(value("99999999999999999999"), Some(i64::MAX));
        for bad in ["1/0", "x", "1+", "(1", "()", "-9223372036854775808/-1", "*"] {
            assert_eq!(value(bad), None, "{bad}");
        }
        assert_eq!(value(&"(".repeat(100_000)), None);
    }
}
