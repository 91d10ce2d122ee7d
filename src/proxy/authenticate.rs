//! Step two: who sent it. Form, then time, then key and signature, then session token, expiry and
//! suspension; an unknown key goes through the same work as a known one. Forms go the same way: what differs
//! is where the signature stands and what it is over. A request without any trace of a signature is nobody's,
//! if the configuration lets nobody ask for anything.

use std::sync::Arc;
use std::time::Duration;

use http::{HeaderName, HeaderValue};
use tokio::time::Instant;

use super::Proxy;
use super::anonymous;
use super::body::{IncomingBody, UnverifiedBody};
use super::error::Refusal;
use super::form::{self, FormAnswer, ReadForm, UnverifiedForm};
use super::life::Life;
use super::receive::Received;
use super::record::Record;
use super::sender::{Sender, Signer};
use crate::keys::{LiveKey, Lookup, SessionTokenError};
use crate::listener::{Peer, RequestBody};
use crate::s3::{ErrorCode, PostPolicy, RequestHead, S3Error};
use crate::sigv4::{Form, Payload, UnverifiedSignature};

/// A request whose signature was made by a living key, or one that nobody signed. Only [`Proxy::authenticate`] makes one.
pub(super) struct Authenticated {
    head: RequestHead,
    body: UnverifiedBody,
    /// How a form wants to be answered, until that is taken.
    form_answer: Option<FormAnswer>,
    sender: Sender,
    payload: Payload,
    life: Life,
    peer: Arc<Peer>,
}

impl Authenticated {
    pub(super) fn head(&self) -> &RequestHead {
        &self.head
    }

    pub(super) fn sender(&self) -> &Sender {
        &self.sender
    }

    /// Who is at the other end of the connection.
    pub(super) fn peer(&self) -> &Peer {
        &self.peer
    }

    pub(super) fn payload(&self) -> Payload {
        self.payload
    }

    /// How long a transfer may go on.
    pub(super) fn life(&self) -> Life {
        self.life.clone()
    }

    /// Whether it came as a form, and its head is that of the upload for which the form stands.
    pub(super) fn is_form(&self) -> bool {
        self.sender.signer().is_some_and(|signer| matches!(signer.form, Form::Post { .. }))
    }

    /// How the form wants to be answered, if it is one.
    pub(super) fn take_form_answer(&mut self) -> Option<FormAnswer> {
        self.form_answer.take()
    }

    pub(super) fn into_parts(self) -> (RequestHead, UnverifiedBody) {
        (self.head, self.body)
    }
}

impl Proxy {
    /// Finds out who sent a request.
    pub(super) async fn authenticate(&self, received: Received, record: &mut Record) -> Result<Authenticated, Refusal> {
        let (mut head, body, peer) = received.into_unverified_parts();
        let (unverified, content) = if form::is_upload(&head) {
            let form = Box::pin(self.read_form(&head, body)).await?;
            let (unverified, unverified_policy) = form.signature(&head, &self.accepted_region)?;
            (unverified, Content::Form(Box::new((form, unverified_policy))))
        } else if anonymous::is_nobodys(&head) {
            self.admit_nobody(&mut head, &body)?;
            record.is_anonymous();
            let sender = Sender::Anonymous(self.authority.organization().clone());
            let body = UnverifiedBody::new(IncomingBody::Request(body), None);
            return Ok(Authenticated {
                head,
                body,
                form_answer: None,
                sender,
                payload: Payload::Empty,
                life: Life::default(),
                peer,
            });
        } else {
            (UnverifiedSignature::read(&head, &self.accepted_region)?, Content::Request(body))
        };
        record.claimed(unverified.access_key_id());
        let now = self.clock.now();
        unverified.judge_time(now)?;
        let seen = self.keys.ends_seen();
        let (key, known) = match self.keys.find(unverified.access_key_id()).await? {
            Lookup::Known(key) => (key, true),
            Lookup::Unknown(decoy) => (decoy, false),
        };
        let scope = unverified.scope();
        let signing_key = key.signing_key(scope.date, &scope.region, "s3");
        let signature = unverified.verify_forgiving(&head, &signing_key, known, self.forgiving.rules())?;
        record.proved(&key.principal);
        self.forgiving.note(signature.forgiven(), record);
        judge_session_token(content.session_token(&head), &key)?;
        self.refuse_dead_key(&key, now)?;
        self.keys.note_use(&key);
        let (body, form_answer) = match content {
            Content::Form(form) => {
                let (form, verified_policy) = *form;
                let ReadForm { body, answer } = form.become_upload(&verified_policy, &mut head)?;
                record.addressed(&head.address);
                (body, Some(answer))
            }
            Content::Request(body) => {
                let hoisted = signature.take_signed_parameters(&mut head)?;
                act_as_headers(&mut head, hoisted)?;
                (IncomingBody::Request(body), None)
            }
        };
        let until = key.expires_at.map(|end| {
            let left = Duration::try_from(end.duration_since(now)).unwrap_or_default();
            Instant::now() + left + self.after_expiry
        });
        let life = Life::new(until, self.keys.hold(Arc::clone(&key), seen));
        let signer = Signer { key, form: signature.form(), signed_at: signature.time().timestamp() };
        let (sender, payload) = (Sender::Key(signer), signature.payload());
        let body = UnverifiedBody::new(body, signature.into_chunk_verifier());
        Ok(Authenticated { head, body, form_answer, sender, payload, life, peer })
    }

