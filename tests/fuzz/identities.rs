//! Names, ids and secrets that clients show.

use portcullis::identity::{AccessKeyId, ApiToken, Groups, OrganizationId, Principal, SecretDigest, TokenId};

#[test]
fn identities() {
    crate::engine::run("identities", |input| {
        let Ok(text) = std::str::from_utf8(input) else { return };
        if let Ok(id) = AccessKeyId::parse(text) {
            assert_eq!(id.as_str(), text);
            assert!(
                (16..=128).contains(&text.len())
                    && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
            );
            assert!(Principal::parse(Principal::for_static_key(&id).as_str()).is_ok());
        }
        if let Ok(id) = TokenId::parse(text) {
            assert_eq!(id.as_str(), text);
            assert!(Principal::parse(Principal::for_token(&id).as_str()).is_ok());
        }
        if let Some(token) = ApiToken::parse(text) {
            assert_eq!(token.expose(), text);
            assert!(token.digest().is_of(input));
            assert!(!format!("{token:?}").contains(text));
        }
        if let Ok(digest) = SecretDigest::try_from(text.to_owned()) {
            assert_eq!(digest.to_hex(), text);
        }
        if let Ok(organization) = OrganizationId::parse(text) {
            assert_eq!(organization.as_str(), text);
            assert!(!text.contains([':', '/', '*', '\0']));
        }
        principals(text);
        groups(text);
    });
}

/// A name of one kind is never read as one of another.
fn principals(text: &str) {
    if let Ok(principal) = Principal::parse(text) {
        assert_eq!(principal.as_str(), text);
        assert!(text.contains('/') && !text.chars().any(char::is_control));
    }
    if let Ok(principal) = Principal::for_saml_role(text) {
        assert_eq!(principal.as_str(), format!("saml/{text}"));
        assert_eq!(Principal::parse(principal.as_str()).unwrap(), principal);
    }
    let issuer = "https://issuer.example/";
    if let Ok(principal) = Principal::for_oidc_subject(issuer, text) {
        assert!(principal.as_str().starts_with("role/https://issuer.example"));
        assert!(principal.as_str().ends_with(text));
        assert_eq!(Principal::parse(principal.as_str()).unwrap(), principal);
    }
}

fn groups(text: &str) {
    let names = text.split('\n').map(str::to_owned);
    match Groups::parse(names) {
        Ok(groups) => {
            let again = Groups::parse(groups.as_slice().iter().cloned()).unwrap();
            assert_eq!(again.as_slice(), groups.as_slice());
            assert!(groups.as_slice().iter().all(|group| text.contains(group.as_str())));
        }
        Err(error) => assert!(!error.without_name().is_empty()),
    }
}
