//! Keys of a test app: made, suspended and revoked through the program's own `Keys`.

use jiff::Timestamp;
use portcullis::identity::{AccessKeyId, Permission, SecretAccessKey};
use portcullis::keys::NewStaticKey;
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
