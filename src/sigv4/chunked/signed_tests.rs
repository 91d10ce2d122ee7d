//! Signed chunks: AWS's published examples, agreement with the `aws-sigv4` crate, every split and every fault.

use std::time::SystemTime;

use aws_credential_types::Credentials;
use aws_sigv4::sign::v4::{self, SigningParams};
use aws_smithy_runtime_api::client::identity::Identity;
use aws_smithy_runtime_api::http::Headers;
use proptest::prelude::*;
use zeroize::Zeroizing;

use super::*;
use crate::identity::SecretAccessKey;
use crate::sigv4::{ChunkSigner, ChunkVerifier, Scope, Service, SigningKey, SigningTime};
use bytes::Bytes;
use std::collections::VecDeque;

const SECRET: &str = "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY";
const SEED: &str = "4f232c4386841ef735655705268965c44a0e4690baa4adea153f7db9fa80a0a9";

fn time() -> SigningTime {
    SigningTime::parse("20130524T000000Z").unwrap()
}

fn scope() -> Scope {
    Scope { date: time().date(), region: "us-east-1".into(), service: Service::S3 }
}

fn key() -> SigningKey {
    let secret = SecretAccessKey::parse(Zeroizing::new(SECRET.to_owned())).unwrap();
    SigningKey::derive(&secret, time().date(), "us-east-1", "s3")
}

fn hash(hex: &str) -> [u8; 32] {
    const_hex::decode_to_array(hex).unwrap()
}

fn verifier(seed: &str) -> ChunkVerifier {
    ChunkVerifier::new(&key(), time(), &scope(), hash(seed))
}

/// A body in chunks as the oracle signs them, and its trailer if it has one.
fn signed_by_oracle(chunks: &[&[u8]], trailer: Option<(&'static str, &'static str)>) -> Vec<u8> {
    let identity: Identity = Credentials::new("AKIAIOSFODNN7EXAMPLE", SECRET, None, None, "test").into();
    let params: SigningParams<'_, ()> = SigningParams::builder()
        .identity(&identity)
        .region("us-east-1")
        .name("s3")
        .time(SystemTime::from(time().timestamp()))
        .settings(())
        .build()
        .unwrap();
    let mut signature = SEED.to_owned();
    let mut body = Vec::new();
    for chunk in chunks.iter().copied().chain([&b""[..]]) {
        signature = v4::sign_chunk(&Bytes::copy_from_slice(chunk), &signature, &params).unwrap().into_parts().1;
        body.extend_from_slice(format!("{:x};chunk-signature={signature}\r\n", chunk.len()).as_bytes());
        if !chunk.is_empty() {
            body.extend_from_slice(chunk);
            body.extend_from_slice(b"\r\n");
        }
    }
    if let Some((name, value)) = trailer {
        let mut headers = Headers::new();
        headers.insert(name, value);
        signature = v4::sign_trailer(&headers, &signature, &params).unwrap().into_parts().1;
        body.extend_from_slice(format!("{name}:{value}\r\nx-amz-trailer-signature:{signature}\r\n").as_bytes());
    }
    body.extend_from_slice(b"\r\n");
    body
}

type Decoded = (Vec<u8>, Vec<(String, String)>);

fn decode(body: &[u8], size: usize, has_trailer: bool) -> Result<Decoded, ErrorCode> {
    let mut decoder = SignedChunkDecoder::new(verifier(SEED), has_trailer);
    let mut verified = VecDeque::new();
    for piece in body.chunks(size.max(1)) {
        decoder.push(Bytes::copy_from_slice(piece), |_| Ok(()), &mut verified).map_err(|error| error.code)?;
    }
    let data: Vec<u8> = verified.iter().flatten().copied().collect();
    Ok((data, decoder.finish().map_err(|error| error.code)?))
}

