//! Conditions, templates and recorded contexts, each way to match and not to match.

mod keys;
mod operators;
mod recorded;
mod sets;
mod templates;

use std::net::IpAddr;

use jiff::Timestamp;

use super::{Conditions, Context, FixedKey, Value};
use crate::identity::OrganizationId;
use crate::policy::PolicyError;

fn organization() -> OrganizationId {
    OrganizationId::parse("ab1cd2").unwrap()
}

fn compiled(operator: &str, key: &str, values: &[&str]) -> Result<Conditions, PolicyError> {
    let values = values.iter().map(|value| (*value).to_owned()).collect();
    let written = vec![(operator.to_owned(), key.to_owned(), values)];
    Conditions::parse(written, true, &organization(), "Statement[0].Condition")
}

/// Whether the condition is met where the key has `value`.
fn met(operator: &str, key: FixedKey, value: Value<'_>, values: &[&str]) -> bool {
    let mut context = Context::new();
    context.set(key, value);
    met_in(&context, operator, key.name(), values)
}

fn met_in(context: &Context<'_>, operator: &str, key: &str, values: &[&str]) -> bool {
    compiled(operator, key, values).unwrap().unmet(context).is_none()
}

/// What the author of a condition is told.
fn complaint(operator: &str, key: &str, values: &[&str]) -> String {
    compiled(operator, key, values).unwrap_err().to_string()
}

fn address(text: &str) -> Value<'static> {
    Value::Address(text.parse::<IpAddr>().unwrap())
}

fn time(text: &str) -> Value<'static> {
    Value::Time(text.parse::<Timestamp>().unwrap())
}

fn texts(all: &[&str]) -> Vec<String> {
    all.iter().map(|text| (*text).to_owned()).collect()
}
