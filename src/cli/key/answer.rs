//! What `portcullis key` prints.

use std::fmt::Write as _;

use crate::cli::failure::Failure;
use crate::cli::management::{as_json, shell_quoted, table, time_or};
use crate::control::{CreatedKey, KeyList};
use crate::identity::Origin;
use crate::keys::KeyInfo;
use crate::store::MintedFrom;

pub(super) fn created(created: &CreatedKey, json: bool) -> Result<String, Failure> {
    if json {
        return as_json(created);
    }
    let key = &created.key;
    Ok(format!(
        "# {}, {}, {}. The secret is shown this once.\nexport AWS_ACCESS_KEY_ID={}\nexport AWS_SECRET_ACCESS_KEY={}\n",
        key.principal,
        key.permission,
        key.expires_at.map_or_else(|| "permanent".to_owned(), |end| format!("until {end}")),
        key.access_key_id,
        shell_quoted(created.secret_key.0.expose()),
    ))
}

pub(super) fn listed(list: &KeyList, json: bool) -> Result<String, Failure> {
    if json {
        return as_json(list);
    }
    let row = |key: &KeyInfo| {
        [
            key.access_key_id.to_string(),
            key.status.as_str().to_owned(),
            key.permission.to_string(),
            time_or(key.expires_at, "never"),
            time_or(key.last_used, "-"),
            key.principal.to_string(),
        ]
    };
    let rows: Vec<_> = list.access_keys.iter().map(row).collect();
    Ok(table(["ACCESS KEY ID", "STATUS", "PERMISSION", "EXPIRES", "LAST USED", "PRINCIPAL"], &rows))
}

pub(super) fn shown(key: &KeyInfo, json: bool) -> Result<String, Failure> {
    if json {
        return as_json(key);
    }
    let mut text = String::new();
    let mut line = |name: &str, value: &str| {
        // Writing to a string cannot fail.
        let _ = writeln!(text, "{name:15} {value}");
    };
    line("access key id", key.access_key_id.as_str());
    line("status", key.status.as_str());
    line("principal", key.principal.as_str());
    line("organization", key.organization.as_str());
    line("permission", key.permission.as_str());
    line("issued", &time_or(Some(key.issued_at), "-"));
    line("expires", &time_or(key.expires_at, "never"));
    line("last used", &time_or(key.last_used, "-"));
    if key.suspended_since.is_some() {
        line("suspended since", &time_or(key.suspended_since, "-"));
    }
    if key.revoked_at.is_some() {
        line("revoked", &time_or(key.revoked_at, "-"));
    }
    line("made from", &made_from(&key.minted_from));
    for (name, value) in key.attributes.iter() {
        line(name, value);
    }
    Ok(text)
}

fn made_from(source: &MintedFrom) -> String {
    match source {
        MintedFrom::ApiToken { token } => format!("API token {token}"),
        MintedFrom::Federated { origin: Origin::Oidc { issuer, subject, .. } } => {
            format!("OIDC token of {subject} from {issuer}")
        }
        MintedFrom::Federated { origin: Origin::Saml { issuer, principal_name, .. } } => {
            format!("SAML assertion for {principal_name} from {issuer}")
        }
        MintedFrom::Static { imported: true } => "an imported key".to_owned(),
        MintedFrom::Static { imported: false } => "a command".to_owned(),
    }
}
