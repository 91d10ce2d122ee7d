//! `AssumeRoleWithWebIdentity` and `AssumeRoleWithSAML`: a key with a session token for somebody whom an
//! identity provider vouches for. The role that is asked for selects nothing: a key belongs to the
//! identity that was proved.
//!
//! <https://docs.aws.amazon.com/STS/latest/APIReference/API_AssumeRoleWithWebIdentity.html>,
//! <https://docs.aws.amazon.com/STS/latest/APIReference/API_AssumeRoleWithSAML.html>

use std::num::NonZeroU32;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use sha1::{Digest, Sha1};
use zeroize::Zeroizing;

use super::answer::{Answer, Element};
use super::caller_identity::arn;
use super::error::StsError;
use super::parameters::Parameters;
use crate::control::grant::Wishes;
use crate::control::{ControlError, Services};
use crate::federation::{UnverifiedJwt, UnverifiedSaml};
use crate::identity::{Evidence, Origin, Principal};
use crate::keys::IssuedKey;

/// A key for the holder of an OIDC token.
pub(super) async fn with_web_identity(services: &mut Services, mut parameters: Parameters) -> Result<Answer, StsError> {
    judge_arn("RoleArn", &parameters.require("RoleArn")?, "role")?;
    let session_name = parameters.require("RoleSessionName")?;
    judge_session_name(&session_name)?;
    let token = proof(&mut parameters, "WebIdentityToken")?;
    let seconds = duration(&mut parameters)?;
    parameters.finish()?;

    let organization = services.keys.organization().clone();
    let proved = services.oidc_evidence(organization.as_str(), UnverifiedJwt::new(token)).await;
    let evidence = proved.map_err(refused)?;
    let issued = issue(services, &evidence, seconds, &session_name).await?;
    let (subject, issuer, audience) = match evidence.origin() {
        Origin::Oidc { subject, issuer, audience, .. } => (subject.as_str(), issuer.as_str(), audience.as_str()),
        Origin::Saml { .. } => {
            return Err(StsError::Internal("an OIDC token gave the evidence of another proof".into()));
        }
    };
    let parts = [
        credentials(&issued)?,
        Element::text("SubjectFromWebIdentityToken", subject),
        assumed_role_user(services, evidence.principal()),
        Element::text("Provider", issuer),
        Element::text("Audience", audience),
    ];
    Ok(Answer::new("AssumeRoleWithWebIdentity", evidence.principal(), parts))
}

/// A key for somebody with a SAML response.
pub(super) async fn with_saml(services: &mut Services, mut parameters: Parameters) -> Result<Answer, StsError> {
    judge_arn("RoleArn", &parameters.require("RoleArn")?, "role")?;
    let provider = parameters.require("PrincipalArn")?;
    let provider = judge_arn("PrincipalArn", &provider, "saml-provider")?;
    let assertion = proof(&mut parameters, "SAMLAssertion")?;
    let seconds = duration(&mut parameters)?;
    parameters.finish()?;

    let configurations = services.federation.saml_configurations();
    let named = configurations.iter().find(|known| known.uid == provider || known.name == provider);
    let named = named.map(|configuration| configuration.uid.as_str());
    let organization = services.keys.organization().clone();
    let proved = services.saml_evidence(organization.as_str(), named, UnverifiedSaml::new(assertion)).await;
    let evidence = proved.map_err(refused)?;
    let issued = issue(services, &evidence, seconds, "").await?;
    let Origin::Saml { configuration, issuer, principal_name, .. } = evidence.origin() else {
        return Err(StsError::Internal("a SAML response gave the evidence of another proof".into()));
    };
    let name = configurations.iter().find(|known| known.uid == *configuration).map_or("", |known| known.name.as_str());
    let parts = [
        credentials(&issued)?,
        assumed_role_user(services, evidence.principal()),
        Element::text("Subject", principal_name),
        Element::text("Issuer", issuer),
        Element::text("NameQualifier", &name_qualifier(issuer, organization.as_str(), name)),
    ];
    Ok(Answer::new("AssumeRoleWithSAML", evidence.principal(), parts))
}

pub(super) async fn issue(
    services: &mut Services,
    evidence: &Evidence,
    asked: Option<NonZeroU32>,
    session_name: &str,
) -> Result<IssuedKey, StsError> {
    let seconds = asked.unwrap_or_else(|| services.usual_session(evidence.principal()));
    let wishes = Wishes { session_token: true, ..Wishes::default() };
    let issued = services.issue_on_evidence(evidence, seconds, wishes).await.inspect_err(|error| {
        tracing::warn!(principal = %evidence.principal(), %error, "issued no access key through AWS STS");
    })?;
    tracing::info!(
        access_key = %issued.info.access_key_id, principal = %evidence.principal(),
        role_session_name = session_name, "the access key was issued through AWS STS"
    );
    Ok(issued)
}

