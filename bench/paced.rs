//! An open-loop load generator: a request is sent when it is due, whether or not others were answered.
//!
//! `paced PORT CONNECTIONS REQUESTS DUE DONE`: REQUESTS holds whole requests, each after its length, and DUE when each is
//! due, in nanoseconds, ascending; requests are taken in turn. DONE gets for each when it was sent and when its reply was
//! there. All numbers are u64, little-endian. A connection has one request under way; where all have one, the next waits,
//! and its time counts from when it was due. It spins, so that no timer makes it late: give it a CPU of its own.
//!
//! It looks for the oldest request's reply alone, as one worker answers in the order in which it was asked. To look at all
//! that wait takes their sockets from the server's CPU: a reply cost it up to a tenth more.

use std::collections::VecDeque;
use std::env;
use std::fs;
use std::hint;
use std::io::{ErrorKind, Read, Write};
use std::net::TcpStream;
use std::process::ExitCode;
use std::thread;
use std::time::{Duration, Instant};

type Result<T> = std::result::Result<T, String>;

const PATIENCE: Duration = Duration::from_secs(30);
/// Until the server has taken all connections, which is not what is measured.
const SETTLED: Duration = Duration::from_millis(100);
/// Between two looks at a reply that was not there.
const LOOK: Duration = Duration::from_micros(2);
const LENGTH: &[u8] = b"content-length: ";

struct Connection {
    stream: TcpStream,
    request: usize,
    received: Vec<u8>,
}

fn main() -> ExitCode {
    match run(&env::args().skip(1).collect::<Vec<_>>()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(sentence) => {
            eprintln!("{sentence}");
            ExitCode::FAILURE
        }
    }
}

fn run(args: &[String]) -> Result<()> {
    let [port, connections, requests, due, done] = args else { return Err("five arguments are needed".into()) };
    let port: u16 = port.parse().map_err(|_| "the port is no number")?;
    let count: usize = connections.parse().map_err(|_| "the number of connections is no number")?;
    let requests = split(&read(requests)?)?;
    let due: Vec<Duration> = numbers(&read(due)?).map(Duration::from_nanos).collect();
    let connections = (0..count).map(|_| connect(port)).collect::<Result<Vec<_>>>()?;
    thread::sleep(SETTLED);
    let times = send_all(&requests, &due, connections)?;
    let bytes: Vec<u8> = times.iter().flatten().flat_map(|time| (time.as_nanos() as u64).to_le_bytes()).collect();
    fs::write(done, bytes).map_err(|error| format!("{done}: {error}"))
}

/// When each request was sent, and when its reply was whole.
fn send_all(requests: &[Vec<u8>], due: &[Duration], connections: Vec<Connection>) -> Result<Vec<[Duration; 2]>> {
    let mut times = vec![[Duration::ZERO; 2]; due.len()];
    let mut idle: VecDeque<Connection> = connections.into();
    let mut busy: VecDeque<Connection> = VecDeque::with_capacity(idle.len());
    let (mut next, mut left) = (0, due.len());
    let begun = Instant::now();
    let mut look = Duration::ZERO;
    let last = due.last().copied().unwrap_or_default() + PATIENCE;
    while left > 0 {
        let now = begun.elapsed();
        if next < due.len() && due[next] <= now {
            if let Some(mut connection) = idle.pop_front() {
                times[next][0] = now;
                connection.request = next;
                connection.stream.write_all(&requests[next % requests.len()]).map_err(told)?;
                busy.push_back(connection);
                next += 1;
                continue;
            }
        }
        match busy.front_mut() {
            Some(oldest) if now >= look => {
                if answered(oldest)? {
                    times[oldest.request][1] = begun.elapsed();
                    idle.extend(busy.pop_front());
                    left -= 1;
                } else {
                    look = now + LOOK;
                }
            }
            _ => hint::spin_loop(),
        }
        if now > last {
            return Err(format!("{left} requests were not answered {} s after the last was due", PATIENCE.as_secs()));
        }
    }
    Ok(times)
}

/// Whether the whole reply is there.
fn answered(connection: &mut Connection) -> Result<bool> {
    let mut piece = [0; 4096];
    match connection.stream.read(&mut piece) {
        Ok(0) => return Err("the server closed a connection".into()),
        Ok(size) => connection.received.extend_from_slice(&piece[..size]),
        Err(error) if error.kind() == ErrorKind::WouldBlock => return Ok(false),
        Err(error) => return Err(told(error)),
    }
    let Some(end) = find(&connection.received, b"\r\n\r\n") else { return Ok(false) };
    let head = &connection.received[..end + 2];
    if !head.starts_with(b"HTTP/1.1 200 ") {
        let line = String::from_utf8_lossy(&head[..find(head, b"\r\n").unwrap_or(end)]).into_owned();
        return Err(format!("a request was answered {line:?}"));
    }
    let at = find(head, LENGTH).ok_or("a reply has no content-length")? + LENGTH.len();
    let digits = head[at..].iter().take_while(|byte| byte.is_ascii_digit());
    let length = digits.fold(0, |sum, byte| sum * 10 + usize::from(byte - b'0'));
    if connection.received.len() < end + 4 + length {
        return Ok(false);
    }
    connection.received.clear();
    Ok(true)
}

fn connect(port: u16) -> Result<Connection> {
    let stream = TcpStream::connect(("127.0.0.1", port)).map_err(told)?;
    stream.set_nodelay(true).map_err(told)?;
    stream.set_nonblocking(true).map_err(told)?;
    Ok(Connection { stream, request: 0, received: Vec::with_capacity(4096) })
}

fn find(bytes: &[u8], wanted: &[u8]) -> Option<usize> {
    bytes.windows(wanted.len()).position(|window| window == wanted)
}

fn split(mut bytes: &[u8]) -> Result<Vec<Vec<u8>>> {
    let mut found = Vec::new();
    while let Some((length, rest)) = bytes.split_at_checked(8) {
        let (request, rest) =
            rest.split_at_checked(numbers(length).sum::<u64>() as usize).ok_or("the last request is cut off")?;
        found.push(request.to_vec());
        bytes = rest;
    }
    if found.is_empty() { Err("there are no requests".into()) } else { Ok(found) }
}

fn numbers(bytes: &[u8]) -> impl Iterator<Item = u64> {
    bytes.chunks_exact(8).map(|chunk| chunk.iter().rev().fold(0, |sum, byte| sum << 8 | u64::from(*byte)))
}

fn read(path: &str) -> Result<Vec<u8>> {
    fs::read(path).map_err(|error| format!("{path}: {error}"))
}

fn told(error: std::io::Error) -> String {
    error.to_string()
}
