//! The signals that ask the process to stop.

use std::io;

use tokio::signal::unix::{SignalKind, signal};

/// From now on SIGTERM and SIGINT no longer end the process; the future waits for either of them, and is
/// which it was. Call it before telling anybody that the program is ready.
///
/// # Errors
/// If the handlers cannot be installed.
pub fn asked_to_stop() -> io::Result<impl Future<Output = &'static str>> {
    let mut terminate = signal(SignalKind::terminate())?;
    let mut interrupt = signal(SignalKind::interrupt())?;
    Ok(async move {
        tokio::select! {
            _ = terminate.recv() => "SIGTERM",
            _ = interrupt.recv() => "SIGINT",
        }
    })
}
