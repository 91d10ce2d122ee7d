//! The programs under test: built here, unless the environment names some that are built already.

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context as _, Result, ensure};

/// Names a Portcullis that is built.
const OURS: &str = "PORTCULLIS_BINARY";
/// Names one that is built with `--cfg portcullis_bench_no_auth`.
const NO_AUTH: &str = "PORTCULLIS_NO_AUTH_BINARY";
/// Names the proxy made of pingora.
const PINGORA: &str = "PORTCULLIS_VERSUS_PINGORA";
/// What a build without authentication says of itself.
const ADMISSION: &str = "WITHOUT AUTHENTICATION";

/// Programs that are there.
pub(crate) struct Binaries {
    pub(crate) portcullis: PathBuf,
    pub(crate) no_auth: Option<PathBuf>,
    pub(crate) pingora: Option<PathBuf>,
    pub(crate) sigv4_proxy: Option<PathBuf>,
}

/// What a run needs.
#[derive(Clone, Copy)]
pub(crate) struct Needs {
    pub(crate) no_auth: bool,
    /// Whether pingora is built where it is not there yet, which takes a quarter of an hour.
    pub(crate) pingora: bool,
}

impl Binaries {
    /// Builds what is missing. Everything that is built stays where cargo finds it the next time.
    pub(crate) fn ready(needs: Needs, sigv4_proxy: Option<&Path>) -> Result<Self> {
        let target = target_folder()?;
        let portcullis = match std::env::var_os(OURS) {
            Some(path) => path.into(),
            None => build(Path::new("."), &target, None, "portcullis")?,
        };
        ensure!(!version(&portcullis)?.contains(ADMISSION), "{} verifies nobody", portcullis.display());
        let no_auth = match std::env::var_os(NO_AUTH) {
            _ if !needs.no_auth => None,
            Some(path) => Some(path.into()),
            None => {
                let flags = Some("--cfg portcullis_bench_no_auth");
                Some(build(Path::new("."), &target.join("versus/no-auth"), flags, "portcullis")?)
            }
        };
        if let Some(program) = &no_auth {
            ensure!(version(program)?.contains(ADMISSION), "{} verifies signatures", program.display());
        }
        let folder = target.join("versus/pingora");
        let built = folder.join("release/versus-pingora");
        let pingora = match std::env::var_os(PINGORA) {
            Some(path) => Some(path.into()),
            None if needs.pingora => Some(build(Path::new("benches/versus/pingora"), &folder, None, "versus-pingora")?),
            None => Some(built).filter(|built| built.exists()),
        };
        let sigv4_proxy = sigv4_proxy.map(Path::to_owned).or_else(|| super::pinned::find("aws-sigv4-proxy"));
        Ok(Self { portcullis, no_auth, pingora, sigv4_proxy })
    }

    /// The variables by which another process finds the same programs.
    pub(crate) fn in_environment(&self) -> impl Iterator<Item = (&'static str, &Path)> {
        let ours = [(OURS, Some(&self.portcullis)), (NO_AUTH, self.no_auth.as_ref()), (PINGORA, self.pingora.as_ref())];
        ours.into_iter().filter_map(|(name, path)| Some((name, path?.as_path())))
    }
}

/// Cargo's folder for what it builds, of this build.
pub(crate) fn target_folder() -> Result<PathBuf> {
    let this = std::env::current_exe()?;
    // <target>/<profile>/deps/versus-<hash>
    Ok(this.ancestors().nth(3).context("this program is not where cargo puts it")?.to_owned())
}

fn build(package: &Path, target: &Path, flags: Option<&str>, name: &str) -> Result<PathBuf> {
    let package = Path::new(env!("CARGO_MANIFEST_DIR")).join(package);
    println!("building {name}{}", flags.map(|flags| format!(" with {flags}")).unwrap_or_default());
    let mut command = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    command.args(["build", "--release", "--locked", "--quiet", "--bin", name]).current_dir(package);
    command.env("CARGO_TARGET_DIR", target);
    if let Some(flags) = flags {
        let given = std::env::var("RUSTFLAGS").unwrap_or_default();
        command.env("RUSTFLAGS", format!("{given} {flags}"));
    }
    ensure!(command.status().context("cargo")?.success(), "{name} cannot be built");
    Ok(target.join("release").join(name))
}

fn version(program: &Path) -> Result<String> {
    let output = Command::new(program).arg("--version").output().with_context(|| program.display().to_string())?;
    ensure!(output.status.success(), "{} does not run", program.display());
    Ok(String::from_utf8_lossy(&output.stdout).into_owned())
}
