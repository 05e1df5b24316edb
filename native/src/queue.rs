//! The rows that wait for the model, and the replies that are known: `PythonQueue` of `service/model/predictor.py` in Rust.

use std::collections::VecDeque;

use pyo3::exceptions::PyValueError;
use pyo3::prelude::*;
use pyo3::types::PyBytes;

use crate::cache::Cache;
use crate::replies::Replies;

#[pyclass]
pub struct Queue {
    pub(crate) replies: Replies,
    cache: Cache,
    width: usize,
    rows: Vec<u8>,
    waiting: VecDeque<Waiting>,
    running_rows: Vec<u8>,
    running: Vec<Waiting>,
}

struct Waiting {
    answer: Py<PyAny>,
    /// The reply's head but for its last header; empty where the answer wants the body alone.
    head: Vec<u8>,
}

type Given<'py> = Vec<(Py<PyAny>, Bound<'py, PyBytes>)>;

#[pymethods]
impl Queue {
    /// For rows of `width` bytes, and `cache_size` replies that are kept.
    #[new]
    fn new(width: usize, cache_size: usize, threshold: f64, low: Vec<Vec<u8>>, high: Vec<Vec<u8>>) -> PyResult<Self> {
        let replies = Replies::new(threshold, low, high).map_err(PyValueError::new_err)?;
        Ok(Self {
            replies,
            cache: Cache::new(cache_size, width),
            width,
            rows: Vec::new(),
            waiting: VecDeque::new(),
            running_rows: Vec::new(),
            running: Vec::new(),
        })
    }

    pub(crate) fn __len__(&self) -> usize {
        self.waiting.len()
    }

    /// The reply to a row, where it is known.
    fn get<'py>(&mut self, py: Python<'py>, row: &[u8]) -> Option<Bound<'py, PyBytes>> {
        let number = self.cache.get(row)?;
        Some(PyBytes::new(py, self.replies.body(number)))
    }

    /// Have `answer` called with the row's reply.
    fn add(&mut self, row: &[u8], answer: Py<PyAny>) -> PyResult<()> {
        if row.len() != self.width {
            return Err(PyValueError::new_err("a row of another width"));
        }
        self.wait(row, answer, Vec::new());
        Ok(())
    }

    /// At most `most` of the rows that wait, one behind the other: those of the next run of the model.
    fn begin<'py>(&mut self, py: Python<'py>, most: usize) -> Bound<'py, PyBytes> {
        let count = most.min(self.waiting.len());
        self.running = self.waiting.drain(..count).collect();
        self.running_rows = self.rows.drain(..count * self.width).collect();
        PyBytes::new(py, &self.running_rows)
    }

    /// What the model gave to the rows of this run -> each answer with its reply.
    fn settle<'py>(&mut self, py: Python<'py>, probabilities: &[u8]) -> PyResult<Given<'py>> {
        let numbers = self.replies.numbers(probabilities).map_err(PyValueError::new_err)?;
        if numbers.len() != self.running.len() {
            return Err(PyValueError::new_err("the model gave another count of rows"));
        }
        for (row, &number) in self.running_rows.chunks_exact(self.width).zip(&numbers) {
            self.cache.set(row, number);
        }
        let replies = &self.replies;
        let given = self.running.drain(..).zip(numbers).map(|(Waiting { answer, mut head }, number)| {
            if head.is_empty() {
                return (answer, PyBytes::new(py, replies.body(number)));
            }
            head.extend_from_slice(replies.tail(number));
            (answer, PyBytes::new(py, &head))
        });
        Ok(given.collect())
    }

    /// The answers of this run, which failed.
    fn drop(&mut self) -> Vec<Py<PyAny>> {
        self.running.drain(..).map(|waiting| waiting.answer).collect()
    }

    /// The bodies of many flights, with commas between.
    fn bodies<'py>(&self, py: Python<'py>, probabilities: &[u8]) -> PyResult<Bound<'py, PyBytes>> {
        let numbers = self.replies.numbers(probabilities).map_err(PyValueError::new_err)?;
        let mut bodies = Vec::with_capacity(numbers.len() * 80);
        for number in numbers {
            if !bodies.is_empty() {
                bodies.push(b',');
            }
            bodies.extend_from_slice(self.replies.body(number));
        }
        Ok(PyBytes::new(py, &bodies))
    }
}

impl Queue {
    pub fn known(&mut self, row: &[u8]) -> Option<u8> {
        self.cache.get(row)
    }

    pub fn wait(&mut self, row: &[u8], answer: Py<PyAny>, head: Vec<u8>) {
        self.rows.extend_from_slice(row);
        self.waiting.push_back(Waiting { answer, head });
    }
}
