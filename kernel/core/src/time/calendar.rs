//! Dates as the real-time clock keeps them.

/// A date and a time of day, UTC.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Date {
    /// The year, all digits.
    pub year: u32,
    /// From 1.
    pub month: u32,
    /// From 1.
    pub day: u32,
    /// From 0 to 23.
    pub hour: u32,
    /// From 0.
    pub minute: u32,
    /// From 0.
    pub second: u32,
}

impl Date {
    /// Seconds since 1970.
    #[must_use]
    pub fn seconds_since_1970(self) -> i64 {
        // Years begin in March here, so that the leap day is a year's last.
        let (year, month) = if self.month > 2 {
            (i64::from(self.year), self.month - 3)
        } else {
            (i64::from(self.year) - 1, self.month + 9)
        };
        let days_before_month = (153 * i64::from(month) + 2) / 5;
        let days = year * 365 + year.div_euclid(4) - year.div_euclid(100)
            + year.div_euclid(400)
            + days_before_month
            + i64::from(self.day)
            - 1
            - 719_468;
        days * 86_400 + i64::from(self.hour) * 3600 + i64::from(self.minute) * 60 + i64::from(self.second)
    }

    /// The date in a real-time clock's registers 0, 2, 4, 7, 8, 9 (MC146818), with its register B;
    /// `None` if they hold no date.
    #[must_use]
    pub fn of_registers(registers: [u8; 6], register_b: u8) -> Option<Self> {
        let binary = register_b & 4 != 0;
        let twenty_four = register_b & 2 != 0;
        let value =
            |raw: u8| if binary { u32::from(raw) } else { u32::from(raw >> 4) * 10 + u32::from(raw & 15) };
        let [second, minute, hour, day, month, year] = registers;
        let afternoon = !twenty_four && hour & 0x80 != 0;
        let mut hours = value(if twenty_four { hour } else { hour & 0x7f });
        if !twenty_four {
            hours = hours % 12 + if afternoon { 12 } else { 0 };
        }
        let date = Self {
            year: 2000 + value(year),
            month: value(month),
            day: value(day),
            hour: hours,
            minute: value(minute),
            second: value(second),
        };
        let sound = (1..=12).contains(&date.month)
            && (1..=31).contains(&date.day)
            && date.hour < 24
            && date.minute < 60
            && date.second < 60;
        sound.then_some(date)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dates_become_seconds() {
        let date = |year, month, day| Date { year, month, day, hour: 0, minute: 0, second: 0 };
        assert_eq!(date(1970, 1, 1).seconds_since_1970(), 0);
        assert_eq!(date(2000, 2, 29).seconds_since_1970(), 951_782_400);
        assert_eq!(date(2026, 11, 23).seconds_since_1970(), 1_795_392_000);
        assert_eq!(date(2100, 3, 1).seconds_since_1970(), 4_107_542_400);
    }

    #[test]
    fn registers_are_read_in_each_format() {
        let expected = Date { year: 2026, month: 11, day: 23, hour: 18, minute: 5, second: 59 };
        assert_eq!(Date::of_registers([0x59, 0x05, 0x18, 0x23, 0x11, 0x26], 2), Some(expected));
        assert_eq!(Date::of_registers([0x59, 0x05, 0x86, 0x23, 0x11, 0x26], 0), Some(expected));
        assert_eq!(Date::of_registers([59, 5, 18, 23, 11, 26], 6), Some(expected));
        let midnight = Date { hour: 0, ..expected };
        assert_eq!(Date::of_registers([59, 5, 12, 23, 11, 26], 4), Some(midnight));
        assert_eq!(Date::of_registers([0xff; 6], 2), None);
    }
}
