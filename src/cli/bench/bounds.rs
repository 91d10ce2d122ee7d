//! Sizes, times and counts as they are written on the command line, and the most that each may be: whatever
//! is asked for, a run ends by itself.

use std::time::Duration;

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

/// A size in bytes, such as `1024`, `64KiB` or `5GiB`.
pub(super) fn size(text: &str) -> Result<u64, String> {
    let digits = text.find(|character: char| !character.is_ascii_digit()).unwrap_or(text.len());
    let (number, unit) = text.split_at(digits);
    let scale: Option<u64> = match unit {
        "" | "B" => Some(1),
        "KiB" => Some(1 << 10),
        "MiB" => Some(1 << 20),
        "GiB" => Some(1 << 30),
        "TiB" => Some(1 << 40),
        _ => None,
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_and_times_have_a_largest_value() {
        assert_eq!((size("65536"), size("64KiB"), size("2GiB")), (Ok(65_536), Ok(65_536), Ok(2 << 30)));
        for text in ["", "KiB", "-1", "1.5KiB", "64KB", "64 KiB", "18446744073709551615GiB"] {
            assert!(size(text).is_err(), "{text}");
        }
        assert_eq!((object_size("5GiB"), object_size("1")), (Ok(5 << 30), Ok(1)));
        assert!(object_size("5368709121").is_err() && object_size("0").is_err());
        assert!(part_size("5MiB").is_ok() && part_size("4MiB").is_err() && part_size("5242881").is_err());
        assert!(total_size("10TiB").is_ok() && total_size("11TiB").is_err());
        assert!(duration("1h").is_ok() && duration("61min").is_err() && duration("0s").is_err());
        assert!(warm_up("0s").is_ok() && warm_up("2h").is_err() && timeout("11min").is_err());
    }
}
