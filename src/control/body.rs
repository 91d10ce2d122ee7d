//! Request bodies: JSON, read strictly and within limits of size, depth and time. What is said of a body
//! that is refused names the member and what belongs there, never what stood there: it could be a secret
//! that was filed in the wrong field.

use std::collections::HashSet;
use std::fmt;
use std::time::Duration;

use axum::body::Body;
use axum::extract::{FromRequest, Request};
use http::{HeaderMap, header};
use http_body_util::{BodyExt as _, LengthLimitError, Limited};
use serde::de::{DeserializeOwned, DeserializeSeed, Deserializer, Error as _, MapAccess, SeqAccess, Visitor};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::authorize::Demand;
use super::{Caller, ControlError, Services};

/// A JSON body of at most `LARGEST` bytes. Members that are unknown or occur twice, deep nesting and
/// anything that is not UTF-8 are refused.
pub(super) struct StrictJson<T, const LARGEST: usize = LARGEST_BODY>(pub(super) T);

/// A body that is declared to be JSON, of at most `LARGEST` bytes, for a reader that is as strict.
pub(super) struct JsonBytes<const LARGEST: usize>(pub(super) Vec<u8>);

/// The same where the body may be absent, and means the default then.
pub(super) struct OptionalJson<T>(pub(super) T);

/// An answer that says no more than its status.
#[derive(Clone, Copy, Debug, Default, Serialize, Deserialize, ToSchema)]
pub struct Empty {}

impl<T: DeserializeOwned, const LARGEST: usize> FromRequest<Services> for StrictJson<T, LARGEST> {
    type Rejection = ControlError;

    async fn from_request(request: Request, services: &Services) -> Result<Self, ControlError> {
        if !says_json(request.headers()) {
            return Err(ControlError::NotJson);
        }
        parse(&read_of_caller(request, LARGEST, services).await?).map(Self)
    }
}

impl<const LARGEST: usize> FromRequest<Services> for JsonBytes<LARGEST> {
    type Rejection = ControlError;

    async fn from_request(request: Request, services: &Services) -> Result<Self, ControlError> {
        if !says_json(request.headers()) {
            return Err(ControlError::NotJson);
        }
        read_of_caller(request, LARGEST, services).await.map(Self)
    }
}

impl<T: DeserializeOwned + Default> FromRequest<Services> for OptionalJson<T> {
    type Rejection = ControlError;

    async fn from_request(request: Request, services: &Services) -> Result<Self, ControlError> {
        let says_json = says_json(request.headers());
        let bytes = read_of_caller(request, LARGEST_BODY, services).await?;
        if bytes.is_empty() {
            return Ok(Self(T::default()));
        }
        if says_json { parse(&bytes).map(Self) } else { Err(ControlError::NotJson) }
    }
}

/// A page of another site can make a browser send other types, but this one only if we agreed first.
fn says_json(headers: &HeaderMap) -> bool {
    let mut types = headers.get_all(header::CONTENT_TYPE).iter();
    let (Some(Ok(media_type)), None) = (types.next().map(|value| value.to_str()), types.next()) else { return false };
    let media_type = media_type.split(';').next().unwrap_or_default().trim();
    media_type.eq_ignore_ascii_case("application/json")
}

/// The body of a request. Its sender may draw it out: whoever lost their rights meanwhile has lost them,
/// those that their token gives and those that policies give.
async fn read_of_caller(request: Request, largest: usize, services: &Services) -> Result<Vec<u8>, ControlError> {
    let (head, body) = request.into_parts();
    let bytes = read(body, largest).await?;
    match head.extensions.get::<Caller>() {
        Some(Caller::Token(holder)) if !services.keys.still_holds(holder) => {
            tracing::info!(caller = %holder.principal(), "a caller lost their rights while their request arrived");
            Err(ControlError::Unauthenticated)
        }
        Some(caller) => {
            if let Some(demand) = head.extensions.get::<Demand>() {
                services.demand(caller, *demand)?;
            }
            Ok(bytes)
        }
        None => Ok(bytes),
    }
}

pub(super) async fn read(body: Body, largest: usize) -> Result<Vec<u8>, ControlError> {
    let whole = tokio::time::timeout(LONGEST_WAIT, Limited::new(body, largest).collect()).await;
    match whole.map_err(|_| ControlError::TooSlow)? {
        Ok(body) => Ok(body.to_bytes().into()),
        Err(error) if error.is::<LengthLimitError>() => Err(ControlError::TooLarge),
        Err(error) => Err(ControlError::Invalid(format!("the request body was not received: {error}"))),
    }
}

fn parse<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, ControlError> {
    let invalid = |what: &str| ControlError::Invalid(format!("the request body is not acceptable: {what}"));
    let text = std::str::from_utf8(bytes).map_err(|_| invalid("it is not UTF-8"))?;
    let mut members = serde_json::Deserializer::from_str(text);
    let well_formed = Members::WHOLE.deserialize(&mut members).and_then(|()| members.end());
    well_formed.map_err(|error| invalid(&error.to_string()))?;
    let value = serde_path_to_error::deserialize(&mut serde_json::Deserializer::from_str(text));
    value.map_err(|error| invalid(&complaint(&error)))
}

