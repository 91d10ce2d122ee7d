//! Documents that are read here and written anew for the backend: it gets what was judged, and nothing
//! else that a second reader might find in the client's bytes.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use http::{HeaderMap, HeaderValue};
use md5::{Digest, Md5};

use super::Proxy;
use super::authorize::refuse_ambiguous;
use super::error::Refusal;
use crate::backend::Backend;
use crate::s3::operation::{Classified, Operation};
use crate::s3::{DeleteObjects, ErrorCode, RequestHead, Restore, S3Error, location};

/// The document for `backend` that says what `received` says. Digests of the client's bytes in `headers`
/// give way to one of the new ones.
pub(super) fn document(
    proxy: &Proxy,
    head: &RequestHead,
    received: &[u8],
    classified: &Classified,
    backend: &Backend,
    headers: &mut HeaderMap,
) -> Result<String, Refusal> {
    let document = match classified.operation {
        Operation::CreateBucket => create_bucket(proxy, received, backend)?,
        Operation::DeleteObjects => delete_objects(received, backend)?,
        Operation::PutBucketAcl | Operation::PutObjectAcl => proxy.acl_document(head, received)?,
        Operation::RestoreObject => Restore::parse(received)?.to_xml(),
        other => {
            let message = format!("{} is not implemented: its document cannot be read here.", other.name());
            return Err(S3Error::new(ErrorCode::NotImplemented, message).into());
        }
    };
    let digests: Vec<_> = headers.keys().filter(|name| name.as_str().starts_with("x-amz-checksum-")).cloned().collect();
    for name in digests {
        headers.remove(name);
    }
    headers.remove("content-md5");
    if !document.is_empty() {
        let md5 = STANDARD.encode(Md5::digest(&document));
        headers.insert("content-md5", HeaderValue::try_from(md5).expect("base64 is visible ASCII"));
    }
    Ok(document)
}

/// Every key of a batch is judged as the key of a request is.
fn delete_objects(received: &[u8], backend: &Backend) -> Result<String, S3Error> {
    let batch = DeleteObjects::parse(received)?;
    for object in &batch.objects {
        refuse_ambiguous(&object.key, backend)?;
    }
    Ok(batch.to_xml())
}

/// Clients know one region, ours. The backend has its own.
fn create_bucket(proxy: &Proxy, received: &[u8], backend: &Backend) -> Result<String, S3Error> {
    match location::parse_create_bucket(received)? {
        Some(asked) if asked != proxy.region => Err(S3Error::new(
            ErrorCode::IllegalLocationConstraintException,
            format!("The location constraint '{asked}' is wrong; expecting '{}', or none.", proxy.region),
        )),
        // Asked for or not, the bucket belongs where its backend is.
        _ => Ok(location::create_bucket_body(backend.region())),
    }
}
