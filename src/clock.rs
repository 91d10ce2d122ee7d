//! Says what time it is: the system's clock, or one that a test sets. Every decision that depends on
//! time takes a [`Timestamp`] or a [`Clock`] as a parameter; direct calls are banned by lint.

use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use jiff::{SignedDuration, Timestamp};

/// A source of the current time.
pub trait Clock: Send + Sync + 'static {
    /// The current instant, in UTC.
    fn now(&self) -> Timestamp;

    /// Why nobody should promise anything about the future by this clock, if that is so.
    fn doubt(&self) -> Option<ClockDoubt> {
        None
    }
}

/// A clock that was set while the program ran.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
pub enum ClockDoubt {
    /// It was set back. The time goes on here as if it had not been.
    #[error("the clock of this machine was set back by {0:#}; if it is right now, restart this program")]
    SetBack(SignedDuration),
    /// It was set forward, a moment ago. Here it was, too.
    #[error("the clock of this machine was set forward by {0:#} a moment ago")]
    SetForward(SignedDuration),
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

/// A clock that never goes back: what has expired by it stays expired, whatever becomes of the clock below it. It is
/// compared with a time that nobody can set; where the two part, somebody set the clock.
pub struct SteadyClock<C> {
    below: C,
    since_start: Box<dyn Fn() -> Duration + Send + Sync>,
    state: Mutex<Steady>,
}

#[derive(Clone, Copy)]
struct Steady {
    /// What it was, and at which moment since the start.
    time: Timestamp,
    at: Duration,
    doubt: Option<ClockDoubt>,
    /// When the clock was last set forward.
    set_forward_at: Option<Duration>,
}

impl<C: Clock> SteadyClock<C> {
    /// The clock `below`, held to the time that the machine has been running.
    #[must_use]
    pub fn new(below: C) -> Self {
        let start = Instant::now();
        Self::held_to(below, move || start.elapsed())
    }

    /// The clock `below`, held to `since_start`, which only grows.
    #[must_use]
    pub fn held_to(below: C, since_start: impl Fn() -> Duration + Send + Sync + 'static) -> Self {
        let state = Steady { time: below.now(), at: since_start(), doubt: None, set_forward_at: None };
        Self { below, since_start: Box::new(since_start), state: Mutex::new(state) }
    }

    fn look(&self) -> Steady {
        // A panic while it is held leaves a time that was right.
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        let (below, at) = (self.below.now(), (self.since_start)());
        let passed = SignedDuration::try_from(at.saturating_sub(state.at)).unwrap_or(SignedDuration::MAX);
        let expected = state.time.saturating_add(passed).unwrap_or(Timestamp::MAX);
        let ahead = below.duration_since(expected);
        let before = state.doubt;
        if ahead < -MOST_DRIFT {
            state.time = expected;
            state.doubt = Some(ClockDoubt::SetBack(-ahead));
        } else {
            if ahead > MOST_DRIFT {
                state.set_forward_at = Some(at);
                state.doubt = Some(ClockDoubt::SetForward(ahead));
            }
            let is_over = state.set_forward_at.is_none_or(|set| at.saturating_sub(set) > DOUBTED_FOR);
            if is_over || matches!(state.doubt, Some(ClockDoubt::SetBack(_))) {
                state.doubt = None;
            }
            state.time = below.max(state.time);
        }
        state.at = at;
        if let Some(doubt) = state.doubt
            && before.is_none()
        {
            tracing::error!(%doubt, "no keys are issued until the clock can be trusted");
        }
        *state
    }
}

impl<C: Clock> Clock for SteadyClock<C> {
    fn now(&self) -> Timestamp {
        self.look().time
    }

    fn doubt(&self) -> Option<ClockDoubt> {
        self.look().doubt
    }
}

/// How far the two times may be apart: a leap second, and what a clock is slewed by between two looks.
const MOST_DRIFT: SignedDuration = SignedDuration::from_secs(2);
/// How long a clock that was set forward is doubted.
const DOUBTED_FOR: Duration = Duration::from_mins(5);

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
    pub fn advance(&self, step: SignedDuration) {
        self.set(self.now().saturating_add(step).unwrap_or(Timestamp::MAX));
    }
}

