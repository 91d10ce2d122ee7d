//! `portcullis check`: reads a configuration as `serve` would and prints what would run, or the one
//! line that says what is wrong. Never prints a secret, and binds nothing.

use std::fmt::{self, Write};
use std::path::PathBuf;
use std::process::ExitCode;

use clap::Args;

use crate::config::{
    self, Addressing, Backend, BucketPattern, Ceiling, Config, Federation, PayloadForm, PolicyFile, StorePlace,
    TlsFiles,
};
use crate::listener;

/// The arguments of `portcullis check`.
#[derive(Args)]
pub(crate) struct Check {
    /// The configuration file
    #[arg(long, value_name = "FILE")]
    config: PathBuf,
}

impl Check {
    /// Exit code 0 and a summary on standard output, or 2 and one line on standard error.
    pub(crate) fn run(self) -> ExitCode {
        match self.report() {
            Ok(report) => {
                print!("{report}");
                ExitCode::SUCCESS
            }
            Err(problem) => {
                eprintln!("{problem}");
                ExitCode::from(2)
            }
        }
    }

    fn report(&self) -> Result<String, String> {
        let config = config::load(&self.config).map_err(|error| error.to_string())?;
        for tls in [&config.s3.tls].into_iter().chain(sections(&config).map(|(_, endpoint)| &endpoint.tls)).flatten() {
            // Only rustls can tell whether certificate and key belong together.
            listener::tls::server_config(tls).map_err(|error| format!("{}: {error}", self.config.display()))?;
        }
        let mut report = String::new();
        describe(&config, &mut report).map_err(|error| error.to_string())?;
        Ok(report)
    }
}

fn sections(config: &Config) -> impl Iterator<Item = (&'static str, &config::Endpoint)> {
    let api = config.api.as_ref().map(|api| ("api", &api.endpoint));
    let admin = config.admin.as_ref().map(|admin| ("admin", admin));
    api.into_iter().chain(admin)
}

fn describe(config: &Config, out: &mut String) -> fmt::Result {
    writeln!(out, "organization {}", config.organization)?;
    writeln!(out, "s3       {} {}", config.s3.listen, transport(config.s3.tls.as_ref()))?;
    let region = if config.s3.any_region { "every region label" } else { "no other region label" };
    writeln!(out, "         region {}, {region} accepted", config.s3.region)?;
    writeln!(out, "         path style, and buckets under: {}", or_none(&config.s3.domains.join(", ")))?;
    if config.s3.anonymous {
        writeln!(out, "         requests that nobody signed may read what policies allow to anonymous")?;
    }
    if config.s3.forgive_signatures && !config.s3.external_hosts.is_empty() {
        let hosts: Vec<String> = config.s3.external_hosts.iter().map(ToString::to_string).collect();
        writeln!(out, "         signatures for {} are forgiven another Host", hosts.join(", "))?;
    }
    for (name, endpoint) in sections(config) {
        writeln!(out, "{name:8} {} {}", endpoint.listen, transport(endpoint.tls.as_ref()))?;
        if let Some(api) = config.api.as_ref().filter(|_| name == "api") {
            let life = humantime::format_duration(api.container_key_life);
            writeln!(out, "         keys that SDKs fetch as container credentials live {life}")?;
        }
    }
    describe_federation(&config.federation, out)?;
    for backend in &config.backends {
        describe_backend(backend, out)?;
    }
    describe_store(&config.store.place, out)?;
    let seal_key = &config.store.seal_key_file;
    let state = if seal_key.exists() { "" } else { " (does not exist yet)" };
    writeln!(out, "         sealed with {}{state}", seal_key.display())?;
    for older in &config.store.older_seal_key_files {
        writeln!(out, "         opened with {} too", older.display())?;
    }
    writeln!(out, "         control socket {}", config.store.control_socket.display())?;
    describe_policies(&config.policies, out)?;
    for ceiling in &config.ceilings {
        writeln!(out, "identity {}", describe_ceiling(ceiling))?;
    }
    if config.ceilings.is_empty() {
        writeln!(out, "warning: no [[identity]] section: no key can be minted or used")?;
    }
    Ok(())
}

