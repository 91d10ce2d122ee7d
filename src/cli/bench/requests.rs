//! The S3 requests of the load, one after the other over one connection: each is signed anew, and its answer
//! counts only if it is the right one.

use std::fmt::Write as _;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use http::{HeaderMap, HeaderValue, Method, Request};
use sha2::{Digest as _, Sha256};

use super::connection::{Answer, Connection, Dialer, Reader};
use super::content::{Content, Section};
use super::credential::{Credential, Unsigned};
use super::target::Target;
use super::trouble::{Refusal, Trouble, element};
use super::upload_body::{Payload, UploadBody};
use crate::clock::{Clock as _, SystemClock};
use crate::sigv4::UpstreamPayload;

/// What every connection of a run sends.
pub(super) struct Requests {
    pub(super) target: Arc<Target>,
    pub(super) dialer: Arc<Dialer>,
    pub(super) credential: Credential,
    pub(super) payload: Payload,
    pub(super) content: Content,
    /// A whole object.
    pub(super) object: Section,
    /// The same in parts; empty where the workload has none.
    pub(super) parts: Vec<Section>,
    /// Whether an answer has said that the bucket keeps old versions of its objects.
    pub(super) keeps_versions: AtomicBool,
}

/// One connection, and what goes over it.
pub(super) struct Requester {
    requests: Arc<Requests>,
    connection: Connection,
}

/// A multipart upload that was begun.
pub(super) struct Upload {
    pub(super) key: String,
    id: String,
}

impl Requester {
    pub(super) fn new(requests: Arc<Requests>) -> Self {
        let connection = Connection::new(Arc::clone(&requests.dialer));
        Self { requests, connection }
    }

    /// What it sends.
    pub(super) fn requests(&self) -> &Arc<Requests> {
        &self.requests
    }

    /// Reads an object and compares every byte.
    pub(super) async fn get(&mut self, key: &str) -> Result<(), Trouble> {
        let requests = Arc::clone(&self.requests);
        let size = requests.object.length;
        let mut at = 0;
        let mut compare = |piece: &[u8]| {
            let is_right = piece.len() as u64 <= size - at && requests.content.is_at(at, piece);
            at += piece.len() as u64;
            is_right
        };
        self.plain(Method::GET, key, &[], Some(&mut compare)).await?;
        if at == size { Ok(()) } else { Err(Trouble::WrongAnswer("the object is shorter than it was written")) }
    }

    /// Writes an object, and compares its tag.
    pub(super) async fn put(&mut self, key: &str) -> Result<(), Trouble> {
        let requests = Arc::clone(&self.requests);
        let answer = self.upload(key, &[], &requests.object).await?;
        tag_of(&answer, &requests.object).map(drop)
    }

    /// Begins a multipart upload.
    pub(super) async fn create_upload(&mut self, key: &str) -> Result<Upload, Trouble> {
        let answer = self.plain(Method::POST, key, &[("uploads", "")], None).await?;
        let id = element(&String::from_utf8_lossy(&answer.body), "UploadId");
        let id = id.ok_or(Trouble::WrongAnswer("it names no upload"))?;
        Ok(Upload { key: key.to_owned(), id })
    }

    /// Sends the part `number`, counted from 1, and returns its tag.
    pub(super) async fn upload_part(
        &mut self,
        upload: &Upload,
        number: usize,
        part: &Section,
    ) -> Result<String, Trouble> {
        let query = [("partNumber", &*number.to_string()), ("uploadId", &upload.id)];
        let answer = self.upload(&upload.key, &query, part).await?;
        tag_of(&answer, part)
    }

    /// Makes an object of the parts, whose tags these are.
    pub(super) async fn complete_upload(&mut self, upload: &Upload, tags: &[String]) -> Result<(), Trouble> {
        let mut parts = String::new();
        for (number, tag) in (1..).zip(tags) {
            let tag = tag.replace('&', "&amp;").replace('<', "&lt;").replace('"', "&quot;");
            let _ = write!(parts, "<Part><PartNumber>{number}</PartNumber><ETag>{tag}</ETag></Part>");
        }
        let document = format!("<CompleteMultipartUpload>{parts}</CompleteMultipartUpload>");
        let unsigned = Unsigned {
            method: Method::POST,
            key: &upload.key,
            query: &[("uploadId", &upload.id)],
            headers: HeaderMap::new(),
            payload: UpstreamPayload::Sha256(Sha256::digest(&document).into()),
        };
        let answer = self.signed(unsigned, UploadBody::whole(document), None).await?;
        let text = String::from_utf8_lossy(&answer.body);
        // This one may begin with 200 and then fail: https://docs.aws.amazon.com/AmazonS3/latest/API/API_CompleteMultipartUpload.html
        if text.contains("<Error>") {
            let refusal = Refusal::read(answer.status, &answer.body, None, SystemClock.now());
            return Err(Trouble::Refused(Box::new(refusal)));
        }
        element(&text, "ETag").map(drop).ok_or(Trouble::WrongAnswer("it names no object"))
    }

