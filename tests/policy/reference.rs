//! A second evaluator, written from the documentation and not from the engine: it walks the JSON at every
//! question, knows no index and compiles nothing. Slow, and short enough to be believed.
//!
//! It judges valid documents only; what is refused at upload is the vectors' matter.

use serde_json::Value;

use crate::asked::{Asked, ORGANIZATION, On};
use crate::coverage::{Coverage, Element};
use crate::reference_conditions::{Variables, condition_is_met};

/// The verdict of one layer.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Said {
    Allowed,
    Denied,
    Silent,
}

/// Organization policies, as the protocol's documentation describes them.
pub(crate) fn organization(policies: &[Value], asked: &Asked) -> Said {
    let statements = policies.iter().flat_map(|policy| list(&policy["statements"]));
    let about = |statement: &Value| {
        list(&statement["principals"])
            .iter()
            .any(|pattern| is_organization_principal(text(pattern), text(&statement["effect"]), asked))
            && list(&statement["actions"]).iter().any(|pattern| is_action(text(pattern), asked))
            && list(&statement["resources"]).iter().any(|pattern| is_bare_resource(text(pattern), asked))
    };
    verdict(statements.filter(|statement| about(statement)).map(|statement| text(&statement["effect"])))
}

/// A bucket policy: AWS's grammar, with the principals of the protocol.
///
/// <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_grammar.html>
pub(crate) fn bucket(policy: &Value, asked: &Asked, coverage: &mut Coverage) -> Said {
    let variables = match policy.get("Version").and_then(Value::as_str) {
        Some("2012-10-17") => Variables::Replaced,
        _ => Variables::Literal,
    };
    let matching: Vec<_> = list(&policy["Statement"])
        .into_iter()
        .filter(|statement| is_about(statement, variables, asked, coverage))
        .map(|statement| text(&statement["Effect"]))
        .collect();
    verdict(matching.into_iter())
}

/// Explicit deny, then allow, then nothing.
fn verdict<'a>(matching: impl Iterator<Item = &'a str>) -> Said {
    let effects: Vec<_> = matching.collect();
    match () {
        () if effects.contains(&"Deny") => Said::Denied,
        () if effects.contains(&"Allow") => Said::Allowed,
        () => Said::Silent,
    }
}

fn is_about(statement: &Value, variables: Variables, asked: &Asked, coverage: &mut Coverage) -> bool {
    let mut element = |positive: &str, negative: &str, which: Element, matches: &dyn Fn(&Value) -> bool| {
        let (value, negated) = match statement.get(negative) {
            Some(value) => (value, true),
            None => (&statement[positive], false),
        };
        let met = matches(value) != negated;
        coverage.element(which, negated, met);
        met
    };
    let principal = element("Principal", "NotPrincipal", Element::Principal, &|value| is_principal(value, asked));
    let action = element("Action", "NotAction", Element::Action, &|value| {
        list(value).iter().any(|pattern| is_action(text(pattern), asked))
    });
    let resource = element("Resource", "NotResource", Element::Resource, &|value| {
        list(value).iter().any(|pattern| is_resource(text(pattern), variables, asked))
    });
    // Of our own: who proved nothing is let in by `*` only.
    let left_out = asked.who.is_none() && statement["Effect"] == "Allow" && statement.get("NotPrincipal").is_some();
    principal && !left_out && action && resource && conditions_are_met(statement, variables, asked, coverage)
}

/// "If your policy has multiple condition operators or multiple keys attached to a single condition
/// operator, the conditions are evaluated using a logical AND."
fn conditions_are_met(statement: &Value, variables: Variables, asked: &Asked, coverage: &mut Coverage) -> bool {
    let Some(block) = statement.get("Condition").and_then(Value::as_object) else { return true };
    let mut all = true;
    for (operator, keys) in block {
        for (key, values) in keys.as_object().unwrap() {
            all &= condition_is_met(operator, key, &list(values), variables, asked, coverage);
        }
    }
    all
}

