//! The threads that carry connections. Each has a runtime of its own, so that what belongs to one connection
//! (its tasks, its timers, the connection to a backend that it uses) stays on one core and wakes no other.

use std::io;
use std::num::NonZeroUsize;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use std::time::Duration;

use tokio::runtime::{Builder, Handle};
use tokio::sync::mpsc;
use tokio_util::sync::{CancellationToken, DropGuard};

/// Threads that run until this is dropped.
pub struct Workers {
    threads: Vec<Worker>,
    /// Closed once every thread has ended.
    ended: mpsc::Receiver<()>,
    stop: DropGuard,
}

struct Worker {
    runtime: Handle,
    connections: Arc<AtomicUsize>,
}

/// A connection's place on the worker that was chosen for it, held until the connection ends.
pub(super) struct Place {
    pub(super) runtime: Handle,
    worker: usize,
    connections: Arc<AtomicUsize>,
}

impl Workers {
    /// Starts `count` threads.
    ///
    /// # Errors
    /// What the operating system says, if it gives no thread or no file descriptor for one.
    pub fn start(count: NonZeroUsize) -> io::Result<Self> {
        let stop = CancellationToken::new();
        let (running, ended) = mpsc::channel(1);
        let mut threads = Vec::with_capacity(count.get());
        for number in 0..count.get() {
            let runtime = Builder::new_current_thread().enable_all().build()?;
            threads.push(Worker { runtime: runtime.handle().clone(), connections: Arc::default() });
            let (stopped, running) = (stop.clone().cancelled_owned(), running.clone());
            thread::Builder::new().name(format!("worker-{number}")).spawn(move || {
                runtime.block_on(async {
                    tokio::select! {
                        () = stopped => {}
                        () = tick() => {}
                    }
                });
                // Not by waiting: a blocking call that a task has begun may take its time.
                runtime.shutdown_background();
                drop(running);
            })?;
        }
        Ok(Self { threads, ended, stop: stop.drop_guard() })
    }

    pub(super) fn count(&self) -> usize {
        self.threads.len()
    }

    /// A place on the worker with the fewest connections. They live long and are about equally busy, and one that
    /// closes makes room for the next.
    pub(super) fn place(&self) -> Place {
        let connections_of = |worker: &usize| self.threads[*worker].connections.load(Ordering::Relaxed);
        // There is a worker: they are counted by a `NonZeroUsize`.
        let worker = (0..self.threads.len()).min_by_key(connections_of).unwrap_or_default();
        let Worker { runtime, connections } = &self.threads[worker];
        connections.fetch_add(1, Ordering::Relaxed);
        Place { runtime: runtime.clone(), worker, connections: Arc::clone(connections) }
    }

    /// Stops every thread, cutting what still runs there, and waits for their end.
    pub(super) async fn finish(self) {
        let Self { mut ended, stop, .. } = self;
        drop(stop);
        // Nobody ever sends: this returns when the last thread has dropped its sender.
        ended.recv().await;
    }
}

impl Place {
    /// Which worker it is on, counted from 0.
    pub(super) fn worker(&self) -> usize {
        self.worker
    }
}

/// Has a timer run out every second, for ever. A timer that is set wakes its thread, by a system call, if it will
/// run out before all others; those of requests never do then.
async fn tick() {
    loop {
        tokio::time::sleep(TICK).await;
    }
}

const TICK: Duration = Duration::from_secs(1);

impl Drop for Place {
    fn drop(&mut self) {
        self.connections.fetch_sub(1, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn connections_go_where_the_fewest_are_and_each_worker_is_one_thread() {
        let workers = Workers::start(NonZeroUsize::new(3).unwrap()).unwrap();
        let places: Vec<Place> = (0..6).map(|_| workers.place()).collect();
        let mut names = Vec::new();
        for place in &places {
            let name = place.runtime.spawn(async { thread::current().name().map(str::to_owned) });
            names.push(name.await.unwrap().unwrap());
        }
        assert_eq!(names, ["worker-0", "worker-1", "worker-2", "worker-0", "worker-1", "worker-2"]);
        drop(places.into_iter().nth(1));
        // All are free again, or one of them would have gone elsewhere.
        assert!(workers.threads.iter().all(|worker| worker.connections.load(Ordering::Relaxed) == 0));
        workers.finish().await;
    }

    #[tokio::test]
    async fn a_finish_cuts_what_runs_and_waits_for_the_threads() {
        let workers = Workers::start(NonZeroUsize::MIN).unwrap();
        let alive = Arc::new(());
        let held = Arc::clone(&alive);
        let place = workers.place();
        place.runtime.spawn(async move {
            std::future::pending::<()>().await;
            drop(held);
        });
        workers.finish().await;
        assert_eq!(Arc::strong_count(&alive), 1, "what ran there is gone");
    }
}
