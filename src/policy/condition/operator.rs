//! Condition operators by name: which comparison, negated or not, over which of the request's values.
//!
//! <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_condition_operators.html>

use std::cmp::Ordering;

use super::{ConditionKey, FixedKey, KeyKind};

/// An operator, as its name says.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) struct Operator {
    /// How one value is compared.
    pub(super) family: Family,
    /// Whether it is met when no value compares.
    pub(super) negated: bool,
    /// Whether it is met when the request has nothing for the key.
    pub(super) if_exists: bool,
    /// Over which of the request's values.
    pub(super) set: Quantifier,
}

/// How one value of a request is compared with one of a document.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Family {
    /// As ARNs, part by part.
    Arn,
    /// Byte for byte.
    Binary,
    /// As `true` or `false`.
    Bool,
    /// As moments.
    Date(Order),
    /// As an address in a network.
    IpAddress,
    /// Whether there is a value.
    Null,
    /// As numbers.
    Numeric(Order),
    /// As texts.
    StringEquals,
    /// As texts in letters of either case.
    StringEqualsIgnoreCase,
    /// As texts with wildcards.
    StringLike,
}

/// How the request's value stands to the document's.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Order {
    /// The same.
    Equals,
    /// Greater, later.
    Greater,
    /// Not less.
    GreaterEquals,
    /// Less, earlier.
    Less,
    /// Not greater.
    LessEquals,
}

/// Over which of the request's values a condition speaks.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Quantifier {
    /// `ForAllValues:`.
    All,
    /// `ForAnyValue:`.
    Any,
    /// The only one.
    One,
}

/// Every operator, with what it compares; then the affixes. `portcullis operations --conditions` prints it.
pub fn operators() -> impl Iterator<Item = (&'static str, &'static str)> {
    NAMES.iter().map(|(name, _, _, about)| (*name, *about)).chain(AFFIXES.iter().copied())
}

impl Operator {
    /// The operator called `name`. AWS documents one spelling of each, so no other is taken.
    pub(super) fn named(name: &str) -> Result<Self, String> {
        let (set, bare) = match name.split_once(':') {
            Some(("ForAllValues", bare)) => (Quantifier::All, bare),
            Some(("ForAnyValue", bare)) => (Quantifier::Any, bare),
            Some(_) => return Err(unknown(name)),
            None => (Quantifier::One, name),
        };
        let (bare, if_exists) = bare.strip_suffix("IfExists").map_or((bare, false), |bare| (bare, true));
        let row = NAMES.iter().find(|(name, ..)| *name == bare);
        let &(_, family, negated, _) = row.ok_or_else(|| unknown(name))?;
        if family == Family::Null && (if_exists || set != Quantifier::One) {
            return Err("Null takes neither IfExists nor ForAllValues: nor ForAnyValue:".to_owned());
        }
        Ok(Self { family, negated, if_exists, set })
    }

    /// Whether it can compare the values of `key`; if not, which operators can.
    pub(super) fn check(self, key: &ConditionKey) -> Result<(), String> {
        let kind = key.kind();
        if self.family == Family::Null {
            return Ok(());
        }
        if kind == KeyKind::Texts && self.set == Quantifier::One {
            return Err(format!(
                "{key} can have several values; put ForAnyValue: or ForAllValues: before the operator"
            ));
        }
        // A tag says whatever its author wants; what does not parse does not match.
        let anything = matches!(key, ConditionKey::PrincipalTag(_) | ConditionKey::RequestObjectTag(_));
        let fits = match self.family {
            Family::Arn => kind == KeyKind::Arn,
            Family::Binary => kind == KeyKind::Text,
            Family::Bool => kind == KeyKind::Flag,
            Family::Date(_) => kind == KeyKind::Time,
            Family::IpAddress => kind == KeyKind::Address,
            Family::Null => true,
            Family::Numeric(_) => kind == KeyKind::Number || *key == ConditionKey::Fixed(FixedKey::EpochTime),
            Family::StringEquals | Family::StringEqualsIgnoreCase | Family::StringLike => {
                matches!(kind, KeyKind::Arn | KeyKind::Text | KeyKind::Texts)
            }
        };
        if fits || anything {
            return Ok(());
        }
        let (what, operators) = match kind {
            KeyKind::Address => ("an IP address", "IpAddress and NotIpAddress"),
            KeyKind::Arn => ("an ARN", "Arn... and String... operators"),
            KeyKind::Flag => ("true or false", "Bool"),
            KeyKind::Number => ("a number", "Numeric... operators"),
            KeyKind::Text | KeyKind::Texts => ("text", "String... operators"),
            KeyKind::Time => ("a moment", "Date... operators"),
        };
        Err(format!("{key} is {what}; it is compared by {operators}"))
    }
}

