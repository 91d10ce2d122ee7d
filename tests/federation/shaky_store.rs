//! A store that fails and loses news on demand, around a real one.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};

use futures_util::StreamExt as _;
use futures_util::future::BoxFuture;
use futures_util::stream;
use portcullis::store::{CommitError, KeyStore, RecordKey, Revision, StoreError, Versioned, Watch, WatchEvent, Write};
use tokio::sync::mpsc;

pub(crate) struct ShakyStore {
    inner: Arc<dyn KeyStore>,
    failing: AtomicBool,
    deaf: AtomicBool,
    ears: Mutex<Vec<mpsc::UnboundedSender<WatchEvent>>>,
}

impl ShakyStore {
    pub(crate) fn new(inner: Arc<dyn KeyStore>) -> Self {
        Self { inner, failing: false.into(), deaf: false.into(), ears: Mutex::default() }
    }

    /// Makes reading fail, or work again.
    pub(crate) fn set_failing(&self, failing: bool) {
        self.failing.store(failing, Ordering::SeqCst);
    }

    /// Whether watches that begin from now on hear of nothing but what [`tell`](Self::tell) says.
    pub(crate) fn set_deaf(&self, deaf: bool) {
        self.deaf.store(deaf, Ordering::SeqCst);
    }

    /// Tells the deaf.
    pub(crate) fn tell(&self, event: &WatchEvent) {
        self.ears.lock().unwrap().retain(|ear| ear.send(event.clone()).is_ok());
    }

    /// Ends the watches of the deaf.
    pub(crate) fn hang_up(&self) {
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

    fn report(&self) -> portcullis::store::StoreReport {
        self.inner.report()
    }

    fn is_current(&self) -> bool {
        self.inner.is_current()
    }

    fn commit(&self, writes: Vec<Write>) -> BoxFuture<'_, Result<Revision, CommitError>> {
        Box::pin(async move {
            self.check()?;
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
            Ok(Watch::new(events.boxed()))
        })
    }
}
