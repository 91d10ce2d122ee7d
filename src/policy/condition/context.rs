//! What is known of a request besides who asks for what.

use std::net::IpAddr;

use jiff::Timestamp;

use super::key::{ConditionKey, FixedKey};
use crate::identity::Attributes;

/// The values that a request has for condition keys. Lives on the stack for the length of one request.
#[derive(Clone, Debug)]
pub struct Context<'a> {
    fixed: [Value<'a>; FixedKey::COUNT],
    principal_tags: Option<&'a Attributes>,
    request_tags: &'a [(String, String)],
}

/// What a request has for one condition key.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub enum Value<'a> {
    /// Nothing: the key is missing.
    #[default]
    Absent,
    /// An IP address.
    Address(IpAddr),
    /// `true` or `false`.
    Flag(bool),
    /// A number.
    Number(f64),
    /// Text, an ARN included.
    Text(&'a str),
    /// Any number of texts, none included.
    Texts(&'a [String]),
    /// A moment.
    Time(Timestamp),
}

impl<'a> Context<'a> {
    /// Nothing is known.
    #[must_use]
    pub fn new() -> Self {
        Self { fixed: [Value::Absent; FixedKey::COUNT], principal_tags: None, request_tags: &[] }
    }

    /// Notes a value. The epoch is counted in whole seconds.
    pub fn set(&mut self, key: FixedKey, value: Value<'a>) {
        self.fixed[key as usize] = match (key, value) {
            (FixedKey::EpochTime, Value::Time(time)) => {
                Value::Time(Timestamp::from_second(time.as_second()).unwrap_or(time))
            }
            (_, value) => value,
        };
    }

    /// Notes the attributes of the key, for `aws:PrincipalTag/<name>`.
    pub fn set_principal_tags(&mut self, attributes: &'a Attributes) {
        self.principal_tags = Some(attributes);
    }

    /// Notes the tags that come with the request, for `s3:RequestObjectTag/<name>`.
    pub fn set_request_tags(&mut self, tags: &'a [(String, String)]) {
        self.request_tags = tags;
    }

    /// The value for `key`.
    #[must_use]
    pub fn value(&self, key: &ConditionKey) -> Value<'a> {
        let text = |found: Option<&'a str>| found.map_or(Value::Absent, Value::Text);
        match key {
            ConditionKey::Fixed(key) => self.fixed[*key as usize],
            // Tag keys of principals compare without regard to case, as in IAM.
            ConditionKey::PrincipalTag(name) => {
                text(self.principal_tags.and_then(|tags| {
                    tags.iter().find(|(key, _)| key.eq_ignore_ascii_case(name)).map(|(_, value)| value)
                }))
            }
            ConditionKey::RequestObjectTag(name) => {
                text(self.request_tags.iter().find(|(key, _)| **key == **name).map(|(_, value)| &**value))
            }
        }
    }

    /// The names and values behind `aws:PrincipalTag/` and `s3:RequestObjectTag/`.
    pub(super) fn tags(&self) -> impl Iterator<Item = (ConditionKey, &'a str)> {
        let principal = self.principal_tags.into_iter().flat_map(Attributes::iter);
        let principal = principal.map(|(name, value)| (ConditionKey::PrincipalTag(name.into()), value));
        let request = self.request_tags.iter();
        principal.chain(request.map(|(name, value)| (ConditionKey::RequestObjectTag(name.as_str().into()), &**value)))
    }

    /// Every fixed key that has a value.
    pub fn known(&self) -> impl Iterator<Item = (FixedKey, Value<'a>)> {
        let all = FixedKey::ALL.iter().map(|key| (*key, self.fixed[*key as usize]));
        all.filter(|(_, value)| *value != Value::Absent)
    }
}

impl Default for Context<'_> {
    fn default() -> Self {
        Self::new()
    }
}
