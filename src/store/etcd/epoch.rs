//! Notices when the cluster goes back in time: when somebody restored a snapshot from before what this node saw.
//!
//! Every node has a beat of its own in the cluster, a number that only this node writes and that only grows. Where the
//! number is not what the node wrote last but less, or gone, the cluster was restored. Revisions would not tell: they
//! go on from the snapshot, and pass what was known before. Whoever notices leaves a mark, so that nodes that remember
//! nothing do not start either, and everybody refuses to serve until an administrator accepts the copy.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use etcd_client::{Compare, CompareOp, KeyValue, KvClient, PutOptions, Txn, TxnOp, TxnOpResponse, TxnResponse};
use rand::CryptoRng;

use super::cluster::Cluster;
use super::leases::Leases;
use super::transaction::revision_of;
use super::{Names, follow_error};
use crate::store::node_memory::{Accepted, NodeMemory};
use crate::store::{Revision, StoreError};

/// What this node knows of the cluster's time.
pub(super) struct Epoch {
    names: Names,
    memory: NodeMemory,
    leases: Arc<Leases>,
    /// Why nothing that the cluster says counts.
    went_back: Mutex<Option<Arc<str>>>,
}

/// What the cluster knows of it.
struct Found {
    beat: Option<u64>,
    accepted: Accepted,
    mark: Option<String>,
}

impl Epoch {
    pub(super) fn new(names: Names, memory: NodeMemory, leases: Arc<Leases>) -> Self {
        Self { names, memory, leases, went_back: Mutex::default() }
    }

    /// Why nothing that the cluster says counts, if that is so.
    pub(super) fn went_back(&self) -> Option<Arc<str>> {
        self.locked().clone()
    }

    /// Somebody left the mark. It does not go away while this node runs: what it remembers is of another time.
    pub(super) fn marked(&self, reason: &str) {
        let mut went_back = self.locked();
        if went_back.is_none() {
            tracing::error!(reason, "the store was set back in time: nothing is served. {WHAT_TO_DO}");
            *went_back = Some(format!("{reason} {WHAT_TO_DO}").into());
        }
    }

    /// Whether the cluster is where this node left it; to be asked once, before anything is served.
    pub(super) async fn check(&self, cluster: &Cluster) -> Result<(), StoreError> {
        let found = self.find(cluster).await?;
        if let Some(mark) = &found.mark {
            self.marked(mark);
            return Ok(());
        }
        let known = self.memory.known();
        let is_accepted = found.accepted.number >= known.accepted.number && found.accepted != known.accepted;
        if found.beat.unwrap_or_default() < known.count && !is_accepted {
            return self.leave_mark(cluster, found.beat).await;
        }
        self.remember(found.beat.unwrap_or_default(), Some(found.accepted));
        Ok(())
    }

    /// Writes the next beat, if the last one is there. The revision of it.
    pub(super) async fn beat(&self, cluster: &Cluster) -> Result<Revision, StoreError> {
        if self.went_back().is_some() {
            return Err(follow_error("it was set back in time"));
        }
        let known = self.memory.known();
        let name = self.names.full(&Names::beat_of(&known.node));
        let next = known.count + 1;
        // Of a node that forgets who it was, nobody would ask again.
        let lease = if self.memory.lasts() { 0 } else { self.leases.of_day(cluster).await? };
        let is_there = match known.count {
            0 => Compare::create_revision(name.clone(), CompareOp::Equal, 0),
            count => Compare::value(name.clone(), CompareOp::Equal, count.to_string()),
        };
        let transaction = Txn::new()
            .when([is_there])
            .and_then([TxnOp::put(name.clone(), next.to_string(), Some(PutOptions::new().with_lease(lease)))])
            .or_else([TxnOp::get(name, None)]);
        let answer = asked(cluster, transaction).await?;
        if answer.succeeded() {
            self.remember(next, None);
            return Ok(revision_of(answer.header().map_or(0, etcd_client::ResponseHeader::revision)));
        }
        let found = number(&answer, 0);
        if found.is_none_or(|found| found < known.count) {
            self.leave_mark(cluster, found).await?;
            return Err(follow_error("it was set back in time"));
        }
        // An answer was lost, and the beat was written all the same.
        self.remember(found.unwrap_or(next), None);
        Err(follow_error("it did not answer the last beat"))
    }

