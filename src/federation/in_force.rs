//! The configurations in force: an immutable set in memory, replaced whenever one changes. Which news is
//! newer is [`Mirror`]'s to know.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use arc_swap::ArcSwap;

use super::oidc::{Provider, Surroundings};
#[cfg(feature = "saml")]
use super::saml::SamlTrust;
use super::{FederationError, LoginError, OidcConfiguration, SamlConfiguration};
use crate::store::{FEDERATION, Mirror, RecordError, RecordKey, Revision, StoreError, decode};

/// The kind of OIDC configurations in record names.
pub(super) const OIDC: &str = "oidc";
/// The kind of SAML configurations in record names.
pub(super) const SAML: &str = "saml";

/// The holder of the set.
pub(super) struct InForce {
    set: ArcSwap<Set>,
    /// Held while the set is replaced.
    change: Mutex<()>,
    current: AtomicBool,
    surroundings: Arc<Surroundings>,
}

/// All configurations at one moment.
#[derive(Clone, Default)]
pub(super) struct Set(Mirror<Entry>);

#[derive(Clone)]
enum Entry {
    Oidc(Arc<OidcInForce>),
    Saml(Arc<SamlInForce>),
}

/// An OIDC configuration and the keys of its issuer.
pub(super) struct OidcInForce {
    pub(super) configuration: Arc<OidcConfiguration>,
    pub(super) provider: Arc<Provider>,
}

/// A SAML configuration, ready to verify by.
pub(super) struct SamlInForce {
    pub(super) configuration: Arc<SamlConfiguration>,
    /// Or why it cannot be used.
    #[cfg(feature = "saml")]
    pub(super) trust: Result<SamlTrust, String>,
}

/// What a record holds.
pub(super) enum Stored {
    Oidc(OidcConfiguration),
    Saml(SamlConfiguration),
    /// Of a kind that this program does not know.
    Other,
}

impl InForce {
    pub(super) fn new(surroundings: Arc<Surroundings>) -> Self {
        Self { set: ArcSwap::default(), change: Mutex::default(), current: true.into(), surroundings }
    }

    /// The set, unless it may be old.
    pub(super) fn current(&self) -> Result<Arc<Set>, LoginError> {
        if self.current.load(Ordering::SeqCst) { Ok(self.set.load_full()) } else { Err(StoreError::Stopped.into()) }
    }

    /// The set as it was last known: for showing, never for deciding.
    pub(super) fn last_known(&self) -> Arc<Set> {
        self.set.load_full()
    }

    /// Says whether the set keeps up with the store.
    pub(super) fn set_current(&self, current: bool) {
        self.current.store(current, Ordering::SeqCst);
    }

    /// Takes in what the commit `revision` said of a record; `None`: it was removed.
    pub(super) fn learn(&self, key: RecordKey, revision: Revision, stored: Option<Stored>) {
        self.replace(|set| set.learn(key, revision, |before| self.made_of(stored?, before)));
    }

    /// Takes in a listing, begun when [`newest`](Self::newest) was `listed_after`.
    pub(super) fn learn_all(&self, listing: Vec<(RecordKey, Revision, Stored)>, listed_after: Revision) {
        self.replace(|set| set.learn_all(listing, listed_after, |stored, before| self.made_of(stored, before)));
    }

    /// The newest commit that anything here comes from.
    pub(super) fn newest(&self) -> Revision {
        self.set.load().0.newest()
    }

    fn replace<T>(&self, change: impl FnOnce(&mut Mirror<Entry>) -> T) {
        // A panic while it is held leaves the old set in place, whole.
        let _change = self.change.lock().unwrap_or_else(PoisonError::into_inner);
        let mut set = (**self.set.load()).clone();
        change(&mut set.0);
        self.set.store(Arc::new(set));
    }

    fn made_of(&self, stored: Stored, before: Option<&Entry>) -> Option<Entry> {
        match stored {
            Stored::Oidc(configuration) => {
                let before = before.and_then(Entry::oidc).map(|entry| &entry.provider);
                // Its keys stay known as long as it is the same issuer.
                let same_issuer = before.filter(|provider| provider.issuer() == configuration.issuer_url);
                let new = || Arc::new(Provider::new(&configuration.issuer_url, Arc::clone(&self.surroundings)));
                let provider = same_issuer.cloned().unwrap_or_else(new);
                Some(Entry::Oidc(Arc::new(OidcInForce { configuration: Arc::new(configuration), provider })))
            }
            Stored::Saml(configuration) => Some(Entry::Saml(Arc::new(SamlInForce::new(configuration)))),
            Stored::Other => None,
        }
    }
}

