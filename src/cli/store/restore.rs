//! `portcullis store accept-restore`.

use serde_json::json;

use crate::cli::failure::Failure;
use crate::cli::management::{self, as_json};
use crate::clock::SystemClock;
use crate::store;

pub(super) async fn accept(place: management::Arguments, json: bool) -> Result<String, Failure> {
    let place = super::transfer::here(place)?;
    let mut random = rand::rand_core::UnwrapErr(rand::rngs::SysRng);
    let was_older = store::accept_restore(&place.store, std::sync::Arc::new(SystemClock), &mut random).await?;
    if json {
        return as_json(&json!({ "wasOlder": was_older }));
    }
    let found = if was_older { "The store is an older copy." } else { "Nothing says that the store is an older copy." };
    Ok(format!("{found} Servers may start on it as it is. Revoke again what was revoked since it was made.\n"))
}
