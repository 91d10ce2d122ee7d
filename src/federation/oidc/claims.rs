//! The claims of a token whose signature was verified: RFC 7519, section 4.

use jiff::Timestamp;
use serde_json::{Map, Value};

use crate::fault::check_is_off;
use crate::federation::{ApiAccess, GrantedApiAccess};
use crate::identity::{Groups, Permission};

/// Claims that their issuer vouches for. Whether they are valid now is another question.
pub(super) struct VerifiedClaims(Map<String, Value>);

/// Why genuine claims prove nothing here.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
pub(super) enum ClaimsError {
    /// Its time is over.
    #[error("the token has expired")]
    Expired,
    /// A claim that has to be there, or has to be otherwise.
    #[error("the token's claim {0} is missing, or not of its form")]
    Form(&'static str),
    /// The claim with groups cannot be taken as it is.
    #[error("the token's claim with groups {0}")]
    Groups(&'static str),
    /// Its time has not come.
    #[error("the token's claim {0} is in the future")]
    NotYet(&'static str),
}

impl VerifiedClaims {
    /// For [`UnverifiedToken`](super::token::UnverifiedToken), once the signature was verified.
    pub(super) fn new(claims: Map<String, Value>) -> Self {
        Self(claims)
    }

    /// Whom it is about: a text, of whatever form.
    pub(super) fn subject(&self) -> Result<&str, ClaimsError> {
        self.0.get("sub").and_then(Value::as_str).ok_or(ClaimsError::Form("sub"))
    }

    /// Its own id, for the records, if it has one.
    pub(super) fn token_id(&self) -> Result<Option<&str>, ClaimsError> {
        self.record("jti")
    }

    /// Checks that it has the claims' forms that nothing else depends on.
    pub(super) fn check_forms(&self) -> Result<(), ClaimsError> {
        // To whom it was issued (OpenID Connect Core, section 2). Not compared with anything: it names the
        // program that fetched the token, and that is somebody else wherever a workload fetches tokens
        // for a service (the clouds' metadata servers put an account number here). For whom the token is
        // stands in `aud`, and there has to be our name alone.
        self.record("azp").map(|_| ())
    }

    /// Checks that it is valid at `now`, give or take [`LEEWAY`] seconds. That it has expired is said only
    /// if nothing else is wrong.
    pub(super) fn check_times(&self, now: Timestamp) -> Result<(), ClaimsError> {
        let now = now.as_second();
        let expires = self.time("exp")?.ok_or(ClaimsError::Form("exp"))?;
        for claim in ["nbf", "iat"] {
            if self.time(claim)?.is_some_and(|time| time > now + LEEWAY) {
                return Err(ClaimsError::NotYet(claim));
            }
        }
        if now >= expires + LEEWAY && !check_is_off("jwt_expiry") { Err(ClaimsError::Expired) } else { Ok(()) }
    }

    /// What it may do as an API token, by the claim that `access` names: the greatest word in it.
    pub(super) fn api_access(&self, access: &ApiAccess) -> Option<GrantedApiAccess> {
        let words = match self.find(&access.permission_claim)? {
            Value::Array(list) => list.as_slice(),
            one => std::slice::from_ref(one),
        };
        let permission = words.iter().filter_map(Value::as_str).map(permission_named).max()?;
        let granted = GrantedApiAccess { permission, makes_permanent_keys: access.permanent_keys };
        (permission > Permission::None).then_some(granted)
    }

    /// The groups that it says its subject is in, by the claim called `name`; without that claim none. Fewer
    /// than it says would be wrong too: a policy may deny something to a group.
    pub(super) fn groups(&self, name: &str) -> Result<Groups, ClaimsError> {
        let names = match self.find(name) {
            // OpenID Connect Core, section 5.6.2.
            None if self.0.get("_claim_names").is_some_and(|names| names.get(name).is_some()) => {
                return Err(ClaimsError::Groups("is not in it: it names another place to ask (_claim_names)"));
            }
            None => return Ok(Groups::default()),
            Some(Value::Array(list)) => list.as_slice(),
            Some(one) => std::slice::from_ref(one),
        };
        let names: Option<Vec<String>> = names.iter().map(|name| name.as_str().map(str::to_owned)).collect();
        let names = names.ok_or(ClaimsError::Groups("is neither a text nor a list of texts"))?;
        Groups::parse(names).map_err(|error| ClaimsError::Groups(error.without_name()))
    }

    /// The claim called `path`, or else, with its dots as steps, the one inside others: some providers have
    /// names with dots, others have objects.
    fn find(&self, path: &str) -> Option<&Value> {
        if let Some(value) = self.0.get(path) {
            return Some(value);
        }
        let (first, rest) = path.split_once('.')?;
        rest.split('.').try_fold(self.0.get(first)?, |value, step| value.as_object()?.get(step))
    }

    /// A text that is only kept or ignored.
    fn record(&self, claim: &'static str) -> Result<Option<&str>, ClaimsError> {
        let Some(value) = self.0.get(claim) else { return Ok(None) };
        let right = |text: &&str| text.len() <= LONGEST_RECORD && !text.chars().any(char::is_control);
        value.as_str().filter(right).map(Some).ok_or(ClaimsError::Form(claim))
    }

    /// A `NumericDate`, a whole one: RFC 7519, section 2.
    fn time(&self, claim: &'static str) -> Result<Option<i64>, ClaimsError> {
        let Some(value) = self.0.get(claim) else { return Ok(None) };
        let right = |seconds: &i64| (0..=LATEST).contains(seconds);
        value.as_i64().filter(right).map(Some).ok_or(ClaimsError::Form(claim))
    }
}

fn permission_named(word: &str) -> Permission {
    match word {
        "read" => Permission::Read,
        "write" => Permission::Write,
        "admin" => Permission::Admin,
        _ => Permission::None,
    }
}

/// How far clocks may be apart, in seconds.
const LEEWAY: i64 = 60;
/// The end of the year 9999, less two days.
const LATEST: i64 = 253_402_128_000;
const LONGEST_RECORD: usize = 256;
