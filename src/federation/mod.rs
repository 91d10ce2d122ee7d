//! Keeps the federation configurations, which say whose word counts, and checks that word: an OIDC token
//! or a SAML response comes in, [`Evidence`] of who somebody is goes out.
//! What that somebody may do, and what keys they get, is for others to decide.
//!
//! ```text
//! administrators --> manage (admission: may it stand beside the others?) --> store --> follow --> in_force
//! UnverifiedJwt  --> oidc (keys by fetch, and nothing else goes out) --------------------------------+--> Evidence
//! UnverifiedSaml --> saml_login (saml: bytes in, an assertion or a reason out) ----------------------+
//! ```

mod admission;
mod configurations;
mod error;
mod fetch;
mod follow;
mod in_force;
mod manage;
mod oidc;
#[cfg(feature = "saml")]
pub mod saml;
#[cfg(feature = "saml")]
mod saml_login;
mod strict_json;
mod unverified;

use std::sync::Arc;

use rand::CryptoRng;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::clock::Clock;
use crate::config;
use crate::identity::{Evidence, Permission};
use crate::store::KeyStore;

pub use configurations::{
    ApiAccess, NewOidcConfiguration, NewSamlConfiguration, OidcConfiguration, OidcUpdate, SamlConfiguration,
    SamlUpdate, SigningAlgorithm,
};
pub use error::{FederationError, LoginError};
pub use unverified::{UnverifiedJwt, UnverifiedSaml};

use fetch::Fetcher;
use in_force::InForce;
use oidc::Surroundings;

/// The configurations in force, following the store, and what is needed to check tokens by them.
pub struct Federation {
    store: Arc<dyn KeyStore>,
    clock: Arc<dyn Clock>,
    in_force: Arc<InForce>,
    #[cfg(feature = "saml")]
    saml_service: Option<config::SamlService>,
    stop: CancellationToken,
    tasks: TaskTracker,
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

impl Federation {
    /// Reads the configurations and starts following the store. Needs a Tokio runtime. What was started
    /// ends with [`shutdown`](Self::shutdown), or when the last `Arc` goes.
    ///
    /// # Errors
    /// If the store or the file of trusted certificates cannot be read.
    pub async fn open(
        store: Arc<dyn KeyStore>,
        clock: Arc<dyn Clock>,
        settings: &config::Federation,
    ) -> Result<Arc<Self>, FederationError> {
        let (stop, tasks) = (CancellationToken::new(), TaskTracker::new());
        let in_force = Arc::new(InForce::new(Arc::new(Surroundings {
            fetcher: Fetcher::new(settings)?,
            clock: Arc::clone(&clock),
            keep_last_keys: settings.keep_last_keys,
            tasks: tasks.clone(),
            stop: stop.clone(),
        })));
        let (follower, watch) = follow::Follower::start(Arc::clone(&store), Arc::clone(&in_force)).await?;
        tasks.spawn(follower.run(watch, stop.clone()));
        Ok(Arc::new(Self {
            store,
            clock,
            in_force,
            #[cfg(feature = "saml")]
            saml_service: settings.saml.clone(),
            stop,
            tasks,
        }))
    }

    /// Ends the background work.
    pub async fn shutdown(&self) {
        self.stop.cancel();
        self.tasks.close();
        self.tasks.wait().await;
    }

    /// Who an OIDC token proves somebody to be, by the active configuration of its issuer and audience.
    ///
    /// # Errors
    /// [`LoginError`]. Reasons are for the log; a client is told the same for all refusals.
    pub async fn verify_oidc(&self, unverified: &UnverifiedJwt) -> Result<VerifiedOidcToken, LoginError> {
        oidc::verify(&self.in_force, &*self.clock, unverified.text()).await
    }

