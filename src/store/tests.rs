//! Seals that do not open where they should not, key files that are not accepted, records that are not half read.

use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt as _;

use rand::rand_core::UnwrapErr;
use rand::rngs::SysRng;
use tempfile::tempdir;
use zeroize::Zeroizing;

use super::*;
use crate::identity::{
    AccessKeyId, Attributes, Groups, OrganizationId, Origin, Permission, Principal, SecretAccessKey, SecretDigest,
    TokenId,
};

const SECRET: &str = "cwoVerySecretVerySecretVerySecret";

fn secret() -> SecretAccessKey {
    SecretAccessKey::parse(Zeroizing::new(SECRET.into())).unwrap()
}

fn keys(byte: u8) -> SealKeys {
    SealKeys::new(&Zeroizing::new([byte; 32]))
}

fn record_key(text: &str) -> RecordKey {
    RecordKey::parse(text).unwrap()
}

fn sealed_bytes(sealed: &SealedSecret) -> Vec<u8> {
    use base64::Engine as _;
    base64::engine::general_purpose::STANDARD.decode(String::from(sealed.clone())).unwrap()
}

fn from_bytes(bytes: &[u8]) -> SealedSecret {
    use base64::Engine as _;
    SealedSecret::try_from(base64::engine::general_purpose::STANDARD.encode(bytes)).unwrap()
}

#[test]
fn a_sealed_secret_opens_for_its_own_record_and_hides_the_secret() {
    let sealed = keys(1).seal(&record_key("key/A"), &secret(), &mut UnwrapErr(SysRng)).unwrap();
    assert_eq!(keys(1).open(&record_key("key/A"), &sealed).unwrap().expose(), SECRET);
    assert!(!sealed_bytes(&sealed).windows(8).any(|window| SECRET.as_bytes().windows(8).any(|part| part == window)));
    let again = keys(1).seal(&record_key("key/A"), &secret(), &mut UnwrapErr(SysRng)).unwrap();
    assert_ne!(sealed, again, "the same secret is sealed differently each time");
}

#[test]
fn a_sealed_secret_does_not_open_for_another_record() {
    let sealed = keys(1).seal(&record_key("key/A"), &secret(), &mut UnwrapErr(SysRng)).unwrap();
    let other = record_key("key/B");
    assert_eq!(keys(1).open(&other, &sealed).unwrap_err(), SealError::Tampered(other));
}

#[test]
fn no_byte_of_a_sealed_secret_can_be_changed_or_cut_off() {
    let name = record_key("key/A");
    let sealed = keys(1).seal(&name, &secret(), &mut UnwrapErr(SysRng)).unwrap();
    let bytes = sealed_bytes(&sealed);
    for position in 0..bytes.len() {
        let mut changed = bytes.clone();
        changed[position] ^= 0x40;
        assert!(keys(1).open(&name, &from_bytes(&changed)).is_err(), "byte {position}");
    }
    for length in 0..bytes.len() {
        assert!(keys(1).open(&name, &from_bytes(&bytes[..length])).is_err(), "length {length}");
    }
    assert!(keys(1).open(&name, &from_bytes(&bytes)).is_ok());
}

#[test]
fn a_secret_sealed_under_another_key_names_the_key_it_needs() {
    let name = record_key("key/A");
    let sealed = keys(1).seal(&name, &secret(), &mut UnwrapErr(SysRng)).unwrap();
    let error = keys(2).open(&name, &sealed).unwrap_err();
    assert_eq!(error, SealError::KeyMissing { record: name, key: keys(1).current() });
}

#[test]
fn an_older_key_still_opens_and_the_current_one_seals() {
    let name = record_key("key/A");
    let old = keys(1).seal(&name, &secret(), &mut UnwrapErr(SysRng)).unwrap();
    let both = keys(2).and_opening(&Zeroizing::new([1; 32]));
    assert_eq!(both.open(&name, &old).unwrap().expose(), SECRET);
    let new = both.seal(&name, &secret(), &mut UnwrapErr(SysRng)).unwrap();
    assert_eq!(new.key(), Some(keys(2).current()));
    assert!(keys(1).open(&name, &new).is_err());
}

#[test]
fn a_seal_key_file_that_others_can_read_is_refused() {
    let folder = tempdir().unwrap();
    let path = folder.path().join("seal.key");
    SealKeys::create_file(&path, &mut UnwrapErr(SysRng)).unwrap();
    assert!(SealKeys::read(&path, &[]).is_ok());
    for mode in [0o400, 0o600] {
        fs::set_permissions(&path, Permissions::from_mode(mode)).unwrap();
        assert!(SealKeys::read(&path, &[]).is_ok(), "{mode:o}");
    }
    for mode in [0o644, 0o660, 0o604, 0o700, 0o4600] {
        fs::set_permissions(&path, Permissions::from_mode(mode)).unwrap();
        let error = SealKeys::read(&path, &[]).unwrap_err();
        assert!(matches!(error, SealFileError::Mode { mode: found, .. } if found == mode), "{mode:o}: {error}");
    }
}

