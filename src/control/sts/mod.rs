//! AWS's Security Token Service, as far as every SDK speaks it: `POST /` with a form, or `GET /` with a
//! query, answered in XML.
//!
//! | action | proof | what it gives |
//! | --- | --- | --- |
//! | `AssumeRoleWithWebIdentity` | an OIDC token | a key with a session token |
//! | `AssumeRoleWithSAML` | a SAML response | a key with a session token |
//! | `GetCallerIdentity` | a signature | whose key signed |
//! | `GetAccessKeyInfo` | a signature | the organization of a key |
//!
//! The same limits and checks stand behind it as behind the JSON forms; only the words differ.
//!
//! <https://docs.aws.amazon.com/STS/latest/APIReference/welcome.html>

mod answer;
mod assume_role;
mod authenticate;
mod caller_identity;
mod error;
mod parameters;
#[cfg(test)]
mod tests;

use axum::Router;
use axum::extract::{Request, State};
use axum::response::Response;
use axum::routing::post;

use super::body::read;
use super::record::RequestId;
use super::{ControlError, Services};
use crate::s3::{Domains, RequestHead};

use answer::Answer;
use error::StsError;
use parameters::Parameters;

/// The routes.
pub(super) fn router() -> Router<Services> {
    Router::new().route("/", post(serve).get(serve))
}

async fn serve(State(mut services): State<Services>, request: Request) -> Response {
    let known = request.extensions().get::<RequestId>().copied();
    let request_id = known.unwrap_or_else(|| RequestId::generate(&mut services.random));
    match answer_to(&mut services, request).await {
        Ok(answer) => answer.into_answer(&request_id),
        Err(error) => {
            if let Some(detail) = error.detail() {
                tracing::error!(detail, "a request to AWS STS failed");
            } else {
                tracing::info!(code = error.code(), "refused a request to AWS STS");
            }
            error.into_answer(&request_id)
        }
    }
}

async fn answer_to(services: &mut Services, request: Request) -> Result<Answer, StsError> {
    services.count_login(request.extensions())?;
    let (parts, body) = request.into_parts();
    let body = read(body, LARGEST_BODY).await.map_err(|error| match error {
        ControlError::TooLarge => StsError::TooLarge,
        _ => StsError::BodyCut,
    })?;
    let head = RequestHead::parse(parts.method, &parts.uri, parts.headers, &Domains::default())
        .map_err(|error| StsError::Invalid(error.message.into_owned()))?;
    let mut parameters = Parameters::read(&head, &body)?;
    match Action::of(&mut parameters)? {
        Action::AssumeRoleWithSaml => assume_role::with_saml(services, parameters).await,
        Action::AssumeRoleWithWebIdentity => assume_role::with_web_identity(services, parameters).await,
        Action::GetAccessKeyInfo => {
            let signer = services.authenticate_signer(&head, &body).await?;
            caller_identity::get_access_key_info(services, &signer, parameters).await
        }
        Action::GetCallerIdentity => {
            let signer = services.authenticate_signer(&head, &body).await?;
            caller_identity::get_caller_identity(&signer, parameters)
        }
    }
}

/// What can be asked for.
enum Action {
    AssumeRoleWithSaml,
    AssumeRoleWithWebIdentity,
    GetAccessKeyInfo,
    GetCallerIdentity,
}

impl Action {
    /// Takes `Action` and `Version` out of `parameters`.
    fn of(parameters: &mut Parameters) -> Result<Self, StsError> {
        let version = parameters.take("Version");
        let name = parameters.take("Action").filter(|name| !name.is_empty()).ok_or(StsError::MissingAction)?;
        let action = match name.as_str() {
            "AssumeRoleWithSAML" => Self::AssumeRoleWithSaml,
            "AssumeRoleWithWebIdentity" => Self::AssumeRoleWithWebIdentity,
            "GetAccessKeyInfo" => Self::GetAccessKeyInfo,
            "GetCallerIdentity" => Self::GetCallerIdentity,
            "AssumeRole" | "AssumeRoot" | "GetFederationToken" | "GetSessionToken" => {
                return Err(StsError::NoSuchAction(format!(
                    "{} is not available here: an access key makes no other keys. Use AssumeRoleWithWebIdentity, \
                     AssumeRoleWithSAML, or an API token.",
                    *name
                )));
            }
            "DecodeAuthorizationMessage" => {
                return Err(StsError::NoSuchAction(
                    "DecodeAuthorizationMessage is not available here: messages are not encoded.".into(),
                ));
            }
            other => return Err(no_such_operation(other)),
        };
        if version.is_some_and(|version| *version == VERSION) { Ok(action) } else { Err(no_such_operation(&name)) }
    }
}

/// AWS does not tell apart either what is wrong: the action or the version.
fn no_such_operation(action: &str) -> StsError {
    let action = parameters::shown(action);
    StsError::NoSuchAction(format!("Could not find operation {action} for the version given; there is only {VERSION}"))
}

const VERSION: &str = "2011-06-15";
/// Bytes of a request body: a SAML response of 256 KiB, escaped.
const LARGEST_BODY: usize = 384 << 10;
