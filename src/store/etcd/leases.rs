//! Leases, by which etcd removes what may go: one for each minute, shared by all nodes.
//!
//! The minute is part of the lease's id, so that whoever puts a record attaches it to the lease of its minute without
//! asking which that is, and whoever reads one sees when it may go. After a change of leader etcd lets leases live
//! longer, never shorter.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex, PoisonError};

use etcd_client::KeyValue;
use jiff::Timestamp;
use sha2::{Digest as _, Sha256};

use super::cluster::Cluster;
use crate::clock::Clock;
use crate::store::{StoreError, Write};

/// The leases of one prefix.
pub(super) struct Leases {
    clock: Arc<dyn Clock>,
    tag: u32,
    /// Minutes whose lease is known to be there.
    granted: Mutex<BTreeSet<u32>>,
}

impl Leases {
    pub(super) fn new(clock: Arc<dyn Clock>, prefix: &str) -> Self {
        Self { clock, tag: tag(prefix), granted: Mutex::default() }
    }

    /// The leases of `writes`, granted where they were not; 0 for a record that stays.
    pub(super) async fn of(&self, cluster: &Cluster, writes: &[Write]) -> Result<Vec<i64>, StoreError> {
        let mut leases = Vec::with_capacity(writes.len());
        for write in writes {
            leases.push(match write.until {
                Some(until) => self.granted(cluster, minute_of(until)).await?,
                None => 0,
            });
        }
        Ok(leases)
    }

    /// Some lease was not there any more: none is taken for granted.
    pub(super) fn forget(&self) {
        self.locked().clear();
    }

    /// From when on `record` may go.
    pub(super) fn until(&self, record: &KeyValue) -> Option<Timestamp> {
        let lease = u64::try_from(record.lease()).ok()?;
        let minute = lease & u64::from(u32::MAX);
        let is_ours = lease >> 32 == u64::from(self.tag);
        is_ours.then(|| Timestamp::from_second(i64::try_from(minute).ok()? * 60).ok()).flatten()
    }

    /// The lease of something that is written again and again, and may go a day after it was written last.
    pub(super) async fn of_day(&self, cluster: &Cluster) -> Result<i64, StoreError> {
        let day = self.clock.now().as_second().div_euclid(DAY_SECONDS);
        let minute = u32::try_from((day + 2) * DAY_SECONDS / 60).unwrap_or(u32::MAX);
        self.granted(cluster, minute).await
    }

    async fn granted(&self, cluster: &Cluster, minute: u32) -> Result<i64, StoreError> {
        let id = (i64::from(self.tag) << 32) | i64::from(minute);
        if self.locked().contains(&minute) {
            return Ok(id);
        }
        let now = self.clock.now().as_second();
        let life = (i64::from(minute) * 60 - now).max(0) + SLACK_SECONDS;
        cluster.grant(id, life).await?;
        let mut granted = self.locked();
        // Those whose time has come are not asked for any more.
        *granted = granted.split_off(&u32::try_from(now / 60).unwrap_or_default());
        granted.insert(minute);
        Ok(id)
    }

    fn locked(&self) -> std::sync::MutexGuard<'_, BTreeSet<u32>> {
        // A panic while it is held leaves a set of minutes, whatever they are.
        self.granted.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The minute that begins at `until` or after it.
fn minute_of(until: Timestamp) -> u32 {
    let seconds = until.as_second() + i64::from(until.subsec_nanosecond() > 0);
    u32::try_from((seconds.max(0) + 59) / 60).unwrap_or(u32::MAX)
}

/// Tells the leases of one prefix from those of another, and from those of other programs.
fn tag(prefix: &str) -> u32 {
    let digest: [u8; 32] = Sha256::new().chain_update(b"portcullis lease 1\0").chain_update(prefix).finalize().into();
    let mut tag = [0; 4];
    tag.copy_from_slice(&digest[..4]);
    // An id is a positive number of 64 bits with a sign, and 0 is none.
    (u32::from_be_bytes(tag) >> 1) | (1 << 30)
}

const DAY_SECONDS: i64 = 24 * 60 * 60;
/// For a clock of etcd that runs faster than ours.
const SLACK_SECONDS: i64 = 5;
