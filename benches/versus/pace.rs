//! A fixed rate: requests are sent when they are due, whether or not earlier ones were answered, and the time to
//! the end of each answer is noted.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::{Result, anyhow};
use rustls::ClientConfig;

use super::client::Client;
use super::statistics::Median;

/// Requests a second.
const RATE: u32 = 1_000;
/// Connections, which take turns.
const CONNECTIONS: u32 = 16;

/// The median time from sending a request to the end of its answer, in microseconds.
///
/// A request whose connection is still busy when it is due counts from when it was due.
pub(crate) fn median_latency(
    to: SocketAddr,
    settings: Option<&Arc<ClientConfig>>,
    requests: &Arc<Vec<Vec<u8>>>,
    length: Duration,
) -> Result<f64> {
    let interval = Duration::from_secs(1) / RATE;
    let begin = |number: u32| -> Result<_> {
        let (mut client, requests) = (Client::connect(to, settings, None)?, Arc::clone(requests));
        let first = Instant::now() + Duration::from_millis(100) + interval * number;
        Ok(std::thread::spawn(move || -> Result<Vec<f64>> {
            let mut latencies = Vec::new();
            for (round, request) in (0_u32..).zip(requests.iter().cycle().skip(number as usize)) {
                let due = first + interval * CONNECTIONS * round;
                if due > first + length {
                    break;
                }
                let early = due.saturating_duration_since(Instant::now());
                std::thread::sleep(early);
                let sent = if early.is_zero() { due } else { Instant::now() };
                client.exchange(request)?;
                latencies.push(sent.elapsed().as_secs_f64() * 1e6);
            }
            Ok(latencies)
        }))
    };
    let threads = (0..CONNECTIONS).map(begin).collect::<Result<Vec<_>>>()?;
    let mut latencies = Vec::new();
    for thread in threads {
        latencies.extend(thread.join().map_err(|_| anyhow!("a client failed"))??);
    }
    Median::of(&latencies).map(|median| median.value).ok_or_else(|| anyhow!("no request was sent"))
}
