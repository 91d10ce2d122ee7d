//! Log lines: to standard error, for people or as JSON. `RUST_LOG` sets the level by module.

use tracing_subscriber::EnvFilter;
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::util::{SubscriberInitExt, TryInitError};

/// How a log line looks.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub enum LogFormat {
    /// For people.
    #[default]
    Human,
    /// One JSON object a line.
    Json,
}

/// Starts logging for the whole process, at level `info` unless `RUST_LOG` says otherwise. The levels of
/// libraries that print signing keys or headers at `trace` are capped at `info` whatever it says.
/// The development backend calls every refusal an error; our own record of the request says it already.
///
/// # Errors
/// If logging has been started before.
pub fn start(format: LogFormat) -> Result<(), TryInitError> {
    let mut filter = EnvFilter::try_from_default_env().unwrap_or_else(|_| EnvFilter::new("info"));
    for loud in ["aws_sigv4=info", "hyper=info", "hyper_util=info", "h2=info", "rustls=info", "s3s=off", "s3s_fs=off"] {
        filter = filter.add_directive(loud.parse().expect("a target and a level"));
    }
    let lines = tracing_subscriber::fmt::layer().with_writer(std::io::stderr).with_target(true);
    let registry = tracing_subscriber::registry().with(filter);
    match format {
        LogFormat::Human => {
            registry.with(lines.with_ansi(std::io::IsTerminal::is_terminal(&std::io::stderr()))).try_init()
        }
        LogFormat::Json => registry.with(lines.json().flatten_event(true)).try_init(),
    }
}
