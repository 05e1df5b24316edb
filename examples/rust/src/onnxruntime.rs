//! `pipeline.onnx` in ONNX Runtime, whose shared library `ORT_DYLIB_PATH` names.

use ort::session::Session;
use ort::value::Tensor;

use crate::flight::Flight;
use crate::{Result, root};

pub struct Model(Session);

impl Model {
    /// Loads the shared library and the file.
    pub fn open(library: &str) -> Result<Model> {
        let environment = ort::init_from(library)?.with_telemetry(false).build()?;
        let mut builder = Session::builder(&environment)?.with_intra_threads(1).map_err(|error| error.to_string())?;
        Ok(Model(builder.commit_from_file(root("pipeline.onnx"))?))
    }

    /// For each flight, how likely it leaves more than 15 minutes late.
    pub fn probabilities(&mut self, flights: &[Flight]) -> Result<Vec<f32>> {
        let texts = |value: fn(&Flight) -> &String| {
            let values: Vec<String> = flights.iter().map(value).cloned().collect();
            Tensor::from_string_array(([values.len()], values.as_slice()))
        };
        let numbers = |value: fn(&Flight) -> i64| {
            let values: Vec<i64> = flights.iter().map(value).collect();
            Tensor::from_array(([values.len()], values))
        };
        let outputs = self.0.run(ort::inputs! {
            "OPERA" => texts(|flight| &flight.airline)?,
            "SIGLADES" => texts(|flight| &flight.destination)?,
            "FECHA" => texts(|flight| &flight.date)?,
            "dia_semana" => numbers(|flight| flight.weekday)?,
            "hora" => numbers(|flight| flight.hour)?,
        })?;
        let (_, probabilities) = outputs["delay_probability"].try_extract_tensor::<f32>()?;
        Ok(probabilities.to_vec())
    }
}