impl Order {
    /// Whether a value that stands in `ordering` to the document's is of this order.
    pub(super) fn holds(self, ordering: Ordering) -> bool {
        match self {
            Self::Equals => ordering.is_eq(),
            Self::Greater => ordering.is_gt(),
            Self::GreaterEquals => ordering.is_ge(),
            Self::Less => ordering.is_lt(),
            Self::LessEquals => ordering.is_le(),
        }
    }
}

fn unknown(name: &str) -> String {
    let known = NAMES.iter().map(|(name, ..)| *name);
    let bare = name.rsplit(':').next().unwrap_or(name);
    let meant = known.into_iter().find(|known| {
        bare.eq_ignore_ascii_case(known)
            || bare.len() == known.len() + "IfExists".len()
                && bare.to_ascii_lowercase().starts_with(&known.to_ascii_lowercase())
    });
    let advice = match meant {
        Some(known) => format!("did you mean {known}? Upper and lower case count"),
        None => "`portcullis operations --conditions` lists them".to_owned(),
    };
    format!("{name:?} is not a condition operator; {advice}")
}

type Row = (&'static str, Family, bool, &'static str);

const NAMES: &[Row] = &[
    ("StringEquals", Family::StringEquals, false, "text, exactly; * and ? are text"),
    ("StringNotEquals", Family::StringEquals, true, "the opposite of StringEquals"),
    ("StringEqualsIgnoreCase", Family::StringEqualsIgnoreCase, false, "text in letters of either case"),
    ("StringNotEqualsIgnoreCase", Family::StringEqualsIgnoreCase, true, "the opposite of StringEqualsIgnoreCase"),
    ("StringLike", Family::StringLike, false, "text with wildcards: * is any text, ? any one character"),
    ("StringNotLike", Family::StringLike, true, "the opposite of StringLike"),
    ("NumericEquals", Family::Numeric(Order::Equals), false, "a whole or decimal number"),
    ("NumericNotEquals", Family::Numeric(Order::Equals), true, "the opposite of NumericEquals"),
    ("NumericLessThan", Family::Numeric(Order::Less), false, "a number: the request's is less"),
    ("NumericLessThanEquals", Family::Numeric(Order::LessEquals), false, "a number: the request's is not greater"),
    ("NumericGreaterThan", Family::Numeric(Order::Greater), false, "a number: the request's is greater"),
    ("NumericGreaterThanEquals", Family::Numeric(Order::GreaterEquals), false, "a number: the request's is not less"),
    (
        "DateEquals",
        Family::Date(Order::Equals),
        false,
        "a moment: 2026-01-31, 2026-01-31T12:00:00Z, or seconds since 1970",
    ),
    ("DateNotEquals", Family::Date(Order::Equals), true, "the opposite of DateEquals"),
    ("DateLessThan", Family::Date(Order::Less), false, "a moment: the request's is earlier"),
    ("DateLessThanEquals", Family::Date(Order::LessEquals), false, "a moment: the request's is not later"),
    ("DateGreaterThan", Family::Date(Order::Greater), false, "a moment: the request's is later"),
    ("DateGreaterThanEquals", Family::Date(Order::GreaterEquals), false, "a moment: the request's is not earlier"),
    ("Bool", Family::Bool, false, "true or false"),
    ("BinaryEquals", Family::Binary, false, "bytes, written in base64"),
    ("IpAddress", Family::IpAddress, false, "an address or network: 203.0.113.0/24, 2001:db8::/32"),
    ("NotIpAddress", Family::IpAddress, true, "the opposite of IpAddress"),
    ("ArnEquals", Family::Arn, false, "an ARN, each of its six parts with * and ?"),
    ("ArnLike", Family::Arn, false, "the same as ArnEquals"),
    ("ArnNotEquals", Family::Arn, true, "the opposite of ArnEquals"),
    ("ArnNotLike", Family::Arn, true, "the opposite of ArnEquals"),
    ("Null", Family::Null, false, "true: the request has nothing for the key, or empty text; false: it has something"),
];

const AFFIXES: &[(&str, &str)] = &[
    ("...IfExists", "after any operator but Null: also met when the request has nothing for the key"),
    ("ForAllValues:...", "for keys with several values: every one of them; also met when there is none"),
    ("ForAnyValue:...", "for keys with several values: at least one of them"),
];
