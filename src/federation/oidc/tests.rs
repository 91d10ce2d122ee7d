//! What reads bytes of others, on bytes that mean nothing.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use proptest::prelude::*;
use serde_json::json;

use super::discovery::{discovery_url, jwks_url};
use super::jwks::{Found, KeySet};
use super::token::UnverifiedToken;
use crate::federation::SigningAlgorithm;

/// Members that key sets, documents and tokens have, with values of every kind.
fn object() -> impl Strategy<Value = serde_json::Value> {
    let names = ["kty", "kid", "use", "key_ops", "alg", "n", "e", "crv", "x", "y", "k", "issuer", "jwks_uri", "keys"];
    let texts =
        ["RSA", "EC", "OKP", "oct", "sig", "verify", "RS256", "ES256", "EdDSA", "P-256", "Ed25519", "AQAB", "", "_"];
    let value = prop_oneof![
        proptest::sample::select(texts.to_vec()).prop_map(|text| json!(text)),
        "[A-Za-z0-9_-]{0,90}".prop_map(|text| json!(text)),
        any::<i64>().prop_map(|number| json!(number)),
        Just(json!(null)),
        Just(json!(["verify", 1])),
        Just(json!({})),
    ];
    proptest::collection::btree_map(proptest::sample::select(names.to_vec()), value, 0..10)
        .prop_map(|members| json!(members))
}

proptest! {
    #[test]
    fn h01_no_text_makes_the_reader_of_tokens_panic(text in "[A-Za-z0-9_.-]{0,200}", header in object(), claims in object()) {
        let _ = UnverifiedToken::read(&text);
        let encode = |value: serde_json::Value| URL_SAFE_NO_PAD.encode(value.to_string());
        let _ = UnverifiedToken::read(&format!("{}.{}.AAAA", encode(header), encode(claims)));
    }

    #[test]
    fn h03_no_key_makes_the_reader_of_key_sets_panic(keys in proptest::collection::vec(object(), 0..5)) {
        let set = KeySet::read(json!({"keys": keys}).to_string().as_bytes()).unwrap();
        prop_assert!(set.len() <= keys.len());
        for algorithm in SigningAlgorithm::ALL {
            if set.len() == 0 {
                prop_assert!(matches!(set.find(None, algorithm), Found::Unknown));
            }
        }
    }

    #[test]
    fn h15_no_document_makes_the_reader_of_discovery_panic(document in object(), issuer in "https?://[a-z0-9.:/-]{0,30}") {
        let _ = (jwks_url(&issuer, document.to_string().as_bytes()), discovery_url(&issuer));
    }
}
