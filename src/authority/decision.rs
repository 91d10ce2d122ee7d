//! What was decided, and why.

use std::fmt;

use crate::identity::Permission;
use crate::policy::{PolicyAction, StatementName};

/// Everything allows it. Only [`InForce::judge`](super::InForce::judge) makes one.
#[derive(Clone, Debug)]
pub struct Allowed {
    pub(super) organization: Option<StatementName>,
    pub(super) bucket: Option<StatementName>,
}

/// An action that somebody may not do, and why.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Denial {
    /// The action.
    pub action: PolicyAction,
    /// What stands against it.
    pub cause: DenialCause,
}

/// What stands against an action, in the order in which it is asked.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum DenialCause {
    /// The key or token was given less.
    Permission {
        /// What it has.
        has: Permission,
        /// What the action takes.
        takes: Permission,
    },
    /// The identity prefix is configured for less.
    Ceiling {
        /// The most that the prefix may do.
        has: Permission,
        /// What the action takes.
        takes: Permission,
    },
    /// Nobody signed the request, and this takes an identity whatever policies say.
    TakesIdentity,
    /// A statement of an organization policy denies it.
    OrganizationPolicyDenies(StatementName),
    /// No organization policy allows it.
    NoOrganizationPolicyAllows,
    /// The stored policy of the bucket cannot be understood.
    BucketPolicyUnreadable,
    /// A statement of the bucket policy denies it.
    BucketPolicyDenies(StatementName),
    /// The bucket has a policy, and it does not allow it; or it has none, and nobody signed the request.
    BucketPolicyDoesNotAllow,
    /// The bucket's policy is public, and its public access block restricts it.
    PublicAccessBlocked,
}

impl Allowed {
    /// The statement of an organization policy that allows it.
    #[must_use]
    pub fn organization(&self) -> Option<&StatementName> {
        self.organization.as_ref()
    }

    /// The statement of the bucket policy that allows it, if the bucket has one.
    #[must_use]
    pub fn bucket(&self) -> Option<&StatementName> {
        self.bucket.as_ref()
    }
}

impl Denial {
    /// Completes "is not authorized to perform … " for the one who asked: says which layer, and of policies
    /// no names.
    #[must_use]
    pub fn told(&self) -> String {
        let action = self.action;
        match &self.cause {
            DenialCause::Permission { has, takes } => {
                // The control plane is asked with tokens.
                let of = if matches!(action, PolicyAction::Control(_)) { "token" } else { "access key" };
                format!("because the permission of the {of} is \"{has}\" and this takes \"{takes}\"")
            }
            DenialCause::Ceiling { has: Permission::None, takes } => format!(
                "because the ceiling of its identity prefix is \"none\" (the configuration has no [[identity]] section for it, \
                 or one that allows nothing) and this takes \"{takes}\""
            ),
            DenialCause::Ceiling { has, takes } => {
                format!("because the ceiling of its identity prefix is \"{has}\" and this takes \"{takes}\"")
            }
            DenialCause::TakesIdentity => format!("because nobody signed the request and {action} takes an identity"),
            DenialCause::OrganizationPolicyDenies(_) => "with an explicit deny in an organization policy".into(),
            DenialCause::NoOrganizationPolicyAllows => {
                format!("because no organization policy allows the {action} action")
            }
            DenialCause::BucketPolicyUnreadable => "because the policy of the bucket cannot be read".into(),
            DenialCause::BucketPolicyDenies(_) => "with an explicit deny in the bucket policy".into(),
            DenialCause::BucketPolicyDoesNotAllow => {
                format!("because the bucket policy does not allow the {action} action")
            }
            DenialCause::PublicAccessBlocked => "because the bucket's public access block restricts it".into(),
        }
    }

    /// The statement that denies, if one does.
    #[must_use]
    pub fn statement(&self) -> Option<&StatementName> {
        match &self.cause {
            DenialCause::OrganizationPolicyDenies(statement) | DenialCause::BucketPolicyDenies(statement) => {
                Some(statement)
            }
            _ => None,
        }
    }
}

/// The full reason, for the log.
impl fmt::Display for Denial {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.told())?;
        match self.statement() {
            Some(statement) => write!(formatter, ": {statement}"),
            None => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::policy::ControlAction;
    use crate::s3::operation::Action;

    #[test]
    fn what_is_too_narrow_is_called_by_its_name() {
        let told = |action, cause| Denial { action, cause }.told();
        let (has, takes) = (Permission::Read, Permission::Write);
        let (s3, control) = (Action::PutObject.into(), ControlAction::EnsureAccessPolicy.into());
        assert!(told(s3, DenialCause::Permission { has, takes }).contains("permission of the access key is \"read\""));
        assert!(told(control, DenialCause::Permission { has, takes }).contains("permission of the token is \"read\""));
        assert!(!told(s3, DenialCause::Ceiling { has, takes }).contains("[[identity]]"));
        assert!(told(s3, DenialCause::Ceiling { has: Permission::None, takes }).contains("no [[identity]] section"));
    }
}
