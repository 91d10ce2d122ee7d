//! Organization policies as their authors write them: `v1alpha1`.

mod read;
mod statement;
#[cfg(test)]
mod tests;

use std::fmt;

use serde::Serialize;

use super::{Effect, PolicyError};

pub(super) use statement::Meaning;

/// An organization policy, checked: it means something and can be put in force. Its serialized form is the
/// document, and says again exactly what was written.
#[derive(Clone, Debug, Eq, PartialEq, Serialize)]
pub struct OrganizationPolicy {
    version: Version,
    name: PolicyName,
    statements: Vec<OrganizationStatement>,
}

/// One statement of an organization policy.
#[derive(Clone, Debug, Eq, PartialEq, Serialize)]
pub struct OrganizationStatement {
    /// Its name.
    pub name: String,
    /// What it does.
    #[serde(serialize_with = "effect_as_written")]
    pub effect: Effect,
    /// Which actions it is about: `s3:GetObject`, `cwobject:CreateAccessKey*`, `*`.
    pub actions: Vec<String>,
    /// Which resources it is about, as bare names: `*`, `bucket`, `bucket/*`.
    pub resources: Vec<String>,
    /// Whom it is about: `*`, `saml/Admin`, `role/https://issuer*`.
    pub principals: Vec<String>,
}

/// The name of an organization policy: 1 to 128 visible ASCII characters and inner spaces, no slash.
#[derive(Clone, Debug, Eq, Hash, Ord, PartialEq, PartialOrd, Serialize)]
pub struct PolicyName(Box<str>);

#[derive(Clone, Copy, Debug, Eq, PartialEq, Serialize)]
enum Version {
    #[serde(rename = "v1alpha1")]
    V1Alpha1,
}

impl OrganizationPolicy {
    /// The most bytes of a document.
    pub const LIMIT: usize = 64 * 1024;

    /// Reads a document: the policy, or an object that holds it as its only member `policy`.
    ///
    /// # Errors
    /// [`PolicyError`], naming the part that means nothing here.
    pub fn parse(document: &[u8]) -> Result<Self, PolicyError> {
        read::policy(document)
    }

    /// Its name, unique in the organization.
    #[must_use]
    pub fn name(&self) -> &PolicyName {
        &self.name
    }

    /// Its statements, at least one.
    #[must_use]
    pub fn statements(&self) -> &[OrganizationStatement] {
        &self.statements
    }
}

impl PolicyName {
    /// Accepts `text` if it has the form of a policy's name.
    ///
    /// # Errors
    /// [`PolicyError::Part`].
    pub fn parse(text: &str) -> Result<Self, PolicyError> {
        let right = (1..=128).contains(&text.len())
            && text.bytes().all(|byte| byte == b' ' || byte.is_ascii_graphic() && byte != b'/')
            && text.trim() == text
            // Clients take these out of a path.
            && ![".", ".."].contains(&text);
        if right {
            return Ok(Self(text.into()));
        }
        let problem = "expected 1 to 128 visible ASCII characters other than '/', and neither . nor ..".to_owned();
        Err(PolicyError::Part { place: "name".to_owned(), problem })
    }

    /// The name as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for PolicyName {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.0)
    }
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde passes fields by reference")]
fn effect_as_written<S: serde::Serializer>(effect: &Effect, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(effect.as_str())
}
