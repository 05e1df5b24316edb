//! A flight -> the probability that it leaves more than 15 minutes late, in two ways: `tract` runs the trees and the
//! tables are looked up here; or ONNX Runtime does all of it.

pub mod flight;
pub mod onnxruntime;
pub mod tract;

use std::path::PathBuf;

pub type Result<T> = std::result::Result<T, Box<dyn std::error::Error + Send + Sync>>;

/// The path of a file of the repository.
pub fn root(path: &str) -> PathBuf {
    PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../..")).join(path)
}

/// The version of a dependency, as this package pins it.
pub fn version_of(package: &str) -> &'static str {
    include_str!("../Cargo.toml")
        .lines()
        .find_map(|line| line.strip_prefix(package)?.split_once('=')?.1.split('"').find(|part| part.starts_with('=')))
        .map_or("unknown", |version| &version[1..])
}
