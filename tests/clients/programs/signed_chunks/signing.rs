//! Signatures by the `aws-sigv4` crate: of requests, of URLs, of chunks and of the trailer behind them.

use std::fmt::Write as _;
use std::time::{Duration, SystemTime};

use aws_credential_types::Credentials;
use aws_sigv4::http_request::{
    PayloadChecksumKind, PercentEncodingMode, SignableBody, SignableRequest, SignatureLocation, SigningSettings,
    UriPathNormalizationMode, sign,
};
use aws_sigv4::sign::v4::{self, SigningParams};
use aws_smithy_runtime_api::client::identity::Identity;
use aws_smithy_runtime_api::http::Headers;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use http::Method;
use portcullis::clock::{Clock as _, SystemClock};
use sha2::{Digest, Sha256};

/// Who signs, and for where.
#[derive(Clone, Copy)]
pub(crate) struct Signer<'a> {
    pub(crate) url: &'a str,
    pub(crate) host: &'a str,
    pub(crate) region: &'a str,
    pub(crate) access_key_id: &'a str,
    pub(crate) secret_access_key: &'a str,
}

/// The signature that the next chunk is chained to, and what signs it.
pub(crate) struct Chain {
    identity: Identity,
    region: String,
    time: SystemTime,
    last: String,
}

impl Signer<'_> {
    /// The signed request, and the chain that begins with its signature.
    pub(crate) fn sign(
        self,
        method: &Method,
        path: &str,
        mut headers: Vec<(&str, String)>,
        payload: &str,
    ) -> (http::request::Builder, Chain) {
        let mut settings = s3_settings();
        settings.payload_checksum_kind = PayloadChecksumKind::XAmzSha256;
        headers.push(("host", self.host.to_owned()));
        let (chain, instructions) = self.instructions(method, path, &headers, payload, settings);
        let mut request = http::Request::builder().method(method).uri(format!("{}{path}", self.url));
        for (name, value) in &headers {
            request = request.header(*name, value);
        }
        for header in instructions.into_parts().0 {
            request = request.header(header.name(), header.value());
        }
        (request, chain)
    }

    pub(crate) fn presign(self, method: &Method, path: &str) -> String {
        let mut settings = s3_settings();
        settings.signature_location = SignatureLocation::QueryParams;
        settings.expires_in = Some(Duration::from_mins(5));
        let headers = [("host", self.host.to_owned())];
        let (_, instructions) = self.instructions(method, path, &headers, "UNSIGNED-PAYLOAD", settings);
        let (_, parameters) = instructions.into_parts();
        let query: Vec<_> = parameters.iter().map(|(name, value)| format!("{name}={}", encode(value, false))).collect();
        format!("{}{path}?{}", self.url, query.join("&"))
    }

    fn instructions(
        self,
        method: &Method,
        path: &str,
        headers: &[(&str, String)],
        payload: &str,
        settings: SigningSettings,
    ) -> (Chain, aws_sigv4::http_request::SigningInstructions) {
        let identity: Identity =
            Credentials::new(self.access_key_id, self.secret_access_key, None, None, "test").into();
        let mut chain = Chain {
            identity,
            region: self.region.to_owned(),
            time: SystemTime::from(SystemClock.now()),
            last: String::new(),
        };
        let headers = headers.iter().map(|(name, value)| (*name, value.as_str()));
        let url = format!("{}{path}", self.url);
        let body = SignableBody::Precomputed(payload.to_owned());
        let request = SignableRequest::new(method.as_str(), url, headers, body).expect("the request is signable");
        let params = chain.params(settings).into();
        let (instructions, signature) = sign(request, &params).expect("the request is signable").into_parts();
        chain.last = signature;
        (chain, instructions)
    }
}

impl Chain {
    /// The signature of the next chunk.
    pub(crate) fn chunk(&mut self, data: &Bytes) -> String {
        let signed = v4::sign_chunk(data, &self.last, &self.params(())).expect("a chunk is signable");
        self.keep(signed.signature())
    }

    /// The signature of the trailer that holds one header.
    pub(crate) fn trailer(&mut self, name: &'static str, value: String) -> String {
        let mut headers = Headers::new();
        headers.insert(name, value);
        let signed = v4::sign_trailer(&headers, &self.last, &self.params(())).expect("a trailer is signable");
        self.keep(signed.signature())
    }

    fn keep(&mut self, signature: &str) -> String {
        signature.clone_into(&mut self.last);
        self.last.clone()
    }

    fn params<S: Default>(&self, settings: S) -> SigningParams<'_, S> {
        let params = SigningParams::builder().identity(&self.identity).region(&self.region).name("s3").time(self.time);
        params.settings(settings).build().expect("every parameter is there")
    }
}

/// `text` with everything encoded but what a URL may hold as it is; slashes stay if they are to.
pub(crate) fn encode(text: &str, slashes: bool) -> String {
    text.bytes().fold(String::new(), |mut encoded, byte| {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) || slashes && byte == b'/' {
            encoded.push(char::from(byte));
        } else {
            write!(encoded, "%{byte:02X}").expect("writing to a string succeeds");
        }
        encoded
    })
}

/// SHA-256 in hex.
pub(crate) fn sha256(data: &[u8]) -> String {
    const_hex::encode(Sha256::digest(data))
}

/// MD5 in Base64.
pub(crate) fn md5(data: &[u8]) -> String {
    STANDARD.encode(md5::Md5::digest(data))
}

fn s3_settings() -> SigningSettings {
    let mut settings = SigningSettings::default();
    settings.uri_path_normalization_mode = UriPathNormalizationMode::Disabled;
    settings.percent_encoding_mode = PercentEncodingMode::Single;
    settings.payload_checksum_kind = PayloadChecksumKind::NoHeader;
    settings
}
