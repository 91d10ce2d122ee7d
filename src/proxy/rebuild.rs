//! Documents that are read here and written anew for the backend: it gets what was judged, and nothing
//! else that a second reader might find in the client's bytes.

use std::sync::Arc;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use http::{HeaderMap, HeaderName, HeaderValue};
use md5::{Digest, Md5};

use super::Proxy;
use super::authorize::refuse_ambiguous;
use super::error::Refusal;
use super::judge::Judge;
use super::outgoing::Described;
use super::record::Record;
use crate::backend::Backend;
use crate::policy::Resource;
use crate::s3::cors::CorsRules;
use crate::s3::operation::{Action, Operation};
use crate::s3::{
    CompleteUpload, DeleteObjects, ErrorCode, LegalHold, ObjectToDelete, Restore, Retention, S3Error, Tagging,
    location, named_buckets,
};

/// A document for the backend, whose sender may do what it asks for. Only [`document`] makes one, which
/// judges it.
#[derive(Default)]
pub(super) struct Rebuilt {
    pub(super) text: String,
    /// The objects of a batch that the sender may not delete. They are not in the document.
    pub(super) denied: Vec<ObjectToDelete>,
    /// Whether nothing is left to ask the backend for.
    pub(super) is_settled: bool,
}

/// The document that says what of `received` its sender may ask for. Digests of the client's bytes in
/// `headers` give way to one of the new ones, and what the document says stands in no header.
pub(super) fn document(
    proxy: &Proxy,
    described: Described<'_>,
    received: &[u8],
    headers: &mut HeaderMap,
    judge: &mut Judge,
    record: &mut Record,
) -> Result<Rebuilt, Refusal> {
    let Described { head, classified, backend, .. } = described;
    // A document may be long on its way: it is judged by what is in force now that it is there. What was kept
    // about an earlier bucket of the name of a new one is gone by now.
    judge.renew(proxy.authority.in_force()?);
    // A document that cannot be read is judged as well: who may not do it at all is told so.
    let judged = |judge: &Judge, record: &mut Record| judge.by_body(head, classified, record);
    let mut rebuilt = Rebuilt::default();
    rebuilt.text = match classified.operation {
        Operation::CompleteMultipartUpload => {
            judged(judge, record)?;
            CompleteUpload::parse(received)?.to_xml()
        }
        Operation::CreateBucket => {
            let asked = location::parse_create_bucket(received);
            judge.facts_mut().learn_location(asked.as_ref().ok().cloned().flatten());
            judged(judge, record)?;
            create_bucket(proxy, asked?, backend)?
        }
        Operation::DeleteObjects => {
            judged(judge, record)?;
            let mut batch = read_batch(received, backend)?;
            (batch.objects, rebuilt.denied) = judge.part_batch(head, classified, batch.objects, record);
            rebuilt.is_settled = batch.objects.is_empty();
            batch.to_xml()
        }
        Operation::PutBucketAcl | Operation::PutObjectAcl => {
            judged(judge, record)?;
            proxy.acl_document(head, received, record)?
        }
        Operation::PutBucketCors => {
            judged(judge, record)?;
            CorsRules::parse(received)?.to_xml()
        }
        Operation::PutObjectLegalHold => {
            let hold = LegalHold::parse(received);
            if let Ok(hold) = &hold {
                judge.facts_mut().learn_legal_hold(hold.status());
            }
            judged(judge, record)?;
            hold?.to_xml()
        }
        Operation::PutObjectRetention => {
            let retention = Retention::parse(received);
            if let Ok(retention) = &retention {
                judge.facts_mut().learn_retention(retention);
            }
            judged(judge, record)?;
            retention?.to_xml()
        }
        Operation::PutObjectTagging => {
            let tags = Tagging::parse_document(received);
            if let Ok(tags) = &tags {
                judge.facts_mut().learn_tags(tags.clone());
            }
            judged(judge, record)?;
            tags?.to_xml()
        }
        Operation::RestoreObject => {
            judged(judge, record)?;
            Restore::parse(received)?.to_xml()
        }
        other => {
            let message = format!("{} is not implemented: its document cannot be read here.", other.name());
            return Err(S3Error::new(ErrorCode::NotImplemented, message).into());
        }
    };
    let replaced = |name: &&HeaderName| is_replaced(classified.operation, name.as_str());
    let replaced: Vec<_> = headers.keys().filter(replaced).cloned().collect();
    for name in replaced {
        headers.remove(name);
    }
    if !rebuilt.text.is_empty() {
        let md5 = STANDARD.encode(Md5::digest(&rebuilt.text));
        headers.insert("content-md5", HeaderValue::try_from(md5).expect("base64 is visible ASCII"));
    }
    Ok(rebuilt)
}

/// Whether a header says something of the document that the new one says, or that was not judged because the
/// document says it.
fn is_replaced(operation: Operation, name: &str) -> bool {
    let of_an_object = ["if-match", "if-none-match", "if-modified-since", "if-unmodified-since"];
    // Of an upload that is completed they describe the object.
    let of_document = operation != Operation::CompleteMultipartUpload;
    name == "content-md5"
        || name == "x-amz-tagging"
        || name.starts_with("x-amz-checksum-") && of_document
        || name.starts_with("x-amz-object-lock-")
        || operation == Operation::DeleteObjects
            && (of_an_object.contains(&name) || name.starts_with("x-amz-if-match-"))
}

/// Judges a configuration that makes the backend write to other buckets, with rights of its own: whoever
/// names a bucket has to be allowed to write all of it.
pub(super) fn judge_places(
    proxy: &Proxy,
    described: Described<'_>,
    document: &[u8],
    judge: &mut Judge,
    record: &mut Record,
) -> Result<(), Refusal> {
    let Described { head, classified, backend, .. } = described;
    judge.renew(proxy.authority.in_force()?);
    judge.by_head(head, classified, record)?;
    if document.is_empty() {
        return Ok(());
    }
    for bucket in named_buckets(document)? {
        let anything = Resource::Object { bucket: bucket.as_str(), key: "*" };
        judge.also(head, Action::PutObject, anything, record)?;
        let elsewhere = || {
            let message = format!("The bucket '{}' that the document names is on another backend.", bucket.as_str());
            S3Error::new(ErrorCode::NotImplemented, message)
        };
        if !std::ptr::eq(Arc::as_ptr(proxy.holding(&bucket)?), backend) {
            return Err(elsewhere().into());
        }
    }
    Ok(())
}

/// Every key of a batch has to be as clear as the key of a request.
fn read_batch(received: &[u8], backend: &Backend) -> Result<DeleteObjects, S3Error> {
    let batch = DeleteObjects::parse(received)?;
    for object in &batch.objects {
        refuse_ambiguous(&object.key, backend)?;
    }
    Ok(batch)
}

/// Clients know one region, ours. The backend has its own.
fn create_bucket(proxy: &Proxy, asked: Option<String>, backend: &Backend) -> Result<String, S3Error> {
    match asked {
        Some(asked) if asked != proxy.region => Err(S3Error::new(
            ErrorCode::IllegalLocationConstraintException,
            format!("The location constraint '{asked}' is wrong; expecting '{}', or none.", proxy.region),
        )),
        // Asked for or not, the bucket belongs where its backend is.
        _ => Ok(location::create_bucket_body(backend.region())),
    }
}
