//! Reads JSON that others wrote, strictly: an object, no member twice, no deep nesting. Two readers who
//! take different ones of two members with the same name are an old way around a check.

use std::fmt;

use serde::de::{DeserializeSeed, Deserializer, Error, MapAccess, SeqAccess, Visitor};
use serde_json::{Map, Number, Value};

/// Why a text was not read. Says nothing of what is in it.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
pub(super) enum JsonError {
    /// Not JSON, or a member stands twice, or it is nested deeper than [`DEEPEST`].
    #[error("it is no JSON (UTF-8, no member twice, at most {DEEPEST} levels deep)")]
    Text,
    /// Something else than an object.
    #[error("it is no JSON object")]
    NoObject,
}

/// Reads one object and nothing after it.
pub(super) fn read_object(text: &[u8]) -> Result<Map<String, Value>, JsonError> {
    let mut reader = serde_json::Deserializer::from_slice(text);
    let value = Strict { depth_left: DEEPEST }.deserialize(&mut reader).map_err(|_| JsonError::Text)?;
    reader.end().map_err(|_| JsonError::Text)?;
    match value {
        Value::Object(members) => Ok(members),
        _ => Err(JsonError::NoObject),
    }
}

/// Reads a value that is nested at most so deep.
#[derive(Clone, Copy)]
struct Strict {
    depth_left: usize,
}

impl Strict {
    fn deeper<E: Error>(self) -> Result<Self, E> {
        let depth_left = self.depth_left.checked_sub(1).ok_or_else(|| E::custom("nested too deep"))?;
        Ok(Self { depth_left })
    }
}

impl<'de> DeserializeSeed<'de> for Strict {
    type Value = Value;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Value, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Strict {
    type Value = Value;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("JSON")
    }

    fn visit_bool<E>(self, value: bool) -> Result<Value, E> {
        Ok(Value::Bool(value))
    }

    fn visit_i64<E>(self, value: i64) -> Result<Value, E> {
        Ok(Value::Number(value.into()))
    }

    fn visit_u64<E>(self, value: u64) -> Result<Value, E> {
        Ok(Value::Number(value.into()))
    }

    fn visit_f64<E: Error>(self, value: f64) -> Result<Value, E> {
        Number::from_f64(value).map(Value::Number).ok_or_else(|| E::custom("not a finite number"))
    }

    fn visit_str<E>(self, value: &str) -> Result<Value, E> {
        Ok(Value::String(value.to_owned()))
    }

    fn visit_unit<E>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Value, A::Error> {
        let inner = self.deeper()?;
        let mut values = Vec::new();
        while let Some(value) = items.next_element_seed(inner)? {
            values.push(value);
        }
        Ok(Value::Array(values))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut members: A) -> Result<Value, A::Error> {
        let inner = self.deeper()?;
        let mut values = Map::new();
        while let Some(name) = members.next_key::<String>()? {
            if values.insert(name, members.next_value_seed(inner)?).is_some() {
                return Err(A::Error::custom("a member stands twice"));
            }
        }
        Ok(Value::Object(values))
    }
}

/// More than any token or key set needs.
const DEEPEST: usize = 16;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_object_is_read_with_everything_in_it() {
        let text = br#"{"a":[1,-2,3.5,"x",true,null],"b":{"c":{}},"u":18446744073709551615}"#;
        let read = read_object(text).unwrap();
        assert_eq!(Value::Object(read), serde_json::from_slice::<Value>(text).unwrap());
    }

    #[test]
    fn whatever_two_readers_might_take_differently_is_refused() {
        let refused: [&[u8]; 9] = [
            br#"{"a":1,"a":1}"#,
            br#"{"b":[{"a":1,"\u0061":2}]}"#,
            b"{} {}",
            b"{}x",
            b"\xef\xbb\xbf{}",
            b"{\"a\":\"\xff\"}",
            b"{'a':1}",
            b"{\"a\":1,}",
            b"",
        ];
        for text in refused {
            assert_eq!(read_object(text), Err(JsonError::Text), "{}", String::from_utf8_lossy(text));
        }
        for text in ["[]", "1", "\"a\"", "null"] {
            assert_eq!(read_object(text.as_bytes()), Err(JsonError::NoObject), "{text}");
        }
    }

    #[test]
    fn nesting_has_an_end() {
        let nested = |depth: usize| format!("{{\"a\":{}{}}}", "[".repeat(depth - 1), "]".repeat(depth - 1));
        assert!(read_object(nested(DEEPEST).as_bytes()).is_ok());
        assert_eq!(read_object(nested(DEEPEST + 1).as_bytes()), Err(JsonError::Text));
        assert_eq!(read_object(nested(100_000).as_bytes()), Err(JsonError::Text));
    }
}
