//! The one watch that a node has on etcd: hands every change to those who listen, and knows how far it got.
//!
//! That a connection is quiet proves nothing: changes may wait behind it. Each node therefore writes a beat now and
//! then. etcd reports changes in the order in which they were made, so once the watch brings the beat, it has brought
//! everything that was acknowledged to anybody, on any node, before the beat was sent. Brought is not taken in: the
//! beat is handed on behind the changes before it, and proves something once every listener has come past it.

use std::collections::{HashMap, VecDeque};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use bytes::Bytes;
use etcd_client::{EventType, WatchClient, WatchOptions, WatchResponse, WatchStream};
use futures_util::StreamExt as _;
use futures_util::stream;
use tokio::sync::{broadcast, watch};
use tokio::time::Instant;

use super::cluster::Cluster;
use super::epoch::Epoch;
use super::transaction::revision_of;
use super::{Names, follow_error};
use crate::store::{Change, Revision, StoreError, Watch, WatchEvent};

/// What came over the watch.
pub(super) struct Feed {
    names: Names,
    listeners: Mutex<HashMap<String, broadcast::Sender<Told>>>,
    heard: Arc<Heard>,
    /// Every change up to here was handed on.
    position: watch::Sender<Revision>,
    beats: Mutex<Beats>,
    pub(super) epoch: Epoch,
}

/// What listeners are told.
#[derive(Clone)]
enum Told {
    /// That everything before this commit was told before.
    Beat(Revision),
    Event(WatchEvent),
}

/// How far each listener has come: it asks for more once it has taken in what it was told.
#[derive(Default)]
struct Heard {
    positions: Mutex<HashMap<u64, Revision>>,
    next_listener: AtomicU64,
}

/// One listener's entry there, which ends with it.
struct Listener {
    number: u64,
    heard: Arc<Heard>,
}

/// Beats, and what they proved.
#[derive(Default)]
struct Beats {
    /// Acknowledged and not yet come past every listener: when each was sent.
    on_their_way: VecDeque<(Revision, Instant)>,
    proven: Option<Instant>,
    /// How long the last one took from its being sent to its having come past every listener.
    lag: Option<Duration>,
    /// Why the last one was not written, if it was not.
    trouble: Option<String>,
}

impl Feed {
    pub(super) fn new(names: Names, epoch: Epoch) -> Self {
        let position = watch::Sender::new(Revision(0));
        Self { names, listeners: Mutex::default(), heard: Arc::default(), position, beats: Mutex::default(), epoch }
    }

    /// Reports every change of a record whose name begins with `prefix` from now on.
    pub(super) fn listen(&self, prefix: &str) -> Watch {
        let mut listeners = locked(&self.listeners);
        let events =
            listeners.entry(prefix.to_owned()).or_insert_with(|| broadcast::channel(REMEMBERED_CHANGES).0).subscribe();
        let listener = Listener::new(&self.heard);
        let events = stream::unfold((events, listener), |(mut events, listener)| async {
            loop {
                let event = match events.recv().await {
                    Ok(Told::Beat(revision)) => {
                        listener.has_heard(revision);
                        continue;
                    }
                    Ok(Told::Event(event)) => event,
                    Err(broadcast::error::RecvError::Lagged(_)) => WatchEvent::Lagged,
                    Err(broadcast::error::RecvError::Closed) => return None,
                };
                return Some((event, (events, listener)));
            }
        });
        Watch::new(events.boxed())
    }

    /// Returns once everything up to `revision` was handed on, or does not come soon.
    pub(super) async fn reached(&self, revision: Revision) {
        let mut position = self.position.subscribe();
        // An error says that the feed has ended: then nobody is told anything any more.
        let _ = tokio::time::timeout(LONGEST_ECHO, position.wait_for(|reached| *reached >= revision)).await;
    }

