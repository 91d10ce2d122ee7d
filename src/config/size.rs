//! Sizes as they are written: a number of bytes, or a string with a unit of 1024 such as `"64KiB"`.

use serde::de::{Deserialize, Deserializer, Error, Unexpected, Visitor};

/// A number of bytes.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) struct Written(pub(super) u64);

impl<'de> Deserialize<'de> for Written {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(SizeVisitor)
    }
}

struct SizeVisitor;

impl Visitor<'_> for SizeVisitor {
    type Value = Written;

    fn expecting(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str("a number of bytes such as 65536 or \"64KiB\"")
    }

    fn visit_i64<E: Error>(self, bytes: i64) -> Result<Written, E> {
        u64::try_from(bytes).map(Written).map_err(|_| E::invalid_value(Unexpected::Signed(bytes), &self))
    }

    fn visit_u64<E: Error>(self, bytes: u64) -> Result<Written, E> {
        Ok(Written(bytes))
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<Written, E> {
        parse(text).map(Written).ok_or_else(|| E::invalid_value(Unexpected::Str(text), &self))
    }
}

fn parse(text: &str) -> Option<u64> {
    let digits = text.find(|character: char| !character.is_ascii_digit()).unwrap_or(text.len());
    let (number, unit) = text.split_at(digits);
    let scale: u64 = match unit.trim_start() {
        "" | "B" => 1,
        "KiB" => 1 << 10,
        "MiB" => 1 << 20,
        "GiB" => 1 << 30,
        _ => return None,
    };
    number.parse::<u64>().ok()?.checked_mul(scale)
}

#[cfg(test)]
mod tests {
    use super::parse;

    #[test]
    fn a_size_is_a_whole_number_with_an_optional_unit_of_1024() {
        assert_eq!(parse("65536"), Some(65_536));
        assert_eq!(parse("64KiB"), Some(65_536));
        assert_eq!(parse("1 MiB"), Some(1_048_576));
        assert_eq!(parse("2GiB"), Some(2_147_483_648));
        for text in ["", "KiB", "-1", "1.5KiB", "64KB", "64kib", "64 KiB ", "0x10", "18446744073709551615GiB"] {
            assert_eq!(parse(text), None, "{text}");
        }
    }
}
