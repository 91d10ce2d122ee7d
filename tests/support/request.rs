//! A request as bytes: built part by part, signed, then changed where a test wants it changed.

use std::fmt::Write as _;

use sha2::{Digest, Sha256};

/// What the client claims about the body in `x-amz-content-sha256`.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) enum Payload {
    /// No header at all; the canonical request takes the hash of the empty body.
    Absent,
    /// The SHA-256 of the body.
    Hashed,
    /// Any other value, such as a sentinel or the hash of another body.
    Value(String),
}

/// A request on its way to the wire.
#[derive(Clone)]
pub(crate) struct Request {
    pub(crate) method: String,
    /// Path and query, exactly as they are sent.
    pub(crate) target: String,
    /// Headers in the order they are sent; values are bytes.
    pub(crate) headers: Vec<(String, Vec<u8>)>,
    /// The body as it is sent, content coding included.
    pub(crate) body: Vec<u8>,
    pub(crate) payload: Payload,
    /// Whether a Content-Length that fits the body is added.
    pub(crate) content_length: bool,
}

impl Request {
    pub(crate) fn new(method: &str, target: &str) -> Self {
        Self {
            method: method.to_owned(),
            target: target.to_owned(),
            headers: vec![("Host".to_owned(), b"localhost".to_vec())],
            body: Vec::new(),
            payload: Payload::Hashed,
            content_length: matches!(method, "PUT" | "POST"),
        }
    }

    pub(crate) fn delete(target: &str) -> Self {
        Self::new("DELETE", target)
    }

    pub(crate) fn get(target: &str) -> Self {
        Self::new("GET", target)
    }

    pub(crate) fn head(target: &str) -> Self {
        Self::new("HEAD", target)
    }

    pub(crate) fn post(target: &str) -> Self {
        Self::new("POST", target)
    }

    pub(crate) fn put(target: &str) -> Self {
        Self::new("PUT", target)
    }

    /// One more header, after those that are there.
    pub(crate) fn header(mut self, name: &str, value: impl AsRef<[u8]>) -> Self {
        self.headers.push((name.to_owned(), value.as_ref().to_vec()));
        self
    }

    /// The header with another value, in its place; at the end if there was none.
    pub(crate) fn replace(mut self, name: &str, value: impl AsRef<[u8]>) -> Self {
        match self.headers.iter_mut().find(|(have, _)| have.eq_ignore_ascii_case(name)) {
            Some((_, have)) => value.as_ref().clone_into(have),
            None => return self.header(name, value),
        }
        self
    }

    /// Without any header of this name.
    pub(crate) fn without(mut self, name: &str) -> Self {
        self.headers.retain(|(have, _)| !have.eq_ignore_ascii_case(name));
        self
    }

    pub(crate) fn host(self, host: &str) -> Self {
        self.replace("Host", host)
    }

    pub(crate) fn body(mut self, body: impl Into<Vec<u8>>) -> Self {
        self.body = body.into();
        self.content_length = true;
        self
    }

    /// Sends no Content-Length unless one is added as a header.
    pub(crate) fn without_length(mut self) -> Self {
        self.content_length = false;
        self
    }

    /// Sends the body as HTTP chunks of `size` bytes, without Content-Length.
    pub(crate) fn in_http_chunks(mut self, size: usize) -> Self {
        let mut framed = Vec::new();
        for chunk in self.body.chunks(size) {
            framed.extend_from_slice(format!("{:x}\r\n", chunk.len()).as_bytes());
            framed.extend_from_slice(chunk);
            framed.extend_from_slice(b"\r\n");
        }
        framed.extend_from_slice(b"0\r\n\r\n");
        self.body = framed;
        self.content_length = false;
        self.header("Transfer-Encoding", "chunked")
    }

    pub(crate) fn payload(mut self, payload: Payload) -> Self {
        self.payload = payload;
        self
    }

    pub(crate) fn unsigned_payload(self) -> Self {
        self.payload(Payload::Value("UNSIGNED-PAYLOAD".into()))
    }

    /// Another method, signature kept.
    pub(crate) fn method(mut self, method: &str) -> Self {
        method.clone_into(&mut self.method);
        self
    }

    /// The same request with a change that its signature does not know of.
    pub(crate) fn tamper(mut self, change: impl FnOnce(&mut Self)) -> Self {
        change(&mut self);
        self
    }

    /// The same request with `more` at the end of its query.
    pub(crate) fn append_query(mut self, more: &str) -> Self {
        self.target.push(if self.target.contains('?') { '&' } else { '?' });
        self.target.push_str(more);
        self
    }

    /// The first value of a header, as text.
    pub(crate) fn value(&self, name: &str) -> Option<String> {
        let found = self.headers.iter().find(|(have, _)| have.eq_ignore_ascii_case(name));
        found.map(|(_, value)| String::from_utf8(value.clone()).expect("a test's header is UTF-8"))
    }

    /// The value that `x-amz-content-sha256` has, or would have, in the canonical request.
    pub(crate) fn payload_hash(&self) -> String {
        match &self.payload {
            Payload::Absent => sha256_hex(b""),
            Payload::Hashed => sha256_hex(&self.body),
            Payload::Value(value) => value.clone(),
        }
    }

    /// The head as it is sent.
    pub(crate) fn head_bytes(&self) -> Vec<u8> {
        let mut bytes = format!("{} {} HTTP/1.1\r\n", self.method, self.target).into_bytes();
        for (name, value) in &self.headers {
            bytes.extend_from_slice(name.as_bytes());
            bytes.extend_from_slice(b": ");
            bytes.extend_from_slice(value);
            bytes.extend_from_slice(b"\r\n");
        }
        if self.content_length {
            bytes.extend_from_slice(format!("Content-Length: {}\r\n", self.body.len()).as_bytes());
        }
        bytes.extend_from_slice(b"\r\n");
        bytes
    }

    /// Everything as it is sent.
    pub(crate) fn bytes(&self) -> Vec<u8> {
        let mut bytes = self.head_bytes();
        bytes.extend_from_slice(&self.body);
        bytes
    }
}

impl std::fmt::Debug for Request {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let head = String::from_utf8_lossy(&self.head_bytes()).into_owned();
        let shown: String = head.chars().take(2000).collect();
        write!(formatter, "{shown:?} + {} bytes", self.body.len())
    }
}

/// SHA-256 in lower-case hex.
pub(crate) fn sha256_hex(bytes: &[u8]) -> String {
    Sha256::digest(bytes).iter().fold(String::new(), |mut text, byte| {
        write!(text, "{byte:02x}").expect("writing to a string succeeds");
        text
    })
}
