//! The words for who: organization, principal, permission, access key id and secret. Pure values that
//! are valid if they exist; where an identity came from and what it may do is decided elsewhere.

mod access_key;
mod organization;
mod permission;
mod principal;
mod secret;
#[cfg(test)]
mod tests;

pub use access_key::{AccessKeyId, AccessKeyIdError};
pub use organization::{OrganizationId, OrganizationIdError};
pub use permission::Permission;
pub use principal::{Principal, PrincipalError};
pub use secret::{SecretAccessKey, SecretAccessKeyError};
