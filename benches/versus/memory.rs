//! Memory of a proxy: what it grows by while it carries large objects, and what an idle connection costs.

use std::net::{IpAddr, Ipv4Addr};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use anyhow::{Context as _, Result, anyhow};
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
use rustls::ClientConfig;

use super::client::Client;
use super::proxies::Proxy;
use super::requests::{Action, Kind, Signer};
use super::store::BUCKET;
use super::usage::resident_bytes;

/// Streams at a time.
const STREAMS: usize = 16;
/// What each carries.
const OBJECT: usize = 64 << 20;
/// Idle connections, if the system allows as many.
const IDLE: usize = 10_000;
/// Connections from one address of loopback.
const FROM_ONE: usize = 2_000;

/// The greatest growth of memory, in MiB, while objects are fetched, and while objects are stored.
pub(crate) fn growth_with_streams(
    proxy: &Proxy,
    settings: &Arc<ClientConfig>,
    signer: &Signer<'_>,
) -> Result<(f64, f64)> {
    // Connections that are there already, and buffers of the first requests, are not what streams need.
    let small = signer.request(Kind::get(1024), BUCKET, 0);
    grown(proxy, settings, &small)?;
    let fetched = grown(proxy, settings, &signer.request(Kind::get(OBJECT), BUCKET, 0))?;
    let stored = grown(proxy, settings, &signer.request(Kind::put(Action::PutUnsigned, OBJECT), BUCKET, 0))?;
    Ok((fetched, stored))
}

/// The greatest growth while every stream makes `request` once, in MiB.
fn grown(proxy: &Proxy, settings: &Arc<ClientConfig>, request: &[u8]) -> Result<f64> {
    let connect = |_| Client::connect(proxy.address, Some(settings), None);
    let clients = (0..STREAMS).map(connect).collect::<Result<Vec<_>>>()?;
    let before = resident_bytes(proxy.process())?;
    let has_ended = AtomicBool::new(false);
    let most = std::thread::scope(|scope| {
        let watching = scope.spawn(|| {
            let mut most = 0;
            while !has_ended.load(Ordering::Relaxed) {
                most = most.max(resident_bytes(proxy.process())?);
                std::thread::sleep(Duration::from_millis(5));
            }
            anyhow::Ok(most)
        });
        let streams: Vec<_> =
            clients.into_iter().map(|mut client| scope.spawn(move || client.exchange(request))).collect();
        let ended: Result<Vec<()>> =
            streams.into_iter().map(|stream| stream.join().unwrap_or_else(|_| failed())).collect();
        has_ended.store(true, Ordering::Relaxed);
        let most = watching.join().unwrap_or_else(|_| failed());
        ended.and(most)
    })?;
    Ok(mebibytes(most.saturating_sub(before)))
}

fn failed<T>() -> Result<T> {
    Err(anyhow!("a client failed"))
}

/// What an idle connection costs.
pub(crate) struct Idle {
    /// How many were open. Portcullis gives not quite half of the files that it may open to its clients, so
    /// that 10,000 take a limit of 23,000.
    pub(crate) open: usize,
    /// What each costs after its handshake, in KiB.
    pub(crate) connected: f64,
    /// What each costs after a first request, in KiB.
    pub(crate) used: f64,
}

/// What an idle connection costs.
pub(crate) fn of_idle_connection(proxy: &Proxy, settings: &Arc<ClientConfig>, signer: &Signer<'_>) -> Result<Idle> {
    let limit = getrlimit(Resource::Nofile);
    setrlimit(Resource::Nofile, Rlimit { current: limit.maximum, maximum: limit.maximum }).context("open files")?;
    let most = limit.maximum.map_or(IDLE, |most| usize::try_from(most).unwrap_or(usize::MAX) / 100 * 44);
    let open = IDLE.min(most);
    let request = signer.request(Kind::get(1024), BUCKET, 0);
    // The first of all sets up what all need.
    Client::connect(proxy.address, Some(settings), None)?.exchange(&request)?;
    let before = resident_bytes(proxy.process())?;
    let mut clients = Vec::with_capacity(open);
    for number in 0..open {
        let from = IpAddr::V4(Ipv4Addr::new(127, 0, 0, 2 + u8::try_from(number / FROM_ONE)?));
        clients.push(Client::connect(proxy.address, Some(settings), Some(from))?);
    }
    let connected = resident_bytes(proxy.process())?;
    for client in &mut clients {
        client.exchange(&request)?;
    }
    let used = resident_bytes(proxy.process())?;
    #[expect(clippy::cast_precision_loss, reason = "far below 2^52")]
    let each = |after: u64| after.saturating_sub(before) as f64 / 1024.0 / open as f64;
    Ok(Idle { open, connected: each(connected), used: each(used) })
}

#[expect(clippy::cast_precision_loss, reason = "far below 2^52")]
fn mebibytes(bytes: u64) -> f64 {
    bytes as f64 / f64::from(1 << 20)
}
