//! The plainest JSON of a flight: an object of the three fields, each once, each a text without an escape.

/// The fields' bytes, as they are in the JSON.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Flight<'a> {
    pub opera: &'a [u8],
    pub siglades: &'a [u8],
    pub when: &'a [u8],
}

/// Colons of an object: `COLONS_A_FLIGHT` in `service/api/contract.py`, which refuses what has more in all.
const MAX_COLONS: usize = 16;

/// The flight that all of `text` describes.
pub fn flight(text: &[u8]) -> Option<Flight<'_>> {
    let (flight, end) = object(text, space(text, 0))?;
    (space(text, end) == text.len()).then_some(flight)
}

/// Tells of each flight of an array, of at most `limit`, with the text of its object: None for one that is not the
/// plainest. What was told is of no use where it gives None itself: the text is no such array.
pub fn flights<'a>(text: &'a [u8], limit: usize, mut tell: impl FnMut(Option<Flight<'a>>, &'a [u8])) -> Option<()> {
    let mut at = space(text, 0);
    if text.get(at) != Some(&b'[') {
        return None;
    }
    for _ in 0..limit {
        let start = space(text, at + 1);
        let (flight, end) = match object(text, start) {
            Some((flight, end)) => (Some(flight), end),
            None => (None, flat(text, start)?),
        };
        tell(flight, &text[start..end]);
        at = space(text, end);
        match text.get(at)? {
            b',' => {}
            b']' => return (space(text, at + 1) == text.len()).then_some(()),
            _ => return None,
        }
    }
    None
}

/// The object that begins at `at`, and where it ends.
fn object(text: &[u8], at: usize) -> Option<(Flight<'_>, usize)> {
    if text.get(at) != Some(&b'{') {
        return None;
    }
    let (mut opera, mut siglades, mut when) = (None, None, None);
    let mut at = at;
    for behind in [b',', b',', b'}'] {
        let start = space(text, at + 1);
        let (name, field) = match text.get(start + 1)? {
            b'O' => (&b"\"OPERA\""[..], &mut opera),
            b'S' => (&b"\"SIGLADES\""[..], &mut siglades),
            _ => (&b"\"FECHA_PROGRAMADA\""[..], &mut when),
        };
        if !text[start..].starts_with(name) {
            return None;
        }
        let colon = space(text, start + name.len());
        if text.get(colon) != Some(&b':') {
            return None;
        }
        let (value, end) = string(text, space(text, colon + 1))?;
        if field.replace(value).is_some() {
            return None;
        }
        at = space(text, end);
        if text.get(at) != Some(&behind) {
            return None;
        }
    }
    Some((Flight { opera: opera?, siglades: siglades?, when: when? }, at + 1))
}

/// Where the object that begins at `at` ends, if it holds no other and is small: whether it is JSON is not looked at.
fn flat(text: &[u8], at: usize) -> Option<usize> {
    if text.get(at) != Some(&b'{') {
        return None;
    }
    let (mut colons, mut quoted, mut escaped) = (0, false, false);
    for (place, &byte) in text.iter().enumerate().skip(at + 1) {
        colons += usize::from(byte == b':');
        match byte {
            _ if colons > MAX_COLONS => return None,
            _ if escaped => escaped = false,
            b'\\' if quoted => escaped = true,
            b'"' => quoted = !quoted,
            b'{' | b'[' => return None, // Python counts those in texts too
            b'}' if !quoted => return Some(place + 1),
            _ => {}
        }
    }
    None
}

/// The text within the quotes that begin at `at`, and where it ends.
fn string(text: &[u8], at: usize) -> Option<(&[u8], usize)> {
    if text.get(at) != Some(&b'"') {
        return None;
    }
    let rest = &text[at + 1..];
    let size = special(rest)?;
    (rest[size] == b'"').then(|| (&rest[..size], at + size + 2))
}

/// The place of the first quote, backslash or control character: eight bytes are looked at together.
fn special(text: &[u8]) -> Option<usize> {
    const ONES: u64 = u64::MAX / 255;
    let mut at = 0;
    while let Some(word) = text[at..].first_chunk() {
        let word = u64::from_le_bytes(*word);
        // In each byte the high bit tells that it is less than `least`; above the first such byte it may be wrong.
        let below = |word: u64, least: u8| word.wrapping_sub(ONES * u64::from(least)) & !word & (ONES * 128);
        let found =
            below(word ^ (ONES * u64::from(b'"')), 1) | below(word ^ (ONES * u64::from(b'\\')), 1) | below(word, b' ');
        if found != 0 {
            return Some(at + found.trailing_zeros() as usize / 8);
        }
        at += size_of_val(&word);
    }
    Some(at + text[at..].iter().position(|&byte| byte == b'"' || byte == b'\\' || byte < b' ')?)
}

