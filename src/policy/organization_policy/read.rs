//! From JSON to an organization policy: every field there, none twice, none besides.

use std::collections::BTreeSet;

use super::statement::Meaning;
use super::{OrganizationPolicy, OrganizationStatement, PolicyName, Version};
use crate::policy::json::{self, Json, Members, item};
use crate::policy::search_budget::SearchBudget;
use crate::policy::{Effect, PolicyError};

pub(super) fn policy(document: &[u8]) -> Result<OrganizationPolicy, PolicyError> {
    if document.len() > OrganizationPolicy::LIMIT {
        return Err(PolicyError::TooLarge { found: document.len(), limit: OrganizationPolicy::LIMIT });
    }
    let mut members = Members::of(json::read(document)?, "")?;
    if let Some(wrapped) = members.take("policy") {
        members.finish("policy")?;
        members = Members::of(wrapped, "policy")?;
    }
    let version = version(required(&mut members, "version")?, &members.place("version"))?;
    let name_place = members.place("name");
    let name = required(&mut members, "name")?.text(&name_place)?;
    let name = PolicyName::parse(&name).map_err(|error| match error {
        PolicyError::Part { problem, .. } => PolicyError::at(&name_place, problem),
        other => other,
    })?;
    let place = members.place("statements");
    let written = required(&mut members, "statements")?.list(&place)?;
    members.finish("version, name and statements")?;
    if written.is_empty() {
        return Err(PolicyError::at(&place, "at least one statement is needed"));
    }
    let (mut names, mut budget) = (BTreeSet::new(), SearchBudget::of_document());
    let mut statements = Vec::with_capacity(written.len());
    for (index, value) in written.into_iter().enumerate() {
        let place = item(&place, index);
        let statement = statement(value, &place)?;
        if !names.insert(statement.name.clone()) {
            let problem = format!("another statement is called {}; names are unique in a policy", statement.name);
            return Err(PolicyError::at(&json::inside(&place, "name"), problem));
        }
        for (index, resource) in statement.resources.iter().enumerate() {
            budget.spend(resource, &item(&json::inside(&place, "resources"), index))?;
        }
        statements.push(statement);
    }
    Ok(OrganizationPolicy { version, name, statements })
}

fn statement(value: Json, place: &str) -> Result<OrganizationStatement, PolicyError> {
    let mut members = Members::of(value, place)?;
    let name_place = members.place("name");
    let name = required(&mut members, "name")?.text(&name_place)?;
    if !(1..=128).contains(&name.chars().count()) || name.chars().any(char::is_control) {
        return Err(PolicyError::at(&name_place, "expected 1 to 128 visible characters"));
    }
    let effect_place = members.place("effect");
    let effect = match required(&mut members, "effect")?.text(&effect_place)?.as_str() {
        "Allow" => Effect::Allow,
        "Deny" => Effect::Deny,
        other => return Err(PolicyError::at(&effect_place, format!("expected Allow or Deny, found {other}"))),
    };
    let statement = OrganizationStatement {
        name,
        effect,
        actions: texts(&mut members, "actions")?,
        resources: texts(&mut members, "resources")?,
        principals: texts(&mut members, "principals")?,
    };
    let condition =
        members.rest().find(|name| matches!(name.to_ascii_lowercase().as_str(), "condition" | "conditions"));
    if let Some(name) = condition {
        let problem = "organization policies have no conditions; a bucket policy can have them";
        return Err(PolicyError::at(&members.place(name), problem));
    }
    members.finish("name, effect, actions, resources and principals")?;
    Meaning::of(&statement, place)?;
    Ok(statement)
}

fn version(value: Json, place: &str) -> Result<Version, PolicyError> {
    match value.text(place)?.as_str() {
        "v1alpha1" => Ok(Version::V1Alpha1),
        other => Err(PolicyError::at(place, format!("expected v1alpha1, found {other}"))),
    }
}

/// The texts of the list called `name`: at least one.
fn texts(members: &mut Members, name: &str) -> Result<Vec<String>, PolicyError> {
    let place = members.place(name);
    let items = required(members, name)?.list(&place)?;
    if items.is_empty() {
        return Err(PolicyError::at(&place, "at least one is needed"));
    }
    items.into_iter().enumerate().map(|(index, value)| value.text(&item(&place, index))).collect()
}

fn required(members: &mut Members, name: &str) -> Result<Json, PolicyError> {
    members.take(name).ok_or_else(|| PolicyError::at(&members.place(name), "missing"))
}
