//! The operations that are answered here: bucket policies and public access blocks, which no backend is
//! asked about, and the list of buckets. Also what forwarded requests have to do with what is kept here.

mod bucket_life;
mod bucket_policy;
mod list_buckets;
mod public_access_block;
mod public_acl;
mod turns;

use std::sync::Arc;

use bytes::Bytes;
use http::header::CONTENT_TYPE;
use http::{HeaderName, HeaderValue, Response, StatusCode};

use super::Proxy;
use super::authorize::AuthorizedHere;
use super::error::{Refusal, request_id};
use super::outgoing::read_document;
use super::record::Record;
use super::response_body::ResponseBody;
use super::sender::Sender;
use crate::authority::InForce;
use crate::backend::{Backend, forwardable_request_headers};
use crate::identity::Permission;
use crate::s3::operation::Operation;
use crate::s3::{BucketName, ErrorCode, Query, S3Error};

pub(super) use turns::{Turn, Turns};

/// A request that is answered here, its body read and proved.
struct Own {
    operation: Operation,
    query: Query,
    document: Bytes,
    /// The bucket it is about, and the backend that may have it.
    bucket: Option<(BucketName, Arc<Backend>)>,
    sender: Sender,
    /// The most that the sender may do.
    permission: Permission,
    /// What it was judged by.
    in_force: Arc<InForce>,
}

/// An answer made here.
struct Answer {
    status: StatusCode,
    content_type: &'static str,
    body: Bytes,
}

impl Proxy {
    /// Answers a request without forwarding it.
    pub(super) async fn serve_here(
        &self,
        authorized: AuthorizedHere,
        record: &mut Record,
    ) -> Result<Response<ResponseBody>, Refusal> {
        let AuthorizedHere { head, body, classified, payload, life, backend, mut judge } = authorized;
        refuse_unknown_headers(&head.headers)?;
        let reading = read_document(self, judge.sender(), &head, body, &classified, payload);
        let document = life.bound(std::pin::pin!(reading)).await?;
        record.uploaded(document.len() as u64);
        // The document may have been long on its way: what is in force now counts.
        judge.renew(self.authority.in_force()?);
        judge.by_head(&head, &classified, record)?;
        let own = Own {
            operation: classified.operation,
            document,
            bucket: head.address.bucket().cloned().zip(backend),
            query: head.query,
            sender: judge.sender().clone(),
            permission: judge.permission(),
            in_force: Arc::clone(judge.in_force()),
        };
        Ok(self.answer(own).await?.into_response(record))
    }

    async fn answer(&self, own: Own) -> Result<Answer, Refusal> {
        if own.operation == Operation::ListBuckets {
            return self.list_buckets(&own).await;
        }
        let Some((bucket, backend)) = &own.bucket else { return Err(not_answered(own.operation).into()) };
        // Nothing is said or kept of a bucket while it is made or deleted.
        let _turn = self.turns.take(bucket).await;
        match own.operation {
            Operation::DeleteBucketPolicy => self.delete_bucket_policy(bucket, backend).await,
            Operation::DeletePublicAccessBlock => self.delete_public_access_block(bucket, backend).await,
            Operation::GetBucketPolicy => self.bucket_policy(&own.in_force, bucket, backend).await,
            Operation::GetBucketPolicyStatus => self.bucket_policy_status(&own.in_force, bucket, backend).await,
            Operation::GetPublicAccessBlock => self.public_access_block(&own.in_force, bucket, backend).await,
            Operation::PutBucketPolicy => self.put_bucket_policy(&own, bucket, backend).await,
            Operation::PutPublicAccessBlock => self.put_public_access_block(&own, bucket, backend).await,
            other => Err(not_answered(other).into()),
        }
    }
}

/// Refuses to say or keep anything of a bucket that does not exist.
async fn has_to_exist(bucket: &BucketName, backend: &Backend) -> Result<(), Refusal> {
    if backend.bucket_exists(bucket).await? || crate::fault::check_is_off("bucket_exists") {
        return Ok(());
    }
    Err(S3Error::new(ErrorCode::NoSuchBucket, "The specified bucket does not exist.")
        .with("BucketName", bucket.as_str())
        .into())
}

/// The same headers are refused as on their way to a backend, but for one that only means something here.
fn refuse_unknown_headers(headers: &http::HeaderMap) -> Result<(), S3Error> {
    let mut headers = headers.clone();
    headers.remove(CONFIRM_REMOVE_SELF);
    forwardable_request_headers(&headers).map(drop)
}

impl Answer {
    fn empty(status: StatusCode) -> Self {
        Self { status, content_type: "", body: Bytes::new() }
    }

    fn xml(document: String) -> Self {
        Self { status: StatusCode::OK, content_type: "application/xml", body: document.into() }
    }

    fn json(document: String) -> Self {
        Self { status: StatusCode::OK, content_type: "application/json", body: document.into() }
    }

    fn into_response(self, record: &Record) -> Response<ResponseBody> {
        let mut response = Response::new(ResponseBody::own(self.body));
        *response.status_mut() = self.status;
        response.headers_mut().insert("x-amz-request-id", request_id(record));
        if !self.content_type.is_empty() {
            response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static(self.content_type));
        }
        response
    }
}

fn not_answered(operation: Operation) -> S3Error {
    S3Error::new(ErrorCode::NotImplemented, format!("{} is not implemented.", operation.name()))
}

/// Says that the sender knows to lose the right to replace the policy. Nobody loses it here: bucket
/// policies are not asked whether they may be replaced.
const CONFIRM_REMOVE_SELF: HeaderName = HeaderName::from_static("x-amz-confirm-remove-self-bucket-access");
