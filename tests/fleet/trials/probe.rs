//! One way to use a key on one node, again and again until the key is refused.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};

use portcullis::clock::{Clock as _, SystemClock};
use tokio::sync::Barrier;

use crate::line::Line;
use crate::quiet_backend::ENDLESS;
use crate::support::request::Request;
use crate::support::sign::TestKey;

/// A way to use a key.
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub(super) enum Kind {
    Presigned,
    Sha256,
    SignedChunks,
    /// A download that runs when the key is revoked.
    Stream,
    UnsignedPayload,
    UnsignedTrailer,
}

impl Kind {
    pub(super) const ALL: [Self; 6] =
        [Self::Presigned, Self::Sha256, Self::SignedChunks, Self::Stream, Self::UnsignedPayload, Self::UnsignedTrailer];

    /// Signed once: it may be sent again for as long as its time is near enough.
    fn request(self, key: &TestKey) -> Request {
        let now = SystemClock.now();
        let body = &b"one, two, three"[..];
        match self {
            Self::Presigned => Request::get("/bucket/presigned").presign(key, now, Duration::from_mins(10)),
            Self::Sha256 => Request::put("/bucket/sha256").body(body).sign(key, now),
            Self::SignedChunks => Request::put("/bucket/chunks").in_signed_chunks(body, 8, &[], key, now).request(),
            Self::Stream => Request::get(&format!("/bucket/{ENDLESS}")).sign(key, now),
            Self::UnsignedPayload => Request::put("/bucket/unsigned").body(body).unsigned_payload().sign(key, now),
            Self::UnsignedTrailer => Request::put("/bucket/trailer").check_body_with_crc32().sign(key, now),
        }
    }
}

pub(super) struct Probe {
    pub(super) node: SocketAddr,
    pub(super) kind: Kind,
    pub(super) key: TestKey,
}

/// What came of it.
pub(super) struct Seen {
    pub(super) kind: Kind,
    /// When the last request was sent that was accepted.
    pub(super) last_accepted: Instant,
    /// When the first refusal arrived.
    pub(super) first_refused: Instant,
    /// How many requests were accepted after one had been refused.
    pub(super) accepted_again: usize,
    /// The times between two requests.
    pub(super) gaps: Vec<Duration>,
}

impl Probe {
    /// Waits at `everywhere` once the key was accepted.
    pub(super) async fn run(self, everywhere: Arc<Barrier>) -> Seen {
        let request = self.kind.request(&self.key);
        let mut line = Line::to(self.node);
        if self.kind == Kind::Stream {
            return self.watch_stream(&mut line, &request, &everywhere).await;
        }
        // Where the leader changes, a node may not be able to say at first.
        while self.status(&mut line, &request).await != 200 {}
        everywhere.wait().await;
        let mut last_accepted = Instant::now();
        let mut gaps = Vec::new();
        let mut ticks = tokio::time::interval(PROBE_EVERY);
        ticks.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
        let mut sent = Instant::now();
        let first_refused = loop {
            ticks.tick().await;
            let before = std::mem::replace(&mut sent, Instant::now());
            gaps.push(sent - before);
            match self.status(&mut line, &request).await {
                200 => last_accepted = sent,
                403 => break Instant::now(),
                _ => {}
            }
        };
        let mut accepted_again = 0;
        for _ in 0..MORE {
            accepted_again += usize::from(self.status(&mut line, &request).await == 200);
        }
        Seen { kind: self.kind, last_accepted, first_refused, accepted_again, gaps }
    }

    /// 200, 403 or 503; whatever else is wrong.
    async fn status(&self, line: &mut Line, request: &Request) -> u16 {
        // A connection that was closed after a refusal is opened again.
        let (status, body) = match line.send(request).await {
            Ok(answer) => answer,
            Err(_) => line.send(request).await.expect("an answer over a new connection"),
        };
        let text = String::from_utf8_lossy(&body);
        assert!(matches!(status, 200 | 403 | 503), "{:?}: {status} {text}", self.kind);
        status
    }

    /// Reads a download that has begun until it is cut.
    async fn watch_stream(self, line: &mut Line, request: &Request, everywhere: &Barrier) -> Seen {
        let mut stream = loop {
            let (status, stream) = line.open_stream(request).await.expect("an answer");
            match status {
                200 => break stream,
                503 => {}
                other => panic!("{other} for a download"),
            }
        };
        assert!(stream.piece().await, "it has begun");
        everywhere.wait().await;
        let mut last_accepted = Instant::now();
        while stream.piece().await {
            last_accepted = Instant::now();
        }
        Seen { kind: self.kind, last_accepted, first_refused: Instant::now(), accepted_again: 0, gaps: Vec::new() }
    }
}

/// A little less than ten, for the time that a request takes.
const PROBE_EVERY: Duration = Duration::from_millis(8);
/// How often a key is used that was refused.
const MORE: usize = 10;
