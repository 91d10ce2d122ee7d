//! Where processes run: the proxy under test has the first core for itself, and whatever feeds it the second.
//! And what the benchmark needs besides cargo: nginx, haproxy, wrk.

use std::os::unix::process::CommandExt as _;
use std::path::Path;
use std::process::Command;

use anyhow::{Context as _, Result, bail, ensure};

use super::binaries::Binaries;

/// The core of the proxy.
pub(crate) const PROXY: &str = "0";
/// The core of the generator, of the origin and of this program.
const OTHERS: &str = "1";
/// Set in the environment of the process that is bound already.
const BOUND: &str = "PORTCULLIS_VERSUS_BOUND";

/// Whether this process is bound to its core.
pub(crate) fn is_bound() -> bool {
    std::env::var_os(BOUND).is_some()
}

/// Begins again on the core of the generator, with what was built. Threads and children inherit the core. Returns
/// only if that fails.
pub(crate) fn bind_and_begin_again(binaries: &Binaries) -> anyhow::Error {
    let Ok(this) = std::env::current_exe() else { return anyhow::anyhow!("this program does not know its own path") };
    let mut command = Command::new("taskset");
    command.args(["-c", OTHERS]).arg(this).args(std::env::args_os().skip(1)).env(BOUND, "yes");
    command.envs(binaries.in_environment());
    anyhow::Error::new(command.exec()).context("taskset")
}

/// A command that runs on `cores` and ends when this program does, however that ends.
pub(crate) fn command_on(cores: &str, program: impl AsRef<Path>) -> Command {
    let mut command = Command::new("setpriv");
    command.args(["--pdeathsig", "TERM", "taskset", "-c", cores]).arg(program.as_ref());
    command
}

/// Refuses a machine that cannot keep the two apart.
pub(crate) fn refuse_one_core() -> Result<()> {
    let cores = std::thread::available_parallelism()?.get();
    ensure!(cores >= 2, "the proxy needs a core for itself: two are needed, and here is {cores}");
    Ok(())
}

/// Installs those of the programs that are missing. They are Debian packages of the same names.
pub(crate) fn install(programs: &[&str]) -> Result<()> {
    let missing: Vec<&str> = programs.iter().copied().filter(|program| !is_installed(program)).collect();
    if missing.is_empty() {
        return Ok(());
    }
    println!("installing {}", missing.join(", "));
    let is_root = rustix::process::geteuid().is_root();
    let run = |arguments: &[&str]| {
        let mut words: Vec<&str> = if is_root { Vec::new() } else { vec!["sudo"] };
        words.extend(["env", "DEBIAN_FRONTEND=noninteractive", "apt-get"]);
        words.extend(arguments);
        let output = Command::new(words[0]).args(&words[1..]).output().context("apt-get")?;
        let errors = String::from_utf8_lossy(&output.stderr).into_owned();
        ensure!(output.status.success(), "apt-get {}: {errors}", arguments.join(" "));
        Ok(())
    };
    run(&["update", "--quiet"])?;
    let mut arguments = vec!["install", "--quiet", "--yes", "--no-install-recommends"];
    arguments.extend(&missing);
    run(&arguments)?;
    match missing.iter().find(|program| !is_installed(program)) {
        Some(program) => bail!("{program} is still missing"),
        None => Ok(()),
    }
}

/// Whether `program` is in the path of administrators.
pub(crate) fn is_installed(program: &str) -> bool {
    find(program).is_some()
}

/// Where `program` is.
pub(crate) fn find(program: &str) -> Option<std::path::PathBuf> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let folders = std::env::split_paths(&path).chain(["/usr/sbin".into(), "/sbin".into()]);
    folders.map(|folder| folder.join(program)).find(|file| file.is_file())
}
