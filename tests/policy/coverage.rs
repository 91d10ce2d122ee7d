//! What the random questions have met: every cell that is missing here was not tested.

use std::collections::BTreeMap;

/// Every condition operator without `IfExists` and set operators.
pub(crate) const OPERATORS: &[&str] = &[
    "ArnEquals",
    "ArnLike",
    "ArnNotEquals",
    "ArnNotLike",
    "BinaryEquals",
    "Bool",
    "DateEquals",
    "DateGreaterThan",
    "DateGreaterThanEquals",
    "DateLessThan",
    "DateLessThanEquals",
    "DateNotEquals",
    "IpAddress",
    "NotIpAddress",
    "Null",
    "NumericEquals",
    "NumericGreaterThan",
    "NumericGreaterThanEquals",
    "NumericLessThan",
    "NumericLessThanEquals",
    "NumericNotEquals",
    "StringEquals",
    "StringEqualsIgnoreCase",
    "StringLike",
    "StringNotEquals",
    "StringNotEqualsIgnoreCase",
    "StringNotLike",
];

/// How an operator is written.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub(crate) enum Form {
    Plain,
    IfExists,
    ForAnyValue,
    ForAllValues,
    ForAnyValueIfExists,
    ForAllValuesIfExists,
}

/// What came of it.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub(crate) enum Outcome {
    Met,
    NotMet,
    MissingKey,
    /// Of the request for set operators, of the document for the others.
    SeveralValues,
    EmptySet,
}

/// The parts of a statement that have a Not-form.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub(crate) enum Element {
    Action,
    Principal,
    Resource,
}

/// How often each cell was met.
#[derive(Clone, Debug, Default)]
pub(crate) struct Coverage {
    conditions: BTreeMap<(usize, Form, Outcome), u64>,
    elements: BTreeMap<(Element, bool, bool), u64>,
}

impl Coverage {
    pub(crate) fn condition(&mut self, operator: &str, form: Form, outcome: Outcome) {
        let operator = OPERATORS.iter().position(|name| *name == operator).unwrap();
        *self.conditions.entry((operator, form, outcome)).or_default() += 1;
    }

    pub(crate) fn element(&mut self, element: Element, negated: bool, met: bool) {
        *self.elements.entry((element, negated, met)).or_default() += 1;
    }

    /// Adds what another worker has met.
    pub(crate) fn add(&mut self, other: &Self) {
        for (cell, count) in &other.conditions {
            *self.conditions.entry(*cell).or_default() += count;
        }
        for (cell, count) in &other.elements {
            *self.elements.entry(*cell).or_default() += count;
        }
    }

    /// The cells that were never met, in words.
    pub(crate) fn missing(&self) -> Vec<String> {
        let mut missing = Vec::new();
        for (number, operator) in OPERATORS.iter().enumerate() {
            for (form, outcome) in cells(operator) {
                if !self.conditions.contains_key(&(number, form, outcome)) {
                    missing.push(format!("{operator} {form:?} {outcome:?}"));
                }
            }
        }
        for element in [Element::Action, Element::Principal, Element::Resource] {
            for (negated, met) in [(false, false), (false, true), (true, false), (true, true)] {
                if !self.elements.contains_key(&(element, negated, met)) {
                    let not = if negated { "Not" } else { "" };
                    missing.push(format!("{not}{element:?} {}", if met { "met" } else { "not met" }));
                }
            }
        }
        missing
    }

    /// How many cells there are, and how often the rarest and the commonest was met.
    pub(crate) fn summary(&self) -> String {
        let counts = || self.conditions.values().chain(self.elements.values());
        let (least, most) = (counts().min().unwrap_or(&0), counts().max().unwrap_or(&0));
        format!("{} cells met, each between {least} and {most} times", counts().count())
    }
}

/// What has to be met of an operator.
fn cells(operator: &str) -> Vec<(Form, Outcome)> {
    use Outcome::{EmptySet, Met, MissingKey, NotMet, SeveralValues};
    if operator == "Null" {
        return [Met, NotMet, MissingKey].map(|outcome| (Form::Plain, outcome)).to_vec();
    }
    let mut cells = Vec::new();
    for form in [
        Form::Plain,
        Form::IfExists,
        Form::ForAnyValue,
        Form::ForAllValues,
        Form::ForAnyValueIfExists,
        Form::ForAllValuesIfExists,
    ] {
        cells.extend([Met, NotMet, MissingKey].map(|outcome| (form, outcome)));
        // Only lists of texts have several values or none in a request.
        let of_texts = operator.starts_with("String");
        match form {
            Form::Plain | Form::IfExists if operator != "Bool" => cells.push((form, SeveralValues)),
            Form::Plain | Form::IfExists => {}
            _ if of_texts => cells.extend([(form, SeveralValues), (form, EmptySet)]),
            _ => {}
        }
    }
    cells
}