/// How much comes out of a body before it is found to be wrong.
fn leaks(body: &[u8], size: usize) -> (usize, Option<ErrorCode>) {
    let mut decoder = SignedChunkDecoder::new(verifier(SEED), false);
    let mut verified = VecDeque::new();
    let fault = body.chunks(size).find_map(|piece| {
        decoder.push(Bytes::copy_from_slice(piece), |_| Ok(()), &mut verified).err().map(|error| error.code)
    });
    (verified.iter().map(Bytes::len).sum(), fault)
}

#[test]
fn the_published_example_verifies_and_is_what_is_signed_here() {
    // <https://docs.aws.amazon.com/AmazonS3/latest/API/sigv4-streaming.html>, "Example: PUT Object"
    let published = [
        (65536, "ad80c730a21e5b8d04586a2213dd63b9a0e99e0e2307b0ade35a65485a288648"),
        (1024, "0055627c9e194cb4542bae2aa5492e3c1575bbb81b612b7d234b86a503ef5497"),
        (0, "b6c6ea8a5354eaf15b3cb7646744f4275b71ea724fed81ceb9323e279d449df9"),
    ];
    let mut signer = ChunkSigner::new(&key(), time(), &scope(), hash(SEED));
    let mut body = Vec::new();
    for (length, signature) in published {
        let data = vec![b'a'; length];
        let header = format!("{length:x};chunk-signature={signature}\r\n");
        assert_eq!(signer.header(&data), header);
        body.extend_from_slice(header.as_bytes());
        body.extend_from_slice(&data);
        body.extend_from_slice(b"\r\n");
    }
    assert_eq!(body.len(), 66824, "the Content-Length of the example");
    assert_eq!(decode(&body, 1000, false), Ok((vec![b'a'; 66560], vec![])));
}

#[test]
fn the_published_example_with_a_trailer_verifies() {
    // <https://docs.aws.amazon.com/AmazonS3/latest/API/sigv4-streaming-trailers.html>
    let mut verifier = verifier("106e2a8a18243abcf37539882f36619c00e2dfc72633413f02d3b74544bfeb8e");
    for (length, signature) in [
        (65536, "b474d8862b1487a5145d686f57f013e54db672cee1c953b3010fb58501ef5aa2"),
        (1024, "1c1344b170168f8e65b41376b44b20fe354e373826ccbbe2c1d40a8cae51e5c7"),
        (0, "2ca2aba2005185cf7159c6277faf83795951dd77a3a99e6e65d5c9f85863f992"),
    ] {
        use sha2::Digest as _;
        verifier.chunk(sha2::Sha256::digest(vec![b'a'; length]).into(), &hash(signature)).unwrap();
    }
    let trailers = [("x-amz-checksum-crc32c".to_owned(), "sOO8/Q==".to_owned())];
    let signature = hash("d81f82fc3505edab99d459891051a732e8730629a2e4a59689829ca17fe2e435");
    verifier.trailers(&trailers, Some(signature)).unwrap();
}

const TRAILER: (&str, &str) = ("x-amz-checksum-crc32", "DUoRhQ==");

#[test]
fn every_split_gives_the_same_data_and_trailers() {
    for trailer in [None, Some(TRAILER)] {
        let body = signed_by_oracle(&[b"hello", b" world", b"!"], trailer);
        let whole = decode(&body, body.len(), trailer.is_some()).unwrap();
        assert_eq!(whole.0, b"hello world!");
        assert_eq!(whole.1.len(), usize::from(trailer.is_some()));
        for size in 1..body.len() {
            assert_eq!(decode(&body, size, trailer.is_some()).as_ref(), Ok(&whole), "pieces of {size}");
        }
        for at in 0..body.len() {
            assert_eq!(decode(&body[..at], 7, trailer.is_some()), Err(ErrorCode::IncompleteBody), "{at}");
        }
    }
}

