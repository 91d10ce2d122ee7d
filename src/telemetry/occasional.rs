//! Log lines about what may happen thousands of times a second: one says that it began, and no more than
//! one a minute that it goes on.

use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

/// Says when a line of one kind is due.
#[derive(Debug, Default)]
pub struct Occasional(Mutex<Option<Instant>>);

impl Occasional {
    /// Whether the line is due now; it is then taken as written.
    #[must_use]
    pub fn is_due(&self) -> bool {
        self.is_due_at(Instant::now())
    }

    fn is_due_at(&self, now: Instant) -> bool {
        let mut last = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let is_due = last.is_none_or(|last| now.saturating_duration_since(last) >= PAUSE);
        if is_due {
            *last = Some(now);
        }
        is_due
    }
}

const PAUSE: Duration = Duration::from_mins(1);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_line_is_due_and_then_one_a_minute() {
        let (start, line) = (Instant::now(), Occasional::default());
        let due = [0, 1, 59, 60, 61, 119, 120].map(|second| line.is_due_at(start + Duration::from_secs(second)));
        assert_eq!(due, [true, false, false, true, false, false, true]);
    }
}