    /// Who a SAML response proves somebody to be, by the configuration with that id, or by the only one
    /// there is. The evidence is good for one key.
    ///
    /// # Errors
    /// [`LoginError`]. Reasons are for the log; a client is told the same for all refusals.
    pub async fn verify_saml(
        &self,
        configuration: Option<&str>,
        unverified: UnverifiedSaml,
    ) -> Result<Evidence, LoginError> {
        #[cfg(feature = "saml")]
        return self.login_by_saml(configuration, unverified).await;
        #[cfg(not(feature = "saml"))]
        {
            let _ = (configuration, unverified.text());
            Err(LoginError::Refused(NO_SAML.to_owned()))
        }
    }

    /// Every OIDC configuration, by name.
    #[must_use]
    pub fn oidc_configurations(&self) -> Vec<Arc<OidcConfiguration>> {
        let set = self.in_force.last_known();
        let mut all: Vec<_> = set.oidc().map(|entry| Arc::clone(&entry.configuration)).collect();
        all.sort_unstable_by(|a, b| (&a.name, &a.uid).cmp(&(&b.name, &b.uid)));
        all
    }

    /// Creates an OIDC configuration.
    ///
    /// # Errors
    /// [`FederationError::Invalid`] says what to change; `AlreadyExists` if issuer and audience are another's.
    pub async fn create_oidc(
        &self,
        new: NewOidcConfiguration,
        random: &mut (impl CryptoRng + Send),
    ) -> Result<Arc<OidcConfiguration>, FederationError> {
        self.add_oidc(new, random).await
    }

    /// Changes an OIDC configuration; `None` if there is none called `id`.
    ///
    /// # Errors
    /// As for [`create_oidc`](Self::create_oidc).
    pub async fn update_oidc(
        &self,
        id: &str,
        update: OidcUpdate,
    ) -> Result<Option<Arc<OidcConfiguration>>, FederationError> {
        self.change_oidc(id, update).await
    }

    /// Removes an OIDC configuration; keys made by it live on to their end. False if there was none.
    ///
    /// # Errors
    /// If the store fails.
    pub async fn delete_oidc(&self, id: &str) -> Result<bool, FederationError> {
        self.remove(in_force::OIDC, id).await
    }

    /// Every SAML configuration, by name.
    #[must_use]
    pub fn saml_configurations(&self) -> Vec<Arc<SamlConfiguration>> {
        let set = self.in_force.last_known();
        let mut all: Vec<_> = set.saml().map(|entry| Arc::clone(&entry.configuration)).collect();
        all.sort_unstable_by(|a, b| a.name.cmp(&b.name));
        all
    }

    /// Creates a SAML configuration.
    ///
    /// # Errors
    /// [`FederationError::Invalid`] says what to change; `AlreadyExists` if its name is another's.
    pub async fn create_saml(
        &self,
        new: NewSamlConfiguration,
        random: &mut (impl CryptoRng + Send),
    ) -> Result<Arc<SamlConfiguration>, FederationError> {
        #[cfg(feature = "saml")]
        return self.add_saml(new, random).await;
        #[cfg(not(feature = "saml"))]
        {
            let _ = (new, random);
            Err(FederationError::Invalid(NO_SAML.to_owned()))
        }
    }

    /// Changes a SAML configuration; `None` if there is none called `id`.
    ///
    /// # Errors
    /// As for [`create_saml`](Self::create_saml). Nothing is changed then.
    pub async fn update_saml(
        &self,
        id: &str,
        update: SamlUpdate,
    ) -> Result<Option<Arc<SamlConfiguration>>, FederationError> {
        #[cfg(feature = "saml")]
        return self.change_saml(id, update).await;
        #[cfg(not(feature = "saml"))]
        {
            let _ = (id, update);
            Err(FederationError::Invalid(NO_SAML.to_owned()))
        }
    }

    /// Removes a SAML configuration; keys made by it live on to their end. False if there was none.
    ///
    /// # Errors
    /// If the store fails.
    pub async fn delete_saml(&self, id: &str) -> Result<bool, FederationError> {
        self.remove(in_force::SAML, id).await
    }
}

impl Drop for Federation {
    fn drop(&mut self) {
        self.stop.cancel();
    }
}

#[cfg(not(feature = "saml"))]
const NO_SAML: &str = "SAML is not in this build: the operator has to install one with the feature saml";
