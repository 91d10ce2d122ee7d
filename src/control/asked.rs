//! What a caller asks about: actions and resources, by name; and what is known of whoever it is about.

use super::ControlError;
use crate::identity::{Groups, OrganizationId, Principal};
use crate::policy::{FixedKey, PolicyAction, Resource};
use crate::s3::operation::{Action, ResourceKind};

/// A resource that somebody named.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(super) enum NamedResource {
    Any,
    Bucket(String),
    Object { bucket: String, key: String },
}

impl NamedResource {
    /// Reads `*`, `bucket`, `bucket/key` or an ARN of these. A wildcard within a name is asked for as it
    /// stands: only a pattern that covers it, such as the same one, matches.
    fn parse(text: &str) -> Result<Self, ControlError> {
        let name = text.strip_prefix("arn:aws:s3:::").unwrap_or(text);
        if name == "*" {
            return Ok(Self::Any);
        }
        let (bucket, key) = name.split_once('/').map_or((name, None), |(bucket, key)| (bucket, Some(key)));
        if bucket.is_empty() || bucket.contains(':') || name.chars().any(char::is_control) {
            return Err(ControlError::Invalid(
                "a resource is *, bucket, bucket/key, or arn:aws:s3::: followed by one of these".into(),
            ));
        }
        Ok(match key {
            None => Self::Bucket(bucket.to_owned()),
            Some(key) => Self::Object { bucket: bucket.to_owned(), key: key.to_owned() },
        })
    }

    /// For a question.
    pub(super) fn lend(&self) -> Resource<'_> {
        match self {
            Self::Any => Resource::Any,
            Self::Bucket(bucket) => Resource::Bucket(bucket),
            Self::Object { bucket, key } => Resource::Object { bucket, key },
        }
    }
}

/// The action called `name`.
pub(super) fn action_named(name: &str) -> Result<PolicyAction, ControlError> {
    PolicyAction::named(name).ok_or_else(|| {
        let shown: String = name.chars().take(64).collect();
        ControlError::Invalid(format!(
            "{shown:?} is not an action that is asked here; name each one, such as s3:GetObject or cwobject:ListBucketInfo"
        ))
    })
}

/// The resource called `text`, as a request for `action` would name it: some actions are about nothing in
/// particular, whatever is named.
pub(super) fn resource_for(action: PolicyAction, text: &str) -> Result<NamedResource, ControlError> {
    let named = NamedResource::parse(text)?;
    Ok(match action {
        PolicyAction::Control(_) => NamedResource::Any,
        PolicyAction::S3(action) if Action::resource(action) == ResourceKind::Service => NamedResource::Any,
        PolicyAction::S3(_) => named,
    })
}

/// Whether a request for `action` could be about `resource`. A statement can match what no request asks for,
/// and an answer to that would mislead.
pub(super) fn fits(action: PolicyAction, resource: &NamedResource) -> Result<(), ControlError> {
    let PolicyAction::S3(asked) = action else { return Ok(()) };
    let expected = match (asked.resource(), resource) {
        (ResourceKind::Bucket, NamedResource::Object { .. }) => "a bucket: name it without a key",
        (ResourceKind::Object, NamedResource::Bucket(_)) => "an object: name it as bucket/key",
        _ => return Ok(()),
    };
    Err(ControlError::Invalid(format!("resource: {} is about {expected}", action.name())))
}

/// The condition keys that follow from who somebody is, with their values.
pub(super) fn known_of(
    principal: &Principal,
    groups: &Groups,
    organization: &OrganizationId,
) -> impl Iterator<Item = (String, Vec<String>)> {
    let text = principal.as_str();
    let own_name = ["coreweave/", "static/"].iter().find_map(|prefix| text.strip_prefix(prefix));
    let fixed = [
        (FixedKey::PrincipalArn, Some(format!("arn:aws:iam::{organization}:{text}"))),
        (FixedKey::PrincipalOrgId, Some(organization.to_string())),
        (FixedKey::CwPrincipalOrgId, Some(organization.to_string())),
        (FixedKey::UserId, Some(text.to_owned())),
        (FixedKey::Username, own_name.map(str::to_owned)),
    ];
    let fixed = fixed.into_iter().filter_map(|(key, value)| Some((key.name().to_owned(), vec![value?])));
    let groups = (!groups.is_empty()).then(|| (format!("iam:{organization}:groups"), groups.as_slice().to_vec()));
    fixed.chain(groups)
}
