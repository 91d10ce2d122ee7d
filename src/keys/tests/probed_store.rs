//! A real store in a shell that counts loads, stops one half-way, fails on demand, and replaces what
//! watchers hear.

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use bytes::Bytes;
use futures_util::future::BoxFuture;
use futures_util::stream::{self, StreamExt as _};
use tokio::sync::{Semaphore, mpsc};

use crate::store::{CommitError, KeyStore, RecordKey, Revision, StoreError, Versioned, Watch, WatchEvent, Write};

pub(super) struct ProbedStore {
    inner: Arc<dyn KeyStore>,
    loads: AtomicUsize,
    failing: AtomicBool,
    stop_next_load: AtomicBool,
    stop_next_commit: AtomicBool,
    fail_next_commit: AtomicBool,
    /// Gets a permit when a load has read its value and is stopped, or a commit before it begins.
    pub(super) stopped: Semaphore,
    /// A permit lets what is stopped go on.
    pub(super) go_on: Semaphore,
    deaf: AtomicBool,
    /// Where to tell those who watch while the store is deaf.
    pub(super) ears: Mutex<Vec<mpsc::UnboundedSender<WatchEvent>>>,
}

impl ProbedStore {
    pub(super) fn new(inner: Arc<dyn KeyStore>) -> Self {
        Self {
            inner,
            loads: AtomicUsize::new(0),
            failing: AtomicBool::new(false),
            stop_next_load: AtomicBool::new(false),
            stop_next_commit: AtomicBool::new(false),
            fail_next_commit: AtomicBool::new(false),
            stopped: Semaphore::new(0),
            go_on: Semaphore::new(0),
            deaf: AtomicBool::new(false),
            ears: Mutex::default(),
        }
    }

    /// How often a record was loaded.
    pub(super) fn loads(&self) -> usize {
        self.loads.load(Ordering::SeqCst)
    }

    /// Makes everything fail, or work again.
    pub(super) fn set_failing(&self, failing: bool) {
        self.failing.store(failing, Ordering::SeqCst);
    }

    /// Stops the next load after it has read, until `go_on`.
    pub(super) fn stop_next_load(&self) {
        self.stop_next_load.store(true, Ordering::SeqCst);
    }

    /// Stops the next commit before it begins, until `go_on`.
    pub(super) fn stop_next_commit(&self) {
        self.stop_next_commit.store(true, Ordering::SeqCst);
    }

    /// Makes the next commit fail and write nothing.
    pub(super) fn fail_next_commit(&self) {
        self.fail_next_commit.store(true, Ordering::SeqCst);
    }

    /// Whether watches that begin from now on hear of nothing but what `ears` are told.
    pub(super) fn set_deaf(&self, deaf: bool) {
        self.deaf.store(deaf, Ordering::SeqCst);
    }

    async fn pause_if(&self, wanted: &AtomicBool) {
        if wanted.swap(false, Ordering::SeqCst) {
            self.stopped.add_permits(1);
            self.go_on.acquire().await.expect("the semaphore is never closed").forget();
        }
    }

    fn check(&self) -> Result<(), StoreError> {
        if self.failing.load(Ordering::SeqCst) { Err(StoreError::Stopped) } else { Ok(()) }
    }
}

impl KeyStore for ProbedStore {
    fn load<'a>(&'a self, key: &'a RecordKey) -> BoxFuture<'a, Result<Option<Versioned>, StoreError>> {
        Box::pin(async move {
            self.check()?;
            self.loads.fetch_add(1, Ordering::SeqCst);
            let value = self.inner.load(key).await;
            self.pause_if(&self.stop_next_load).await;
            value
        })
    }

    fn list<'a>(
        &'a self,
        prefix: &'a str,
        after: Option<&'a RecordKey>,
        limit: usize,
    ) -> BoxFuture<'a, Result<Vec<(RecordKey, Versioned)>, StoreError>> {
        Box::pin(async move {
            self.check()?;
            self.inner.list(prefix, after, limit).await
        })
    }

    fn forget(&self, now: jiff::Timestamp) -> BoxFuture<'_, Result<usize, StoreError>> {
        Box::pin(async move {
            self.check()?;
            self.inner.forget(now).await
        })
    }

    fn report(&self) -> crate::store::StoreReport {
        self.inner.report()
    }

    fn is_current(&self) -> bool {
        self.inner.is_current()
    }

    fn commit(&self, writes: Vec<Write>) -> BoxFuture<'_, Result<Revision, CommitError>> {
        Box::pin(async move {
            self.check()?;
            self.pause_if(&self.stop_next_commit).await;
            if self.fail_next_commit.swap(false, Ordering::SeqCst) {
                return Err(StoreError::Stopped.into());
            }
            self.inner.commit(writes).await
        })
    }

    fn watch<'a>(&'a self, prefix: &'a str) -> BoxFuture<'a, Result<Watch, StoreError>> {
        Box::pin(async move {
            self.check()?;
            if !self.deaf.load(Ordering::SeqCst) {
                return self.inner.watch(prefix).await;
            }
            let (ear, events) = mpsc::unbounded_channel();
            self.ears.lock().unwrap().push(ear);
            let events = stream::unfold(events, |mut events| async move { Some((events.recv().await?, events)) });
            Ok(Watch::new(events.boxed()))
        })
    }

    fn create(&self, key: RecordKey, value: Bytes) -> BoxFuture<'_, Result<Revision, CommitError>> {
        Box::pin(async move {
            self.check()?;
            self.inner.create(key, value).await
        })
    }
}
