//! `model.onnx` in tract, which is Rust all through, with the tables looked up here.

use std::collections::HashMap;
use std::fs::File;
use std::io::BufReader;

use serde::Deserialize;
use serde::de::DeserializeOwned;
use tract_onnx::prelude::*;

use crate::flight::Flight;
use crate::{Result, root};

#[derive(Deserialize)]
struct Manifest {
    features: Vec<Feature>,
}

#[derive(Deserialize)]
struct Feature {
    name: String,
    key: Vec<String>,
    default: f64,
}

/// One table for each feature, in the model's order.
pub struct Tables(Vec<(Feature, HashMap<String, f64>)>);

impl Tables {
    pub fn read() -> Result<Tables> {
        let Manifest { features } = read_json("tables/manifest.json")?;
        let read = |feature: Feature| {
            let values = read_json(&format!("tables/{}.json", feature.name))?;
            Ok((feature, values))
        };
        features.into_iter().map(read).collect::<Result<_>>().map(Tables)
    }

    /// A sentence for each name that no table knows: the model takes averages for it.
    pub fn unknown(&self, flight: &Flight) -> Vec<String> {
        let names = [("OPERA", "airline", &flight.airline), ("SIGLADES", "destination", &flight.destination)];
        let is_known = |part: &str, name: &String| {
            self.0.iter().find(|(feature, _)| feature.key == [part]).is_none_or(|(_, values)| values.contains_key(name))
        };
        names
            .into_iter()
            .filter(|(part, _, name)| !is_known(part, name))
            .map(|(_, what, name)| format!("the model does not know the {what} {name:?}: it takes averages"))
            .collect()
    }

    /// The flight's features, in the model's order.
    pub fn features(&self, flight: &Flight) -> Result<Vec<f32>> {
        let look_up = |(feature, values): &(Feature, HashMap<String, f64>)| {
            let parts: Vec<String> = feature.key.iter().map(|part| value(flight, part)).collect::<Result<_>>()?;
            Ok(*values.get(&parts.join("|")).unwrap_or(&feature.default) as f32)
        };
        self.0.iter().map(look_up).collect()
    }
}

/// A part of a table's key, as the flight has it.
fn value(flight: &Flight, part: &str) -> Result<String> {
    Ok(match part {
        "OPERA" => flight.airline.clone(),
        "SIGLADES" => flight.destination.clone(),
        "FECHA" => flight.date.clone(),
        "dia_semana" => flight.weekday.to_string(),
        "hora" => flight.hour.to_string(),
        "periodo_dia" => flight.period().to_owned(),
        _ => return Err(format!("this example does not know the key part {part:?}").into()),
    })
}

fn read_json<T: DeserializeOwned>(path: &str) -> Result<T> {
    let file = File::open(root(path)).map_err(|error| format!("{path}: {error}"))?;
    Ok(serde_json::from_reader(BufReader::new(file)).map_err(|error| format!("{path}: {error}"))?)
}

/// The trees.
pub struct Model(Arc<TypedRunnableModel>);

impl Model {
    pub fn open() -> Result<Model> {
        let model = tract_onnx::onnx().model_for_path(root("model.onnx"))?;
        Ok(Model(model.into_optimized()?.into_runnable()?))
    }

    /// From features, a row a flight, to the probability of each.
    pub fn probabilities(&self, rows: &[Vec<f32>]) -> Result<Vec<f32>> {
        let width = rows.first().map_or(0, Vec::len);
        let features = tract_ndarray::Array2::from_shape_vec((rows.len(), width), rows.concat())?;
        let outputs = self.0.run(tvec!(features.into_tensor().into()))?;
        let probabilities = outputs[1].to_plain_array_view::<f32>()?;
        Ok(probabilities.index_axis(tract_ndarray::Axis(1), 1).iter().copied().collect())
    }
}
