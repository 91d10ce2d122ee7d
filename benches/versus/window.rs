//! One window: a proxy under load for a moment, the CPU time that it used, and the requests that it carried.

use std::thread::sleep;
use std::time::{Duration, Instant};

use anyhow::{Result, ensure};

use super::generator::Generating;
use super::origin::{Origin, Tally};
use super::proxies::Proxy;
use super::usage::cpu_nanoseconds;

/// What was measured.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Window {
    /// CPU time of the proxy, in seconds.
    pub(crate) cpu: f64,
    /// How long it was watched, in seconds.
    pub(crate) wall: f64,
    /// What came to the origin meanwhile.
    pub(crate) tally: Tally,
}

/// Puts `proxy` under load by `start` and watches it for `length` when it runs steadily: neither the handshakes
/// of the first of the `connections` nor the ends of the last are part of it.
///
/// # Errors
/// If not everything was answered with success, or if the generator and the origin counted differently: some
/// requests went elsewhere, or came from elsewhere.
pub(crate) fn measure(
    start: impl FnOnce() -> Result<Box<dyn Generating>>,
    proxy: &Proxy,
    origin: &Origin,
    connections: usize,
    length: Duration,
) -> Result<Window> {
    let idle = origin.tally();
    let running = start()?;
    let begun = Instant::now();
    while origin.tally().bytes_in == idle.bytes_in && origin.tally().requests == idle.requests {
        if begun.elapsed() > Duration::from_secs(20) {
            running.stop()?;
            anyhow::bail!("no request came through {}", proxy.name);
        }
        sleep(Duration::from_millis(5));
    }
    sleep(WARM_UP);
    let (since, before, cpu_before) = (Instant::now(), origin.tally(), cpu_nanoseconds(proxy.process())?);
    sleep(length);
    let (wall, after, cpu_after) = (since.elapsed(), origin.tally(), cpu_nanoseconds(proxy.process())?);
    let counted = running.stop()?;
    let at_origin = settled(origin).since(idle).requests;
    let most = counted + connections as u64;
    ensure!(
        (counted..=most).contains(&at_origin),
        "{}: the generator counted {counted} answers, the origin {at_origin} requests",
        proxy.name
    );
    let cpu = Duration::from_nanos(cpu_after.saturating_sub(cpu_before)).as_secs_f64();
    Ok(Window { cpu, wall: wall.as_secs_f64(), tally: after.since(before) })
}

/// What came to the origin, when nothing comes any more.
fn settled(origin: &Origin) -> Tally {
    let mut last = origin.tally();
    for _ in 0..100 {
        sleep(Duration::from_millis(20));
        let now = origin.tally();
        if now.requests == last.requests && now.bytes_in == last.bytes_in {
            return now;
        }
        last = now;
    }
    last
}

/// Until connections stand and caches are filled.
const WARM_UP: Duration = Duration::from_millis(200);
