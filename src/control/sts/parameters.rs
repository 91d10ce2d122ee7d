//! The parameters of a query-protocol request: each at most once, each known, or the request is refused.
//!
//! <https://docs.aws.amazon.com/STS/latest/APIReference/CommonParameters.html>

use http::Method;
use zeroize::Zeroizing;

use super::error::StsError;
use crate::s3::{RequestHead, percent};

/// The parameters of a request, taken out one by one by the action that knows them. What is left when the
/// action has what it needs is refused by [`finish`](Self::finish). `Debug` prints no values.
pub(super) struct Parameters(Vec<(String, Zeroizing<String>)>);

impl Parameters {
    /// Reads the query of `head` and, of a `POST`, the form in `body`.
    ///
    /// # Errors
    /// [`StsError::Invalid`] if a parameter stands twice, the body is no form, or a token stands in the
    /// query.
    pub(super) fn read(head: &RequestHead, body: &[u8]) -> Result<Self, StsError> {
        let mut found = Vec::new();
        for (name, value) in head.query.parameters() {
            // Those belong to the signature of a presigned URL.
            if name.get(..6).is_some_and(|prefix| prefix.eq_ignore_ascii_case("x-amz-")) {
                continue;
            }
            if SECRET.contains(&name.as_str()) {
                return Err(StsError::Invalid(format!(
                    "{name} must not stand in the URL, which ends up in logs. Send a POST with the parameters in the body."
                )));
            }
            found.push((name.clone(), Zeroizing::new(value.clone().unwrap_or_default())));
        }
        if !body.is_empty() {
            is_form(head)?;
            read_form(body, &mut found)?;
        }
        if found.len() > MOST {
            return Err(StsError::Invalid(format!("the request has more than {MOST} parameters")));
        }
        found.sort_by(|(left, _), (right, _)| left.cmp(right));
        if let Some(pair) = found.windows(2).find(|pair| pair[0].0 == pair[1].0) {
            return Err(StsError::Invalid(format!("{} stands more than once", shown(&pair[0].0))));
        }
        Ok(Self(found))
    }

    /// Takes out the parameter called `name`.
    pub(super) fn take(&mut self, name: &str) -> Option<Zeroizing<String>> {
        let index = self.0.iter().position(|(known, _)| known == name)?;
        Some(self.0.swap_remove(index).1)
    }

    /// Takes out the parameter called `name`, which has to be there.
    pub(super) fn require(&mut self, name: &str) -> Result<Zeroizing<String>, StsError> {
        self.take(name)
            .filter(|value| !value.is_empty())
            .ok_or_else(|| StsError::Invalid(format!("the parameter {name} is missing")))
    }

    /// Refuses what nobody took: a parameter that has no effect here must not be ignored, or its sender
    /// would believe that it had one.
    pub(super) fn finish(self) -> Result<(), StsError> {
        let Some((name, _)) = self.0.first() else { return Ok(()) };
        let own = name.split('.').next().unwrap_or_default();
        Err(StsError::Invalid(match own {
            "Policy" | "PolicyArns" => {
                format!("{own} is not supported: a session has the permissions of its identity, and cannot be narrowed")
            }
            "Tags" | "TransitiveTagKeys" => format!("{own} is not supported: a session has no tags"),
            "ProviderId" => "ProviderId is not supported: only OpenID Connect tokens are accepted".into(),
            _ => format!("{} is not known to this action", shown(name)),
        }))
    }
}

impl std::fmt::Debug for Parameters {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_list().entries(self.0.iter().map(|(name, _)| shown(name))).finish()
    }
}

fn is_form(head: &RequestHead) -> Result<(), StsError> {
    if head.method != Method::POST {
        return Err(StsError::Invalid("only a POST request has a body".into()));
    }
    let content_type = head.single_header("content-type").ok().flatten().unwrap_or_default();
    let essence = content_type.split(';').next().unwrap_or_default().trim();
    if essence.eq_ignore_ascii_case("application/x-www-form-urlencoded") {
        return Ok(());
    }
    Err(StsError::Invalid("the Content-Type must be application/x-www-form-urlencoded".into()))
}

/// <https://url.spec.whatwg.org/#urlencoded-parsing>, but strict: a broken escape is refused.
fn read_form(body: &[u8], found: &mut Vec<(String, Zeroizing<String>)>) -> Result<(), StsError> {
    let broken = || StsError::Invalid("the body is no valid application/x-www-form-urlencoded text".into());
    let decode = |text: &str| {
        let spaced = Zeroizing::new(text.replace('+', " "));
        percent::decode(&spaced).map(|decoded| Zeroizing::new(decoded.into_owned())).map_err(|_| broken())
    };
    let body = std::str::from_utf8(body).map_err(|_| broken())?;
    for part in body.split('&').filter(|part| !part.is_empty()) {
        let (name, value) = part.split_once('=').unwrap_or((part, ""));
        found.push((decode(name)?.as_str().to_owned(), decode(value)?));
        if found.len() > MOST {
            break;
        }
    }
    Ok(())
}

/// A parameter's name as it may be told: one of the usual form and length. Anything else could be a
/// secret that lost its name.
pub(super) fn shown(name: &str) -> &str {
    let usual = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'.';
    if (1..=38).contains(&name.len()) && name.bytes().all(usual) { name } else { "a parameter" }
}

/// Far more than any action takes.
const MOST: usize = 100;
const SECRET: [&str; 2] = ["WebIdentityToken", "SAMLAssertion"];
