//! The kinds of transfers: how the body of each is described, framed and signed.

use std::fmt;
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use crc_fast::CrcAlgorithm;
use jiff::SignedDuration;
use portcullis::clock::{Clock as _, SystemClock};
use serde_json::json;

use crate::program::Program;
use crate::support::chunks::{UNSIGNED_TRAILER, aws_chunked};
use crate::support::form::Form;
use crate::support::request::{Payload, Request};

/// What SDKs send as one chunk.
const CHUNK: usize = 64 << 10;
/// Files of forms up to 5 MiB are not streamed.
const LEAST_STREAMED: usize = 6 << 20;

#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Kind {
    Download,
    Form,
    Hashed,
    PresignedDownload,
    PresignedUpload,
    SignedChunks,
    SignedTrailer,
    Unsigned,
    UnsignedTrailer,
}

impl Kind {
    pub(crate) const ALL: [Self; 9] = [
        Self::Download,
        Self::PresignedDownload,
        Self::Hashed,
        Self::Unsigned,
        Self::PresignedUpload,
        Self::UnsignedTrailer,
        Self::SignedChunks,
        Self::SignedTrailer,
        Self::Form,
    ];

    pub(crate) fn is_upload(self) -> bool {
        !matches!(self, Self::Download | Self::PresignedDownload)
    }

    /// How much a transfer moves where `size` is asked for: the file of a small form is held whole, in memory
    /// that is counted and bounded by itself, and would not show what a stream takes.
    pub(crate) fn size(self, size: usize) -> usize {
        if self == Self::Form { size.max(LEAST_STREAMED) } else { size }
    }

    /// A transfer of `size` bytes, signed now. The backend takes the length of a download from its name.
    pub(crate) fn request(self, program: &Program, size: usize) -> Request {
        let now = SystemClock.now();
        let (read, write) = (&program.read, &program.write);
        let (get, put) = (Request::get(&format!("/bucket/{size}")), Request::put("/bucket/upload"));
        let body = || (0..size).map(|at| u8::try_from((at ^ at >> 8) % 251).unwrap_or_default()).collect::<Vec<u8>>();
        match self {
            Self::Download => get.sign(read, now),
            Self::PresignedDownload => get.presign(read, now, Duration::from_hours(1)),
            Self::Hashed => put.body(body()).sign(write, now),
            Self::Unsigned => put.body(body()).unsigned_payload().sign(write, now),
            Self::PresignedUpload => put.body(body()).presign(write, now, Duration::from_hours(1)),
            Self::UnsignedTrailer => {
                let (body, name) = (body(), "x-amz-checksum-crc32");
                let sum = crc32(&body);
                put.header("content-encoding", "aws-chunked")
                    .header("x-amz-decoded-content-length", body.len().to_string())
                    .header("x-amz-trailer", name)
                    .payload(Payload::Value(UNSIGNED_TRAILER.into()))
                    .body(aws_chunked(&body, CHUNK, &[(name, &sum)]))
                    .sign(write, now)
            }
            Self::SignedChunks => put.in_signed_chunks(&body(), CHUNK, &[], write, now).request(),
            Self::SignedTrailer => {
                let body = body();
                let trailer = ("x-amz-checksum-crc32", crc32(&body));
                put.in_signed_chunks(&body, CHUNK, &[(trailer.0, &trailer.1)], write, now).request()
            }
            Self::Form => {
                let ends = now.checked_add(SignedDuration::from_hours(1)).expect("an hour from now is a time");
                let form = Form::new("bucket", "upload")
                    .with(|form| form.expiration = json!(ends.strftime("%Y-%m-%dT%H:%M:%SZ").to_string()))
                    .file(body());
                form.sign(write, now).request()
            }
        }
    }
}

impl fmt::Display for Kind {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.pad(match self {
            Self::Download => "download",
            Self::Form => "form",
            Self::Hashed => "upload, SHA-256",
            Self::PresignedDownload => "presigned download",
            Self::PresignedUpload => "presigned upload",
            Self::SignedChunks => "upload, signed chunks",
            Self::SignedTrailer => "upload, signed trailer",
            Self::Unsigned => "upload, unsigned",
            Self::UnsignedTrailer => "upload, unsigned trailer",
        })
    }
}

/// The CRC32 in Base64. (The one of `chunks` goes bit by bit, which is slow for this much.)
fn crc32(body: &[u8]) -> String {
    let sum = crc_fast::checksum(CrcAlgorithm::Crc32IsoHdlc, body);
    STANDARD.encode(u32::try_from(sum).expect("a CRC32 has 32 bits").to_be_bytes())
}
