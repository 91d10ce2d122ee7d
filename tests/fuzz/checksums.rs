//! What a client promises of a body, and when it says that it signed.

use portcullis::s3::ErrorCode;
use portcullis::s3::checksum::{Algorithm, Checksum, Hasher};
use portcullis::sigv4::{Payload, SigningTime};

const ALGORITHMS: [Algorithm; 6] =
    [Algorithm::Crc32, Algorithm::Crc32c, Algorithm::Crc64Nvme, Algorithm::Md5, Algorithm::Sha1, Algorithm::Sha256];

#[test]
fn checksums() {
    crate::engine::run("checksums", |input| {
        let Ok(text) = std::str::from_utf8(input) else { return };
        let fitting: Vec<_> = ALGORITHMS.into_iter().filter_map(|it| Checksum::parse(it, text).ok()).collect();
        // A length is that of two algorithms at most.
        assert!(fitting.len() <= 2);
        for checksum in fitting {
            assert_eq!(checksum.encoded(), text.trim());
            assert_eq!(Checksum::parse(checksum.algorithm(), &checksum.encoded()).unwrap(), checksum);
            let mut hasher = Hasher::new(checksum.algorithm());
            hasher.update(input);
            assert_eq!(checksum.check(hasher).unwrap_err().code, ErrorCode::BadDigest);
        }
        if let Ok(Some(algorithm)) = Algorithm::of_header(text) {
            assert_eq!(algorithm.header(), text);
        }
        if let Ok(Payload::Sha256(hash)) = Payload::parse(text) {
            assert_eq!(const_hex::encode(hash), text);
        }
        times(text);
    });
}

/// One instant has one spelling as `x-amz-date`.
fn times(text: &str) {
    let written = |time: SigningTime| {
        let mut out = Vec::new();
        time.write(&mut out);
        String::from_utf8(out).unwrap()
    };
    if let Some(time) = SigningTime::parse(text) {
        assert_eq!(written(time), text);
        assert_eq!(SigningTime::at(time.timestamp()), time);
    }
    if let Some(time) = SigningTime::parse_http_date(text) {
        assert_eq!(SigningTime::parse(&written(time)), Some(time));
    }
}