    /// An administrator accepts the copy that the cluster was restored from.
    pub(super) async fn accept(&self, cluster: &Cluster, random: &mut impl CryptoRng) -> Result<bool, StoreError> {
        let found = self.find(cluster).await?;
        let mut id = [0; 16];
        random.fill_bytes(&mut id);
        let accepted = Accepted { number: found.accepted.number + 1, id: const_hex::encode(id) };
        let text = serde_json::to_string(&accepted).map_err(StoreError::database)?;
        let transaction = Txn::new().and_then([
            TxnOp::put(self.names.full(&Names::accepted()), text, None),
            TxnOp::delete(self.names.full(&Names::went_back()), None),
        ]);
        asked(cluster, transaction).await?;
        Ok(found.mark.is_some())
    }

    async fn find(&self, cluster: &Cluster) -> Result<Found, StoreError> {
        let node = self.memory.known().node;
        let names = [Names::beat_of(&node), Names::accepted(), Names::went_back()];
        let gets: Vec<_> = names.iter().map(|name| TxnOp::get(self.names.full(name), None)).collect();
        let answer = asked(cluster, Txn::new().and_then(gets)).await?;
        let accepted = text(&answer, 1).map(|text| serde_json::from_str(&text)).transpose();
        let accepted = accepted.map_err(StoreError::database)?.unwrap_or_default();
        Ok(Found { beat: number(&answer, 0), accepted, mark: text(&answer, 2) })
    }

    async fn leave_mark(&self, cluster: &Cluster, found: Option<u64>) -> Result<(), StoreError> {
        let known = self.memory.known();
        let found = found.map_or_else(|| "none".to_owned(), |found| found.to_string());
        let reason = format!(
            "The store holds an older copy: node {} wrote beat {} there, and finds {found}.",
            known.node, known.count
        );
        // Before it is written: what this node serves does not depend on whether the others are told.
        self.marked(&reason);
        let put = TxnOp::put(self.names.full(&Names::went_back()), reason, None);
        asked(cluster, Txn::new().and_then([put])).await.map(|_| ())
    }

    fn remember(&self, count: u64, accepted: Option<Accepted>) {
        let written = self.memory.remember(|known| {
            known.count = count;
            known.accepted = accepted.unwrap_or_else(|| std::mem::take(&mut known.accepted));
        });
        if let Err(error) = written {
            tracing::warn!(%error, "the memory of this node cannot be written: after a restart it would not notice that \
                an old copy of the store was restored");
        }
    }

    fn locked(&self) -> MutexGuard<'_, Option<Arc<str>>> {
        // A panic while it is held leaves a whole text.
        self.went_back.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

async fn asked(cluster: &Cluster, transaction: Txn) -> Result<TxnResponse, StoreError> {
    let ask = |mut client: KvClient| {
        let transaction = transaction.clone();
        async move { client.txn(transaction).await }
    };
    cluster.ask(ask).await
}

fn text(answer: &TxnResponse, place: usize) -> Option<String> {
    match answer.op_responses().get(place) {
        Some(TxnOpResponse::Get(found)) => {
            found.kvs().first().map(KeyValue::value).map(|value| String::from_utf8_lossy(value).into_owned())
        }
        _ => None,
    }
}

fn number(answer: &TxnResponse, place: usize) -> Option<u64> {
    text(answer, place)?.parse().ok()
}

const WHAT_TO_DO: &str = "Keys that were revoked since may live again in it. Restore a newer one; or, to go on with this \
one, run portcullis store accept-restore and restart every node.";