#[test]
fn a_seal_key_file_holds_32_bytes_as_base64_and_nothing_else() {
    use base64::Engine as _;
    use base64::engine::general_purpose::STANDARD as BASE64;
    let folder = tempdir().unwrap();
    let path = folder.path().join("seal.key");
    let read = |content: &str| {
        fs::write(&path, content).unwrap();
        fs::set_permissions(&path, Permissions::from_mode(0o600)).unwrap();
        SealKeys::read(&path, &[])
    };
    let right = BASE64.encode([7; 32]);
    assert_eq!(read(&format!("{right}\n")).unwrap().current(), keys(7).current());
    let (short, long) = (BASE64.encode([7; 31]), BASE64.encode([7; 33]));
    for wrong in ["", "no base64 at all", &short, &long, &format!("{right} {right}"), &"A".repeat(500)] {
        assert!(matches!(read(wrong).unwrap_err(), SealFileError::Content { .. }), "{wrong}");
    }
}

#[test]
fn an_existing_seal_key_is_never_overwritten_and_a_lost_one_never_replaced() {
    let folder = tempdir().unwrap();
    let (path, store) = (folder.path().join("seal.key"), folder.path().join("store.redb"));
    let made = SealKeys::read_or_create(&path, &[], &store, &mut UnwrapErr(SysRng)).unwrap().current();
    assert!(SealKeys::create_file(&path, &mut UnwrapErr(SysRng)).is_err());
    assert_eq!(SealKeys::read_or_create(&path, &[], &store, &mut UnwrapErr(SysRng)).unwrap().current(), made);
    fs::write(&store, "").unwrap();
    fs::remove_file(&path).unwrap();
    let error = SealKeys::read_or_create(&path, &[], &store, &mut UnwrapErr(SysRng)).unwrap_err();
    assert!(matches!(error, SealFileError::Lost { .. }), "{error}");
    assert!(!path.exists());
}

fn key_record() -> KeyRecord {
    let id = AccessKeyId::parse("CWAAAABBBBCCCCDDDDEE").unwrap();
    let name = RecordKey::for_access_key(&id);
    KeyRecord {
        principal: Principal::for_static_key(&id),
        organization: OrganizationId::parse("ab1cd2").unwrap(),
        permission: Permission::Read,
        issued_at: "2026-01-02T03:04:05Z".parse().unwrap(),
        expires_at: None,
        attributes: Attributes::parse([("team".to_owned(), "blue".to_owned())].into()).unwrap(),
        groups: Groups::default(),
        session_token: None,
        minted_from: MintedFrom::Static { imported: false },
        state: KeyState::Active {
            secret: keys(1).seal(&name, &secret(), &mut UnwrapErr(SysRng)).unwrap(),
            second_secret: None,
        },
        id,
    }
}

#[test]
fn records_come_back_as_they_were_written() {
    let mut record = key_record();
    assert_eq!(KeyRecord::decode(&record.record_key(), &record.encode()).unwrap(), record);
    record.state = KeyState::Revoked { at: "2026-01-02T03:04:06Z".parse().unwrap() };
    assert_eq!(KeyRecord::decode(&record.record_key(), &record.encode()).unwrap(), record);
}

#[test]
fn a_record_that_is_not_fully_understood_is_an_error() {
    let record = key_record();
    let (name, text) = (record.record_key(), String::from_utf8(record.encode().to_vec()).unwrap());
    let with = |from: &str, to: &str| {
        let changed = text.replacen(from, to, 1);
        assert_ne!(changed, text, "{from}");
        KeyRecord::decode(&name, changed.as_bytes())
    };
    assert!(with("\"team\"", "\"group\"").is_ok());
    assert!(matches!(with("\"v\":1", "\"v\":2").unwrap_err(), RecordError::Version { found: 2, .. }));
    for (from, to) in [
        ("\"permission\":\"read\"", "\"permission\":\"root\""),
        ("\"permission\":\"read\",", ""),
        ("\"status\":\"active\"", "\"status\":\"paused\""),
        ("\"status\":\"active\"", "\"status\":\"revoked\""),
        ("\"attributes\"", "\"suspended\":true,\"attributes\""),
        ("\"record\"", "\"also\":1,\"record\""),
    ] {
        assert!(matches!(with(from, to).unwrap_err(), RecordError::Malformed { .. }), "{from} -> {to}");
    }
    let other = record_key("key/CWAAAABBBBCCCCDDDDFF");
    assert!(matches!(KeyRecord::decode(&other, text.as_bytes()).unwrap_err(), RecordError::Misfiled { .. }));
}

