//! A commit as etcd's transaction, and what became of it.

use std::collections::HashSet;

use etcd_client::{Compare, CompareOp, GetOptions, KeyValue, PutOptions, Txn, TxnOp, TxnOpResponse, TxnResponse};

use super::Names;
use crate::store::{CommitError, Expected, Mutation, Revision, StoreError, Write};

/// What a transaction came to.
pub(super) struct Committed {
    pub(super) revision: Revision,
    /// Whether it changed anything that a watch reports.
    pub(super) is_reported: bool,
}

/// The transaction that makes `writes`, each under the lease of the same place (0 for none), or tells what stands
/// against them.
pub(super) fn of(names: &Names, writes: &[Write], leases: &[i64]) -> Txn {
    let conditions: Vec<_> = writes.iter().filter_map(|write| condition(names, write)).collect();
    let changes: Vec<_> = writes
        .iter()
        .zip(leases)
        .map(|(write, lease)| match &write.change {
            Mutation::Put(value) => TxnOp::put(names.full(&write.key), value.as_ref(), Some(options(write, *lease))),
            Mutation::Delete => TxnOp::delete(names.full(&write.key), None),
        })
        .collect();
    let found: Vec<_> = conditional(writes)
        .map(|write| TxnOp::get(names.full(&write.key), Some(GetOptions::new().with_keys_only())))
        .collect();
    Txn::new().when(conditions).and_then(changes).or_else(found)
}

fn options(write: &Write, lease: i64) -> PutOptions {
    match write.expected {
        Expected::At(_) if lease == 0 => PutOptions::new().with_ignore_lease(),
        _ => PutOptions::new().with_lease(lease),
    }
}

/// No two of the writes are of the same record.
pub(super) fn check(writes: &[Write]) -> Result<(), CommitError> {
    let mut named = HashSet::with_capacity(writes.len());
    match writes.iter().find(|write| !named.insert(&write.key)) {
        Some(write) => Err(CommitError::Repeated(write.key.clone())),
        None => Ok(()),
    }
}

/// Reads etcd's answer to the transaction of `writes`.
pub(super) fn outcome(writes: &[Write], response: &TxnResponse) -> Result<Committed, CommitError> {
    let answers = response.op_responses();
    if !response.succeeded() {
        let against = conditional(writes).zip(&answers).find(|(write, answer)| !is_as_expected(write, answer));
        // All of it is one moment, so there is one; if there were none, the first would do.
        let write = against.map(|(write, _)| write).or(writes.first());
        return Err(match write {
            Some(write) => CommitError::Conflict(write.key.clone()),
            None => StoreError::Stopped.into(),
        });
    }
    let is_reported = answers.iter().any(|answer| match answer {
        TxnOpResponse::Put(_) => true,
        TxnOpResponse::Delete(deleted) => deleted.deleted() > 0,
        TxnOpResponse::Get(_) | TxnOpResponse::Txn(_) => false,
    });
    let revision = response.header().map_or(0, etcd_client::ResponseHeader::revision);
    Ok(Committed { revision: revision_of(revision), is_reported })
}

fn condition(names: &Names, write: &Write) -> Option<Compare> {
    let name = names.full(&write.key);
    match write.expected {
        Expected::Absent => Some(Compare::create_revision(name, CompareOp::Equal, 0)),
        // No record has the greatest, so one that etcd cannot even express is met by none.
        Expected::At(Revision(at)) => {
            Some(Compare::mod_revision(name, CompareOp::Equal, i64::try_from(at).unwrap_or(i64::MAX)))
        }
        Expected::Any => None,
    }
}

fn conditional(writes: &[Write]) -> impl Iterator<Item = &Write> {
    writes.iter().filter(|write| write.expected != Expected::Any)
}

fn is_as_expected(write: &Write, answer: &TxnOpResponse) -> bool {
    let TxnOpResponse::Get(found) = answer else { return false };
    let found = found.kvs().first().map(KeyValue::mod_revision).map(revision_of);
    match write.expected {
        Expected::Absent => found.is_none(),
        Expected::At(revision) => found == Some(revision),
        Expected::Any => true,
    }
}

/// How `writes`, of which nobody knows whether they were made, look in the store.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Trace {
    /// They were made, by this commit.
    Made(Revision),
    /// They were not, so far.
    NotMade,
    /// Somebody else has changed one of the records since.
    Unclear,
}

