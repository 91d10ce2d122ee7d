//! A reader's view of changes as they are committed.

use std::fmt;

use bytes::Bytes;
use futures_util::StreamExt as _;
use futures_util::stream::BoxStream;

use super::{RecordKey, Revision};

/// One committed change of one record.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Change {
    /// Which record.
    pub key: RecordKey,
    /// The commit that changed it.
    pub revision: Revision,
    /// Its new value, or `None` if it was removed.
    pub value: Option<Bytes>,
}

/// What a [`Watch`] reports.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum WatchEvent {
    /// A record changed.
    Changed(Change),
    /// Changes were missed: whatever the reader holds may be old, and it has to list again. Every
    /// change committed after this event was received is reported.
    Lagged,
}

/// A stream of changes. Ends when the store stops; the reader then has to watch and list anew.
pub struct Watch(BoxStream<'static, WatchEvent>);

impl Watch {
    /// A watch over what an implementation reports.
    #[must_use]
    pub fn new(events: BoxStream<'static, WatchEvent>) -> Self {
        Self(events)
    }

    /// The next event; `None` once the store has stopped. Dropping the future loses nothing.
    pub async fn next(&mut self) -> Option<WatchEvent> {
        self.0.next().await
    }
}

impl fmt::Debug for Watch {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("Watch")
    }
}