#[test]
fn records_from_before_there_were_groups_still_read_and_are_written_as_before() {
    let (key, token) = (key_record(), token_record(of_secret()));
    let text = String::from_utf8(key.encode().to_vec()).unwrap() + std::str::from_utf8(&encode(&token)).unwrap();
    assert!(!text.contains("groups"), "{text}");
    let old = r#"{"v":1,"record":{"id":"abcdefghijklmnop","name":"deploy","permission":"write","created_at":"2026-01-02T03:04:05Z","expires_at":"2027-01-02T03:04:05Z","origin":{"kind":"secret","digest":"DIGEST"},"state":{"status":"active"}}}"#;
    let old = old.replace("DIGEST", &SecretDigest::of(b"secret").to_hex());
    assert_eq!(TokenRecord::decode(&token.record_key(), old.as_bytes()).unwrap(), token);

    let groups = || Groups::parse(["physics".to_owned()]).unwrap();
    let (key, token) = (KeyRecord { groups: groups(), ..key }, TokenRecord { groups: groups(), ..token });
    assert_eq!(KeyRecord::decode(&key.record_key(), &key.encode()).unwrap(), key);
    assert_eq!(TokenRecord::decode(&token.record_key(), &encode(&token)).unwrap(), token);
    let wrong = String::from_utf8(encode(&token).to_vec()).unwrap().replacen("physics", "\\n", 1);
    assert!(matches!(TokenRecord::decode(&token.record_key(), wrong.as_bytes()), Err(RecordError::Malformed { .. })));
}

#[test]
fn a_store_that_is_open_elsewhere_says_to_use_the_control_socket() {
    let folder = tempdir().unwrap();
    let path = folder.path().join("store.redb");
    let held = EmbeddedStore::open(&path).unwrap();
    let error = EmbeddedStore::open(&path).err().unwrap();
    assert!(matches!(error, OpenError::InUse { .. }), "{error}");
    assert!(error.to_string().contains("control socket"));
    drop(held);
    assert!(EmbeddedStore::open(&path).is_ok());
    assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
}

#[test]
fn a_file_that_is_no_store_is_refused_and_left_alone() {
    let folder = tempdir().unwrap();
    let path = folder.path().join("store.redb");
    fs::write(&path, "something of somebody else's").unwrap();
    assert!(matches!(EmbeddedStore::open(&path).err().unwrap(), OpenError::Database { .. }));
    assert_eq!(fs::read_to_string(&path).unwrap(), "something of somebody else's");
}

fn token_record(origin: TokenOrigin) -> TokenRecord {
    TokenRecord {
        id: TokenId::parse("abcdefghijklmnop").unwrap(),
        name: "deploy".into(),
        permission: Permission::Write,
        groups: Groups::default(),
        created_at: "2026-01-02T03:04:05Z".parse().unwrap(),
        expires_at: Some("2027-01-02T03:04:05Z".parse().unwrap()),
        origin,
        state: TokenState::Active {},
    }
}

fn of_secret() -> TokenOrigin {
    TokenOrigin::Secret { digest: SecretDigest::of(b"secret") }
}

fn of_single_sign_on() -> TokenOrigin {
    TokenOrigin::SingleSignOn {
        configuration: "c1".into(),
        issuer: "https://idp.example".into(),
        subject: "somebody".into(),
        at_most: Permission::Admin,
        makes_permanent_keys: true,
    }
}

#[test]
fn token_records_come_back_as_they_were_written() {
    let at = "2026-02-02T03:04:05Z".parse().unwrap();
    for origin in [of_secret(), of_single_sign_on()] {
        for state in [
            TokenState::Active {},
            TokenState::Revoked { at, keeps_keys: true },
            TokenState::Revoked { at, keeps_keys: false },
        ] {
            let record = TokenRecord { state, ..token_record(origin.clone()) };
            assert_eq!(TokenRecord::decode(&record.record_key(), &encode(&record)).unwrap(), record);
        }
    }
}

