//! Says what time it is: the system's clock, or one that a test sets. Every decision that depends on
//! time takes a [`Timestamp`] or a [`Clock`] as a parameter; direct calls are banned by lint.

use std::sync::atomic::{AtomicI64, Ordering};

use jiff::Timestamp;

/// A source of the current time.
pub trait Clock: Send + Sync + 'static {
    /// The current instant, in UTC.
    fn now(&self) -> Timestamp;
}

/// The operating system's real-time clock.
#[derive(Clone, Copy, Debug, Default)]
pub struct SystemClock;

impl Clock for SystemClock {
    #[expect(clippy::disallowed_methods, reason = "the one place that reads the real clock")]
    fn now(&self) -> Timestamp {
        Timestamp::now()
    }
}

/// A clock that stands still until it is told to move. Tests hold one to step through expiry and
/// skew without waiting.
#[derive(Debug)]
pub struct SettableClock {
    nanoseconds_since_epoch: AtomicI64,
}

impl SettableClock {
    /// A clock that shows `start`.
    #[must_use]
    pub fn new(start: Timestamp) -> Self {
        let clock = Self { nanoseconds_since_epoch: AtomicI64::new(0) };
        clock.set(start);
        clock
    }

    /// Moves the clock to `time`, forward or back. Instants outside 1678..2262 are clamped, which
    /// no caller can observe in a test about hours.
    pub fn set(&self, time: Timestamp) {
        let nanoseconds = i64::try_from(time.as_nanosecond()).unwrap_or(i64::MAX);
        self.nanoseconds_since_epoch.store(nanoseconds, Ordering::SeqCst);
    }

    /// Moves the clock by `step`, which may be negative.
    pub fn advance(&self, step: jiff::SignedDuration) {
        self.set(self.now().saturating_add(step).unwrap_or(Timestamp::MAX));
    }
}

impl Clock for SettableClock {
    fn now(&self) -> Timestamp {
        let nanoseconds = self.nanoseconds_since_epoch.load(Ordering::SeqCst);
        Timestamp::from_nanosecond(i128::from(nanoseconds)).unwrap_or(Timestamp::MAX)
    }
}