#[test]
fn nothing_of_a_chunk_comes_out_before_it_is_verified() {
    let chunks = [&[b'a'; 3000][..], &[b'b'; 2000], &[b'c'; 1000]];
    let body = signed_by_oracle(&chunks, None);
    let second = 4 + 16 + 64 + 2 + 3000 + 2 + 16 + 64 + 6;
    for size in [1, 100, body.len()] {
        for at in [second, second + 1000] {
            let mut altered = body.clone();
            altered[at] ^= 1;
            assert_eq!(leaks(&altered, size), (3000, Some(ErrorCode::SignatureDoesNotMatch)), "{at} by {size}");
        }
        assert_eq!(leaks(&body, size), (6000, None));
    }
}

#[test]
fn chunks_and_bodies_cannot_be_rearranged() {
    let parts = |body: &[u8]| -> Vec<Vec<u8>> {
        // 1 digit, the extension, 5 bytes of data, and the line ends.
        body.chunks(1 + 17 + 64 + 2 + 5 + 2).map(<[u8]>::to_vec).collect()
    };
    let body = signed_by_oracle(&[b"first", b"secon", b"third"], None);
    let [one, two, three, end] = parts(&body).try_into().unwrap();
    for wrong in [
        vec![&two, &one, &three, &end],
        vec![&one, &three, &two, &end],
        vec![&one, &one, &two, &three, &end],
        vec![&one, &three, &end],
        vec![&one, &two, &end],
        vec![&end],
    ] {
        let wrong: Vec<u8> = wrong.into_iter().flatten().copied().collect();
        assert_eq!(decode(&wrong, 10, false), Err(ErrorCode::SignatureDoesNotMatch));
    }
    let with_trailer = signed_by_oracle(&[b"first"], Some(TRAILER));
    let text = String::from_utf8(with_trailer.clone()).unwrap();
    let (before, after) = text.split_at(text.find("x-amz-trailer-signature").unwrap());
    let wrong = |code, text: String| assert_eq!(decode(text.as_bytes(), 10, true), Err(code), "{text}");
    wrong(ErrorCode::SignatureDoesNotMatch, format!("{before}\r\n"));
    wrong(ErrorCode::SignatureDoesNotMatch, format!("{before}x-amz-trailer-signature:{}\r\n\r\n", "0".repeat(64)));
    wrong(ErrorCode::SignatureDoesNotMatch, format!("{before}x-amz-trailer-signature:short\r\n\r\n"));
    wrong(ErrorCode::SignatureDoesNotMatch, format!("{before}x-amz-meta-a:1\r\n{after}"));
    wrong(ErrorCode::SignatureDoesNotMatch, text.replace("DUoRhQ", "DUoRhR"));
    wrong(
        ErrorCode::MalformedTrailerError,
        format!("{before}{}x-amz-meta-a:1\r\n\r\n", after.trim_end().to_owned() + "\r\n"),
    );
    assert!(decode(&with_trailer, 10, true).is_ok());
}

#[test]
fn a_signed_trailer_may_end_as_minio_go_ends_it() {
    let body = String::from_utf8(signed_by_oracle(&[b"first"], Some(TRAILER))).unwrap();
    let at = body.find("\r\nx-amz-trailer-signature").unwrap();
    let (before, after) = body.split_at(at);
    let body = format!("{before}\n{after}");
    for size in 1..body.len() {
        assert_eq!(decode(body.as_bytes(), size, true).unwrap().0, b"first", "pieces of {size}");
    }
    let altered = body.replace("DUoRhQ", "DUoRhR");
    assert_eq!(decode(altered.as_bytes(), 10, true), Err(ErrorCode::SignatureDoesNotMatch));
}

