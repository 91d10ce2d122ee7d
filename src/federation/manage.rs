//! Creates, changes and removes configurations. Each change is in force on this node before it is
//! acknowledged. Those that add something are made one after the other, by a record that each of them
//! changes: what must not stand beside each other is never written side by side.

use std::sync::Arc;

use bytes::Bytes;
use rand::CryptoRng;
use serde::Serialize;

use super::admission::{check_oidc, check_oidc_beside};
use super::in_force::{OIDC, Stored};
use super::{Federation, FederationError, NewOidcConfiguration, OidcConfiguration, OidcUpdate};
use crate::store::{CommitError, Expected, FEDERATION, RecordKey, Revision, Versioned, Write, encode, list_all};

/// Everything of one kind in the store, and what must not change before something is added to it.
pub(super) struct Listing {
    turn: Write,
    stored: Vec<(RecordKey, Revision, Stored)>,
}

impl Federation {
    pub(super) async fn add_oidc(
        &self,
        new: NewOidcConfiguration,
        random: &mut (impl CryptoRng + Send),
    ) -> Result<Arc<OidcConfiguration>, FederationError> {
        let now = self.clock.now();
        let mut configuration = OidcConfiguration {
            uid: new_uid(random),
            name: new.name,
            description: new.description,
            issuer_url: new.issuer_url,
            audience: new.audience,
            algorithms: new.algorithms,
            api_access: new.api_access,
            groups_claim: new.groups_claim,
            created_at: now,
            updated_at: now,
            deactivated_at: (!new.active).then_some(now),
        };
        check_oidc(&mut configuration)?;
        let key = record_key(OIDC, &configuration.uid)?;
        for _ in 0..ATTEMPTS {
            let listing = self.list(OIDC).await?;
            check_oidc_beside(&configuration, listing.oidc().map(|(_, other)| other))?;
            let stored = Stored::Oidc(configuration.clone());
            if self.put(listing, key.clone(), Expected::Absent, &configuration, stored).await? {
                return Ok(Arc::new(configuration));
            }
        }
        Err(FederationError::Busy)
    }

    pub(super) async fn change_oidc(
        &self,
        id: &str,
        update: OidcUpdate,
    ) -> Result<Option<Arc<OidcConfiguration>>, FederationError> {
        for _ in 0..ATTEMPTS {
            let listing = self.list(OIDC).await?;
            let found = listing.oidc().find(|(_, configuration)| configuration.uid == id);
            let Some((revision, before)) = found else { return Ok(None) };
            let mut configuration = self.updated(before, &update);
            check_oidc(&mut configuration)?;
            let others = listing.oidc().map(|(_, other)| other).filter(|other| other.uid != id);
            check_oidc_beside(&configuration, others)?;
            let key = record_key(OIDC, id)?;
            let stored = Stored::Oidc(configuration.clone());
            if self.put(listing, key, Expected::At(revision), &configuration, stored).await? {
                return Ok(Some(Arc::new(configuration)));
            }
        }
        Err(FederationError::Busy)
    }

    /// Removes a configuration of any kind. False if there was none.
    pub(super) async fn remove(&self, kind: &'static str, id: &str) -> Result<bool, FederationError> {
        let Ok(key) = record_key(kind, id) else { return Ok(false) };
        for _ in 0..ATTEMPTS {
            let Some(Versioned { revision, .. }) = self.store.load(&key).await? else { return Ok(false) };
            match self.store.delete(key.clone(), Expected::At(revision)).await {
                Ok(revision) => {
                    self.in_force.learn(key, revision, None);
                    return Ok(true);
                }
                Err(CommitError::Conflict(_)) => {}
                Err(other) => return Err(other.into()),
            }
        }
        Err(FederationError::Busy)
    }

    /// What there is of one kind, read from the store: what is in force here may be a moment behind.
    pub(super) async fn list(&self, kind: &'static str) -> Result<Listing, FederationError> {
        let turn = RecordKey::for_unique_federation(kind, &[]);
        let expected = match self.store.load(&turn).await? {
            Some(stored) => Expected::At(stored.revision),
            None => Expected::Absent,
        };
        let turn = Write::put(turn, expected, Bytes::new());
        let mut stored = Vec::new();
        for (key, Versioned { revision, value, .. }) in list_all(&*self.store, &format!("{FEDERATION}{kind}/")).await? {
            let content = Stored::read(&key, &value)?;
            stored.push((key, revision, content));
        }
        Ok(Listing { turn, stored })
    }

    /// Writes a configuration that was found to fit into `listing`; false if that has changed meanwhile.
    pub(super) async fn put(
        &self,
        listing: Listing,
        key: RecordKey,
        expected: Expected,
        record: &impl Serialize,
        stored: Stored,
    ) -> Result<bool, FederationError> {
        let write = Write::put(key.clone(), expected, encode(record));
        match self.store.commit(vec![listing.turn, write]).await {
            Ok(revision) => {
                self.in_force.learn(key, revision, Some(stored));
                Ok(true)
            }
            Err(CommitError::Conflict(_)) => Ok(false),
            Err(other) => Err(other.into()),
        }
    }

    fn updated(&self, before: &OidcConfiguration, update: &OidcUpdate) -> OidcConfiguration {
        let now = self.clock.now();
        let before = before.clone();
        let OidcUpdate { name, description, issuer_url, audience, algorithms, api_access, groups_claim, active } =
            update.clone();
        OidcConfiguration {
            name: name.unwrap_or(before.name),
            description: description.unwrap_or(before.description),
            issuer_url: issuer_url.unwrap_or(before.issuer_url),
            audience: audience.unwrap_or(before.audience),
            algorithms: algorithms.unwrap_or(before.algorithms),
            api_access: api_access.unwrap_or(before.api_access),
            groups_claim: groups_claim.unwrap_or(before.groups_claim),
            updated_at: now,
            deactivated_at: match active {
                None => before.deactivated_at,
                Some(true) => None,
                Some(false) => before.deactivated_at.or(Some(now)),
            },
            uid: before.uid,
            created_at: before.created_at,
        }
    }
}

impl Listing {
    fn oidc(&self) -> impl Iterator<Item = (Revision, &OidcConfiguration)> {
        self.stored.iter().filter_map(|(_, revision, stored)| match stored {
            Stored::Oidc(configuration) => Some((*revision, configuration)),
            _ => None,
        })
    }

    /// The SAML configurations in it.
    #[cfg(feature = "saml")]
    pub(super) fn saml(&self) -> impl Iterator<Item = (Revision, &super::SamlConfiguration)> {
        self.stored.iter().filter_map(|(_, revision, stored)| match stored {
            Stored::Saml(configuration) => Some((*revision, configuration)),
            _ => None,
        })
    }
}

/// A version 4 UUID: RFC 9562, section 5.4.
pub(super) fn new_uid(random: &mut impl CryptoRng) -> String {
    let mut bytes = [0; 16];
    random.fill_bytes(&mut bytes);
    uuid::Builder::from_random_bytes(bytes).into_uuid().to_string()
}

/// The name of a configuration's record.
pub(super) fn record_key(kind: &'static str, id: &str) -> Result<RecordKey, FederationError> {
    RecordKey::for_federation(kind, id).ok_or_else(|| super::admission::invalid("that is no id of a configuration"))
}

/// How often a change starts over because somebody else made one.
pub(super) const ATTEMPTS: usize = 64;