/// What is wrong, without what stood there.
fn complaint(error: &serde_path_to_error::Error<serde_json::Error>) -> String {
    let path = error.path().to_string();
    let text = error.inner().to_string();
    let text = text.rsplit_once(" at line ").map_or(text.as_str(), |(text, _)| text);
    let names_a_member =
        ["unknown field ", "missing field ", "duplicate field "].iter().any(|start| text.starts_with(start));
    // Its complaints are ours and quote names only.
    let of_attributes = path == "attributes" && !text.starts_with("invalid ");
    let what = if names_a_member || of_attributes {
        text.chars().take(300).collect()
    } else if let Some((_, field)) = HINTS.iter().find(|(name, _)| path.rsplit('.').next() == Some(*name)) {
        format!("expected {field}")
    } else if let Some((_, expected)) = text.rsplit_once(", expected ") {
        format!("expected {expected}")
    } else {
        "what stands there has the wrong form".to_owned()
    };
    if path == "." { what } else { format!("{path}: {what}") }
}

/// Checks that no object has a member twice, how deep the nesting goes, and that lists are only where there
/// are lists in a message: the parser would take one for an object, by the order of its members. Keeps
/// nothing.
#[derive(Clone, Copy)]
struct Members {
    depth: usize,
    may_be_list: bool,
    below_may_be_list: bool,
}

impl Members {
    const WHOLE: Self = Self { depth: DEEPEST, may_be_list: false, below_may_be_list: false };

    fn deeper<E: serde::de::Error>(self, may_be_list: bool) -> Result<Self, E> {
        let depth = self.depth.checked_sub(1).ok_or_else(|| E::custom("it is nested too deeply"))?;
        Ok(Self { depth, may_be_list, below_may_be_list: false })
    }

    fn member<E: serde::de::Error>(self, name: &str) -> Result<Self, E> {
        let inside = self.deeper(self.below_may_be_list || LISTS.contains(&name))?;
        Ok(Self { below_may_be_list: name == MAP_OF_LISTS, ..inside })
    }
}

impl<'de> DeserializeSeed<'de> for Members {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Members {
    type Value = ();

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("JSON")
    }

    fn visit_bool<E>(self, _: bool) -> Result<(), E> {
        Ok(())
    }

    fn visit_i64<E>(self, _: i64) -> Result<(), E> {
        Ok(())
    }

    fn visit_u64<E>(self, _: u64) -> Result<(), E> {
        Ok(())
    }

    fn visit_f64<E>(self, _: f64) -> Result<(), E> {
        Ok(())
    }

    fn visit_str<E>(self, _: &str) -> Result<(), E> {
        Ok(())
    }

    fn visit_unit<E>(self) -> Result<(), E> {
        Ok(())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut elements: A) -> Result<(), A::Error> {
        if !self.may_be_list {
            return Err(A::Error::custom("there is a list where none belongs"));
        }
        let inside = self.deeper(false)?;
        while elements.next_element_seed(inside)?.is_some() {}
        Ok(())
    }

    fn visit_map<A: MapAccess<'de>>(self, mut members: A) -> Result<(), A::Error> {
        let mut seen = HashSet::new();
        while let Some(name) = members.next_key::<String>()? {
            members.next_value_seed(self.member(&name)?)?;
            let shown: String = name.chars().take(64).collect();
            if !seen.insert(name) {
                return Err(A::Error::custom(format_args!("the member {shown:?} occurs twice")));
            }
        }
        Ok(())
    }
}

/// What belongs into members whose own complaints would quote what they hold.
const HINTS: [(&str, &str); 9] = [
    ("accessKey", "an access key id: 16 to 128 characters of A-Z, a-z, 0-9 and _"),
    ("accessKeyId", "an access key id: 16 to 128 characters of A-Z, a-z, 0-9 and _"),
    ("durationSeconds", "a whole number from 0 to 43200, without quotes or a fraction"),
    ("expiry", "a time such as \"2027-01-31T12:00:00Z\""),
    (
        "groups",
        "a list of at most 100 names of 1 to 256 characters, none of them control characters or spaces around it",
    ),
    ("permission", "\"read\", \"write\" or \"admin\""),
    ("principalName", "a principal such as \"coreweave/abcdefgh\""),
    ("secretKey", "a secret of 16 to 128 characters"),
    ("status", "\"ACCESS_KEY_STATUS_ACTIVE\" or \"ACCESS_KEY_STATUS_SUSPENDED\""),
];

/// The members that are lists, in whatever message.
const LISTS: [&str; 5] = ["actions", "algorithms", "certificates", "groups", "resources"];
/// The member whose own members have names that their author chooses, and may be lists.
const MAP_OF_LISTS: &str = "context";

/// Bytes of a request body. The largest that makes sense, a key with attributes, is about 20 KiB.
pub(super) const LARGEST_BODY: usize = 64 << 10;
/// The same where a SAML response of 256 KiB travels as base64, or a metadata document as it is.
pub(super) const LARGEST_SAML_BODY: usize = (256 << 10) / 3 * 4 + (16 << 10);
const DEEPEST: usize = 8;
/// From the head of a request to the end of its body.
const LONGEST_WAIT: Duration = Duration::from_secs(10);
