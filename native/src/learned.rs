//! What Python found for names that no table has: it is asked once for each, as long as it is remembered here.

use hashbrown::HashMap;

use crate::tables::{NAMED, Tables};

/// Names of a part that are remembered, of at most 256 characters each: what Python takes in a flight.
const MOST: usize = 1024;

/// How many flights had an airline, a destination that is unknown, and how many one that was read as another name.
pub type Counts = [usize; 2 * NAMED];

#[derive(Default)]
pub struct Learned {
    /// By part, the number of what a name is read as; None for a name that stays unknown.
    names: [HashMap<Vec<u8>, Option<u64>>; NAMED],
}

impl Learned {
    pub fn learn(&mut self, part: usize, text: &str, number: Option<u64>) {
        let Some(names) = self.names.get_mut(part) else { return };
        if names.len() >= MOST {
            names.clear();
        }
        names.insert(text.as_bytes().to_vec(), number);
    }

    /// The number of a name as a flight has it, and where it is counted; None where Python was not asked yet.
    pub fn number(&self, tables: &Tables, part: usize, text: &[u8]) -> Option<(u64, usize)> {
        Some(match self.names.get(part)?.get(text)? {
            Some(number) => (*number, NAMED + part),
            None => (tables.unknown(part), part),
        })
    }
}
