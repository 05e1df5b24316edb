//! Whatever the bytes are: what the reader takes for a flight, serde_json takes for the same, and nothing panics.
//! ATRASO_FUZZ says how many inputs are tried; a few million take a minute or so.

use atraso_native::heads::{Head, Rules};
use atraso_native::plain::{self, Flight};
use atraso_native::when;
use proptest::prelude::*;
use serde_json::Value;

const GOOD: &str = r#"{"OPERA": "Sky Airline", "SIGLADES": "Calama", "FECHA_PROGRAMADA": "2017-11-27 13:00:00"}"#;
const PIECES: [&str; 22] = [
    GOOD,
    "{",
    "}",
    "[",
    "]",
    "\"",
    "\\",
    ":",
    ",",
    " ",
    "\n",
    "\0",
    "\"OPERA\"",
    "\"SIGLADES\": \"Lima\"",
    "\"FECHA_PROGRAMADA\"",
    "\"x\": 1",
    "\\u0041",
    "\\\"",
    "ñ",
    "1",
    "null",
    "\u{feff}",
];

fn trials() -> ProptestConfig {
    let cases = std::env::var("ATRASO_FUZZ").ok().and_then(|count| count.parse().ok()).unwrap_or(20_000);
    ProptestConfig { cases, failure_persistence: None, ..ProptestConfig::default() }
}

/// A good text with some of its pieces replaced, or any pieces at all.
fn texts() -> impl Strategy<Value = Vec<u8>> {
    let piece = prop_oneof![
        9 => prop::sample::select(PIECES.to_vec()).prop_map(|piece| piece.as_bytes().to_vec()),
        1 => prop::collection::vec(any::<u8>(), 0..4),
    ];
    let cuts = prop::collection::vec((0..=GOOD.len(), 0..8_usize, piece.clone()), 0..4);
    let damaged = cuts.prop_map(|cuts| {
        let mut text = GOOD.as_bytes().to_vec();
        for (at, size, piece) in cuts {
            let at = at.min(text.len());
            text.splice(at..(at + size).min(text.len()), piece);
        }
        text
    });
    prop_oneof![4 => damaged, 1 => prop::collection::vec(piece, 0..8).prop_map(|pieces| pieces.concat())]
}

fn field<'a>(value: &'a Value, name: &str) -> Option<&'a [u8]> {
    Some(value.as_object()?.get(name)?.as_str()?.as_bytes())
}

fn same(flight: &Flight, value: &Value) -> bool {
    value.as_object().is_some_and(|fields| fields.len() == 3)
        && field(value, "OPERA") == Some(flight.opera)
        && field(value, "SIGLADES") == Some(flight.siglades)
        && field(value, "FECHA_PROGRAMADA") == Some(flight.when)
}

proptest! {
    #![proptest_config(trials())]

    #[test]
    fn a_flight_is_what_its_json_says(text in texts()) {
        if let Some(flight) = plain::flight(&text) {
            // Only names that the tables have are looked up, so what is no UTF-8 goes no further.
            if std::str::from_utf8(&text).is_ok() {
                let value: Value = serde_json::from_slice(&text).unwrap();
                prop_assert!(same(&flight, &value));
            }
            let _ = when::read(flight.when);
        }
    }

    #[test]
    fn an_array_is_what_its_json_says(texts in prop::collection::vec(texts(), 0..4), behind in "[\\]} ,]{0,2}") {
        let text = [b"[".as_slice(), &texts.join(&b','), b"]", behind.as_bytes()].concat();
        let mut flights = Vec::new();
        let Some(()) = plain::flights(&text, 8, |flight, object| flights.push((flight, object))) else { return Ok(()) };
        let values: Result<Vec<Value>, _> = flights.iter().map(|(_, object)| serde_json::from_slice(object)).collect();
        let whole: Result<Value, _> = serde_json::from_slice(&text);
        // Each is JSON exactly where the whole is: Python reads only those that are not plain.
        let Ok(values) = values else { return Ok(()) };
        prop_assert_eq!(&Value::Array(values.clone()), &whole.unwrap());
        for ((flight, _), value) in flights.iter().zip(&values) {
            prop_assert!(flight.is_none_or(|flight| same(&flight, value)));
        }
    }

    #[test]
    fn no_head_makes_it_panic(lines in "(Host: x\r\n|Content-Length: 2\r\n|[ -~\r\n\t\\x00]{0,12}){0,6}", cut in 0..200_usize) {
        let rules = Rules {
            request_line: b"POST /p HTTP/1.1\r\n".to_vec(),
            max_head: 100,
            max_headers: 4,
            max_body: 50,
            keys: Some(vec![[0; 32]]),
            origins: true,
        };
        let data = format!("POST /p HTTP/1.1\r\n{lines}\r\n\r\n{{}}");
        let data = &data.as_bytes()[..cut.min(data.len())];
        if let Head::Plain { size, length, .. } = rules.read(data) {
            prop_assert!(size <= data.len() && size <= 100 && length <= 50);
        }
    }

    #[test]
    fn any_time_is_read_or_not(text in "[0-9]{4}-[0-9]{2}-[0-9]{2}[ T][0-9]{2}:[0-9]{2}(:[0-9]{2})?|\\PC{0,20}") {
        if let Some(when) = when::read(text.as_bytes()) {
            prop_assert!((1..=12).contains(&when.month) && (1..=31).contains(&when.day));
            prop_assert!(when.weekday < 7 && when.hour < 24 && when.period < 3 && when.high_season < 2);
            prop_assert_eq!(Some(when.date), when::date_number(&text[..10]));
        }
    }
}
