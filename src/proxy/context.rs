//! What is known of a request for the conditions of policies. Every value comes from what was verified: the
//! signed head, the socket, the clock, the key. Nothing that a client merely names like a condition key gets
//! in, and what an address claims to forward counts for nothing.

use std::net::IpAddr;

use http::{HeaderMap, HeaderName, HeaderValue};
use jiff::Timestamp;

use super::authenticate::Authenticated;
use super::sender::{Sender, Signer};
use crate::identity::Groups;
use crate::listener::{Peer, TlsInfo};
use crate::policy::{Context, FixedKey, Value};
use crate::s3::operation::{Classified, Operation};
use crate::s3::{ErrorCode, LegalHold, RequestHead, Retention, S3Error, Tagging};
use crate::sigv4::{Form, Payload};

/// The values that are not lent by the head of the request or by its sender.
#[derive(Debug)]
pub(super) struct Facts {
    now: Timestamp,
    peer: IpAddr,
    tls: Option<f64>,
    payload: Payload,
    groups: Groups,
    lists: bool,
    max_keys: Option<f64>,
    copy_source: Option<String>,
    creates_object: Option<bool>,
    tags: Tagging,
    tag_keys: Vec<String>,
    lock_mode: Option<String>,
    legal_hold: Option<String>,
    retain_until: Option<Timestamp>,
    location: Option<String>,
}

impl Facts {
    /// What is known before the body is read. `groups` are those of the key's owner.
    ///
    /// # Errors
    /// 400 for a value that the backend might read otherwise than policies do.
    pub(super) fn of(
        authenticated: &Authenticated,
        classified: &Classified,
        now: Timestamp,
        groups: Groups,
    ) -> Result<Self, S3Error> {
        let head = authenticated.head();
        for name in head.headers.keys().filter(|name| ONCE.contains(&name.as_str())) {
            head.single_header(name.as_str())?;
        }
        let (mut lock_mode, mut legal_hold, mut retain_until, mut tagging) = (None, None, None, None);
        for (name, value) in given(&head.headers) {
            match name {
                "x-amz-metadata-directive" | "x-amz-tagging-directive" => {
                    one_of(name, value, &["COPY", "REPLACE"])?;
                }
                "x-amz-object-lock-legal-hold" => legal_hold = Some(one_of(name, value, &LegalHold::STATUSES)?),
                "x-amz-object-lock-mode" => lock_mode = Some(one_of(name, value, &Retention::MODES)?),
                "x-amz-object-lock-retain-until-date" => retain_until = Some(moment(text(name, value)?)?),
                "x-amz-tagging" => tagging = Some(value),
                name if key_of(name).is_some() && !UNJUDGED.contains(&name) => {
                    text(name, value)?;
                }
                _ => {}
            }
        }
        let lists = lists(classified.operation);
        let max_keys = if lists { parameter(head, "max-keys").filter(|text| !text.is_empty()) } else { None };
        let max_keys = max_keys.map(whole_number).transpose()?;
        let source = classified.copy_source.as_ref();
        let mut facts = Self {
            now,
            peer: source_ip(authenticated.peer(), &head.headers),
            tls: authenticated.peer().tls.as_ref().map(TlsInfo::version_number),
            payload: authenticated.payload(),
            groups,
            lists,
            max_keys,
            copy_source: source.map(|source| format!("{}/{}", source.bucket.as_str(), source.key.as_str())),
            creates_object: creates_object(classified.operation),
            tags: Tagging::default(),
            tag_keys: Vec::new(),
            lock_mode,
            legal_hold,
            retain_until,
            location: None,
        };
        if let Some(value) = tagging.filter(|_| sets_tags(head, classified)) {
            facts.learn_tags(Tagging::parse_header(value.as_bytes())?);
        }
        Ok(facts)
    }

    pub(super) fn learn_tags(&mut self, tags: Tagging) {
        self.tag_keys = tags.tags().iter().map(|(key, _)| key.clone()).collect();
        self.tags = tags;
    }

    pub(super) fn learn_retention(&mut self, retention: &Retention) {
        self.lock_mode = retention.mode().map(str::to_owned);
        self.retain_until = retention.until();
    }

    pub(super) fn learn_legal_hold(&mut self, status: &str) {
        self.legal_hold = Some(status.to_owned());
    }

    pub(super) fn learn_location(&mut self, location: Option<String>) {
        self.location = location;
    }

    /// The tags that are set by the request.
    pub(super) fn tags(&self) -> &Tagging {
        &self.tags
    }

