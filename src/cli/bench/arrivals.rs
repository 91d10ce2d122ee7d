//! When the operations of a run begin: at a fixed rate, whatever the target does (an open loop), or as soon
//! as a connection is free (a closed loop).
//!
//! In an open loop each operation has a time at which it should begin, and its latency counts from there: a
//! target that stalls cannot hide the requests that would have come meanwhile.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use tokio::sync::Semaphore;
use tokio_util::sync::CancellationToken;

/// How long and how much.
#[derive(Clone, Copy, Debug)]
pub(super) struct Extent {
    /// Operations a second, in an open loop.
    pub(super) rate: Option<u32>,
    pub(super) warm_up: Duration,
    pub(super) duration: Duration,
    /// The most operations that count.
    pub(super) operations: Option<u64>,
    /// The most operations in all, of the warm-up too.
    pub(super) all_operations: u64,
}

/// Hands out the operations of one run.
pub(super) struct Arrivals {
    extent: Extent,
    begin: Instant,
    /// Those handed out, the warm-up's too.
    next: AtomicU64,
    /// Those handed out that count.
    counted: AtomicU64,
    /// In an open loop: one for each that is due.
    due: Semaphore,
    stop: CancellationToken,
}

/// An operation that is to begin now.
#[derive(Clone, Copy, Debug)]
pub(super) struct Arrival {
    pub(super) number: u64,
    /// When it should have begun.
    pub(super) intended: Instant,
    /// False in the warm-up.
    pub(super) counts: bool,
}

impl Extent {
    /// How many begin in the warm-up and how many in all, in an open loop.
    fn scheduled(&self, rate: u32) -> (u64, u64) {
        let warm_up = within(self.warm_up, rate);
        let counted = within(self.duration, rate).max(1).min(self.operations.unwrap_or(u64::MAX));
        (warm_up, (warm_up + counted).min(self.all_operations))
    }

    /// The most operations in all, as far as that is known ahead.
    pub(super) fn most(&self) -> u64 {
        match (self.rate, self.operations) {
            (Some(rate), _) => self.scheduled(rate).1,
            (None, Some(counted)) if self.warm_up.is_zero() => counted.min(self.all_operations),
            (None, _) => self.all_operations,
        }
    }
}

impl Arrivals {
    /// Begins now, and ends by itself or when `stop` is cancelled.
    pub(super) fn begin(extent: Extent, stop: CancellationToken) -> std::io::Result<Arc<Self>> {
        let (next, counted) = (AtomicU64::new(0), AtomicU64::new(0));
        let arrivals = Arc::new(Self { extent, begin: Instant::now(), next, counted, due: Semaphore::new(0), stop });
        if let Some(rate) = extent.rate {
            // A thread of its own wakes within 0.1 ms; the runtime's timer would be late by 1 ms.
            let pacing = Arc::clone(&arrivals);
            thread::Builder::new().name("pace".to_owned()).spawn(move || pacing.pace(rate))?;
        }
        Ok(arrivals)
    }

    /// Waits for the next operation; none when the run is over.
    pub(super) async fn next(&self) -> Option<Arrival> {
        match self.extent.rate {
            Some(rate) => self.next_due(rate).await,
            None => self.next_free(),
        }
    }

    /// How long ago it began.
    pub(super) fn elapsed(&self) -> Duration {
        self.begin.elapsed()
    }

    /// When operations began to count.
    pub(super) fn counting_since(&self) -> Instant {
        self.begin + self.extent.warm_up
    }

    /// Whether the operations, not the time, were at an end.
    pub(super) fn is_used_up(&self) -> bool {
        self.next.load(Ordering::Relaxed) >= self.extent.all_operations
    }

    /// Operations of an open loop that should have begun and did not.
    pub(super) fn missed(&self) -> u64 {
        let Some(rate) = self.extent.rate else { return 0 };
        let (warm_up, all) = self.extent.scheduled(rate);
        let due = within(self.elapsed(), rate).min(all);
        due.saturating_sub(self.next.load(Ordering::Relaxed).max(warm_up))
    }

    fn next_free(&self) -> Option<Arrival> {
        let intended = Instant::now();
        let elapsed = intended - self.begin;
        let Extent { warm_up, duration, operations, all_operations, .. } = self.extent;
        if self.stop.is_cancelled() || elapsed >= warm_up + duration {
            return None;
        }
        let counts = elapsed >= warm_up;
        if counts && self.counted.fetch_add(1, Ordering::Relaxed) >= operations.unwrap_or(u64::MAX) {
            return None;
        }
        let number = self.next.fetch_add(1, Ordering::Relaxed);
        (number < all_operations).then_some(Arrival { number, intended, counts })
    }

    async fn next_due(&self, rate: u32) -> Option<Arrival> {
        let permit = tokio::select! {
            permit = self.due.acquire() => permit.ok()?,
            () = self.stop.cancelled() => return None,
        };
        permit.forget();
        let (warm_up, _) = self.extent.scheduled(rate);
        let number = self.next.fetch_add(1, Ordering::Relaxed);
        Some(Arrival { number, intended: self.begin + at(number, rate), counts: number >= warm_up })
    }

    /// Lets each operation begin when it is due. At the end those that wait for a connection have a little
    /// time left, and are given up then.
    fn pace(&self, rate: u32) {
        let (_, all) = self.extent.scheduled(rate);
        let mut released = 0;
        while released < all && !self.stop.is_cancelled() {
            let wait = at(released, rate).saturating_sub(self.begin.elapsed());
            if !wait.is_zero() {
                thread::sleep(wait.min(STEP));
                continue;
            }
            let due = (within(self.begin.elapsed(), rate) + 1).clamp(released + 1, all);
            self.due.add_permits(usize::try_from(due - released).unwrap_or(1));
            released = due;
        }
        let end = at(all, rate) + PATIENCE;
        while self.next.load(Ordering::Relaxed) < all && self.begin.elapsed() < end && !self.stop.is_cancelled() {
            thread::sleep(SHORT_STEP);
        }
        // Whoever waits is told that there is no more.
        self.due.close();
    }
}

/// When the operation `number` is due, from the beginning.
fn at(number: u64, rate: u32) -> Duration {
    let rate = u64::from(rate);
    Duration::from_secs(number / rate) + Duration::from_nanos(number % rate * 1_000_000_000 / rate)
}

/// How many are due in `time`.
fn within(time: Duration, rate: u32) -> u64 {
    u64::try_from(time.as_nanos() * u128::from(rate) / 1_000_000_000).unwrap_or(u64::MAX)
}

/// How soon a stop is noticed.
const STEP: Duration = Duration::from_millis(50);
const SHORT_STEP: Duration = Duration::from_millis(5);
/// What a rate that cannot be held may take longer.
const PATIENCE: Duration = Duration::from_secs(5);