    /// Every listener has taken in everything that was acknowledged before this moment. `None` if that was never
    /// proven.
    pub(super) fn proven(&self) -> Option<Instant> {
        let mut beats = locked(&self.beats);
        // Nearly always there is none: this is asked at each request.
        if !beats.on_their_way.is_empty() {
            let heard = self.heard.by_all().map_or(self.position(), |heard| heard.min(self.position()));
            while let Some((_, sent)) = beats.on_their_way.pop_front_if(|(revision, _)| *revision <= heard) {
                beats.proven = beats.proven.max(Some(sent));
                beats.lag = Some(sent.elapsed());
            }
        }
        beats.proven
    }

    /// How long the last beat took to come past every listener.
    pub(super) fn lag(&self) -> Option<Duration> {
        locked(&self.beats).lag
    }

    /// Why the last beat was not written, if it was not.
    pub(super) fn trouble(&self) -> Option<String> {
        locked(&self.beats).trouble.clone()
    }

    fn position(&self) -> Revision {
        *self.position.borrow()
    }

    /// Follows etcd from `first` on, for as long as it is polled.
    pub(super) async fn run(&self, cluster: &Cluster, first: Revision) {
        let mut next = first;
        let mut pause = SHORTEST_PAUSE;
        loop {
            let began = Instant::now();
            let error = match self.follow(cluster, &mut next).await {
                Ok(never) => match never {},
                Err(error) => error,
            };
            tracing::warn!(%error, "the store's watch was lost; it is opened again");
            cluster.turn();
            // One that lasted was a good one, and the next may be too.
            pause = if began.elapsed() > LONGEST_PAUSE { SHORTEST_PAUSE } else { (pause * 2).min(LONGEST_PAUSE) };
            tokio::time::sleep(pause).await;
        }
    }

    /// Writes beats, for as long as it is polled.
    pub(super) async fn beat(&self, cluster: &Cluster) {
        let mut ticks = tokio::time::interval(BEAT_EVERY);
        ticks.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
        loop {
            ticks.tick().await;
            self.beat_once(cluster).await;
        }
    }

    async fn beat_once(&self, cluster: &Cluster) {
        let sent = Instant::now();
        match self.epoch.beat(cluster).await {
            Ok(revision) => {
                let mut beats = locked(&self.beats);
                beats.on_their_way.push_back((revision, sent));
                beats.trouble = None;
            }
            Err(error) => {
                tracing::warn!(%error, "the store cannot be written to");
                locked(&self.beats).trouble = Some(error.to_string());
            }
        }
    }

    /// Whether the watch owes us a beat for so long that it cannot be relied upon.
    fn is_overdue(&self) -> bool {
        let position = self.position();
        let beats = locked(&self.beats);
        let owed = beats.on_their_way.iter().find(|(revision, _)| *revision > position);
        owed.is_some_and(|(_, sent)| sent.elapsed() > OVERDUE)
    }

    async fn follow(&self, cluster: &Cluster, next: &mut Revision) -> Result<std::convert::Infallible, StoreError> {
        let options = WatchOptions::new().with_prefix().with_start_revision(signed(*next));
        let prefix = self.names.prefix().to_owned();
        let open = |mut client: WatchClient| async move { client.watch(prefix, Some(options)).await };
        let mut stream: WatchStream = cluster.stream(open).await?;
        // What is on its way comes by this watch now, and has the time that it takes.
        locked(&self.beats).on_their_way.clear();
        let mut look = tokio::time::interval(OVERDUE / 4);
        loop {
            tokio::select! {
                message = stream.message() => match message {
                    Ok(Some(response)) => self.take(&response, next).await?,
                    Ok(None) => return Err(follow_error("the store ended its watch")),
                    Err(error) => return Err(StoreError::database(error)),
                },
                _ = look.tick() => if self.is_overdue() {
                    return Err(follow_error("the store's watch does not report what was written"));
                },
            }
        }
    }