fn is_principal(written: &Value, asked: &Asked) -> bool {
    if written == "*" {
        return true;
    }
    let kinds = written.as_object().unwrap();
    kinds.values().flat_map(list).any(|one| {
        let one = text(one);
        if one == "*" {
            return true;
        }
        let Some(who) = &asked.who else { return false };
        let root = format!("arn:aws:iam::{ORGANIZATION}:root");
        let own = format!("arn:aws:iam::{ORGANIZATION}:");
        one == ORGANIZATION
            || one == root
            || one.strip_prefix(own.as_str()).is_some_and(|short| is_short_principal(short, who))
    })
}

fn is_organization_principal(pattern: &str, effect: &str, asked: &Asked) -> bool {
    match (&asked.who, pattern) {
        (None, "anonymous") | (Some(_), "*") => true,
        (None, "*") => effect == "Deny",
        (None, _) | (Some(_), "anonymous") => false,
        (Some(who), _) => is_short_principal(pattern, who),
    }
}

/// `saml/X` is what a SAML key has and `role/X` what people write for it.
fn is_short_principal(pattern: &str, who: &str) -> bool {
    let is = |name: &str| match pattern.strip_suffix('*') {
        Some(beginning) => name.starts_with(beginning),
        None => name == pattern,
    };
    let also = who.strip_prefix("saml/").filter(|role| !role.contains(['/', ':']));
    is(who) || also.is_some_and(|role| is(&format!("role/{role}")))
}

/// "The prefix and the action name are case insensitive."
fn is_action(pattern: &str, asked: &Asked) -> bool {
    let (pattern, action) = (pattern.to_ascii_lowercase(), asked.action.to_ascii_lowercase());
    glob(&wildcards(&pattern), &action.chars().collect::<Vec<_>>())
}

fn is_bare_resource(pattern: &str, asked: &Asked) -> bool {
    match asked.on.name() {
        // Any number of stars is one.
        _ if pattern.chars().all(|character| character == '*') => true,
        None => false,
        Some(name) => glob(&wildcards(pattern), &name.chars().collect::<Vec<_>>()),
    }
}

fn is_resource(pattern: &str, variables: Variables, asked: &Asked) -> bool {
    if pattern == "*" {
        return true;
    }
    let Some(name) = asked.on.name() else { return asked.on == On::Any && pattern == "arn:aws:s3:::*" };
    let arn: Vec<_> = format!("arn:aws:s3:::{name}").chars().collect();
    variables.pattern(pattern, asked).is_some_and(|pattern| glob(&pattern, &arn))
}

/// One element of a pattern.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Piece {
    /// `*`
    Anything,
    /// `?`
    AnyCharacter,
    /// This character, whatever it is.
    Literal(char),
}

/// A pattern without variables.
pub(crate) fn wildcards(pattern: &str) -> Vec<Piece> {
    let piece = |character| match character {
        '*' => Piece::Anything,
        '?' => Piece::AnyCharacter,
        other => Piece::Literal(other),
    };
    pattern.chars().map(piece).collect()
}

/// Whether `pattern` covers all of `text`.
pub(crate) fn glob(pattern: &[Piece], text: &[char]) -> bool {
    match (pattern.first(), text.first()) {
        (None, _) => text.is_empty(),
        (Some(Piece::Anything), _) => glob(&pattern[1..], text) || (!text.is_empty() && glob(pattern, &text[1..])),
        (Some(_), None) => false,
        (Some(Piece::AnyCharacter), Some(_)) => glob(&pattern[1..], &text[1..]),
        (Some(Piece::Literal(expected)), Some(found)) => expected == found && glob(&pattern[1..], &text[1..]),
    }
}

/// One value stands for a list of one.
pub(crate) fn list(value: &Value) -> Vec<&Value> {
    match value {
        Value::Array(values) => values.iter().collect(),
        Value::Null => Vec::new(),
        one => vec![one],
    }
}

fn text(value: &Value) -> &str {
    value.as_str().unwrap_or_else(|| panic!("no string: {value}"))
}
