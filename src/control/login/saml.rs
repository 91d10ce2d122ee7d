//! A SAML response that is exchanged for a key.

use crate::control::{ControlError, Services};
use crate::federation::{LoginError, UnverifiedSaml};
use crate::identity::Evidence;

impl Services {
    /// Who `unverified` proves somebody to be, if `organization` is ours. The evidence makes one key.
    ///
    /// # Errors
    /// [`ControlError::Login`], as for an OIDC token; [`ControlError::Busy`] while as many are being
    /// verified as this node takes on at a time.
    pub(in crate::control) async fn saml_evidence(
        &self,
        organization: &str,
        configuration: Option<&str>,
        unverified: UnverifiedSaml,
    ) -> Result<Evidence, ControlError> {
        let _slot = self.saml_slots.try_acquire().map_err(|_| ControlError::Busy)?;
        // First, so that it takes as long for another organization.
        let verified = self.federation.verify_saml(configuration, unverified).await;
        // Said of whatever organization, or it would say which one is ours.
        if let Err(error @ LoginError::ConfigurationNeeded(_)) = verified {
            return Err(error.into());
        }
        self.is_ours(organization)?;
        Ok(verified?)
    }
}
