//! The configurations: whose word counts, for whom. Kept in the store, changed by administrators.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

/// An OIDC issuer whose tokens, made for one audience, prove who somebody is.
#[derive(Clone, Debug, Eq, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct OidcConfiguration {
    /// Assigned here: a UUID.
    pub uid: String,
    /// 1 to 255 characters of `A-Z a-z 0-9 _ -`.
    pub name: String,
    /// At most 1024 characters.
    pub description: Option<String>,
    /// The `iss` of its tokens, byte for byte: https, or http on loopback.
    pub issuer_url: String,
    /// The one `aud` of its tokens, byte for byte.
    pub audience: String,
    /// How its tokens may be signed.
    pub algorithms: Vec<SigningAlgorithm>,
    /// Set if its tokens are accepted as API tokens too.
    pub api_access: Option<ApiAccess>,
    /// The claim that holds the groups of whom a token is about: a text or a list of texts. Without one, or
    /// without that claim in a token, there are none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub groups_claim: Option<String>,
    /// When it was created.
    pub created_at: Timestamp,
    /// When it was last changed.
    pub updated_at: Timestamp,
    /// Since when it is out of use; `None` if it is active.
    pub deactivated_at: Option<Timestamp>,
}

/// How the tokens of an issuer count as API tokens.
#[derive(Clone, Debug, Eq, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ApiAccess {
    /// The claim that holds `read`, `write` or `admin`, alone or in a list (the greatest counts).
    pub permission_claim: String,
    /// Whether such a token may make permanent keys.
    pub permanent_keys: bool,
}

/// An algorithm that a token may be signed with: RFC 7518 section 3.1. There are no symmetric ones.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd, Serialize, Deserialize)]
#[expect(missing_docs, reason = "the names are those of RFC 7518 and RFC 8037")]
pub enum SigningAlgorithm {
    ES256,
    ES384,
    EdDSA,
    PS256,
    RS256,
    RS384,
    RS512,
}

impl SigningAlgorithm {
    /// All that there are.
    pub const ALL: [Self; 7] =
        [Self::ES256, Self::ES384, Self::EdDSA, Self::PS256, Self::RS256, Self::RS384, Self::RS512];

    /// Its name in RFC 7518 and RFC 8037.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::ES256 => "ES256",
            Self::ES384 => "ES384",
            Self::EdDSA => "EdDSA",
            Self::PS256 => "PS256",
            Self::RS256 => "RS256",
            Self::RS384 => "RS384",
            Self::RS512 => "RS512",
        }
    }

    /// The one with that name, letter for letter.
    #[must_use]
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|algorithm| algorithm.name() == name)
    }
}

/// What an OIDC configuration shall be. [`OidcConfiguration`] says what is valid.
#[derive(Clone, Debug)]
#[expect(missing_docs, reason = "as in OidcConfiguration")]
pub struct NewOidcConfiguration {
    pub name: String,
    pub description: Option<String>,
    pub issuer_url: String,
    pub audience: String,
    /// Empty: all that there are.
    pub algorithms: Vec<SigningAlgorithm>,
    pub api_access: Option<ApiAccess>,
    pub groups_claim: Option<String>,
    pub active: bool,
}

/// What shall change about an OIDC configuration; `None` leaves as it is.
#[derive(Clone, Debug, Default)]
#[expect(missing_docs, reason = "as in OidcConfiguration")]
pub struct OidcUpdate {
    pub name: Option<String>,
    pub description: Option<Option<String>>,
    pub issuer_url: Option<String>,
    pub audience: Option<String>,
    pub algorithms: Option<Vec<SigningAlgorithm>>,
    pub api_access: Option<Option<ApiAccess>>,
    pub groups_claim: Option<Option<String>>,
    pub active: Option<bool>,
}

/// A SAML identity provider whose assertions prove who somebody is.
#[derive(Clone, Debug, Eq, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SamlConfiguration {
    /// Assigned here, a UUID: the `configId` of requests.
    pub uid: String,
    /// Unique; 1 to 255 characters of `A-Z a-z 0-9 _ -`.
    pub name: String,
    /// At most 1024 characters.
    pub description: Option<String>,
    /// The identity provider's entity id.
    pub entity_id: String,
    /// The certificates that its signatures are verified with, and no others: PEM, 1 to 8.
    pub certificates: Vec<String>,
    /// Whether it signs the response as a whole instead of the assertion.
    pub signs_response: bool,
    /// Whether ECDSA and RSA-PSS signatures are accepted beside RSA.
    pub accepts_ecdsa_and_pss: bool,
    /// The `Name` of the attribute that holds the groups of whom an assertion is about, each in a value of
    /// its own. Without one, or without that attribute in an assertion, there are none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub groups_attribute: Option<String>,
    /// When it was created.
    pub created_at: Timestamp,
}

/// What a SAML configuration shall be. [`SamlConfiguration`] says what is valid.
#[derive(Clone, Debug)]
#[expect(missing_docs, reason = "as in SamlConfiguration")]
pub struct NewSamlConfiguration {
    pub name: String,
    pub description: Option<String>,
    /// May be absent beside metadata that holds one identity provider.
    pub entity_id: Option<String>,
    /// PEM; empty beside metadata.
    pub certificates: Vec<String>,
    /// The identity provider's metadata document, to take both from.
    pub metadata: Option<String>,
    pub signs_response: bool,
    pub accepts_ecdsa_and_pss: bool,
    pub groups_attribute: Option<String>,
}

/// What shall change about a SAML configuration; `None` leaves as it is. Another entity id is another
/// configuration.
#[derive(Clone, Debug, Default)]
#[expect(missing_docs, reason = "as in SamlConfiguration")]
pub struct SamlUpdate {
    pub name: Option<String>,
    pub description: Option<Option<String>>,
    /// All that shall count from now on.
    pub certificates: Option<Vec<String>>,
    /// A metadata document, to take the certificates from. It has to be that of the same entity id.
    pub metadata: Option<String>,
    pub signs_response: Option<bool>,
    pub accepts_ecdsa_and_pss: Option<bool>,
    pub groups_attribute: Option<Option<String>>,
}
