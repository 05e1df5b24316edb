//! Runs every golden vector and prints the largest difference: cargo run --release --bin check [golden.json [times.json]]

use std::process::ExitCode;
use std::time::{Duration, Instant};

use atraso_rust::flight::Flight;
use atraso_rust::{Result, onnxruntime, root, tract, version_of};
use serde::Deserialize;
use serde::de::DeserializeOwned;

const LIMIT: f64 = 1e-5;
const PATIENCE: Duration = Duration::from_secs(2);

#[derive(Deserialize)]
struct Vector {
    #[serde(rename = "OPERA")]
    airline: String,
    #[serde(rename = "SIGLADES")]
    destination: String,
    #[serde(rename = "FECHA_PROGRAMADA")]
    time: String,
    features: Vec<f64>,
    delay_probability: f64,
}

#[derive(Deserialize)]
struct Time {
    #[serde(rename = "FECHA_PROGRAMADA")]
    text: String,
    #[serde(rename = "FECHA")]
    date: Option<String>,
    #[serde(rename = "dia_semana")]
    weekday: Option<i64>,
    #[serde(rename = "hora")]
    hour: Option<i64>,
}

fn main() -> ExitCode {
    let mut args = std::env::args().skip(1);
    let golden = args.next();
    match check_times(args.next()).and_then(|()| check(golden)) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("{error}");
            ExitCode::FAILURE
        }
    }
}

fn check(golden: Option<String>) -> Result<()> {
    let vectors: Vec<Vector> = read(golden, "examples/golden.json")?;
    let flights = vectors
        .iter()
        .map(|each| Flight::new(&each.airline, &each.destination, &each.time))
        .collect::<Result<Vec<_>>>()?;
    let expected: Vec<f64> = vectors.iter().map(|each| each.delay_probability).collect();

    let tables = tract::Tables::read()?;
    check_features(&tables, &flights, &vectors)?;
    let trees = tract::Model::open()?;
    let held =
        compare(&format!("tract {}, model.onnx and tables", version_of("tract-onnx")), &expected, |from, to| {
            let rows = flights[from..to].iter().map(|flight| tables.features(flight)).collect::<Result<Vec<_>>>()?;
            trees.probabilities(&rows)
        })?;

    let held_too = match std::env::var("ORT_DYLIB_PATH") {
        Ok(library) => {
            let mut model = onnxruntime::Model::open(&library)?;
            compare(&format!("ort (Rust) {}, pipeline.onnx", version_of("ort")), &expected, |from, to| {
                model.probabilities(&flights[from..to])
            })?
        }
        Err(_) => {
            eprintln!("pipeline.onnx is left out: ORT_DYLIB_PATH names no shared library of ONNX Runtime");
            true
        }
    };
    if held && held_too { Ok(()) } else { Err(format!("a difference is above {LIMIT:e}").into()) }
}

fn read<T: DeserializeOwned>(given: Option<String>, usual: &str) -> Result<T> {
    let path = given.map_or_else(|| root(usual), Into::into);
    let text = std::fs::read_to_string(&path).map_err(|error| format!("{}: {error}", path.display()))?;
    Ok(serde_json::from_str(&text).map_err(|error| format!("{}: {error}", path.display()))?)
}

/// Each text is read, or refused, as the service does.
fn check_times(times: Option<String>) -> Result<()> {
    for time in read::<Vec<Time>>(times, "examples/times.json")? {
        let found = Flight::new("", "", &time.text).ok();
        let parts = found.as_ref().map(|flight| (flight.date.clone(), flight.weekday, flight.hour));
        let expected = time.date.zip(time.weekday).zip(time.hour).map(|((date, weekday), hour)| (date, weekday, hour));
        if parts != expected {
            return Err(format!("{:?} was read as {parts:?}, not as {expected:?}", time.text).into());
        }
    }
    Ok(())
}

/// The lookups of this example give what those of the golden vectors gave.
fn check_features(tables: &tract::Tables, flights: &[Flight], vectors: &[Vector]) -> Result<()> {
    for (place, (flight, vector)) in flights.iter().zip(vectors).enumerate() {
        let expected: Vec<f32> = vector.features.iter().map(|&value| value as f32).collect();
        let found = tables.features(flight)?;
        if found != expected {
            return Err(format!("flight {place}: its features are {found:?}, not {expected:?}").into());
        }
    }
    Ok(())
}

/// Runs the flights together and one by one, prints what came of it, and tells whether it held.
fn compare(name: &str, expected: &[f64], mut run: impl FnMut(usize, usize) -> Result<Vec<f32>>) -> Result<bool> {
    let count = expected.len();
    let mut together = || run(0, count);
    let first = largest(&together()?, expected);
    let many = least_microseconds(50, &mut together)? / count as f64;
    let mut alone = || (0..count).map(|n| Ok(run(n, n + 1)?[0])).collect::<Result<Vec<f32>>>();
    let difference = larger(first, largest(&alone()?, expected));
    let one = least_microseconds(5, &mut alone)? / count as f64;
    println!(
        "{name}: largest difference {difference:.1e} over {count} flights, \
         {one:.2} us alone, {many:.3} us in a batch of {count}"
    );
    Ok(difference <= LIMIT)
}

/// The largest difference, NaN where some probability is none.
fn largest(found: &[f32], expected: &[f64]) -> f64 {
    let differences = found.iter().zip(expected).map(|(&found, expected)| (f64::from(found) - expected).abs());
    differences.fold(if found.len() == expected.len() { 0.0 } else { f64::NAN }, larger)
}

/// Unlike `f64::max`, it keeps a NaN.
fn larger(a: f64, b: f64) -> f64 {
    if a.is_nan() || a > b { a } else { b }
}

/// The least time that it takes in so many tries, or in as many as fit into some seconds.
fn least_microseconds(tries: usize, what: &mut impl FnMut() -> Result<Vec<f32>>) -> Result<f64> {
    let (mut least, begun) = (f64::INFINITY, Instant::now());
    for _ in 0..tries {
        if least.is_finite() && begun.elapsed() > PATIENCE {
            break;
        }
        let start = Instant::now();
        what()?;
        least = least.min(start.elapsed().as_secs_f64());
    }
    Ok(least * 1e6)
}
