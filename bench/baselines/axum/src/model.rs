//! `model.onnx` in ONNX Runtime: a session of one thread for each thread that asks.

use std::path::Path;
use std::sync::Mutex;

use ort::environment::Environment;
use ort::session::{HasSelectedOutputs, OutputSelector, RunOptions, Session};
use ort::value::TensorRef;

use crate::Result;

const OUTPUT: &str = "probabilities";

/// Those that nobody uses just now.
pub struct Models(Mutex<Vec<Model>>);

struct Model {
    session: Session,
    /// The model's other output is not wanted.
    options: RunOptions<HasSelectedOutputs>,
}

impl Models {
    pub fn open(bundle: &Path, library: &str, count: usize) -> Result<Models> {
        let environment = ort::init_from(library)?.with_telemetry(false).build()?;
        let models = (0..count).map(|_| Model::open(&environment, bundle)).collect::<Result<_>>()?;
        Ok(Models(Mutex::new(models)))
    }

    /// How likely the flight with these features is late.
    pub fn probability(&self, row: &[f32]) -> Result<f64> {
        let mut model = self.0.lock().map_err(|_| "poisoned")?.pop().ok_or("more threads than models")?;
        let found = model.probability(row);
        self.0.lock().map_err(|_| "poisoned")?.push(model);
        found
    }
}

impl Model {
    fn open(environment: &Environment, bundle: &Path) -> Result<Model> {
        let builder = Session::builder(environment)?.with_intra_threads(1).map_err(|error| error.to_string())?;
        let mut builder = builder.with_intra_op_spinning(false).map_err(|error| error.to_string())?;
        let session = builder.commit_from_file(bundle.join("model.onnx"))?;
        let options = RunOptions::new()?.with_outputs(OutputSelector::no_default().with(OUTPUT));
        Ok(Model { session, options })
    }

    fn probability(&mut self, row: &[f32]) -> Result<f64> {
        let features = TensorRef::from_array_view(([1, row.len()], row))?;
        let outputs = self.session.run_with_options(ort::inputs![features], &self.options)?;
        let (_, probabilities) = outputs[OUTPUT].try_extract_tensor::<f32>()?;
        Ok(probabilities[1].into())
    }
}
