//! Requests of 10 to 64 KiB that are made to cost their reader as much as possible, and are all refused.

use std::fmt::Write as _;
use std::net::SocketAddr;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::support::app::{TestApp, now};
use crate::support::request::Request;

/// One request, as bytes.
pub(crate) struct Case {
    pub(crate) name: &'static str,
    pub(crate) bytes: Vec<u8>,
}

impl Case {
    fn new(name: &'static str, request: &Request) -> Self {
        Self { name, bytes: request.bytes() }
    }

    /// Sends the request over a connection of its own and returns the status, 0 for none.
    pub(crate) async fn send(&self, address: SocketAddr) -> u16 {
        let mut stream = TcpStream::connect(address).await.expect("the listener accepts");
        // Whoever refuses early may close before it has read everything.
        let _ = stream.write_all(&self.bytes).await;
        let mut start = [0; 12];
        match stream.read_exact(&mut start).await {
            Ok(_) => String::from_utf8_lossy(&start[9..]).parse().unwrap_or_default(),
            Err(_) => 0,
        }
    }
}

/// All of them. Where the head alone decides, the signature is right, so that nothing ends early.
pub(crate) fn cases(app: &TestApp) -> Vec<Case> {
    let (key, admin, wrong) = (&app.read, &app.admin, app.write.with_wrong_secret());
    let get = |target: &str| Request::get(target);
    let sum = |count: usize, piece: &dyn Fn(usize) -> String| (0..count).map(piece).collect::<Vec<_>>();
    let mut many_headers = get("/bucket/key");
    for number in 0..90 {
        many_headers = many_headers.header(&format!("x-amz-meta-{number}"), "x, ".repeat(190));
    }
    let names = sum(900, &|number| format!("x-amz-meta-{number:04}")).join(";");
    let authorization = format!(
        "AWS4-HMAC-SHA256 Credential={}/20261120/us-east-1/s3/aws4_request, SignedHeaders=host;{names}, Signature={}",
        key.id,
        "0".repeat(64)
    );
    let query = sum(250, &|number| format!("{number}=%20{}", "%C3%A4".repeat(20))).join("&");
    let same = "acl&".repeat(250);
    let many = sum(4_000, &|number| format!("{number}=1")).join("&");
    let batch = |count| {
        let mut text = "<Delete>".to_owned();
        for number in 0..count {
            let _ = write!(text, "<Object><Key>key-{number}</Key></Object>");
        }
        text + "</Delete>"
    };
    let attributes = sum(3_000, &|number| format!("a{number}=\"&amp;\"")).join(" ");
    let statement = r#"{"Effect":"Deny","Principal":"*","Action":"s3:*","Resource":"arn:aws:s3:::bucket/*?*?*?*?*"}"#;
    let statements = vec![statement; 180].join(",");
    let in_chunks =
        |request: Request, size| request.tamper(|request| request.body = vec![b'x'; 9_000]).in_http_chunks(size);
    let small_chunks = "1\r\nx\r\n".repeat(9_000) + "0\r\nx-amz-checksum-crc32:AAAAAA==\r\n\r\n";
    let trailer = |body: &str| {
        let request = Request::put("/bucket/key").unsigned_trailer(b"", &[("x-amz-checksum-crc32", "AAAAAA==")]);
        request.replace("x-amz-decoded-content-length", "9000").body(body).sign(admin, now())
    };
    let document = |target: &str, body: String| {
        Request::new(if target.contains("policy") { "PUT" } else { "POST" }, target).body(body).sign(admin, now())
    };
    let tags = sum(1_500, &|number| format!("k{number}=%20%20")).join("&");
    vec![
        Case::new("many headers, wrong signature", &many_headers.clone().sign(&wrong, now())),
        Case::new("many headers, unsigned", &many_headers),
        Case::new(
            "many signed names",
            &get("/bucket/key").header("x-amz-date", "20261120T100000Z").header("Authorization", authorization),
        ),
        Case::new("250 parameters", &get(&format!("/bucket/key?{query}")).sign(&wrong, now())),
        Case::new(
            "250 times the same parameter",
            &get(&format!("/bucket/key?{same}{}", "x".repeat(10_000))).sign(&wrong, now()),
        ),
        Case::new("4,000 parameters", &get(&format!("/bucket/key?{many}"))),
        Case::new("an encoded key", &get(&format!("/bucket/{}", "%41".repeat(10_000))).sign(&wrong, now())),
        Case::new("a deeply encoded key", &get(&format!("/bucket/%{}41", "25".repeat(15_000))).sign(&wrong, now())),
        Case::new("a key of slashes", &get(&format!("/bucket/{}", "a/".repeat(20_000))).sign(&wrong, now())),
        Case::new("1,000 keys, unsigned", &Request::post("/bucket?delete").body(batch(1_000))),
        Case::new(
            "1,000 keys, wrong signature",
            &Request::post("/bucket?delete").body(batch(1_000)).sign(&wrong, now()),
        ),
        Case::new("1,400 keys", &document("/bucket?delete", batch(1_400))),
        Case::new("elements in elements", &document("/bucket?delete", "<Delete>".repeat(7_000))),
        Case::new("many attributes", &document("/bucket?delete", format!("<Delete {attributes}/>"))),
        Case::new("entities", &document("/bucket?delete", format!("<Delete>{}", "&lt;".repeat(15_000)))),
        Case::new(
            "a policy of many statements",
            &document(
                "/bucket?policy",
                format!("{{\"Version\":\"2012-10-17\",\"Statement\":[{statements}],\"No\":1}}"),
            ),
        ),
        Case::new("lists in lists", &document("/bucket?policy", "[".repeat(20_000))),
        Case::new(
            "small HTTP chunks",
            &in_chunks(Request::put("/bucket/key").unsigned_payload().sign(&wrong, now()), 1),
        ),
        Case::new("small chunks, wrong checksum", &trailer(&small_chunks)),
        Case::new("small chunks in small HTTP chunks", &trailer(&small_chunks[..6 * 1_700]).in_http_chunks(1)),
        Case::new("many tags", &Request::put("/bucket/key").body("").header("x-amz-tagging", tags).sign(&wrong, now())),
        Case::new(
            "an encoded copy source",
            &Request::put("/bucket/key")
                .body("")
                .header("x-amz-copy-source", format!("/b/{}", "%2F".repeat(10_000)))
                .sign(admin, now()),
        ),
    ]
}
