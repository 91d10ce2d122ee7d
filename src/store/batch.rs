//! What goes into a commit and what comes out of a load: writes, conditions, revisions.

use bytes::Bytes;
use jiff::Timestamp;

use super::RecordKey;

/// A point in a store's history: every commit gets a greater one than all before it.
#[derive(Clone, Copy, Debug, Default, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub struct Revision(pub u64);

/// A record's value and the commit that wrote it.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Versioned {
    /// The bytes as they were put.
    pub value: Bytes,
    /// The commit that put them.
    pub revision: Revision,
    /// From when on the store may remove it by itself; `None` for never. To the minute, and later rather than earlier.
    pub until: Option<Timestamp>,
}

/// One conditional change of one record, part of a batch. A batch names a record at most once.
#[derive(Clone, Debug)]
pub struct Write {
    /// Which record.
    pub key: RecordKey,
    /// How it must be before the change.
    pub expected: Expected,
    /// What becomes of it.
    pub change: Mutation,
    /// From when on the store may remove what is put by itself, without being asked. `None`: a record that is
    /// expected to be there keeps the end that it has, any other has none.
    pub until: Option<Timestamp>,
}

impl Write {
    /// Puts `value` under a name that must be free.
    #[must_use]
    pub fn create(key: RecordKey, value: Bytes) -> Self {
        Self::put(key, Expected::Absent, value)
    }

    /// Puts `value`, if the record is as `expected`.
    #[must_use]
    pub fn put(key: RecordKey, expected: Expected, value: Bytes) -> Self {
        Self { key, expected, change: Mutation::Put(value), until: None }
    }

    /// Removes the record, if it is as `expected`.
    #[must_use]
    pub fn delete(key: RecordKey, expected: Expected) -> Self {
        Self { key, expected, change: Mutation::Delete, until: None }
    }

    /// The same, of a record that may go from `until` on.
    #[must_use]
    pub fn until(self, until: Option<Timestamp>) -> Self {
        Self { until, ..self }
    }
}

/// The condition of a [`Write`]. The default, [`Expected::Absent`], overwrites nothing.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub enum Expected {
    /// There is no such record.
    #[default]
    Absent,
    /// It was last written by this commit.
    At(Revision),
    /// No condition.
    Any,
}

/// What a [`Write`] does.
#[derive(Clone, Debug)]
pub enum Mutation {
    /// Sets the value.
    Put(Bytes),
    /// Removes the record; nothing happens if there is none.
    Delete,
}
