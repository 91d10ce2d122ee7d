//! Why a configuration is refused: always one line that names the file, the line, the field, what was
//! found and what was expected.

use std::fmt;
use std::path::PathBuf;

/// Why a configuration cannot be used. Its `Display` is exactly one line. The operator's fault in
/// every case, and never shows the content of a secret.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
pub enum ConfigError {
    /// A field is missing, unknown, of the wrong type or not allowed.
    #[error("{}{}: {field}: found {found}, expected {expected}", file.display(), Line(*line))]
    Field {
        /// The configuration file, as it was named.
        file: PathBuf,
        /// The line that holds the field, counted from 1; none if nothing in the file stands for it.
        line: Option<usize>,
        /// The field, as in `backend[0].region`.
        field: String,
        /// What the file says there.
        found: String,
        /// What it should say.
        expected: String,
    },
    /// The file is not TOML.
    #[error("{}{}: not valid TOML: {reason}", file.display(), Line(*line))]
    Syntax {
        /// The configuration file, as it was named.
        file: PathBuf,
        /// The line where reading failed, counted from 1.
        line: Option<usize>,
        /// What the TOML parser says.
        reason: String,
    },
    /// The file cannot be read.
    #[error("{}: cannot be read: {reason}", file.display())]
    Unreadable {
        /// The configuration file, as it was named.
        file: PathBuf,
        /// What the operating system says.
        reason: String,
    },
}

/// A field that is not acceptable, before the file and the line are known.
#[derive(Debug)]
pub(super) struct Problem {
    pub(super) field: String,
    pub(super) found: String,
    pub(super) expected: String,
}

impl Problem {
    /// A problem with `field` of the section at hand.
    pub(super) fn new(field: impl Into<String>, found: impl Into<String>, expected: impl Into<String>) -> Self {
        Self { field: field.into(), found: found.into(), expected: expected.into() }
    }

    /// A problem with `field`, showing the text that was written there.
    pub(super) fn text(field: impl Into<String>, found: &str, expected: impl Into<String>) -> Self {
        Self::new(field, format!("{found:?}"), expected)
    }

    /// The same problem, seen from the section that holds `section`.
    pub(super) fn under(mut self, section: impl fmt::Display) -> Self {
        self.field = format!("{section}.{}", self.field);
        self
    }
}

/// The line number as it stands after the file name, or nothing.
struct Line(Option<usize>);

impl fmt::Display for Line {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.map_or(Ok(()), |line| write!(formatter, ":{line}"))
    }
}
