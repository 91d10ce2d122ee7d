//! Sizes, times and counts as they are written on the command line, and the most that each may be: whatever
//! is asked for, a run ends by itself.

use std::time::Duration;

use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

/// Operations a second.
pub(super) const HIGHEST_RATE: u32 = 100_000;
/// Connections, and with them requests at a time.
pub(super) const MOST_CONNECTIONS: u32 = 4_096;
/// Objects that a run keeps at the target at a time.
pub(super) const MOST_OBJECTS: u32 = 100_000;
/// Operations of a run.
pub(super) const MOST_OPERATIONS: u64 = 1_000_000_000;
/// The time of the load, and of the warm-up.
pub(super) const LONGEST: Duration = Duration::from_hours(1);
/// The time that one request may take.
pub(super) const LONGEST_REQUEST: Duration = Duration::from_mins(10);
/// What S3 takes in one request.
pub(super) const LARGEST_OBJECT: u64 = 5 << 30;
/// What S3 takes as a part that is not the last one.
pub(super) const SMALLEST_PART: u64 = 5 << 20;
/// Bytes of objects sent and received in all.
pub(super) const MOST_BYTES: u64 = 10 << 40;

/// Asks the system for enough file descriptors.
pub(super) fn allow_connections(connections: u32) -> Result<(), String> {
    let needed = u64::from(connections) + OTHER_FILES;
    let limit = getrlimit(Resource::Nofile);
    if limit.current.is_none_or(|current| current >= needed) {
        return Ok(());
    }
    setrlimit(Resource::Nofile, Rlimit { current: Some(needed), maximum: limit.maximum })
        .map_err(|_| format!("{connections} connections are more than `ulimit -n` allows: raise it, or open fewer"))
}

/// A number of bytes as it is read: exact if it is a whole number of units, else to two digits.
pub(super) fn shown(bytes: u64) -> String {
    let unit = UNITS.iter().rev().find(|(_, scale)| bytes >= *scale);
    match unit {
        None => format!("{bytes} bytes"),
        Some((name, scale)) if bytes.is_multiple_of(*scale) => format!("{} {name}", bytes / scale),
        Some((name, scale)) => {
            let hundredths = u128::from(bytes) * 100 / u128::from(*scale);
            format!("{}.{:02} {name}", hundredths / 100, hundredths % 100)
        }
    }
}

/// A size in bytes, such as `1024`, `64KiB` or `5GiB`.
pub(super) fn size(text: &str) -> Result<u64, String> {
    let digits = text.find(|character: char| !character.is_ascii_digit()).unwrap_or(text.len());
    let (number, unit) = text.split_at(digits);
    let scale = match unit {
        "" | "B" => Some(1),
        _ => UNITS.iter().find(|(name, _)| *name == unit).map(|(_, scale)| *scale),
    };
    let size = scale.zip(number.parse::<u64>().ok()).and_then(|(scale, number)| number.checked_mul(scale));
    size.ok_or_else(|| "expected a whole number of bytes, or of KiB, MiB or GiB, such as 64KiB".to_owned())
}

/// A size that an object may have.
pub(super) fn object_size(text: &str) -> Result<u64, String> {
    size(text).and_then(|size| within(size, 1, LARGEST_OBJECT, "1 byte to 5GiB"))
}

/// A size that a part may have. Whole MiB, so that all parts but the last have the same content.
pub(super) fn part_size(text: &str) -> Result<u64, String> {
    let expected = "whole MiB from 5MiB to 5GiB";
    let size = size(text).and_then(|size| within(size, SMALLEST_PART, LARGEST_OBJECT, expected))?;
    if size.is_multiple_of(1 << 20) { Ok(size) } else { Err(format!("expected {expected}")) }
}

/// The most bytes that a run may move.
pub(super) fn total_size(text: &str) -> Result<u64, String> {
    size(text).and_then(|size| within(size, 1, MOST_BYTES, "1 byte to 10TiB"))
}

/// The time of the load.
pub(super) fn duration(text: &str) -> Result<Duration, String> {
    time(text).and_then(|time| within(time, Duration::from_millis(100), LONGEST, "100ms to 1h"))
}

/// The time before it counts.
pub(super) fn warm_up(text: &str) -> Result<Duration, String> {
    time(text).and_then(|time| within(time, Duration::ZERO, LONGEST, "0s to 1h"))
}

/// The time of one request.
pub(super) fn timeout(text: &str) -> Result<Duration, String> {
    time(text).and_then(|time| within(time, Duration::from_millis(1), LONGEST_REQUEST, "1ms to 10min"))
}

fn time(text: &str) -> Result<Duration, String> {
    humantime::parse_duration(text).map_err(|_| "expected a duration such as 30s or 5min".to_owned())
}

fn within<T: PartialOrd>(value: T, least: T, most: T, range: &str) -> Result<T, String> {
    if (least..=most).contains(&value) { Ok(value) } else { Err(format!("expected {range}")) }
}

const UNITS: [(&str, u64); 4] = [("KiB", 1 << 10), ("MiB", 1 << 20), ("GiB", 1 << 30), ("TiB", 1 << 40)];
/// What is open besides connections to the target: standard streams, the runtime, certificates.
const OTHER_FILES: u64 = 64;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_and_times_have_a_largest_value() {
        assert_eq!((size("65536"), size("64KiB"), size("2GiB")), (Ok(65_536), Ok(65_536), Ok(2 << 30)));
        for text in ["", "KiB", "-1", "1.5KiB", "64KB", "64 KiB", "18446744073709551615GiB"] {
            assert!(size(text).is_err(), "{text}");
        }
        assert_eq!(
            [0, 1023, 1024, 61_440, 11_534_336, 1500].map(shown),
            ["0 bytes", "1023 bytes", "1 KiB", "60 KiB", "11 MiB", "1.46 KiB"]
        );
        assert_eq!((object_size("5GiB"), object_size("1")), (Ok(5 << 30), Ok(1)));
        assert!(object_size("5368709121").is_err() && object_size("0").is_err());
        assert!(part_size("5MiB").is_ok() && part_size("4MiB").is_err() && part_size("5242881").is_err());
        assert!(total_size("10TiB").is_ok() && total_size("11TiB").is_err());
        assert!(duration("1h").is_ok() && duration("61min").is_err() && duration("0s").is_err());
        assert!(warm_up("0s").is_ok() && warm_up("2h").is_err() && timeout("11min").is_err());
    }
}
