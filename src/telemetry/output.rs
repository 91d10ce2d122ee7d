//! Standard error, as the log writes it: whole lines in the order in which they came, those of requests many at a
//! time. A line for each request would otherwise cost each request a system call, and have it wait for whoever
//! reads the log.

use std::io::{self, Write};
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::Duration;

/// Lines that wait, and where they go.
#[derive(Debug)]
pub(super) struct Output<W> {
    waiting: Mutex<Waiting>,
    /// Told when a line comes while the thread that writes sleeps.
    woken: Condvar,
    /// Told when what waited was written.
    written: Condvar,
    /// Held by whoever takes lines from `waiting`, so that they are written in their order.
    to: Mutex<Sink<W>>,
}

#[derive(Debug, Default)]
struct Waiting {
    lines: Vec<u8>,
    is_writer_asleep: bool,
}

#[derive(Debug)]
struct Sink<W> {
    to: W,
    /// What was written last, kept for its memory.
    taken: Vec<u8>,
}

impl<W: Write> Output<W> {
    pub(super) fn new(to: W) -> Self {
        Self {
            waiting: Mutex::default(),
            woken: Condvar::new(),
            written: Condvar::new(),
            to: Mutex::new(Sink { to, taken: Vec::new() }),
        }
    }

    /// Adds a line, which is written within [`BATCH`]. When nobody reads what is written, and [`MOST_WAITING`]
    /// bytes wait, so does the caller: a request is not served without its line.
    pub(super) fn add(&self, line: &[u8]) {
        let waiting = lock(&self.waiting);
        let has_no_room = |waiting: &mut Waiting| waiting.lines.len() > MOST_WAITING;
        let mut waiting = self.written.wait_while(waiting, has_no_room).unwrap_or_else(PoisonError::into_inner);
        waiting.lines.extend_from_slice(line);
        if std::mem::take(&mut waiting.is_writer_asleep) {
            drop(waiting);
            self.woken.notify_one();
        }
    }

    /// Writes all that waits. An error is nobody's to hear of: where it would be written is what failed.
    pub(super) fn flush(&self) {
        let mut sink = lock(&self.to);
        let Sink { to, taken } = &mut *sink;
        std::mem::swap(taken, &mut lock(&self.waiting).lines);
        let _ = to.write_all(taken).and_then(|()| to.flush());
        if taken.capacity() > MOST_KEPT {
            *taken = Vec::new();
        }
        taken.clear();
        self.written.notify_all();
    }

    /// Writes what waits, again and again.
    pub(super) fn write_forever(&self) {
        loop {
            let mut waiting = lock(&self.waiting);
            while waiting.lines.is_empty() {
                waiting.is_writer_asleep = true;
                waiting = self.woken.wait(waiting).unwrap_or_else(PoisonError::into_inner);
            }
            drop(waiting);
            thread::sleep(BATCH);
            self.flush();
        }
    }
}

/// A line that is written at once, behind those that wait.
pub(super) struct AtOnce<'a, W>(pub(super) &'a Output<W>);

impl<W: Write> Write for AtOnce<'_, W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.add(bytes);
        self.0.flush();
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// A lock is never held over anything that panics but the sink's own `write`, after which it is as good as before.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// How long lines of requests wait for others to join them.
const BATCH: Duration = Duration::from_millis(20);
const MOST_WAITING: usize = 4 << 20;
const MOST_KEPT: usize = 256 << 10;

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::sync::mpsc::{Receiver, Sender, channel};

    use super::*;

    /// Hands on what is written, in the pieces in which it comes.
    struct Pieces(Sender<String>);

    impl Write for Pieces {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.0.send(String::from_utf8(bytes.to_vec()).unwrap()).map_err(io::Error::other)?;
            Ok(bytes.len())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    fn output() -> (Arc<Output<Pieces>>, Receiver<String>) {
        let (pieces, written) = channel();
        (Arc::new(Output::new(Pieces(pieces))), written)
    }

    #[test]
    fn lines_wait_for_each_other_and_one_that_does_not_wait_comes_behind_them() {
        let (output, written) = output();
        output.add(b"one\n");
        output.add(b"two\n");
        assert!(written.try_recv().is_err(), "they wait");
        AtOnce(&output).write_all(b"three\n").unwrap();
        assert_eq!(written.try_recv().unwrap(), "one\ntwo\nthree\n");
    }

    #[test]
    fn what_waits_is_written_without_being_asked_for() {
        let (output, written) = output();
        let writer = Arc::clone(&output);
        thread::spawn(move || writer.write_forever());
        for line in ["one\n", "two\n"] {
            output.add(line.as_bytes());
            assert_eq!(written.recv_timeout(Duration::from_secs(20)).unwrap(), line);
        }
    }

    #[test]
    fn whoever_adds_waits_while_too_much_waits() {
        let (output, written) = output();
        output.add(&vec![b'x'; MOST_WAITING + 1]);
        let adding = Arc::clone(&output);
        let (added, is_added) = channel();
        let thread = thread::spawn(move || {
            adding.add(b"late\n");
            added.send(()).unwrap();
        });
        assert!(is_added.recv_timeout(Duration::from_millis(50)).is_err(), "there is no room");
        output.flush();
        thread.join().unwrap();
        output.flush();
        assert_eq!(written.iter().nth(1).unwrap(), "late\n");
    }
}
