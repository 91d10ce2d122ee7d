//! What the command prints, and the exit code it ends with.

use std::fmt::Write as _;
use std::io::Write as _;
use std::process::ExitCode;

use jiff::Timestamp;
use serde::Serialize;

use crate::control::{CreatedKey, KeyList};
use crate::identity::Origin;
use crate::keys::KeyInfo;
use crate::store::{MintedFrom, OpenError};

/// Why the command did not do what it was asked: one line for standard error, and the exit code.
#[derive(Debug)]
pub(super) struct Failure {
    message: String,
    exit_code: u8,
}

impl Failure {
    /// The arguments or the configuration are at fault.
    pub(super) fn usage(message: String) -> Self {
        Self { message, exit_code: 2 }
    }

    /// The work could not be done.
    pub(super) fn work(message: String) -> Self {
        Self { message, exit_code: 1 }
    }
}

impl From<OpenError> for Failure {
    fn from(error: OpenError) -> Self {
        match error {
            OpenError::SealKey(_) => Self::usage(error.to_string()),
            _ => Self::work(error.to_string()),
        }
    }
}

/// Prints the answer or the failure.
pub(super) fn print(result: Result<String, Failure>) -> ExitCode {
    match result {
        // A reader that went away is not worth a panic, but the exit code should say so: it may have missed a secret.
        Ok(text) => match std::io::stdout().write_all(text.as_bytes()) {
            Ok(()) => ExitCode::SUCCESS,
            Err(_) => ExitCode::FAILURE,
        },
        Err(failure) => {
            let _ = writeln!(std::io::stderr(), "portcullis: {}", failure.message);
            ExitCode::from(failure.exit_code)
        }
    }
}

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
    let mut text = String::new();
    let width = list.access_keys.iter().map(|key| key.access_key_id.as_str().len()).max().unwrap_or_default().max(13);
    let mut row = |id: &str, status: &str, permission: &str, expiry: &str, last_used: &str| {
        // Writing to a string cannot fail.
        let _ = writeln!(text, "{id:width$}  {status:9}  {permission:10}  {expiry:20}  {last_used}");
    };
    row("ACCESS KEY ID", "STATUS", "PERMISSION", "EXPIRES", "LAST USED");
    for key in &list.access_keys {
        row(
            key.access_key_id.as_str(),
            key.status.as_str(),
            key.permission.as_str(),
            &time_or(key.expires_at, "never"),
            &time_or(key.last_used, "-"),
        );
    }
    Ok(text)
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

fn as_json(value: &impl Serialize) -> Result<String, Failure> {
    let mut text = serde_json::to_string_pretty(value).map_err(|error| Failure::work(error.to_string()))?;
    text.push('\n');
    Ok(text)
}

/// To the second.
fn time_or(time: Option<Timestamp>, otherwise: &str) -> String {
    time.map_or_else(|| otherwise.to_owned(), |time| format!("{time:.0}"))
}

/// As one word for a shell: an imported secret may hold any printable character.
fn shell_quoted(text: &str) -> String {
    if text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"/+=_-.".contains(&byte)) {
        text.to_owned()
    } else {
        format!("'{}'", text.replace('\'', r"'\''"))
    }
}
