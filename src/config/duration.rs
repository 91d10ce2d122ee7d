//! Durations as they are written: `"30s"`, `"5min"`, `"12h"`, `"1h 30m"`. A duration of zero is refused
//! here, because for every limit it would mean "never" to one reader and "at once" to another.

use std::time::Duration;

use serde::de::{Deserialize, Deserializer, Error, Unexpected};

const EXPECTED: &str = "a duration above zero such as \"30s\", \"5min\" or \"12h\"";

/// A duration above zero.
#[derive(Clone, Copy, Debug)]
pub(super) struct Written(pub(super) Duration);

impl<'de> Deserialize<'de> for Written {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        match humantime::parse_duration(&text) {
            Ok(duration) if !duration.is_zero() => Ok(Self(duration)),
            _ => Err(Error::invalid_value(Unexpected::Str(&text), &EXPECTED)),
        }
    }
}
