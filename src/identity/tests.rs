//! Forms that are accepted and refused, and secrets that stay hidden.

use rand::SeedableRng;
use rand::rngs::StdRng;
use zeroize::Zeroizing;

use super::*;

#[test]
fn generated_ids_and_secrets_have_the_published_forms() {
    let mut random = StdRng::seed_from_u64(7);
    for _ in 0..200 {
        let id = AccessKeyId::generate(&mut random);
        assert_eq!(id.as_str().len(), 20);
        assert!(id.as_str().starts_with("CW"));
        assert_eq!(AccessKeyId::parse(id.as_str()).as_ref(), Ok(&id));
        let secret = SecretAccessKey::generate(&mut random);
        assert_eq!(secret.expose().len(), 43);
        assert!(secret.expose().starts_with("cwo"));
        assert!(secret.expose().bytes().all(|byte| byte.is_ascii_alphanumeric()));
    }
}

#[test]
fn an_access_key_id_outside_the_alphabet_or_the_length_is_refused() {
    for text in
        ["", "short", "AKIA/IOSFODNN7EXAMPLE", "AKIAIOSFODNN7EXAMPL\u{0}", "*)(uid=*))(|(uid=*", &"A".repeat(129)]
    {
        assert_eq!(AccessKeyId::parse(text), Err(AccessKeyIdError), "{text}");
    }
    assert!(AccessKeyId::parse(&"A".repeat(16)).is_ok());
    assert!(AccessKeyId::parse(&"A".repeat(128)).is_ok());
}

#[test]
fn a_principal_needs_a_known_prefix_and_a_rest() {
    for text in [
        "",
        "root",
        "static/",
        "role/\n",
        "coreweave",
        "/static/x",
        // What a log or a terminal could show as something else.
        "saml/a b",
        "saml/a\u{202e}b",
        "saml/a\u{2028}b",
        "saml/\u{0430}",
        "role/https://issuer.example:a\u{200b}b",
    ] {
        assert_eq!(Principal::parse(text), Err(PrincipalError), "{text}");
    }
    assert!(Principal::parse("role/https://issuer.example:repo:a/b").is_ok());
}

#[test]
fn the_narrower_permission_is_the_minimum_and_the_default_is_none() {
    assert_eq!(Permission::default(), Permission::None);
    assert_eq!(Permission::Admin.min(Permission::Read), Permission::Read);
    assert!(
        Permission::None < Permission::Read
            && Permission::Read < Permission::Write
            && Permission::Write < Permission::Admin
    );
}

#[test]
fn a_secret_never_shows_in_debug_output() {
    let secret = SecretAccessKey::parse(Zeroizing::new("cwoVerySecretVerySecret".into())).unwrap();
    assert_eq!(format!("{secret:?}"), "SecretAccessKey(redacted)");
}

#[test]
fn api_tokens_session_tokens_and_token_ids_have_the_published_forms() {
    let mut random = StdRng::seed_from_u64(7);
    for _ in 0..200 {
        let token = ApiToken::generate(&mut random);
        assert_eq!((token.expose().len(), &token.expose()[..10]), (53, "CW-SECRET-"));
        assert_eq!(ApiToken::parse(token.expose()).map(|read| read.digest()), Some(token.digest()));
        let session = SessionToken::generate(&mut random);
        assert_eq!((session.expose().len(), &session.expose()[..4]), (47, "cws-"));
        assert!(session.expose().len() < 128 && session.expose().bytes().all(|byte| byte.is_ascii_graphic()));
        let id = TokenId::generate(&mut random);
        assert_eq!(id.as_str().len(), 16);
        assert_eq!(TokenId::parse(id.as_str()).as_ref(), Ok(&id));
    }
}

#[test]
fn what_is_drawn_is_drawn_anew() {
    let mut random = StdRng::seed_from_u64(7);
    let mut seen = std::collections::HashSet::new();
    for _ in 0..1000 {
        assert!(seen.insert(ApiToken::generate(&mut random).expose().to_owned()));
        assert!(seen.insert(SessionToken::generate(&mut random).expose().to_owned()));
        assert!(seen.insert(TokenId::generate(&mut random).as_str().to_owned()));
    }
}

#[test]
fn an_api_token_of_another_form_is_nobodys_before_any_look_up() {
    let right = format!("CW-SECRET-{}", "a".repeat(43));
    assert!(ApiToken::parse(&right).is_some());
    let hostile = [
        "",
        "CW-SECRET-",
        &right[..52],
        &format!("{right}a"),
        &format!(" {right}"),
        &right.to_lowercase(),
        &right.replacen('a', "/", 1),
        &right.replacen('a', "+", 1),
        &right.replacen('a', "=", 1),
        &right.replacen('a', "\n", 1),
        &right.replacen("aa", "ä", 1),
        "eyJhbGciOiJub25lIn0.e30.",
    ];
    for text in hostile {
        assert!(ApiToken::parse(text).is_none(), "{text:?}");
    }
}

