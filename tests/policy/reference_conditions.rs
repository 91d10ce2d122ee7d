//! The condition operators of the reference evaluator, from AWS's pages:
//! <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_condition_operators.html>,
//! <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_multi-value-conditions.html> and
//! <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_variables.html>.

use std::net::IpAddr;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::Value;

use crate::asked::{Asked, Known};
use crate::coverage::{Coverage, Form, Outcome};
use crate::reference::{Piece, glob, wildcards};

/// Whether `${...}` means something: not before version 2012-10-17.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Variables {
    Literal,
    Replaced,
}

/// One line of a `Condition` block.
pub(crate) fn condition_is_met(
    operator: &str,
    key: &str,
    written: &[&Value],
    variables: Variables,
    asked: &Asked,
    coverage: &mut Coverage,
) -> bool {
    // "aws:EpochTime": whole seconds.
    let whole_seconds = |known: &Known| match known {
        Known::One(text) if key.eq_ignore_ascii_case("aws:EpochTime") => {
            Known::One(text.split_once('.').map_or(text.clone(), |(seconds, _)| format!("{seconds}Z")))
        }
        other => other.clone(),
    };
    let found = known(key, asked).map(whole_seconds);
    let found_values: Option<Vec<&str>> = found.as_ref().map(|known| match known {
        Known::One(text) => vec![text.as_str()],
        Known::Many(texts) => texts.iter().map(String::as_str).collect(),
    });
    let was_empty = found_values.as_ref().is_some_and(Vec::is_empty);
    // A request cannot carry a key with no values at all, so an empty list is a missing key.
    let found_values = found_values.filter(|values| !values.is_empty());
    // "key values resolve to a null data set, such as an empty string"
    let null = found_values.iter().flatten().all(|value| value.is_empty());
    let (set, rest) = match operator.split_once(':') {
        Some((set, rest)) => (Some(set), rest),
        None => (None, operator),
    };
    let (base, if_exists) = match rest.strip_suffix("IfExists") {
        Some(base) => (base, true),
        None => (rest, false),
    };
    let written: Vec<String> = written.iter().map(|value| as_text(value)).collect();
    // What a single value has to be to pass, negation included: the negated operators pass if the value
    // matches none of those written.
    let (positive, negated) = positive(base);
    let passes = |value: &str| written.iter().any(|one| matches(positive, one, value, variables, asked)) != negated;
    let met = match (base, set, &found_values) {
        // "true (the key doesn't exist — it is null) or false (the key exists and its value is not null)"
        ("Null", ..) => written.iter().any(|wanted| (wanted == "true") == null),
        // "If the key is not present, evaluate the condition element as true."
        (_, _, None) if if_exists => true,
        // "It also returns true if there are no keys in the request, or if the key values resolve to a null
        // data set, such as an empty string."
        (_, Some("ForAllValues"), _) if null => true,
        // "For no matching key or a null dataset, the condition returns false."
        (_, Some("ForAnyValue"), _) if null => false,
        (_, Some("ForAllValues"), values) => values.iter().flatten().all(|value| passes(value)),
        (_, Some("ForAnyValue"), values) => values.iter().flatten().any(|value| passes(value)),
        // "the values do not match and the condition is false. If the policy condition requires that the
        // key is not matched, [...] the condition is true."
        (_, _, None) => negated,
        (_, _, Some(values)) => values.iter().all(|value| passes(value)),
    };
    let form = match (set, if_exists) {
        (Some("ForAllValues"), false) => Form::ForAllValues,
        (Some("ForAllValues"), true) => Form::ForAllValuesIfExists,
        (Some(_), false) => Form::ForAnyValue,
        (Some(_), true) => Form::ForAnyValueIfExists,
        (None, true) => Form::IfExists,
        (None, false) => Form::Plain,
    };
    coverage.condition(base, form, if met { Outcome::Met } else { Outcome::NotMet });
    match &found_values {
        None => coverage.condition(base, form, Outcome::MissingKey),
        Some(values) if values.len() > 1 || (set.is_none() && written.len() > 1) => {
            coverage.condition(base, form, Outcome::SeveralValues);
        }
        Some(_) => {}
    }
    if was_empty {
        coverage.condition(base, form, Outcome::EmptySet);
    }
    met
}

