//! What a client promised of its body, before the first byte is read: its framing, its length and its
//! digests, from the signed `x-amz-content-sha256` and the headers beside it.

use http::HeaderMap;
use http::header::{CONTENT_LENGTH, TRANSFER_ENCODING};

use super::digest::Digests;
use crate::s3::checksum::{Algorithm, Checksum};
use crate::s3::{ErrorCode, S3Error};
use crate::sigv4::Payload;

/// How the bytes on the wire carry the body.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Framing {
    /// aws-chunked, with a trailer.
    Chunked,
    /// As they are.
    Plain,
    /// aws-chunked, with a signature for each chunk.
    SignedChunks {
        /// Whether a signed trailer follows.
        has_trailer: bool,
    },
}

/// A body that was promised. Well-formed, and not yet kept.
#[derive(Debug)]
pub(in crate::proxy) struct Promise {
    pub(super) framing: Framing,
    /// The length of the body itself, without framing; `None` where the client sends neither length.
    pub(super) length: Option<u64>,
    pub(super) sha256: Option<[u8; 32]>,
    pub(super) checksums: Vec<Checksum>,
    /// The checksum that the trailer is to carry.
    pub(super) trailing: Option<Algorithm>,
}

impl Promise {
    /// Reads the promise of a request whose signature said `payload` of its body.
    ///
    /// `of_object` says whether the body is an object's or a part's data; only that may be framed.
    /// `checksums_of_body` is off where `x-amz-checksum-*` describes something else than this body.
    ///
    /// # Errors
    /// The S3 error to answer with, before anything is read.
    pub(in crate::proxy) fn read(
        headers: &HeaderMap,
        payload: Payload,
        of_object: bool,
        checksums_of_body: bool,
    ) -> Result<Self, S3Error> {
        let content_length = content_length(headers)?;
        let mut promise = Self {
            framing: Framing::Plain,
            length: content_length,
            sha256: None,
            checksums: checksums(headers, checksums_of_body)?,
            trailing: None,
        };
        match payload {
            Payload::Sha256(hash) => promise.sha256 = Some(hash),
            Payload::Empty | Payload::Unsigned => {}
            Payload::SignedChunks | Payload::SignedChunksTrailer | Payload::UnsignedTrailer if of_object => {
                let has_trailer = payload.has_trailer();
                promise.framing = match payload {
                    Payload::UnsignedTrailer => Framing::Chunked,
                    _ => Framing::SignedChunks { has_trailer },
                };
                promise.length = Some(decoded_length(headers)?);
                promise.trailing = has_trailer.then(|| announced_trailer(headers)).transpose()?;
            }
            Payload::SignedChunks | Payload::SignedChunksTrailer | Payload::UnsignedTrailer => {
                return Err(invalid("A streaming x-amz-content-sha256 is only for PutObject and UploadPart."));
            }
        }
        if !payload.has_trailer() && headers.contains_key("x-amz-trailer") {
            return Err(invalid("x-amz-trailer is set, but x-amz-content-sha256 does not announce a trailer."));
        }
        if payload == Payload::Empty && promise.may_have_a_body(headers) && !fault("empty_body_when_no_hash") {
            return Err(invalid(
                "Missing required header for this request: x-amz-content-sha256 \
                 (curl: add -H 'x-amz-content-sha256: UNSIGNED-PAYLOAD').",
            ));
        }
        Ok(promise)
    }

    /// The length that the body has to have.
    ///
    /// # Errors
    /// `MissingContentLength` if the client did not say.
    pub(in crate::proxy) fn length(&self) -> Result<u64, S3Error> {
        self.length.ok_or_else(|| {
            S3Error::new(ErrorCode::MissingContentLength, "You must provide the Content-Length HTTP header.")
        })
    }

    /// Takes "no length and no chunks" as the empty body it is, for methods that need none.
    pub(in crate::proxy) fn empty_if_unsaid(&mut self, headers: &HeaderMap) {
        if self.length.is_none() && !headers.contains_key(TRANSFER_ENCODING) {
            self.length = Some(0);
        }
    }

