//! Zones as POSIX writes them in `TZ`: `CET-1CEST,M3.5.0,M10.5.0/3` (XBD 8.3).

use super::calendar::{DAY, days_to_month, days_to_year, is_leap};

/// An abbreviation, an offset in seconds east of UTC, and whether it is summer time.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Kind<'a> {
    pub name: &'a [u8],
    pub offset: i32,
    pub summer: bool,
}

/// When a change happens: a day, and seconds after its midnight by the clock before the change.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
struct Change {
    day: Day,
    time: i32,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Day {
    /// `Jn`: 1–365, the 29th of February never counted.
    Julian(u16),
    /// `n`: 0–365.
    OfYear(u16),
    /// `Mm.w.d`: weekday `d` of week `w` (5: the last) of month `m`.
    OfMonth(u8, u8, u8),
}

/// A zone by rule.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Rule<'a> {
    pub standard: Kind<'a>,
    pub summer: Option<Kind<'a>>,
    changes: [Change; 2],
}

struct Reader<'a>(&'a [u8]);

impl<'a> Reader<'a> {
    fn eat(&mut self, byte: u8) -> bool {
        match self.0.split_first() {
            Some((first, rest)) if *first == byte => {
                self.0 = rest;
                true
            }
            _ => false,
        }
    }

    fn take(&mut self, member: impl Fn(u8) -> bool) -> &'a [u8] {
        let n = self.0.iter().take_while(|byte| member(**byte)).count();
        let (taken, rest) = self.0.split_at(n);
        self.0 = rest;
        taken
    }

    /// A name: three or more letters, or anything in angle brackets.
    fn name(&mut self) -> Option<&'a [u8]> {
        let name = if self.eat(b'<') {
            let name = self.take(|c| c.is_ascii_alphanumeric() || c == b'+' || c == b'-');
            if !self.eat(b'>') {
                return None;
            }
            name
        } else {
            self.take(|c| c.is_ascii_alphabetic())
        };
        (name.len() >= 3).then_some(name)
    }

    fn number(&mut self, limit: u32) -> Option<u32> {
        let digits = self.take(|c| c.is_ascii_digit());
        if digits.is_empty() {
            return None;
        }
        let value = digits.iter().fold(0u32, |n, c| n.saturating_mul(10).saturating_add(u32::from(c - b'0')));
        (value <= limit).then_some(value)
    }

    /// `[+-]hh[:mm[:ss]]` in seconds.
    fn time(&mut self) -> Option<i32> {
        let negative = self.eat(b'-');
        if !negative {
            self.eat(b'+');
        }
        let mut seconds = self.number(167)? * 3600;
        if self.eat(b':') {
            seconds += self.number(59)? * 60;
            if self.eat(b':') {
                seconds += self.number(59)?;
            }
        }
        Some(if negative { -(seconds as i32) } else { seconds as i32 })
    }

    fn change(&mut self) -> Option<Change> {
        let day = if self.eat(b'J') {
            Day::Julian(self.number(365)?.max(1) as u16)
        } else if self.eat(b'M') {
            let month = self.number(12)?;
            self.eat(b'.').then_some(())?;
            let week = self.number(5)?;
            self.eat(b'.').then_some(())?;
            let weekday = self.number(6)?;
            if month == 0 || week == 0 {
                return None;
            }
            Day::OfMonth(month as u8, week as u8, weekday as u8)
        } else {
            Day::OfYear(self.number(365)? as u16)
        };
        let time = if self.eat(b'/') { self.time()? } else { 7200 };
        Some(Change { day, time })
    }
}

/// Summer time as the United States keep it, for a zone that names none.
const DEFAULT: [Change; 2] =
    [Change { day: Day::OfMonth(3, 2, 0), time: 7200 }, Change { day: Day::OfMonth(11, 1, 0), time: 7200 }];

/// Reads a rule; `None` if the text is none. What follows a valid start is ignored, as in glibc.
pub(super) fn parse(text: &[u8]) -> Option<Rule<'_>> {
    let mut reader = Reader(text);
    let name = reader.name()?;
    let west = reader.time()?;
    let standard = Kind { name, offset: -west, summer: false };
    let mut rule = Rule { standard, summer: None, changes: DEFAULT };
    let Some(name) = reader.name() else { return Some(rule) };
    let offset = match reader.0.first() {
        None | Some(b',') => standard.offset + 3600,
        _ => -reader.time()?,
    };
    rule.summer = Some(Kind { name, offset, summer: true });
    if reader.eat(b',') && !reader.0.is_empty() {
        let first = reader.change()?;
        reader.eat(b',').then_some(())?;
        rule.changes = [first, reader.change()?];
    }
    Some(rule)
}

impl Change {
    /// When it happens in a year, in seconds since 1970 by the clock before it.
    fn in_year(&self, year: i64) -> i64 {
        let day = match self.day {
            Day::Julian(n) => i64::from(n) - 1 + i64::from(n >= 60 && is_leap(year)),
            Day::OfYear(n) => n.into(),
            Day::OfMonth(month, week, weekday) => {
                let month = usize::from(month) - 1;
                let first = days_to_month(year, month);
                let weekday_of_first = (days_to_year(year) + first + 4).rem_euclid(7);
                let mut day =
                    (i64::from(weekday) - weekday_of_first).rem_euclid(7) + 7 * (i64::from(week) - 1);
                if first + day >= days_to_month(year, month + 1) {
                    day -= 7;
                }
                first + day
            }
        };
        (days_to_year(year) + day) * DAY + i64::from(self.time)
    }
}

impl<'a> Rule<'a> {
    /// What is in force at a time.
    pub(super) fn at(&self, time: i64) -> Kind<'a> {
        let Some(summer) = self.summer else { return self.standard };
        let local = time.saturating_add(self.standard.offset.into());
        let mut year = 1970 + (local.div_euclid(DAY).saturating_mul(400)).div_euclid(146_097);
        if days_to_year(year).saturating_mul(DAY) > local {
            year -= 1;
        } else if days_to_year(year + 1).saturating_mul(DAY) <= local {
            year += 1;
        }
        let begins = self.changes[0].in_year(year) - i64::from(self.standard.offset);
        let ends = self.changes[1].in_year(year) - i64::from(summer.offset);
        let is_summer =
            if begins < ends { (begins..ends).contains(&time) } else { !(ends..begins).contains(&time) };
        if is_summer { summer } else { self.standard }
    }
}
