//! The words for who: organization, principal, permission, groups, access keys, tokens, evidence. Pure values
//! that are valid if they exist; where an identity came from and what it may do is decided elsewhere.

mod access_key;
mod attributes;
mod evidence;
mod groups;
mod organization;
mod permission;
mod principal;
mod secret;
mod session_token;
#[cfg(test)]
mod tests;
mod token;

pub use access_key::{AccessKeyId, AccessKeyIdError};
pub use attributes::{Attributes, AttributesError};
pub use evidence::{Evidence, Origin, UseOnce};
pub use groups::{Groups, GroupsError};
pub use organization::{OrganizationId, OrganizationIdError};
pub use permission::Permission;
pub use principal::{Principal, PrincipalError, SubjectError};
pub use secret::{SecretAccessKey, SecretAccessKeyError};
pub use session_token::SessionToken;
pub use token::{ApiToken, SecretDigest, SecretDigestError, TokenId, TokenIdError};
