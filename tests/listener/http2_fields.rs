//! HTTP/2 header blocks that mean harm: too much of them, and what would change its meaning on the way to a
//! server that speaks HTTP/1.1. None of it reaches the service.

use portcullis::config::Limits;

use crate::frames::{
    CONTINUATION, Connection, END_HEADERS, END_STREAM, GOAWAY, HEADERS, RST_STREAM, SETTINGS, field, head,
};
use crate::http2::{WIDE, is_answered};
use crate::server::{Server, within};

/// How a header block was refused: with the status of an answer, a stream error or an error of the
/// connection. Cut off without a word is none of these.
async fn refusal(connection: &mut Connection) -> u8 {
    within(async {
        loop {
            let frame = connection.next().await.expect("a refusal, not only a close");
            if matches!(frame.kind, HEADERS | RST_STREAM | GOAWAY) {
                return frame.kind;
            }
        }
    })
    .await
}

async fn reaches_nobody(server: &mut Server, what: &str, block: &[u8]) -> u8 {
    let mut connection = Connection::open(server, WIDE).await;
    connection.until(SETTINGS).await;
    let mut pieces = block.chunks(16_000).peekable();
    let mut kind = HEADERS;
    while let Some(piece) = pieces.next() {
        let end = if pieces.peek().is_none() { END_HEADERS } else { 0 };
        let flags = if kind == HEADERS { END_STREAM | end } else { end };
        if !connection.send(kind, flags, 1, piece).await {
            break;
        }
        kind = CONTINUATION;
    }
    let refused = refusal(&mut connection).await;
    assert_eq!(server.events_so_far(), [""; 0], "{what}");
    refused
}

fn with(fields: &[(&[u8], &[u8])]) -> Vec<u8> {
    let mut block = head("/hostile");
    for (name, value) in fields {
        block.extend(field(name, value));
    }
    block
}

#[tokio::test]
async fn k14_what_would_change_its_meaning_in_http_1_is_a_stream_error() {
    let mut server = Server::with_tls(Limits::default());
    let fields: [(&[u8], &[u8]); 24] = [
        (b"x-a", b"1\r\nhost: evil"),
        (b"x-a", b"1\nhost: evil"),
        (b"x-a", b"1\rhost: evil"),
        (b"x-a", b"1\0"),
        (b"x-a", b"\x7f"),
        (b"x-a\r\nhost: evil\r\nx-b", b"1"),
        (b"x a", b"1"),
        (b"x-a ", b"1"),
        (b"x-a:", b"1"),
        (b"X-Upper", b"1"),
        (b"Authorization", b"1"),
        (b"", b"1"),
        (b"connection", b"close"),
        (b"keep-alive", b"1"),
        (b"proxy-connection", b"close"),
        (b"transfer-encoding", b"chunked"),
        (b"upgrade", b"h2c"),
        (b"te", b"gzip"),
        (b":path", b"/second"),
        (b":method", b"DELETE"),
        (b":authority", b"evil"),
        (b":scheme", b"http"),
        (b":status", b"200"),
        (b":unheard-of", b"1"),
    ];
    for (name, value) in fields {
        let what = format!("{:?}: {:?}", String::from_utf8_lossy(name), String::from_utf8_lossy(value));
        let refused = reaches_nobody(&mut server, &what, &with(&[(name, value)])).await;
        assert!(matches!(refused, RST_STREAM | GOAWAY), "{what}: answered");
    }
    let mut fresh = Connection::open(&server, WIDE).await;
    assert!(is_answered(&mut fresh, 1).await);
}

#[tokio::test]
async fn k14_a_head_without_the_fields_that_make_it_one_is_a_stream_error() {
    let mut server = Server::with_tls(Limits::default());
    let (method, scheme) = (0x82, 0x87);
    let authority = [&[0x01, 9][..], b"localhost"].concat();
    let path = |path: &[u8]| [&[0x04, u8::try_from(path.len()).unwrap()][..], path].concat();
    let after = [&[method, scheme][..], &authority, &field(b"x-a", b"1"), &path(b"/late")].concat();
    let blocks = [
        ("no path", [&[method, scheme][..], &authority].concat()),
        ("an empty path", [&[method, scheme][..], &authority, &path(b"")].concat()),
        ("a path that is none", [&[method, scheme][..], &authority, &path(b"no-slash")].concat()),
        ("a path with a line end", [&[method, scheme][..], &authority, &path(b"/a\r\nhost: evil")].concat()),
        ("a path with a space", [&[method, scheme][..], &authority, &path(b"/a HTTP/1.1")].concat()),
        ("no method", [&[scheme][..], &authority, &path(b"/a")].concat()),
        ("no scheme", [&[method][..], &authority, &path(b"/a")].concat()),
        ("a path after a field", after),
    ];
    for (what, block) in blocks {
        reaches_nobody(&mut server, what, &block).await;
    }
    let mut fresh = Connection::open(&server, WIDE).await;
    assert!(is_answered(&mut fresh, 1).await);
}

#[tokio::test]
async fn k14_a_body_of_another_length_than_announced_is_an_error_to_the_service() {
    let mut server = Server::with_tls(Limits::default());
    for (length, body) in [(b"5", &b"four"[..]), (b"3", b"four"), (b"0", b"four")] {
        let mut connection = Connection::open(&server, WIDE).await;
        connection.until(SETTINGS).await;
        let mut block = head("/read");
        block.extend(field(b"content-length", length));
        connection.send(HEADERS, END_HEADERS, 1, &block).await;
        connection.send(crate::frames::DATA, END_STREAM, 1, body).await;
        assert_eq!(connection.until(RST_STREAM).await.stream, 1);
    }
    for event in server.events_so_far() {
        assert!(!event.starts_with("read "), "no body was taken as whole: {event}");
    }
}

#[tokio::test]
async fn k12_header_lists_over_the_limit_are_refused_however_they_are_packed() {
    let mut server = Server::with_tls(Limits::default());
    // A value of 4,000 bytes is put into the table, and then named with one byte each time: 40 MB.
    let mut bomb = head("/bomb");
    bomb.extend([0x40, 1, b'a', 0x7f, 0xa1, 0x1e]); // 127 + 33 + 30 * 128 = 4,000
    bomb.extend([b'x'; 4_000]);
    bomb.extend([0xbe; 10_000]);
    let mut many = head("/many");
    many.extend(field(b"a", b"b").repeat(10_000));
    let mut large = head("/large");
    large.extend([field(b"filler", &[b'x'; 120])].concat().repeat(8_300));
    assert!(large.len() > 1 << 20);
    for (what, block) in [("bomb", bomb), ("10,000 fields", many), ("1 MiB", large)] {
        let started = std::time::Instant::now();
        reaches_nobody(&mut server, what, &block).await;
        assert!(started.elapsed() < std::time::Duration::from_secs(5), "{what}: {:?}", started.elapsed());
    }
    let mut fresh = Connection::open(&server, WIDE).await;
    assert!(is_answered(&mut fresh, 1).await);
}
