//! The store in etcd, for a fleet: what one node writes, all nodes hear.
//!
//! A record is one key of etcd under a prefix, its revision is etcd's own (`mod_revision`), a commit is one
//! transaction. Reads are linearizable. etcd 3.4 or newer.

mod cluster;
mod epoch;
mod feed;
mod leases;
mod nodes;
mod room;
mod transaction;

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use etcd_client::{GetOptions, KeyValue, PutOptions};
use futures_util::future::BoxFuture;
use jiff::Timestamp;
use rand::CryptoRng;
use tokio_util::task::AbortOnDropHandle;

use self::cluster::{Cluster, Refusal};
use self::epoch::Epoch;
use self::feed::Feed;
use self::leases::Leases;
use self::room::Room;
use self::transaction::{Trace, revision_of};
use super::node_memory::NodeMemory;
use super::{CommitError, KeyStore, OpenError, RecordKey, Revision, StoreError, StoreReport, Versioned, Watch, Write};
use crate::clock::Clock;
use crate::config;

/// A [`KeyStore`] in a cluster of etcd.
pub struct EtcdStore {
    cluster: Arc<Cluster>,
    feed: Arc<Feed>,
    names: Names,
    leases: Arc<Leases>,
    room: Arc<Room>,
    max_staleness: Duration,
    _tasks: [AbortOnDropHandle<()>; 3],
}

/// How records are called in etcd.
#[derive(Clone)]
struct Names {
    prefix: Arc<str>,
}

impl EtcdStore {
    /// Connects to the cluster, and returns once it was read, written and heard.
    ///
    /// # Errors
    /// [`OpenError::Cluster`] if that does not happen within 10 seconds, [`OpenError::ClusterFormat`] if a newer
    /// version of this program wrote there.
    pub async fn open(
        settings: &config::Etcd,
        clock: Arc<dyn Clock>,
        random: &mut impl CryptoRng,
    ) -> Result<Self, OpenError> {
        let failed = |source| OpenError::Cluster { endpoints: settings.endpoints.join(", "), source };
        let names = Names { prefix: settings.prefix.as_str().into() };
        let cluster = Cluster::new(settings).map_err(|error| failed(StoreError::database(error)))?;
        let cluster = Arc::new(cluster);
        let leases = Arc::new(Leases::new(clock, &settings.prefix));
        let epoch = Epoch::new(names.clone(), memory(settings, random)?, Arc::clone(&leases));
        let feed = Arc::new(Feed::new(names.clone(), epoch));
        let mut last = follow_error("it did not answer within 10 seconds");
        let opened = tokio::time::timeout(LONGEST_START, start_patiently(&cluster, &feed, &names, &mut last));
        let Ok(tasks) = opened.await else { return Err(failed(last)) };
        if let Some(reason) = feed.epoch.went_back() {
            return Err(OpenError::WentBack(reason));
        }
        let found = tasks.format;
        let max_staleness = settings.max_staleness;
        let room = Arc::new(Room::new(settings.quota));
        let looking = {
            let (cluster, room) = (Arc::clone(&cluster), Arc::clone(&room));
            AbortOnDropHandle::new(tokio::spawn(async move { room.watch(&cluster).await }))
        };
        let [following, beating] = tasks.handles;
        let tasks = [following, beating, looking];
        let store = Self { cluster, feed, names, leases, room, max_staleness, _tasks: tasks };
        if found != FORMAT {
            let endpoints = settings.endpoints.join(", ");
            return Err(OpenError::ClusterFormat { endpoints, found, known: FORMAT.to_owned() });
        }
        Ok(store)
    }

    /// An administrator accepts the copy that the cluster was restored from: nodes may start on it. Whether one had
    /// noticed.
    ///
    /// # Errors
    /// [`OpenError::Cluster`] if the cluster does not answer.
    pub async fn accept_restore(
        settings: &config::Etcd,
        clock: Arc<dyn Clock>,
        random: &mut impl CryptoRng,
    ) -> Result<bool, OpenError> {
        let failed = |source| OpenError::Cluster { endpoints: settings.endpoints.join(", "), source };
        let names = Names { prefix: settings.prefix.as_str().into() };
        let cluster = Cluster::new(settings).map_err(|error| failed(StoreError::database(error)))?;
        let memory = NodeMemory::open_named(None, random).map_err(|error| failed(StoreError::database(error)))?;
        let leases = Arc::new(Leases::new(clock, &settings.prefix));
        Epoch::new(names, memory, leases).accept(&cluster, random).await.map_err(failed)
    }

    async fn try_commit(&self, writes: &[Write]) -> Result<Result<transaction::Committed, CommitError>, Refusal> {
        let leases = self.leases.of(&self.cluster, writes).await.map_err(Refusal::OfCluster)?;
        let transaction = transaction::of(&self.names, writes, &leases);
        let response = self
            .cluster
            .ask_one(|mut client| {
                let transaction = transaction.clone();
                async move { client.txn(transaction).await }
            })
            .await?;
        Ok(transaction::outcome(writes, &response))
    }

