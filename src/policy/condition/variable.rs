//! Policy variables: `${key}` and `${key, 'default'}`.
//!
//! <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_variables.html#policy-vars-infotouse>

use std::fmt::{self, Write};

use super::{ConditionKey, Context, FixedKey, KeyKind, Value};
use crate::identity::OrganizationId;

/// What the request has for a key, or else a default.
#[derive(Clone, Debug)]
pub(super) struct Variable {
    key: ConditionKey,
    default: Option<Box<str>>,
}

/// The text that takes the place of a variable.
pub(super) enum Substitute<'a> {
    /// Text of the request, or the default.
    Borrowed(&'a str),
    /// Something that is written as text first.
    Written(ShortText),
}

/// Up to 64 bytes of text, without an allocation: enough for an address, a moment or a number.
pub(super) struct ShortText {
    bytes: [u8; 64],
    length: usize,
}

impl Variable {
    /// Reads a variable at the beginning of `text`, which begins with `${`; also gives what follows it.
    pub(super) fn parse<'t>(text: &'t str, organization: &OrganizationId) -> Result<(Self, &'t str), String> {
        let unclosed = || format!("the policy variable at {:?} is not closed with }}", shortened(text));
        let inner = text.strip_prefix("${").ok_or_else(unclosed)?;
        let end = inner.find([',', '}']).ok_or_else(unclosed)?;
        let (name, rest) = inner.split_at(end);
        let (default, after) = match rest.strip_prefix(',') {
            Some(rest) => {
                let problem = || {
                    format!("the default of the policy variable ${{{name}}} is to be written as ${{{name}, 'default'}}")
                };
                let quoted = rest.trim_start().strip_prefix('\'').ok_or_else(problem)?;
                let (default, rest) = quoted.split_once('\'').ok_or_else(problem)?;
                (Some(default.into()), rest.trim_start().strip_prefix('}').ok_or_else(problem)?)
            }
            None => (None, rest.strip_prefix('}').ok_or_else(unclosed)?),
        };
        let key = ConditionKey::named(name, organization)
            .map_err(|problem| format!("the policy variable ${{{name}}} means nothing here: {problem}"))?;
        if key.kind() == KeyKind::Texts {
            return Err(format!("{name} can have several values, so it cannot be a policy variable"));
        }
        Ok((Self { key, default }, after))
    }

    /// Its key, unless it has a default.
    pub(super) fn name_without_default(&self) -> Option<String> {
        self.default.is_none().then(|| self.key.to_string())
    }

    /// What stands for it in this request. An empty value is none, as in AWS: "has no value".
    pub(super) fn substitute<'a>(&'a self, context: &Context<'a>) -> Option<Substitute<'a>> {
        let found = match context.value(&self.key) {
            Value::Absent | Value::Text("") | Value::Texts(_) => None,
            Value::Text(text) => Some(Substitute::Borrowed(text)),
            value => ShortText::of(&self.key, value).map(Substitute::Written),
        };
        found.or_else(|| self.default.as_deref().map(Substitute::Borrowed))
    }
}

impl Substitute<'_> {
    /// The text.
    pub(super) fn as_str(&self) -> &str {
        match self {
            Self::Borrowed(text) => text,
            Self::Written(text) => text.as_str(),
        }
    }
}

impl ShortText {
    fn of(key: &ConditionKey, value: Value<'_>) -> Option<Self> {
        let mut text = Self { bytes: [0; 64], length: 0 };
        write_value(&mut text, key, value).ok().map(|()| text)
    }

    fn as_str(&self) -> &str {
        // Only whole `str`s are ever appended, so the bytes are UTF-8.
        std::str::from_utf8(&self.bytes[..self.length]).unwrap_or_default()
    }
}

impl Write for ShortText {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        let end = self.length + text.len();
        self.bytes.get_mut(self.length..end).ok_or(fmt::Error)?.copy_from_slice(text.as_bytes());
        self.length = end;
        Ok(())
    }
}

/// Writes a value as documents write it; several texts one after the other.
pub(super) fn write_value(into: &mut impl Write, key: &ConditionKey, value: Value<'_>) -> fmt::Result {
    match value {
        Value::Absent => Ok(()),
        Value::Address(address) => write!(into, "{}", address.to_canonical()),
        Value::Flag(flag) => write!(into, "{flag}"),
        Value::Number(number) => write!(into, "{number}"),
        Value::Text(text) => into.write_str(text),
        Value::Texts(texts) => texts.iter().try_for_each(|text| into.write_str(text)),
        Value::Time(time) if *key == ConditionKey::Fixed(FixedKey::EpochTime) => write!(into, "{}", time.as_second()),
        Value::Time(time) => write!(into, "{time}"),
    }
}

fn shortened(text: &str) -> String {
    text.chars().take(40).collect()
}
