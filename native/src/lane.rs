//! The bytes that arrived -> the bytes to write, for requests whose heads are plain: `service/server/lane/native.py` has the
//! connections.

use std::io::Write;

use pyo3::exceptions::PyValueError;
use pyo3::prelude::*;
use pyo3::types::PyBytes;

use crate::heads::{Head, Rules};
use crate::queue::Queue;
use crate::reader::Reader;

#[pyclass]
pub struct Lane {
    reader: Py<Reader>,
    queue: Py<Queue>,
    rules: Rules,
    max_pending: usize,
    /// Stop behind each reply: somebody wants to know of it.
    one: bool,
    /// Of the ids that are made here: the number behind it goes on.
    prefix: Vec<u8>,
    number: u64,
    /// A reply's head up to its id.
    start: Vec<u8>,
    replies: Vec<u8>,
    row: Vec<u8>,
    answered: u64,
}

/// Why `take` stopped.
#[derive(Clone, Copy)]
enum Stop {
    NotMine = 0,
    Unfinished = 1,
    Waits = 2,
    More = 3,
}

/// The replies to what came before, from where to where the request is that comes next, and what about it.
type Stopped<'py> = (Bound<'py, PyBytes>, usize, usize, u8);

#[derive(IntoPyObject)]
enum Taken<'py> {
    All(Bound<'py, PyBytes>),
    Stopped(Stopped<'py>),
}

#[pymethods]
impl Lane {
    #[classattr]
    const NOT_MINE: u8 = Stop::NotMine as u8;
    #[classattr]
    const UNFINISHED: u8 = Stop::Unfinished as u8;
    #[classattr]
    const WAITS: u8 = Stop::Waits as u8;
    #[classattr]
    const MORE: u8 = Stop::More as u8;

    #[new]
    #[pyo3(signature = (reader, queue, *, request_line, prefix, max_head, max_headers, max_body, max_pending, keys, origins, one))]
    #[expect(clippy::too_many_arguments, reason = "each is a rule of its own, named where it is called")]
    fn new(
        reader: Py<Reader>,
        queue: Py<Queue>,
        request_line: Vec<u8>,
        prefix: Vec<u8>,
        max_head: usize,
        max_headers: usize,
        max_body: usize,
        max_pending: usize,
        keys: Option<Vec<Vec<u8>>>,
        origins: bool,
        one: bool,
    ) -> PyResult<Self> {
        let keys = keys.map(|keys| keys.into_iter().map(<[u8; 32]>::try_from).collect()).transpose();
        let keys = keys.map_err(|_| PyValueError::new_err("a digest has 32 bytes"))?;
        Ok(Self {
            reader,
            queue,
            rules: Rules { request_line, max_head, max_headers, max_body, keys, origins },
            max_pending,
            one,
            prefix,
            number: 0,
            start: Vec::new(),
            replies: Vec::new(),
            row: Vec::new(),
            answered: 0,
        })
    }

    /// What every reply begins with from now on: status and headers.
    fn begin_with(&mut self, start: Vec<u8>) {
        self.start = start;
    }

    /// How many were answered from the cache since this was asked.
    fn counted(&mut self) -> u64 {
        std::mem::take(&mut self.answered)
    }

    /// Answer what `data` begins with. All replies, where each request in it has one; else where that ends. Of one that
    /// waits for the model, `answer` is called with the whole reply; None where that one is all.
    fn take<'py>(&mut self, py: Python<'py>, data: &[u8], answer: Py<PyAny>) -> Option<Taken<'py>> {
        self.replies.clear();
        let (mut at, mut answer) = (0, Some(answer));
        while at < data.len() {
            match self.one(py, &data[at..], &mut answer) {
                Ok(size) if self.one && at + size < data.len() => {
                    let more = (PyBytes::new(py, &self.replies), at + size, at + size, Stop::More as u8);
                    return Some(Taken::Stopped(more));
                }
                Ok(size) => at += size,
                Err((Stop::Waits, size)) if size == data.len() => return None,
                Err((stop, size)) => {
                    let replies = PyBytes::new(py, &self.replies);
                    return Some(Taken::Stopped((replies, at, at + size, stop as u8)));
                }
            }
        }
        Some(Taken::All(PyBytes::new(py, &self.replies)))
    }
}

impl Lane {
    /// The size of the request that `data` begins with and that was answered; or why it was not, and its size.
    fn one(&mut self, py: Python<'_>, data: &[u8], answer: &mut Option<Py<PyAny>>) -> Result<usize, (Stop, usize)> {
        let Head::Plain { size, length, id } = self.rules.read(data) else { return Err((Stop::NotMine, 0)) };
        let end = size + length;
        let Some(body) = data.get(size..end) else { return Err((Stop::Unfinished, 0)) };
        self.row.clear();
        if !self.reader.get().write_row(body, &mut self.row) {
            return Err((Stop::NotMine, 0));
        }
        let mut queue = self.queue.borrow_mut(py);
        if let Some(reply) = queue.known(&self.row) {
            head(&mut self.replies, &self.start, id, &self.prefix, &mut self.number);
            self.replies.extend_from_slice(queue.replies.tail(reply));
            self.answered += 1;
            return Ok(end);
        }
        if queue.__len__() >= self.max_pending {
            return Err((Stop::NotMine, 0));
        }
        let Some(answer) = answer.take() else { return Err((Stop::NotMine, 0)) };
        let mut begun = Vec::with_capacity(self.start.len() + 256);
        head(&mut begun, &self.start, id, &self.prefix, &mut self.number);
        queue.wait(&self.row, answer, begun);
        Err((Stop::Waits, end))
    }
}

/// A reply's head up to its last header, with the id that the request goes by.
fn head(reply: &mut Vec<u8>, start: &[u8], id: &[u8], prefix: &[u8], number: &mut u64) {
    reply.extend_from_slice(start);
    reply.extend_from_slice(b"x-request-id: ");
    if id.is_empty() {
        *number += 1;
        reply.extend_from_slice(prefix);
        write!(reply, "-{number:x}").expect("a Vec takes all");
    } else {
        reply.extend_from_slice(id);
    }
    reply.extend_from_slice(b"\r\n");
}
