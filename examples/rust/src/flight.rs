//! What the model looks at.

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

impl Flight {
    /// Reads a time of the form `YYYY-MM-DD HH:MM[:SS]`, with a space or a `T` between.
    pub fn new(airline: &str, destination: &str, time: &str) -> Result<Flight> {
        let (date, hour) =
            read_time(time).ok_or_else(|| format!("{time:?} is no time of the form YYYY-MM-DD HH:MM"))?;
        let [year, month, day] = date;
        Ok(Flight {
            airline: airline.to_owned(),
            destination: destination.to_owned(),
            date: format!("{year:04}-{month:02}-{day:02}"),
            weekday: weekday(year, month, day),
            hour,
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

fn read_time(text: &str) -> Option<([i64; 3], i64)> {
    let form = if text.len() == 16 { "dddd-dd-dd dd:dd" } else { "dddd-dd-dd dd:dd:dd" };
    let fits = text.len() == form.len()
        && text.bytes().zip(form.bytes()).all(|(byte, wanted)| match wanted {
            b'd' => byte.is_ascii_digit(),
            b' ' => byte == b' ' || byte == b'T',
            _ => byte == wanted,
        });
    let number = |from: usize, to: usize| text[from..to].parse::<i64>().ok();
    if !fits {
        return None;
    }
    let (year, month, day) = (number(0, 4)?, number(5, 7)?, number(8, 10)?);
    let (hour, minute) = (number(11, 13)?, number(14, 16)?);
    let second = if text.len() == 19 { number(17, 19)? } else { 0 };
    let leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
    let days = match month {
        2 => 28 + i64::from(leap),
        4 | 6 | 9 | 11 => 30,
        1..=12 => 31,
        _ => return None,
    };
    let exists = (1..=days).contains(&day) && hour < 24 && minute < 60 && second < 60;
    exists.then_some(([year, month, day], hour))
}

/// Sakamoto's method, with 0 for Monday.
fn weekday(year: i64, month: i64, day: i64) -> i64 {
    const OFFSETS: [i64; 12] = [0, 3, 2, 5, 0, 3, 5, 1, 4, 6, 2, 4];
    let year = if month < 3 { year - 1 } else { year };
    (year + year / 4 - year / 100 + year / 400 + OFFSETS[month as usize - 1] + day + 6) % 7
}
