//! Step three: what it is, and whether its sender may. Every action of the operation is judged, on the
//! very names that are sent on; what only the body can tell is judged before the body is sent on.

use std::sync::Arc;

use super::Proxy;
use super::authenticate::Authenticated;
use super::body::UnverifiedBody;
use super::context::{lists, parameter};
use super::error::Refusal;
use super::judge::Judge;
use super::life::Life;
use super::record::Record;
use super::sender::Sender;
use crate::authority::AuthorityError;
use crate::backend::Backend;
use crate::identity::{Groups, Permission};
use crate::keys::Standing;
use crate::s3::operation::{Classified, Classify, Operation, Support, Target, classify};
use crate::s3::{Address, BucketName, ErrorCode, ObjectKey, RequestHead, S3Error};
use crate::sigv4::Payload;

/// A request that its sender may make, by who answers it. Only [`Proxy::authorize`] makes one.
pub(super) enum Permitted {
    /// The backend does.
    Forwarded(Authorized),
    /// It is answered here.
    Served(Box<AuthorizedHere>),
}

/// A request that its sender may make, with the backend it goes to. Only [`Proxy::authorize`] makes one,
/// and only one of these can be forwarded. In a box: futures hold an argument that they move on twice, and there
/// are several on the way.
pub(super) struct Authorized(Box<AuthorizedParts>);

/// A request that its sender may make and that is answered here. It cannot be forwarded.
pub(super) struct AuthorizedHere {
    pub(super) head: RequestHead,
    pub(super) body: UnverifiedBody,
    pub(super) classified: Classified,
    pub(super) payload: Payload,
    /// When the transfer has to end, its key having expired.
    pub(super) life: Life,
    /// The backend of the bucket, if the request names one.
    pub(super) backend: Option<Arc<Backend>>,
    /// Judges it again, once its body is there.
    pub(super) judge: Judge,
}

/// The parts of an [`Authorized`] request.
pub(super) struct AuthorizedParts {
    pub(super) head: RequestHead,
    pub(super) body: UnverifiedBody,
    pub(super) classified: Classified,
    pub(super) payload: Payload,
    pub(super) backend: Arc<Backend>,
    /// When the transfer has to end, its key having expired.
    pub(super) life: Life,
    /// Judges what only the body or the backend's answer tells.
    pub(super) judge: Judge,
}

impl Authorized {
    pub(super) fn head(&self) -> &RequestHead {
        &self.0.head
    }

    pub(super) fn operation(&self) -> Operation {
        self.0.classified.operation
    }

    pub(super) fn into_parts(self) -> Box<AuthorizedParts> {
        self.0
    }
}

impl Proxy {
    /// Decides whether the sender of a request may make it.
    pub(super) fn authorize(&self, authenticated: Authenticated, record: &mut Record) -> Result<Permitted, Refusal> {
        match authenticated.sender() {
            Sender::Key(_) => self.permit(authenticated, record),
            Sender::Anonymous(_) => self.permit(authenticated, record).map_err(Refusal::untold),
        }
    }

    fn permit(&self, authenticated: Authenticated, record: &mut Record) -> Result<Permitted, Refusal> {
        let head = authenticated.head();
        let target = match head.address {
            Address::Bucket(_) => Target::Bucket,
            Address::Object(..) => Target::Object,
            Address::Service => Target::Service,
        };
        let query = head.query.parameters();
        let classified = classify(Classify { method: &head.method, target, query, headers: &head.headers })?;
        let by_form = authenticated.is_form();
        record.classified(if by_form { Operation::PostObject } else { classified.operation }.name());
        // Asked once: all actions of one request are judged by the same policies, permission and groups.
        let in_force = self.authority.in_force().map_err(|error| not_current(&error))?;
        let standing = self.standing(authenticated.sender());
        let judge = Judge::new(&authenticated, &classified, in_force, standing, self.clock.now())?;
        judge.by_head(head, &classified, record)?;
        let (payload, life) = (authenticated.payload(), authenticated.life());
        if classified.row.support == Support::Served {
            let backend = head.address.bucket().map(|bucket| self.holding(bucket)).transpose()?.cloned();
            let (head, body) = authenticated.into_parts();
            let here = AuthorizedHere { head, body, classified, payload, life, backend, judge };
            return Ok(Permitted::Served(Box::new(here)));
        }
        let backend = self.route(head, &classified, &judge)?;
        record.sent_to(backend.name());
        let (head, body) = authenticated.into_parts();
        let parts = AuthorizedParts { head, body, classified, payload, backend, life, judge };
        Ok(Permitted::Forwarded(Authorized(Box::new(parts))))
    }