impl Clock for SettableClock {
    fn now(&self) -> Timestamp {
        let nanoseconds = self.nanoseconds_since_epoch.load(Ordering::SeqCst);
        Timestamp::from_nanosecond(i128::from(nanoseconds)).unwrap_or(Timestamp::MAX)
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;

    impl<C: Clock> Clock for Arc<C> {
        fn now(&self) -> Timestamp {
            (**self).now()
        }
    }

    /// A steady clock, the one below it, and the seconds that nobody can set.
    struct Fixture {
        steady: SteadyClock<Arc<SettableClock>>,
        below: Arc<SettableClock>,
        seconds: Arc<AtomicI64>,
        start: Timestamp,
    }

    impl Fixture {
        fn new() -> Self {
            let start: Timestamp = "2026-05-06T07:08:09Z".parse().unwrap();
            let (below, seconds) = (Arc::new(SettableClock::new(start)), Arc::new(AtomicI64::new(0)));
            let of_test = Arc::clone(&seconds);
            let since_start = move || Duration::from_secs(of_test.load(Ordering::SeqCst).unsigned_abs());
            let steady = SteadyClock::held_to(Arc::clone(&below), since_start);
            Self { steady, below, seconds, start }
        }

        /// Time passes, and the clock below is set by `set` besides.
        fn pass(&self, seconds: i64, set: i64) {
            self.seconds.fetch_add(seconds, Ordering::SeqCst);
            self.below.advance(SignedDuration::from_secs(seconds + set));
        }

        fn elapsed(&self) -> i64 {
            self.steady.now().duration_since(self.start).as_secs()
        }
    }

    #[test]
    fn j08_a_clock_that_is_set_back_an_hour_revives_nothing_and_nothing_is_promised_by_it() {
        let fixture = Fixture::new();
        fixture.pass(10, 0);
        assert_eq!((fixture.elapsed(), fixture.steady.doubt()), (10, None));
        fixture.pass(1, -3600);
        assert_eq!(fixture.elapsed(), 11, "it goes on");
        let hour = SignedDuration::from_hours(1);
        assert_eq!(fixture.steady.doubt(), Some(ClockDoubt::SetBack(hour)));
        fixture.pass(3000, 0);
        assert_eq!((fixture.elapsed(), fixture.steady.doubt()), (3011, Some(ClockDoubt::SetBack(hour))));
        fixture.pass(1, 3600);
        assert_eq!((fixture.elapsed(), fixture.steady.doubt()), (3012, None), "set right again");
    }

    #[test]
    fn j08_a_clock_that_is_set_forward_an_hour_is_followed_and_doubted_for_a_while() {
        let fixture = Fixture::new();
        fixture.pass(10, 3600);
        assert_eq!(fixture.elapsed(), 3610, "what lapses meanwhile has lapsed");
        assert!(matches!(fixture.steady.doubt(), Some(ClockDoubt::SetForward(_))));
        fixture.pass(200, 0);
        assert!(fixture.steady.doubt().is_some());
        fixture.pass(200, 0);
        assert_eq!((fixture.elapsed(), fixture.steady.doubt()), (4010, None));
        // Whoever sets it right again finds what lapsed lapsed, and no new keys.
        fixture.pass(1, -3600);
        assert_eq!(fixture.elapsed(), 4011);
        assert!(matches!(fixture.steady.doubt(), Some(ClockDoubt::SetBack(_))));
    }

    #[test]
    fn j08_a_leap_second_and_a_clock_that_is_slewed_are_nothing() {
        let fixture = Fixture::new();
        let mut last = 0;
        for step in 0..1000 {
            fixture.pass(1, if step == 500 { -1 } else { i64::from(step % 100 == 0) });
            let now = fixture.elapsed();
            assert!(now >= last, "{now} after {last}");
            last = now;
            assert_eq!(fixture.steady.doubt(), None);
        }
    }
}
