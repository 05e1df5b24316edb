//! A scheduled time of the plainest form -> its key parts. `service/model/keys.py` is the truth for every form.

/// What a time says, as the tables are keyed: `date` is the number YYYYMMDD, `weekday` 0 on Mondays, `period` the
/// place in `keys.PERIODS`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct When {
    pub date: u32,
    pub month: u32,
    pub day: u32,
    pub weekday: u32,
    pub hour: u32,
    pub period: u32,
    pub high_season: u32,
    /// Minutes since midnight.
    pub clock: u32,
}

/// Reads `YYYY-MM-DD HH:MM` and `YYYY-MM-DD HH:MM:SS`, with a T for the space too; None for all else.
pub fn read(text: &[u8]) -> Option<When> {
    match text.len() {
        16 => {}
        19 if text[16] == b':' && two(text, 17)? <= 59 => {}
        _ => return None,
    }
    if text[4] != b'-' || text[7] != b'-' || !matches!(text[10], b' ' | b'T') || text[13] != b':' {
        return None;
    }
    let (year, month, day) = (two(text, 0)? * 100 + two(text, 2)?, two(text, 5)?, two(text, 8)?);
    let (hour, minute) = (two(text, 11)?, two(text, 14)?);
    if year == 0 || !(1..=12).contains(&month) || day == 0 || day > days_of(year, month) || hour > 23 || minute > 59 {
        return None;
    }
    Some(When {
        date: year * 10_000 + month * 100 + day,
        month,
        day,
        weekday: weekday(year, month, day),
        hour,
        period: period(hour),
        high_season: high_season(month, day),
        clock: hour * 60 + minute,
    })
}

/// The number YYYYMMDD of a date in a table's key, and None where no flight can have it.
pub fn date_number(text: &str) -> Option<u32> {
    let text = text.as_bytes();
    if text.len() != 10 || text[4] != b'-' || text[7] != b'-' {
        return None;
    }
    Some((two(text, 0)? * 100 + two(text, 2)?) * 10_000 + two(text, 5)? * 100 + two(text, 8)?)
}

/// The minutes since midnight of the `HH:MM` in a table's key, and None where no flight can have it.
pub fn clock_number(text: &str) -> Option<u32> {
    let text = text.as_bytes();
    if text.len() != 5 || text[2] != b':' {
        return None;
    }
    let (hour, minute) = (two(text, 0)?, two(text, 3)?);
    (hour <= 23 && minute <= 59).then_some(hour * 60 + minute)
}

fn two(text: &[u8], at: usize) -> Option<u32> {
    let (tens, ones) = (text[at].wrapping_sub(b'0'), text[at + 1].wrapping_sub(b'0'));
    (tens <= 9 && ones <= 9).then(|| u32::from(tens) * 10 + u32::from(ones))
}

fn days_of(year: u32, month: u32) -> u32 {
    match month {
        4 | 6 | 9 | 11 => 30,
        2 if year % 4 == 0 && (year % 100 != 0 || year % 400 == 0) => 29,
        2 => 28,
        _ => 31,
    }
}

/// Sakamoto's method, moved to begin with Monday.
fn weekday(year: u32, month: u32, day: u32) -> u32 {
    const SHIFT: [u32; 12] = [0, 3, 2, 5, 0, 3, 5, 1, 4, 6, 2, 4];
    let year = if month < 3 { year + 400 - 1 } else { year + 400 }; // 400 years are whole weeks
    (year + year / 4 - year / 100 + year / 400 + SHIFT[month as usize - 1] + day + 6) % 7
}

fn period(hour: u32) -> u32 {
    match hour {
        5..=11 => 0,
        12..=18 => 1,
        _ => 2,
    }
}

fn high_season(month: u32, day: u32) -> u32 {
    let date = (month, day);
    let high = date >= (12, 15)
        || date <= (3, 3)
        || ((7, 15)..=(7, 31)).contains(&date)
        || ((9, 11)..=(9, 30)).contains(&date);
    u32::from(high)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_time_gives_its_parts() {
        let monday =
            When { date: 20_171_127, month: 11, day: 27, weekday: 0, hour: 13, period: 1, high_season: 0, clock: 780 };
        assert_eq!(read(b"2017-11-27 13:00:00"), Some(monday));
        assert_eq!(read(b"2017-11-27T13:59"), Some(When { clock: 839, ..monday }));
    }

    #[test]
    fn a_clock_in_a_key_is_its_minutes() {
        assert_eq!(clock_number("00:00"), Some(0));
        assert_eq!(clock_number("23:59"), Some(1439));
        for text in ["24:00", "12:60", "1:00", "12.00", "12:0x", "012:00"] {
            assert_eq!(clock_number(text), None, "{text}");
        }
    }

    #[test]
    fn no_other_form_is_read() {
        for text in
            ["2017-11-27", "2017-11-27 13:00:00Z", "2017-11-27 24:00:00", "2017-02-29 10:00:00", "0000-01-01 00:00"]
        {
            assert_eq!(read(text.as_bytes()), None, "{text}");
        }
    }

    #[test]
    fn weekdays_go_on_from_day_to_day() {
        let mut before = weekday(1, 1, 1); // a Monday
        assert_eq!(before, 0);
        for year in 1..2500 {
            for month in 1..=12 {
                for day in 1..=days_of(year, month) {
                    if (year, month, day) != (1, 1, 1) {
                        assert_eq!(weekday(year, month, day), (before + 1) % 7);
                        before = weekday(year, month, day);
                    }
                }
            }
        }
    }
}
