//! The bundle's tables compiled: a flight -> its row of float32, the model's input. `service/model/features.py` does the
//! same for every flight; here only those whose names the tables know have a row.

use hashbrown::HashMap;

use crate::plain::Flight;
use crate::when;

/// The parts that a table may be keyed by, in the order of `keys.PARTS`; a test compares the two.
pub const PARTS: [&str; 10] =
    ["OPERA", "SIGLADES", "FECHA", "MES", "DIA", "dia_semana", "hora", "periodo_dia", "temporada_alta", "HH:MM"];
/// The parts that are names: the first ones.
pub const NAMED: usize = 2;
const OPERA: usize = 0;
const SIGLADES: usize = 1;
const FECHA: usize = 2;
const CLOCK: usize = 9;
/// How many numbers each part has: those of `Parts` for a closed one; what the tables name decides for the open ones.
const CLOSED: [u64; PARTS.len()] = [0, 0, 0, 13, 32, 7, 24, 3, 2, 24 * 60];
/// In the order of `keys.PERIODS`.
const PERIODS: [&str; 3] = ["mañana", "tarde", "noche"];

/// Characters that a name may have; bytes here, so that one of more is left to Python.
const MAX_TEXT: usize = 256;
/// Keys of a table that is an array rather than a hash map.
const MAX_DENSE: u64 = 1 << 14;

/// A flight as a number for each part.
pub type Parts = [u64; PARTS.len()];

/// One part's value in a table's key.
pub enum Value {
    Text(String),
    Number(u64),
}

/// One table as Python has it.
pub struct Given {
    pub key: Vec<String>,
    pub rows: Vec<(Vec<Value>, f32)>,
    pub default: f32,
    /// It knows days of the future too: one that no table knows is beyond it.
    pub calendar: bool,
}

pub struct Tables {
    airlines: Names,
    destinations: Names,
    /// YYYYMMDD -> a number; what is not in it has the next one.
    dates: HashMap<u32, u64>,
    /// A date that is not in them is left to Python, which counts it.
    calendar: bool,
    tables: Vec<Table>,
}

/// The names that any table knows.
#[derive(Default)]
struct Names {
    numbers: HashMap<Vec<u8>, u64>,
    /// No table looks at this part, so no name is unknown.
    unused: bool,
}

struct Table {
    terms: Vec<(usize, u64)>,
    values: Values,
    default: f32,
}

enum Values {
    Dense(Vec<f32>),
    Sparse(HashMap<u64, f32>),
}

impl Tables {
    /// Says what it does not know where a table is beyond it.
    pub fn compile(given: &[Given]) -> Result<Self, String> {
        let mut tables = Self {
            airlines: Names::of(given, "OPERA"),
            destinations: Names::of(given, "SIGLADES"),
            dates: HashMap::new(),
            calendar: given.iter().any(|table| table.calendar),
            tables: Vec::new(),
        };
        // The data's days first: arrays end behind the last day that their table has.
        let (calendars, others): (Vec<_>, Vec<_>) = given.iter().partition(|table| table.calendar);
        for name in others.iter().chain(&calendars).flat_map(|table| texts(std::slice::from_ref(*table), "FECHA")) {
            if let Some(date) = when::date_number(name) {
                let number = tables.dates.len() as u64;
                tables.dates.entry(date).or_insert(number);
            }
        }
        let compiled = given.iter().map(|table| tables.table(table)).collect::<Result<_, _>>()?;
        Ok(Self { tables: compiled, ..tables })
    }

    /// Values in a row.
    pub fn width(&self) -> usize {
        self.tables.len()
    }

    /// The flight as numbers; None where a name is unknown, the time is not of the plainest form, or beyond the calendar.
    pub fn parts(&self, flight: &Flight) -> Option<Parts> {
        self.parts_or(flight, |_, _| None)
    }

    /// The same where `other` may have a number for a part's name that no table knows.
    pub fn parts_or(&self, flight: &Flight, mut other: impl FnMut(usize, &[u8]) -> Option<u64>) -> Option<Parts> {
        let time = when::read(flight.when)?;
        let date = match self.dates.get(&time.date) {
            Some(number) => *number,
            None if self.calendar => return None,
            None => self.dates.len() as u64,
        };
        Some([
            self.airlines.number(flight.opera).or_else(|| other(OPERA, flight.opera))?,
            self.destinations.number(flight.siglades).or_else(|| other(SIGLADES, flight.siglades))?,
            date,
            u64::from(time.month),
            u64::from(time.day),
            u64::from(time.weekday),
            u64::from(time.hour),
            u64::from(time.period),
            u64::from(time.high_season),
            u64::from(time.clock),
        ])
    }