    /// Makes the writes. Where no answer comes, the records tell whether they were made: nearly always they do.
    async fn commit_surely(&self, writes: &[Write]) -> Result<transaction::Committed, CommitError> {
        transaction::check(writes)?;
        let mut attempts = 0;
        loop {
            let refusal = match self.try_commit(writes).await {
                Ok(outcome) => return outcome,
                Err(refusal) => refusal,
            };
            attempts += 1;
            let error = match refusal {
                Refusal::OfMember(error) => error,
                // Nothing was made.
                Refusal::LeaseIsGone(_) if attempts < ATTEMPTS => {
                    self.leases.forget();
                    continue;
                }
                other => return Err(other.error().into()),
            };
            match self.trace(writes).await? {
                Trace::Made(revision) => return Ok(transaction::Committed { revision, is_reported: true }),
                // If the first comes through after all, the conditions of one of the two do not hold.
                Trace::NotMade if attempts < ATTEMPTS => {}
                Trace::NotMade | Trace::Unclear => return Err(error.into()),
            }
        }
    }

    fn versioned(&self, record: &KeyValue) -> Versioned {
        Versioned {
            value: Bytes::copy_from_slice(record.value()),
            revision: revision_of(record.mod_revision()),
            until: self.leases.until(record),
        }
    }

    async fn trace(&self, writes: &[Write]) -> Result<Trace, StoreError> {
        let gets = writes.iter().map(|write| etcd_client::TxnOp::get(self.names.full(&write.key), None));
        let transaction = etcd_client::Txn::new().and_then(gets.collect::<Vec<_>>());
        let response = self
            .cluster
            .ask(|mut client| {
                let transaction = transaction.clone();
                async move { client.txn(transaction).await }
            })
            .await?;
        let now = revision_of(response.header().map_or(0, etcd_client::ResponseHeader::revision));
        let found: Vec<_> = response
            .op_responses()
            .iter()
            .map(|answer| match answer {
                etcd_client::TxnOpResponse::Get(found) => found
                    .kvs()
                    .first()
                    .map(|record| (revision_of(record.mod_revision()), Bytes::copy_from_slice(record.value()))),
                _ => None,
            })
            .collect();
        Ok(transaction::trace(writes, &found, now))
    }
}

fn memory(settings: &config::Etcd, random: &mut impl CryptoRng) -> Result<NodeMemory, OpenError> {
    let path = settings.node_memory.as_deref();
    NodeMemory::open_named(path, random)
        .map_err(|source| OpenError::NodeMemory { path: path.map(Into::into).unwrap_or_default(), source })
}

struct Started {
    format: String,
    handles: [AbortOnDropHandle<()>; 2],
}

/// Starts as soon as the cluster answers: it may be starting as well. `last` is why it could not so far.
async fn start_patiently(cluster: &Arc<Cluster>, feed: &Arc<Feed>, names: &Names, last: &mut StoreError) -> Started {
    loop {
        match start(cluster, feed, names).await {
            Ok(started) => return started,
            Err(error) => *last = error,
        }
        tokio::time::sleep(START_PAUSE).await;
    }
}

/// Reads or makes the mark of the format, and starts to follow.
async fn start(cluster: &Arc<Cluster>, feed: &Arc<Feed>, names: &Names) -> Result<Started, StoreError> {
    let mark = names.full(&Names::format());
    let make = etcd_client::Txn::new()
        .when([etcd_client::Compare::create_revision(mark.clone(), etcd_client::CompareOp::Equal, 0)])
        .and_then([etcd_client::TxnOp::put(mark.clone(), FORMAT, None::<PutOptions>)]);
    cluster
        .ask(|mut client| {
            let make = make.clone();
            async move { client.txn(make).await }
        })
        .await?;
    let found = cluster
        .ask(|mut client| {
            let mark = mark.clone();
            async move { client.get(mark, None).await }
        })
        .await?;
    feed.epoch.check(cluster).await?;
    let format = found.kvs().first().map_or_else(String::new, |mark| String::from_utf8_lossy(mark.value()).into());
    let now = revision_of(found.header().map_or(0, etcd_client::ResponseHeader::revision));
    let following = {
        let (cluster, feed) = (Arc::clone(cluster), Arc::clone(feed));
        AbortOnDropHandle::new(tokio::spawn(async move { feed.run(&cluster, Revision(now.0 + 1)).await }))
    };
    let beating = {
        let (cluster, feed) = (Arc::clone(cluster), Arc::clone(feed));
        AbortOnDropHandle::new(tokio::spawn(async move { feed.beat(&cluster).await }))
    };
    while feed.proven().is_none() && feed.epoch.went_back().is_none() {
        feed.reached(Revision(now.0 + 1)).await;
        tokio::task::yield_now().await;
    }
    Ok(Started { format, handles: [following, beating] })
}

impl KeyStore for EtcdStore {
    fn load<'a>(&'a self, key: &'a RecordKey) -> BoxFuture<'a, Result<Option<Versioned>, StoreError>> {
        Box::pin(async {
            let name = self.names.full(key);
            let found = self
                .cluster
                .ask(|mut client| {
                    let name = name.clone();
                    async move { client.get(name, None).await }
                })
                .await?;
            Ok(found.kvs().first().map(|record| self.versioned(record)))
        })
    }