/// Compares `writes` with what was found of their records.
pub(super) fn trace(writes: &[Write], found: &[Option<(Revision, bytes::Bytes)>], now: Revision) -> Trace {
    let as_expected = |(write, found): (&Write, &Option<(Revision, bytes::Bytes)>)| match write.expected {
        Expected::Absent => found.is_none(),
        Expected::At(revision) => found.as_ref().is_some_and(|(at, _)| *at == revision),
        Expected::Any => true,
    };
    let mut made: Option<Revision> = None;
    let is_made = writes.iter().zip(found).all(|(write, found)| match (&write.change, found) {
        (Mutation::Delete, found) => found.is_none(),
        (Mutation::Put(value), Some((at, stored))) => stored == value && *made.get_or_insert(*at) == *at,
        (Mutation::Put(_), None) => false,
    });
    // A condition that still holds tells that nothing was made; without any, it is not known.
    let has_condition = conditional(writes).next().is_some();
    if has_condition && writes.iter().zip(found).all(as_expected) {
        Trace::NotMade
    } else if is_made {
        Trace::Made(made.unwrap_or(now))
    } else {
        Trace::Unclear
    }
}

/// etcd counts from 1, in a signed number.
pub(super) fn revision_of(revision: i64) -> Revision {
    Revision(u64::try_from(revision).unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;

    use super::*;
    use crate::store::RecordKey;

    fn write(expected: Expected, change: Mutation) -> Write {
        Write { key: RecordKey::parse("a").unwrap(), expected, change, until: None }
    }

    fn put(expected: Expected) -> Write {
        write(expected, Mutation::Put(Bytes::from_static(b"new")))
    }

    #[expect(clippy::unnecessary_wraps, reason = "one of the two things that can be found")]
    fn found(revision: u64, value: &'static [u8]) -> Option<(Revision, Bytes)> {
        Some((Revision(revision), Bytes::from_static(value)))
    }

    #[test]
    fn what_became_of_a_commit_is_read_from_its_records() {
        let now = Revision(9);
        let of = |write: Write, found| trace(&[write], &[found], now);
        assert_eq!(of(put(Expected::Absent), None), Trace::NotMade);
        assert_eq!(of(put(Expected::Absent), found(7, b"new")), Trace::Made(Revision(7)));
        assert_eq!(of(put(Expected::Absent), found(7, b"other")), Trace::Unclear);
        assert_eq!(of(put(Expected::At(Revision(3))), found(3, b"old")), Trace::NotMade);
        assert_eq!(of(put(Expected::At(Revision(3))), found(4, b"new")), Trace::Made(Revision(4)));
        assert_eq!(of(put(Expected::At(Revision(3))), found(5, b"later")), Trace::Unclear);
        assert_eq!(of(put(Expected::At(Revision(3))), None), Trace::Unclear);
        assert_eq!(of(put(Expected::Any), found(4, b"new")), Trace::Made(Revision(4)));
        assert_eq!(of(put(Expected::Any), found(4, b"old")), Trace::Unclear);
        let delete = |expected| write(expected, Mutation::Delete);
        assert_eq!(of(delete(Expected::At(Revision(3))), found(3, b"old")), Trace::NotMade);
        assert_eq!(of(delete(Expected::At(Revision(3))), None), Trace::Made(now));
        assert_eq!(of(delete(Expected::Any), None), Trace::Made(now));
    }

    #[test]
    fn a_batch_was_made_by_one_commit_or_it_is_unclear() {
        let other = |expected| Write { key: RecordKey::parse("b").unwrap(), ..put(expected) };
        let writes = [put(Expected::Absent), other(Expected::Any)];
        let of = |found: [Option<(Revision, Bytes)>; 2]| trace(&writes, &found, Revision(9));
        assert_eq!(of([found(7, b"new"), found(7, b"new")]), Trace::Made(Revision(7)));
        assert_eq!(of([found(7, b"new"), found(8, b"new")]), Trace::Unclear, "the second was written again");
        assert_eq!(of([None, found(8, b"new")]), Trace::NotMade);
        assert_eq!(of([found(7, b"new"), None]), Trace::Unclear);
    }
}
