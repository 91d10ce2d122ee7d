//! Log lines: to standard error, for people or as JSON. `RUST_LOG` sets the level by module.

use std::io::{Stderr, Write};
use std::sync::{Arc, OnceLock};
use std::thread;

use tracing::Level;
use tracing_subscriber::EnvFilter;
use tracing_subscriber::Layer as _;
use tracing_subscriber::filter::{LevelFilter, filter_fn};
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::registry::LookupSpan;
use tracing_subscriber::util::{SubscriberInitExt, TryInitError};

use super::output::{AtOnce, Output};
use super::record_lines::RecordLines;

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
    let filter = EnvFilter::try_from_default_env().unwrap_or_else(|_| EnvFilter::new("info"));
    let output = Arc::clone(STDERR.get_or_init(|| Arc::new(Output::new(std::io::stderr()))));
    let writing = Arc::clone(&output);
    // Without the thread, lines of requests wait for the next other line: never for good, since stopping writes one.
    let _ = thread::Builder::new().name("log".to_owned()).spawn(move || writing.write_forever());
    let requests = RecordLines { format, output };
    let is_of_request = filter_fn(|event| event.name() == RECORDS);
    let others = tracing_subscriber::fmt::layer().with_writer(stderr_at_once).with_target(true);
    let is_other = filter_fn(|event| event.name() != RECORDS);
    let registry = capped(filter).with(requests.with_filter(is_of_request));
    match format {
        LogFormat::Human => {
            let others = others.with_ansi(std::io::IsTerminal::is_terminal(&std::io::stderr()));
            registry.with(others.with_filter(is_other)).try_init()
        }
        LogFormat::Json => registry.with(others.json().flatten_event(true).with_filter(is_other)).try_init(),
    }
}

/// Writes what waits to be written. To be called before the process ends.
pub fn flush() {
    if let Some(output) = STDERR.get() {
        output.flush();
    }
}

fn stderr_at_once() -> Box<dyn Write> {
    match STDERR.get() {
        Some(output) => Box::new(AtOnce(output)),
        None => Box::new(std::io::stderr()),
    }
}

/// There is one standard error, and one end of the process at which it is flushed.
static STDERR: OnceLock<Arc<Output<Stderr>>> = OnceLock::new();

/// The name that `audit` gives to the events of S3 requests, of which there are many. They are in no span.
const RECORDS: &str = "s3 request";

/// What `filter` lets through, under the caps.
fn capped(filter: EnvFilter) -> impl tracing::Subscriber + for<'span> LookupSpan<'span> + Send + Sync {
    let cap = filter_fn(|event| may_be_logged(event.target(), *event.level()));
    tracing_subscriber::registry().with(filter).with(cap)
}

/// The caps on libraries. Not directives of the filter: there, `RUST_LOG=h2::codec=trace` would be more
/// specific than `h2=info`, and win.
fn may_be_logged(target: &str, level: Level) -> bool {
    const CAPS: [(&str, LevelFilter); 7] = [
        ("aws_sigv4", LevelFilter::INFO),
        ("h2", LevelFilter::INFO),
        ("hyper", LevelFilter::INFO),
        ("hyper_util", LevelFilter::INFO),
        ("rustls", LevelFilter::INFO),
        ("s3s", LevelFilter::OFF),
        ("s3s_fs", LevelFilter::OFF),
    ];
    let library = target.split("::").next().unwrap_or(target);
    CAPS.iter().all(|(name, most)| *name != library || level <= *most)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_module_of_a_capped_library_is_louder_than_the_library() {
        for target in
            ["aws_sigv4::http_request::sign", "h2::codec::framed_read", "h2", "rustls::client::hs", "hyper::proto"]
        {
            assert!(!may_be_logged(target, Level::TRACE) && !may_be_logged(target, Level::DEBUG), "{target}");
            assert!(may_be_logged(target, Level::INFO), "{target}");
        }
        assert!(!may_be_logged("s3s::ops", Level::ERROR));
        assert!(may_be_logged("portcullis::proxy", Level::TRACE) && may_be_logged("h2_like", Level::TRACE));
    }

    #[test]
    fn a_cap_holds_against_a_more_specific_directive() {
        let lines = Lines::default();
        let subscriber = capped(EnvFilter::new("info,h2::codec=trace,portcullis=trace"))
            .with(tracing_subscriber::fmt::layer().with_writer(lines.clone()));
        tracing::subscriber::with_default(subscriber, || {
            tracing::trace!(target: "h2::codec::framed_read", "secret header");
            tracing::trace!(target: "portcullis::proxy", "our own");
        });
        let text = String::from_utf8(lines.0.lock().unwrap().clone()).unwrap();
        assert!(text.contains("our own") && !text.contains("secret"), "{text}");
    }

    #[derive(Clone, Default)]
    struct Lines(Arc<std::sync::Mutex<Vec<u8>>>);

    impl Write for Lines {
        fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
            self.0.lock().unwrap().extend_from_slice(bytes);
            Ok(bytes.len())
        }

        fn flush(&mut self) -> std::io::Result<()> {
            Ok(())
        }
    }

    impl tracing_subscriber::fmt::MakeWriter<'_> for Lines {
        type Writer = Self;

        fn make_writer(&self) -> Self {
            self.clone()
        }
    }
}
