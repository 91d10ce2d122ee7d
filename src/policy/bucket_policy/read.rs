//! From JSON to statements: every element known, none twice, none without meaning. Where AWS has words for
//! what is wrong, they are AWS's.

use std::collections::BTreeSet;

use super::BucketPolicy;
use super::principal::principals;
use super::resource::Resources;
use super::statement::{Form, Listed, Statement};
use crate::identity::OrganizationId;
use crate::policy::action_set::{ActionSet, Named};
use crate::policy::condition::Conditions;
use crate::policy::json::{self, Json, Members, inside, item};
use crate::policy::principals::Principals;
use crate::policy::search_budget::SearchBudget;
use crate::policy::{Effect, PolicyAction, PolicyError, StatementName};
use crate::s3::operation::ResourceKind;

/// Reads a document.
pub(super) fn statements(
    document: &[u8],
    bucket: &str,
    organization: &OrganizationId,
) -> Result<Vec<Statement>, PolicyError> {
    if document.len() > BucketPolicy::LIMIT {
        return Err(PolicyError::TooLarge { found: document.len(), limit: BucketPolicy::LIMIT });
    }
    let mut members = Members::of(json::read(document)?, "")?;
    let variables = has_variables(members.take("Version"))?;
    if let Some(id) = members.take("Id") {
        id.text("Id")?;
    }
    let written = required(&mut members, "Statement")?;
    members.finish("Version, Id and Statement")?;
    let written = match written {
        Json::List(statements) if statements.is_empty() => {
            return Err(PolicyError::at("Statement", "Missing required field Statement: the list is empty"));
        }
        Json::List(statements) => {
            statements.into_iter().enumerate().map(|(index, value)| (item("Statement", index), value)).collect()
        }
        statement => vec![("Statement".to_owned(), statement)],
    };
    let (mut names, mut budget) = (BTreeSet::new(), SearchBudget::of_document());
    let mut statements = Vec::with_capacity(written.len());
    for (index, (place, value)) in written.into_iter().enumerate() {
        let mut members = Members::of(value, &place)?;
        let sid = sid(&mut members, &mut names)?;
        let name = StatementName::new(bucket, &sid.unwrap_or_else(|| format!("#{}", index + 1)));
        statements.push(Reader { bucket, organization, variables }.statement(name, members, &mut budget)?);
    }
    Ok(statements)
}

/// One text or several: at least one, each with its place.
pub(super) fn texts(value: Json, place: &str) -> Result<Vec<(String, String)>, PolicyError> {
    match value {
        Json::Text(text) => Ok(vec![(place.to_owned(), text)]),
        Json::List(items) if items.is_empty() => {
            Err(PolicyError::at(place, "the list is empty; at least one is needed"))
        }
        Json::List(items) => {
            let each = |(index, value): (usize, Json)| {
                let place = item(place, index);
                value.text(&place).map(|text| (place, text))
            };
            items.into_iter().enumerate().map(each).collect()
        }
        other => Err(PolicyError::at(place, format!("expected a text or a list of texts, found {}", other.what()))),
    }
}

/// What statements are read for.
#[derive(Clone, Copy)]
struct Reader<'a> {
    bucket: &'a str,
    organization: &'a OrganizationId,
    variables: bool,
}

impl Reader<'_> {
    fn statement(
        self,
        name: StatementName,
        mut members: Members,
        budget: &mut SearchBudget,
    ) -> Result<Statement, PolicyError> {
        let place = members.place("Effect");
        let effect = match required(&mut members, "Effect")?.text(&place)?.as_str() {
            "Allow" => Effect::Allow,
            "Deny" => Effect::Deny,
            other => return Err(PolicyError::at(&place, format!("Invalid effect: {other}; expected Allow or Deny"))),
        };
        let (form, place, value) = either(&mut members, "Principal", "NotPrincipal")?;
        let principals = Listed { what: Principals::new(principals(value, self.organization, &place)?), form };
        let (action_form, place, value) = either(&mut members, "Action", "NotAction")?;
        let names = texts(value, &place)?;
        let (form, place, value) = either(&mut members, "Resource", "NotResource")?;
        let mut resources = Listed { what: Resources::default(), form };
        for (place, arn) in texts(value, &place)? {
            budget.spend(&arn, &place)?;
            resources.what.add(&arn, self.bucket, self.variables, self.organization, &place)?;
            if (effect, form) == (Effect::Allow, Form::AllBut)
                && let Some(variable) = resources.what.variable_without_default()
            {
                let problem = format!(
                    "{arn} leaves nothing out where a request has no value for {variable}, so that the statement would \
                     allow everything; give the variable a default, as in ${{key, 'default'}}, or use Resource"
                );
                return Err(PolicyError::at(&place, problem));
            }
        }
        let conditions = self.conditions(&mut members, budget)?;
        members.finish("Sid, Effect, Principal, Action, Resource, Condition and the Not forms")?;
        let mut actions = Listed { what: ActionSet::default(), form: action_form };
        for (place, name) in names {
            let named = action(&name, &place)?;
            let both_listed = (action_form, form) == (Form::These, Form::These);
            if both_listed && named.is_some_and(|named| !applies(named, &resources.what)) {
                let problem = format!(
                    "Action does not apply to any resource(s) in statement: {name}; actions on the bucket need \
                     arn:aws:s3:::{bucket}, actions on objects arn:aws:s3:::{bucket}/*",
                    bucket = self.bucket
                );
                return Err(PolicyError::at(&place, problem));
            }
            actions.what = actions.what.or(named.unwrap_or_default());
        }
        Ok(Statement { name, effect, principals, actions, resources, conditions })
    }

    fn conditions(self, members: &mut Members, budget: &mut SearchBudget) -> Result<Conditions, PolicyError> {
        let place = members.place("Condition");
        let Some(value) = members.take("Condition") else { return Ok(Conditions::default()) };
        let mut written = Vec::new();
        for (operator, keys) in not_empty(value, &place)? {
            let place = inside(&place, &operator);
            for (key, values) in not_empty(keys, &place)? {
                let place = inside(&place, &key);
                let values = values_of(values, operator.contains("Numeric"), &place)?;
                if operator.contains("Like") || operator.contains("Arn") {
                    values.iter().try_for_each(|value| budget.spend(value, &place))?;
                }
                written.push((operator.clone(), key, values));
            }
        }
        Conditions::parse(written, self.variables, self.organization, &place)
    }
}

