//! Step three: what it is, and whether its sender may. Every action of the operation is judged, on the
//! very names that are sent on.

use std::sync::Arc;

use tokio::time::Instant;

use super::Proxy;
use super::authenticate::Authenticated;
use super::error::Refusal;
use super::record::Record;
use crate::authority::{AuthorityError, Claim, Denial, InForce};
use crate::backend::Backend;
use crate::identity::Permission;
use crate::keys::LiveKey;
use crate::listener::RequestBody;
use crate::policy::{Context, Resource};
use crate::s3::operation::{Classified, Classify, DemandTarget, Operation, Support, Target, classify};
use crate::s3::{Address, BucketName, ErrorCode, ObjectKey, RequestHead, S3Error};
use crate::sigv4::{Form, Payload};

/// A request that its sender may make, by who answers it. Only [`Proxy::authorize`] makes one.
pub(super) enum Permitted {
    /// The backend does.
    Forwarded(Authorized),
    /// It is answered here.
    Served(AuthorizedHere),
}

/// A request that its sender may make, with the backend it goes to. Only [`Proxy::authorize`] makes one,
/// and only one of these can be forwarded.
pub(super) struct Authorized {
    head: RequestHead,
    body: RequestBody,
    classified: Classified,
    payload: Payload,
    backend: Arc<Backend>,
    until: Option<Instant>,
}

/// A request that its sender may make and that is answered here. It cannot be forwarded.
pub(super) struct AuthorizedHere {
    pub(super) head: RequestHead,
    pub(super) body: RequestBody,
    pub(super) classified: Classified,
    pub(super) payload: Payload,
    /// When the transfer has to end, its key having expired.
    pub(super) until: Option<Instant>,
    /// The backend of the bucket, if the request names one.
    pub(super) backend: Option<Arc<Backend>>,
    pub(super) form: Form,
    pub(super) key: Arc<LiveKey>,
    pub(super) permission: Permission,
    /// What it was judged by.
    pub(super) in_force: Arc<InForce>,
}

/// The parts of an [`Authorized`] request.
pub(super) struct AuthorizedParts {
    pub(super) head: RequestHead,
    pub(super) body: RequestBody,
    pub(super) classified: Classified,
    pub(super) payload: Payload,
    pub(super) backend: Arc<Backend>,
    /// When the transfer has to end, its key having expired.
    pub(super) until: Option<Instant>,
}

impl Authorized {
    pub(super) fn head(&self) -> &RequestHead {
        &self.head
    }

    pub(super) fn operation(&self) -> Operation {
        self.classified.operation
    }

    pub(super) fn backend(&self) -> &Arc<Backend> {
        &self.backend
    }

    pub(super) fn into_parts(self) -> AuthorizedParts {
        let Self { head, body, classified, payload, backend, until } = self;
        AuthorizedParts { head, body, classified, payload, backend, until }
    }
}

impl Proxy {
    /// Decides whether the sender of a request may make it.
    pub(super) fn authorize(&self, authenticated: Authenticated, record: &mut Record) -> Result<Permitted, Refusal> {
        let head = authenticated.head();
        let target = match head.address {
            Address::Bucket(_) => Target::Bucket,
            Address::Object(..) => Target::Object,
            Address::Service => Target::Service,
        };
        let query = head.query.parameters();
        let classified = classify(Classify { method: &head.method, target, query, headers: &head.headers })?;
        record.classified(classified.operation.name());
        // Asked once: all actions of one request are judged by the same permission.
        let permission = self.keys.permission_of(authenticated.key());
        let in_force = self.authority.in_force().map_err(|error| not_current(&error))?;
        let claim = Claim::of_principal(&authenticated.key().principal, permission);
        let context = Context::new();
        for (action, on) in &classified.demands {
            let resource = resource(on, &head.address);
            in_force
                .judge(&claim, (*action).into(), resource, &context)
                .map_err(|denial| denied(&denial, resource, &authenticated))?;
        }
        let (payload, until) = (authenticated.payload(), authenticated.until());
        if classified.row.support == Support::Served {
            let backend = head.address.bucket().map(|bucket| self.holding(bucket)).transpose()?.cloned();
            let (form, key) = (authenticated.form(), authenticated.shared_key());
            let (head, body) = authenticated.into_parts();
            return Ok(Permitted::Served(AuthorizedHere {
                head,
                body,
                classified,
                payload,
                until,
                backend,
                form,
                key,
                permission,
                in_force,
            }));
        }
        let backend = self.route(head, &classified)?;
        record.sent_to(backend.name());
        let (head, body) = authenticated.into_parts();
        Ok(Permitted::Forwarded(Authorized { head, body, classified, payload, backend, until }))
    }

    /// The backend of the request's bucket, if it keeps the names that were judged.
    fn route(&self, head: &RequestHead, classified: &Classified) -> Result<Arc<Backend>, S3Error> {
        let Some(bucket) = head.address.bucket() else {
            let name = classified.operation.name();
            return Err(S3Error::new(ErrorCode::NotImplemented, format!("{name} of the service is not implemented.")));
        };
        let backend = self.holding(bucket)?;
        if let Some(key) = head.address.key() {
            refuse_ambiguous(key, backend)?;
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
    fn holding(&self, bucket: &BucketName) -> Result<&Arc<Backend>, S3Error> {
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

/// A sender who signed with a header is told why; whoever merely holds a URL is not.
fn denied(denial: &Denial, resource: Resource<'_>, authenticated: &Authenticated) -> Refusal {
    let key: &LiveKey = authenticated.key();
    let who =
        format!("User: {} is not authorized to perform: {} on resource: \"{resource}\"", key.principal, denial.action);
    let shown = match authenticated.form() {
        Form::Header => format!("{who} {}", denial.told()),
        Form::Presigned { .. } => "Access Denied".to_owned(),
    };
    Refusal::because(S3Error::new(ErrorCode::AccessDenied, shown), format!("{who} {denial}"))
}

/// What a demand is judged on.
fn resource<'a>(on: &'a DemandTarget, address: &'a Address) -> Resource<'a> {
    let bucket = || address.bucket().map_or("", |bucket| bucket.as_str());
    match on {
        DemandTarget::Bucket => Resource::Bucket(bucket()),
        DemandTarget::CopySource(source) => {
            Resource::Object { bucket: source.bucket.as_str(), key: source.key.as_str() }
        }
        DemandTarget::EachObjectInBody => Resource::Object { bucket: bucket(), key: "*" },
        DemandTarget::Object => Resource::Object { bucket: bucket(), key: address.key().map_or("", ObjectKey::as_str) },
        DemandTarget::Service => Resource::Any,
    }
}
