//! What a command ends with: its text on standard output, or one line on standard error and an exit code.

use std::io::Write as _;
use std::process::ExitCode;

use crate::store::OpenError;

/// Why a command did not do what it was asked: one line for standard error, and the exit code.
#[derive(Debug)]
pub(super) struct Failure {
    message: String,
    exit_code: u8,
}

impl Failure {
    /// The arguments or the configuration are at fault.
    pub(super) fn usage(message: impl Into<String>) -> Self {
        Self { message: message.into(), exit_code: 2 }
    }

    /// The work could not be done.
    pub(super) fn work(message: impl Into<String>) -> Self {
        Self { message: message.into(), exit_code: 1 }
    }

    /// What happened, without a line break.
    pub(super) fn message(&self) -> &str {
        &self.message
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

/// Runs a command's work to its end, and prints the answer or the failure.
pub(super) fn run_and_print(work: impl Future<Output = Result<String, Failure>>) -> ExitCode {
    let result = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(|error| Failure::work(format!("the asynchronous runtime cannot start: {error}")))
        .and_then(|runtime| runtime.block_on(work));
    print(result)
}

/// Prints a command's answer or its failure.
pub(super) fn print(result: Result<String, Failure>) -> ExitCode {
    match result {
        // A reader that went away is not worth a panic, but the exit code should say so: it may have missed a secret.
        Ok(text) => match std::io::stdout().write_all(text.as_bytes()).and_then(|()| std::io::stdout().flush()) {
            Ok(()) => ExitCode::SUCCESS,
            Err(_) => ExitCode::FAILURE,
        },
        Err(failure) => {
            note(&failure.message);
            ExitCode::from(failure.exit_code)
        }
    }
}

/// Says something to the person, in one line on standard error.
pub(super) fn note(message: &str) {
    // What others sent may hold anything: one line stays one line, and no escape sequence reaches a terminal.
    let line: String = message.chars().map(|c| if c.is_control() { ' ' } else { c }).collect();
    let _ = writeln!(std::io::stderr(), "portcullis: {line}");
}
