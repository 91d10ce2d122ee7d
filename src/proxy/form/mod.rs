//! Uploads by HTML form. What stands before the file is read first, within bounds; once the signature over
//! the policy has been verified and the fields keep to it, the request becomes the upload that it stands for,
//! and goes the way of every other: the same rights, the same proof of the body.
//!
//! <https://docs.aws.amazon.com/AmazonS3/latest/API/sigv4-UsingHTTPPOST.html>

mod answer;
mod file;

pub(super) use answer::FormAnswer;
pub(super) use file::{FormFile, HeldFile};

use std::ops::RangeInclusive;

use bytes::Bytes;
use http::header::{CONTENT_LENGTH, CONTENT_TYPE, HOST, ORIGIN, REFERER, USER_AGENT};
use http::{HeaderValue, Method};
use http_body_util::BodyExt;

use super::Proxy;
use super::body::{IncomingBody, reading_failed};
use super::error::Refusal;
use crate::listener::RequestBody;
use crate::s3::percent::{self, Slash};
use crate::s3::post_form::{AfterFile, Boundary, FormHead, FormReader, PostAnswer};
use crate::s3::{Address, BucketName, ErrorCode, ObjectKey, PostPolicy, RequestHead, S3Error};
use crate::sigv4::{AcceptedRegion, UnverifiedSignature};

/// A file up to this size is held until the end of its form has been seen, if there is memory for it.
const LARGEST_HELD: u64 = 5 * 1024 * 1024;
/// What may follow a file that is held: the closing boundary, and fields that count for nothing.
const AFTER_HELD: u64 = 64 * 1024;

/// A form that was read up to its file. Nobody knows who signed it, if anybody did.
pub(super) struct UnverifiedForm {
    bucket: BucketName,
    form: FormHead,
    /// What was read of the file already.
    piece: Bytes,
    body: RequestBody,
    content_length: u64,
}

/// What a form turned out to ask for.
pub(super) struct ReadForm {
    pub(super) body: IncomingBody,
    pub(super) answer: FormAnswer,
}

/// Whether `head` is that of a form upload: a `POST` to a bucket that announces a form and, but for what may
/// mean to sign it, nothing else.
pub(super) fn is_upload(head: &RequestHead) -> bool {
    let announced = head.headers.get(CONTENT_TYPE).is_some_and(|value| Boundary::is_announced_by(value.as_bytes()));
    let names = || head.query.parameters().iter().map(|(name, _)| name.to_ascii_lowercase());
    let signs = |name: &str| name.starts_with("x-amz-") || SIGNATURE_2.contains(&name);
    head.method == Method::POST
        && matches!(head.address, Address::Bucket(_))
        && announced
        && names().all(|name| signs(&name))
}

/// The parameters of a URL that was presigned with Signature Version 2.
const SIGNATURE_2: [&str; 3] = ["awsaccesskeyid", "expires", "signature"];

impl Proxy {
    /// Reads what stands before the file in the form that `head` announces.
    pub(super) async fn read_form(&self, head: &RequestHead, mut body: RequestBody) -> Result<UnverifiedForm, Refusal> {
        let Address::Bucket(bucket) = &head.address else { return Err(not_a_form().into()) };
        let elsewhere = !head.query.parameters().is_empty() || head.headers.contains_key("authorization");
        if elsewhere && !crate::fault::check_is_off("one_mechanism") {
            return Err(S3Error::new(
                ErrorCode::InvalidArgument,
                "Only one auth mechanism allowed: the fields of the form, or the Authorization header, or the query.",
            )
            .into());
        }
        let boundary = Boundary::of_content_type(head.single_header("content-type")?.unwrap_or_default())?;
        let content_length = content_length(head)?;
        let reading = async {
            let mut reader = FormReader::new(&boundary);
            loop {
                let Some(frame) = body.frame().await else { return Err(reader.finish()) };
                let Ok(mut piece) = frame.map_err(|error| reading_failed(&error))?.into_data() else { continue };
                if let Some(form) = reader.push(&mut piece)? {
                    return Ok((form, piece));
                }
            }
        };
        let read = tokio::time::timeout(self.form_timeout, reading).await;
        let (mut form, piece) = read.unwrap_or_else(|_| Err(too_slow())).map_err(Refusal::of_body)?;
        form.fields.expand_filename(form.filename.as_deref())?;
        Ok(UnverifiedForm { bucket: bucket.clone(), form, piece, body, content_length })
    }
}

impl UnverifiedForm {
    /// What the form claims of its signature, and the policy that this is said to be over.
    pub(super) fn signature(
        &self,
        head: &RequestHead,
        region: &AcceptedRegion,
    ) -> Result<(UnverifiedSignature, PostPolicy), S3Error> {
        let read = UnverifiedSignature::read_form(head, &self.form.fields, region)?;
        self.key()?;
        Ok(read)
    }

