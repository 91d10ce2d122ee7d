//! What is granted, and until when, as written on the command line.

use clap::ValueEnum;
use jiff::Timestamp;

use crate::clock::{Clock as _, SystemClock};
use crate::identity::Permission;

/// The permissions that can be granted.
#[derive(Clone, Copy, ValueEnum)]
pub(crate) enum Granted {
    /// List and read
    Read,
    /// Read, write and tag objects
    Write,
    /// Everything
    Admin,
}

impl From<Granted> for Permission {
    fn from(granted: Granted) -> Self {
        match granted {
            Granted::Read => Self::Read,
            Granted::Write => Self::Write,
            Granted::Admin => Self::Admin,
        }
    }
}

/// A duration from now, or a time.
pub(crate) fn parse_expiry(text: &str) -> Result<Timestamp, String> {
    if let Ok(time) = text.parse::<Timestamp>() {
        return Ok(time);
    }
    let wrong = || "expected a duration such as 12h or 30d, or a time such as 2030-01-31T12:00:00Z".to_owned();
    let duration = humantime::parse_duration(text).map_err(|_| wrong())?;
    let end = SystemClock.now().checked_add(duration).map_err(|_| wrong())?;
    Timestamp::from_second(end.as_second()).map_err(|_| wrong())
}
