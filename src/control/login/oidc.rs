//! An OIDC token that is exchanged for a key.

use crate::control::{ControlError, Services};
use crate::federation::{LoginError, UnverifiedJwt};
use crate::identity::{Evidence, Permission};

impl Services {
    /// Who `unverified` proves somebody to be, if `organization` is ours.
    ///
    /// # Errors
    /// [`ControlError::Login`]: the same [`LoginError::Refused`] for an organization that is not ours, so
    /// that nobody can try which one is.
    pub(in crate::control) async fn oidc_evidence(
        &self,
        organization: &str,
        unverified: UnverifiedJwt,
    ) -> Result<Evidence, ControlError> {
        // First, so that it takes as long for another organization.
        let verified = self.federation.verify_oidc(&unverified).await;
        // What is wrong with the provider or with us is said to whoever asks, or it would say which one is ours.
        if let Err(error @ (LoginError::ProviderUnavailable { .. } | LoginError::Store(_))) = verified {
            return Err(error.into());
        }
        self.is_ours(organization)?;
        let verified = verified?;
        // A token that says what it may do as an API token may do no more by another route.
        let at_most = verified.api_access.map_or(Permission::Admin, |access| access.permission);
        Ok(verified.evidence.limited_to(at_most))
    }

    /// Whether somebody speaks of our organization.
    pub(super) fn is_ours(&self, organization: &str) -> Result<(), LoginError> {
        if organization == self.keys.organization().as_str() {
            return Ok(());
        }
        let shown: String = organization.chars().take(64).collect();
        Err(LoginError::Refused(format!("the organization {shown:?} is not this one")))
    }
}
