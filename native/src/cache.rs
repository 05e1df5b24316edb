//! A bounded map from a row to its reply's number; when it is full, the half that was not asked for lately goes.

use std::hash::BuildHasher;
use std::mem;

use hashbrown::{DefaultHashBuilder, HashTable};

pub struct Cache {
    half: usize,
    width: usize,
    young: Generation,
    old: Generation,
    hasher: DefaultHashBuilder,
}

/// Entries in one piece of memory: the rows one behind the other, and what each is answered with.
#[derive(Default)]
struct Generation {
    places: HashTable<u32>,
    rows: Vec<u8>,
    replies: Vec<u8>,
}

impl Cache {
    /// Of at most `size` rows of `width` bytes; 0 keeps none.
    pub fn new(size: usize, width: usize) -> Self {
        let half = (size / 2).min(u32::MAX as usize);
        Self { half, width, young: Generation::default(), old: Generation::default(), hasher: Default::default() }
    }

    #[cfg(test)]
    fn len(&self) -> usize {
        self.young.replies.len() + self.old.replies.len()
    }

    pub fn get(&mut self, row: &[u8]) -> Option<u8> {
        if self.half == 0 {
            return None;
        }
        let hash = self.hasher.hash_one(row);
        if let Some(reply) = self.young.get(hash, row) {
            return Some(reply);
        }
        let reply = self.old.get(hash, row)?;
        self.insert(hash, row, reply);
        Some(reply)
    }

    pub fn set(&mut self, row: &[u8], reply: u8) {
        if self.half > 0 {
            let hash = self.hasher.hash_one(row);
            if self.young.get(hash, row).is_none() {
                self.insert(hash, row, reply);
            }
        }
    }

    fn insert(&mut self, hash: u64, row: &[u8], reply: u8) {
        if self.young.replies.len() >= self.half {
            mem::swap(&mut self.young, &mut self.old);
            self.young.clear();
        }
        let Self { young: Generation { places, rows, replies }, width, hasher, .. } = self;
        let (place, width) = (replies.len() as u32, *width);
        rows.extend_from_slice(row);
        replies.push(reply);
        places.insert_unique(hash, place, |&place| hasher.hash_one(row_at(rows, place, width)));
    }
}

impl Generation {
    fn get(&self, hash: u64, row: &[u8]) -> Option<u8> {
        let place = self.places.find(hash, |&place| row_at(&self.rows, place, row.len()) == row)?;
        Some(self.replies[*place as usize])
    }

    fn clear(&mut self) {
        self.places.clear();
        self.rows.clear();
        self.replies.clear();
    }
}

fn row_at(rows: &[u8], place: u32, width: usize) -> &[u8] {
    let at = place as usize * width;
    &rows[at..at + width]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_asked_for_lately_stays() {
        let mut cache = Cache::new(4, 1);
        for row in 0..100_u8 {
            cache.set(&[row], row);
            assert_eq!(cache.get(&[0]), Some(0));
            assert!(cache.len() <= 4);
        }
        assert_eq!(cache.get(&[99]), Some(99));
        assert_eq!(cache.get(&[1]), None);
    }

    #[test]
    fn of_no_size_it_keeps_none() {
        let mut cache = Cache::new(0, 1);
        cache.set(&[1], 1);
        assert_eq!((cache.get(&[1]), cache.len()), (None, 0));
    }
}
