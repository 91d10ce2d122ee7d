//! `Authorization: Bearer …`: an API token, or a JSON Web Token of an issuer whose tokens count as one.

use http::{HeaderMap, header};
use zeroize::Zeroizing;

use crate::control::{ControlError, Services};
use crate::federation::{LoginError, UnverifiedJwt};
use crate::identity::ApiToken;
use crate::keys::TokenHolder;

impl Services {
    /// Who shows the token in the Authorization header. What is wrong with it, the log says; the client
    /// gets one answer for everything.
    ///
    /// # Errors
    /// [`ControlError::Unauthenticated`]; that its principal is suspended, once it is clear who it is; or
    /// that nobody can tell now.
    pub(super) async fn token_holder(&mut self, headers: &HeaderMap) -> Result<TokenHolder, ControlError> {
        let refused = |reason: &str| {
            tracing::info!(reason, "refused a login");
            ControlError::Unauthenticated
        };
        let credentials = match authorization(headers) {
            Ok(credentials) => credentials,
            Err(reason) => return Err(refused(reason)),
        };
        let Some(shown) = after_bearer(&credentials) else {
            return Err(refused("the Authorization header is not of the form: Bearer TOKEN"));
        };
        let holder = if let Some(token) = ApiToken::parse(shown) {
            self.keys.login(&token).await?
        } else if looks_like_jwt(shown) {
            self.single_sign_on(UnverifiedJwt::new(Zeroizing::new(shown.to_owned()))).await?
        } else {
            return Err(refused("what follows Bearer is neither an API token nor a JSON Web Token"));
        };
        holder.ok_or(ControlError::Unauthenticated)
    }

    async fn single_sign_on(&mut self, unverified: UnverifiedJwt) -> Result<Option<TokenHolder>, ControlError> {
        let verified = match self.federation.verify_oidc(&unverified).await {
            Ok(verified) => verified,
            Err(error @ (LoginError::ProviderUnavailable { .. } | LoginError::Store(_))) => return Err(error.into()),
            Err(error) => {
                tracing::info!(reason = %error, "refused a login with a JSON Web Token");
                return Ok(None);
            }
        };
        let Some(access) = verified.api_access else {
            let principal = verified.evidence.principal();
            tracing::info!(%principal, "refused a login: the tokens of this issuer do not count as API tokens");
            return Ok(None);
        };
        let (permission, permanent) = (access.permission, access.makes_permanent_keys);
        let random = &mut self.random;
        Ok(self.keys.login_single_sign_on(&verified.evidence, permission, permanent, random).await?)
    }
}

/// The token in the Authorization header of the container form, which has no scheme before it. `Bearer`
/// is accepted all the same: the sibling form for API tokens needs it, and people copy.
pub(in crate::control) fn raw_token(headers: &HeaderMap) -> Option<UnverifiedJwt> {
    let credentials = match authorization(headers) {
        Ok(credentials) => credentials,
        Err(reason) => {
            tracing::info!(reason, "refused a login");
            return None;
        }
    };
    let shown = after_bearer(&credentials).unwrap_or(&credentials);
    Some(UnverifiedJwt::new(Zeroizing::new(shown.to_owned())))
}

fn authorization(headers: &HeaderMap) -> Result<Zeroizing<String>, &'static str> {
    let mut values = headers.get_all(header::AUTHORIZATION).iter();
    let value = values.next().ok_or("there is no Authorization header")?;
    if values.next().is_some() {
        return Err("there is more than one Authorization header");
    }
    let value = value.to_str().map_err(|_| "the Authorization header holds more than visible ASCII")?;
    Ok(Zeroizing::new(value.to_owned()))
}

/// RFC 9110 section 11.1: the scheme is case-insensitive.
fn after_bearer(credentials: &str) -> Option<&str> {
    let (scheme, rest) = credentials.split_once(' ')?;
    scheme.eq_ignore_ascii_case("Bearer").then(|| rest.trim_start_matches(' '))
}

/// RFC 7515 section 3.1: three base64url parts with dots between.
fn looks_like_jwt(text: &str) -> bool {
    let base64url = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_');
    text.split('.').count() == 3 && text.split('.').all(|part| !part.is_empty() && part.bytes().all(base64url))
}
