//! What `portcullis dev` prints once it is ready: lines to paste into another terminal, and the same
//! settings as a file to source.

use std::io::Write as _;
use std::path::Path;

use zeroize::Zeroizing;

use super::admin_key::AdminKey;
use super::admin_token::AdminToken;
use super::certificate::Authority;
use super::folder::Folder;
use crate::cli::management::shell_quoted;

/// Everything there is to tell.
pub(super) struct Welcome<'a> {
    pub(super) folder: &'a Folder,
    /// The folder as the person wrote it.
    pub(super) asked_for: &'a Path,
    pub(super) endpoint: String,
    pub(super) api: String,
    pub(super) health: Option<String>,
    pub(super) key: &'a AdminKey,
    pub(super) token: &'a AdminToken,
    /// Whether the policy that allows everything was put just now.
    pub(super) policy_is_new: bool,
    pub(super) certificate: &'a Authority,
}

impl Welcome<'_> {
    /// Writes the settings to the folder and prints everything.
    pub(super) fn show(&self) -> anyhow::Result<()> {
        self.folder.write(SETTINGS, &self.settings())?;
        let text = self.text();
        // Somebody who closed standard output does not want to read it.
        let _ = std::io::stdout().write_all(text.as_bytes()).and_then(|()| std::io::stdout().flush());
        Ok(())
    }

    /// What AWS's tools and SDKs read from the environment. Both names of the region: some know one only.
    fn settings(&self) -> Zeroizing<String> {
        let credential = &self.key.credential;
        Zeroizing::new(format!(
            "unset AWS_SESSION_TOKEN\n\
             export AWS_ACCESS_KEY_ID={id}\n\
             export AWS_SECRET_ACCESS_KEY={secret}\n\
             export AWS_REGION={REGION} AWS_DEFAULT_REGION={REGION}\n\
             export AWS_CA_BUNDLE={ca}\n\
             export AWS_ENDPOINT_URL_S3={endpoint}\n",
            id = credential.id,
            secret = shell_quoted(credential.secret.expose()),
            ca = shell_quoted(&self.certificate.file.to_string_lossy()),
            endpoint = self.endpoint,
        ))
    }

    fn text(&self) -> Zeroizing<String> {
        let dir = shell_quoted(&self.asked_for.to_string_lossy());
        let program = std::env::args().next().unwrap_or_else(|| "portcullis".to_owned());
        let program = shell_quoted(&program);
        let news = self.news();
        let health = self.health.as_deref().map(|url| format!("Health: {url}\n")).unwrap_or_default();
        Zeroizing::new(format!(
            "Portcullis listens on {endpoint} and keeps everything in {dir}\n\
             ({news}; the secrets stay in {dir}/admin.secret and {dir}/admin.token, for you alone to read).\n\
             {health}\n\
             Paste into another terminal (or: . {dir}/{SETTINGS}):\n\n\
             {settings}\n\
             aws s3 mb s3://demo\n\
             aws s3 cp README.md s3://demo/\n\
             aws s3 ls s3://demo/\n\n\
             curl --cacert \"$AWS_CA_BUNDLE\" --aws-sigv4 aws:amz:{REGION}:s3 \
             --user \"$AWS_ACCESS_KEY_ID:$AWS_SECRET_ACCESS_KEY\" \
             -H 'x-amz-content-sha256: UNSIGNED-PAYLOAD' \"$AWS_ENDPOINT_URL_S3/demo/README.md\"\n\n\
             A key for an hour, made with the API token:\n\n\
             curl -H \"Authorization: Bearer $(cat {dir}/admin.token)\" -H 'content-type: application/json' \
             -d '{{\"durationSeconds\": 3600}}' {api}/v1/cwobject/access-key\n\n\
             SDKs and the aws CLI fetch such keys by themselves, and renew them:\n\n\
             unset AWS_ACCESS_KEY_ID AWS_SECRET_ACCESS_KEY\n\
             export AWS_CONTAINER_CREDENTIALS_FULL_URI={api}/v1/cwobject/temporary-credentials/api-token\n\
             export AWS_CONTAINER_AUTHORIZATION_TOKEN=\"Bearer $(cat {dir}/admin.token)\"\n\n\
             Another key:   {program} key create --dir {dir} --permission write\n\
             Another token: {program} token create --dir {dir} --name NAME --permission write\n\
             Policies:      {program} policy list --dir {dir}\n\
             What runs:     {program} check --config {dir}/portcullis.toml\n\
             Stop:          Ctrl-C\n",
            endpoint = self.endpoint,
            api = self.api,
            settings = self.settings().as_str(),
        ))
    }

    /// What was made now, and what was there.
    fn news(&self) -> String {
        let parts = [
            (self.certificate.is_new, "a CA"),
            (self.key.is_new, "a key that may do everything"),
            (self.token.is_new, "an API token that may do everything"),
            (self.policy_is_new, "a policy that allows everything"),
        ];
        let new: Vec<&str> = parts.iter().filter(|(is_new, _)| *is_new).map(|(_, name)| *name).collect();
        match new.len() {
            0 => "key, API token, policies, CA and data are those of the last run".to_owned(),
            all if all == parts.len() => format!("made now: {}", new.join(", ")),
            _ => format!("made now: {}, as the last one was lost or ended", new.join(", ")),
        }
    }
}

const REGION: &str = "us-east-1";
const SETTINGS: &str = "env";