/// The client learns that a proof is refused, the log why.
fn refused(error: ControlError) -> StsError {
    tracing::warn!(reason = %error, "refused an identity token or assertion");
    error.into()
}

impl Services {
    /// What AWS gives who asks for nothing, within the ceiling of `principal`.
    fn usual_session(&self, principal: &Principal) -> NonZeroU32 {
        let longest = u32::try_from(self.authority.ceilings().longest_life(principal).as_secs()).unwrap_or(u32::MAX);
        NonZeroU32::new(longest.min(USUAL_SECONDS)).unwrap_or(NonZeroU32::MIN)
    }
}

fn credentials(issued: &IssuedKey) -> Result<Element, StsError> {
    // Both are always there: they were asked for.
    let (Some(token), Some(end)) = (&issued.session_token, issued.info.expires_at) else {
        return Err(StsError::Internal("the key came without a session token or an end".into()));
    };
    let parts = [
        Element::text("AccessKeyId", issued.info.access_key_id.as_str()),
        Element::text("SecretAccessKey", issued.secret.expose()),
        Element::text("SessionToken", token.expose()),
        Element::text("Expiration", &end.to_string()),
    ];
    Ok(Element::of("Credentials", parts))
}

fn assumed_role_user(services: &Services, principal: &Principal) -> Element {
    let parts = [
        Element::text("AssumedRoleId", principal.as_str()),
        Element::text("Arn", &arn(services.keys.organization(), principal)),
    ];
    Element::of("AssumedRoleUser", parts)
}

/// As AWS documents it: the same for the same provider, whoever logs in.
fn name_qualifier(issuer: &str, organization: &str, configuration: &str) -> String {
    STANDARD.encode(Sha1::digest(format!("{issuer}{organization}/{configuration}")))
}

/// An ARN that AWS would take, of a `kind` such as `role`: `arn:<partition>:iam::<account>:<kind>/<name>`.
/// Returns what follows the kind.
pub(super) fn judge_arn<'a>(parameter: &str, text: &'a str, kind: &str) -> Result<&'a str, StsError> {
    let label = |text: &str| text.bytes().all(|byte| matches!(byte, b'a'..=b'z' | b'0'..=b'9' | b'-'));
    let parts: Vec<&str> = text.splitn(6, ':').collect();
    let name = match parts.as_slice() {
        ["arn", partition, "iam", "", account, resource]
            if (20..=2048).contains(&text.len()) && !partition.is_empty() && label(partition) && label(account) =>
        {
            resource.strip_prefix(kind).and_then(|rest| rest.strip_prefix('/'))
        }
        _ => None,
    };
    let right = |name: &&str| {
        !name.is_empty() && !name.ends_with('/') && name.bytes().all(|byte| byte.is_ascii_graphic() && byte != b'*')
    };
    name.filter(right).ok_or_else(|| {
        StsError::Invalid(format!(
            "{parameter} must be an ARN of 20 to 2048 characters: arn:aws:iam::<account>:{kind}/<name>. Which one does \
             not matter for what the key may do."
        ))
    })
}

pub(super) fn judge_session_name(name: &str) -> Result<(), StsError> {
    let right = |byte: u8| byte.is_ascii_alphanumeric() || b"_+=,.@-".contains(&byte);
    if (2..=64).contains(&name.len()) && name.bytes().all(right) {
        return Ok(());
    }
    Err(StsError::Invalid("RoleSessionName must have 2 to 64 characters of A-Z a-z 0-9 _ + = , . @ -".into()))
}

fn proof(parameters: &mut Parameters, name: &str) -> Result<Zeroizing<String>, StsError> {
    let proof = parameters.require(name)?;
    if proof.len() < SHORTEST_PROOF {
        return Err(StsError::Invalid(format!("{name} must have at least {SHORTEST_PROOF} characters")));
    }
    Ok(proof)
}

/// `DurationSeconds`, if it is given.
pub(super) fn duration(parameters: &mut Parameters) -> Result<Option<NonZeroU32>, StsError> {
    let Some(text) = parameters.take("DurationSeconds") else { return Ok(None) };
    let plain = text.bytes().all(|byte| byte.is_ascii_digit()) && !text.starts_with('0');
    let seconds = text.parse().ok().filter(|_| plain).and_then(NonZeroU32::new);
    let in_range =
        |seconds: &NonZeroU32| (900..=43_200).contains(&seconds.get()) || crate::fault::check_is_off("sts_duration");
    seconds
        .filter(in_range)
        .map(Some)
        .ok_or_else(|| StsError::Invalid("DurationSeconds must be a whole number from 900 to 43200".into()))
}

/// What AWS gives without `DurationSeconds`.
const USUAL_SECONDS: u32 = 3_600;
const SHORTEST_PROOF: usize = 4;
