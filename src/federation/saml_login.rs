//! SAML configurations and logins by them. Needs the feature `saml` and the section `[federation.saml]`.

use std::sync::Arc;

use rand::CryptoRng;

use super::admission::{check_count, check_description, check_member, check_name, invalid};
use super::in_force::{SAML, SamlInForce, Stored};
use super::manage::{ATTEMPTS, new_uid, record_key};
use super::saml::{
    SamlError, SamlTrust, SamlTrustError, SamlTrustSettings, SignedPart, UnverifiedSamlResponse, VerifiedAssertion,
};
use super::{
    Federation, FederationError, LoginError, NewSamlConfiguration, SamlConfiguration, SamlUpdate, UnverifiedSaml,
};
use crate::config::SamlService;
use crate::identity::{Evidence, Origin, Principal, SecretDigest, UseOnce};
use crate::store::Expected;

/// What a configuration is verified by.
pub(super) fn trust(configuration: &SamlConfiguration) -> Result<SamlTrust, SamlTrustError> {
    SamlTrust::new(&SamlTrustSettings {
        entity_id: configuration.entity_id.clone(),
        certificates_pem: configuration.certificates.clone(),
        signed: if configuration.signs_response { SignedPart::Response } else { SignedPart::Assertion },
        accept_ecdsa_and_pss: configuration.accepts_ecdsa_and_pss,
        groups_attribute: configuration.groups_attribute.clone(),
    })
}

impl Federation {
    pub(super) async fn add_saml(
        &self,
        new: NewSamlConfiguration,
        random: &mut (impl CryptoRng + Send),
    ) -> Result<Arc<SamlConfiguration>, FederationError> {
        if self.saml_service.is_none() {
            return Err(invalid(NOT_CONFIGURED));
        }
        let (entity_id, certificates) = identity_provider(&new)?;
        let configuration = SamlConfiguration {
            uid: new_uid(random),
            name: new.name,
            description: new.description,
            entity_id,
            certificates,
            signs_response: new.signs_response,
            accepts_ecdsa_and_pss: new.accepts_ecdsa_and_pss,
            groups_attribute: new.groups_attribute,
            created_at: self.clock.now(),
        };
        check_saml(&configuration)?;
        let key = record_key(SAML, &configuration.uid)?;
        for _ in 0..ATTEMPTS {
            let listing = self.list(SAML).await?;
            check_saml_beside(&configuration, listing.saml().map(|(_, other)| other))?;
            check_count(listing.saml().count())?;
            let stored = Stored::Saml(configuration.clone());
            if self.put(listing, key.clone(), Expected::Absent, &configuration, stored).await? {
                return Ok(Arc::new(configuration));
            }
        }
        Err(FederationError::Busy)
    }

    pub(super) async fn change_saml(
        &self,
        id: &str,
        update: SamlUpdate,
    ) -> Result<Option<Arc<SamlConfiguration>>, FederationError> {
        if self.saml_service.is_none() {
            return Err(invalid(NOT_CONFIGURED));
        }
        for _ in 0..ATTEMPTS {
            let listing = self.list(SAML).await?;
            let found = listing.saml().find(|(_, configuration)| configuration.uid == id);
            let Some((revision, before)) = found else { return Ok(None) };
            let configuration = updated(before, &update)?;
            check_saml(&configuration)?;
            let others = listing.saml().map(|(_, other)| other).filter(|other| other.uid != id);
            check_saml_beside(&configuration, others)?;
            let key = record_key(SAML, id)?;
            let stored = Stored::Saml(configuration.clone());
            if self.put(listing, key, Expected::At(revision), &configuration, stored).await? {
                return Ok(Some(Arc::new(configuration)));
            }
        }
        Err(FederationError::Busy)
    }

    pub(super) async fn login_by_saml(
        &self,
        configuration: Option<&str>,
        unverified: UnverifiedSaml,
    ) -> Result<Evidence, LoginError> {
        let Some(service) = self.saml_service.clone() else {
            return Err(LoginError::Refused(NOT_CONFIGURED.to_owned()));
        };
        let entry = self.select_saml(configuration)?;
        let (verifying, now) = (Arc::clone(&entry), self.clock.now());
        // Milliseconds of computing: not for the threads that serve everybody.
        let verified = tokio::task::spawn_blocking(move || verify(&verifying, &unverified, &service, now)).await;
        let assertion = verified.map_err(|_| LoginError::Refused("the verification broke off".to_owned()))??;
        // A change that was acknowledged meanwhile counts.
        if !self.in_force.current()?.holds_saml(&entry) {
            return Err(LoginError::Refused("the configuration was changed meanwhile".to_owned()));
        }
        evidence(&entry.configuration, &assertion)
    }

    fn select_saml(&self, configuration: Option<&str>) -> Result<Arc<SamlInForce>, LoginError> {
        let set = self.in_force.current()?;
        if let Some(id) = configuration {
            let entry = set.saml().find(|entry| entry.configuration.uid == id);
            return entry.cloned().ok_or_else(|| LoginError::Refused("there is no such SAML configuration".to_owned()));
        }
        let entries: Vec<_> = set.saml().collect();
        match entries.as_slice() {
            [only] => Ok(Arc::clone(only)),
            others => Err(LoginError::ConfigurationNeeded(others.len())),
        }
    }
}

