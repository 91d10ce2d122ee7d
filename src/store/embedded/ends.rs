//! When records may go: two tables, by name and by time.

use jiff::Timestamp;
use redb::{ReadableTable as _, Table, TableDefinition, WriteTransaction};

use super::database;
use crate::store::{RecordKey, StoreError};

/// Creates the tables of a new file.
pub(super) fn create(transaction: &WriteTransaction) -> Result<(), redb::Error> {
    transaction.open_table(ENDS)?;
    transaction.open_table(ENDS_BY_TIME)?;
    Ok(())
}

/// Which records may go, and from when on: by name, and by time.
pub(super) struct Ends<'a> {
    by_name: Table<'a, &'static str, i64>,
    by_time: Table<'a, (i64, &'static str), ()>,
}

impl<'a> Ends<'a> {
    pub(super) fn open(transaction: &'a WriteTransaction) -> Result<Self, StoreError> {
        Ok(Self {
            by_name: transaction.open_table(ENDS).map_err(database)?,
            by_time: transaction.open_table(ENDS_BY_TIME).map_err(database)?,
        })
    }

    pub(super) fn set(&mut self, key: &RecordKey, until: Option<Timestamp>) -> Result<(), StoreError> {
        let name = key.as_str();
        let before = self.by_name.get(name).map_err(database)?.map(|at| at.value());
        if let Some(before) = before {
            self.by_name.remove(name).map_err(database)?;
            self.by_time.remove((before, name)).map_err(database)?;
        }
        if let Some(until) = until {
            // Whole seconds, and later rather than earlier.
            let at = until.as_second() + i64::from(until.subsec_nanosecond() > 0);
            self.by_name.insert(name, at).map_err(database)?;
            self.by_time.insert((at, name), ()).map_err(database)?;
        }
        Ok(())
    }

    /// Some of the records that may go at `now`, those first that may for longest.
    pub(super) fn before(&self, now: i64) -> Result<Vec<String>, StoreError> {
        let mut names = Vec::new();
        for entry in self.by_time.range(..=(now, LAST_NAME)).map_err(database)?.take(FORGOTTEN_AT_ONCE) {
            names.push(entry.map_err(database)?.0.value().1.to_owned());
        }
        Ok(names)
    }
}

pub(super) const ENDS: TableDefinition<'_, &str, i64> = TableDefinition::new("ends");
const ENDS_BY_TIME: TableDefinition<'_, (i64, &str), ()> = TableDefinition::new("ends by time");
/// Behind the names of all records.
const LAST_NAME: &str = "\u{10ffff}";
/// How many records one commit removes.
const FORGOTTEN_AT_ONCE: usize = 1000;
