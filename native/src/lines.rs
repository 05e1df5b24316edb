//! Lines of CSV -> flights. `bulk/scoring/rows.py` does the same, and reads what is left here.

use memchr::{memchr_iter, memchr2, memchr3};

use crate::plain::Flight;

/// How a file is written: `places` are those of airline, destination and time among `width` columns.
pub struct Dialect {
    pub separator: u8,
    /// Whether lines end with CR LF, or with LF alone.
    pub returns: bool,
    pub width: usize,
    pub places: [usize; 3],
}

/// Calls `take` with each line's flight, None where it is not the plainest, and with where its text ends.
/// False where rows may be more than lines, or lines end in another way: then none of it counts.
pub fn read(block: &[u8], dialect: &Dialect, mut take: impl FnMut(Option<Flight<'_>>, usize)) -> bool {
    if std::str::from_utf8(block).is_err() {
        return false;
    }
    let mut returns = memchr_iter(b'\r', block).count();
    if !dialect.returns && returns > 0 {
        return false;
    }
    let mut at = 0;
    while at < block.len() {
        let Some((flight, end)) = line(block, at, dialect) else { return false };
        let text = if dialect.returns { end.wrapping_sub(1) } else { end };
        if dialect.returns && (end == at || block[text] != b'\r') {
            return false;
        }
        take(flight, text);
        returns = returns.saturating_sub(1);
        at = end + 1;
    }
    returns == 0
}

/// The flight of the line at `at`, and where its LF is. None where a quote does not open or close a field.
fn line<'a>(block: &'a [u8], at: usize, dialect: &Dialect) -> Option<(Option<Flight<'a>>, usize)> {
    let mut fields: [&[u8]; 3] = [&[]; 3];
    let (mut column, mut plain, mut start) = (0, true, at);
    loop {
        let (field, end) = if block.get(start) == Some(&b'"') {
            let close = start + 1 + memchr2(b'"', b'\n', block.get(start + 1..)?)?;
            let after = *block.get(close + 1)?;
            if block[close] == b'\n' || !(after == dialect.separator || after == b'\n' || after == b'\r') {
                return None;
            }
            let end = if after == b'\r' { close + 2 } else { close + 1 };
            (&block[start + 1..close], end)
        } else {
            let end = start + memchr3(dialect.separator, b'\n', b'"', &block[start..])?;
            let field = &block[start..end];
            (if dialect.returns { field.strip_suffix(b"\r").unwrap_or(field) } else { field }, end)
        };
        if let Some(place) = dialect.places.iter().position(|place| *place == column) {
            fields[place] = field;
        }
        column += 1;
        match block.get(end)? {
            b'\n' => {
                plain &= column == dialect.width;
                let flight = Flight { opera: fields[0], siglades: fields[1], when: fields[2] };
                return Some((plain.then_some(flight), end));
            }
            byte if *byte == dialect.separator => start = end + 1,
            _ => return None,
        }
        plain &= column < dialect.width;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read_all(block: &str, returns: bool) -> Option<Vec<Option<[String; 3]>>> {
        let dialect = Dialect { separator: b',', returns, width: 4, places: [2, 0, 3] };
        let mut found = Vec::new();
        let text = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).unwrap();
        let whole = read(block.as_bytes(), &dialect, |flight, _| {
            found.push(flight.map(|flight| [flight.opera, flight.siglades, flight.when].map(text)));
        });
        whole.then_some(found)
    }

    fn one(opera: &str, siglades: &str, when: &str) -> Option<[String; 3]> {
        Some([opera, siglades, when].map(String::from))
    }

    #[test]
    fn a_line_is_a_flight() {
        assert_eq!(read_all("a,b,c,d\n", false), Some(vec![one("c", "a", "d")]));
        assert_eq!(read_all("\"a,x\",,c,\"d\"\r\n", true), Some(vec![one("c", "a,x", "d")]));
        assert_eq!(read_all("a,b\n1,2,3,4,5\n\n,,,\n", false), Some(vec![None, None, None, one("", "", "")]));
    }

    #[test]
    fn what_may_span_lines_is_left() {
        for block in ["\"a\nb\",b,c,d\n", "a,b\"b,c,d\n", "\"a\"x,b,c,d\n", "\"a\"\"\",b,c,d\n", "a,b,c,d", "a,\"b\n"] {
            assert_eq!(read_all(block, false), None, "{block}");
        }
        assert_eq!(read_all("a,b,c,d\n", true), None);
        assert_eq!(read_all("a,b,c,d\r\n", false), None);
        assert_eq!(read_all("a,b\r,c,d\r\n", true), None);
    }
}
