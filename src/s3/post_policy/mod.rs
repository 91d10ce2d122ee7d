//! The policy of a form: until when it is good, and what its fields and its file have to be. Whoever signed it
//! lets anybody upload who keeps to it, so that whatever it does not speak of is refused.
//!
//! <https://docs.aws.amazon.com/AmazonS3/latest/API/sigv4-HTTPPOSTConstructPolicy.html>

mod json;
#[cfg(test)]
mod tests;

use std::fmt;
use std::ops::RangeInclusive;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use jiff::Timestamp;

use super::post_form::Fields;
use super::{BucketName, ErrorCode, S3Error};
use json::Json;

/// A policy that is well-formed. Whether anybody signed it is not known here.
#[derive(Clone, Debug)]
pub struct PostPolicy {
    expiration: Timestamp,
    conditions: Vec<Condition>,
}

#[derive(Clone, Debug, Eq, PartialEq)]
enum Condition {
    /// The field is this.
    Equals { field: String, value: String },
    /// The file has so many bytes.
    Length { least: u64, most: u64 },
    /// The field begins with this; of a list of content types each does.
    StartsWith { field: String, prefix: String },
}

impl PostPolicy {
    /// Reads the value of the field `policy`: base64 of a JSON document.
    ///
    /// # Errors
    /// 400 `InvalidPolicyDocument`.
    pub fn parse(field: &str) -> Result<Self, S3Error> {
        let document = STANDARD.decode(field).map_err(|_| invalid("it is not base64"))?;
        let members = match json::read(&document) {
            Ok(Json::Object(members)) => members,
            Ok(_) => return Err(invalid("it is no JSON object")),
            Err(error) => return Err(invalid(&format!("it is no valid JSON: {error}"))),
        };
        let (mut expiration, mut conditions) = (None, None);
        for (name, value) in members {
            match (&*name, value) {
                ("expiration", Json::Text(time)) => expiration = Some(moment(&time)?),
                ("conditions", Json::List(list)) => conditions = Some(list),
                ("expiration", _) => return Err(invalid("'expiration' is no text")),
                ("conditions", _) => return Err(invalid("'conditions' is no list")),
                (name, _) => return Err(invalid(&format!("it has a member '{}'", name.escape_debug()))),
            }
        }
        let expiration = expiration.ok_or_else(|| invalid("it has no 'expiration'"))?;
        let mut read = Vec::new();
        for condition in conditions.ok_or_else(|| invalid("it has no 'conditions'"))? {
            read_condition(condition, &mut read)?;
        }
        Ok(Self { expiration, conditions: read })
    }

    /// From when on the policy is good no more.
    #[must_use]
    pub fn expiration(&self) -> Timestamp {
        self.expiration
    }

    /// How many bytes the file may have.
    #[must_use]
    pub fn file_lengths(&self) -> RangeInclusive<u64> {
        let (mut least, mut most) = (0, u64::MAX);
        for condition in &self.conditions {
            if let Condition::Length { least: at_least, most: at_most } = condition {
                (least, most) = (least.max(*at_least), most.min(*at_most));
            }
        }
        least..=most
    }

    /// Holds the fields of a form for `bucket` to every condition, and lets no field in that none is about.
    /// `bucket` is that of the request's address, and there has to be a condition about it: a policy is for
    /// one bucket, not for any that its signer may write to.
    ///
    /// # Errors
    /// 403 `AccessDenied`.
    pub fn check(&self, fields: &Fields, bucket: &BucketName) -> Result<(), S3Error> {
        let off = crate::fault::check_is_off;
        let denied =
            |what: String| Err(S3Error::new(ErrorCode::AccessDenied, format!("Invalid according to Policy: {what}")));
        let other = fields.get("bucket").is_some_and(|named| named != bucket.as_str());
        if (other || !self.is_about("bucket")) && !off("form_bucket") {
            return denied("Policy Condition failed: the policy and the form have to be for this bucket".to_owned());
        }
        for condition in &self.conditions {
            if !condition.holds(fields, bucket) && !off("form_conditions") {
                return denied(format!("Policy Condition failed: {condition}"));
            }
        }
        let extra = |name: &&str| !OUTSIDE.contains(name) && !name.starts_with("x-ignore-") && !self.is_about(name);
        let extra: Vec<&str> = fields.iter().map(|(name, _)| name).filter(extra).collect();
        if !extra.is_empty() && !off("form_coverage") {
            return denied(format!("Extra input fields: {}", extra.join(", ")));
        }
        Ok(())
    }

