//! From somebody who proved who they are to an access key: the one way, whatever protocol was spoken.
//! Ceilings, limits and the record of it are here.

use std::num::NonZeroU32;
use std::time::Duration;

use super::{ControlError, Services};
use crate::identity::{Attributes, Evidence, Principal};
use crate::keys::{Grant, IssuedKey, KeyLife, TokenHolder};

/// What is asked for, beyond the life of the key.
#[derive(Debug, Default)]
pub(super) struct Wishes {
    /// What to attach to the key.
    pub(super) attributes: Attributes,
    /// Whether it comes with a session token.
    pub(super) session_token: bool,
}

impl Services {
    /// A key for the holder of an API token.
    pub(super) async fn issue_to_holder(
        &mut self,
        holder: &TokenHolder,
        life: KeyLife,
        wishes: Wishes,
    ) -> Result<IssuedKey, ControlError> {
        let judged = self.authority.ceilings().judge_issue(holder.principal(), as_duration(life));
        let grant = judged.map(|ceiling| Grant::from_token(holder, ceiling, life));
        self.issue(grant.map_err(Into::into), holder.principal(), wishes).await
    }

    /// A key for somebody whom an identity provider vouches for.
    pub(super) async fn issue_on_evidence(
        &mut self,
        evidence: &Evidence,
        seconds: NonZeroU32,
        wishes: Wishes,
    ) -> Result<IssuedKey, ControlError> {
        let judged =
            self.authority.ceilings().judge_issue(evidence.principal(), as_duration(KeyLife::Seconds(seconds)));
        // Before anything is claimed: evidence that is good for one key stays good.
        let may = judged.map_err(ControlError::from).and_then(|ceiling| {
            self.demand_of_evidence(evidence)?;
            Ok(Grant::from_evidence(evidence, ceiling, seconds))
        });
        self.issue(may, evidence.principal(), wishes).await
    }

    /// Whoever is refused here proved who they are: the log has to say who it was.
    async fn issue(
        &mut self,
        grant: Result<Grant, ControlError>,
        to: &Principal,
        wishes: Wishes,
    ) -> Result<IssuedKey, ControlError> {
        let issued = match grant {
            Ok(grant) => self.issue_granted(grant, to, wishes).await,
            Err(error) => Err(error),
        };
        issued.inspect_err(|error| tracing::info!(principal = %to, %error, "issued no access key"))
    }

    async fn issue_granted(&mut self, grant: Grant, to: &Principal, wishes: Wishes) -> Result<IssuedKey, ControlError> {
        self.limits.key_for(to)?;
        let grant = grant.with_attributes(wishes.attributes);
        let grant = if wishes.session_token { grant.with_session_token() } else { grant };
        let issued = self.keys.issue(grant, &mut self.random).await?;
        let key = &issued.info;
        tracing::info!(
            access_key = %key.access_key_id, principal = %key.principal, permission = %key.permission,
            expires_at = ?key.expires_at.map(|end| end.to_string()), minted_from = ?key.minted_from,
            "issued an access key"
        );
        Ok(issued)
    }

    /// As long as the container forms are configured to give, within the ceiling of `principal`.
    pub(super) fn container_key_life(&self, principal: &Principal) -> NonZeroU32 {
        let life = self.container_key_life.min(self.authority.ceilings().longest_life(principal));
        u32::try_from(life.as_secs()).ok().and_then(NonZeroU32::new).unwrap_or(NonZeroU32::MIN)
    }
}

fn as_duration(life: KeyLife) -> Option<Duration> {
    match life {
        KeyLife::Permanent => None,
        KeyLife::Seconds(seconds) => Some(Duration::from_secs(seconds.get().into())),
    }
}
