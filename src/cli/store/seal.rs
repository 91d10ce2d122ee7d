//! `portcullis store rotate-seal` and `new-seal-key`.

use std::path::Path;

use http::Method;
use rand::rand_core::UnwrapErr;
use rand::rngs::SysRng;
use serde_json::json;

use super::answer;
use crate::cli::failure::Failure;
use crate::cli::management::{self, NOTHING, Service, as_json};
use crate::control::SealRotation;
use crate::store::SealKeys;

pub(super) async fn rotate(place: management::Arguments, json: bool) -> Result<String, Failure> {
    let service = Service::connect(place.resolve()?).await?;
    let rotated: Result<SealRotation, _> = service.call(Method::POST, "/v1/admin/store/rotate-seal", NOTHING).await;
    service.close().await;
    answer::rotated(&rotated?, json)
}

pub(super) fn new_key(file: &Path, json: bool) -> Result<String, Failure> {
    let failed = |error: crate::store::SealFileError| Failure::work(error.to_string());
    SealKeys::create_file(file, &mut UnwrapErr(SysRng)).map_err(failed)?;
    let id = SealKeys::read(file, &[]).map_err(failed)?.current().to_string();
    if json {
        return as_json(&json!({ "file": file, "sealKeyId": id }));
    }
    Ok(format!("made {} with the seal key {id}; keep a copy of it apart from the store\n", file.display()))
}