#[test]
fn a_token_id_outside_the_alphabet_or_the_length_is_refused() {
    for text in ["", "short77", "ABCDEFGHIJKL", "abcdefgh/", "abcdefg_h", "../../../x", &"a".repeat(65)] {
        assert_eq!(TokenId::parse(text), Err(TokenIdError), "{text}");
    }
    assert!(TokenId::parse(&"a".repeat(8)).is_ok() && TokenId::parse(&"a".repeat(64)).is_ok());
}

#[test]
fn a_digest_is_of_one_secret_and_has_one_spelling() {
    let digest = SecretDigest::of(b"cws-one");
    assert!(digest.is_of(b"cws-one"));
    for other in [&b""[..], b"cws-on", b"cws-one ", b"CWS-ONE", digest.to_hex().as_bytes()] {
        assert!(!digest.is_of(other), "{other:?}");
    }
    let hex = digest.to_hex();
    assert!(SecretDigest::try_from(hex.clone()).is_ok_and(|read| read == digest));
    for text in [format!("0x{hex}"), hex.to_uppercase(), hex[1..].to_owned(), format!("{hex}00"), "g".repeat(64)] {
        assert!(SecretDigest::try_from(text.clone()).is_err(), "{text}");
    }
}

#[test]
fn no_token_and_no_digest_shows_in_debug_output() {
    let mut random = StdRng::seed_from_u64(7);
    let (token, session) = (ApiToken::generate(&mut random), SessionToken::generate(&mut random));
    let shown = format!("{token:?} {session:?} {:?}", token.digest());
    assert_eq!(shown, "ApiToken(redacted) SessionToken(redacted) SecretDigest(redacted)");
}

#[test]
fn attributes_have_the_published_forms() {
    let one = |name: &str, value: &str| Attributes::parse([(name.to_owned(), value.to_owned())].into());
    let (longest, too_long) = ("a".repeat(63), "a".repeat(64));
    for name in ["a", "7", "team", "my-team-7", "a--b", "cw", "cwx", "rol", "group", &longest] {
        assert!(one(name, "value").is_ok(), "{name}");
    }
    for name in [
        "", "-a", "a-", "-", "Team", "a_b", "a.b", "a b", "ä", "a\n", "cw-team", "cw-", "role", "role-x", "roles",
        "groups", "groupsx", &too_long,
    ] {
        assert_eq!(one(name, "value"), Err(AttributesError::Name(name.into())), "{name:?}");
    }
    for value in ["", "a", "A", "7", "a.b", "a_b", "a-b", "A.B_c-9", &longest] {
        assert!(one("name", value).is_ok(), "{value}");
    }
    for value in [".a", "a.", "-", "_a", "a-", "a b", "a/b", "a\n", "ä", "${jndi:x}", &too_long] {
        assert_eq!(one("name", value), Err(AttributesError::Value("name".into())), "{value:?}");
    }
    let many = |count| (0..count).map(|number| (format!("n{number}"), String::new())).collect();
    assert!(Attributes::parse(many(15)).is_ok_and(|attributes| attributes.iter().count() == 15));
    assert_eq!(Attributes::parse(many(16)), Err(AttributesError::TooMany));
    assert!(Attributes::default().is_empty());
}

#[test]
fn an_error_about_an_attribute_names_it_in_few_words() {
    let name = "A".repeat(10_000);
    let error = Attributes::parse([(name, String::new())].into()).unwrap_err().to_string();
    assert!(error.len() < 400 && error.contains("AAAA"), "{error}");
    let error = Attributes::parse([("name".to_owned(), "secret value".to_owned())].into()).unwrap_err().to_string();
    assert!(error.contains("\"name\"") && !error.contains("secret"), "{error}");
}

