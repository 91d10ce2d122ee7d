//! The one client in a hundred that means well: uploads, reads back byte for byte, deletes.

use std::net::{IpAddr, Ipv4Addr};
use std::time::Duration;

use portcullis::clock::{Clock as _, SystemClock};
use rand::rngs::StdRng;
use rand::{Rng, RngExt, SeedableRng};

use crate::Scene;
use crate::store::LEGITIMATE;
use crate::support::chunks::crc32;
use crate::support::http2::Http2;
use crate::support::request::Request;
use crate::support::wire::{Connection, Response};
use crate::tally::Outcome;

/// Where all legitimate clients are.
pub(crate) const HOME: IpAddr = IpAddr::V4(Ipv4Addr::new(127, 0, 0, 7));

/// A few requests before anything is measured.
pub(crate) async fn warm_up(scene: &Scene) {
    let mut rng = StdRng::seed_from_u64(0);
    for _ in 0..40 {
        let outcome = request(scene, &mut rng).await;
        assert!(outcome.wrong.is_none(), "it works before it is loaded: {}", outcome.wrong.unwrap_or_default());
    }
}

/// One upload, its download, and its deletion.
pub(crate) async fn request(scene: &Scene, rng: &mut StdRng) -> Outcome {
    let mut body = vec![0; size(rng)];
    rng.fill_bytes(&mut body);
    let path = format!("{LEGITIMATE}{:016x}", rng.random::<u64>());
    let key = &scene.program.write;
    let put = Request::put(&path).body(body.clone());
    let (what, put) = match rng.random_range(0..4) {
        0 => ("a body with its SHA-256", put.sign(key, SystemClock.now())),
        1 => ("an unsigned body", put.unsigned_payload().sign(key, SystemClock.now())),
        2 => ("a presigned upload", put.presign(key, SystemClock.now(), Duration::from_mins(1))),
        _ => {
            let sum = crc32(&body);
            let put = Request::put(&path).unsigned_trailer(&body, &[("x-amz-checksum-crc32", &sum)]);
            ("an unsigned trailer", put.sign(key, SystemClock.now()))
        }
    };
    let get = Request::get(&path).sign(&scene.program.read, SystemClock.now());
    let delete = Request::delete(&path).sign(key, SystemClock.now());
    let http2 = rng.random();
    let Some(mut client) = Client::open(scene, http2).await else {
        return Outcome::wrong(what, "no connection");
    };
    for (request, status) in [(&put, 200), (&get, 200), (&delete, 204)] {
        match client.exchange(request).await {
            Some(response) if response.status == status => {
                if request.method == "GET" && response.body != body {
                    return Outcome::wrong(what, format!("{} other bytes came back", body.len()));
                }
            }
            other => {
                return Outcome::wrong(
                    what,
                    format!("{} of {} bytes, HTTP/2 {http2}: {other:?}", request.method, body.len()),
                );
            }
        }
    }
    Outcome::right(what)
}

/// Mostly small, now and then large.
fn size(rng: &mut StdRng) -> usize {
    match rng.random_range(0..20) {
        0 => 0,
        1..10 => rng.random_range(1..16 << 10),
        10..19 => rng.random_range(16 << 10..256 << 10),
        _ => rng.random_range(1 << 20..4 << 20),
    }
}

enum Client {
    Http1(Connection),
    Http2(Http2),
}

impl Client {
    async fn open(scene: &Scene, http2: bool) -> Option<Self> {
        if http2 {
            return scene.program.http2(HOME).await.map(Self::Http2);
        }
        scene.program.http1(HOME).await.map(Self::Http1)
    }

    async fn exchange(&mut self, request: &Request) -> Option<Response> {
        match self {
            Self::Http1(connection) => connection.try_exchange(&request.bytes(), &request.method).await.ok(),
            Self::Http2(connection) => connection.try_exchange(request).await,
        }
    }
}
