//! The bundle's tables: a flight -> the model's features.

use std::fs::File;
use std::io::BufReader;
use std::path::Path;

use hashbrown::HashMap;
use serde::Deserialize;
use serde::de::DeserializeOwned;

use crate::{Flight, Result};

#[derive(Deserialize)]
struct Manifest {
    model: About,
    features: Vec<Feature>,
}

#[derive(Deserialize)]
struct About {
    threshold: f64,
}

#[derive(Deserialize)]
struct Feature {
    name: String,
    key: Vec<String>,
    default: Option<f32>,
}

pub struct Tables {
    tables: Vec<Table>,
    pub threshold: f64,
}

struct Table {
    /// Places in PARTS.
    key: Vec<usize>,
    values: HashMap<String, Option<f32>>,
    default: f32,
}

const PARTS: [&str; 9] =
    ["OPERA", "SIGLADES", "FECHA", "MES", "DIA", "dia_semana", "hora", "periodo_dia", "temporada_alta"];

impl Tables {
    pub fn read(bundle: &Path) -> Result<Tables> {
        let Manifest { model, features } = read_json(&bundle.join("tables/manifest.json"))?;
        let table = |Feature { name, key, default }: Feature| -> Result<Table> {
            let place = |part: &String| PARTS.iter().position(|known| known == part).ok_or("an unknown key part");
            Ok(Table {
                key: key.iter().map(place).collect::<std::result::Result<_, _>>()?,
                values: read_json(&bundle.join(format!("tables/{name}.json")))?,
                default: default.unwrap_or(f32::NAN),
            })
        };
        let tables = features.into_iter().map(table).collect::<Result<_>>()?;
        Ok(Tables { tables, threshold: model.threshold })
    }

    /// The flight's features, in the model's order.
    pub fn row(&self, flight: &Flight) -> Vec<f32> {
        let when = flight.when;
        let date = when.date().to_string();
        let number = |number: i8| number.to_string();
        let (month, day, hour) = (number(when.month()), number(when.day()), number(when.hour()));
        let weekday = number(when.weekday().to_monday_zero_offset());
        let season = if is_high_season(when.month(), when.day()) { "1" } else { "0" };
        let period = period(when.hour());
        let parts = [&flight.airline, &flight.destination, &date, &month, &day, &weekday, &hour, period, season];
        let mut joined = String::new();
        self.tables.iter().map(|table| table.value(&parts, &mut joined)).collect()
    }
}

impl Table {
    fn value(&self, parts: &[&str; PARTS.len()], joined: &mut String) -> f32 {
        let value = match self.key.as_slice() {
            [only] => self.values.get(parts[*only]),
            several => {
                joined.clear();
                for (number, place) in several.iter().enumerate() {
                    if number > 0 {
                        joined.push('|');
                    }
                    joined.push_str(parts[*place]);
                }
                self.values.get(joined.as_str())
            }
        };
        value.map_or(self.default, |value| value.unwrap_or(f32::NAN))
    }
}

fn period(hour: i8) -> &'static str {
    match hour {
        5..=11 => "mañana",
        12..=18 => "tarde",
        _ => "noche",
    }
}

fn is_high_season(month: i8, day: i8) -> bool {
    let date = (month, day);
    date >= (12, 15) || date <= (3, 3) || ((7, 15)..=(7, 31)).contains(&date) || ((9, 11)..=(9, 30)).contains(&date)
}

fn read_json<T: DeserializeOwned>(path: &Path) -> Result<T> {
    let file = File::open(path).map_err(|error| format!("{}: {error}", path.display()))?;
    Ok(serde_json::from_reader(BufReader::new(file)).map_err(|error| format!("{}: {error}", path.display()))?)
}
