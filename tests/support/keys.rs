//! Keys and API tokens of a test app: made, suspended and revoked through the program's own `Keys`.

use std::num::NonZeroU32;

use jiff::Timestamp;
use portcullis::identity::{AccessKeyId, ApiToken, Permission, SecretAccessKey};
use portcullis::keys::{Grant, IssuedKey, KeyLife, KeysOfToken, NewStaticKey, NewToken, TokenHolder, TokenUpdate};
use rand::rand_core::UnwrapErr;
use rand::rngs::SysRng;
use zeroize::Zeroizing;

use super::app::TestApp;
use super::sign::TestKey;

impl TestApp {
    /// Issues a static key.
    pub(crate) async fn new_key(&self, permission: Permission, expires_at: Option<Timestamp>) -> TestKey {
        let new = NewStaticKey { permission, expires_at, ..NewStaticKey::default() };
        let made = self.running().keys.create_static(new, &mut UnwrapErr(SysRng)).await;
        let (info, secret) = made.expect("the key is made");
        TestKey { id: info.access_key_id.to_string(), secret: secret.expose().to_owned() }
    }

    /// Takes over a key that was made elsewhere.
    pub(crate) async fn import(&self, key: &TestKey, permission: Permission) {
        let secret = SecretAccessKey::parse(Zeroizing::new(key.secret.clone())).expect("the secret is valid");
        let new = NewStaticKey { permission, import: Some((id(key), secret)), ..NewStaticKey::default() };
        self.running().keys.create_static(new, &mut UnwrapErr(SysRng)).await.expect("the key is taken over");
    }

    /// Creates an API token and logs in with it.
    pub(crate) async fn new_holder(&self, permission: Permission, expires_at: Option<Timestamp>) -> TokenHolder {
        let new = NewToken { name: "test".into(), permission, expires_at, ..NewToken::default() };
        let made = self.running().keys.create_token(new, &mut UnwrapErr(SysRng)).await;
        let (_, token) = made.expect("the token is made");
        self.login(&token).await.expect("the token is alive")
    }

    pub(crate) async fn login(&self, token: &ApiToken) -> Option<TokenHolder> {
        self.running().keys.login(token).await.expect("the store works")
    }

    /// Issues a key as wide as its token.
    pub(crate) async fn key_of(&self, holder: &TokenHolder, life: KeyLife) -> TestKey {
        self.issue(Grant::from_token(holder, Permission::Admin, life)).await.0
    }

    /// Issues a key that works only with the session token beside it, for an hour.
    pub(crate) async fn session_of(&self, holder: &TokenHolder) -> (TestKey, String) {
        let life = KeyLife::Seconds(NonZeroU32::new(3600).expect("it is not zero"));
        let grant = Grant::from_token(holder, Permission::Admin, life).with_session_token();
        let (key, token) = self.issue(grant).await;
        (key, token.expect("a session has a token"))
    }

    async fn issue(&self, grant: Grant) -> (TestKey, Option<String>) {
        let issued = self.running().keys.issue(grant, &mut UnwrapErr(SysRng)).await;
        let IssuedKey { info, secret, session_token } = issued.expect("the key is issued");
        let key = TestKey { id: info.access_key_id.to_string(), secret: secret.expose().to_owned() };
        (key, session_token.map(|token| token.expose().to_owned()))
    }

    pub(crate) async fn set_permission(&self, of: &TokenHolder, permission: Permission) {
        let update = TokenUpdate { permission: Some(permission), ..TokenUpdate::default() };
        let updated = self.running().keys.update_token(of.token(), update).await;
        updated.expect("the store works").expect("the token exists");
    }

    pub(crate) async fn revoke_token(&self, of: &TokenHolder, keys: KeysOfToken) {
        let revoked = self.running().keys.revoke_token(of.token(), keys).await;
        revoked.expect("the store works").expect("the token exists");
    }

    pub(crate) async fn suspend(&self, key: &TestKey) {
        self.running().keys.suspend(&id(key)).await.expect("the store works").expect("the key exists");
    }

    pub(crate) async fn resume(&self, key: &TestKey) {
        self.running().keys.resume(&id(key)).await.expect("the store works").expect("the key exists");
    }

    pub(crate) async fn revoke(&self, key: &TestKey) {
        self.running().keys.revoke(&id(key)).await.expect("the store works").expect("the key exists");
    }
}

fn id(key: &TestKey) -> AccessKeyId {
    AccessKeyId::parse(&key.id).expect("issued ids are valid")
}