#[test]
fn stored_attributes_are_judged_again() {
    assert!(serde_json::from_str::<Attributes>(r#"{"team":"a"}"#).is_ok());
    assert!(serde_json::from_str::<Attributes>(r#"{"role":"a"}"#).is_err());
}

#[test]
fn groups_are_names_taken_literally_sorted_and_each_once() {
    let parse = |names: &[&str]| Groups::parse(names.iter().map(|&name| name.to_owned()));
    let groups = parse(&["physics", "CN=Domain Admins,OU=x", "Physics", "physics", "/a/*", "f\u{fc}r"]).unwrap();
    assert_eq!(groups.as_slice(), ["/a/*", "CN=Domain Admins,OU=x", "Physics", "f\u{fc}r", "physics"]);
    assert!(Groups::default().is_empty() && parse(&[]).is_ok_and(|groups| groups == Groups::default()));
    assert!(parse(&["\u{fc}".repeat(256).as_str(), "a"]).is_ok());
    for wrong in ["", " ", " a", "a ", "a\n", "a\tb", "\u{0}", "a\u{202e}b", "a\u{200b}", "\u{a0}a", &"a".repeat(257)] {
        let error = parse(&["a", wrong]).unwrap_err();
        assert_eq!(error, GroupsError::Name(wrong.chars().take(80).collect()), "{wrong:?}");
        assert!(error.to_string().len() < 300);
    }
    let many = |count| Groups::parse((0..count).map(|number| format!("g{}", number % 101)));
    assert!(many(100).is_ok_and(|groups| groups.as_slice().len() == 100));
    assert_eq!(many(101), Err(GroupsError::TooMany));
    assert!(serde_json::from_str::<Groups>(r#"["b","a"]"#).is_ok_and(|groups| groups.as_slice() == ["a", "b"]));
    assert!(serde_json::from_str::<Groups>(r#"["a",""]"#).is_err() && serde_json::from_str::<Groups>("\"a\"").is_err());
}

const ISSUERS: [&str; 6] = [
    "https://idp.example",
    "https://idp.example/",
    "https://idp.example:8443",
    "https://idp.example:8443/tenant",
    "http://127.0.0.1:8080",
    "http://[::1]:8080/tenant",
];

#[test]
fn h13_no_two_pairs_of_issuer_and_subject_make_the_same_principal() {
    let subjects = [
        "x",
        "12345",
        "8443:x",
        ":x",
        "8443/tenant:x",
        "/tenant:x",
        "/:x",
        "/::x",
        "tenant:x",
        "tenant",
        "8443/tenant",
        "repo:octo-org/octo-repo:ref:refs/heads/main",
        "system:serviceaccount:namespace:name",
        "a|b",
        "a=b,c",
    ];
    let mut made = std::collections::HashMap::new();
    let issuers = ["https://idp.example:", "https://idp.example:/", "https://idp.example/:", "https://idp.example::1"];
    for issuer in ISSUERS.iter().chain(&issuers) {
        for subject in subjects {
            let Ok(principal) = Principal::for_oidc_subject(issuer, subject) else { continue };
            let before = made.insert(principal.clone(), (issuer, subject));
            assert_eq!(before, None, "{principal} is of {issuer} and {subject}, too");
        }
    }
}

#[test]
fn h13_what_real_providers_say_makes_a_principal() {
    for (issuer, subject, principal) in [
        (
            "https://token.actions.githubusercontent.com",
            "repo:octo-org/octo-repo:ref:refs/heads/main",
            "role/https://token.actions.githubusercontent.com:repo:octo-org/octo-repo:ref:refs/heads/main",
        ),
        (
            "https://accounts.google.com",
            "110169484474386276334",
            "role/https://accounts.google.com:110169484474386276334",
        ),
        (
            "https://kubernetes.default.svc.cluster.local",
            "system:serviceaccount:ns:name",
            "role/https://kubernetes.default.svc.cluster.local:system:serviceaccount:ns:name",
        ),
        ("http://127.0.0.1:8080", "8443:x", "role/http://127.0.0.1:8080:8443:x"),
    ] {
        assert_eq!(Principal::for_oidc_subject(issuer, subject).unwrap().as_str(), principal);
    }
}

#[test]
fn h13_a_subject_with_wildcards_blanks_or_other_than_visible_ascii_is_refused() {
    for issuer in ISSUERS {
        for subject in ["", "*", "a*", "a?b", "a b", "a\n", "a\0", "\u{7f}", "ä", "a\u{202e}b", &"a".repeat(256)] {
            assert_eq!(Principal::for_oidc_subject(issuer, subject), Err(SubjectError::Subject), "{subject:?}");
        }
        assert!(Principal::for_oidc_subject(issuer, &"a".repeat(255)).is_ok());
    }
}

#[test]
fn h13_an_issuer_that_could_be_read_in_two_ways_is_no_part_of_a_principal() {
    for issuer in [
        "",
        "idp.example",
        "://",
        "https://",
        "https://idp.example/a:b",
        "https://user@idp.example",
        "https://idp.example?a",
        "https://idp.example#a",
        "https://idp.example/a b",
        "https://idp.example/\n",
        "https://idp.example/*",
        "https://idp.example\\x",
        "https://idp.example:1:2",
    ] {
        assert_eq!(Principal::for_oidc_subject(issuer, "subject"), Err(SubjectError::Issuer), "{issuer:?}");
    }
    for issuer in ISSUERS {
        assert!(Principal::for_oidc_subject(issuer, "subject").is_ok(), "{issuer}");
    }
}

#[test]
fn h14_the_prefix_is_set_here_whatever_a_claim_says() {
    for subject in ["../static/x", "static/CWAAAAAAAAAAAAAAAAAA", "coreweave/abcdefgh", "saml/Admin", "root"] {
        let principal = Principal::for_oidc_subject("https://idp.example:443", subject).unwrap();
        assert_eq!(principal.as_str(), format!("role/https://idp.example:443:{subject}"));
    }
    for role in ["coreweave", "static", "role", "root", "..", "a+b=c,d.e@f-g_h", &"A".repeat(64)] {
        assert_eq!(Principal::for_saml_role(role).unwrap().as_str(), format!("saml/{role}"));
    }
    for role in [
        "",
        "a/b",
        "../static/x",
        "static/x",
        "a:b",
        "a*",
        "a?",
        "a b",
        " a",
        "a\n",
        "a\0",
        "ä",
        "${x}",
        &"A".repeat(65),
    ] {
        assert_eq!(Principal::for_saml_role(role), Err(SubjectError::Role), "{role:?}");
    }
    let id = TokenId::parse("static-x").unwrap();
    assert_eq!(Principal::for_token(&id).as_str(), "coreweave/static-x");
}
