//! The log line of each request: the same as the others look, made without the machinery of those, which costs more
//! than verifying the request's signature.

use std::cell::RefCell;
use std::fmt;
use std::io::Write;
use std::sync::Arc;

use jiff::Timestamp;
use tracing::field::{Field, Visit};
use tracing::{Event, Subscriber};
use tracing_subscriber::Layer;
use tracing_subscriber::layer::Context;

use super::LogFormat;
use super::output::Output;
use crate::clock::{Clock as _, SystemClock};
use crate::json_text::{escape, is_plain};

/// Writes the events of one target to `output`.
pub(super) struct RecordLines<W> {
    pub(super) format: LogFormat,
    pub(super) output: Arc<Output<W>>,
}

impl<W: Write + 'static, S: Subscriber> Layer<S> for RecordLines<W>
where
    Self: 'static,
{
    fn on_event(&self, event: &Event<'_>, _: Context<'_, S>) {
        LINE.with(|line| {
            // A value that logs while it is written: it has a line of its own.
            let Ok(mut line) = line.try_borrow_mut() else { return };
            line.clear();
            write_line(&mut line, self.format, SystemClock.now(), event);
            self.output.add(&line);
            line.shrink_to(LONGEST_KEPT);
        });
    }
}

thread_local! {
    static LINE: RefCell<Vec<u8>> = const { RefCell::new(Vec::new()) };
}

// Writing to a `Vec` does not fail.
fn write_line(line: &mut Vec<u8>, format: LogFormat, now: Timestamp, event: &Event<'_>) {
    let (level, target) = (event.metadata().level(), event.metadata().target());
    let _ = match format {
        LogFormat::Human => write!(line, "{now:.6} {level:>5} {target}:"),
        LogFormat::Json => write!(line, r#"{{"timestamp":"{now:.6}","level":"{level}""#),
    };
    event.record(&mut Fields { line, format });
    match format {
        LogFormat::Human => line.push(b'\n'),
        LogFormat::Json => {
            for part in [",\"target\":\"", target, "\"}\n"] {
                line.extend_from_slice(part.as_bytes());
            }
        }
    }
}

/// Writes one field after the other.
struct Fields<'a> {
    line: &'a mut Vec<u8>,
    format: LogFormat,
}

impl Fields<'_> {
    fn name(&mut self, field: &Field) {
        let (before, behind) = match (self.format, field.name()) {
            (LogFormat::Human, "message") => return self.line.push(b' '),
            (LogFormat::Human, _) => (" ", "="),
            (LogFormat::Json, _) => (",\"", "\":"),
        };
        for part in [before, field.name(), behind] {
            self.line.extend_from_slice(part.as_bytes());
        }
    }

    fn plain(&mut self, field: &Field, value: impl fmt::Display) {
        self.name(field);
        let _ = write!(self.line, "{value}");
    }
}

impl Visit for Fields<'_> {
    fn record_bool(&mut self, field: &Field, value: bool) {
        self.plain(field, value);
    }

    fn record_i64(&mut self, field: &Field, value: i64) {
        self.plain(field, value);
    }

    fn record_u64(&mut self, field: &Field, value: u64) {
        self.plain(field, value);
    }

    fn record_str(&mut self, field: &Field, value: &str) {
        self.name(field);
        if field.name() == JUDGED {
            return self.line.extend_from_slice(value.as_bytes());
        }
        if self.format == LogFormat::Human && !is_plain(value) {
            // What is not ASCII may be what a terminal acts on: `Debug` knows.
            let _ = write!(self.line, "{value:?}");
            return;
        }
        self.line.push(b'"');
        escape(self.line, value);
        self.line.push(b'"');
    }

    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        self.name(field);
        match self.format {
            LogFormat::Human => {
                let _ = write!(self.line, "{value:?}");
            }
            LogFormat::Json => {
                self.line.push(b'"');
                let _ = fmt::Write::write_fmt(&mut Escaping(self.line), format_args!("{value:?}"));
                self.line.push(b'"');
            }
        }
    }
}

/// Escapes what is written for the inside of a JSON string.
struct Escaping<'a>(&'a mut Vec<u8>);

impl fmt::Write for Escaping<'_> {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        escape(self.0, text);
        Ok(())
    }
}

/// The field that is JSON in ASCII already, and is no string of the line but a part of it.
const JUDGED: &str = "judged";
const LONGEST_KEPT: usize = 16 << 10;

