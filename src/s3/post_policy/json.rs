//! Reads the JSON of a form's policy strictly: no member twice, no deep nesting. Two readers who take
//! different ones of two members with the same name would judge differently.

use std::fmt;

use serde::de::{DeserializeSeed, Deserializer, Error, MapAccess, SeqAccess, Visitor};

/// A JSON value, as far as policies of forms have any.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Json {
    List(Vec<Self>),
    Number(u64),
    Object(Vec<(String, Self)>),
    /// A flag, null, or a number that is no count of bytes.
    Other,
    Text(String),
}

/// Reads one value and nothing after it.
pub(super) fn read(document: &[u8]) -> Result<Json, serde_json::Error> {
    let mut reader = serde_json::Deserializer::from_slice(document);
    let value = Reading { depth_left: DEEPEST }.deserialize(&mut reader)?;
    reader.end()?;
    Ok(value)
}

/// A policy is an object with a list of objects and lists.
const DEEPEST: usize = 4;

#[derive(Clone, Copy)]
struct Reading {
    depth_left: usize,
}

impl Reading {
    fn deeper<E: Error>(self) -> Result<Self, E> {
        let depth_left = self.depth_left.checked_sub(1);
        depth_left.map(|depth_left| Self { depth_left }).ok_or_else(|| E::custom("it is nested too deep"))
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
        formatter.write_str("a JSON value")
    }

    fn visit_bool<E>(self, _: bool) -> Result<Json, E> {
        Ok(Json::Other)
    }

    fn visit_i64<E>(self, _: i64) -> Result<Json, E> {
        Ok(Json::Other)
    }

    fn visit_u64<E>(self, number: u64) -> Result<Json, E> {
        Ok(Json::Number(number))
    }

    fn visit_f64<E>(self, _: f64) -> Result<Json, E> {
        Ok(Json::Other)
    }

    fn visit_unit<E>(self) -> Result<Json, E> {
        Ok(Json::Other)
    }

    fn visit_str<E>(self, text: &str) -> Result<Json, E> {
        Ok(Json::Text(text.to_owned()))
    }

    fn visit_string<E>(self, text: String) -> Result<Json, E> {
        Ok(Json::Text(text))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Json, A::Error> {
        let deeper = self.deeper()?;
        let mut list = Vec::new();
        while let Some(item) = items.next_element_seed(deeper)? {
            list.push(item);
        }
        Ok(Json::List(list))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut members: A) -> Result<Json, A::Error> {
        let deeper = self.deeper()?;
        let mut object: Vec<(String, Json)> = Vec::new();
        while let Some(name) = members.next_key::<String>()? {
            // Each with each: more than a few are no policy.
            if object.len() == MOST_MEMBERS || object.iter().any(|(known, _)| *known == name) {
                return Err(A::Error::custom("an object has a member twice, or very many"));
            }
            let value = members.next_value_seed(deeper)?;
            object.push((name, value));
        }
        Ok(Json::Object(object))
    }
}

const MOST_MEMBERS: usize = 100;
