//! What one would write in Rust instead: axum, the bundle's tables, and one run of ONNX Runtime a request.
//!
//! `atraso-axum PORT WORKERS BUNDLE LIBRARY`, where LIBRARY is ONNX Runtime's.

mod model;
mod tables;

use std::net::Ipv4Addr;
use std::path::PathBuf;
use std::sync::Arc;

use axum::extract::State;
use axum::http::StatusCode;
use axum::routing::post;
use axum::serve::ListenerExt;
use axum::{Json, Router};
use jiff::civil::DateTime;
use serde::{Deserialize, Serialize};
use tokio::net::TcpListener;

use crate::model::Models;
use crate::tables::Tables;

type Result<T> = std::result::Result<T, Box<dyn std::error::Error + Send + Sync>>;

#[derive(Deserialize)]
struct Flight {
    #[serde(rename = "OPERA")]
    airline: String,
    #[serde(rename = "SIGLADES")]
    destination: String,
    #[serde(rename = "FECHA_PROGRAMADA")]
    when: DateTime,
}

#[derive(Serialize)]
struct Prediction {
    delay_probability: f64,
    clase: [&'static str; 1],
}

struct Served {
    tables: Tables,
    models: Models,
}

async fn predict(
    State(served): State<Arc<Served>>,
    Json(flight): Json<Flight>,
) -> std::result::Result<Json<Prediction>, StatusCode> {
    let row = served.tables.row(&flight);
    let probability = served.models.probability(&row).map_err(|_| StatusCode::INTERNAL_SERVER_ERROR)?;
    let late = probability > served.tables.threshold;
    let clase = if late { "Alta probabilidad de atraso" } else { "Baja probabilidad de atraso" };
    Ok(Json(Prediction { delay_probability: (probability * 100.0).round_ties_even() / 100.0, clase: [clase] }))
}

async fn serve(port: u16, served: Arc<Served>) -> Result<()> {
    let app = Router::new().route("/predict_delay_probability", post(predict)).with_state(served);
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, port)).await?;
    let listener = listener.tap_io(|connection| drop(connection.set_nodelay(true)));
    axum::serve(listener, app).await?;
    Ok(())
}

fn main() -> Result<()> {
    let given: Vec<String> = std::env::args().skip(1).collect();
    let [port, workers, bundle, library] = given.as_slice() else {
        return Err("atraso-axum PORT WORKERS BUNDLE LIBRARY".into());
    };
    let (port, workers, bundle) = (port.parse()?, workers.parse()?, PathBuf::from(bundle));
    let served = Arc::new(Served { tables: Tables::read(&bundle)?, models: Models::open(&bundle, library, workers)? });
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(workers).enable_io().build()?;
    runtime.block_on(runtime.spawn(serve(port, served)))?
}
