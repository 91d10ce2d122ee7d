//! Clients that mean harm, some of them with a good key. What they do has to fail, and to cost little.

use std::net::IpAddr;
use std::time::Duration;

use portcullis::clock::{Clock as _, SystemClock};
use rand::rngs::StdRng;
use rand::{Rng, RngExt};
use tokio::io::{AsyncReadExt, AsyncWriteExt};

use crate::Scene;
use crate::store::BAIT;
use crate::support::chunks::aws_chunked;
use crate::support::http2::Then;
use crate::support::request::Request;
use crate::tally::Outcome;

/// How long a client that does nothing waits, before it goes.
const PATIENCE: Duration = Duration::from_secs(6);

pub(crate) async fn request(scene: &Scene, source: IpAddr, rng: &mut StdRng) -> Outcome {
    let (key, now) = (&scene.program.write, SystemClock.now());
    let length = rng.random_range(20_000..200_000);
    let body: Vec<u8> = (0..length).map(|_| b'x').collect();
    let put = Request::put("/hostile/key").body(body.clone());
    let trailers = [("x-amz-checksum-crc32", "AAAAAA==")];
    match rng.random_range(0..16) {
        0 => sends(scene, source, "noise", noise(rng)).await,
        1 => sends(scene, source, "lines that are no HTTP", malformed(rng)).await,
        2 => sends(scene, source, "a wrong signature", put.sign(&key.with_wrong_secret(), now).bytes()).await,
        3 => {
            let mut signed = put.sign(key, now);
            signed.body[length / 2] ^= 1;
            sends(scene, source, "an altered body", signed.bytes()).await
        }
        4 => {
            let mut bytes = put.sign(key, now).bytes();
            bytes.truncate(bytes.len() - rng.random_range(1..length));
            leaves(scene, source, "half a body", bytes, Duration::ZERO).await
        }
        5 => {
            let trailer = Request::put("/hostile/key").unsigned_trailer(&body, &trailers).sign(key, now);
            sends(scene, source, "a wrong trailer", trailer.bytes()).await
        }
        6 => {
            let framed = Request::put("/hostile/key").unsigned_trailer(&body, &trailers).sign(key, now);
            let mut broken = aws_chunked(&body, 1000, &trailers);
            let at = rng.random_range(0..broken.len());
            broken[at] = rng.random();
            sends(scene, source, "a broken chunk", framed.tamper(|request| request.body = broken).bytes()).await
        }
        7 => slow_body(scene, source, put.unsigned_payload().sign(key, now)).await,
        8 => slow_reader(scene, source, Request::get(BAIT).sign(key, now)).await,
        9 => resets(scene, source, &put.unsigned_payload().sign(key, now), rng).await,
        10 => half_open(scene, source, rng).await,
        11 => {
            let many = (0..rng.random_range(1..2000))
                .fold(Request::get("/hostile/key"), |request, _| request.header("A", "b"));
            let huge = Request::get("/hostile/key").header("A", "x".repeat(rng.random_range(70_000..300_000)));
            let request = if rng.random() { many } else { huge };
            sends(scene, source, "a huge head", request.bytes()).await
        }
        12 => {
            let taken = put.sign(key, now).tamper(|request| "/hostile/other".clone_into(&mut request.target));
            sends(scene, source, "a signature of another request", taken.bytes()).await
        }
        13 => sends(scene, source, "a wrong form", form(rng)).await,
        14 => {
            let smuggled = put.sign(key, now).header("Transfer-Encoding", "chunked").tamper(|request| {
                request.body = b"0\r\n\r\nGET /hostile/smuggled HTTP/1.1\r\nHost: localhost\r\n\r\n".to_vec();
            });
            sends(scene, source, "two lengths", smuggled.bytes()).await
        }
        _ => {
            leaves(scene, source, "a head that does not end", b"GET / HTTP/1.1\r\nHost: a\r\nA".to_vec(), PATIENCE)
                .await
        }
    }
}

/// Sends `bytes` over TLS and reads whatever comes: nothing of it may be a success.
async fn sends(scene: &Scene, source: IpAddr, what: &'static str, bytes: Vec<u8>) -> Outcome {
    let Some(mut stream) = scene.program.tls(source, b"http/1.1").await else { return Outcome::right("shed") };
    let mut answer = Vec::new();
    let exchange = async {
        let (mut reader, mut writer) = tokio::io::split(&mut stream);
        let writing = async {
            // Whoever refuses early may close before everything is sent.
            let _ = writer.write_all(&bytes).await;
            let _ = writer.flush().await;
            std::future::pending::<()>().await;
        };
        tokio::select! {
            _ = reader.read_to_end(&mut answer) => {}
            () = writing => {}
        }
    };
    // An answer may leave the connection open for the next request.
    let _ = tokio::time::timeout(PATIENCE, exchange).await;
    let head = String::from_utf8_lossy(&answer[..answer.len().min(4000)]).into_owned();
    if head.contains("HTTP/1.1 2") { Outcome::wrong(what, head) } else { Outcome::right(what) }
}

