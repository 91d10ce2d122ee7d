//! Uploads by HTML form: the multipart body and the policy in it.

use std::fmt::Write as _;

use bytes::Bytes;
use http::HeaderValue;
use portcullis::s3::post_form::{AfterFile, Boundary, Fields, FormReader, PartHead, PostAnswer};
use portcullis::s3::post_policy::PostPolicy;
use portcullis::s3::{BucketName, ErrorCode};

/// Fields, the name of the file, its bytes, and the length that was computed before it was read.
type Read = (Vec<(String, String)>, Option<String>, Vec<u8>, Option<u64>);

#[test]
fn post_form() {
    // How it is cut, then the body; the boundary is its first line, as browsers write it.
    crate::engine::run("post_form", |input| {
        let (cuts, body) = input.split_at(input.len().min(3));
        let Some(boundary) = body.strip_prefix(b"--").and_then(|body| body.split(|&byte| byte == b'\r').next()) else {
            return;
        };
        let Some(boundary) = std::str::from_utf8(boundary).ok().and_then(|text| Boundary::parse(text).ok()) else {
            return;
        };
        for after in [AfterFile::Ignored, AfterFile::Refused] {
            let whole = read(&boundary, std::iter::once(body), body.len(), after);
            let mut rest = body;
            let mut sizes = cuts.iter().cycle().map(|&size| usize::from(size).max(1));
            let pieces = std::iter::from_fn(|| {
                let (piece, behind) = rest.split_at(rest.len().min(sizes.next().unwrap_or(1)));
                rest = behind;
                (!piece.is_empty()).then_some(piece)
            });
            assert_eq!(read(&boundary, pieces, body.len(), after), whole);
            if let Ok(whole) = whole {
                check(body, &whole, after);
            }
        }
    });
}

/// What was read stands in the body as it is, and a form that says the same reads the same.
fn check(body: &[u8], (fields, filename, file, computed): &Read, after: AfterFile) {
    assert!(file.is_empty() || body.windows(file.len()).any(|window| window == file));
    let names: Vec<_> = fields.iter().map(|(name, _)| name).collect();
    assert!(names.iter().all(|name| names.iter().filter(|other| *other == name).count() == 1));
    assert!(fields.iter().map(|(name, value)| name.len() + value.len()).sum::<usize>() <= FormReader::MOST_BEFORE_FILE);
    // The length that is told to the backend before the file is read: never too short, or bytes would be
    // cut off; too long only where the body ends without its last line break.
    if after == AfterFile::Refused && body.ends_with(b"--\r\n") {
        assert_eq!(*computed, Some(file.len() as u64));
    }
    let mut kept = Fields::default();
    for (name, value) in fields {
        kept.add(name.clone(), value.clone().into_bytes()).unwrap();
    }
    assert_eq!(
        kept.add(fields.first().map_or("x", |(name, _)| name).to_owned(), vec![0xff]).unwrap_err().code,
        ErrorCode::InvalidArgument
    );
    let key = kept.get("key").unwrap_or_default().to_owned();
    if kept.expand_filename(filename.as_deref()).is_ok() {
        let expanded = kept.get("key").unwrap_or_default();
        assert!(key.contains("${filename}") || expanded == key);
    }
    if let Ok(headers) = kept.to_headers() {
        assert!(headers.len() <= fields.len() + 4, "more headers than fields");
    }
    let answer = PostAnswer::wanted_by(&kept);
    let location = answer.location("https://s3.example.com/media/k", "media", "k", "\"e\"");
    assert!(location.bytes().all(|byte| byte.is_ascii_graphic() || byte == b' '), "{location}");
}

fn read<'a>(
    boundary: &Boundary,
    pieces: impl Iterator<Item = &'a [u8]>,
    length: usize,
    after: AfterFile,
) -> Result<Read, ErrorCode> {
    let mut pieces = pieces.map(Bytes::copy_from_slice);
    let mut reader = FormReader::new(boundary);
    let (mut piece, head) = loop {
        let Some(mut piece) = pieces.next() else { return Err(reader.finish().code) };
        if let Some(head) = reader.push(&mut piece).map_err(|error| error.code)? {
            break (piece, head);
        }
    };
    let computed = head.file_length(length as u64);
    let filename = head.filename.clone();
    let (fields, mut reader) = head.into_file(after);
    let mut file = Vec::new();
    loop {
        while let Some(data) = reader.next(&mut piece).map_err(|error| error.code)? {
            file.extend_from_slice(&data);
        }
        assert!(file.len() <= length, "more came out than went in");
        match pieces.next() {
            Some(next) => piece = next,
            None => break,
        }
    }
    reader.finish().map_err(|error| error.code)?;
    let fields = fields.iter().map(|(name, value)| (name.to_owned(), value.to_owned())).collect();
    Ok((fields, filename, file, computed))
}

#[test]
fn part_head() {
    crate::engine::run("part_head", |input| {
        // What a header can be.
        let value = HeaderValue::from_bytes(input).ok();
        if let Some(text) = value.as_ref().and_then(|value| value.to_str().ok())
            && let Ok(boundary) = Boundary::of_content_type(text)
        {
            assert!(Boundary::is_announced_by(input));
            assert!((1..=Boundary::LONGEST as u64 + 8).contains(&boundary.closing_bytes()));
        }
        let Ok(head) = PartHead::parse(input) else { return };
        assert_eq!(head.name, head.name.to_ascii_lowercase());
        assert_eq!(head.is_file(), head.name == "file");
        // Written anew, it is the same part.
        let mut again = format!("Content-Disposition: form-data; name=\"{}\"", escaped(&head.name));
        if let Some(filename) = &head.filename {
            write!(again, "; filename=\"{}\"", escaped(filename)).unwrap();
        }
        if again.len() <= PartHead::LONGEST {
            assert_eq!(PartHead::parse(again.as_bytes()).unwrap(), head);
        }
    });
}

fn escaped(text: &str) -> String {
    text.replace('\\', "\\\\").replace('"', "\\\"")
}

#[test]
fn post_policy() {
    // The document; then, after a NUL, fields: `name=value`, a line each.
    crate::engine::run("post_policy", |input| {
        use base64::Engine as _;
        let mut halves = input.splitn(2, |&byte| byte == 0);
        let document = halves.next().unwrap();
        let field = base64::engine::general_purpose::STANDARD.encode(document);
        let Ok(policy) = PostPolicy::parse(&field) else { return };
        let told = policy.file_lengths();
        let again = PostPolicy::parse(&field).unwrap();
        assert_eq!((again.expiration(), again.file_lengths()), (policy.expiration(), told));
        let mut fields = Fields::default();
        let text = halves.next().and_then(|text| std::str::from_utf8(text).ok()).unwrap_or("key=a");
        for (name, value) in text.lines().filter_map(|line| line.split_once('=')) {
            let _ = fields.add(name.to_ascii_lowercase(), value.as_bytes().to_vec());
        }
        let bucket = BucketName::parse("media").unwrap();
        if policy.check(&fields, &bucket).is_err() {
            return;
        }
        // Another bucket than the one of the policy, or a field that it does not speak of, is never let in.
        let names: String = String::from_utf8_lossy(document).to_ascii_lowercase();
        assert!(names.contains("bucket") || names.contains("\\u"), "a policy without a bucket");
        fields.add("x-amz-nobody-spoke-of".to_owned(), b"1".to_vec()).unwrap();
        if !names.contains("x-amz-nobody") && !names.contains("\\u") {
            assert_eq!(policy.check(&fields, &bucket).unwrap_err().code, ErrorCode::AccessDenied);
        }
    });
}