    /// The values for the conditions of policies. The version is the demand's to say.
    pub(super) fn context<'a>(&'a self, head: &'a RequestHead, sender: &'a Sender) -> Context<'a> {
        let mut context = Context::new();
        let mut set = |key, value: Option<Value<'a>>| {
            if let Some(value) = value {
                context.set(key, value);
            }
        };
        for (name, value) in given(&head.headers) {
            if let Some(key) = key_of(name) {
                set(key, text(name, value).ok().map(Value::Text));
            }
        }
        if self.lists {
            set(FixedKey::Delimiter, parameter(head, "delimiter").map(Value::Text));
            set(FixedKey::Prefix, parameter(head, "prefix").map(Value::Text));
            set(FixedKey::MaxKeys, self.max_keys.map(Value::Number));
        }
        set(FixedKey::CurrentTime, Some(Value::Time(self.now)));
        set(FixedKey::EpochTime, Some(Value::Time(self.now)));
        set(FixedKey::SourceIp, Some(Value::Address(self.peer)));
        set(FixedKey::SecureTransport, Some(Value::Flag(self.tls.is_some())));
        set(FixedKey::TlsVersion, self.tls.map(Value::Number));
        set(FixedKey::CopySource, self.copy_source.as_deref().map(Value::Text));
        set(FixedKey::ObjectCreationOperation, self.creates_object.map(Value::Flag));
        set(FixedKey::LocationConstraint, self.location.as_deref().map(Value::Text));
        set(FixedKey::RequestObjectTagKeys, Some(Value::Texts(&self.tag_keys)).filter(|_| !self.tag_keys.is_empty()));
        set(FixedKey::ObjectLockRetainUntilDate, self.retain_until.map(Value::Time));
        set(FixedKey::ObjectLockMode, self.lock_mode.as_deref().map(Value::Text));
        set(FixedKey::ObjectLockLegalHold, self.legal_hold.as_deref().map(Value::Text));
        context.set_request_tags(self.tags.tags());
        if let Sender::Key(signer) = sender {
            // Of a hash that the client sent, the header says it.
            if let Some(text) = payload_text(self.payload) {
                context.set(FixedKey::ContentSha256, Value::Text(text));
            }
            self.add_signer(&mut context, signer);
        }
        context
    }

    /// What only a request has that somebody signed. Without these no condition that asks for them is met.
    fn add_signer<'a>(&'a self, context: &mut Context<'a>, signer: &'a Signer) {
        let Signer { key, form, signed_at } = signer;
        context.set(FixedKey::PrincipalArn, Value::Text(key.arn()));
        context.set(FixedKey::PrincipalOrgId, Value::Text(key.organization.as_str()));
        context.set(FixedKey::CwPrincipalOrgId, Value::Text(key.organization.as_str()));
        context.set(FixedKey::UserId, Value::Text(key.principal.as_str()));
        let own = ["coreweave/", "static/"];
        if let Some(name) = own.iter().find_map(|prefix| key.principal.as_str().strip_prefix(prefix)) {
            context.set(FixedKey::Username, Value::Text(name));
        }
        if !self.groups.is_empty() {
            context.set(FixedKey::Groups, Value::Texts(self.groups.as_slice()));
        }
        let form = match form {
            Form::Header => "REST-HEADER",
            Form::Post { .. } => "POST",
            Form::Presigned { .. } => "REST-QUERY-STRING",
        };
        context.set(FixedKey::AuthType, Value::Text(form));
        context.set(FixedKey::SignatureVersion, Value::Text("AWS4-HMAC-SHA256"));
        let age = self.now.as_millisecond() - signed_at.as_millisecond();
        #[expect(clippy::cast_precision_loss, reason = "exact for 285,000 years")]
        context.set(FixedKey::SignatureAge, Value::Number(age as f64));
        context.set_principal_tags(&key.attributes);
    }
}

/// The operations whose `prefix`, `delimiter` and `max-keys` say what is listed.
pub(super) fn lists(operation: Operation) -> bool {
    matches!(
        operation,
        Operation::ListMultipartUploads
            | Operation::ListObjectVersions
            | Operation::ListObjects
            | Operation::ListObjectsV2
    )
}

/// Whether a write makes an object. What only prepares one does not, so that policies which demand a header of
/// every object that is made can leave the parts of an upload alone.
///
/// <https://docs.aws.amazon.com/AmazonS3/latest/userguide/conditional-writes-enforce.html>
fn creates_object(operation: Operation) -> Option<bool> {
    match operation {
        Operation::CompleteMultipartUpload | Operation::CopyObject | Operation::PutObject => Some(true),
        Operation::CreateMultipartUpload | Operation::UploadPart | Operation::UploadPartCopy => Some(false),
        _ => None,
    }
}

/// Whether an `x-amz-tagging` header says which tags are stored. A copy takes those of its source, and leaves
/// the header aside, unless it says that they are to be replaced.
///
/// <https://docs.aws.amazon.com/AmazonS3/latest/API/API_CopyObject.html#API_CopyObject_RequestSyntax>
pub(super) fn sets_tags(head: &RequestHead, classified: &Classified) -> bool {
    classified.operation != Operation::CopyObject
        || head.headers.get("x-amz-tagging-directive").is_some_and(|directive| directive == "REPLACE")
}

