//! The values of one condition, read once for their operator, and how a request's value is compared.

use std::net::IpAddr;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use ipnet::IpNet;
use jiff::Timestamp;

use super::arn::ArnTemplate;
use super::operator::{Family, Order};
use super::{Context, Template, Value, literal};
use crate::identity::OrganizationId;

/// What a document expects. A value matches if it matches one of them.
#[derive(Debug)]
pub(super) enum Comparison {
    Arn(Box<[ArnTemplate]>),
    Binary(Box<[Vec<u8>]>),
    Bool(Box<[bool]>),
    Date(Order, Box<[Timestamp]>),
    IpAddress(Box<[IpNet]>),
    Null(Box<[bool]>),
    Numeric(Order, Box<[f64]>),
    /// With or without wildcards, as compiled.
    Text(Box<[Template]>),
    TextIgnoringCase(Box<[Template]>),
}

impl Comparison {
    /// Reads `values` as `family` needs them.
    pub(super) fn parse(
        family: Family,
        values: &[String],
        variables: bool,
        organization: &OrganizationId,
    ) -> Result<Self, String> {
        if values.is_empty() {
            return Err("needs at least one value".to_owned());
        }
        let flag = |text: &str| literal::flag(text).ok_or_else(|| format!("{text:?} is neither true nor false"));
        let number = |text: &str| literal::number(text).ok_or_else(|| format!("{text:?} is not a number"));
        let exact = |text: &str| Template::exact(text, variables, organization);
        Ok(match family {
            Family::Arn => Self::Arn(all(values, |text| ArnTemplate::parse(text, variables, organization))?),
            Family::Binary => {
                Self::Binary(all(values, |text| STANDARD.decode(text).map_err(|_| format!("{text:?} is not base64")))?)
            }
            Family::Bool => Self::Bool(all(values, flag)?),
            Family::Date(order) => Self::Date(order, all(values, moment)?),
            Family::IpAddress => Self::IpAddress(all(values, |text| {
                literal::network(text)
                    .ok_or_else(|| format!("{text:?} is not an IP address or network such as 203.0.113.0/24"))
            })?),
            Family::Null => Self::Null(all(values, flag)?),
            Family::Numeric(order) => Self::Numeric(order, all(values, number)?),
            Family::StringEquals => Self::Text(all(values, exact)?),
            Family::StringEqualsIgnoreCase => Self::TextIgnoringCase(all(values, exact)?),
            Family::StringLike => Self::Text(all(values, |text| Template::wild(text, variables, organization))?),
        })
    }

    /// Whether `value`, a single one, matches one of the document's. One that cannot be read as the operator
    /// needs it matches none.
    pub(super) fn matches(&self, value: Value<'_>, context: &Context<'_>) -> bool {
        match self {
            Self::Arn(arns) => text(value).is_some_and(|text| arns.iter().any(|arn| arn.matches(text, context))),
            Self::Binary(all) => text(value).is_some_and(|text| all.iter().any(|bytes| bytes == text.as_bytes())),
            Self::Bool(flags) => flag(value).is_some_and(|flag| flags.contains(&flag)),
            Self::Date(order, times) => time(value).is_some_and(|found| is_one(*order, &found, times)),
            Self::IpAddress(networks) => {
                address(value).is_some_and(|address| networks.iter().any(|network| network.contains(&address)))
            }
            Self::Null(flags) => flags.contains(&is_null(value)),
            Self::Numeric(order, numbers) => number(value).is_some_and(|found| is_one(*order, &found, numbers)),
            Self::Text(templates) => {
                text(value).is_some_and(|text| templates.iter().any(|template| template.matches(text, context)))
            }
            Self::TextIgnoringCase(templates) => text(value)
                .is_some_and(|text| templates.iter().any(|template| template.equals_ignoring_case(text, context))),
        }
    }
}

/// Whether the request has nothing for a key. An empty text counts as nothing, as AWS's "null data set, such
/// as an empty string" does.
pub(super) fn is_null(value: Value<'_>) -> bool {
    match value {
        Value::Absent | Value::Text("") => true,
        Value::Texts(texts) => texts.iter().all(String::is_empty),
        _ => false,
    }
}

fn all<T>(values: &[String], read: impl Fn(&str) -> Result<T, String>) -> Result<Box<[T]>, String> {
    values.iter().map(|value| read(value)).collect()
}

fn moment(text: &str) -> Result<Timestamp, String> {
    let problem = || {
        format!("{text:?} is not a moment such as 2026-01-31, 2026-01-31T12:00:00Z or a number of seconds since 1970")
    };
    literal::moment(text).ok_or_else(problem)
}

fn is_one<T: PartialOrd>(order: Order, found: &T, expected: &[T]) -> bool {
    expected.iter().any(|expected| found.partial_cmp(expected).is_some_and(|ordering| order.holds(ordering)))
}

fn text(value: Value<'_>) -> Option<&str> {
    if let Value::Text(text) = value { Some(text) } else { None }
}

fn flag(value: Value<'_>) -> Option<bool> {
    match value {
        Value::Flag(flag) => Some(flag),
        value => literal::flag(text(value)?),
    }
}

fn time(value: Value<'_>) -> Option<Timestamp> {
    match value {
        Value::Time(time) => Some(time),
        value => literal::moment(text(value)?),
    }
}

fn address(value: Value<'_>) -> Option<IpAddr> {
    match value {
        Value::Address(address) => Some(address.to_canonical()),
        value => text(value)?.parse().ok().map(|address: IpAddr| address.to_canonical()),
    }
}

#[expect(clippy::cast_precision_loss, reason = "seconds since 1970 stay below 2^52 for as long as jiff counts")]
fn number(value: Value<'_>) -> Option<f64> {
    match value {
        Value::Number(number) => Some(number),
        Value::Time(time) => Some(time.as_second() as f64),
        value => literal::number(text(value)?),
    }
}
