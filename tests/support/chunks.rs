//! aws-chunked bodies with an unsigned trailer, as current SDKs upload them, and the checksums in them.
//! Their values for `123456789` are the published check values of each algorithm.

use super::recording_backend::RecordedRequest;
use super::request::{Payload, Request};

/// The body whose checksums every standard prints.
pub(crate) const CHECK_BODY: &[u8] = b"123456789";

/// The SHA-256, CRC and SHA-1 values of [`CHECK_BODY`], in Base64.
pub(crate) const CHECKSUMS: [(&str, &str); 5] = [
    ("x-amz-checksum-crc32", "y/Q5Jg=="),
    ("x-amz-checksum-crc32c", "4waSgw=="),
    ("x-amz-checksum-crc64nvme", "rosUhgp5mIg="),
    ("x-amz-checksum-sha1", "98O8HYCOBHMq32eZZczDTKeuNEE="),
    ("x-amz-checksum-sha256", "FeKw08M4keuw8e9gnsQZQgwg4yDOlMZfvIwzEkSOsiU="),
];

/// The MD5 of [`CHECK_BODY`], in Base64.
pub(crate) const CHECK_MD5: &str = "JfnnlDI7RTiF9RgfG2JNCw==";

/// The sentinel of a body in chunks with a checksum trailer and no signatures.
pub(crate) const UNSIGNED_TRAILER: &str = "STREAMING-UNSIGNED-PAYLOAD-TRAILER";

impl Request {
    /// Sends `body` as aws-chunked with these trailers, declared as they should be.
    pub(crate) fn unsigned_trailer(self, body: &[u8], trailers: &[(&str, &str)]) -> Self {
        let names: Vec<&str> = trailers.iter().map(|(name, _)| *name).collect();
        self.header("content-encoding", "aws-chunked")
            .header("x-amz-decoded-content-length", body.len().to_string())
            .header("x-amz-trailer", names.join(","))
            .payload(Payload::Value(UNSIGNED_TRAILER.into()))
            .body(aws_chunked(body, 5, trailers))
    }

    /// The usual upload of an SDK: [`CHECK_BODY`] with its CRC32 behind it.
    pub(crate) fn check_body_with_crc32(self) -> Self {
        self.unsigned_trailer(CHECK_BODY, &CHECKSUMS[..1])
    }
}

/// `body` in chunks of `size` bytes, then the trailers.
pub(crate) fn aws_chunked(body: &[u8], size: usize, trailers: &[(&str, &str)]) -> Vec<u8> {
    let mut framed = Vec::new();
    for chunk in body.chunks(size) {
        framed.extend_from_slice(format!("{:x}\r\n", chunk.len()).as_bytes());
        framed.extend_from_slice(chunk);
        framed.extend_from_slice(b"\r\n");
    }
    framed.extend_from_slice(b"0\r\n");
    for (name, value) in trailers {
        framed.extend_from_slice(format!("{name}:{value}\r\n").as_bytes());
    }
    framed.extend_from_slice(b"\r\n");
    framed
}

/// The CRC32 of any body, in Base64.
pub(crate) fn crc32(body: &[u8]) -> String {
    use base64::Engine as _;
    // Bit by bit from the polynomial: slow, and owing nothing to the library under test.
    let crc = body.iter().fold(u32::MAX, |crc, byte| {
        (0..8).fold(crc ^ u32::from(*byte), |crc, _| (crc >> 1) ^ (0xEDB8_8320 & (crc & 1).wrapping_neg()))
    });
    base64::engine::general_purpose::STANDARD.encode((!crc).to_be_bytes())
}

impl RecordedRequest {
    /// The bytes that a backend would store: the body, without aws-chunked framing if it has one.
    pub(crate) fn stored_bytes(&self) -> Vec<u8> {
        if self.header("x-amz-content-sha256") != Some(UNSIGNED_TRAILER) {
            return self.body.clone();
        }
        let (stored, _) = self.unframe();
        assert_eq!(self.header("x-amz-decoded-content-length"), Some(stored.len().to_string().as_str()), "{self:?}");
        stored
    }

    /// The trailers inside the aws-chunked framing.
    pub(crate) fn aws_trailers(&self) -> Vec<(String, String)> {
        self.unframe().1
    }

    fn unframe(&self) -> (Vec<u8>, Vec<(String, String)>) {
        let mut stored = Vec::new();
        let mut rest = self.body.as_slice();
        loop {
            let (size, after) = take_line(rest);
            let size = usize::from_str_radix(&size, 16).expect("a chunk size is a number");
            rest = after;
            if size == 0 {
                break;
            }
            stored.extend_from_slice(&rest[..size]);
            assert_eq!(&rest[size..size + 2], b"\r\n", "a chunk ends with CRLF");
            rest = &rest[size + 2..];
        }
        let mut trailers = Vec::new();
        loop {
            let (line, after) = take_line(rest);
            rest = after;
            let Some((name, value)) = line.split_once(':') else { break };
            trailers.push((name.to_ascii_lowercase(), value.trim().to_owned()));
        }
        assert!(rest.is_empty(), "nothing follows the trailer: {self:?}");
        (stored, trailers)
    }
}

fn take_line(bytes: &[u8]) -> (String, &[u8]) {
    let end = bytes.windows(2).position(|window| window == b"\r\n").expect("a line ends with CRLF");
    (String::from_utf8(bytes[..end].to_vec()).expect("a line is text"), &bytes[end + 2..])
}