    async fn take(&self, response: &WatchResponse, next: &mut Revision) -> Result<(), StoreError> {
        if response.canceled() {
            let compacted = revision_of(response.compact_revision());
            if compacted > Revision(0) {
                // What was changed before is not known any more: everybody has to read it anew.
                tracing::warn!(revision = compacted.0, "the store has forgotten changes that were missed here");
                *next = (*next).max(compacted);
                self.tell_all(&WatchEvent::Lagged);
            }
            return Err(follow_error(response.cancel_reason()));
        }
        for event in response.events() {
            let Some(record) = event.kv() else { continue };
            let revision = revision_of(record.mod_revision());
            let Some(key) = self.names.parse(record.key()) else {
                tracing::warn!("the store holds a record with an impossible name");
                continue;
            };
            let value = match event.event_type() {
                EventType::Put => Some(Bytes::copy_from_slice(record.value())),
                EventType::Delete => None,
            };
            self.tell(&Change { key, revision, value }).await;
        }
        if let Some(last) = response.events().iter().rev().find_map(etcd_client::Event::kv) {
            let reached = revision_of(last.mod_revision());
            *next = Revision(reached.0 + 1);
            self.position.send_replace(reached);
        }
        Ok(())
    }

    async fn tell(&self, change: &Change) {
        let concerned = |prefix: &str| change.key.as_str().starts_with(prefix);
        let room =
            || locked(&self.listeners).iter().all(|(prefix, l)| !concerned(prefix) || l.len() < REMEMBERED_CHANGES);
        // When leases end, very many records go at once: whoever listens is given the time that takes.
        let patience = Instant::now() + LONGEST_PATIENCE;
        while !room() && Instant::now() < patience {
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
        if change.key == Names::went_back()
            && let Some(reason) = &change.value
        {
            self.epoch.marked(&String::from_utf8_lossy(reason));
        }
        let beat = Names::is_beat(&change.key).then_some(Told::Beat(change.revision));
        for (prefix, listeners) in &*locked(&self.listeners) {
            if concerned(prefix) {
                // An error only says that nobody listens.
                let _ = listeners.send(Told::Event(WatchEvent::Changed(change.clone())));
            }
            if let Some(beat) = &beat {
                let _ = listeners.send(beat.clone());
            }
        }
    }

    fn tell_all(&self, event: &WatchEvent) {
        for listeners in locked(&self.listeners).values() {
            let _ = listeners.send(Told::Event(event.clone()));
        }
    }
}

impl Heard {
    /// How far the slowest has come; `None` without any.
    fn by_all(&self) -> Option<Revision> {
        locked(&self.positions).values().min().copied()
    }
}

impl Listener {
    /// Has heard of nothing yet, so that beats that were under way already prove nothing of it.
    fn new(heard: &Arc<Heard>) -> Self {
        let number = heard.next_listener.fetch_add(1, Ordering::Relaxed);
        locked(&heard.positions).insert(number, Revision(0));
        Self { number, heard: Arc::clone(heard) }
    }

    fn has_heard(&self, revision: Revision) {
        locked(&self.heard.positions).insert(self.number, revision);
    }
}

impl Drop for Listener {
    fn drop(&mut self) {
        locked(&self.heard.positions).remove(&self.number);
    }
}

/// A panic while one of these is held leaves nothing half done.
fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

fn signed(Revision(revision): Revision) -> i64 {
    i64::try_from(revision).unwrap_or(i64::MAX)
}

/// How far a listener may fall behind before it has to list again.
const REMEMBERED_CHANGES: usize = 16_384;
/// How long everybody waits for a listener that does not listen, before it is told that it missed something.
const LONGEST_PATIENCE: Duration = Duration::from_millis(500);
const BEAT_EVERY: Duration = Duration::from_secs(1);
/// How long the watch may take to bring what was written.
const OVERDUE: Duration = Duration::from_secs(2);
const LONGEST_ECHO: Duration = Duration::from_secs(2);
const SHORTEST_PAUSE: Duration = Duration::from_millis(20);
const LONGEST_PAUSE: Duration = Duration::from_secs(1);