#[test]
fn chunk_headers_are_exact_and_chunks_have_a_size() {
    let signature = "0".repeat(64);
    let header = |line: String| decode(format!("{line}\r\nhello\r\n").as_bytes(), 10, false);
    for line in [
        "5".to_owned(),
        "5;".to_owned(),
        "5;chunk-signature=".to_owned(),
        format!("5;chunk-signature={}", "0".repeat(63)),
        format!("5;chunk-signature={}", "0".repeat(65)),
        format!("5;chunk-signature={}", "A".repeat(64)),
        format!("5;chunk-signature={signature};chunk-signature={signature}"),
        format!("5;a=b;chunk-signature={signature}"),
        format!("5;Chunk-Signature={signature}"),
        format!("5; chunk-signature={signature}"),
        format!("0x5;chunk-signature={signature}"),
        format!("+5;chunk-signature={signature}"),
        format!("5 ;chunk-signature={signature}"),
        format!("00000000000000005;chunk-signature={signature}"),
        format!(";chunk-signature={signature}"),
    ] {
        assert_eq!(header(line.clone()), Err(ErrorCode::InvalidRequest), "{line}");
    }
    for size in ["100001", "FFFFFFFFFFFFFFFF"] {
        let line = format!("{size};chunk-signature={signature}");
        assert_eq!(header(line), Err(ErrorCode::InvalidChunkSizeError), "said at once");
    }
    assert_eq!(header(format!("5;chunk-signature={signature}")), Err(ErrorCode::SignatureDoesNotMatch));
    let largest = vec![b'x'; usize::try_from(LARGEST_CHUNK).unwrap()];
    assert!(decode(&signed_by_oracle(&[&largest], None), 100_000, false).is_ok());
}

#[test]
fn many_small_chunks_are_too_much_work() {
    let ones: Vec<&[u8]> = vec![b"x"; 65];
    assert!(decode(&signed_by_oracle(&ones, None), 4096, false).is_ok());
    let ones: Vec<&[u8]> = vec![b"x"; 66];
    assert_eq!(decode(&signed_by_oracle(&ones, None), 4096, false), Err(ErrorCode::InvalidChunkSizeError));
    let long = vec![b'x'; 8192];
    let mut mixed: Vec<&[u8]> = vec![&long; 100];
    mixed.extend(vec![&b"x"[..]; 500]);
    assert!(decode(&signed_by_oracle(&mixed, None), 4096, false).is_ok());
}

#[test]
fn room_is_made_before_a_chunk_is_held() {
    let body = signed_by_oracle(&[&[b'x'; 300], &[b'x'; 200]], None);
    let mut decoder = SignedChunkDecoder::new(verifier(SEED), false);
    let mut asked = Vec::new();
    let full = |size| {
        asked.push(size);
        if size == 200 { Err(S3Error::new(ErrorCode::SlowDown, "full")) } else { Ok(()) }
    };
    let error = decoder.push(body.into(), full, &mut VecDeque::new()).unwrap_err();
    assert_eq!((error.code, asked), (ErrorCode::SlowDown, vec![300, 200]));
}

proptest! {
    #[test]
    fn what_the_oracle_signs_verifies_in_any_pieces(
        chunks in proptest::collection::vec(proptest::collection::vec(any::<u8>(), 1..2000), 0..10),
        size in 1_usize..3000,
        has_trailer: bool,
    ) {
        let slices: Vec<&[u8]> = chunks.iter().map(Vec::as_slice).collect();
        let body = signed_by_oracle(&slices, has_trailer.then_some(TRAILER));
        let (data, trailers) = decode(&body, size, has_trailer).unwrap();
        prop_assert_eq!(data, chunks.concat());
        prop_assert_eq!(trailers.len(), usize::from(has_trailer));
    }

    #[test]
    fn one_changed_byte_is_never_accepted(at in 0_usize..500, bit in 0_u32..8) {
        let body = signed_by_oracle(&[&[b'a'; 100], &[b'b'; 50]], Some(TRAILER));
        let mut altered = body.clone();
        let at = at % body.len();
        altered[at] ^= 1_u8 << bit;
        // The case of a length or of a trailer's name says nothing.
        prop_assume!(!altered.eq_ignore_ascii_case(&body));
        prop_assert!(decode(&altered, 64, true).is_err());
    }
}
