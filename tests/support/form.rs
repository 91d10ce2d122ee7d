//! An HTML form as a browser sends it, signed by hand: fields, a policy about each of them, and a file.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};

use super::hand_signer::{hex, mac};
use super::request::{Payload, Request};
use super::sign::TestKey;

/// A form for a bucket.
#[derive(Clone)]
pub(crate) struct Form {
    pub(crate) target: String,
    pub(crate) bucket: String,
    pub(crate) boundary: String,
    /// Fields before the file, in order.
    pub(crate) fields: Vec<(String, Vec<u8>)>,
    /// What the policy says beside the bucket and the fields that sign.
    pub(crate) conditions: Vec<Value>,
    /// Whether the policy says which bucket it is for.
    pub(crate) names_bucket: bool,
    pub(crate) expiration: Value,
    pub(crate) region: String,
    /// The head of the file's part, after its name.
    pub(crate) file_head: String,
    pub(crate) file: Vec<u8>,
    /// What follows the file.
    pub(crate) ending: Vec<u8>,
    /// What stands before the first boundary.
    pub(crate) preamble: Vec<u8>,
}

pub(crate) const BOUNDARY: &str = "----WebKitFormBoundaryAbCdEf0123456789";

impl Form {
    /// A form that uploads "the file" as `key`, with a policy that lets it.
    pub(crate) fn new(bucket: &str, key: &str) -> Self {
        Self {
            target: format!("/{bucket}"),
            bucket: bucket.to_owned(),
            boundary: BOUNDARY.to_owned(),
            fields: vec![("key".to_owned(), key.as_bytes().to_vec())],
            conditions: vec![json!(["starts-with", "$key", ""])],
            names_bucket: true,
            expiration: json!("2026-11-20T11:00:00Z"),
            region: "us-east-1".to_owned(),
            file_head: "; filename=\"a.txt\"\r\nContent-Type: text/plain".to_owned(),
            file: b"the file".to_vec(),
            ending: format!("\r\n--{BOUNDARY}--\r\n").into_bytes(),
            preamble: Vec::new(),
        }
    }

    /// The same form with a change.
    pub(crate) fn with(mut self, change: impl FnOnce(&mut Self)) -> Self {
        change(&mut self);
        self
    }

    /// One more field, which the policy says nothing of.
    pub(crate) fn field(mut self, name: &str, value: impl AsRef<[u8]>) -> Self {
        self.fields.push((name.to_owned(), value.as_ref().to_vec()));
        self
    }

    /// One more field, which the policy lets be just this.
    pub(crate) fn allowed(self, name: &str, value: &str) -> Self {
        self.condition(json!({name: value})).field(name, value)
    }

    pub(crate) fn condition(mut self, condition: Value) -> Self {
        self.conditions.push(condition);
        self
    }

    pub(crate) fn file(mut self, file: impl Into<Vec<u8>>) -> Self {
        self.file = file.into();
        self
    }

    pub(crate) fn filename(mut self, name: &str) -> Self {
        self.file_head = format!("; filename=\"{name}\"");
        self
    }

    /// The field with another value, in its place.
    pub(crate) fn replace(mut self, name: &str, value: &str) -> Self {
        let field = self.fields.iter_mut().find(|(have, _)| have == name).expect("the field is there");
        field.1 = value.as_bytes().to_vec();
        self
    }

    pub(crate) fn without(mut self, name: &str) -> Self {
        self.fields.retain(|(have, _)| have != name);
        self
    }

    pub(crate) fn value(&self, name: &str) -> String {
        let (_, value) = self.fields.iter().find(|(have, _)| have == name).expect("the field is there");
        String::from_utf8(value.clone()).expect("the value is text")
    }

    /// Adds the policy and the signature of `key` over it.
    pub(crate) fn sign(self, key: &TestKey, time: Timestamp) -> Self {
        let date = time.strftime("%Y%m%d").to_string();
        let credential = format!("{}/{date}/{}/s3/aws4_request", key.id, self.region);
        let time = time.strftime("%Y%m%dT%H%M%SZ").to_string();
        let signing =
            [("x-amz-algorithm", "AWS4-HMAC-SHA256"), ("x-amz-credential", &credential), ("x-amz-date", &time)];
        let mut conditions = self.conditions.clone();
        conditions.extend(self.names_bucket.then(|| json!({"bucket": self.bucket})));
        conditions.extend(signing.map(|(name, value)| json!({name: value})));
        let document = json!({"expiration": self.expiration, "conditions": conditions}).to_string();
        let form = signing.into_iter().fold(self, |form, (name, value)| form.field(name, value));
        form.sign_document(key, &document)
    }

    /// Adds `document` as the policy, and the signature of `key` over it for the credential that is there.
    pub(crate) fn sign_document(self, key: &TestKey, document: impl AsRef<[u8]>) -> Self {
        let policy = STANDARD.encode(document);
        let credential = self.value("x-amz-credential");
        let mut derived = format!("AWS4{}", key.secret).into_bytes();
        for part in credential.split('/').skip(1) {
            derived = mac(&derived, part.as_bytes());
        }
        let signature = hex(&mac(&derived, policy.as_bytes()));
        self.field("policy", policy).field("x-amz-signature", signature)
    }

    /// The length of the body up to the first byte of the file.
    pub(crate) fn before_file(&self) -> usize {
        self.clone().with(|form| (form.file, form.ending) = (Vec::new(), Vec::new())).body().len()
    }

    pub(crate) fn body(&self) -> Vec<u8> {
        let mut body = self.preamble.clone();
        for (name, value) in &self.fields {
            let head = format!("--{}\r\nContent-Disposition: form-data; name=\"{name}\"\r\n\r\n", self.boundary);
            body.extend_from_slice(head.as_bytes());
            body.extend_from_slice(value);
            body.extend_from_slice(b"\r\n");
        }
        let head = format!("Content-Disposition: form-data; name=\"file\"{}", self.file_head);
        body.extend_from_slice(format!("--{}\r\n{head}\r\n\r\n", self.boundary).as_bytes());
        body.extend_from_slice(&self.file);
        body.extend_from_slice(&self.ending);
        body
    }

    /// The request that a browser makes of it.
    pub(crate) fn request(&self) -> Request {
        Request::post(&self.target)
            .header("Content-Type", format!("multipart/form-data; boundary={}", self.boundary))
            .payload(Payload::Absent)
            .body(self.body())
    }
}

/// A field after the file, up to the next boundary.
pub(crate) fn part(name: &str, value: &str) -> Vec<u8> {
    format!("\r\n--{BOUNDARY}\r\nContent-Disposition: form-data; name=\"{name}\"\r\n\r\n{value}").into_bytes()
}

/// A time so long after `time`, as a policy writes it.
pub(crate) fn later(time: Timestamp, by: SignedDuration) -> Value {
    json!((time + by).to_string())
}
