//! Places that are counted by key: each key has so many, and a key that is full leaves those of others alone.

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::hash::Hash;
use std::sync::{Arc, Mutex, PoisonError};

/// Places by key, so many for each.
#[derive(Debug)]
pub(super) struct Room<K> {
    places: usize,
    taken: Arc<Mutex<HashMap<K, usize>>>,
}

/// Some places of one key, given back when dropped.
#[derive(Debug)]
pub(super) struct Place<K: Eq + Hash> {
    /// `None` only while it is dropped.
    key: Option<K>,
    places: usize,
    taken: Arc<Mutex<HashMap<K, usize>>>,
}

impl<K: Clone + Eq + Hash> Room<K> {
    pub(super) fn new(places: usize) -> Self {
        Self { places, taken: Arc::default() }
    }

    /// Takes so many places of `key`, if it has them.
    pub(super) fn enter(&self, key: K, places: usize) -> Option<Place<K>> {
        let mut taken = self.taken.lock().unwrap_or_else(PoisonError::into_inner);
        let entry = taken.entry(key.clone());
        let before = match &entry {
            Entry::Occupied(entry) => *entry.get(),
            Entry::Vacant(_) => 0,
        };
        let after = before.checked_add(places)?;
        if after > self.places && !crate::fault::check_is_off("request_caps") {
            return None;
        }
        entry.insert_entry(after);
        drop(taken);
        Some(Place { key: Some(key), places, taken: Arc::clone(&self.taken) })
    }
}

impl<K: Eq + Hash> Place<K> {
    /// Holds the places of `more` as well, which are of the same key and room.
    pub(super) fn add(&mut self, mut more: Self) {
        self.places += std::mem::take(&mut more.places);
    }
}

impl<K: Eq + Hash> Drop for Place<K> {
    fn drop(&mut self) {
        let mut taken = self.taken.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(key) = self.key.take()
            && let Entry::Occupied(mut of_key) = taken.entry(key)
        {
            *of_key.get_mut() -= self.places;
            if *of_key.get() == 0 {
                of_key.remove();
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_full_key_leaves_room_for_others_and_an_empty_one_is_forgotten() {
        let room = Room::new(2);
        let (one, _two) = (room.enter("a", 1).unwrap(), room.enter("a", 1).unwrap());
        assert!(room.enter("a", 1).is_none());
        let other = room.enter("b", 2).unwrap();
        assert!(room.enter("c", 3).is_none());
        assert!(room.enter("a", usize::MAX).is_none());
        drop(other);
        let mut other = room.enter("b", 1).unwrap();
        other.add(room.enter("b", 1).unwrap());
        assert!(room.enter("b", 1).is_none());
        drop((one, other));
        assert!(room.enter("a", 1).is_some());
        assert_eq!(room.taken.lock().unwrap().keys().collect::<Vec<_>>(), [&"a"]);
    }
}
