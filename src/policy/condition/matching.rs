//! Whether a text matches a template.
//!
//! What stands between two `*`s is looked for once, from the left, and never again: a later find cannot
//! help what an earlier one could not. So the time is at most the length of the text times that of the
//! longest stretch without `*`, whatever the template.

use super::Context;
use super::template::{Atom, Segment, Template};

impl Template {
    /// Whether all of `text` matches. A variable without a value matches nothing. Allocates nothing.
    #[must_use]
    pub(in crate::policy) fn matches(&self, text: &str, context: &Context<'_>) -> bool {
        if crate::fault::check_is_off("variable_is_literal")
            && let Some(wild) = self.with_variables_as_patterns(context)
        {
            return wild.matches(text, context);
        }
        match &*self.segments {
            [] => text.is_empty(),
            [all] => without_prefix(all, text, context) == Some(""),
            [first, between @ .., last] => {
                let rest = without_prefix(first, text, context).and_then(|rest| without_suffix(last, rest, context));
                let found = |rest: Option<_>, segment| rest.and_then(|rest| after_first(segment, rest, context));
                between.iter().fold(rest, found).is_some()
            }
        }
    }

    /// Whether `text` is the text of a template without wildcards, in letters of either case.
    pub(super) fn equals_ignoring_case(&self, text: &str, context: &Context<'_>) -> bool {
        let mut rest = text.chars().flat_map(char::to_lowercase);
        let mut takes = |piece: &str| piece.chars().flat_map(char::to_lowercase).all(|c| rest.next() == Some(c));
        let all = self.segments.iter().flatten().all(|atom| match atom {
            Atom::AnyCharacter => false,
            Atom::Literal(literal) => takes(literal),
            Atom::Variable(variable) => variable.substitute(context).is_some_and(|value| takes(value.as_str())),
        });
        all && rest.next().is_none()
    }

    /// The template that a careless substitution would give. Only a fault asks for it.
    fn with_variables_as_patterns(&self, context: &Context<'_>) -> Option<Self> {
        self.segments.iter().flatten().any(|atom| matches!(atom, Atom::Variable(_))).then_some(())?;
        let mut segments = Vec::new();
        for segment in &self.segments {
            let mut text = String::new();
            for atom in segment {
                match atom {
                    Atom::AnyCharacter => text.push('?'),
                    Atom::Literal(literal) => text.push_str(literal),
                    Atom::Variable(variable) => text.push_str(variable.substitute(context)?.as_str()),
                }
            }
            segments.push(text);
        }
        Some(Self::without_variables(&segments.join("*")))
    }
}

/// What is left of `text` after `segment` at its beginning.
fn without_prefix<'t>(segment: &Segment, text: &'t str, context: &Context<'_>) -> Option<&'t str> {
    segment.iter().try_fold(text, |rest, atom| match atom {
        Atom::AnyCharacter => {
            let mut characters = rest.chars();
            characters.next().map(|_| characters.as_str())
        }
        Atom::Literal(literal) => rest.strip_prefix(&**literal),
        Atom::Variable(variable) => rest.strip_prefix(variable.substitute(context)?.as_str()),
    })
}

/// What is left of `text` before `segment` at its end.
fn without_suffix<'t>(segment: &Segment, text: &'t str, context: &Context<'_>) -> Option<&'t str> {
    segment.iter().rev().try_fold(text, |rest, atom| match atom {
        Atom::AnyCharacter => {
            let mut characters = rest.chars();
            characters.next_back().map(|_| characters.as_str())
        }
        Atom::Literal(literal) => rest.strip_suffix(&**literal),
        Atom::Variable(variable) => rest.strip_suffix(variable.substitute(context)?.as_str()),
    })
}

/// What is left of `text` after the first place where `segment` stands.
fn after_first<'t>(segment: &Segment, text: &'t str, context: &Context<'_>) -> Option<&'t str> {
    if let [Atom::Literal(literal)] = &**segment {
        return text.split_once(&**literal).map(|(_, rest)| rest);
    }
    let mut rest = text;
    loop {
        if let [Atom::Literal(literal), ..] = &**segment {
            rest = &rest[rest.find(&**literal)?..];
        }
        if let Some(after) = without_prefix(segment, rest, context) {
            return Some(after);
        }
        let mut characters = rest.chars();
        characters.next()?;
        rest = characters.as_str();
    }
}
