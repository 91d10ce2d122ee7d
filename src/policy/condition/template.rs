//! Text with wildcards and policy variables, compiled once. How it is matched is in `matching`.
//!
//! <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_variables.html>

use super::variable::Variable;
use crate::identity::OrganizationId;
use crate::policy::PolicyError;

/// A text in which `*` is any text, `?` is any one character and `${key}` is what the request has for a
/// condition key, taken literally: a `*` that comes out of a request is a `*`.
#[derive(Clone, Debug)]
pub(in crate::policy) struct Template {
    /// What stands between the `*`s: at least one, the first and the last anchored to the ends.
    pub(super) segments: Box<[Segment]>,
}

/// A stretch of a template without `*`.
pub(super) type Segment = Box<[Atom]>;

#[derive(Clone, Debug)]
pub(super) enum Atom {
    /// Any one character: `?`.
    AnyCharacter,
    /// This text.
    Literal(Box<str>),
    /// What the request has for a key.
    Variable(Variable),
}

/// What `*` and `?` are.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Stars {
    /// Text, as in `StringEquals`.
    Literal,
    /// Wildcards.
    Wild,
}

impl Template {
    /// Compiles `text`. Without `variables`, `${` is text. `place` is where it stands in the document.
    ///
    /// # Errors
    /// [`PolicyError::Part`] if a variable is not closed, not known or can have several values.
    pub(in crate::policy) fn parse(
        text: &str,
        variables: bool,
        organization: &OrganizationId,
        place: &str,
    ) -> Result<Self, PolicyError> {
        Self::wild(text, variables, organization)
            .map_err(|problem| PolicyError::Part { place: place.to_owned(), problem })
    }

    /// [`parse`](Self::parse), with the bare reason.
    pub(super) fn wild(text: &str, variables: bool, organization: &OrganizationId) -> Result<Self, String> {
        Self::compile(text, variables.then_some(organization), Stars::Wild)
    }

    /// The same without wildcards: `*` and `?` are text.
    pub(super) fn exact(text: &str, variables: bool, organization: &OrganizationId) -> Result<Self, String> {
        Self::compile(text, variables.then_some(organization), Stars::Literal)
    }

    /// The name of a variable without a default, if there is one: where the request has no value for it,
    /// the template matches nothing.
    pub(in crate::policy) fn variable_without_default(&self) -> Option<String> {
        self.segments.iter().flatten().find_map(|atom| match atom {
            Atom::Variable(variable) => variable.name_without_default(),
            Atom::AnyCharacter | Atom::Literal(_) => None,
        })
    }

    /// A template whose `*` and `?` are wildcards and whose `${` is text.
    pub(super) fn without_variables(text: &str) -> Self {
        let mut pieces = Pieces::default();
        text.chars().for_each(|character| pieces.take(character, Stars::Wild));
        Self { segments: pieces.finish() }
    }

    fn compile(text: &str, variables: Option<&OrganizationId>, stars: Stars) -> Result<Self, String> {
        let mut pieces = Pieces::default();
        let mut rest = text;
        while let Some(character) = rest.chars().next() {
            if let (Some(organization), true) = (variables, rest.starts_with("${")) {
                rest = if let Some((special, after)) = special(rest) {
                    pieces.literal.push(special);
                    after
                } else {
                    let (variable, after) = Variable::parse(rest, organization)?;
                    pieces.push(Atom::Variable(variable));
                    after
                };
                continue;
            }
            pieces.take(character, stars);
            rest = &rest[character.len_utf8()..];
        }
        Ok(Self { segments: pieces.finish() })
    }
}

/// A template as it grows.
#[derive(Default)]
struct Pieces {
    segments: Vec<Segment>,
    segment: Vec<Atom>,
    literal: String,
}

impl Pieces {
    fn take(&mut self, character: char, stars: Stars) {
        match (character, stars) {
            ('*', Stars::Wild) => self.star(),
            ('?', Stars::Wild) => self.push(Atom::AnyCharacter),
            _ => self.literal.push(character),
        }
    }

    fn push(&mut self, atom: Atom) {
        if !self.literal.is_empty() {
            self.segment.push(Atom::Literal(std::mem::take(&mut self.literal).into()));
        }
        self.segment.push(atom);
    }

    fn star(&mut self) {
        if !self.literal.is_empty() {
            self.segment.push(Atom::Literal(std::mem::take(&mut self.literal).into()));
        }
        // Several stars in a row are one: nothing stands between them.
        if self.segments.is_empty() || !self.segment.is_empty() {
            self.segments.push(std::mem::take(&mut self.segment).into());
        }
    }

    fn finish(mut self) -> Box<[Segment]> {
        if !self.literal.is_empty() {
            self.segment.push(Atom::Literal(self.literal.into()));
        }
        self.segments.push(self.segment.into());
        self.segments.into()
    }
}

/// `${*}`, `${?}` and `${$}` at the beginning of a text: characters that would otherwise mean something.
fn special(text: &str) -> Option<(char, &str)> {
    let inner = text.strip_prefix("${")?;
    ['*', '?', '$'].into_iter().find_map(|special| {
        let after = inner.strip_prefix(special)?.strip_prefix('}')?;
        Some((special, after))
    })
}
