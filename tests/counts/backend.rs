//! The backend: threads that read a request to its end and answer it in one write. `/bucket/1024` has 1024 bytes.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

pub(crate) struct Backend {
    pub(crate) address: SocketAddr,
    answered: Arc<AtomicU64>,
}

impl Backend {
    pub(crate) fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a loopback port is free");
        let address = listener.local_addr().expect("it is bound");
        let answered = Arc::new(AtomicU64::new(0));
        let count = Arc::clone(&answered);
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let count = Arc::clone(&count);
                std::thread::spawn(move || serve(stream, &count));
            }
        });
        Self { address, answered }
    }

    /// How many requests were answered so far.
    pub(crate) fn answered(&self) -> u64 {
        self.answered.load(Ordering::SeqCst)
    }
}

/// Answers the requests of one connection until the peer closes it.
fn serve(stream: TcpStream, answered: &AtomicU64) {
    stream.set_nodelay(true).expect("a socket has the option");
    let mut writer = stream.try_clone().expect("a descriptor is free");
    let mut reader = BufReader::with_capacity(256 << 10, stream);
    let mut line = String::new();
    let mut answer = Vec::new();
    loop {
        line.clear();
        if !reader.read_line(&mut line).is_ok_and(|read| read > 0) {
            return;
        }
        let mut words = line.split(' ');
        let method = words.next().unwrap_or_default().to_owned();
        let target = words.next().unwrap_or_default().to_owned();
        let mut length = 0;
        loop {
            line.clear();
            let _ = reader.read_line(&mut line);
            let Some((name, value)) = line.split_once(':') else { break };
            assert!(!name.eq_ignore_ascii_case("transfer-encoding"), "bodies are sent with their length");
            if name.eq_ignore_ascii_case("content-length") {
                length = value.trim().parse().expect("a length is a number");
            }
        }
        if std::io::copy(&mut reader.by_ref().take(length), &mut std::io::sink()).is_err() {
            return;
        }
        answer.clear();
        compose(&mut answer, &method, &target);
        answered.fetch_add(1, Ordering::SeqCst);
        if writer.write_all(&answer).is_err() {
            return;
        }
    }
}

fn compose(answer: &mut Vec<u8>, method: &str, target: &str) {
    let size: usize = target.rsplit('/').next().and_then(|name| name.parse().ok()).unwrap_or_default();
    let listing = method == "GET" && target.contains("list-type=2");
    let length = match method {
        "GET" if listing => LISTING.len(),
        "GET" | "HEAD" => size,
        _ => 0,
    };
    answer.extend_from_slice(
        format!(
            "HTTP/1.1 200 OK\r\nContent-Length: {length}\r\nETag: \"0cc175b9c0f1b6a831c399e269772661\"\r\n\
             Last-Modified: Fri, 20 Nov 2026 10:00:00 GMT\r\nContent-Type: {}\r\nAccept-Ranges: bytes\r\n\
             x-amz-request-id: 0123456789ABCDEF\r\nServer: backend\r\nDate: Fri, 20 Nov 2026 10:00:00 GMT\r\n\r\n",
            if listing { "application/xml" } else { "application/octet-stream" }
        )
        .as_bytes(),
    );
    if listing {
        answer.extend_from_slice(LISTING.as_bytes());
    } else if method == "GET" {
        answer.resize(answer.len() + size, b'x');
    }
}

const LISTING: &str = r#"<?xml version="1.0" encoding="UTF-8"?><ListBucketResult xmlns="http://s3.amazonaws.com/doc/2006-03-01/"><Name>bucket</Name><Prefix>a/</Prefix><KeyCount>1</KeyCount><MaxKeys>1000</MaxKeys><IsTruncated>false</IsTruncated><Contents><Key>a/b</Key><LastModified>2026-11-20T10:00:00.000Z</LastModified><ETag>"0cc175b9c0f1b6a831c399e269772661"</ETag><Size>1024</Size><StorageClass>STANDARD</StorageClass></Contents></ListBucketResult>"#;
