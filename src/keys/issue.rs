//! Issues keys. The secret is returned once, here, and never again.

use jiff::{SignedDuration, Timestamp};
use rand::CryptoRng;

use super::{Grant, KeyInfo, KeyLife, Keys, KeysError};
use crate::identity::{AccessKeyId, Attributes, Groups, Permission, Principal, SecretAccessKey, SessionToken, UseOnce};
use crate::store::{
    CommitError, KeyRecord, KeyState, MintedFrom, OwnedRecord, PrincipalRecord, RecordKey, TokenEnd,
    UsedAssertionRecord, Write, encode,
};

/// What a static key shall be.
#[derive(Debug, Default)]
pub struct NewStaticKey {
    /// The most it may do; the default, nothing, is refused.
    pub permission: Permission,
    /// When it ends; `None` for a permanent key.
    pub expires_at: Option<Timestamp>,
    /// Id and secret of a key that was made elsewhere; `None` to draw new ones.
    pub import: Option<(AccessKeyId, SecretAccessKey)>,
    /// What to attach to it.
    pub attributes: Attributes,
}

/// A new key, with its secrets for the first and last time.
#[derive(Debug)]
pub struct IssuedKey {
    /// What may be told of it later, too.
    pub info: KeyInfo,
    /// Its secret.
    pub secret: SecretAccessKey,
    /// What has to come with it at every request, if anything.
    pub session_token: Option<SessionToken>,
}

impl Keys {
    /// Issues the key that `grant` allows. It works from the moment this returns.
    ///
    /// # Errors
    /// [`KeysError::Suspended`], [`KeysError::NotPermitted`], also if the token that made the grant does
    /// not stand any more, [`KeysError::AlreadyUsed`] for evidence that made a key before,
    /// [`KeysError::Invalid`]; else the store's.
    pub async fn issue(&self, grant: Grant, random: &mut (impl CryptoRng + Send)) -> Result<IssuedKey, KeysError> {
        self.live.ensure_current()?;
        let now = self.clock.now();
        let grant = self.still_granted(grant, now).await?;
        if grant.permission == Permission::None {
            return Err(KeysError::NotPermitted("this identity may do nothing, so that a key would be useless"));
        }
        let expires_at = end_of(&grant, now)?;
        let session_token = grant.with_session_token.then(|| SessionToken::generate(random));
        let (id, secret) = (AccessKeyId::generate(random), SecretAccessKey::generate(random));
        let record_key = RecordKey::for_access_key(&id);
        let record = KeyRecord {
            organization: self.organization.clone(),
            permission: grant.permission,
            issued_at: self.cutoffs.issued_at(&grant.principal, &grant.minted_from, whole_second(now)),
            principal: grant.principal,
            expires_at,
            attributes: grant.attributes,
            groups: grant.groups,
            minted_from: grant.minted_from,
            session_token: session_token.as_ref().map(SessionToken::digest),
            state: KeyState::Active { secret: self.seal.seal(&record_key, &secret, random)?, second_secret: None },
            id,
        };
        self.store_new(&record, grant.use_once).await?;
        Ok(IssuedKey { info: self.info(record, None), secret, session_token })
    }

    /// Issues a key for an identity of its own, `static/<key-id>`. It works from the moment this
    /// returns, even if somebody tried its id before.
    pub async fn create_static(
        &self,
        request: NewStaticKey,
        random: &mut (impl CryptoRng + Send),
    ) -> Result<(KeyInfo, SecretAccessKey), KeysError> {
        let now = self.clock.now();
        if request.permission == Permission::None {
            return Err(KeysError::Invalid("a key needs a permission: read, write or admin"));
        }
        if request.expires_at.is_some_and(|end| end <= now) {
            return Err(KeysError::Invalid("the expiry must lie in the future"));
        }
        let imported = request.import.is_some();
        let (id, secret) =
            request.import.unwrap_or_else(|| (AccessKeyId::generate(random), SecretAccessKey::generate(random)));
        let record_key = RecordKey::for_access_key(&id);
        let principal = Principal::for_static_key(&id);
        let minted_from = MintedFrom::Static { imported };
        let record = KeyRecord {
            organization: self.organization.clone(),
            permission: request.permission,
            issued_at: self.cutoffs.issued_at(&principal, &minted_from, whole_second(now)),
            principal,
            expires_at: request.expires_at,
            attributes: request.attributes,
            groups: Groups::default(),
            minted_from,
            session_token: None,
            state: KeyState::Active { secret: self.seal.seal(&record_key, &secret, random)?, second_secret: None },
            id,
        };
        self.store_new(&record, None).await?;
        Ok((self.info(record, None), secret))
    }

