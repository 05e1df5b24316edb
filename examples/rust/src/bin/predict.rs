//! How likely a flight leaves late: cargo run --release -- "Sky Airline" Calama "2017-11-27 13:00"

use std::process::ExitCode;

use atraso_rust::Result;
use atraso_rust::flight::Flight;
use atraso_rust::tract::{Model, Tables};

const USAGE: &str = "usage: cargo run --release -- AIRLINE DESTINATION \"YYYY-MM-DD HH:MM[:SS]\"

The probability that the flight leaves Santiago more than 15 minutes late. The time is Santiago's; with a UTC offset,
as in 2017-11-27T13:00Z, it is converted.";

fn main() -> ExitCode {
    let args: Vec<String> = std::env::args().skip(1).collect();
    if args.iter().any(|arg| arg == "-h" || arg == "--help") {
        println!("{USAGE}");
        return ExitCode::SUCCESS;
    }
    match predict(&args) {
        Ok(probability) => {
            println!("{probability:.4}");
            ExitCode::SUCCESS
        }
        Err(error) => {
            eprintln!("{error}\n{USAGE}");
            ExitCode::FAILURE
        }
    }
}

fn predict(args: &[String]) -> Result<f32> {
    let [airline, destination, time] = args else {
        return Err("an airline, a destination and a time are wanted".into());
    };
    let flight = Flight::new(airline, destination, time)?;
    let tables = Tables::read()?;
    for sentence in tables.unknown(&flight) {
        eprintln!("{sentence}");
    }
    let features = tables.features(&flight)?;
    Ok(Model::open()?.probabilities(&[features])?[0])
}
