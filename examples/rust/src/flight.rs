//! What the model looks at.

use jiff::ToSpan;
use jiff::civil::DateTime;
use jiff::tz::TimeZone;

use crate::Result;

/// A flight; its time is local in Santiago.
#[derive(Clone, Debug)]
pub struct Flight {
    pub airline: String,
    pub destination: String,
    /// `YYYY-MM-DD`.
    pub date: String,
    /// 0 is Monday.
    pub weekday: i64,
    pub hour: i64,
}

const LONGEST: usize = 256;

impl Flight {
    /// Reads a time as the service does, and refuses what it refuses.
    pub fn new(airline: &str, destination: &str, time: &str) -> Result<Flight> {
        if airline.chars().count() > LONGEST || destination.chars().count() > LONGEST {
            return Err(format!("a name has at most {LONGEST} characters").into());
        }
        let when = read_time(time).ok_or_else(|| format!("{time:?} is no time of the form YYYY-MM-DD HH:MM[:SS]"))?;
        Ok(Flight {
            airline: airline.to_owned(),
            destination: destination.to_owned(),
            date: when.date().to_string(),
            weekday: when.weekday().to_monday_zero_offset().into(),
            hour: when.hour().into(),
        })
    }

    pub fn period(&self) -> &'static str {
        match self.hour {
            5..=11 => "mañana",
            12..=18 => "tarde",
            _ => "noche",
        }
    }
}

/// Santiago's local time; with a UTC offset it is converted.
fn read_time(text: &str) -> Option<DateTime> {
    let (clock, rest) = text.split_at_checked(16)?;
    let [date, time] = [clock.get(..10)?, clock.get(11..)?];
    if !fits(date, "dddd-dd-dd") || !matches!(clock.as_bytes()[10], b' ' | b'T') || !fits(time, "dd:dd") {
        return None;
    }
    let (second, rest) = match rest.split_at_checked(3) {
        Some((second, rest)) if fits(second, ":dd") => (number(&second[1..])?, without_fraction(rest)?),
        _ => (0, rest),
    };
    let [year, month, day] = [number(&date[..4])?, number(&date[5..7])?, number(&date[8..])?];
    let [hour, minute] = [number(&time[..2])?, number(&time[3..])?];
    let [month, day, hour, minute, second] = [month, day, hour, minute, second].map(|part| part as i8);
    let local = in_calendar(DateTime::new(year, month, day, hour, minute, second, 0).ok()?)?;
    if rest.is_empty() {
        return Some(local);
    }
    let utc = in_calendar(local.checked_sub(ahead(rest)?.minutes()).ok()?)?;
    let santiago = TimeZone::get("America/Santiago").ok()?;
    in_calendar(santiago.to_datetime(TimeZone::UTC.to_timestamp(utc).ok()?))
}

/// What follows a fraction of a second, if there is one.
fn without_fraction(text: &str) -> Option<&str> {
    let Some(fraction) = text.strip_prefix(['.', ',']) else { return Some(text) };
    let rest = fraction.trim_start_matches(|letter: char| letter.is_ascii_digit());
    (rest.len() < fraction.len()).then_some(rest)
}

/// Minutes that an offset is ahead of UTC; a day and more is none.
fn ahead(offset: &str) -> Option<i64> {
    if offset == "Z" {
        return Some(0);
    }
    let sign = if offset.starts_with('-') { -1 } else { 1 };
    let digits = offset.strip_prefix(['+', '-'])?;
    if !["dd", "dddd", "dd:dd"].iter().any(|form| fits(digits, form)) {
        return None;
    }
    let minutes = if digits.len() > 2 { number(&digits[digits.len() - 2..])? } else { 0 };
    let minutes = i64::from(number(&digits[..2])?) * 60 + i64::from(minutes);
    (minutes < 24 * 60).then_some(sign * minutes)
}

fn in_calendar(when: DateTime) -> Option<DateTime> {
    (1..=9999).contains(&when.year()).then_some(when)
}

fn fits(text: &str, form: &str) -> bool {
    text.len() == form.len()
        && text.bytes().zip(form.bytes()).all(|(byte, wanted)| match wanted {
            b'd' => byte.is_ascii_digit(),
            _ => byte == wanted,
        })
}

fn number(digits: &str) -> Option<i16> {
    digits.parse().ok()
}
