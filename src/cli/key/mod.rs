//! `portcullis key`: manages static keys.

mod answer;

use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Args, Subcommand};
use http::Method;
use jiff::Timestamp;
use zeroize::Zeroizing;

use super::failure::{Failure, run_and_print};
use super::management::{self, Granted, NOTHING, Service, parse_expiry};
use crate::control::{CreateKey, CreatedKey, ImportedKey, KeyList, RevokeKeys, RevokedKeys, WireSecret};
use crate::identity::{AccessKeyId, Attributes, Principal, SecretAccessKey};
use crate::keys::KeyInfo;

/// The arguments of `portcullis key`.
#[derive(Args)]
pub(crate) struct Key {
    #[command(flatten)]
    place: management::Arguments,
    /// Print JSON
    #[arg(long, global = true)]
    json: bool,
    #[command(subcommand)]
    action: Action,
}

#[derive(Subcommand)]
enum Action {
    /// Create a key; its secret is printed this once
    Create(Create),
    /// List all keys, revoked ones too
    List,
    /// Show one key
    Show(One),
    /// Refuse a key's identity until it is resumed
    Suspend(One),
    /// End a suspension
    Resume(One),
    /// End a key for good; or all keys of a principal, of an identity provider, or issued before some moment
    Revoke(Revoke),
}

#[derive(Args)]
struct One {
    /// The access key id
    #[arg(value_parser = AccessKeyId::parse)]
    id: AccessKeyId,
}

#[derive(Args)]
struct Revoke {
    /// The access key id
    #[arg(value_parser = AccessKeyId::parse, required_unless_present = "many", conflicts_with = "many")]
    id: Option<AccessKeyId>,
    #[command(flatten)]
    many: Many,
}

#[derive(Args)]
#[group(id = "many", multiple = true)]
struct Many {
    /// All keys of this principal, such as saml/Reader
    #[arg(long, value_parser = Principal::parse, conflicts_with = "federation")]
    principal: Option<Principal>,
    /// All keys made on the word of this federation configuration
    #[arg(long, value_name = "ID")]
    federation: Option<String>,
    /// Only keys issued before this time, such as 2030-01-31T12:00:00Z; alone, of whoever they are [default: now]
    #[arg(long, value_name = "TIME")]
    issued_before: Option<Timestamp>,
}

#[derive(Args)]
struct Create {
    /// The most that the key may do
    #[arg(long, value_enum, default_value = "read")]
    permission: Granted,
    /// When the key ends: a duration such as 12h, or a time such as 2030-01-31T12:00:00Z [default: never]
    #[arg(long, value_name = "WHEN", value_parser = parse_expiry)]
    expires: Option<Timestamp>,
    /// Take over this access key id
    #[arg(long, value_name = "ID", requires = "secret_file", value_parser = AccessKeyId::parse)]
    import_id: Option<AccessKeyId>,
    /// Take over the secret in this file
    #[arg(long, value_name = "FILE", requires = "import_id")]
    secret_file: Option<PathBuf>,
}

impl Key {
    /// Exit code 0; 1 if the key service refused or failed; 2 for a mistake in arguments or configuration.
    pub(crate) fn run(self) -> ExitCode {
        run_and_print(self.answer())
    }

    async fn answer(self) -> Result<String, Failure> {
        let action = self.action.prepared()?;
        let service = Service::connect(self.place.resolve()?).await?;
        let answer = action.perform(&service, self.json).await;
        service.close().await;
        answer
    }
}

/// An action whose files are read, so that nothing is opened for a command that cannot work.
enum Prepared {
    Create(CreateKey),
    List,
    One { method: Method, path: String },
    RevokeMany(RevokeKeys),
}

impl Action {
    fn prepared(self) -> Result<Prepared, Failure> {
        let post = |one: One, verb: &str| Prepared::One {
            method: Method::POST,
            path: format!("/v1/admin/keys/{}/{verb}", one.id),
        };
        Ok(match self {
            Self::Create(create) => Prepared::Create(create.request()?),
            Self::List => Prepared::List,
            Self::Show(one) => Prepared::One { method: Method::GET, path: format!("/v1/admin/keys/{}", one.id) },
            Self::Suspend(one) => post(one, "suspend"),
            Self::Resume(one) => post(one, "resume"),
            Self::Revoke(Revoke { id: Some(id), .. }) => post(One { id }, "revoke"),
            Self::Revoke(Revoke { many, .. }) => {
                let Many { principal, federation, issued_before } = many;
                Prepared::RevokeMany(RevokeKeys { principal, federation, issued_before })
            }
        })
    }
}

impl Prepared {
    async fn perform(self, service: &Service, json: bool) -> Result<String, Failure> {
        match self {
            Self::Create(request) => {
                let created: CreatedKey = service.call(Method::POST, "/v1/admin/keys", Some(&request)).await?;
                answer::created(&created, json)
            }
            Self::List => {
                let mut all = KeyList { access_keys: Vec::new(), next: None };
                loop {
                    let after = all.next.take().map(|id| format!("?after={id}")).unwrap_or_default();
                    let page: KeyList = service.call(Method::GET, &format!("/v1/admin/keys{after}"), NOTHING).await?;
                    all.access_keys.extend(page.access_keys);
                    all.next = page.next;
                    if all.next.is_none() {
                        return answer::listed(&all, json);
                    }
                }
            }
            Self::RevokeMany(request) => {
                let revoked: RevokedKeys = service.call(Method::POST, "/v1/admin/keys/revoke", Some(&request)).await?;
                answer::revoked(&revoked, json)
            }
            Self::One { method, path } => {
                let key: KeyInfo = service.call(method, &path, NOTHING).await?;
                answer::shown(&key, json)
            }
        }
    }
}

impl Create {
    fn request(self) -> Result<CreateKey, Failure> {
        let import = match (self.import_id, self.secret_file) {
            (Some(access_key_id), Some(file)) => {
                let wrong = |reason: String| Failure::usage(format!("--secret-file {}: {reason}", file.display()));
                let text = std::fs::read_to_string(&file).map(Zeroizing::new).map_err(|e| wrong(e.to_string()))?;
                let secret = Zeroizing::new(text.trim_end_matches(['\n', '\r']).to_owned());
                let secret = SecretAccessKey::parse(secret).map_err(|e| wrong(e.to_string()))?;
                Some(ImportedKey { access_key_id, secret_key: WireSecret(secret) })
            }
            _ => None,
        };
        Ok(CreateKey {
            permission: self.permission.into(),
            expiry: self.expires,
            import,
            attributes: Attributes::default(),
        })
    }
}
