//! A real store in a shell that fails, stops a commit half-way, and loses news on demand.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};

use futures_util::future::BoxFuture;
use futures_util::stream::{self, StreamExt as _};
use tokio::sync::{Semaphore, mpsc};

use crate::store::{CommitError, KeyStore, RecordKey, Revision, StoreError, Versioned, Watch, WatchEvent, Write};

pub(super) struct ShakyStore {
    inner: Arc<dyn KeyStore>,
    failing: AtomicBool,
    deaf: AtomicBool,
    panicking: Arc<AtomicBool>,
    stop_next_commit: AtomicBool,
    /// Gets a permit when a commit is stopped before it begins.
    pub(super) stopped: Semaphore,
    /// A permit lets it go on.
    pub(super) go_on: Semaphore,
    ears: Mutex<Vec<mpsc::UnboundedSender<WatchEvent>>>,
}

impl ShakyStore {
    pub(super) fn new(inner: Arc<dyn KeyStore>) -> Self {
        Self {
            inner,
            failing: false.into(),
            deaf: false.into(),
            panicking: Arc::default(),
            stop_next_commit: false.into(),
            stopped: Semaphore::new(0),
            go_on: Semaphore::new(0),
            ears: Mutex::default(),
        }
    }

    /// Makes everything fail, or work again.
    pub(super) fn set_failing(&self, failing: bool) {
        self.failing.store(failing, Ordering::SeqCst);
    }

    /// Whether watches that begin from now on hear of nothing but what [`tell`](Self::tell) says.
    pub(super) fn set_deaf(&self, deaf: bool) {
        self.deaf.store(deaf, Ordering::SeqCst);
    }

    /// Stops the next commit before it begins, until `go_on`.
    pub(super) fn stop_next_commit(&self) {
        self.stop_next_commit.store(true, Ordering::SeqCst);
    }

    /// Tells the deaf.
    pub(super) fn tell(&self, event: &WatchEvent) {
        self.ears.lock().unwrap().retain(|ear| ear.send(event.clone()).is_ok());
    }

    /// Makes the deaf panic at the next news that they are told.
    pub(super) fn panic_from_now_on(&self) {
        self.panicking.store(true, Ordering::SeqCst);
    }

    /// Ends the watches of the deaf.
    pub(super) fn hang_up(&self) {
        self.ears.lock().unwrap().clear();
    }

    fn check(&self) -> Result<(), StoreError> {
        if self.failing.load(Ordering::SeqCst) { Err(StoreError::Stopped) } else { Ok(()) }
    }
}

impl KeyStore for ShakyStore {
    fn load<'a>(&'a self, key: &'a RecordKey) -> BoxFuture<'a, Result<Option<Versioned>, StoreError>> {
        Box::pin(async move {
            self.check()?;
            self.inner.load(key).await
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
            if self.stop_next_commit.swap(false, Ordering::SeqCst) {
                self.stopped.add_permits(1);
                self.go_on.acquire().await.expect("the semaphore is never closed").forget();
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
            let (ear, hearing) = mpsc::unbounded_channel();
            self.ears.lock().unwrap().push(ear);
            let events = stream::unfold(hearing, async |mut hearing| Some((hearing.recv().await?, hearing)));
            let panicking = Arc::clone(&self.panicking);
            let events = events.inspect(move |_| assert!(!panicking.load(Ordering::SeqCst), "as the test wants it"));
            Ok(Watch::new(events.boxed()))
        })
    }
}
