//! A generator of new connections: each of its threads connects, asks once, and begins again. wrk would resume
//! the TLS sessions of its earlier connections; here every handshake is a full one.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;

use anyhow::{Result, anyhow};
use rustls::ClientConfig;

use super::client::Client;
use super::generator::Generating;

/// Threads that connect and ask. They end when this is dropped.
pub(crate) struct Newcomers {
    enough: Arc<AtomicBool>,
    threads: Vec<JoinHandle<Result<u64>>>,
}

impl Newcomers {
    /// Starts so many threads, which take turns at `requests`.
    pub(crate) fn start(
        to: SocketAddr,
        settings: &Arc<ClientConfig>,
        requests: &Arc<Vec<Vec<u8>>>,
        threads: usize,
    ) -> Self {
        let enough = Arc::new(AtomicBool::new(false));
        let begin = |number: usize| {
            let (enough, settings, requests) = (Arc::clone(&enough), Arc::clone(settings), Arc::clone(requests));
            std::thread::spawn(move || {
                let mut count = 0;
                for request in requests.iter().cycle().skip(number).step_by(threads) {
                    if enough.load(Ordering::Relaxed) {
                        break;
                    }
                    Client::connect(to, Some(&settings), None)?.exchange(request)?;
                    count += 1;
                }
                Ok(count)
            })
        };
        let threads = (0..threads).map(begin).collect();
        Self { enough, threads }
    }
}

impl Generating for Newcomers {
    fn stop(mut self: Box<Self>) -> Result<u64> {
        self.enough.store(true, Ordering::Relaxed);
        let ended = self.threads.drain(..).map(|thread| thread.join().map_err(|_| anyhow!("a client failed"))?);
        Ok(ended.collect::<Result<Vec<u64>>>()?.iter().sum())
    }
}

impl Drop for Newcomers {
    fn drop(&mut self) {
        self.enough.store(true, Ordering::Relaxed);
    }
}
