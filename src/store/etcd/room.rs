//! How much of its quota the cluster has used. At its quota etcd takes no writes at all, revocations included: so nothing
//! is added from 80% on.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use super::cluster::Cluster;

/// What is known of the cluster's size.
pub(super) struct Room {
    quota: AtomicU64,
    /// Bytes, of the member that has most.
    in_use: AtomicU64,
}

impl Room {
    pub(super) fn new(quota: u64) -> Self {
        Self { quota: AtomicU64::new(quota), in_use: AtomicU64::new(0) }
    }

    /// From 0 to 1.
    #[expect(clippy::cast_precision_loss, reason = "three digits are enough")]
    pub(super) fn used(&self) -> f64 {
        self.in_use.load(Ordering::Relaxed) as f64 / self.quota.load(Ordering::Relaxed) as f64
    }

    /// Whether nothing is to be added.
    pub(super) fn is_full(&self) -> bool {
        self.in_use.load(Ordering::Relaxed) / 4 >= self.quota.load(Ordering::Relaxed) / 5
    }

    /// Asks the members now and then, for as long as it is polled.
    pub(super) async fn watch(&self, cluster: &Cluster) {
        loop {
            if let Some((in_use, quota)) = cluster.most_in_use().await {
                let was_full = self.is_full();
                self.in_use.store(in_use, Ordering::Relaxed);
                if let Some(quota) = quota {
                    self.quota.store(quota, Ordering::Relaxed);
                }
                if self.is_full() && !was_full {
                    tracing::error!(
                        in_use,
                        quota = self.quota.load(Ordering::Relaxed),
                        "the store is at 80% of its quota: no keys are issued until there is room. Compact etcd (set \
                         --auto-compaction-retention) and defragment it, or raise its --quota-backend-bytes and store.etcd.quota"
                    );
                }
            }
            tokio::time::sleep(ASK_EVERY).await;
        }
    }
}

const ASK_EVERY: Duration = Duration::from_secs(5);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_is_full_at_four_fifths_of_the_quota() {
        let room = Room::new(1000);
        for (in_use, is_full) in [(0, false), (799, false), (800, true), (2000, true)] {
            room.in_use.store(in_use, Ordering::Relaxed);
            assert_eq!(room.is_full(), is_full, "{in_use}");
        }
    }
}
