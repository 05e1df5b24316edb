//! Python's view of the reader: JSON of flights -> rows.

use std::sync::Mutex;

use pyo3::exceptions::PyValueError;
use pyo3::prelude::*;
use pyo3::types::{PyByteArray, PyBytes, PyDict, PyString, PyTuple};

use crate::learned::{Counts, Learned};
use crate::lines::{self, Dialect};
use crate::plain::{self, Flight};
use crate::tables::{Given, NAMED, PARTS, Tables, Value};

/// Bytes that a flight's JSON has at least, of fields as short as may be.
const A_FLIGHT: usize = 64;

#[pyclass(frozen)]
pub struct Reader {
    tables: Tables,
    learned: Mutex<Learned>,
}

/// What a batch's body gives: its rows, the places and JSON of the flights that Python has to read, and the others' odd
/// names.
type Batch<'py> = (Bound<'py, PyByteArray>, Vec<(usize, Bound<'py, PyBytes>)>, Counts);

/// What a block of CSV gives: its rows, where each line's text ends (i32), and the lines that Python has to read.
type Lines<'py> = (Bound<'py, PyByteArray>, Bound<'py, PyBytes>, Vec<usize>);

#[pymethods]
impl Reader {
    /// `tables` holds each feature's key parts, values by key, default, and whether it is a calendar.
    #[new]
    fn new(tables: Vec<(Vec<String>, Bound<'_, PyDict>, f64, bool)>) -> PyResult<Self> {
        let given = tables.into_iter().map(given).collect::<PyResult<Vec<_>>>()?;
        let tables = Tables::compile(&given).map_err(PyValueError::new_err)?;
        Ok(Self { tables, learned: Mutex::default() })
    }

    #[classattr]
    const PARTS: [&'static str; PARTS.len()] = PARTS;

    /// The row of the flight that a body describes.
    fn row<'py>(&self, py: Python<'py>, body: &[u8]) -> Option<Bound<'py, PyBytes>> {
        let mut row = Vec::with_capacity(self.width());
        self.write_row(body, &mut row).then(|| PyBytes::new(py, &row))
    }

    /// The rows of an array of at most `limit` flights; names that were learned are as good as the tables'.
    fn rows<'py>(&self, py: Python<'py>, body: &[u8], limit: usize) -> Option<Batch<'py>> {
        let mut rows = Vec::with_capacity(body.len() / A_FLIGHT * self.width());
        let mut others = Vec::new();
        let mut counts = Counts::default();
        let mut place = 0;
        let learned = self.learned.lock().ok()?;
        plain::flights(body, limit, |flight, object| {
            let mut odd = [None; NAMED];
            let parts = flight.and_then(|flight| {
                self.tables.parts_or(&flight, |part, name| {
                    let (number, counted) = learned.number(&self.tables, part, name)?;
                    odd[part] = Some(counted);
                    Some(number)
                })
            });
            match &parts {
                Some(parts) => {
                    self.tables.write_row(parts, &mut rows);
                    odd.into_iter().flatten().for_each(|counted| counts[counted] += 1);
                }
                None => {
                    rows.resize(rows.len() + self.width(), 0);
                    others.push((place, PyBytes::new(py, object)));
                }
            }
            place += 1;
        })?;
        Some((PyByteArray::new(py, &rows), others, counts))
    }

    /// What Python found for a `name` that no table has, as OPERA or SIGLADES: which name it is read as, if any.
    #[pyo3(signature = (part, name, read_as, /))]
    fn learn(&self, part: &str, name: &str, read_as: Option<&str>) {
        let Some(place) = PARTS[..NAMED].iter().position(|named| *named == part) else { return };
        let number = read_as.map(|read_as| self.tables.name(place, read_as));
        if let (Ok(mut learned), None | Some(Some(_))) = (self.learned.lock(), number) {
            learned.learn(place, name, number.flatten());
        }
    }

    /// The rows of flights whose fields are given one list each, and the places of those that Python has to read.
    fn columns<'py>(
        &self,
        py: Python<'py>,
        opera: Vec<Bound<'py, PyString>>,
        siglades: Vec<Bound<'py, PyString>>,
        when: Vec<Bound<'py, PyString>>,
    ) -> PyResult<(Bound<'py, PyByteArray>, Vec<usize>)> {
        if opera.len() != siglades.len() || opera.len() != when.len() {
            return Err(PyValueError::new_err("columns of several lengths"));
        }
        let mut rows = Vec::with_capacity(opera.len() * self.width());
        let mut others = Vec::new();
        for (place, ((opera, siglades), when)) in opera.iter().zip(&siglades).zip(&when).enumerate() {
            // A lone surrogate is no UTF-8; Python says what comes of it.
            let (Ok(opera), Ok(siglades), Ok(when)) = (opera.to_str(), siglades.to_str(), when.to_str()) else {
                rows.resize(rows.len() + self.width(), 0);
                others.push(place);
                continue;
            };
            let flight = Flight { opera: opera.as_bytes(), siglades: siglades.as_bytes(), when: when.as_bytes() };
            if !self.write(Some(&flight), &mut rows) {
                others.push(place);
            }
        }
        Ok((PyByteArray::new(py, &rows), others))
    }

    /// The rows of a block of CSV, of less than 2 GiB, whose rows are lines; None where they may be more than that.
    fn lines<'py>(
        &self,
        py: Python<'py>,
        block: &[u8],
        separator: u8,
        returns: bool,
        width: usize,
        places: [usize; 3],
    ) -> Option<Lines<'py>> {
        let dialect = Dialect { separator, returns, width, places };
        let (mut rows, mut ends, mut others) = (Vec::with_capacity(block.len()), Vec::new(), Vec::new());
        let mut number = 0;
        let whole = lines::read(block, &dialect, |flight, end| {
            if !self.write(flight.as_ref(), &mut rows) {
                others.push(number);
            }
            ends.extend_from_slice(&(end as u32).to_ne_bytes());
            number += 1;
        });
        whole.then(|| (PyByteArray::new(py, &rows), PyBytes::new(py, &ends), others))
    }
}