    /// The algorithm that is announced for the trailer.
    pub(in crate::proxy) fn trailing(&self) -> Option<Algorithm> {
        self.trailing
    }

    pub(super) fn digests(&mut self) -> Digests {
        Digests::new(self.sha256, std::mem::take(&mut self.checksums), self.trailing)
    }

    fn may_have_a_body(&self, headers: &HeaderMap) -> bool {
        self.length.unwrap_or(0) > 0 || headers.contains_key(TRANSFER_ENCODING)
    }
}

fn content_length(headers: &HeaderMap) -> Result<Option<u64>, S3Error> {
    let Some(value) = headers.get(CONTENT_LENGTH) else { return Ok(None) };
    plain_number(value.as_bytes()).map(Some).ok_or_else(|| invalid("Content-Length is not a number of bytes."))
}

fn decoded_length(headers: &HeaderMap) -> Result<u64, S3Error> {
    let name = "x-amz-decoded-content-length";
    let Some(value) = headers.get(name) else {
        return Err(S3Error::new(
            ErrorCode::MissingContentLength,
            "You must provide the x-amz-decoded-content-length HTTP header with a streaming body.",
        ));
    };
    plain_number(value.as_bytes()).ok_or_else(|| invalid("x-amz-decoded-content-length is not a number of bytes."))
}

/// Digits only, up to 2^63 - 1: no sign, no spaces, no comma-joined repeats.
fn plain_number(text: &[u8]) -> Option<u64> {
    let digits = !text.is_empty() && text.iter().all(u8::is_ascii_digit);
    let number = digits.then(|| std::str::from_utf8(text).ok())??.parse::<u64>().ok()?;
    i64::try_from(number).is_ok().then_some(number)
}

/// The one checksum that `x-amz-trailer` announces.
fn announced_trailer(headers: &HeaderMap) -> Result<Algorithm, S3Error> {
    let value = headers.get("x-amz-trailer").and_then(|value| value.to_str().ok()).map(str::trim);
    let Some(value) = value.filter(|value| !value.is_empty()) else {
        return Err(invalid(
            "An x-amz-content-sha256 that ends in -TRAILER needs x-amz-trailer to name the trailing checksum.",
        ));
    };
    Algorithm::of_header(&value.to_ascii_lowercase())?.ok_or_else(|| {
        S3Error::new(
            ErrorCode::InvalidRequest,
            "The value specified in the x-amz-trailer header is not supported: it must name one x-amz-checksum-* trailer.",
        )
    })
}

fn checksums(headers: &HeaderMap, of_body: bool) -> Result<Vec<Checksum>, S3Error> {
    let mut found = Vec::new();
    if let Some(value) = headers.get("content-md5") {
        found.push(Checksum::parse(Algorithm::Md5, &String::from_utf8_lossy(value.as_bytes()))?);
    }
    if !of_body {
        return Ok(found);
    }
    for (name, value) in headers {
        if let Some(algorithm) = Algorithm::of_header(name.as_str())? {
            found.push(Checksum::parse(algorithm, &String::from_utf8_lossy(value.as_bytes()))?);
        }
    }
    let named = headers.contains_key("x-amz-sdk-checksum-algorithm");
    let sent = found.iter().any(|checksum| checksum.algorithm() != Algorithm::Md5);
    if named && !sent && !headers.contains_key("x-amz-trailer") {
        return Err(invalid(
            "x-amz-sdk-checksum-algorithm specified, but no corresponding x-amz-checksum-* or x-amz-trailer headers were found.",
        ));
    }
    Ok(found)
}

fn fault(name: &str) -> bool {
    crate::fault::check_is_off(name)
}

fn invalid(message: &'static str) -> S3Error {
    S3Error::new(ErrorCode::InvalidRequest, message)
}
