//! The aws-chunked framing, taken apart as it streams: chunks with signatures or without, and the trailer
//! behind them.
//!
//! <https://docs.aws.amazon.com/AmazonS3/latest/API/sigv4-streaming.html>,
//! <https://docs.aws.amazon.com/AmazonS3/latest/API/sigv4-streaming-trailers.html>
//!
//! Push parsers: pieces of any size go in, the data they carry comes out. Every line is bounded.

mod line;
mod signed;
#[cfg(test)]
mod signed_tests;
#[cfg(test)]
mod tests;
mod unsigned;

pub use signed::{LARGEST_CHUNK, SignedChunkDecoder};
pub use unsigned::ChunkedDecoder;

use crate::s3::{ErrorCode, S3Error};

/// The length in a chunk's header: 1 to 16 hexadecimal digits and nothing else.
fn chunk_size(digits: &[u8]) -> Result<u64, S3Error> {
    let right = (1..=16).contains(&digits.len()) && digits.iter().all(u8::is_ascii_hexdigit);
    let text = std::str::from_utf8(digits).ok().filter(|_| right);
    text.and_then(|text| u64::from_str_radix(text, 16).ok())
        .ok_or_else(|| invalid("a chunk header does not begin with a length of 1 to 16 hexadecimal digits"))
}

fn final_chunk_is_missing() -> S3Error {
    S3Error::new(ErrorCode::IncompleteBody, "The request body terminated unexpectedly: the final chunk is missing.")
}

fn invalid(reason: &str) -> S3Error {
    S3Error::new(ErrorCode::InvalidRequest, format!("The aws-chunked body is malformed: {reason}."))
}

fn malformed_trailer(reason: &str) -> S3Error {
    S3Error::new(
        ErrorCode::MalformedTrailerError,
        format!("The request contained trailing data that was not well-formed: {reason}."),
    )
}
