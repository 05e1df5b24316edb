//! atraso's hot path: what does with bytes what Python would take long for. Fast or nothing: whatever is not the plainest
//! is "not mine", and Python, which is the one truth, answers it. `docs/architecture.md` tells a Python reader more.

mod cache;
pub mod heads;
mod lane;
mod learned;
pub mod lines;
pub mod plain;
mod queue;
mod reader;
mod replies;
pub mod tables;
pub mod when;

#[pyo3::pymodule]
mod atraso_native {
    /// Goes up where Python's side has to change with this one: `service/native.py` asks for the same.
    #[pymodule_export]
    const INTERFACE: u32 = 4;
    #[pymodule_export]
    use crate::lane::Lane;
    #[pymodule_export]
    use crate::queue::Queue;
    #[pymodule_export]
    use crate::reader::Reader;
}
