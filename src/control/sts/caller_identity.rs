//! `GetCallerIdentity` and `GetAccessKeyInfo`: whose key that is.
//!
//! <https://docs.aws.amazon.com/STS/latest/APIReference/API_GetCallerIdentity.html>,
//! <https://docs.aws.amazon.com/STS/latest/APIReference/API_GetAccessKeyInfo.html>

use super::answer::{Answer, Element};
use super::authenticate::Signer;
use super::error::StsError;
use super::parameters::Parameters;
use crate::authority::Claim;
use crate::control::Services;
use crate::identity::{AccessKeyId, OrganizationId, Permission, Principal};
use crate::policy::ControlAction;

/// Who signed. It takes no permission: the caller proved to know the secret.
pub(super) fn get_caller_identity(signer: &Signer, parameters: Parameters) -> Result<Answer, StsError> {
    parameters.finish()?;
    let key = signer.key();
    let parts = [
        Element::text("Arn", &arn(&key.organization, &key.principal)),
        Element::text("UserId", key.principal.as_str()),
        Element::text("Account", key.organization.as_str()),
    ];
    Ok(Answer::new("GetCallerIdentity", &key.principal, parts))
}

/// The organization of a key: of one's own identity's, or of any for a key that may administer and whom a
/// policy lets know of keys.
pub(super) async fn get_access_key_info(
    services: &Services,
    signer: &Signer,
    mut parameters: Parameters,
) -> Result<Answer, StsError> {
    let id = parameters.require("AccessKeyId")?;
    parameters.finish()?;
    let id = AccessKeyId::parse(&id).map_err(|error| StsError::Invalid(error.to_string()))?;
    let caller = signer.key();
    let permission = services.keys.permission_of(caller);
    let sees_others = permission.min(services.authority.ceilings().of(&caller.principal)) == Permission::Admin
        && services.may(&Claim::of_principal(&caller.principal, permission), ControlAction::GetAccessKeyInfo)?;
    let found = services.keys.show(&id).await?;
    let found = found.filter(|key| key.principal == caller.principal || sees_others);
    if found.is_none() {
        // The same for a key that does not exist and for one that the caller may not know of.
        return Err(StsError::Denied(format!("there is no access key {id} that you may ask about")));
    }
    let account = Element::text("Account", services.keys.organization().as_str());
    Ok(Answer::new("GetAccessKeyInfo", &caller.principal, [account]))
}

/// How policies name `principal`.
pub(super) fn arn(organization: &OrganizationId, principal: &Principal) -> String {
    format!("arn:aws:iam::{organization}:{principal}")
}
