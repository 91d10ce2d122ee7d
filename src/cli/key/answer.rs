//! What `portcullis key` prints.

use crate::cli::failure::Failure;
use crate::cli::management::{as_json, details, shell_quoted, table, time_or};
use crate::control::{CreatedKey, KeyList, RevokedKeys};
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

pub(super) fn revoked(revoked: &RevokedKeys, json: bool) -> Result<String, Failure> {
    if json {
        return as_json(revoked);
    }
    Ok(format!(
        "{}, issued before {}, are refused everywhere from now on. Secrets destroyed: {}.\n",
        revoked.scope, revoked.issued_before, revoked.secrets_destroyed
    ))
}

pub(super) fn shown(key: &KeyInfo, json: bool) -> Result<String, Failure> {
    if json {
        return as_json(key);
    }
    let mut pairs = vec![
        ("access key id", key.access_key_id.to_string()),
        ("status", key.status.as_str().to_owned()),
        ("principal", key.principal.to_string()),
        ("organization", key.organization.to_string()),
        ("permission", key.permission.to_string()),
        ("issued", time_or(Some(key.issued_at), "-")),
        ("expires", time_or(key.expires_at, "never")),
        ("last used", time_or(key.last_used, "-")),
    ];
    if key.suspended_since.is_some() {
        pairs.push(("suspended since", time_or(key.suspended_since, "-")));
    }
    if key.revoked_at.is_some() {
        pairs.push(("revoked", time_or(key.revoked_at, "-")));
    }
    pairs.push(("made from", made_from(&key.minted_from)));
    pairs.extend(key.attributes.iter().map(|(name, value)| (name, value.to_owned())));
    Ok(details(&pairs))
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
