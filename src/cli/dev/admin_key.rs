//! The static key of a development server: one that may do everything, the same at every start. Its
//! secret is kept in the folder, readable by its owner only, because it is printed again each time.

use anyhow::Context as _;
use rand::CryptoRng;

use super::folder::{Credential, Folder};
use crate::identity::Permission;
use crate::keys::{KeyStatus, Keys, NewStaticKey};

/// The key, whole, and whether it was made just now.
pub(super) struct AdminKey {
    pub(super) credential: Credential,
    pub(super) is_new: bool,
}

/// The kept key, if the store still holds it as one that may do everything; else a new one.
pub(super) async fn ensure(
    folder: &Folder,
    keys: &Keys,
    random: &mut (impl CryptoRng + Send),
) -> anyhow::Result<AdminKey> {
    if let Some(credential) = folder.kept_credential(NAME) {
        let known = keys.show(&credential.id).await.context("the store cannot be read")?;
        if known.is_some_and(|key| key.status == KeyStatus::Active && key.permission == Permission::Admin) {
            return Ok(AdminKey { credential, is_new: false });
        }
    }
    let request = NewStaticKey { permission: Permission::Admin, ..NewStaticKey::default() };
    let (key, secret) = keys.create_static(request, random).await.context("no key can be made")?;
    let credential = Credential { id: key.access_key_id, secret };
    folder.keep_credential(NAME, &credential)?;
    Ok(AdminKey { credential, is_new: true })
}

const NAME: &str = "admin";
