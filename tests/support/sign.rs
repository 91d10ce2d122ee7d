//! Signs well-formed requests with the published `aws-sigv4` crate, which shares no code with Portcullis.

use std::time::{Duration, SystemTime};

use aws_credential_types::Credentials;
use aws_sigv4::http_request::{
    PayloadChecksumKind, PercentEncodingMode, SignableBody, SignableRequest, SignatureLocation, SigningSettings,
    UriPathNormalizationMode, sign,
};
use aws_sigv4::sign::v4;
use aws_smithy_runtime_api::client::identity::Identity;
use jiff::Timestamp;

use super::request::{Payload, Request};

/// The credential of a client.
#[derive(Clone, Debug)]
pub(crate) struct TestKey {
    pub(crate) id: String,
    pub(crate) secret: String,
}

impl TestKey {
    /// A key that nobody issued.
    pub(crate) fn nobodys() -> Self {
        Self { id: "CWAAAAAAAAAAAAAAAAAA".into(), secret: "cwo0123456789012345678901234567890123456789".into() }
    }

    /// The same key id with a secret that is wrong.
    pub(crate) fn with_wrong_secret(&self) -> Self {
        let (all_but_one, last) = self.secret.split_at(self.secret.len() - 1);
        let other = if last == "x" { "y" } else { "x" };
        Self { id: self.id.clone(), secret: format!("{all_but_one}{other}") }
    }
}

impl Request {
    /// Signs in the Authorization header, with every header that is there now.
    pub(crate) fn sign(self, key: &TestKey, time: Timestamp) -> Self {
        self.sign_for_region(key, time, "us-east-1")
    }

    pub(crate) fn sign_for_region(mut self, key: &TestKey, time: Timestamp, region: &str) -> Self {
        let mut settings = s3_settings();
        if self.payload != Payload::Absent {
            settings.payload_checksum_kind = PayloadChecksumKind::XAmzSha256;
        }
        for (name, value) in self.instructions(key, time, region, settings).0 {
            self = self.header(&name, value);
        }
        self
    }

    /// Makes a presigned URL of the request, with every header that is there now as a signed one. The
    /// payload is `UNSIGNED-PAYLOAD` unless a test set another value.
    pub(crate) fn presign(mut self, key: &TestKey, time: Timestamp, expires_in: Duration) -> Self {
        if self.payload == Payload::Hashed {
            self = self.unsigned_payload();
        }
        let mut settings = s3_settings();
        settings.signature_location = SignatureLocation::QueryParams;
        settings.expires_in = Some(expires_in);
        for (name, value) in self.instructions(key, time, "us-east-1", settings).1 {
            self = self.append_query(&format!("{name}={}", super::hand_signer::encode(value.as_bytes(), false)));
        }
        self
    }

    fn instructions(&self, key: &TestKey, time: Timestamp, region: &str, settings: SigningSettings) -> Instructions {
        let identity: Identity = Credentials::new(&key.id, &key.secret, None, None, "test").into();
        let params = v4::SigningParams::builder()
            .identity(&identity)
            .region(region)
            .name("s3")
            .time(SystemTime::from(time))
            .settings(settings)
            .build()
            .expect("every parameter is there")
            .into();
        let headers: Vec<(String, String)> = self
            .headers
            .iter()
            .map(|(name, value)| (name.clone(), String::from_utf8(value.clone()).expect("signable headers are UTF-8")))
            .collect();
        let host = self.value("host").expect("a well-formed request has a host");
        let request = SignableRequest::new(
            &self.method,
            format!("http://{host}{}", self.target),
            headers.iter().map(|(name, value)| (name.as_str(), value.as_str())),
            SignableBody::Precomputed(self.payload_hash()),
        )
        .expect("the request is signable");
        let (instructions, _signature) = sign(request, &params).expect("the request is signable").into_parts();
        let (headers, params) = instructions.into_parts();
        (
            headers.iter().map(|header| (header.name().to_owned(), header.value().to_owned())).collect(),
            params.iter().map(|(name, value)| ((*name).to_owned(), value.to_string())).collect(),
        )
    }
}

/// Headers and query parameters to add.
type Instructions = (Vec<(String, String)>, Vec<(String, String)>);

fn s3_settings() -> SigningSettings {
    let mut settings = SigningSettings::default();
    settings.uri_path_normalization_mode = UriPathNormalizationMode::Disabled;
    settings.percent_encoding_mode = PercentEncodingMode::Single;
    settings.payload_checksum_kind = PayloadChecksumKind::NoHeader;
    settings
}
