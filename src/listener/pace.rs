//! How fast a client is, judged only by the time that it was waited for: what a backend takes its time for
//! is not the client's fault.

use std::time::Duration;

use tokio::time::Instant;

/// The slowest that a client may be, and how long it is waited for until that is judged.
#[derive(Clone, Copy, Debug)]
pub(super) struct Slowest {
    bytes_per_second: u64,
    window: Duration,
}

/// One body's or one connection's pace.
#[derive(Debug)]
pub(super) struct Pace {
    slowest: Slowest,
    /// The bytes of this window.
    moved: u64,
    /// The waiting of this window that is over.
    waited: Duration,
    /// Since when the client is waited for, if it is.
    waiting_since: Option<Instant>,
}

impl Slowest {
    /// `bytes_per_second` over each `window` of waiting; with 0 nobody is too slow.
    pub(super) fn new(bytes_per_second: u64, window: Duration) -> Self {
        Self { bytes_per_second, window }
    }

    /// No client is too slow.
    pub(super) fn any() -> Self {
        Self::new(0, Duration::MAX)
    }

    pub(super) fn window(self) -> Duration {
        self.window
    }

    fn bytes_in_window(self) -> u128 {
        u128::from(self.bytes_per_second) * self.window.as_millis() / 1000
    }
}

impl Pace {
    pub(super) fn new(slowest: Slowest) -> Self {
        Self { slowest, moved: 0, waited: Duration::ZERO, waiting_since: None }
    }

    /// Since when the client is waited for, from now on if it was not yet.
    pub(super) fn wait(&mut self) -> Instant {
        *self.waiting_since.get_or_insert_with(Instant::now)
    }

    /// The client moved `bytes`: it is waited for no longer.
    pub(super) fn moved(&mut self, bytes: usize) {
        self.moved_at(bytes, Instant::now());
    }

    /// The same, noticed later than it happened.
    pub(super) fn moved_at(&mut self, bytes: usize, at: Instant) {
        if let Some(since) = self.waiting_since.take() {
            self.waited += at.saturating_duration_since(since);
        }
        self.moved += bytes as u64;
    }

    /// When the next window is over if the client stays waited for; none if it is not, or if no pace is asked.
    pub(super) fn judged_at(&self) -> Option<Instant> {
        let since = self.waiting_since.filter(|_| self.slowest.bytes_per_second > 0)?;
        Some(since + self.slowest.window.saturating_sub(self.waited))
    }

    /// Whether a window is over and too little moved in it. A window that was good enough is followed by
    /// the next.
    pub(super) fn is_too_slow(&mut self, now: Instant) -> bool {
        let waiting = self.waiting_since.map_or(Duration::ZERO, |since| now.saturating_duration_since(since));
        if self.slowest.bytes_per_second == 0 || self.waited + waiting < self.slowest.window {
            return false;
        }
        let is_slow = u128::from(self.moved) < self.slowest.bytes_in_window();
        (self.moved, self.waited) = (0, Duration::ZERO);
        self.waiting_since = self.waiting_since.map(|_| now);
        is_slow
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_time_in_which_the_client_is_waited_for_counts() {
        let start = Instant::now();
        let at = |seconds| start + Duration::from_secs(seconds);
        let mut pace = Pace::new(Slowest::new(10, Duration::from_secs(10)));
        assert_eq!(pace.judged_at(), None, "nobody waits");
        for round in 0..9 {
            pace.waiting_since = Some(at(100 * round));
            pace.moved_at(11, at(100 * round + 1));
            assert!(!pace.is_too_slow(at(100 * round + 90)), "a second of waiting in 90");
        }
        pace.waiting_since = Some(at(900));
        assert_eq!(pace.judged_at(), Some(at(901)));
        assert!(pace.is_too_slow(at(901)), "99 bytes in ten seconds of waiting");
        pace.moved_at(100, at(905));
        pace.waiting_since = Some(at(906));
        assert_eq!(pace.judged_at(), Some(at(912)));
        assert!(!pace.is_too_slow(at(912)), "100 bytes in the next ten");
        assert!(pace.is_too_slow(at(922)), "none in those after");
    }

    #[test]
    fn no_rate_asked_is_no_rate_judged() {
        let mut pace = Pace::new(Slowest::new(0, Duration::from_secs(1)));
        let since = pace.wait();
        assert_eq!(pace.judged_at(), None);
        assert!(!pace.is_too_slow(since + Duration::from_hours(9)));
    }
}