#[cfg(test)]
mod tests {
    use std::sync::{Mutex, PoisonError};

    use serde_json::Value;
    use tracing_subscriber::layer::SubscriberExt as _;

    use super::*;

    #[derive(Clone, Default)]
    struct Lines(Arc<Mutex<Vec<u8>>>);

    impl Write for Lines {
        fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
            self.0.lock().unwrap_or_else(PoisonError::into_inner).extend_from_slice(bytes);
            Ok(bytes.len())
        }

        fn flush(&mut self) -> std::io::Result<()> {
            Ok(())
        }
    }

    /// What `event` looks like here, and as the library's own formatter writes it.
    fn both(format: LogFormat, event: impl Fn()) -> [String; 2] {
        let (ours, theirs) = (Lines::default(), Lines::default());
        let output = Arc::new(Output::new(ours.clone()));
        let record_lines = RecordLines { format, output: Arc::clone(&output) };
        tracing::subscriber::with_default(tracing_subscriber::registry().with(record_lines), &event);
        output.flush();
        let to = theirs.clone();
        let library = tracing_subscriber::fmt::layer().with_ansi(false).with_writer(move || to.clone());
        match format {
            LogFormat::Human => tracing::subscriber::with_default(tracing_subscriber::registry().with(library), event),
            LogFormat::Json => {
                let library = tracing_subscriber::registry().with(library.json().flatten_event(true));
                tracing::subscriber::with_default(library, event);
            }
        }
        [ours, theirs].map(|lines| String::from_utf8(lines.0.lock().unwrap().clone()).unwrap())
    }

    fn event() {
        let hostile = "a \"quoted\" \\ line\nand\u{7f}\u{1}\tmore ü";
        tracing::info!(
            target: "portcullis::audit",
            shown = %hostile,
            text = hostile,
            debugged = ?hostile,
            nothing = "",
            absent = None::<&str>,
            count = 17_u64,
            is_so = true,
            "s3 request"
        );
    }

    #[test]
    fn lines_of_json_say_what_the_library_would() {
        let [ours, theirs] = both(LogFormat::Json, event).map(|line| {
            assert!(line.ends_with("}\n") && line.lines().count() == 1, "one line: {line}");
            let mut object: Value = serde_json::from_str(&line).unwrap();
            let time = object.as_object_mut().unwrap().remove("timestamp").unwrap();
            assert_eq!(time.as_str().unwrap().len(), "2026-11-23T10:00:00.123456Z".len());
            object
        });
        assert_eq!(ours, theirs);
    }

    /// Attack row M4.
    #[test]
    fn m04_a_line_is_printable_ascii_whatever_a_client_put_there() {
        let resource = "/b/\u{9b}2J\u{202e}\u{7f}\u{1b}[31m\u{2028}\u{1f600}\r\n";
        for format in [LogFormat::Json, LogFormat::Human] {
            let event = || tracing::info!(target: "portcullis::audit", resource, shown = %"a\u{9b}b", "s3 request");
            let [line, _] = both(format, event);
            let line = line.strip_suffix('\n').unwrap();
            if format == LogFormat::Json {
                assert!(line.bytes().all(|byte| matches!(byte, b' '..=b'~')), "{line:?}");
                assert_eq!(serde_json::from_str::<Value>(line).unwrap()["resource"], resource);
            } else {
                assert!(line.contains(&format!("resource={resource:?}")), "{line:?}");
            }
        }
    }

    #[test]
    fn what_was_judged_is_a_part_of_the_line() {
        let judged = r#"{"principal":"saml/a","demands":[{"resource":"b/\u0022"}]}"#;
        let event = || tracing::info!(target: "portcullis::audit", judged, status = 200_u16, "s3 request");
        let [json, _] = both(LogFormat::Json, event);
        let line: Value = serde_json::from_str(&json).unwrap();
        assert_eq!(line["judged"]["demands"][0]["resource"], "b/\"");
        let [human, _] = both(LogFormat::Human, event);
        assert!(human.contains(&format!(" judged={judged} status=200")), "{human}");
    }

    #[test]
    fn lines_for_people_look_as_the_others_do() {
        let [ours, theirs] = both(LogFormat::Human, || {
            tracing::info!(target: "portcullis::audit", id = %"7F", text = "a b\n", count = 17_u64, "s3 request");
        })
        .map(|line| line.split_once(' ').map(|(_, rest)| rest.to_owned()).unwrap());
        assert_eq!(ours, theirs);
    }
}
