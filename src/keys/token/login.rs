//! Who shows a token: checks it, and says whose it is and what it may do.

use rand::CryptoRng;

use crate::identity::{ApiToken, Evidence, Groups, Origin, Permission, Principal, TokenId};
use crate::keys::{Keys, KeysError};
use crate::store::{
    CommitError, RecordKey, SingleSignOnRecord, TokenEnd, TokenOrigin, TokenRecord, TokenState, Write, decode, encode,
};

/// Somebody who proved to hold a living API token. Only [`Keys::login`] and
/// [`Keys::login_single_sign_on`] make one.
#[derive(Clone, Debug)]
pub struct TokenHolder {
    token: TokenId,
    principal: Principal,
    name: String,
    permission: Permission,
    groups: Groups,
    may_make_permanent_keys: bool,
}

impl TokenHolder {
    fn new(record: &TokenRecord) -> Self {
        Self {
            token: record.id.clone(),
            principal: Principal::for_token(&record.id),
            name: record.name.clone(),
            permission: record.permission,
            groups: record.groups.clone(),
            may_make_permanent_keys: match record.origin {
                TokenOrigin::Secret { .. } => true,
                TokenOrigin::SingleSignOn { makes_permanent_keys, .. } => makes_permanent_keys,
            },
        }
    }

    /// The token's id.
    #[must_use]
    pub fn token(&self) -> &TokenId {
        &self.token
    }

    /// Whose keys it makes.
    #[must_use]
    pub fn principal(&self) -> &Principal {
        &self.principal
    }

    /// What the token is for, in its creator's words.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The most that it may do.
    #[must_use]
    pub fn permission(&self) -> Permission {
        self.permission
    }

    /// The groups that it was in at the login.
    #[must_use]
    pub fn groups(&self) -> &Groups {
        &self.groups
    }

    /// Whether its keys may live for ever, as far as the token is concerned.
    #[must_use]
    pub fn may_make_permanent_keys(&self) -> bool {
        self.may_make_permanent_keys
    }
}

impl Keys {
    /// Who holds `token`; `None` if nobody does, it has ended or was revoked. Which of them it was goes to
    /// the log, and never to whoever asks.
    ///
    /// # Errors
    /// [`KeysError::Suspended`], which only who holds the token is told; if the store does not answer: 503,
    /// never a pass.
    pub async fn login(&self, token: &ApiToken) -> Result<Option<TokenHolder>, KeysError> {
        self.live.ensure_current()?;
        let now = self.clock.now();
        let Some(record) = self.tokens.find_by_digest(&token.digest()).await? else {
            tracing::info!("a login with an API token that nobody has");
            return Ok(None);
        };
        match record.end_by(now) {
            Some(TokenEnd::Expired(at)) => {
                tracing::info!(token = %record.id, %at, "a login with an expired API token");
                return Ok(None);
            }
            Some(TokenEnd::Revoked(at)) => {
                tracing::info!(token = %record.id, %at, "a login with a revoked API token");
                return Ok(None);
            }
            None => {}
        }
        let holder = self.unless_suspended(TokenHolder::new(&record))?;
        self.last_uses.note_token(&record.id, now);
        Ok(Some(holder))
    }