/// "Condition key names are not case-sensitive", but for the tag keys of a request, which are S3's.
fn known<'a>(key: &str, asked: &'a Asked) -> Option<&'a Known> {
    let same = |name: &str| match (name.strip_prefix("s3:RequestObjectTag/"), key.split_once('/')) {
        (Some(tag), Some((prefix, wanted))) => prefix.eq_ignore_ascii_case("s3:RequestObjectTag") && tag == wanted,
        _ => name.eq_ignore_ascii_case(key),
    };
    asked.known.iter().find(|(name, _)| same(name)).map(|(_, known)| known)
}

/// The operator that a negated operator negates.
fn positive(base: &str) -> (&str, bool) {
    match base {
        "ArnNotEquals" | "ArnNotLike" => ("ArnLike", true),
        "DateNotEquals" => ("DateEquals", true),
        "NotIpAddress" => ("IpAddress", true),
        "NumericNotEquals" => ("NumericEquals", true),
        "StringNotEquals" => ("StringEquals", true),
        "StringNotEqualsIgnoreCase" => ("StringEqualsIgnoreCase", true),
        "StringNotLike" => ("StringLike", true),
        other => (other, false),
    }
}

/// Whether `found` is what `written` asks for.
fn matches(operator: &str, written: &str, found: &str, variables: Variables, asked: &Asked) -> bool {
    let number = || Some((found.parse::<f64>().ok()?, written.parse::<f64>().ok()?));
    let date = || Some((moment(found)?, moment(written)?));
    match operator {
        "StringEquals" => variables.text(written, asked).is_some_and(|written| written == found),
        "StringEqualsIgnoreCase" => {
            variables.text(written, asked).is_some_and(|written| written.to_lowercase() == found.to_lowercase())
        }
        "StringLike" => {
            let found: Vec<_> = found.chars().collect();
            variables.pattern(written, asked).is_some_and(|pattern| glob(&pattern, &found))
        }
        "ArnEquals" | "ArnLike" => variables.pattern(written, asked).is_some_and(|pattern| arn(&pattern, found)),
        "NumericEquals" => number().is_some_and(|(found, written)| found.total_cmp(&written).is_eq()),
        "NumericLessThan" => number().is_some_and(|(found, written)| found < written),
        "NumericLessThanEquals" => number().is_some_and(|(found, written)| found <= written),
        "NumericGreaterThan" => number().is_some_and(|(found, written)| found > written),
        "NumericGreaterThanEquals" => number().is_some_and(|(found, written)| found >= written),
        "DateEquals" => date().is_some_and(|(found, written)| found == written),
        "DateLessThan" => date().is_some_and(|(found, written)| found < written),
        "DateLessThanEquals" => date().is_some_and(|(found, written)| found <= written),
        "DateGreaterThan" => date().is_some_and(|(found, written)| found > written),
        "DateGreaterThanEquals" => date().is_some_and(|(found, written)| found >= written),
        "Bool" => found.eq_ignore_ascii_case(written),
        "BinaryEquals" => STANDARD.decode(written).is_ok_and(|bytes| bytes == found.as_bytes()),
        "IpAddress" => is_within(found, written),
        other => panic!("no operator {other}"),
    }
}

impl Variables {
    /// The text that is meant; none if a variable has no value.
    fn text(self, written: &str, asked: &Asked) -> Option<String> {
        if self == Self::Literal {
            return Some(written.to_owned());
        }
        let mut text = String::new();
        for part in parts(written) {
            match part {
                Part::Plain(plain) => text.push_str(plain),
                Part::Variable(variable) => text.push_str(&resolve(variable, asked)?),
            }
        }
        Some(text)
    }

    /// The pattern that is meant: wildcards are those that the author wrote, never those of a value.
    pub(crate) fn pattern(self, written: &str, asked: &Asked) -> Option<Vec<Piece>> {
        if self == Self::Literal {
            return Some(wildcards(written));
        }
        let mut pattern = Vec::new();
        for part in parts(written) {
            match part {
                Part::Plain(plain) => pattern.extend(wildcards(plain)),
                Part::Variable(variable) => pattern.extend(resolve(variable, asked)?.chars().map(Piece::Literal)),
            }
        }
        Some(pattern)
    }
}

enum Part<'a> {
    Plain(&'a str),
    Variable(&'a str),
}

fn parts(written: &str) -> Vec<Part<'_>> {
    let mut parts = Vec::new();
    let mut rest = written;
    while let Some((before, from)) = rest.split_once("${") {
        let (variable, after) = from.split_once('}').unwrap_or_else(|| panic!("an open variable: {written}"));
        parts.push(Part::Plain(before));
        parts.push(Part::Variable(variable));
        rest = after;
    }
    parts.push(Part::Plain(rest));
    parts
}

