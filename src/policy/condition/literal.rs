//! Numbers, moments and networks as documents and headers write them.

use std::net::IpAddr;

use ipnet::IpNet;
use jiff::Timestamp;
use jiff::civil::Date;
use jiff::tz::TimeZone;

/// A whole or decimal number: `10`, `-1`, `1.2`.
pub(super) fn number(text: &str) -> Option<f64> {
    let digits = text.strip_prefix('-').unwrap_or(text);
    let (whole, fraction) = digits.split_once('.').unwrap_or((digits, "0"));
    // `f64` also reads exponents, `inf` and `nan`, which are no numbers in a policy.
    let right = |part: &str| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit());
    if right(whole) && right(fraction) { text.parse().ok() } else { None }
}

/// A moment in one of W3C's forms of ISO 8601, or in seconds since 1970.
///
/// A number of four digits would be a year there and 1970 here; it is neither. A date is its midnight in UTC.
///
/// <https://www.w3.org/TR/NOTE-datetime>
pub(super) fn moment(text: &str) -> Option<Timestamp> {
    let midnight = |date: Date| date.to_zoned(TimeZone::UTC).ok().map(|midnight| midnight.timestamp());
    let bytes = text.as_bytes();
    if !bytes.is_empty() && bytes.iter().all(u8::is_ascii_digit) {
        return if bytes.len() == 4 { None } else { Timestamp::from_second(text.parse().ok()?).ok() };
    }
    let digits = |part: &str| part.bytes().all(|byte| byte.is_ascii_digit());
    match text.split_once('-') {
        Some((year, month)) if year.len() == 4 && month.len() == 2 && digits(year) && digits(month) => {
            midnight(Date::new(year.parse().ok()?, month.parse().ok()?, 1).ok()?)
        }
        _ if bytes.len() == 10 => midnight(text.parse().ok()?),
        _ if is_date_and_time(bytes) == Some(true) => text.parse().ok(),
        _ => None,
    }
}

/// Whether `text` looks like `2026-01-31T12:00`, perhaps with seconds and parts of them, and a zone behind it.
/// The parser of moments also takes what W3C's forms do not have: hours alone, names of zones, spaces.
fn is_date_and_time(text: &[u8]) -> Option<bool> {
    let behind_minutes = after(text, b"0000-00-00T00:00")?;
    let zone = match after(behind_minutes, b":00") {
        None => behind_minutes,
        Some([b'.', fraction @ ..]) => {
            let digits = fraction.iter().take_while(|byte| byte.is_ascii_digit()).count();
            (digits > 0).then(|| &fraction[digits..])?
        }
        Some(behind_seconds) => behind_seconds,
    };
    let signs = |zone| after(zone, b"+00:00").or_else(|| after(zone, b"-00:00"));
    Some(zone == b"Z" || signs(zone) == Some(b""))
}

/// What is behind a beginning like `form`, in which 0 is any digit.
fn after<'t>(text: &'t [u8], form: &[u8]) -> Option<&'t [u8]> {
    let (beginning, rest) = text.split_at_checked(form.len())?;
    let fits = |(found, wanted): (&u8, &u8)| found == wanted || *wanted == b'0' && found.is_ascii_digit();
    beginning.iter().zip(form).all(fits).then_some(rest)
}

/// A network: an address, or an address and a length. IPv6 forms of IPv4 addresses are IPv4.
pub(in crate::policy) fn network(text: &str) -> Option<IpNet> {
    let net = match text.parse::<IpNet>() {
        Ok(net) => net,
        Err(_) => IpNet::from(text.parse::<IpAddr>().ok()?),
    };
    let IpNet::V6(v6) = net else { return Some(net) };
    match (v6.addr().to_ipv4_mapped(), v6.prefix_len().checked_sub(96)) {
        (Some(address), Some(length)) => IpNet::new(address.into(), length).ok(),
        _ => Some(net),
    }
}

/// `true` or `false`, in letters of either case.
pub(super) fn flag(text: &str) -> Option<bool> {
    [true, false].into_iter().find(|flag| text.eq_ignore_ascii_case(if *flag { "true" } else { "false" }))
}
