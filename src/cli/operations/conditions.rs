//! The condition keys and operators that bucket policies may use: the closed list, from the code that
//! judges by it.

use std::fmt::Write as _;

use serde::Serialize;

use crate::policy::{FixedKey, KeyKind, operators};

/// Everything that a condition may be made of.
#[derive(Serialize)]
struct Conditions {
    keys: Vec<Key>,
    operators: Vec<Operator>,
}

#[derive(Serialize)]
struct Key {
    name: &'static str,
    values: &'static str,
    about: &'static str,
}

#[derive(Serialize)]
struct Operator {
    name: &'static str,
    about: &'static str,
}

impl Conditions {
    fn all() -> Self {
        let fixed = FixedKey::ALL.iter();
        let fixed = fixed.map(|key| Key { name: key.name(), values: kind(key.kind()), about: key.about() });
        let mut keys: Vec<Key> = fixed.chain(FAMILIES).collect();
        keys.sort_by_key(|key| key.name.to_ascii_lowercase());
        Self { keys, operators: operators().map(|(name, about)| Operator { name, about }).collect() }
    }
}

/// Keys with a name of somebody's choosing in their name.
const FAMILIES: [Key; 2] = [
    Key { name: "aws:PrincipalTag/<name>", values: "text", about: "an attribute of the key, if it has that one" },
    Key { name: "s3:RequestObjectTag/<name>", values: "text", about: "a tag that comes with the request, if it does" },
];

fn kind(kind: KeyKind) -> &'static str {
    match kind {
        KeyKind::Address => "address",
        KeyKind::Arn => "ARN",
        KeyKind::Flag => "true, false",
        KeyKind::Number => "number",
        KeyKind::Text => "text",
        KeyKind::Texts => "texts",
        KeyKind::Time => "time",
    }
}

pub(super) fn as_json() -> String {
    let mut text = serde_json::to_string_pretty(&Conditions::all()).expect("names have a JSON form");
    text.push('\n');
    text
}

pub(super) fn as_text() -> String {
    let Conditions { keys, operators } = Conditions::all();
    let mut text = String::new();
    // Writing to a string cannot fail.
    let _ = writeln!(text, "{:58} {:12} ABOUT", "KEY", "VALUES");
    for Key { name, values, about } in keys {
        let _ = writeln!(text, "{name:58} {values:12} {about}");
    }
    let _ = writeln!(text, "\n{:28} COMPARES", "OPERATOR");
    for Operator { name, about } in operators {
        let _ = writeln!(text, "{name:28} {about}");
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_key_and_operator_is_listed_once() {
        let text = as_text();
        let first_words: Vec<&str> = text.lines().filter_map(|line| line.split_whitespace().next()).collect();
        let times = |name: &str| first_words.iter().filter(|word| **word == name).count();
        for name in FixedKey::ALL.iter().map(|key| key.name()).chain(operators().map(|(name, _)| name)) {
            assert_eq!(times(name), 1, "{name}");
        }
    }

    #[test]
    fn the_manual_has_the_keys_as_they_are() {
        let mut table = "| key | values | says |\n| --- | --- | --- |\n".to_owned();
        for Key { name, values, about } in Conditions::all().keys {
            writeln!(table, "| `{name}` | {values} | {about} |").unwrap();
        }
        let page = include_str!("../../manual/conditions.md");
        let start = page.find("| key |").unwrap_or(page.len());
        assert!(page[start..] == table, "the table in src/manual/conditions.md should be\n{table}");
    }
}
