//! The actions of the control plane, as policies name them: `cwobject:CreateAccessKey` and its siblings.

use std::fmt;

macro_rules! control_actions {
    ($($(#[$doc:meta])* $name:ident,)*) => {
        /// An action of the control plane. All of them are judged by organization policies only, and need
        /// the resource `*` there.
        #[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
        pub enum ControlAction {
            $($(#[$doc])* $name,)*
        }

        impl ControlAction {
            /// Every action, in alphabetical order.
            pub const ALL: &'static [Self] = &[$(Self::$name,)*];

            /// The name with its service prefix, such as `cwobject:CreateAccessKey`.
            #[must_use]
            pub fn name(self) -> &'static str {
                match self { $(Self::$name => concat!("cwobject:", stringify!($name)),)* }
            }
        }
    };
}

control_actions! {
    /// Create an access key from an API token.
    CreateAccessKey,
    /// Create an access key from an OIDC token.
    CreateAccessKeyOIDC,
    /// Create an access key from a SAML response.
    CreateAccessKeySAML,
    /// Remove an organization policy.
    DeleteAccessPolicy,
    /// Create or replace an organization policy.
    EnsureAccessPolicy,
    /// Show one access key.
    GetAccessKeyInfo,
    /// Show one bucket.
    GetBucketInfo,
    /// List the access keys.
    ListAccessKeyInfo,
    /// List the organization policies, and ask why a request is allowed or denied.
    ListAccessPolicy,
    /// List the buckets.
    ListBucketInfo,
    /// End one access key.
    RevokeAccessKeyByAccessKey,
    /// End the access keys of a principal.
    RevokeAccessKeysByPrincipal,
    /// Change the settings of a bucket.
    SetBucketSettings,
    /// Change the settings of the organization.
    SetOrganizationSettings,
    /// Suspend a principal, or let it go on.
    UpdateAccessKeyStatus,
}

impl ControlAction {
    /// Whether it only looks, or makes a key for the one who asks.
    #[must_use]
    pub fn changes_nothing_of_others(self) -> bool {
        matches!(
            self,
            Self::CreateAccessKey
                | Self::CreateAccessKeyOIDC
                | Self::CreateAccessKeySAML
                | Self::GetAccessKeyInfo
                | Self::GetBucketInfo
                | Self::ListAccessKeyInfo
                | Self::ListAccessPolicy
                | Self::ListBucketInfo
        )
    }
}

impl fmt::Display for ControlAction {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.name())
    }
}
