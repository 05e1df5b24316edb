//! Which heads are plain. `judge` in `service/server/lane/heads.py` is the truth; what is plain here is plain there, and says
//! the same.

use httparse::{EMPTY_HEADER, Header, Status};
use memchr::{memchr_iter, memmem};
use sha2::{Digest, Sha256};
use subtle::{Choice, ConstantTimeEq};

/// Headers that a head may have here.
const MAX_HEADERS: usize = 64;
/// A header with one of these names makes a head more than plain: the framing or the connection may be another.
const UNUSUAL: [&str; 5] = ["transfer-encoding", "content-encoding", "expect", "upgrade", "proxy-connection"];
const MAX_ID: usize = 128;

/// What is the same for all heads.
pub struct Rules {
    /// Method, path and version, with the line's end.
    pub request_line: Vec<u8>,
    pub max_head: usize,
    pub max_headers: usize,
    pub max_body: usize,
    /// SHA-256 digests of the API keys; None where everybody may ask.
    pub keys: Option<Vec<[u8; 32]>>,
    /// Replies tell other origins' pages whether they may read them, which is Python's work.
    pub origins: bool,
}

/// What `data` begins with.
#[derive(Debug, PartialEq, Eq)]
pub enum Head<'a> {
    /// `size` bytes of a plain head, `length` of the body behind it, and the id that it names itself by, or nothing.
    Plain {
        size: usize,
        length: usize,
        id: &'a [u8],
    },
    NotMine,
}

impl Rules {
    pub fn read<'a>(&self, data: &'a [u8]) -> Head<'a> {
        self.plain(data).unwrap_or(Head::NotMine)
    }

    fn plain<'a>(&self, data: &'a [u8]) -> Option<Head<'a>> {
        let rest = data.strip_prefix(self.request_line.as_slice())?;
        let within = &rest[..rest.len().min(self.max_head.saturating_sub(self.request_line.len()))];
        let end = memmem::find(within, b"\r\n\r\n")? + 4;
        let lines = &rest[..end];
        if !memchr_iter(b'\n', lines).all(|at| ends_plainly(&lines[..at])) {
            return None;
        }
        let mut room = [EMPTY_HEADER; MAX_HEADERS];
        let Ok(Status::Complete((size, headers))) = httparse::parse_headers(lines, &mut room) else { return None };
        if size != end || headers.len() > self.max_headers {
            return None;
        }
        let (length, id) = self.headers(headers)?;
        Some(Head::Plain { size: self.request_line.len() + end, length, id })
    }

    /// The Content-Length and the id of a plain head's headers.
    fn headers<'a>(&self, headers: &[Header<'a>]) -> Option<(usize, &'a [u8])> {
        let (mut length, mut id, mut host) = (None, None, false);
        let mut allowed = self.keys.is_none();
        for header in headers {
            let (name, value) = (header.name, header.value);
            if !value.iter().all(|byte| matches!(byte, b'\t' | b' '..=b'~')) {
                return None;
            }
            if name.eq_ignore_ascii_case("content-length") {
                if length.replace(number(value)?).is_some() {
                    return None;
                }
            } else if name.eq_ignore_ascii_case("host") {
                if std::mem::replace(&mut host, true) {
                    return None;
                }
            } else if name.eq_ignore_ascii_case("connection") {
                if !value.eq_ignore_ascii_case(b"keep-alive") {
                    return None;
                }
            } else if name.eq_ignore_ascii_case("x-request-id") {
                if id.replace(value).is_some() {
                    return None;
                }
            } else if name.eq_ignore_ascii_case("x-api-key") {
                allowed |= self.knows(value);
            } else if name.eq_ignore_ascii_case("authorization") {
                allowed |= bearer(value).is_some_and(|key| self.knows(key));
            } else if UNUSUAL.iter().any(|unusual| name.eq_ignore_ascii_case(unusual))
                || (self.origins && name.eq_ignore_ascii_case("origin"))
            {
                return None;
            }
        }
        let length = length.filter(|length| *length <= self.max_body)?;
        (host && allowed).then(|| (length, id.filter(|id| is_id(id)).unwrap_or_default()))
    }

    /// In constant time, as in `service/api/callers/keys.py`.
    fn knows(&self, key: &[u8]) -> bool {
        let Some(keys) = &self.keys else { return true };
        let digest: [u8; 32] = Sha256::digest(key).into();
        keys.iter().fold(Choice::from(0), |found, known| found | known.ct_eq(&digest)).into()
    }
}