    /// What the sender may do at most now, and the groups they are in.
    fn standing(&self, sender: &Sender) -> Standing {
        match sender {
            Sender::Key(signer) => self.keys.standing_of(&signer.key),
            Sender::Anonymous(_) => Standing { permission: Permission::Read, groups: Groups::default() },
        }
    }

    /// The backend of the request's bucket, if it keeps the names that were judged.
    fn route(&self, head: &RequestHead, classified: &Classified, judge: &Judge) -> Result<Arc<Backend>, S3Error> {
        let Some(bucket) = head.address.bucket() else {
            let name = classified.operation.name();
            return Err(S3Error::new(ErrorCode::NotImplemented, format!("{name} of the service is not implemented.")));
        };
        let backend = self.holding(bucket)?;
        if let Some(key) = head.address.key() {
            refuse_ambiguous(key, backend)?;
        }
        if lists(classified.operation) {
            // Only bucket policies have conditions, so without one every prefix is allowed alike.
            let judged = judge.in_force().bucket(bucket.as_str()).is_some_and(|rules| rules.policy.is_some());
            refuse_ambiguous_prefix(parameter(head, "prefix").unwrap_or_default(), judged, backend)?;
        }
        if let Some(source) = &classified.copy_source {
            refuse_ambiguous(&source.key, backend)?;
            // Some storage decodes before it looks for the version, and would find one in the key.
            if source.key.as_str().contains("?versionId=") && !backend.keeps_exact_keys() {
                return Err(S3Error::new(
                    ErrorCode::InvalidURI,
                    "A copy source whose key holds '?versionId=' is refused here, since the storage behind may take it \
                     for a version.",
                ));
            }
            let same = self.backends.holding(source.bucket.as_str()).is_some_and(|other| Arc::ptr_eq(other, backend));
            if !same {
                return Err(S3Error::new(
                    ErrorCode::NotImplemented,
                    format!(
                        "The copy source bucket '{}' is on another backend; copy through the client.",
                        source.bucket.as_str()
                    ),
                ));
            }
        }
        Ok(Arc::clone(backend))
    }

    /// The backend that requests for `bucket` go to.
    pub(super) fn holding(&self, bucket: &BucketName) -> Result<&Arc<Backend>, S3Error> {
        self.backends.holding(bucket.as_str()).ok_or_else(|| no_backend(bucket.as_str()))
    }
}

/// A key with empty or dot segments, or a backslash, can reach another key on a backend that cleans paths, past whatever
/// was decided for that one.
pub(super) fn refuse_ambiguous(key: &ObjectKey, backend: &Backend) -> Result<(), S3Error> {
    if backend.keeps_exact_keys() || !key.is_ambiguous() || crate::fault::check_is_off("dot_segments") {
        return Ok(());
    }
    Err(S3Error::new(
        ErrorCode::InvalidURI,
        "Keys with an empty, '.' or '..' segment, a leading '/' or a backslash are refused here, since the storage \
         behind may take them for another key.",
    ))
}

/// A prefix that a backend cleans would list what nobody was asked about: `/a/` is `a/` to some. Empty segments
/// lead elsewhere in the same bucket, which matters where prefixes are `judged`; dots could lead out of it. What is
/// left to a listing's other parameters cannot lead out of its prefix: markers and tokens say only where in the
/// order of the keys a page begins, and a backend that lists keys without the prefix breaks the protocol.
fn refuse_ambiguous_prefix(prefix: &str, judged: bool, backend: &Backend) -> Result<(), S3Error> {
    let body = prefix.strip_suffix('/').unwrap_or(prefix);
    let is_dotted = body.contains('\\') || body.split('/').any(|segment| matches!(segment, "." | ".."));
    let has_empty = !prefix.is_empty() && body.split('/').any(str::is_empty);
    let ambiguous = is_dotted || judged && has_empty;
    if backend.keeps_exact_keys() || !ambiguous || crate::fault::check_is_off("dot_segments") {
        return Ok(());
    }
    Err(S3Error::new(
        ErrorCode::InvalidURI,
        "Prefixes with a '.' or '..' segment or a backslash are refused here, and in a bucket that has a policy also \
         those with an empty segment or a leading '/', since the storage behind may take them for another prefix.",
    ))
}

fn no_backend(bucket: &str) -> S3Error {
    S3Error::new(ErrorCode::AccessDenied, format!("No storage is configured for the bucket '{bucket}'."))
}

/// What may be done is not known now. Nobody passes meanwhile.
fn not_current(error: &AuthorityError) -> Refusal {
    Refusal::because(
        S3Error::new(ErrorCode::ServiceUnavailable, "Access policies cannot be read now. Please retry."),
        error.to_string(),
    )
}