impl Set {
    /// Those OIDC configurations that tokens may be verified by.
    pub(super) fn active_oidc(&self) -> impl Iterator<Item = &Arc<OidcInForce>> {
        self.oidc().filter(|entry| entry.configuration.deactivated_at.is_none())
    }

    /// All OIDC configurations.
    pub(super) fn oidc(&self) -> impl Iterator<Item = &Arc<OidcInForce>> {
        self.0.values().filter_map(Entry::oidc)
    }

    /// All SAML configurations.
    pub(super) fn saml(&self) -> impl Iterator<Item = &Arc<SamlInForce>> {
        self.0.values().filter_map(|entry| match entry {
            Entry::Saml(entry) => Some(entry),
            Entry::Oidc(_) => None,
        })
    }

    /// Whether this very configuration, unchanged, is in the set.
    pub(super) fn holds(&self, wanted: &Arc<OidcInForce>) -> bool {
        self.oidc().any(|entry| Arc::ptr_eq(entry, wanted))
    }

    /// Whether this very configuration, unchanged, is in the set.
    #[cfg(feature = "saml")]
    pub(super) fn holds_saml(&self, wanted: &Arc<SamlInForce>) -> bool {
        self.saml().any(|entry| Arc::ptr_eq(entry, wanted))
    }
}

impl Entry {
    fn oidc(&self) -> Option<&Arc<OidcInForce>> {
        match self {
            Self::Oidc(entry) => Some(entry),
            Self::Saml(_) => None,
        }
    }
}

impl SamlInForce {
    fn new(configuration: SamlConfiguration) -> Self {
        #[cfg(feature = "saml")]
        let trust = super::saml_login::trust(&configuration).map_err(|error| {
            tracing::error!(configuration = configuration.uid, %error, "a SAML configuration cannot be used");
            error.to_string()
        });
        Self {
            configuration: Arc::new(configuration),
            #[cfg(feature = "saml")]
            trust,
        }
    }
}

impl Stored {
    /// Reads a record.
    ///
    /// # Errors
    /// If this version does not fully understand it.
    pub(super) fn read(key: &RecordKey, value: &[u8]) -> Result<Self, FederationError> {
        let (kind, id) =
            key.as_str().strip_prefix(FEDERATION).and_then(|name| name.split_once('/')).unwrap_or_default();
        let (stored, uid) = match kind {
            OIDC => {
                let configuration: OidcConfiguration = decode(key, value)?;
                let uid = configuration.uid.clone();
                (Self::Oidc(configuration), uid)
            }
            SAML => {
                let configuration: SamlConfiguration = decode(key, value)?;
                let uid = configuration.uid.clone();
                (Self::Saml(configuration), uid)
            }
            _ => {
                tracing::warn!(record = %key, "the store holds a federation record of a kind that is not known");
                return Ok(Self::Other);
            }
        };
        if uid == id { Ok(stored) } else { Err(RecordError::Misfiled { key: key.clone() }.into()) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock::SystemClock;
    use crate::federation::{SigningAlgorithm, fetch::Fetcher};

    fn in_force() -> InForce {
        InForce::new(Arc::new(Surroundings {
            fetcher: Fetcher::new(&crate::config::Federation::default()).unwrap(),
            clock: Arc::new(SystemClock),
            keep_last_keys: std::time::Duration::from_hours(1),
            tasks: tokio_util::task::TaskTracker::new(),
            stop: tokio_util::sync::CancellationToken::new(),
        }))
    }

    fn key() -> RecordKey {
        RecordKey::for_federation(OIDC, "a").unwrap()
    }

    fn named(name: &str) -> Stored {
        Stored::Oidc(OidcConfiguration {
            uid: "a".to_owned(),
            name: name.to_owned(),
            description: None,
            issuer_url: "https://a.example.com".to_owned(),
            audience: "a".to_owned(),
            algorithms: SigningAlgorithm::ALL.to_vec(),
            api_access: None,
            groups_claim: None,
            created_at: jiff::Timestamp::UNIX_EPOCH,
            updated_at: jiff::Timestamp::UNIX_EPOCH,
            deactivated_at: None,
        })
    }

    #[test]
    fn the_keys_of_an_issuer_are_forgotten_with_the_issuer() {
        let in_force = in_force();
        let provider = || Arc::clone(&in_force.last_known().oidc().next().unwrap().provider);
        in_force.learn(key(), Revision(1), Some(named("a")));
        let first = provider();
        in_force.learn(key(), Revision(2), Some(named("b")));
        assert!(Arc::ptr_eq(&first, &provider()));
        let Stored::Oidc(mut moved) = named("b") else { return };
        moved.issuer_url = "https://b.example.com".to_owned();
        in_force.learn(key(), Revision(3), Some(Stored::Oidc(moved)));
        assert!(!Arc::ptr_eq(&first, &provider()));
    }
}
