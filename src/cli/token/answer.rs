//! What `portcullis token` prints.

use crate::cli::failure::Failure;
use crate::cli::management::{as_json, details, shell_quoted, table, time_or};
use crate::control::{CreatedToken, TokenList};
use crate::keys::{TokenInfo, TokenSource};

pub(super) fn created(created: &CreatedToken, json: bool) -> Result<String, Failure> {
    if json {
        return as_json(created);
    }
    let info = &created.info;
    Ok(format!(
        "# token {}, {}, {}. It is shown this once.\nexport PORTCULLIS_API_TOKEN={}\n",
        info.token_id,
        info.permission,
        info.expires_at.map_or_else(|| "without an end".to_owned(), |end| format!("until {end}")),
        shell_quoted(created.token.0.expose()),
    ))
}

pub(super) fn listed(list: &TokenList, json: bool) -> Result<String, Failure> {
    if json {
        return as_json(list);
    }
    let row = |token: &TokenInfo| {
        [
            token.token_id.to_string(),
            token.status.as_str().to_owned(),
            token.permission.to_string(),
            time_or(token.expires_at, "never"),
            time_or(token.last_used, "-"),
            groups_of(token),
            token.name.clone(),
        ]
    };
    let rows: Vec<_> = list.tokens.iter().map(row).collect();
    Ok(table(["TOKEN ID", "STATUS", "PERMISSION", "EXPIRES", "LAST USED", "GROUPS", "NAME"], &rows))
}

pub(super) fn shown(token: &TokenInfo, json: bool) -> Result<String, Failure> {
    if json {
        return as_json(token);
    }
    let proved_by = match &token.source {
        TokenSource::Secret => "the token itself".to_owned(),
        TokenSource::SingleSignOn { issuer, subject } => format!("OIDC tokens of {subject} from {issuer}"),
    };
    let mut pairs = vec![
        ("token id", token.token_id.to_string()),
        ("name", token.name.clone()),
        ("status", token.status.as_str().to_owned()),
        ("principal", token.principal.to_string()),
        ("permission", token.permission.to_string()),
        ("groups", groups_of(token)),
        ("proved by", proved_by),
        ("created", time_or(Some(token.created_at), "-")),
        ("expires", time_or(token.expires_at, "never")),
        ("last used", time_or(token.last_used, "-")),
    ];
    if token.revoked_at.is_some() {
        pairs.push(("revoked", time_or(token.revoked_at, "-")));
    }
    Ok(details(&pairs))
}

fn groups_of(token: &TokenInfo) -> String {
    if token.groups.is_empty() { "-".to_owned() } else { token.groups.as_slice().join(", ") }
}
