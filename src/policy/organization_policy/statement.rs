//! What a statement of an organization policy means.

use super::OrganizationStatement;
use crate::policy::action_set::{ActionSet, Named};
use crate::policy::json::{inside, item};
use crate::policy::pattern::{Pattern, Shape};
use crate::policy::principals::PrincipalPattern;
use crate::policy::{Effect, PolicyError};

/// What a statement is about.
#[derive(Debug)]
pub(in crate::policy) struct Meaning {
    /// These actions; none if it names only actions that nothing here asks for.
    pub(in crate::policy) actions: ActionSet,
    /// Patterns for the names of buckets and of objects, as `bucket/key`. A `*` crosses slashes, as in ARNs.
    pub(in crate::policy) resources: Vec<Pattern>,
    /// These principals, and those that they name [also](PrincipalPattern::also).
    pub(in crate::policy) principals: Vec<PrincipalPattern>,
}

impl Meaning {
    /// What `statement`, which stands at `place`, means.
    pub(in crate::policy) fn of(statement: &OrganizationStatement, place: &str) -> Result<Self, PolicyError> {
        let each = |field: &str, texts: &[String]| {
            let list = inside(place, field);
            let texts = texts.iter().enumerate();
            texts.map(|(index, text)| (item(&list, index), text.clone())).collect::<Vec<_>>()
        };
        let resources: Vec<Pattern> = each("resources", &statement.resources)
            .into_iter()
            .map(|(place, text)| resource(&text).map_err(|problem| PolicyError::at(&place, problem)))
            .collect::<Result<_, _>>()?;
        let is_about_everything = resources.iter().any(|pattern| pattern.shape() == Shape::Every);
        let mut actions = ActionSet::default();
        for (place, name) in each("actions", &statement.actions) {
            let Named::Asked(named) = ActionSet::named(&name).map_err(|problem| PolicyError::at(&place, problem))?
            else {
                continue;
            };
            if named.is_within(ActionSet::on_nothing()) && !is_about_everything {
                let problem = format!("{name} is about no bucket: the statement needs the resource \"*\"");
                return Err(PolicyError::at(&place, problem));
            }
            actions = actions.or(named);
        }
        let principals = each("principals", &statement.principals)
            .into_iter()
            .map(|(place, text)| principal(&text, statement.effect).map_err(|problem| PolicyError::at(&place, problem)))
            .collect::<Result<_, _>>()?;
        Ok(Self { actions, resources, principals })
    }
}

/// A `*` that allows means those who proved who they are; one that denies leaves nobody out.
fn principal(text: &str, effect: Effect) -> Result<PrincipalPattern, String> {
    if text == "*" && effect == Effect::Deny {
        return Ok(PrincipalPattern::Everybody);
    }
    if text == "anonymous" {
        return Ok(PrincipalPattern::Anonymous);
    }
    if text.get(..4).is_some_and(|start| start.eq_ignore_ascii_case("arn:")) {
        let short = text.splitn(6, ':').nth(5).filter(|short| !short.is_empty()).unwrap_or("saml/Admin");
        return Err(format!("{text} is an ARN; write the principal alone, such as {short}"));
    }
    PrincipalPattern::parse(text).map_err(|problem| format!("{problem}; or the word anonymous"))
}

fn resource(text: &str) -> Result<Pattern, String> {
    if text.get(..4).is_some_and(|start| start.eq_ignore_ascii_case("arn:")) {
        let bare = text.splitn(6, ':').nth(5).filter(|bare| !bare.is_empty()).unwrap_or("*");
        return Err(format!("{text} is an ARN; write the name alone: {bare}"));
    }
    if text.contains("${") {
        return Err(format!("{text} has a variable; organization policies have none"));
    }
    let (bucket, key) = text.split_once('/').map_or((text, None), |(bucket, key)| (bucket, Some(key)));
    let can_be = |byte: u8| byte.is_ascii_alphanumeric() || b".-_*?".contains(&byte);
    if bucket.is_empty() || !bucket.bytes().all(can_be) {
        return Err(format!("{text} begins with no name of a bucket; expected *, bucket, bucket/* or bucket/key"));
    }
    if key == Some("") && !bucket.ends_with('*') {
        return Err(format!("{text} names no object; all objects of the bucket are {bucket}/*"));
    }
    Ok(Pattern::new(text))
}