    fn list<'a>(
        &'a self,
        prefix: &'a str,
        after: Option<&'a RecordKey>,
        limit: usize,
    ) -> BoxFuture<'a, Result<Vec<(RecordKey, Versioned)>, StoreError>> {
        Box::pin(async move {
            // To etcd, 0 is no limit.
            if limit == 0 {
                return Ok(Vec::new());
            }
            let (from, to) = self.names.range(prefix, after);
            if from >= to {
                return Ok(Vec::new());
            }
            let options = GetOptions::new().with_range(to).with_limit(i64::try_from(limit).unwrap_or(i64::MAX));
            let found = self
                .cluster
                .ask(|mut client| {
                    let (from, options) = (from.clone(), options.clone());
                    async move { client.get(from, Some(options)).await }
                })
                .await?;
            let record = |record: &KeyValue| match self.names.parse(record.key()) {
                Some(key) => Ok((key, self.versioned(record))),
                None => Err(follow_error("it holds a record with an impossible name")),
            };
            found.kvs().iter().map(record).collect()
        })
    }

    fn commit(&self, writes: Vec<Write>) -> BoxFuture<'_, Result<Revision, CommitError>> {
        Box::pin(async move {
            let committed = self.commit_surely(&writes).await?;
            if committed.is_reported {
                self.feed.reached(committed.revision).await;
            }
            Ok(committed.revision)
        })
    }

    fn watch<'a>(&'a self, prefix: &'a str) -> BoxFuture<'a, Result<Watch, StoreError>> {
        Box::pin(std::future::ready(Ok(self.feed.listen(prefix))))
    }

    /// etcd lets leases end.
    fn forget(&self, _: Timestamp) -> BoxFuture<'_, Result<usize, StoreError>> {
        Box::pin(std::future::ready(Ok(0)))
    }

    fn report(&self) -> StoreReport {
        let proven_for = self.feed.proven().map(|proven| proven.elapsed());
        let outdated = match (self.feed.epoch.went_back(), proven_for) {
            (Some(reason), _) => Some(reason.to_string()),
            (None, Some(age)) if age <= self.max_staleness => None,
            (None, age) => Some(format!(
                "for {:.1} s it is not proven that this node hears of what the others do (max_staleness is {:?}): {}",
                age.unwrap_or_default().as_secs_f64(),
                self.max_staleness,
                self.feed.trouble().unwrap_or_else(|| "etcd does not say why".to_owned()),
            )),
        };
        let used = self.room.used();
        StoreReport { outdated, lag: self.feed.lag(), proven_for, used: Some(used), is_full: self.room.is_full() }
    }

    fn is_current(&self) -> bool {
        self.feed.proven().is_some_and(|proven| proven.elapsed() <= self.max_staleness)
            && self.feed.epoch.went_back().is_none()
    }
}

impl Names {
    fn prefix(&self) -> &str {
        &self.prefix
    }

    fn full(&self, key: &RecordKey) -> Vec<u8> {
        [&*self.prefix, key.as_str()].concat().into_bytes()
    }

    fn parse(&self, name: &[u8]) -> Option<RecordKey> {
        let name = std::str::from_utf8(name).ok()?;
        RecordKey::parse(name.strip_prefix(&*self.prefix)?).ok()
    }

    /// From the first name that begins with `prefix` and comes after `after`, to behind the last.
    fn range(&self, prefix: &str, after: Option<&RecordKey>) -> (Vec<u8>, Vec<u8>) {
        let first = [&*self.prefix, prefix].concat().into_bytes();
        // No name has a control character in it, and UTF-8 has no byte 0xff: this is behind all of them.
        let end = [&first[..], &[0xff]].concat();
        let from = match after {
            Some(after) => first.max([&self.full(after)[..], &[0]].concat()),
            None => first,
        };
        (from, end)
    }

    /// Where the format of the records is written.
    fn format() -> RecordKey {
        own("format")
    }

    /// What a node writes to prove that it hears of everything.
    fn beat_of(node: &str) -> RecordKey {
        own(&format!("{BEATS}{node}"))
    }

    fn is_beat(key: &RecordKey) -> bool {
        key.as_str().starts_with(BEATS)
    }

    /// Which restored copy an administrator accepted.
    fn accepted() -> RecordKey {
        own("epoch/accepted")
    }

    /// The mark of a node that noticed that the store holds an older copy.
    fn went_back() -> RecordKey {
        own("epoch/went-back")
    }
}

fn own(name: &str) -> RecordKey {
    RecordKey::parse(name).expect("a word is a name")
}

fn follow_error(reason: &str) -> StoreError {
    StoreError::database(std::io::Error::other(reason.to_owned()))
}

const BEATS: &str = "beat/";
const FORMAT: &str = "1";
const LONGEST_START: Duration = Duration::from_secs(10);
const START_PAUSE: Duration = Duration::from_millis(100);
/// How often a commit is sent of which nothing was heard.
const ATTEMPTS: usize = 2;
