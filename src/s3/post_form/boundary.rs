//! The boundary between the parts of a form, from the `Content-Type` of the request.

use bytes::Bytes;

use super::malformed;
use super::part::parameters;
use crate::s3::S3Error;

/// What stands between the parts: `CRLF--boundary`.
#[derive(Clone, Debug)]
pub struct Boundary(Bytes);

impl Boundary {
    /// The longest boundary, in characters (RFC 2046, section 5.1.1).
    pub const LONGEST: usize = 70;

    /// Whether `content_type` announces a form, with a good boundary or without one.
    #[must_use]
    pub fn is_announced_by(content_type: &[u8]) -> bool {
        let name = content_type.split(|&byte| byte == b';').next().unwrap_or_default();
        name.trim_ascii().eq_ignore_ascii_case(b"multipart/form-data")
    }

    /// Reads the value of `Content-Type`.
    ///
    /// # Errors
    /// `MalformedPOSTRequest` if it is no form's, or names no boundary that RFC 2046 allows.
    pub fn of_content_type(content_type: &str) -> Result<Self, S3Error> {
        let (kind, rest) = content_type.split_once(';').unwrap_or((content_type, ""));
        if !kind.trim().eq_ignore_ascii_case("multipart/form-data") {
            return Err(malformed("Content-Type is not multipart/form-data"));
        }
        let parameters = parameters(rest)?;
        let mut named = parameters.iter().filter(|(name, _)| name == "boundary");
        match (named.next(), named.next()) {
            (Some((_, boundary)), None) => Self::parse(boundary),
            (None, _) => Err(malformed("Content-Type names no boundary")),
            (Some(_), Some(_)) => Err(malformed("Content-Type names two boundaries")),
        }
    }

    /// Accepts the boundary itself.
    ///
    /// # Errors
    /// `MalformedPOSTRequest` if RFC 2046 does not allow it.
    pub fn parse(boundary: &str) -> Result<Self, S3Error> {
        let allowed = |byte: u8| byte.is_ascii_alphanumeric() || b"'()+_,-./:=? ".contains(&byte);
        let right =
            (1..=Self::LONGEST).contains(&boundary.len()) && boundary.bytes().all(allowed) && !boundary.ends_with(' ');
        if !right {
            return Err(malformed("the boundary is not 1 to 70 of the characters that RFC 2046 allows"));
        }
        Ok(Self(Bytes::from(format!("\r\n--{boundary}"))))
    }

    /// `CRLF--boundary`, where CR stands at the beginning and nowhere else.
    pub(super) fn delimiter(&self) -> Bytes {
        self.0.clone()
    }

    /// The number of bytes that end a form after its last field: `CRLF--boundary--CRLF`.
    #[must_use]
    pub fn closing_bytes(&self) -> u64 {
        self.0.len() as u64 + 4
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_boundary_of_one_to_seventy_allowed_characters_is_taken() {
        for (right, bytes) in [
            ("multipart/form-data; boundary=x", 9),
            ("Multipart/Form-Data;charset=utf-8; Boundary=\"a b\"", 11),
            ("multipart/form-data;boundary=----WebKitFormBoundaryAb0", 8 + 25),
        ] {
            assert_eq!(Boundary::of_content_type(right).unwrap().closing_bytes(), bytes, "{right}");
        }
        for wrong in [
            "multipart/form-data".to_owned(),
            "multipart/form-data; boundary=".to_owned(),
            "multipart/form-data; boundary=\"\"".to_owned(),
            "multipart/form-data; boundary=a; boundary=b".to_owned(),
            "multipart/form-data; boundary=\"a\r\nb\"".to_owned(),
            "multipart/form-data; boundary=\"a \"".to_owned(),
            "multipart/form-data; boundary=é".to_owned(),
            "multipart/mixed; boundary=a".to_owned(),
            format!("multipart/form-data; boundary={}", "b".repeat(71)),
        ] {
            let code = Boundary::of_content_type(&wrong).unwrap_err().code;
            assert_eq!(code, crate::s3::ErrorCode::MalformedPOSTRequest, "{wrong}");
        }
        assert!(Boundary::of_content_type(&format!("multipart/form-data; boundary={}", "b".repeat(70))).is_ok());
    }
}