    /// Who holds a token of an identity provider that `evidence` was verified from. The first login of a
    /// subject assigns the token id that it keeps, and with it its principal. `permission` is what the
    /// token's claim says; an administrator may have limited it further. The groups are those of the evidence,
    /// for the keys that are there too. `None` if it was revoked here.
    ///
    /// # Errors
    /// [`KeysError::Invalid`] if the evidence is no OIDC token; [`KeysError::Suspended`]; else the store's.
    pub async fn login_single_sign_on(
        &self,
        evidence: &Evidence,
        permission: Permission,
        makes_permanent_keys: bool,
        random: &mut (impl CryptoRng + Send),
    ) -> Result<Option<TokenHolder>, KeysError> {
        let Origin::Oidc { configuration, issuer, subject, .. } = evidence.origin() else {
            return Err(KeysError::Invalid("only OIDC tokens are accepted as API tokens"));
        };
        self.live.ensure_current()?;
        let now = self.clock.now();
        let index = RecordKey::for_single_sign_on(configuration, subject);
        for _ in 0..ATTEMPTS {
            let Some(stored) = self.store.load(&index).await? else {
                let record = TokenRecord {
                    id: TokenId::generate(random),
                    name: subject.clone(),
                    permission,
                    groups: evidence.groups().clone(),
                    created_at: now,
                    expires_at: None,
                    origin: TokenOrigin::SingleSignOn {
                        configuration: configuration.clone(),
                        issuer: issuer.clone(),
                        subject: subject.clone(),
                        at_most: Permission::Admin,
                        makes_permanent_keys,
                    },
                    state: TokenState::Active {},
                };
                let reference = SingleSignOnRecord { token: record.id.clone() };
                let writes = vec![
                    Write::create(record.record_key(), encode(&record)),
                    Write::create(index.clone(), encode(&reference)),
                ];
                match self.store.commit(writes).await {
                    Ok(revision) => {
                        tracing::info!(token = %record.id, %issuer, ?subject, "first login: assigned a token id");
                        self.tokens.learn(revision, record);
                        continue;
                    }
                    // Somebody logged in with the same token at the same time.
                    Err(CommitError::Conflict(_)) => continue,
                    Err(other) => return Err(other.into()),
                }
            };
            let id = decode::<SingleSignOnRecord>(&index, &stored.value)?.token;
            let Some((mut record, stored)) = self.tokens.load(&id).await? else {
                return Err(KeysError::NoSuchToken(id));
            };
            if let TokenState::Revoked { at, .. } = record.state {
                tracing::info!(token = %id, %at, "a single sign-on login of somebody whose token was revoked");
                return Ok(None);
            }
            let TokenOrigin::SingleSignOn { at_most, makes_permanent_keys: before, .. } = &mut record.origin else {
                return Err(KeysError::NoSuchToken(id));
            };
            let allowed = permission.min(*at_most);
            let groups = evidence.groups();
            if (record.permission, *before, &record.groups) != (allowed, makes_permanent_keys, groups) {
                record.permission = allowed;
                record.groups = groups.clone();
                *before = makes_permanent_keys;
                match self.store.compare_and_set(record.record_key(), stored.revision, encode(&record)).await {
                    Ok(revision) => {
                        tracing::info!(
                            token = %id, permission = %allowed, groups = ?groups.as_slice(),
                            "the identity provider changed what a token may do"
                        );
                        self.tokens.learn(revision, record.clone());
                    }
                    Err(CommitError::Conflict(_)) => continue,
                    Err(other) => return Err(other.into()),
                }
            }
            let holder = self.unless_suspended(TokenHolder::new(&record))?;
            self.last_uses.note_token(&id, now);
            return Ok(Some(holder));
        }
        Err(KeysError::Busy)
    }

    /// Whether `holder`, who logged in a moment ago, may still do what they could then: the token stands, and
    /// may do no less.
    #[must_use]
    pub fn still_holds(&self, holder: &TokenHolder) -> bool {
        if crate::fault::check_is_off("rights_after_body") {
            return true;
        }
        let now = self.clock.now();
        let stands = |record: &TokenRecord| record.end_by(now).is_none() && record.permission >= holder.permission;
        self.tokens.known(&holder.token).is_some_and(|record| stands(&record)) && !self.is_suspended(&holder.principal)
    }

    /// Whose principal is suspended gets nothing done with a token, least of all its own resumption.
    fn unless_suspended(&self, holder: TokenHolder) -> Result<TokenHolder, KeysError> {
        if self.is_suspended(&holder.principal) && !crate::fault::check_is_off("suspended_login") {
            tracing::info!(token = %holder.token, "a login with the API token of a suspended principal");
            return Err(KeysError::Suspended(holder.principal));
        }
        Ok(holder)
    }
}

/// How often a login starts over because somebody else changed the same record.
const ATTEMPTS: usize = 64;