/// Sends `bytes`, waits, and is gone.
async fn leaves(scene: &Scene, source: IpAddr, what: &'static str, bytes: Vec<u8>, after: Duration) -> Outcome {
    let Some(mut stream) = scene.program.tls(source, b"http/1.1").await else { return Outcome::right("shed") };
    let _ = stream.write_all(&bytes).await;
    let _ = stream.flush().await;
    tokio::time::sleep(after).await;
    Outcome::right(what)
}

async fn slow_body(scene: &Scene, source: IpAddr, request: Request) -> Outcome {
    let what = "a body of one byte at a time";
    let Some(mut stream) = scene.program.tls(source, b"http/1.1").await else { return Outcome::right("shed") };
    let _ = stream.write_all(&request.head_bytes()).await;
    for byte in request.body.iter().take(20) {
        let _ = stream.write_all(&[*byte]).await;
        let _ = stream.flush().await;
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    Outcome::right(what)
}

async fn slow_reader(scene: &Scene, source: IpAddr, request: Request) -> Outcome {
    let what = "a reader of a few bytes";
    let Some(mut stream) = scene.program.tls(source, b"http/1.1").await else { return Outcome::right("shed") };
    let _ = stream.write_all(&request.bytes()).await;
    let _ = stream.flush().await;
    let mut few = [0; 100];
    for _ in 0..10 {
        if tokio::time::timeout(PATIENCE, stream.read(&mut few)).await.is_err() {
            break;
        }
        tokio::time::sleep(Duration::from_millis(200)).await;
    }
    Outcome::right(what)
}

/// Streams that are begun and reset, one after the other.
async fn resets(scene: &Scene, source: IpAddr, request: &Request, rng: &mut StdRng) -> Outcome {
    let what = "streams that are reset";
    let Some(mut client) = scene.program.http2(source).await else {
        return Outcome::right("shed");
    };
    for _ in 0..rng.random_range(1..60) {
        let bytes = rng.random_range(0..request.body.len());
        if let Some(answer) = client.begin(request, bytes, Then::Disconnect).await
            && answer.status < 300
        {
            return Outcome::wrong(what, format!("{answer:?}"));
        }
    }
    Outcome::right(what)
}

/// TLS that never gets anywhere: nothing, noise, or half a greeting.
async fn half_open(scene: &Scene, source: IpAddr, rng: &mut StdRng) -> Outcome {
    let what = "half a handshake";
    let Some(mut stream) = scene.program.tcp(source).await else { return Outcome::right("shed") };
    let bytes = match rng.random_range(0..3) {
        0 => Vec::new(),
        1 => noise(rng),
        _ => b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03".to_vec(),
    };
    let _ = stream.write_all(&bytes).await;
    let mut answer = Vec::new();
    let _ = tokio::time::timeout(PATIENCE, stream.read_to_end(&mut answer)).await;
    Outcome::right(what)
}

fn noise(rng: &mut StdRng) -> Vec<u8> {
    let mut bytes = vec![0; rng.random_range(1..5000)];
    rng.fill_bytes(&mut bytes);
    bytes
}

fn malformed(rng: &mut StdRng) -> Vec<u8> {
    let lines: [&[u8]; 10] = [
        b"GET /\r\n\r\n",
        b"GET / HTTP/3.0\r\nHost: a\r\n\r\n",
        b"G\0T / HTTP/1.1\r\nHost: a\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost : a\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: a\r\n folded\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n",
        b"GET /\xff\xfe HTTP/1.1\r\nHost: a\r\n\r\n",
        b"PUT / HTTP/1.1\r\nHost: a\r\nContent-Length: -1\r\n\r\n",
        b"PUT / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: xchunked\r\n\r\n",
        b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\xff\x04\0\0\0\0\0",
    ];
    lines[rng.random_range(0..lines.len())].to_vec()
}

fn form(rng: &mut StdRng) -> Vec<u8> {
    let policy = "eyJleHBpcmF0aW9uIjoiMjAwMC0wMS0wMVQwMDowMDowMFoiLCJjb25kaXRpb25zIjpbXX0=";
    let fields = ["key", "policy", "x-amz-signature", "x-amz-credential", "file", "file", ""];
    let mut body = String::new();
    for _ in 0..rng.random_range(0..40) {
        let name = fields[rng.random_range(0..fields.len())];
        let part = ["--b\r\nContent-Disposition: form-data; name=\"", name, "\"\r\n\r\n", policy, "\r\n"];
        body.extend(part);
    }
    body += if rng.random() { "--b--\r\n" } else { "--b" };
    Request::post("/hostile").header("Content-Type", "multipart/form-data; boundary=b").body(body).bytes()
}