#[test]
fn a_token_record_that_is_not_fully_understood_is_an_error() {
    for origin in [of_secret(), of_single_sign_on()] {
        let record = token_record(origin);
        let name = record.record_key();
        let text = String::from_utf8(encode(&record).to_vec()).unwrap();
        assert!(TokenRecord::decode(&name, text.as_bytes()).is_ok());
        let changed = [
            ("\"v\":1", "\"v\":2"),
            ("\"permission\":\"write\"", "\"permission\":\"root\""),
            ("\"permission\":\"write\",", ""),
            ("\"status\":\"active\"", "\"status\":\"paused\""),
            ("\"status\":\"active\"", "\"status\":\"revoked\""),
            ("\"status\":\"active\"", "\"status\":\"active\",\"until\":1"),
            ("\"kind\":\"", "\"kind\":\"other_"),
            ("\"kind\":", "\"only_from\":\"10.0.0.0/8\",\"kind\":"),
            ("\"name\"", "\"disabled\":true,\"name\""),
            ("abcdefghijklmnop", "bbcdefghijklmnop"),
        ];
        for (from, to) in changed {
            let wrong = text.replacen(from, to, 1);
            assert_ne!(wrong, text, "{from}");
            assert!(TokenRecord::decode(&name, wrong.as_bytes()).is_err(), "{from} -> {to}");
        }
    }
}

#[test]
fn a_key_says_what_it_was_made_from_and_whether_a_session_token_has_to_come() {
    let oidc = Origin::Oidc {
        configuration: "c1".into(),
        issuer: "https://idp.example".into(),
        audience: "portcullis".into(),
        subject: "somebody".into(),
        token_id: None,
    };
    let saml = Origin::Saml {
        configuration: "c2".into(),
        issuer: "https://idp.example/saml".into(),
        role: "Reader".into(),
        principal_name: "somebody@example.com".into(),
        assertion_id: "_a1".into(),
    };
    for minted_from in [
        MintedFrom::ApiToken { token: TokenId::parse("abcdefghijklmnop").unwrap() },
        MintedFrom::Federated { origin: oidc },
        MintedFrom::Federated { origin: saml },
        MintedFrom::Static { imported: true },
    ] {
        for session_token in [None, Some(SecretDigest::of(b"session"))] {
            let record = KeyRecord { minted_from: minted_from.clone(), session_token, ..key_record() };
            let stored = record.encode();
            assert_eq!(KeyRecord::decode(&record.record_key(), &stored).unwrap(), record);
            let more = String::from_utf8(stored.to_vec()).unwrap().replacen("\"kind\":", "\"also\":1,\"kind\":", 1);
            assert!(KeyRecord::decode(&record.record_key(), more.as_bytes()).is_err(), "{more}");
        }
    }
}

#[test]
fn an_error_about_a_token_record_shows_no_digest() {
    let digest = SecretDigest::of(b"secret").to_hex();
    let record = token_record(of_secret());
    let text = String::from_utf8(encode(&record).to_vec()).unwrap();
    for wrong in [text.replacen(&digest, &digest[1..], 1), text.replacen("\"digest\"", "\"hash\"", 1)] {
        let error = TokenRecord::decode(&record.record_key(), wrong.as_bytes()).unwrap_err();
        assert!(!format!("{error} {error:?}").contains(&digest[1..]), "{error}");
    }
    assert!(!format!("{record:?}").contains(&digest));
}

#[test]
fn names_of_records_tell_apart_what_differs() {
    let (one, two) = (Principal::parse("saml/a").unwrap(), Principal::parse("saml/a/b").unwrap());
    assert_ne!(RecordKey::prefix_of_owned(&one), RecordKey::prefix_of_owned(&two));
    let id = AccessKeyId::parse("CWAAAABBBBCCCCDDDDEE").unwrap();
    for principal in [&one, &two] {
        let owned = RecordKey::for_owned(principal, &id);
        assert!(owned.as_str().starts_with(&RecordKey::prefix_of_owned(principal)));
        assert_eq!(owned.owned_access_key(), Some(id.clone()));
        assert_eq!(owned.access_key(), None);
    }
    assert_ne!(RecordKey::for_single_sign_on("a", "bc"), RecordKey::for_single_sign_on("ab", "c"));
    assert_ne!(
        RecordKey::for_unique_federation("oidc", &["a", "bc"]),
        RecordKey::for_unique_federation("oidc", &["ab", "c"])
    );
    assert_ne!(RecordKey::for_unique_federation("oidc", &["a"]), RecordKey::for_unique_federation("oidc", &["a", ""]));
    let token = TokenId::parse("abcdefghijklmnop").unwrap();
    for key in [RecordKey::for_token(&token), RecordKey::for_use_of_token(&token)] {
        assert_eq!((key.token(), key.access_key()), (Some(token.clone()), None));
    }
    assert!(!RecordKey::for_use_of_token(&token).as_str().starts_with(TOKENS), "a listing of tokens holds no uses");
    assert_eq!(RecordKey::for_federation("oidc", "a\nb"), None);
}