impl Reader {
    /// Bytes of a row.
    pub fn width(&self) -> usize {
        self.tables.width() * size_of::<f32>()
    }

    /// Appends the row of the flight that `body` describes; false where it is not the plainest.
    pub fn write_row(&self, body: &[u8], row: &mut Vec<u8>) -> bool {
        let parts = plain::flight(body).and_then(|flight| self.tables.parts(&flight));
        if let Some(parts) = &parts {
            self.tables.write_row(parts, row);
        }
        parts.is_some()
    }

    /// Appends a row in any case: zeros where the flight is not the plainest, and false.
    fn write(&self, flight: Option<&Flight>, rows: &mut Vec<u8>) -> bool {
        let parts = flight.and_then(|flight| self.tables.parts(flight));
        match &parts {
            Some(parts) => self.tables.write_row(parts, rows),
            None => rows.resize(rows.len() + self.width(), 0),
        }
        parts.is_some()
    }
}

fn given((key, values, default, calendar): (Vec<String>, Bound<'_, PyDict>, f64, bool)) -> PyResult<Given> {
    let mut rows = Vec::with_capacity(values.len());
    for (key, number) in values.iter() {
        let key = match key.cast::<PyTuple>() {
            Ok(parts) => parts.iter().map(|part| value(&part)).collect::<PyResult<_>>()?,
            Err(_) => vec![value(&key)?],
        };
        rows.push((key, number.extract::<f64>()? as f32));
    }
    Ok(Given { key, rows, default: default as f32, calendar })
}

fn value(part: &Bound<'_, PyAny>) -> PyResult<Value> {
    match part.cast::<PyString>() {
        Ok(text) => Ok(Value::Text(text.to_str()?.into())),
        Err(_) => Ok(Value::Number(part.extract()?)),
    }
}
