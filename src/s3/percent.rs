//! Percent-encoding as AWS defines it: a strict decoder, and the encoder of the canonical request.
//!
//! The `UriEncode` function of
//! <https://docs.aws.amazon.com/AmazonS3/latest/API/sig-v4-header-based-auth.html>: every byte but
//! the unreserved `A-Z a-z 0-9 - . _ ~` becomes `%XY` with upper-case digits; a `/` stays in a path.

use std::borrow::Cow;

/// Whether `/` is data that must be encoded, or separates the segments of a path.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Slash {
    /// Inside a query name or value: `/` becomes `%2F`.
    Encode,
    /// Inside a path: `/` stays.
    Keep,
}

/// Why text could not be decoded.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
pub enum DecodeError {
    /// A `%` that two hexadecimal digits do not follow.
    #[error("a % is not followed by two hexadecimal digits")]
    Escape,
    /// The decoded bytes are not UTF-8.
    #[error("the decoded text is not valid UTF-8")]
    Utf8,
}

/// Decodes each `%XY` once. `+` is a plus sign, in paths and in queries alike.
pub fn decode(text: &str) -> Result<Cow<'_, str>, DecodeError> {
    let bytes = text.as_bytes();
    let Some(first) = bytes.iter().position(|&byte| byte == b'%') else {
        return Ok(Cow::Borrowed(text));
    };
    let mut decoded = Vec::with_capacity(bytes.len());
    decoded.extend_from_slice(&bytes[..first]);
    let mut rest = &bytes[first..];
    while let Some((&byte, after)) = rest.split_first() {
        if byte != b'%' {
            decoded.push(byte);
            rest = after;
            continue;
        }
        let [high, low, tail @ ..] = after else { return Err(DecodeError::Escape) };
        let (high, low) = (nibble(*high), nibble(*low));
        decoded.push(high.zip(low).map(|(high, low)| high << 4 | low).ok_or(DecodeError::Escape)?);
        rest = tail;
    }
    String::from_utf8(decoded).map(Cow::Owned).map_err(|_| DecodeError::Utf8)
}

/// Appends the encoding of `bytes` to `out`.
pub fn encode_into(out: &mut Vec<u8>, bytes: &[u8], slash: Slash) {
    let mut rest = bytes;
    loop {
        // Most names need nothing: copy whole runs.
        let run = rest.iter().position(|&byte| !stays(byte, slash)).unwrap_or(rest.len());
        out.extend_from_slice(&rest[..run]);
        let Some(&byte) = rest.get(run) else { return };
        out.extend_from_slice(&[b'%', DIGITS[usize::from(byte >> 4)], DIGITS[usize::from(byte & 15)]]);
        rest = &rest[run + 1..];
    }
}

/// The encoding of `text`.
#[must_use]
pub fn encode(text: &str, slash: Slash) -> String {
    let mut out = Vec::with_capacity(text.len() + 16);
    encode_into(&mut out, text.as_bytes(), slash);
    String::from_utf8(out).expect("the encoder writes ASCII only")
}

fn nibble(digit: u8) -> Option<u8> {
    char::from(digit).to_digit(16).and_then(|value| u8::try_from(value).ok())
}

fn stays(byte: u8, slash: Slash) -> bool {
    UNRESERVED[usize::from(byte)] || (byte == b'/' && slash == Slash::Keep)
}

const DIGITS: &[u8; 16] = b"0123456789ABCDEF";

const UNRESERVED: [bool; 256] = {
    let mut table = [false; 256];
    let mut byte = 0_u8;
    loop {
        table[byte as usize] = byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_' | b'~');
        if byte == u8::MAX {
            break table;
        }
        byte += 1;
    }
};

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_byte_survives_encoding_and_decoding() {
        let all: String = (0_u8..=127).map(char::from).chain("äöü\u{308}漢字🚪".chars()).collect();
        for slash in [Slash::Keep, Slash::Encode] {
            assert_eq!(decode(&encode(&all, slash)).unwrap(), all);
        }
        assert_eq!(encode("a b/c+d~ä", Slash::Keep), "a%20b/c%2Bd~%C3%A4");
        assert_eq!(encode("a/b", Slash::Encode), "a%2Fb");
    }

    #[test]
    fn a_plus_is_a_plus_and_an_escape_is_decoded_once() {
        assert_eq!(decode("a+b%2Bc%252F").unwrap(), "a+b+c%2F");
        assert_eq!(decode("plain").unwrap(), "plain");
    }

    #[test]
    fn broken_escapes_and_invalid_utf8_are_refused() {
        for text in ["%", "%4", "%zz", "a%2", "%+1", "%%41"] {
            assert_eq!(decode(text), Err(DecodeError::Escape), "{text}");
        }
        for text in ["%ff", "%c0%af", "%ed%a0%80"] {
            assert_eq!(decode(text), Err(DecodeError::Utf8), "{text}");
        }
    }
}