/// The value of a query parameter; empty if it stands there without one.
pub(super) fn parameter<'a>(head: &'a RequestHead, name: &str) -> Option<&'a str> {
    let found = head.query.parameters().iter().find(|(given, _)| given == name);
    found.map(|(_, value)| value.as_deref().unwrap_or_default())
}

/// The socket's peer. An IPv4 address is one, also where the socket speaks IPv6.
fn source_ip(peer: &Peer, headers: &HeaderMap) -> IpAddr {
    let peer = peer.address.ip().to_canonical();
    if !crate::fault::check_is_off("source_ip") {
        return peer;
    }
    let claimed = headers.get("x-forwarded-for").and_then(|value| value.to_str().ok()?.parse().ok());
    claimed.unwrap_or(peer)
}

/// Every header that was sent, with its first value. One pass over what is there is much cheaper than looking for
/// each header that could be.
fn given(headers: &HeaderMap) -> impl Iterator<Item = (&str, &HeaderValue)> {
    let mut previous: Option<&HeaderName> = None;
    let first = headers.iter().filter(move |(name, _)| previous.replace(name) != Some(*name));
    first.map(|(name, value)| (name.as_str(), value))
}

fn text<'a>(name: &str, value: &'a HeaderValue) -> Result<&'a str, S3Error> {
    std::str::from_utf8(value.as_bytes())
        .map_err(|_| S3Error::new(ErrorCode::InvalidArgument, format!("The header {name} is not UTF-8.")))
}

/// The value of a header that has a closed list of values. Another one is refused, since a backend could read
/// `compliance` as what policies know as `COMPLIANCE`.
fn one_of(name: &str, value: &HeaderValue, allowed: &[&str]) -> Result<String, S3Error> {
    let value = text(name, value)?;
    if allowed.contains(&value) {
        return Ok(value.to_owned());
    }
    let message = format!("The header {name} is none of {}.", allowed.join(", "));
    Err(S3Error::new(ErrorCode::InvalidArgument, message))
}

/// What stands for the payload, unless it is a hash: also where a presigned URL says nothing.
fn payload_text(payload: Payload) -> Option<&'static str> {
    match payload {
        Payload::Empty => Some(EMPTY_SHA256),
        sentinel => sentinel.sentinel(),
    }
}

fn whole_number(text: &str) -> Result<f64, S3Error> {
    let digits = text.len() <= 10 && text.bytes().all(|byte| byte.is_ascii_digit());
    text.parse().ok().filter(|_| digits).ok_or_else(|| {
        S3Error::new(ErrorCode::InvalidArgument, "Provided max-keys not an integer or within integer range.")
    })
}

fn moment(text: &str) -> Result<Timestamp, S3Error> {
    let wrong = "The header x-amz-object-lock-retain-until-date is no ISO 8601 time.";
    text.parse().map_err(|_| S3Error::new(ErrorCode::InvalidArgument, wrong))
}

/// The SHA-256 of nothing.
const EMPTY_SHA256: &str = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";

/// Headers that steer what is done and that are judged: two of a name would be judged by one and obeyed by
/// the other.
const ONCE: [&str; 2] = ["if-match", "if-none-match"];

/// Headers that say something of the client only. One that cannot be read counts as not sent.
const UNJUDGED: [&str; 2] = ["referer", "user-agent"];

/// The condition key that a header is the value of.
fn key_of(header: &str) -> Option<FixedKey> {
    Some(match header {
        "if-match" => FixedKey::IfMatch,
        "if-none-match" => FixedKey::IfNoneMatch,
        "referer" => FixedKey::Referer,
        "user-agent" => FixedKey::UserAgent,
        "x-amz-acl" => FixedKey::Acl,
        "x-amz-content-sha256" => FixedKey::ContentSha256,
        "x-amz-grant-full-control" => FixedKey::GrantFullControl,
        "x-amz-grant-read" => FixedKey::GrantRead,
        "x-amz-grant-read-acp" => FixedKey::GrantReadAcp,
        "x-amz-grant-write" => FixedKey::GrantWrite,
        "x-amz-grant-write-acp" => FixedKey::GrantWriteAcp,
        "x-amz-metadata-directive" => FixedKey::MetadataDirective,
        "x-amz-server-side-encryption" => FixedKey::ServerSideEncryption,
        "x-amz-server-side-encryption-aws-kms-key-id" => FixedKey::ServerSideEncryptionKeyId,
        "x-amz-server-side-encryption-customer-algorithm" => FixedKey::ServerSideEncryptionCustomerAlgorithm,
        "x-amz-storage-class" => FixedKey::StorageClass,
        "x-amz-website-redirect-location" => FixedKey::WebsiteRedirectLocation,
        _ => return None,
    })
}
