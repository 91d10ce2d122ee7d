//! The API token of a development server: one that may do everything, the same at every start. It is kept
//! in the folder, readable by its owner only, where the printed lines read it from.

use anyhow::Context as _;
use rand::CryptoRng;
use zeroize::Zeroizing;

use super::folder::Folder;
use crate::identity::{ApiToken, Permission};
use crate::keys::{Keys, NewToken};

/// The token, which is in the folder, and whether it was made just now.
pub(super) struct AdminToken {
    pub(super) is_new: bool,
}

/// The kept token, if the store still holds it as one that may do everything; else a new one.
pub(super) async fn ensure(
    folder: &Folder,
    keys: &Keys,
    random: &mut (impl CryptoRng + Send),
) -> anyhow::Result<AdminToken> {
    if let Some(token) = folder.read(NAME).and_then(|text| ApiToken::parse(text.trim_end())) {
        let holder = keys.login(&token).await.context("the store cannot be read")?;
        if holder.is_some_and(|holder| holder.permission() == Permission::Admin) {
            return Ok(AdminToken { is_new: false });
        }
    }
    let request = NewToken { name: "portcullis dev".to_owned(), permission: Permission::Admin, ..NewToken::default() };
    let (_, token) = keys.create_token(request, random).await.context("no API token can be made")?;
    folder.write(NAME, &Zeroizing::new(format!("{}\n", token.expose())))?;
    Ok(AdminToken { is_new: true })
}

const NAME: &str = "admin.token";
