//! Reads the JSON of policy documents strictly: no member twice, no deep nesting, and every complaint says
//! where. Two readers who take different ones of two members with the same name would judge differently.

use std::collections::HashSet;
use std::fmt;

use serde::de::{DeserializeSeed, Deserializer, Error, MapAccess, SeqAccess, Visitor};
use serde_json::error::Category;

use super::PolicyError;

/// A JSON value. Numbers are kept as text: documents only ever compare them with text.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Json {
    /// A number with a fraction or an exponent, or a very large one. Its text need not be the one that was
    /// written: `1.10` is `1.1` here.
    Decimal(String),
    Flag(bool),
    List(Vec<Self>),
    Null,
    Number(String),
    Object(Vec<(String, Self)>),
    Text(String),
}

/// The members of one object, taken out by name, so that what is left over is unknown.
pub(super) struct Members {
    place: String,
    members: Vec<(String, Json)>,
}

/// Reads one value and nothing after it.
pub(super) fn read(document: &[u8]) -> Result<Json, PolicyError> {
    let mut reader = serde_json::Deserializer::from_slice(document);
    let top = Reading { place: String::new(), depth_left: DEEPEST };
    let value = top.deserialize(&mut reader).and_then(|value| reader.end().map(|()| value));
    value.map_err(|error| match error.classify() {
        Category::Data => PolicyError::Malformed(error.to_string()),
        _ => PolicyError::Malformed(format!("Policies must be valid JSON and the first byte must be '{{': {error}")),
    })
}

impl Json {
    /// The text, if it is one.
    pub(super) fn text(self, place: &str) -> Result<String, PolicyError> {
        match self {
            Self::Text(text) => Ok(text),
            other => Err(PolicyError::at(place, format!("expected a text, found {}", other.what()))),
        }
    }

    /// The items of a list.
    pub(super) fn list(self, place: &str) -> Result<Vec<Self>, PolicyError> {
        match self {
            Self::List(items) => Ok(items),
            other => Err(PolicyError::at(place, format!("expected a list, found {}", other.what()))),
        }
    }

    /// What it is, for messages.
    pub(super) fn what(&self) -> &'static str {
        match self {
            Self::Flag(_) => "true or false",
            Self::List(_) => "a list",
            Self::Null => "null",
            Self::Decimal(_) | Self::Number(_) => "a number",
            Self::Object(_) => "an object",
            Self::Text(_) => "a text",
        }
    }
}

impl Members {
    /// The members of `value`, which stands at `place`.
    pub(super) fn of(value: Json, place: &str) -> Result<Self, PolicyError> {
        match value {
            Json::Object(members) => Ok(Self { place: place.to_owned(), members }),
            other => {
                let place = if place.is_empty() { "the document" } else { place };
                Err(PolicyError::at(place, format!("expected an object, found {}", other.what())))
            }
        }
    }

    /// The value called `name`, if there is one.
    pub(super) fn take(&mut self, name: &str) -> Option<Json> {
        let at = self.members.iter().position(|(member, _)| member == name)?;
        Some(self.members.remove(at).1)
    }

    /// Where the member called `name` stands.
    pub(super) fn place(&self, name: &str) -> String {
        inside(&self.place, name)
    }

    /// The members that are left, each with its name.
    pub(super) fn rest(&self) -> impl Iterator<Item = &str> {
        self.members.iter().map(|(name, _)| name.as_str())
    }

    /// Refuses what is left, naming the members that there could be.
    pub(super) fn finish(self, known: &str) -> Result<(), PolicyError> {
        match self.members.first() {
            None => Ok(()),
            Some((name, _)) => {
                Err(PolicyError::at(&self.place(name), format!("Unknown field {name}; expected one of {known}")))
            }
        }
    }
}

/// The place of the item number `index` of the list at `place`.
pub(super) fn item(place: &str, index: usize) -> String {
    format!("{place}[{index}]")
}

/// The place of the member called `name` of the object at `place`.
pub(super) fn inside(place: &str, name: &str) -> String {
    if place.is_empty() { name.to_owned() } else { format!("{place}.{name}") }
}