fn verify(
    entry: &SamlInForce,
    unverified: &UnverifiedSaml,
    service: &SamlService,
    now: jiff::Timestamp,
) -> Result<VerifiedAssertion, LoginError> {
    let unusable = |reason: &String| LoginError::Refused(format!("the configuration cannot be used: {reason}"));
    let trust = entry.trust.as_ref().map_err(unusable)?;
    let response = UnverifiedSamlResponse::from_base64(unverified.text()).map_err(LoginError::from)?;
    Ok(trust.verify(&response, service, now)?)
}

fn evidence(configuration: &SamlConfiguration, assertion: &VerifiedAssertion) -> Result<Evidence, LoginError> {
    let principal =
        Principal::for_saml_role(assertion.role()).map_err(|error| LoginError::Refused(error.to_string()))?;
    let origin = Origin::Saml {
        configuration: configuration.uid.clone(),
        issuer: assertion.issuer().to_owned(),
        role: assertion.role().to_owned(),
        principal_name: assertion.principal_name().to_owned(),
        assertion_id: assertion.assertion_id().to_owned(),
    };
    let use_once = UseOnce {
        name: assertion_name(assertion.issuer(), assertion.assertion_id()),
        until: assertion.not_on_or_after(),
    };
    let evidence = Evidence::verified(principal, origin).in_groups(assertion.groups().clone()).usable_once(use_once);
    Ok(evidence.ending_with_session(assertion.session_not_on_or_after()))
}

/// Stands for an identity provider and one of its assertions: each with its length, so that no two pairs
/// look alike. Not for a configuration: an identity
/// provider may have several.
fn assertion_name(issuer: &str, assertion_id: &str) -> SecretDigest {
    let mut name = Vec::new();
    for part in [issuer, assertion_id] {
        name.extend_from_slice(&(part.len() as u64).to_be_bytes());
        name.extend_from_slice(part.as_bytes());
    }
    SecretDigest::of(&name)
}

/// Checks a configuration by itself.
fn check_saml(configuration: &SamlConfiguration) -> Result<(), FederationError> {
    check_name(&configuration.name)?;
    check_description(configuration.description.as_deref())?;
    check_member("groups_attribute", configuration.groups_attribute.as_ref())?;
    trust(configuration).map(|_| ()).map_err(|error| invalid(&error.to_string()))
}

/// Checks a configuration beside all others: requests to STS have its name.
fn check_saml_beside<'a>(
    configuration: &SamlConfiguration,
    mut others: impl Iterator<Item = &'a SamlConfiguration>,
) -> Result<(), FederationError> {
    match others.find(|other| other.name == configuration.name) {
        Some(other) => {
            Err(FederationError::AlreadyExists(format!("the configuration {} has the same name", other.uid)))
        }
        None => Ok(()),
    }
}

fn updated(before: &SamlConfiguration, update: &SamlUpdate) -> Result<SamlConfiguration, FederationError> {
    let before = before.clone();
    let SamlUpdate {
        name,
        description,
        certificates,
        metadata,
        signs_response,
        accepts_ecdsa_and_pss,
        groups_attribute,
    } = update.clone();
    let certificates = match (certificates, metadata) {
        (Some(_), Some(_)) => return Err(invalid(ONE_OF_THE_TWO)),
        (given, None) => given.unwrap_or(before.certificates),
        (None, Some(metadata)) => from_metadata(&metadata, Some(&before.entity_id))?.certificates_pem,
    };
    Ok(SamlConfiguration {
        name: name.unwrap_or(before.name),
        description: description.unwrap_or(before.description),
        certificates,
        signs_response: signs_response.unwrap_or(before.signs_response),
        accepts_ecdsa_and_pss: accepts_ecdsa_and_pss.unwrap_or(before.accepts_ecdsa_and_pss),
        groups_attribute: groups_attribute.unwrap_or(before.groups_attribute),
        uid: before.uid,
        entity_id: before.entity_id,
        created_at: before.created_at,
    })
}

/// The entity id and the certificates, as given or from the metadata.
fn identity_provider(new: &NewSamlConfiguration) -> Result<(String, Vec<String>), FederationError> {
    let Some(metadata) = &new.metadata else {
        let entity_id = new.entity_id.clone();
        let entity_id = entity_id.ok_or_else(|| invalid("entity_id: needed where there is no metadata"))?;
        return Ok((entity_id, new.certificates.clone()));
    };
    if !new.certificates.is_empty() {
        return Err(invalid(ONE_OF_THE_TWO));
    }
    let settings = from_metadata(metadata, new.entity_id.as_deref())?;
    Ok((settings.entity_id, settings.certificates_pem))
}

fn from_metadata(metadata: &str, entity_id: Option<&str>) -> Result<SamlTrustSettings, FederationError> {
    SamlTrust::from_metadata(metadata, entity_id).map_err(|error| invalid(&format!("metadata: {error}")))
}

impl From<SamlError> for LoginError {
    fn from(error: SamlError) -> Self {
        match error {
            SamlError::Expired(_) => Self::Expired,
            other => Self::Refused(other.to_string()),
        }
    }
}

const ONE_OF_THE_TWO: &str = "certificates: they are in the metadata; give one of the two";
const NOT_CONFIGURED: &str = "SAML is off: the operator has to configure [federation.saml] with entity_id and acs_url";