    /// The number that a name has in a part, where a table knows it.
    pub fn name(&self, part: usize, name: &str) -> Option<u64> {
        self.number(part, &Value::Text(name.into()))
    }

    /// The number of each name that no table knows: no key has it.
    pub fn unknown(&self, part: usize) -> u64 {
        self.numbers_of(part) - 1
    }

    /// Appends the row, in the bytes of this machine's float32.
    pub fn write_row(&self, parts: &Parts, row: &mut Vec<u8>) {
        for table in &self.tables {
            row.extend_from_slice(&table.get(parts).to_ne_bytes());
        }
    }

    fn table(&self, given: &Given) -> Result<Table, String> {
        let mut places = Vec::new();
        for name in &given.key {
            let part = PARTS.iter().position(|part| part == name).ok_or_else(|| format!("a key part {name}"))?;
            places.push(part);
        }
        let mut times = vec![0; places.len()];
        let mut size = 1_u64;
        // The date weighs most, so that the days that a table lacks are behind its array's end.
        let (dates, others): (Vec<_>, Vec<_>) = (0..places.len()).partition(|place| places[*place] == FECHA);
        for place in others.into_iter().chain(dates) {
            times[place] = size;
            size = size.checked_mul(self.numbers_of(places[place])).ok_or("a key of so many values")?;
        }
        let terms: Vec<_> = places.into_iter().zip(times).collect();
        let mut rows = Vec::with_capacity(given.rows.len());
        for (key, value) in &given.rows {
            if key.len() != terms.len() {
                return Err("a key with other parts than its table".into());
            }
            let numbers: Option<Vec<u64>> =
                terms.iter().zip(key).map(|((part, times), value)| Some(self.number(*part, value)? * times)).collect();
            rows.extend(numbers.map(|numbers| (numbers.iter().sum(), *value)));
        }
        Ok(Table { terms, values: Values::of(&rows, given.default), default: given.default })
    }

    fn numbers_of(&self, part: usize) -> u64 {
        match part {
            OPERA => self.airlines.numbers.len() as u64 + 1,
            SIGLADES => self.destinations.numbers.len() as u64 + 1,
            FECHA => self.dates.len() as u64 + 1,
            _ => CLOSED[part],
        }
    }

    /// None for what no flight that is read here has.
    fn number(&self, part: usize, value: &Value) -> Option<u64> {
        match (part, value) {
            (OPERA, Value::Text(name)) => self.airlines.number(name.as_bytes()),
            (SIGLADES, Value::Text(name)) => self.destinations.number(name.as_bytes()),
            (FECHA, Value::Text(date)) => self.dates.get(&when::date_number(date)?).copied(),
            (CLOCK, Value::Text(clock)) => when::clock_number(clock).map(u64::from),
            (_, Value::Text(name)) => PERIODS.iter().position(|period| period == name).map(|place| place as u64),
            (_, Value::Number(number)) => (*number < CLOSED[part]).then_some(*number),
        }
    }
}

impl Names {
    fn of(given: &[Given], part: &str) -> Self {
        let mut numbers = HashMap::new();
        for name in texts(given, part).filter(|name| name.len() <= MAX_TEXT) {
            let number = numbers.len() as u64;
            numbers.entry(name.as_bytes().to_vec()).or_insert(number);
        }
        Self { unused: !given.iter().any(|table| table.key.iter().any(|name| name == part)), numbers }
    }

    fn number(&self, name: &[u8]) -> Option<u64> {
        if self.unused {
            return (name.len() <= MAX_TEXT && name.is_ascii()).then_some(0);
        }
        self.numbers.get(name).copied()
    }
}

fn texts<'a>(given: &'a [Given], part: &'a str) -> impl Iterator<Item = &'a str> {
    given.iter().flat_map(move |table| {
        let place = table.key.iter().position(|name| name == part);
        table.rows.iter().filter_map(move |(key, _)| match key.get(place?)? {
            Value::Text(text) => Some(text.as_str()),
            Value::Number(_) => None,
        })
    })
}

impl Table {
    fn get(&self, parts: &Parts) -> f32 {
        let key = self.terms.iter().map(|(part, times)| parts[*part] * times).sum::<u64>();
        match &self.values {
            Values::Dense(values) => values.get(key as usize),
            Values::Sparse(values) => values.get(&key),
        }
        .copied()
        .unwrap_or(self.default)
    }
}

impl Values {
    fn of(rows: &[(u64, f32)], default: f32) -> Self {
        let size = rows.iter().map(|(key, _)| key + 1).max().unwrap_or(0);
        if size > MAX_DENSE {
            return Self::Sparse(rows.iter().copied().collect());
        }
        let mut values = vec![default; size as usize];
        for (key, value) in rows {
            values[*key as usize] = *value;
        }
        Self::Dense(values)
    }
}