fn describe_store(place: &StorePlace, out: &mut String) -> fmt::Result {
    let etcd = match place {
        StorePlace::Embedded(path) => return writeln!(out, "store    embedded in {}", path.display()),
        StorePlace::Etcd(etcd) => etcd,
    };
    writeln!(out, "store    etcd at {}, under {}", etcd.endpoints.join(", "), etcd.prefix)?;
    let staleness = humantime::format_duration(etcd.max_staleness);
    writeln!(out, "         a revocation is in force on every node after {staleness} at worst")
}

fn describe_federation(federation: &Federation, out: &mut String) -> fmt::Result {
    let trusted =
        federation.ca_file.as_ref().map_or_else(|| "the system's".to_owned(), |file| file.display().to_string());
    let keep = humantime::format_duration(federation.keep_last_keys);
    writeln!(out, "oidc     issuers over https, certificates trusted: {trusted}")?;
    writeln!(out, "         an issuer's last good keys are used for {keep} while it cannot be asked")?;
    if !federation.private_networks.is_empty() {
        let networks: Vec<String> = federation.private_networks.iter().map(ToString::to_string).collect();
        writeln!(out, "         issuers may be in private networks: {}", networks.join(", "))?;
    }
    match &federation.saml {
        Some(saml) => {
            writeln!(out, "saml     as {}, responses sent to {}", saml.entity_id, saml.acs_url)
        }
        None => writeln!(out, "saml     off: there is no [federation.saml] section"),
    }
}

fn describe_policies(files: &[PolicyFile], out: &mut String) -> fmt::Result {
    let Some(folder) = files.first().and_then(|file| file.path.parent()) else {
        return writeln!(out, "policies in the store only");
    };
    writeln!(out, "policies in the store, and {} in {}:", files.len(), folder.display())?;
    for PolicyFile { path, policy } in files {
        let file = path.file_name().unwrap_or(path.as_os_str()).to_string_lossy();
        let count = policy.statements().len();
        let statements = if count == 1 { "statement" } else { "statements" };
        writeln!(out, "         \"{}\" ({file}), {count} {statements}", policy.name())?;
    }
    Ok(())
}

fn transport(tls: Option<&TlsFiles>) -> String {
    let Some(tls) = tls else { return "plain HTTP/1.1".to_owned() };
    let subject = tls.summary.unverified_common_name.as_deref().unwrap_or("a certificate without common name");
    let end = tls.summary.unverified_not_after.as_deref().unwrap_or("an unknown date");
    format!("TLS 1.2 and 1.3, HTTP/1.1 and HTTP/2, {subject} until {end} ({})", tls.certificate.display())
}

fn describe_backend(backend: &Backend, out: &mut String) -> fmt::Result {
    let buckets: Vec<String> = backend.buckets.iter().map(pattern).collect();
    writeln!(out, "backend  {} at {}, buckets {}", backend.name, backend.endpoint, buckets.join(", "))?;
    let addressing = match backend.addressing {
        Addressing::Path => "path style",
        Addressing::Virtual => "virtual-hosted style",
    };
    let payload = match backend.payload {
        PayloadForm::Auto => "auto",
        PayloadForm::Plain => "plain",
        PayloadForm::Signed => "signed",
        PayloadForm::Trailer => "trailer",
    };
    let keys = if backend.exact_keys { "exact keys" } else { "no empty or dot segments in keys" };
    writeln!(out, "         region {}, {addressing}, payload {payload}, {keys}", backend.region)?;
    writeln!(out, "         as access key {}", backend.access_key_id)
}

fn pattern(pattern: &BucketPattern) -> String {
    match pattern {
        BucketPattern::Any => "*".to_owned(),
        BucketPattern::Exact(name) => name.clone(),
        BucketPattern::Prefix(prefix) => format!("{prefix}*"),
    }
}

fn describe_ceiling(ceiling: &Ceiling) -> String {
    let longest = humantime::format_duration(ceiling.max_duration);
    let permanent = if ceiling.permanent { "or permanent" } else { "never permanent" };
    format!("{}* at most {}, {longest} {permanent}", ceiling.prefix, ceiling.permission)
}

fn or_none(text: &str) -> &str {
    if text.is_empty() { "none" } else { text }
}