fn has_variables(version: Option<Json>) -> Result<bool, PolicyError> {
    match version.map(|version| version.text("Version")).transpose()?.as_deref() {
        Some("2012-10-17") => Ok(true),
        Some("2008-10-17") | None => Ok(false),
        Some(other) => {
            let problem = format!(
                "The policy must contain a valid version string: expected 2012-10-17 or 2008-10-17, found {other}"
            );
            Err(PolicyError::at("Version", problem))
        }
    }
}

/// The name that a statement has, which no other may have. An empty one is none, as some tools write it.
fn sid(members: &mut Members, names: &mut BTreeSet<String>) -> Result<Option<String>, PolicyError> {
    let place = members.place("Sid");
    let Some(sid) = members.take("Sid") else { return Ok(None) };
    let sid = sid.text(&place)?;
    if sid.is_empty() {
        return Ok(None);
    }
    if sid.chars().count() > 256 || sid.chars().any(char::is_control) {
        return Err(PolicyError::at(&place, "expected at most 256 visible characters"));
    }
    if !names.insert(sid.clone()) {
        return Err(PolicyError::at(&place, format!("Statement IDs (SID) in a single policy must be unique: {sid}")));
    }
    Ok(Some(sid))
}

/// The element called `name` or the one called `negative`: exactly one of them.
fn either(members: &mut Members, name: &str, negative: &str) -> Result<(Form, String, Json), PolicyError> {
    let place = members.place(name);
    match (members.take(name), members.take(negative)) {
        (Some(value), None) => Ok((Form::These, place, value)),
        (None, Some(value)) => Ok((Form::AllBut, members.place(negative), value)),
        (Some(_), Some(_)) => {
            Err(PolicyError::at(&place, format!("a statement has {name} or {negative}, not both: they contradict")))
        }
        (None, None) => Err(PolicyError::at(&place, format!("Missing required field {name}"))),
    }
}

/// The actions that `name` means; none if they are never asked here.
fn action(name: &str, place: &str) -> Result<Option<ActionSet>, PolicyError> {
    let refused = |problem: String| PolicyError::at(place, format!("Policy has invalid action: {problem}"));
    match ActionSet::named(name).map_err(refused)? {
        Named::NeverAsked => Ok(None),
        Named::Asked(named) if named.is_within(ActionSet::of(|action| matches!(action, PolicyAction::Control(_)))) => {
            Err(refused(format!("{name} is granted by organization policies only")))
        }
        Named::Asked(named) => Ok(Some(named)),
    }
}

/// Whether some action of `named` is about a kind of resource that `resources` has.
fn applies(named: ActionSet, resources: &Resources) -> bool {
    let kinds = [ResourceKind::Bucket, ResourceKind::Object];
    kinds.into_iter().any(|kind| resources.include(kind) && !named.and(ActionSet::on(kind)).is_empty())
}

/// The members of an object that has some.
fn not_empty(value: Json, place: &str) -> Result<Vec<(String, Json)>, PolicyError> {
    match value {
        Json::Object(members) if members.is_empty() => Err(PolicyError::at(place, "the object is empty")),
        Json::Object(members) => Ok(members),
        other => Err(PolicyError::at(place, format!("expected an object, found {}", other.what()))),
    }
}

/// The values of a condition: texts, or numbers and flags as they would be written as text. Where they are
/// not compared `as_numbers`, there has to be one way only to write them.
fn values_of(value: Json, as_numbers: bool, place: &str) -> Result<Vec<String>, PolicyError> {
    let one = |value: Json, place: &str| match value {
        Json::Flag(flag) => Ok(flag.to_string()),
        Json::Decimal(text) if as_numbers => Ok(text),
        Json::Decimal(_) => Err(PolicyError::at(
            place,
            "this number can be written in several ways, and texts are compared as they are written: put it in quotes",
        )),
        Json::Number(text) | Json::Text(text) => Ok(text),
        other @ (Json::List(_) | Json::Null | Json::Object(_)) => {
            Err(PolicyError::at(place, format!("expected a value or a list of values, found {}", other.what())))
        }
    };
    match value {
        Json::List(values) if values.is_empty() => {
            Err(PolicyError::at(place, "the list is empty; at least one is needed"))
        }
        Json::List(values) => {
            values.into_iter().enumerate().map(|(index, value)| one(value, &item(place, index))).collect()
        }
        value => one(value, place).map(|value| vec![value]),
    }
}

fn required(members: &mut Members, name: &str) -> Result<Json, PolicyError> {
    members.take(name).ok_or_else(|| PolicyError::at(&members.place(name), format!("Missing required field {name}")))
}