/// The value of what stands between the braces: `*`, `?`, `$`, `key` or `key, 'default'`.
fn resolve(variable: &str, asked: &Asked) -> Option<String> {
    if ["*", "?", "$"].contains(&variable) {
        return Some(variable.to_owned());
    }
    let (key, default) = match variable.split_once(',') {
        Some((key, default)) => (key.trim(), Some(default.trim().trim_matches('\'').to_owned())),
        None => (variable, None),
    };
    match known(key, asked) {
        // "references a condition context key that has no value or is not present"
        Some(Known::One(text)) if !text.is_empty() => Some(text.clone()),
        _ => default,
    }
}

/// "Each of the six colon-delimited components of the ARN is checked separately".
fn arn(pattern: &[Piece], found: &str) -> bool {
    let mut patterns: Vec<&[Piece]> = pattern.splitn(6, |piece| *piece == Piece::Literal(':')).collect();
    let found: Vec<&str> = found.splitn(6, ':').collect();
    if pattern == [Piece::Anything] {
        patterns = vec![pattern; 6];
    }
    let same = |(pattern, found): (&&[Piece], &&str)| glob(pattern, &found.chars().collect::<Vec<_>>());
    patterns.len() == 6 && found.len() == 6 && patterns.iter().zip(&found).all(same)
}

/// Whether the address `found` lies in `written`, an address or a network.
fn is_within(found: &str, written: &str) -> bool {
    let bits = |address: IpAddr| -> Vec<bool> {
        let bytes = match address {
            IpAddr::V4(address) => address.octets().to_vec(),
            IpAddr::V6(address) => address.octets().to_vec(),
        };
        bytes.iter().flat_map(|byte| (0..8).rev().map(move |bit| byte >> bit & 1 == 1)).collect()
    };
    let (network, length) = match written.split_once('/') {
        Some((network, length)) => (network, length.parse().ok()),
        None => (written, None),
    };
    let (Ok(found), Ok(network)) = (found.parse(), network.parse()) else { return false };
    let (found, network) = (bits(found), bits(network));
    let length: usize = length.unwrap_or(network.len());
    found.len() == network.len() && found[..length] == network[..length]
}

/// Nanoseconds since 1970 of a date of ISO 8601 as W3C has it, or of seconds since 1970.
fn moment(text: &str) -> Option<i128> {
    const SECOND: i128 = 1_000_000_000;
    if let Ok(seconds) = text.parse::<i128>()
        && text.len() != 4
    {
        return Some(seconds * SECOND);
    }
    let (date, time) = text.split_once('T').unwrap_or((text, "00:00:00Z"));
    let mut date = date.split('-').map(|part| part.parse::<i128>().ok());
    let (year, month, day) = (date.next()??, date.next().unwrap_or(Some(1))?, date.next().unwrap_or(Some(1))?);
    let offset_at = time.find(['Z', '+', '-'])?;
    let (clock, offset) = time.split_at(offset_at);
    let offset_minutes = if offset == "Z" {
        0
    } else {
        let (hours, minutes) = offset[1..].split_once(':')?;
        let minutes = hours.parse::<i128>().ok()? * 60 + minutes.parse::<i128>().ok()?;
        if offset.starts_with('-') { -minutes } else { minutes }
    };
    let (clock, fraction) = clock.split_once('.').unwrap_or((clock, "0"));
    let fraction = format!("{fraction:0<9}").parse::<i128>().ok()?;
    let mut clock = clock.split(':').map(|part| part.parse::<i128>().ok());
    let (hour, minute, second) = (clock.next()??, clock.next()??, clock.next().unwrap_or(Some(0))?);
    let seconds = (days(year, month, day) * 24 + hour) * 3600 + (minute - offset_minutes) * 60 + second;
    Some(seconds * SECOND + fraction)
}

/// Days since 1970-01-01, counted one year and one month after the other.
fn days(year: i128, month: i128, day: i128) -> i128 {
    let leap = |year: i128| year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
    let of_year = |year| if leap(year) { 366 } else { 365 };
    let years: i128 = (1970..year).map(of_year).sum::<i128>() - (year..1970).map(of_year).sum::<i128>();
    let february = if leap(year) { 29 } else { 28 };
    let months = [31, february, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31];
    years + months.iter().take(usize::try_from(month).unwrap() - 1).sum::<i128>() + day - 1
}

/// A condition's value may be written as a number or as true and false.
pub(crate) fn as_text(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        other => other.to_string(),
    }
}