    /// Expiry is judged by the clock at each request, never by the life of a cache entry.
    fn refuse_dead_key(&self, key: &LiveKey, now: jiff::Timestamp) -> Result<(), S3Error> {
        let off = crate::fault::check_is_off;
        if key.expires_at.is_some_and(|end| end <= now) && !off("key_expiry") {
            return Err(S3Error::new(ErrorCode::ExpiredToken, "The provided token has expired."));
        }
        if self.keys.is_suspended(&key.principal) && !off("suspension") {
            return Err(S3Error::new(
                ErrorCode::InvalidAccessKeyId,
                "The AWS Access Key Id you provided is suspended.",
            ));
        }
        Ok(())
    }
}

/// What came with a head whose signature is not verified yet.
#[expect(clippy::large_enum_variant, reason = "requests are the rule and forms the exception, which alone is boxed")]
enum Content {
    /// A form up to its file, with its policy.
    Form(Box<(UnverifiedForm, PostPolicy)>),
    /// A body that nobody has read.
    Request(RequestBody),
}

impl Content {
    /// The session token that came along: in a form, a header or the query.
    fn session_token<'a>(&'a self, head: &'a RequestHead) -> Option<&'a [u8]> {
        if let Self::Form(form) = self {
            return form.0.session_token();
        }
        let mut parameters = head.query.parameters().iter();
        let in_query = parameters.find(|(name, _)| name.eq_ignore_ascii_case(SESSION_TOKEN));
        let in_query = in_query.map(|(_, value)| value.as_deref().unwrap_or_default().as_bytes());
        in_query.or_else(|| head.headers.get(SESSION_TOKEN).map(HeaderValue::as_bytes))
    }
}

/// A session token belongs to one key. The signature covers it, in the header as in a presigned URL, so
/// that what is judged here is what the key's holder sent; of a form, the policy has to name it.
fn judge_session_token(sent: Option<&[u8]>, key: &LiveKey) -> Result<(), S3Error> {
    match key.judge_session_token(sent) {
        Err(_) if crate::fault::check_is_off("session_token") => Ok(()),
        Ok(()) => Ok(()),
        Err(error @ SessionTokenError::Missing) => Err(S3Error::new(
            ErrorCode::InvalidAccessKeyId,
            format!("The AWS Access Key Id you provided does not work like this: {error} (x-amz-security-token)."),
        )),
        Err(error @ (SessionTokenError::Unwanted | SessionTokenError::Wrong)) => Err(S3Error::new(
            ErrorCode::InvalidToken,
            format!("The provided token is malformed or otherwise invalid: {error}."),
        )),
    }
}

/// A signed `x-amz-*` parameter of a presigned URL is the header of that name: it takes the same effect
/// and needs the same permission.
fn act_as_headers(head: &mut RequestHead, hoisted: Vec<(String, String)>) -> Result<(), S3Error> {
    for (name, value) in hoisted {
        let name = HeaderName::try_from(name).map_err(|_| not_a_header("name"))?;
        // As in a header that is sent: white space around the value is no part of it.
        let value = HeaderValue::try_from(value.trim_matches([' ', '\t'])).map_err(|_| not_a_header("value"))?;
        head.headers.insert(name, value);
    }
    // SDKs add the operation's name for their own routing.
    head.query.take(|name| name == "x-id");
    Ok(())
}

fn not_a_header(part: &str) -> S3Error {
    S3Error::new(ErrorCode::InvalidArgument, format!("An x-amz-* query parameter is not the {part} of a header."))
}

const SESSION_TOKEN: &str = "x-amz-security-token";