/// httparse takes a bare LF for a line's end, and drops spaces before it: others read these otherwise.
fn ends_plainly(line: &[u8]) -> bool {
    line.strip_suffix(b"\r").is_some_and(|line| !matches!(line.last(), Some(b' ' | b'\t')))
}

fn number(value: &[u8]) -> Option<usize> {
    if value.is_empty() || value.len() > 6 || !value.iter().all(u8::is_ascii_digit) {
        return None;
    }
    Some(value.iter().fold(0, |number, digit| number * 10 + usize::from(digit - b'0')))
}

fn bearer(value: &[u8]) -> Option<&[u8]> {
    let (scheme, key) = value.split_at_checked(7)?;
    scheme.eq_ignore_ascii_case(b"bearer ").then(|| key.trim_ascii())
}

/// Visible ASCII without quotes and backslashes: `_ID` in `service/api/callers/ids.py`.
fn is_id(value: &[u8]) -> bool {
    (1..=MAX_ID).contains(&value.len())
        && value.iter().all(|byte| matches!(byte, b'!'..=b'~') && !matches!(byte, b'"' | b'\'' | b'\\'))
}

#[cfg(test)]
mod tests {
    use super::*;

    const LINE: &str = "POST /p HTTP/1.1\r\n";

    fn rules() -> Rules {
        Rules {
            request_line: LINE.into(),
            max_head: 2048,
            max_headers: 100,
            max_body: 4096,
            keys: None,
            origins: false,
        }
    }

    fn read(rules: &Rules, lines: &str) -> Option<(usize, Vec<u8>)> {
        match rules.read(format!("{LINE}{lines}\r\n{{}}").as_bytes()) {
            Head::Plain { size, length, id } if size == LINE.len() + lines.len() + 2 => Some((length, id.into())),
            _ => None,
        }
    }

    #[test]
    fn plain_heads_tell_length_and_id() {
        assert_eq!(read(&rules(), "Host: x\r\nContent-Length: 12\r\n"), Some((12, b"".into())));
        let named = "host: x\r\nX-Request-Id: a-1\r\ntraceparent: y\r\nconnection: Keep-Alive\r\ncontent-length: 0\r\n";
        assert_eq!(read(&rules(), named), Some((0, b"a-1".into())));
        assert_eq!(read(&rules(), "host: x\r\nx-request-id: it's\r\ncontent-length: 1\r\n"), Some((1, b"".into())));
    }

    #[test]
    fn others_are_left_to_python() {
        for lines in [
            "content-length: 1\r\n",
            "host: x\r\n",
            "host: x\r\nhost: x\r\ncontent-length: 1\r\n",
            "host: x\r\ncontent-length: 1\r\ncontent-length: 1\r\n",
            "host: x\r\ncontent-length: +1\r\n",
            "host: x\r\ncontent-length: 4097\r\n",
            "host: x\r\ncontent-length: 1\r\nconnection: close\r\n",
            "host: x\r\ncontent-length: 1\r\ntransfer-encoding: chunked\r\n",
            "host: x\r\ncontent-length: 1\r\nexpect: 100-continue\r\n",
            "host: x\ncontent-length: 1\r\n",
            "host: x \r\ncontent-length: 1\r\n",
            "host : x\r\ncontent-length: 1\r\n",
            "host: x\r\n folded\r\ncontent-length: 1\r\n",
            "host: \u{fc}\r\ncontent-length: 1\r\n",
        ] {
            assert_eq!(read(&rules(), lines), None, "{lines}");
        }
    }

    #[test]
    fn a_key_is_asked_for_where_there_are_some() {
        let rules = Rules { keys: Some(vec![Sha256::digest(b"secret").into()]), ..rules() };
        let with = |line: &str| read(&rules, &format!("host: x\r\ncontent-length: 1\r\n{line}"));
        assert!(with("x-api-key: secret\r\n").is_some());
        assert!(with("Authorization: BEARER secret\r\n").is_some());
        assert_eq!(with(""), None);
        assert_eq!(with("x-api-key: secreT\r\n"), None);
        assert_eq!(with("authorization: Basic secret\r\n"), None);
    }
}