    /// Ends a multipart upload without an object. One that is not there any more is fine.
    pub(super) async fn abort_upload(&mut self, upload: &Upload) -> Result<(), Trouble> {
        gone(self.plain(Method::DELETE, &upload.key, &[("uploadId", &upload.id)], None).await)
    }

    /// Deletes an object. One that was never there is fine.
    pub(super) async fn delete(&mut self, key: &str) -> Result<(), Trouble> {
        gone(self.plain(Method::DELETE, key, &[], None).await)
    }

    async fn upload(&mut self, key: &str, query: &[(&str, &str)], section: &Section) -> Result<Answer, Trouble> {
        let requests = Arc::clone(&self.requests);
        let mut headers = HeaderMap::new();
        let length = requests.payload.announce(&mut headers, section);
        headers.insert("content-type", HeaderValue::from_static("application/octet-stream"));
        let payload = requests.payload.of(section);
        let unsigned = Unsigned { method: Method::PUT, key, query, headers, payload };
        let (parts, signer) = requests.credential.sign(&requests.target, unsigned, SystemClock.now());
        let body = requests.payload.body(&requests.content, section, length, signer);
        let answer = good(self.connection.exchange(Request::from_parts(parts, body), None).await?)?;
        // Where versions were kept once and are not any more, it is "null".
        if answer.headers.get("x-amz-version-id").is_some_and(|version| version != "null") {
            requests.keeps_versions.store(true, Ordering::Relaxed);
        }
        Ok(answer)
    }

    async fn plain(
        &mut self,
        method: Method,
        key: &str,
        query: &[(&str, &str)],
        reader: Option<Reader<'_>>,
    ) -> Result<Answer, Trouble> {
        let unsigned = Unsigned { method, key, query, headers: HeaderMap::new(), payload: UpstreamPayload::Empty };
        self.signed(unsigned, UploadBody::whole(""), reader).await
    }

    async fn signed(
        &mut self,
        unsigned: Unsigned<'_>,
        body: UploadBody,
        reader: Option<Reader<'_>>,
    ) -> Result<Answer, Trouble> {
        let (parts, _) = self.requests.credential.sign(&self.requests.target, unsigned, SystemClock.now());
        good(self.connection.exchange(Request::from_parts(parts, body), reader).await?)
    }
}

/// An answer that says it went well.
fn good(answer: Answer) -> Result<Answer, Trouble> {
    if answer.status.is_success() {
        return Ok(answer);
    }
    let date = answer.headers.get(http::header::DATE).and_then(|date| date.to_str().ok());
    let refusal = Refusal::read(answer.status, &answer.body, date, SystemClock.now());
    Err(Trouble::Refused(Box::new(refusal)))
}

/// The tag of what was uploaded. One that looks like an MD5 has to be that of the content: what is encrypted
/// with a key of its own has another.
fn tag_of(answer: &Answer, section: &Section) -> Result<String, Trouble> {
    let tag = answer.headers.get(http::header::ETAG).and_then(|tag| tag.to_str().ok());
    let tag = tag.ok_or(Trouble::WrongAnswer("it gives no ETag"))?;
    let is_encrypted = answer.headers.keys().any(|name| name.as_str().starts_with(ENCRYPTION));
    let bare = tag.trim_matches('"');
    if bare.len() == 32
        && !is_encrypted
        && const_hex::decode_to_array::<_, 16>(bare).is_ok_and(|md5| md5 != section.md5)
    {
        return Err(Trouble::WrongAnswer("its ETag is not the MD5 of what was sent"));
    }
    Ok(tag.to_owned())
}

fn gone(answer: Result<Answer, Trouble>) -> Result<(), Trouble> {
    match answer {
        Err(Trouble::Refused(refusal)) if refusal.status == http::StatusCode::NOT_FOUND => Ok(()),
        answer => answer.map(drop),
    }
}

const ENCRYPTION: &str = "x-amz-server-side-encryption";