/// Reads the value at a place.
struct Reading {
    place: String,
    depth_left: usize,
}

impl Reading {
    fn within<E: Error>(&self, place: String) -> Result<Self, E> {
        let depth_left = self.depth_left.checked_sub(1);
        let depth_left = depth_left.ok_or_else(|| E::custom(format_args!("{}: nested too deep", self.place)))?;
        Ok(Self { place, depth_left })
    }
}

impl<'de> DeserializeSeed<'de> for Reading {
    type Value = Json;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Json, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Reading {
    type Value = Json;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("JSON")
    }

    fn visit_bool<E>(self, value: bool) -> Result<Json, E> {
        Ok(Json::Flag(value))
    }

    fn visit_i64<E>(self, value: i64) -> Result<Json, E> {
        Ok(Json::Number(value.to_string()))
    }

    fn visit_u64<E>(self, value: u64) -> Result<Json, E> {
        Ok(Json::Number(value.to_string()))
    }

    fn visit_f64<E>(self, value: f64) -> Result<Json, E> {
        Ok(Json::Decimal(value.to_string()))
    }

    fn visit_str<E>(self, value: &str) -> Result<Json, E> {
        Ok(Json::Text(value.to_owned()))
    }

    fn visit_unit<E>(self) -> Result<Json, E> {
        Ok(Json::Null)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Json, A::Error> {
        let mut values = Vec::new();
        while let Some(value) = items.next_element_seed(self.within(item(&self.place, values.len()))?)? {
            values.push(value);
        }
        Ok(Json::List(values))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut members: A) -> Result<Json, A::Error> {
        let mut values: Vec<(String, Json)> = Vec::new();
        let mut names = HashSet::new();
        while let Some(name) = members.next_key::<String>()? {
            let place = inside(&self.place, &name);
            if !names.insert(name.clone()) {
                return Err(A::Error::custom(format_args!("{place}: stands twice")));
            }
            let value = members.next_value_seed(self.within(place)?)?;
            values.push((name, value));
        }
        Ok(Json::Object(values))
    }
}

/// More than any policy needs.
const DEEPEST: usize = 12;

#[cfg(test)]
mod tests {
    use super::*;

    fn refusal(document: &str) -> String {
        read(document.as_bytes()).unwrap_err().to_string()
    }

    #[test]
    fn a_member_that_stands_twice_is_refused_with_its_place() {
        assert!(refusal(r#"{"a":1,"a":1}"#).starts_with("a: stands twice"));
        assert!(refusal(r#"{"a":[{"b":{"c":1,"\u0063":2}}]}"#).starts_with("a[0].b.c: stands twice"));
        assert!(read(br#"{"a":{"b":1},"c":{"b":1}}"#).is_ok());
    }

    #[test]
    fn what_is_no_json_is_refused_in_the_words_of_aws() {
        for document in ["", "{", "{}x", "{'a':1}", "{\"a\":1,}", "\u{feff}{}", "{} {}"] {
            assert!(refusal(document).starts_with("Policies must be valid JSON"), "{document}");
        }
        assert!(read(b"{\"a\":\"\xff\"}").is_err());
    }

    #[test]
    fn nesting_has_an_end() {
        let nested = |depth: usize| format!("{}{}", "[".repeat(depth), "]".repeat(depth));
        assert!(read(nested(DEEPEST).as_bytes()).is_ok());
        assert!(refusal(&nested(DEEPEST + 2)).contains("nested too deep"));
        assert!(read(nested(100_000).as_bytes()).is_err());
    }

    #[test]
    fn flags_and_numbers_are_kept() {
        let list = vec![
            Json::Flag(false),
            Json::Number("-3".to_owned()),
            Json::Decimal("1.5".to_owned()),
            Json::Number("18446744073709551615".to_owned()),
            Json::Null,
        ];
        assert_eq!(read(b"[false, -3, 1.5, 18446744073709551615, null]"), Ok(Json::List(list)));
    }
}
