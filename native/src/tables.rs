//! The bundle's tables compiled: a flight -> its row of float32, the model's input. `service/model/features.py` does the
//! same for every flight; here only those whose names the tables know have a row.

use hashbrown::HashMap;

use crate::plain::Flight;
use crate::when;

/// The parts that a table may be keyed by, in the order of `keys.PARTS`; a test compares the two.
pub const PARTS: [&str; 10] =
    ["OPERA", "SIGLADES", "FECHA", "MES", "DIA", "dia_semana", "hora", "periodo_dia", "temporada_alta", "HH:MM"];
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
}

pub struct Tables {
    airlines: Names,
    destinations: Names,
    /// YYYYMMDD -> a number; what is not in it has the next one.
    dates: HashMap<u32, u64>,
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
            tables: Vec::new(),
        };
        for name in texts(given, "FECHA") {
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

    /// The flight as numbers; None where a name is unknown or the time is not of the plainest form.
    pub fn parts(&self, flight: &Flight) -> Option<Parts> {
        let time = when::read(flight.when)?;
        Some([
            self.airlines.number(flight.opera)?,
            self.destinations.number(flight.siglades)?,
            self.dates.get(&time.date).copied().unwrap_or(self.dates.len() as u64),
            u64::from(time.month),
            u64::from(time.day),
            u64::from(time.weekday),
            u64::from(time.hour),
            u64::from(time.period),
            u64::from(time.high_season),
            u64::from(time.clock),
        ])
    }

    /// Appends the row, in the bytes of this machine's float32.
    pub fn write_row(&self, parts: &Parts, row: &mut Vec<u8>) {
        for table in &self.tables {
            row.extend_from_slice(&table.get(parts).to_ne_bytes());
        }
    }

    fn table(&self, given: &Given) -> Result<Table, String> {
        let mut terms = Vec::new();
        let mut size = 1_u64;
        for name in &given.key {
            let part = PARTS.iter().position(|part| part == name).ok_or_else(|| format!("a key part {name}"))?;
            terms.push((part, size));
            size = size.checked_mul(self.numbers_of(part)).ok_or("a key of so many values")?;
        }
        let mut values = Values::with_size(size, given.default);
        for (key, value) in &given.rows {
            if key.len() != terms.len() {
                return Err("a key with other parts than its table".into());
            }
            let numbers: Option<Vec<u64>> =
                terms.iter().zip(key).map(|((part, times), value)| Some(self.number(*part, value)? * times)).collect();
            if let Some(numbers) = numbers {
                values.set(numbers.iter().sum(), *value);
            }
        }
        Ok(Table { terms, values, default: given.default })
    }

    fn numbers_of(&self, part: usize) -> u64 {
        match part {
            OPERA => self.airlines.numbers.len().max(1) as u64,
            SIGLADES => self.destinations.numbers.len().max(1) as u64,
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
            Values::Dense(values) => values[key as usize],
            Values::Sparse(values) => values.get(&key).copied().unwrap_or(self.default),
        }
    }
}

impl Values {
    fn with_size(size: u64, default: f32) -> Self {
        if size <= MAX_DENSE { Self::Dense(vec![default; size as usize]) } else { Self::Sparse(HashMap::new()) }
    }

    fn set(&mut self, key: u64, value: f32) {
        match self {
            Self::Dense(values) => values[key as usize] = value,
            Self::Sparse(values) => {
                values.insert(key, value);
            }
        }
    }
}
