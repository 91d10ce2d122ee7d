//! What goes into a commit and what comes out of a load: writes, conditions, revisions.

use bytes::Bytes;

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
}

impl Write {
    /// Puts `value` under a name that must be free.
    #[must_use]
    pub fn create(key: RecordKey, value: Bytes) -> Self {
        Self { key, expected: Expected::Absent, change: Mutation::Put(value) }
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
