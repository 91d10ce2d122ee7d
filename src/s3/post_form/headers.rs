//! What the fields of a form ask for, as the headers of the upload that it stands for.

use http::{HeaderMap, HeaderName, HeaderValue};

use super::Fields;
use crate::s3::{ErrorCode, S3Error, Tagging};

impl Fields {
    /// The headers that these fields stand for. A field that is none of S3's, such as a submit button, stands
    /// for nothing.
    ///
    /// <https://docs.aws.amazon.com/AmazonS3/latest/API/RESTObjectPOST.html#RESTObjectPOST-requests-form-fields>
    ///
    /// # Errors
    /// `NotImplemented`, naming it, for an `x-amz-*` field that is not known here: it would be ignored
    /// otherwise. `InvalidArgument` for a value that no header can have; `MalformedXML` for the tags.
    pub fn to_headers(&self) -> Result<HeaderMap, S3Error> {
        let mut headers = HeaderMap::new();
        for (name, value) in self.iter() {
            let header = match name {
                "acl" => "x-amz-acl",
                "tagging" => {
                    let tagging = Tagging::parse_document(value.as_bytes())?;
                    headers.insert("x-amz-tagging", tagging.to_header_value());
                    continue;
                }
                name if STANDARD.contains(&name) => {
                    // Forms send their empty inputs too.
                    if value.trim().is_empty() {
                        continue;
                    }
                    name
                }
                name if AMZ.contains(&name) || name.starts_with("x-amz-meta-") => name,
                name if name.starts_with("x-amz-") && !OF_THE_FORM.contains(&name) => {
                    let message =
                        format!("A form field you provided implies functionality that is not implemented: {name}.");
                    return Err(S3Error::new(ErrorCode::NotImplemented, message).with("ArgumentName", name));
                }
                _ => continue,
            };
            let no_header = || {
                S3Error::new(ErrorCode::InvalidArgument, "A field of the form cannot be a header of an upload.")
                    .with("ArgumentName", name)
            };
            let header = HeaderName::try_from(header).map_err(|_| no_header())?;
            // As in a header that is sent: white space around the value is no part of it.
            let value = HeaderValue::try_from(value.trim_matches([' ', '\t'])).map_err(|_| no_header())?;
            headers.insert(header, value);
        }
        Ok(headers)
    }
}

const STANDARD: [&str; 7] = [
    "cache-control",
    "content-disposition",
    "content-encoding",
    "content-language",
    "content-md5",
    "content-type",
    "expires",
];

const AMZ: [&str; 18] = [
    "x-amz-checksum-algorithm",
    "x-amz-checksum-crc32",
    "x-amz-checksum-crc32c",
    "x-amz-checksum-crc64nvme",
    "x-amz-checksum-sha1",
    "x-amz-checksum-sha256",
    "x-amz-object-lock-legal-hold",
    "x-amz-object-lock-mode",
    "x-amz-object-lock-retain-until-date",
    "x-amz-server-side-encryption",
    "x-amz-server-side-encryption-aws-kms-key-id",
    "x-amz-server-side-encryption-bucket-key-enabled",
    "x-amz-server-side-encryption-context",
    "x-amz-server-side-encryption-customer-algorithm",
    "x-amz-server-side-encryption-customer-key",
    "x-amz-server-side-encryption-customer-key-md5",
    "x-amz-storage-class",
    "x-amz-website-redirect-location",
];

/// `x-amz-*` fields that say who signed.
const OF_THE_FORM: [&str; 5] =
    ["x-amz-algorithm", "x-amz-credential", "x-amz-date", "x-amz-security-token", "x-amz-signature"];

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(fields: &[(&str, &str)]) -> Result<Vec<(String, String)>, ErrorCode> {
        let mut all = Fields::default();
        for (name, value) in fields {
            all.add((*name).to_owned(), value.as_bytes().to_vec()).unwrap();
        }
        let headers = all.to_headers().map_err(|error| error.code)?;
        let text = |value: &HeaderValue| String::from_utf8(value.as_bytes().to_vec()).unwrap();
        Ok(headers.iter().map(|(name, value)| (name.to_string(), text(value))).collect())
    }

    #[test]
    fn fields_become_the_headers_of_an_upload() {
        let tags = "<Tagging><TagSet><Tag><Key>a</Key><Value>b c</Value></Tag></TagSet></Tagging>";
        for (field, header) in [
            (("acl", "public-read"), ("x-amz-acl", "public-read")),
            (("tagging", tags), ("x-amz-tagging", "a=b%20c")),
            (("content-type", " text/plain "), ("content-type", "text/plain")),
            (("x-amz-meta-a", "é"), ("x-amz-meta-a", "é")),
            (("x-amz-storage-class", "STANDARD"), ("x-amz-storage-class", "STANDARD")),
        ] {
            assert_eq!(headers(&[field]).unwrap(), [(header.0.to_owned(), header.1.to_owned())]);
        }
        for nothing in ["key", "policy", "x-amz-signature", "x-amz-date", "submit", "x-ignore-me", "bucket", "host"] {
            assert_eq!(headers(&[(nothing, "v")]).unwrap(), [], "{nothing}");
        }
        assert_eq!(headers(&[("content-type", "")]).unwrap(), []);
    }

    #[test]
    fn what_would_be_ignored_or_is_no_header_is_refused() {
        for name in ["x-amz-copy-source", "x-amz-acl", "x-amz-grant-read", "x-amz-new", "x-amz-content-sha256"] {
            assert_eq!(headers(&[(name, "v")]), Err(ErrorCode::NotImplemented), "{name}");
        }
        for (name, value) in
            [("content-type", "a\r\nb: c"), ("x-amz-meta-a", "a\nb"), ("acl", "a\0"), ("x-amz-meta-ä b", "c")]
        {
            assert_eq!(headers(&[(name, value)]), Err(ErrorCode::InvalidArgument), "{name}");
        }
        assert_eq!(headers(&[("tagging", "a=b")]), Err(ErrorCode::MalformedXML));
    }
}
