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
        // The name of a time zone in brackets is an extension that W3C's forms do not have.
        _ if text.contains('[') => None,
        _ => text.parse().ok(),
    }
}

/// A network: an address, or an address and a length. IPv6 forms of IPv4 addresses are IPv4.
pub(super) fn network(text: &str) -> Option<IpNet> {
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