    fn is_about(&self, name: &str) -> bool {
        self.conditions.iter().any(|condition| match condition {
            Condition::Equals { field, .. } | Condition::StartsWith { field, .. } => field == name,
            Condition::Length { .. } => false,
        })
    }
}

/// Fields that no condition has to be about.
const OUTSIDE: [&str; 3] = ["file", "policy", "x-amz-signature"];

impl Condition {
    fn holds(&self, fields: &Fields, bucket: &BucketName) -> bool {
        let value = |field: &str| if field == "bucket" { Some(bucket.as_str()) } else { fields.get(field) };
        match self {
            Self::Equals { field, value: expected } => value(field) == Some(expected),
            Self::StartsWith { field, prefix } => value(field).is_some_and(|value| {
                let lists = field == "content-type" && value.contains(',');
                if lists {
                    value.split(',').all(|one| one.trim().starts_with(prefix))
                } else {
                    value.starts_with(prefix)
                }
            }),
            // Held against the file itself.
            Self::Length { .. } => true,
        }
    }
}

impl fmt::Display for Condition {
    /// As it could stand in a policy.
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Equals { field, value } => write!(formatter, "[\"eq\", \"${field}\", {value:?}]"),
            Self::StartsWith { field, prefix } => write!(formatter, "[\"starts-with\", \"${field}\", {prefix:?}]"),
            Self::Length { least, most } => write!(formatter, "[\"content-length-range\", {least}, {most}]"),
        }
    }
}

/// `{"field": "value"}`, `["eq" or "starts-with", "$field", "value"]` or `["content-length-range", 1, 2]`.
fn read_condition(condition: Json, read: &mut Vec<Condition>) -> Result<(), S3Error> {
    match condition {
        Json::Object(members) if members.is_empty() => Err(invalid("a condition is empty")),
        Json::Object(members) => {
            for (field, value) in members {
                let Json::Text(value) = value else { return Err(invalid("the value of a condition is no text")) };
                read.push(Condition::Equals { field: field.to_ascii_lowercase(), value });
            }
            Ok(())
        }
        Json::List(items) => {
            let Ok([operator, first, second]) = <[Json; 3]>::try_from(items) else {
                return Err(invalid("a condition that is a list has three items"));
            };
            let Json::Text(operator) = operator else { return Err(invalid("a condition does not say which it is")) };
            let operator = operator.to_ascii_lowercase();
            if operator == "content-length-range" {
                let (least, most) = (bytes(&first)?, bytes(&second)?);
                if least > most {
                    return Err(invalid("a content-length-range ends before it begins"));
                }
                read.push(Condition::Length { least, most });
                return Ok(());
            }
            let (Json::Text(field), Json::Text(value)) = (first, second) else {
                return Err(invalid("a condition names its field and its value as texts"));
            };
            let field = field.strip_prefix('$').map(str::to_ascii_lowercase);
            let field = field.ok_or_else(|| invalid("the field of a condition has no '$' before its name"))?;
            read.push(match &*operator {
                "eq" => Condition::Equals { field, value },
                "starts-with" => Condition::StartsWith { field, prefix: value },
                _ => return Err(invalid("a condition is none of eq, starts-with and content-length-range")),
            });
            Ok(())
        }
        _ => Err(invalid("a condition is neither an object nor a list")),
    }
}

fn bytes(number: &Json) -> Result<u64, S3Error> {
    let digits = |text: &String| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    let number = match number {
        Json::Number(number) => Some(*number),
        // Some libraries write them as texts.
        Json::Text(text) => text.parse().ok().filter(|_| digits(text)),
        _ => None,
    };
    number.ok_or_else(|| invalid("the limits of a content-length-range are no whole numbers from 0 on"))
}

/// `2026-12-01T12:00:00.000Z`, with or without the fraction, or with an offset in place of the `Z`.
fn moment(text: &str) -> Result<Timestamp, S3Error> {
    let shape = |(index, byte): (usize, u8)| match index {
        4 | 7 => byte == b'-',
        10 => byte == b'T',
        13 | 16 => byte == b':',
        0..=18 => byte.is_ascii_digit(),
        _ => byte.is_ascii_digit() || b".:+-Z".contains(&byte),
    };
    let right = text.len() > 19 && text.bytes().enumerate().all(shape);
    text.parse().ok().filter(|_| right).ok_or_else(|| invalid("'expiration' is no time like 2026-12-01T12:00:00.000Z"))
}

fn invalid(what: &str) -> S3Error {
    let message = format!("The content of the form does not meet the conditions of a policy document: {what}.");
    S3Error::new(ErrorCode::InvalidPolicyDocument, message)
}
