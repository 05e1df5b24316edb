//! How likely a flight leaves late: cargo run --release -- "Sky Airline" Calama "2017-11-27 13:00"

use std::process::ExitCode;

use atraso_rust::Result;
use atraso_rust::flight::Flight;
use atraso_rust::tract::{Model, Tables};

fn main() -> ExitCode {
    let args: Vec<String> = std::env::args().skip(1).collect();
    match predict(&args) {
        Ok(probability) => {
            println!("{probability:.4}");
            ExitCode::SUCCESS
        }
        Err(error) => {
            eprintln!("{error}\nusage: cargo run --release -- AIRLINE DESTINATION \"YYYY-MM-DD HH:MM\"");
            ExitCode::FAILURE
        }
    }
}

fn predict(args: &[String]) -> Result<f32> {
    let [airline, destination, time] = args else {
        return Err("an airline, a destination and a time are wanted".into());
    };
    let flight = Flight::new(airline, destination, time)?;
    let features = Tables::read()?.features(&flight)?;
    Ok(Model::open()?.probabilities(&[features])?[0])
}