    /// What is left of `grant` now. Between a login and its key lies a request that its sender may draw
    /// out, and what another node did takes a moment to get here: so it is the store that is asked.
    async fn still_granted(&self, grant: Grant, now: Timestamp) -> Result<Grant, KeysError> {
        let principal = RecordKey::for_principal(&grant.principal);
        if let Some(stored) = self.store.load(&principal).await?
            && PrincipalRecord::decode(&principal, &stored.value)?.suspended_since.is_some()
            && !crate::fault::check_is_off("suspended_issue")
        {
            return Err(KeysError::Suspended(grant.principal));
        }
        let MintedFrom::ApiToken { token } = &grant.minted_from else { return Ok(grant) };
        let Some((record, _)) = self.tokens.load(token).await? else {
            return Err(KeysError::NoSuchToken(token.clone()));
        };
        match record.end_by(now) {
            Some(TokenEnd::Expired(_)) => Err(KeysError::NotPermitted("this API token has expired")),
            Some(TokenEnd::Revoked(_)) => Err(KeysError::NotPermitted("this API token was revoked")),
            None => Ok(Grant { permission: grant.permission.min(record.permission), ..grant }),
        }
    }

    /// One write: the key, whose it is, what to forget later, and that its evidence is used up. There is
    /// no moment at which one of them is there without the others.
    async fn store_new(&self, record: &KeyRecord, use_once: Option<UseOnce>) -> Result<(), KeysError> {
        if let Some(doubt) = self.clock.doubt().filter(|_| !crate::fault::check_is_off("clock_doubt")) {
            return Err(doubt.into());
        }
        if self.store.report().is_full {
            return Err(KeysError::Full);
        }
        let owned = RecordKey::for_owned(&record.principal, &record.id);
        let key_of_assertion = use_once.map(|once| RecordKey::for_used_assertion(&once.name));
        let until = forgotten_at(record);
        let mut writes = vec![
            Write::create(record.record_key(), record.encode()).until(until),
            Write::create(owned, encode(&OwnedRecord::default())).until(until),
        ];
        if let (Some(once), Some(key)) = (use_once, &key_of_assertion)
            && !crate::fault::check_is_off("assertion_replay")
        {
            let used = UsedAssertionRecord { access_key_id: record.id.clone() };
            let until = once.until.saturating_add(KEPT_AFTER_LAST_VALID).unwrap_or(Timestamp::MAX);
            writes.push(Write::create(key.clone(), encode(&used)).until(Some(until)));
        }
        let committed = self.store.commit(writes).await;
        // Whatever came of it: somebody may have asked for the id before, and was told that it is unknown.
        self.live.changed_by_us(&record.id, committed.as_ref().ok().copied()).await;
        match committed {
            Ok(_) => Ok(()),
            Err(CommitError::Conflict(key)) if Some(&key) == key_of_assertion.as_ref() => Err(KeysError::AlreadyUsed),
            Err(CommitError::Conflict(_)) => Err(KeysError::AlreadyExists(record.id.clone())),
            Err(other) => Err(other.into()),
        }
    }
}

/// When a key of `grant` ends that is issued at `now`; `None` for never.
fn end_of(grant: &Grant, now: Timestamp) -> Result<Option<Timestamp>, KeysError> {
    let seconds = match grant.life {
        KeyLife::Permanent if grant.may_be_permanent => return Ok(None),
        KeyLife::Permanent => return Err(KeysError::NotPermitted("this identity may not have permanent keys")),
        KeyLife::Seconds(seconds) => seconds.get(),
    };
    if u64::from(seconds) > KeyLife::LONGEST.as_secs() {
        return Err(KeysError::Invalid("a temporary key lives at most 43200 seconds"));
    }
    let end = whole_second(now).saturating_add(SignedDuration::from_secs(seconds.into())).unwrap_or(Timestamp::MAX);
    let end = grant.ends_before.map_or(end, |session| end.min(whole_second(session)));
    if end <= now {
        return Err(KeysError::NotPermitted("the session at the identity provider has ended; log in again"));
    }
    Ok(Some(end))
}

/// Whole seconds: no client needs more, and some cannot read more.
pub(super) fn whole_second(time: Timestamp) -> Timestamp {
    Timestamp::from_second(time.as_second()).unwrap_or(time)
}

/// From when on nothing is known of a key any more; `None` for never. Static keys stay listed when they have ended: a
/// person made them and may look for them.
pub(super) fn forgotten_at(record: &KeyRecord) -> Option<Timestamp> {
    let is_static = matches!(record.minted_from, MintedFrom::Static { .. });
    let end = record.expires_at.filter(|_| !is_static)?;
    Some(end.saturating_add(KEPT_AFTER_THE_END).unwrap_or(Timestamp::MAX))
}

/// How long an ended temporary key stays listed, and its id taken.
const KEPT_AFTER_THE_END: SignedDuration = SignedDuration::from_hours(1);
/// A margin for clocks that disagree by far more than verification forgives: in etcd such a record goes with a lease
/// that another node may have granted, by its own clock, and one that goes too early lets an assertion be used again.
const KEPT_AFTER_LAST_VALID: SignedDuration = SignedDuration::from_hours(25);
