//! Keeps the federation configurations, which say whose word counts, and checks that word: an OIDC token
//! or a SAML response comes in, [`Evidence`](crate::identity::Evidence) of who somebody is goes out.
//! What that somebody may do, and what keys they get, is for others to decide.

mod configurations;
mod error;
pub mod oidc;
#[cfg(feature = "saml")]
pub mod saml;

use std::sync::Arc;

use rand::CryptoRng;

use crate::clock::Clock;
use crate::config;
use crate::identity::{Evidence, Permission};
use crate::store::KeyStore;

pub use configurations::{
    ApiAccess, NewOidcConfiguration, NewSamlConfiguration, OidcConfiguration, OidcUpdate, SamlConfiguration,
    SigningAlgorithm,
};
pub use error::{FederationError, LoginError};

/// The configurations in force, following the store, and what is needed to check tokens by them.
pub struct Federation {
    _store: Arc<dyn KeyStore>,
}

/// An OIDC token that passed every check.
#[derive(Clone, Debug)]
pub struct VerifiedOidcToken {
    /// Who it is.
    pub evidence: Evidence,
    /// Set if the configuration accepts its tokens as API tokens, and the token's claim says for what.
    pub api_access: Option<GrantedApiAccess>,
}

/// What an OIDC token may do as an API token.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct GrantedApiAccess {
    /// What its claim says; [`Permission::None`] is never here.
    pub permission: Permission,
    /// Whether its keys may be permanent, as the configuration says.
    pub makes_permanent_keys: bool,
}

/// A JSON Web Token, compact form, that nobody has checked. `Debug` prints a placeholder.
pub struct UnverifiedJwt(zeroize::Zeroizing<String>);

/// A base64 SAML response that nobody has checked. `Debug` prints a placeholder.
pub struct UnverifiedSaml(zeroize::Zeroizing<String>);

impl Federation {
    /// Reads the configurations and starts following the store. Needs a Tokio runtime. What was started
    /// ends with [`shutdown`](Self::shutdown), or when the last `Arc` goes.
    ///
    /// # Errors
    /// If the store or the file of trusted certificates cannot be read.
    pub async fn open(
        store: Arc<dyn KeyStore>,
        _clock: Arc<dyn Clock>,
        _settings: &config::Federation,
    ) -> Result<Arc<Self>, FederationError> {
        Ok(Arc::new(Self { _store: store }))
    }

    /// Ends the background work.
    pub async fn shutdown(&self) {}

    /// Who an OIDC token proves somebody to be, by the active configuration of its issuer and audience.
    ///
    /// # Errors
    /// [`LoginError`]. Reasons are for the log; a client is told the same for all refusals.
    pub async fn verify_oidc(&self, _unverified: &UnverifiedJwt) -> Result<VerifiedOidcToken, LoginError> {
        Err(LoginError::Refused("not here yet".into()))
    }

    /// Who a SAML response proves somebody to be, by the configuration with that id, or by the only one
    /// there is. The evidence is good for one key.
    ///
    /// # Errors
    /// [`LoginError`]. Reasons are for the log; a client is told the same for all refusals.
    pub async fn verify_saml(
        &self,
        _configuration: Option<&str>,
        _unverified: UnverifiedSaml,
    ) -> Result<Evidence, LoginError> {
        Err(LoginError::Refused("not here yet".into()))
    }

    /// Every OIDC configuration, by name.
    #[must_use]
    pub fn oidc_configurations(&self) -> Vec<Arc<OidcConfiguration>> {
        Vec::new()
    }

    /// Creates an OIDC configuration.
    ///
    /// # Errors
    /// [`FederationError::Invalid`] says what to change; `AlreadyExists` if issuer and audience are another's.
    pub async fn create_oidc(
        &self,
        _new: NewOidcConfiguration,
        _random: &mut (impl CryptoRng + Send),
    ) -> Result<Arc<OidcConfiguration>, FederationError> {
        Err(FederationError::Invalid("not here yet".into()))
    }

    /// Changes an OIDC configuration; `None` if there is none called `id`.
    ///
    /// # Errors
    /// As for [`create_oidc`](Self::create_oidc).
    pub async fn update_oidc(
        &self,
        _id: &str,
        _update: OidcUpdate,
    ) -> Result<Option<Arc<OidcConfiguration>>, FederationError> {
        Err(FederationError::Invalid("not here yet".into()))
    }

    /// Removes an OIDC configuration; keys made by it live on to their end. False if there was none.
    ///
    /// # Errors
    /// If the store fails.
    pub async fn delete_oidc(&self, _id: &str) -> Result<bool, FederationError> {
        Err(FederationError::Invalid("not here yet".into()))
    }

    /// Every SAML configuration, by name.
    #[must_use]
    pub fn saml_configurations(&self) -> Vec<Arc<SamlConfiguration>> {
        Vec::new()
    }

    /// Creates a SAML configuration.
    ///
    /// # Errors
    /// [`FederationError::Invalid`] says what to change; `AlreadyExists` if its name is another's.
    pub async fn create_saml(
        &self,
        _new: NewSamlConfiguration,
        _random: &mut (impl CryptoRng + Send),
    ) -> Result<Arc<SamlConfiguration>, FederationError> {
        Err(FederationError::Invalid("not here yet".into()))
    }

    /// Removes a SAML configuration; keys made by it live on to their end. False if there was none.
    ///
    /// # Errors
    /// If the store fails.
    pub async fn delete_saml(&self, _id: &str) -> Result<bool, FederationError> {
        Err(FederationError::Invalid("not here yet".into()))
    }
}

impl UnverifiedJwt {
    /// Takes what a client sent.
    #[must_use]
    pub fn new(text: zeroize::Zeroizing<String>) -> Self {
        Self(text)
    }
}

impl UnverifiedSaml {
    /// Takes what a client sent.
    #[must_use]
    pub fn new(text: zeroize::Zeroizing<String>) -> Self {
        Self(text)
    }
}

impl std::fmt::Debug for UnverifiedJwt {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str("UnverifiedJwt(redacted)")
    }
}

impl std::fmt::Debug for UnverifiedSaml {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str("UnverifiedSaml(redacted)")
    }
}
