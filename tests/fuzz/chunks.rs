//! The aws-chunked framing and its trailers, against a second decoder that takes the body as a whole.

use bytes::Bytes;
use portcullis::s3::ErrorCode;
use portcullis::sigv4::ChunkedDecoder;

type Decoded = (Vec<u8>, Vec<(String, String)>);

#[test]
fn chunks() {
    // How it is cut, then the body.
    crate::engine::run("chunks", |input| {
        let (cuts, body) = input.split_at(input.len().min(3));
        check(cuts, body);
    });
}

#[test]
fn trailers() {
    crate::engine::run("trailers", |input| {
        check(&[1, 3, 7], &[b"3\r\nabc\r\n0\r\n", input].concat());
    });
}

fn check(cuts: &[u8], body: &[u8]) {
    let whole = decode([body].into_iter());
    let expected = reference(body);
    assert_eq!(whole.is_ok(), expected.is_some(), "{whole:?}");
    if let (Ok(whole), Some(expected)) = (&whole, &expected) {
        assert_eq!(whole, expected);
        assert!(whole.0.len() < body.len());
        assert!(whole.1.len() <= 16);
    }
    // In pieces: the same data, the same trailers, the same complaint.
    let mut rest = body;
    let mut sizes = cuts.iter().cycle().map(|&size| usize::from(size).max(1));
    let pieces = std::iter::from_fn(|| {
        let (piece, after) = rest.split_at(rest.len().min(sizes.next().unwrap_or(1)));
        rest = after;
        (!piece.is_empty()).then_some(piece)
    });
    assert_eq!(decode(pieces), whole);
}

fn decode<'a>(pieces: impl Iterator<Item = &'a [u8]>) -> Result<Decoded, ErrorCode> {
    let mut decoder = ChunkedDecoder::default();
    let (mut data, mut sent) = (Vec::new(), 0);
    for piece in pieces {
        sent += piece.len();
        data.extend_from_slice(&decoder.push(Bytes::copy_from_slice(piece)).map_err(|error| error.code)?);
        assert!(data.len() <= sent, "more came out than went in");
    }
    Ok((data, decoder.finish().map_err(|error| error.code)?))
}

/// Slow and short: what a body means, or `None`.
fn reference(mut body: &[u8]) -> Option<Decoded> {
    let mut data = Vec::new();
    loop {
        let line = line(&mut body)?;
        if !(1..=16).contains(&line.len()) || !line.iter().all(u8::is_ascii_hexdigit) {
            return None;
        }
        let size = usize::from_str_radix(std::str::from_utf8(line).unwrap(), 16).ok()?;
        if size == 0 {
            break;
        }
        data.extend_from_slice(body.get(..size)?);
        body = body[size..].strip_prefix(b"\r\n")?;
    }
    let mut trailers: Vec<(String, String)> = Vec::new();
    loop {
        let line = trailer_line(&mut body)?;
        if line.is_empty() {
            return (body.is_empty() && trailers.len() <= 16).then_some((data, trailers));
        }
        let text = std::str::from_utf8(line).ok().filter(|text| text.is_ascii())?;
        let (name, value) = text.split_once(':')?;
        let right = !name.is_empty() && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-');
        let name = name.to_ascii_lowercase();
        if !right || trailers.iter().any(|(known, _)| *known == name) {
            return None;
        }
        trailers.push((name, value.trim_matches([' ', '\t']).to_owned()));
    }
}

/// A line, or one that is not empty and ends in LF and CRLF.
fn trailer_line<'a>(body: &mut &'a [u8]) -> Option<&'a [u8]> {
    let end = body.iter().position(|&byte| byte == b'\n')?;
    if end == 0 || body[end - 1] == b'\r' || !body[end + 1..].starts_with(b"\r\n") {
        return line(body);
    }
    let line = &body[..end];
    *body = &body[end + 3..];
    (end + 3 <= 1024 && !line.contains(&b'\r')).then_some(line)
}

/// A line of at most 1,024 bytes that ends in CRLF and has no other CR or LF.
fn line<'a>(body: &mut &'a [u8]) -> Option<&'a [u8]> {
    let end = body.iter().position(|&byte| byte == b'\n')?;
    let line = body[..end].strip_suffix(b"\r")?;
    *body = &body[end + 1..];
    (end < 1024 && !line.contains(&b'\r')).then_some(line)
}