fn space(text: &[u8], mut at: usize) -> usize {
    while matches!(text.get(at), Some(b' ' | b'\t' | b'\r' | b'\n')) {
        at += 1;
    }
    at
}

#[cfg(test)]
mod tests {
    use super::*;

    const GOOD: &[u8] = br#"{"OPERA": "Sky", "SIGLADES": "Lima", "FECHA_PROGRAMADA": "2017"}"#;

    #[test]
    fn fields_are_read_in_any_order() {
        let expected = Flight { opera: b"Sky", siglades: b"Lima", when: b"2017" };
        assert_eq!(flight(GOOD), Some(expected));
        assert_eq!(
            flight(b" {\"FECHA_PROGRAMADA\":\"2017\",\n\"SIGLADES\":\"Lima\",\"OPERA\":\"Sky\"}\r\n"),
            Some(expected)
        );
    }

    #[test]
    fn nothing_but_the_plainest_is_read() {
        for text in [
            r#"{"OPERA": "Sky", "SIGLADES": "Lima"}"#,
            r#"{"OPERA": "Sky"} "SIGLADES": "Lima", "FECHA_PROGRAMADA": "2017"}"#,
            r#"{"OPERA": "Sky", "OPERA": "Sky", "FECHA_PROGRAMADA": "2017"}"#,
            r#"{"OPERA": "Sky", "SIGLADES": "Lima", "FECHA_PROGRAMADA": "2017", "X": "1"}"#,
            r#"{"OPERA": "Sk\u0079", "SIGLADES": "Lima", "FECHA_PROGRAMADA": "2017"}"#,
            r#"{"OPERA": 1, "SIGLADES": "Lima", "FECHA_PROGRAMADA": "2017"}"#,
            r#"{"OPERA": "Sky", "SIGLADES": "Lima", "FECHA_PROGRAMADA": "2017"} x"#,
            "{\"OPERA\": \"S\nky\", \"SIGLADES\": \"Lima\", \"FECHA_PROGRAMADA\": \"2017\"}",
        ] {
            assert_eq!(flight(text.as_bytes()), None, "{text}");
        }
    }

    #[test]
    fn a_text_ends_at_the_first_byte_that_is_special() {
        let plain = "Ñandú \u{7f}\u{80}\u{ff}!#[]~€".repeat(3).into_bytes();
        for size in 0..plain.len() {
            assert_eq!(special(&plain[..size]), None);
            for byte in 0..=u8::MAX {
                let text = [&plain[..size], &[byte], b"\"\\\n\"\"\"\"\""].concat();
                let is_special = byte < b' ' || byte == b'"' || byte == b'\\';
                assert_eq!(special(&text), Some(size + usize::from(!is_special)), "{byte} behind {size}");
            }
        }
    }

    #[test]
    fn no_start_of_a_flight_is_one() {
        for size in 0..GOOD.len() {
            assert_eq!(flight(&GOOD[..size]), None);
        }
    }

    fn collected(text: &[u8], limit: usize) -> Option<Vec<(Option<Flight<'_>>, &[u8])>> {
        let mut found = Vec::new();
        flights(text, limit, |flight, object| found.push((flight, object)))?;
        Some(found)
    }

    #[test]
    fn arrays_hold_their_flights_up_to_the_limit() {
        let text = [b"[", GOOD, b" , ", GOOD, b"]"].concat();
        assert_eq!(collected(&text, 2).map(|found| found.len()), Some(2));
        assert_eq!(collected(&text, 1), None);
        assert_eq!(collected(b"[]", 1), None);
        let other = br#"[{"OPERA": "}\"", "x": 1}, {"OPERA": "Sky", "SIGLADES": "Lima", "FECHA_PROGRAMADA": "2017"}]"#;
        let found = collected(other, 2).unwrap();
        assert_eq!(found[0], (None, &br#"{"OPERA": "}\"", "x": 1}"#[..]));
        assert!(found[1].0.is_some());
        assert_eq!(collected(br#"[{"OPERA": {}}]"#, 1), None);
        assert_eq!(collected(&[b"[", GOOD, b",]"].concat(), 9), None);
    }
}