    /// The session token that came along.
    pub(super) fn session_token(&self) -> Option<&[u8]> {
        self.form.fields.get("x-amz-security-token").map(str::as_bytes)
    }

    /// Holds the form to its `policy`, whose signature was verified, and makes `head` the head of the upload
    /// that the form stands for.
    pub(super) fn become_upload(self, policy: &PostPolicy, head: &mut RequestHead) -> Result<ReadForm, S3Error> {
        policy.check(&self.form.fields, &self.bucket)?;
        let key = self.key()?;
        let mut headers = self.form.fields.to_headers()?;
        // Whatever else was sent as a header, nobody signed. These do nothing but are seen by policies.
        for name in [HOST, ORIGIN, REFERER, USER_AGENT] {
            if let Some(value) = head.headers.remove(&name) {
                headers.insert(name, value);
            }
        }
        head.method = Method::PUT;
        head.headers = headers;
        head.query.take(|_| true);
        let in_path = head.raw_path.trim_matches('/');
        let (before, encoded) = (if in_path.is_empty() { "" } else { "/" }, percent::encode(key.as_str(), Slash::Keep));
        head.raw_path = format!("{before}{in_path}/{encoded}");
        head.address = Address::Object(self.bucket.clone(), key.clone());
        let wanted = PostAnswer::wanted_by(&self.form.fields);
        let answer = FormAnswer { wanted, bucket: self.bucket.clone(), key };
        let body = IncomingBody::File(Box::new(self.into_file(policy.file_lengths(), head)?));
        Ok(ReadForm { body, answer })
    }

    fn key(&self) -> Result<ObjectKey, S3Error> {
        let key = self.form.fields.get("key").filter(|key| !key.is_empty()).ok_or_else(|| {
            S3Error::new(
                ErrorCode::UserKeyMustBeSpecified,
                "The bucket POST request must contain the specified field name 'key'. If it is specified, check the \
                 order of the fields: those after the file do not count.",
            )
        })?;
        ObjectKey::parse(key)
    }

    /// A small file is held, so that its length need not be known before. The length of a large one follows
    /// from what stands around it, and is told to the backend before it has been seen.
    fn into_file(self, lengths: RangeInclusive<u64>, head: &mut RequestHead) -> Result<FormFile, S3Error> {
        let Self { form, piece, body, content_length, .. } = self;
        let left = form.after(content_length).ok_or_else(not_a_form)?;
        let length = form.file_length(content_length);
        if left <= LARGEST_HELD + AFTER_HELD {
            let (_, reader) = form.into_file(AfterFile::Ignored);
            return Ok(FormFile::small(reader, piece, body, lengths, left, length));
        }
        let length = length.ok_or_else(not_a_form)?;
        refuse_length(length, &lengths)?;
        head.headers.insert(CONTENT_LENGTH, HeaderValue::from(length));
        let (_, reader) = form.into_file(AfterFile::Refused);
        Ok(FormFile::large(reader, piece, body, length))
    }
}

/// Holds a file to the `content-length-range` of its policy.
fn refuse_length(length: u64, lengths: &RangeInclusive<u64>) -> Result<(), S3Error> {
    if crate::fault::check_is_off("form_length_range") || lengths.contains(&length) {
        return Ok(());
    }
    let (code, message, limit, bytes) = if length > *lengths.end() {
        let message = "Your proposed upload exceeds the maximum allowed size.";
        (ErrorCode::EntityTooLarge, message, "MaxSizeAllowed", lengths.end())
    } else {
        let message = "Your proposed upload is smaller than the minimum allowed size.";
        (ErrorCode::EntityTooSmall, message, "MinSizeAllowed", lengths.start())
    };
    Err(S3Error::new(code, message).with("ProposedSize", length.to_string()).with(limit, bytes.to_string()))
}

fn content_length(head: &RequestHead) -> Result<u64, S3Error> {
    let Some(text) = head.single_header("content-length")? else {
        return Err(S3Error::new(
            ErrorCode::MissingContentLength,
            "You must provide the Content-Length HTTP header with a form.",
        ));
    };
    let digits = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    text.parse()
        .ok()
        .filter(|_| digits)
        .ok_or_else(|| S3Error::new(ErrorCode::InvalidRequest, "Content-Length is not a number of bytes."))
}

fn not_a_form() -> S3Error {
    S3Error::new(
        ErrorCode::MalformedPOSTRequest,
        "The body of your POST request is not well-formed multipart/form-data: it is shorter than its own boundaries.",
    )
}

fn too_slow() -> S3Error {
    S3Error::new(
        ErrorCode::RequestTimeout,
        "The fields of the form did not arrive in time: what stands before the file is to be sent at once.",
    )
}
