//! `POST /v1/cwobject/access-key`: `CreateAccessKeyFromJWT`. Also the words that all operations share which
//! make a key.

use std::fmt;
use std::num::NonZeroU32;

use axum::Json;
use axum::extract::State;
use jiff::Timestamp;
use serde::de::{Deserializer, Unexpected, Visitor};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::control::body::StrictJson;
use crate::control::grant::Wishes;
use crate::control::{Caller, ControlError, ErrorBody, Services, WireSecret};
use crate::identity::{AccessKeyId, Attributes, Principal};
use crate::keys::{IssuedKey, KeyLife};

/// The body of a request for an access key.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct CreateAccessKey {
    /// How long the key lives: 1 to 43200 seconds, or 0 for a permanent key.
    #[schema(value_type = u32, minimum = 0, maximum = 43200)]
    pub duration_seconds: DurationSeconds,
    /// What to attach to the key.
    #[serde(default, skip_serializing_if = "Attributes::is_empty")]
    #[schema(value_type = std::collections::BTreeMap<String, String>)]
    pub attributes: Attributes,
}

/// A new key, with its secret for the first and last time.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct AccessKey {
    /// Its id.
    #[schema(value_type = String)]
    pub access_key_id: AccessKeyId,
    /// Its secret.
    #[schema(value_type = String)]
    pub secret_key: WireSecret,
    /// Whose key it is.
    #[schema(value_type = String)]
    pub principal_name: Principal,
    /// When it ends; absent for a permanent key.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, format = DateTime)]
    pub expiry: Option<Timestamp>,
    /// What is attached to it.
    #[schema(value_type = std::collections::BTreeMap<String, String>)]
    pub attributes: Attributes,
}

/// A whole number of seconds from 0 to 43200, written as a JSON integer and nothing else.
#[derive(Clone, Copy, Debug, Eq, PartialEq, Serialize)]
pub struct DurationSeconds(u32);

impl DurationSeconds {
    /// Accepts `seconds` up to 12 hours.
    #[must_use]
    pub fn new(seconds: u32) -> Option<Self> {
        (u64::from(seconds) <= KeyLife::LONGEST.as_secs() || crate::fault::check_is_off("duration_range"))
            .then_some(Self(seconds))
    }

    /// The life of a key whose maker may ask for a permanent one.
    pub(in crate::control) fn life(self) -> KeyLife {
        NonZeroU32::new(self.0).map_or(KeyLife::Permanent, KeyLife::Seconds)
    }

    /// The life of a key that is never permanent.
    pub(in crate::control) fn temporary(self) -> Result<NonZeroU32, ControlError> {
        let advice = "durationSeconds: expected 1 to 43200; keys from an identity provider are never permanent";
        NonZeroU32::new(self.0).ok_or_else(|| ControlError::Invalid(advice.into()))
    }
}

impl From<IssuedKey> for AccessKey {
    fn from(issued: IssuedKey) -> Self {
        Self {
            access_key_id: issued.info.access_key_id,
            secret_key: WireSecret(issued.secret),
            principal_name: issued.info.principal,
            expiry: issued.info.expires_at,
            attributes: issued.info.attributes,
        }
    }
}

/// Create an access key from an API token
#[utoipa::path(
    post, path = "/v1/cwobject/access-key", operation_id = "CWObject_CreateAccessKeyFromJWT", tag = "CWObject",
    request_body = CreateAccessKey,
    responses((status = 200, body = AccessKey), (status = "default", body = ErrorBody)), security(("TokenAuth" = []))
)]
pub(super) async fn create(
    caller: Caller,
    State(mut services): State<Services>,
    StrictJson(body): StrictJson<CreateAccessKey>,
) -> Result<Json<AccessKey>, ControlError> {
    let Caller::Token(holder) = caller else {
        return Err(ControlError::Forbidden("this takes an API token, whose key it would be".into()));
    };
    let wishes = Wishes { attributes: body.attributes, session_token: false };
    let issued = services.issue_to_holder(&holder, body.duration_seconds.life(), wishes).await?;
    Ok(Json(issued.into()))
}

impl<'de> Deserialize<'de> for DurationSeconds {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(WholeSeconds)
    }
}

struct WholeSeconds;

impl Visitor<'_> for WholeSeconds {
    type Value = DurationSeconds;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("a whole number from 0 to 43200")
    }

    // Only integers without a sign come here: 1.0, 1e3 and -0 are floating-point numbers to the parser.
    fn visit_u64<E: serde::de::Error>(self, seconds: u64) -> Result<DurationSeconds, E> {
        let known = u32::try_from(seconds).ok().and_then(DurationSeconds::new);
        known.ok_or_else(|| E::invalid_value(Unexpected::Unsigned(seconds), &self))
    }
}
