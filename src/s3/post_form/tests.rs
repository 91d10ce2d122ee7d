//! Forms as senders write them and as attackers do, in every split.

use bytes::Bytes;
use proptest::prelude::*;

use super::*;

const BOUNDARY: &str = "----Boundary7";

fn boundary() -> Boundary {
    Boundary::parse(BOUNDARY).unwrap()
}

/// `fields`, the file, and what follows it up to the end.
fn form(fields: &[(&str, &str)], file: &[u8], after: &str) -> Vec<u8> {
    let mut body = Vec::new();
    for (name, value) in fields {
        let part = format!("--{BOUNDARY}\r\nContent-Disposition: form-data; name=\"{name}\"\r\n\r\n{value}\r\n");
        body.extend_from_slice(part.as_bytes());
    }
    let head = "Content-Disposition: form-data; name=\"file\"; filename=\"a.txt\"\r\nContent-Type: text/plain";
    body.extend_from_slice(format!("--{BOUNDARY}\r\n{head}\r\n\r\n").as_bytes());
    body.extend_from_slice(file);
    body.extend_from_slice(format!("\r\n--{BOUNDARY}{after}").as_bytes());
    body
}

type Read = (Vec<(String, String)>, Vec<u8>, u64);

/// Reads a form in pieces that end at `cuts`, and returns its fields, its file, and the length that was
/// computed for that before it was read.
fn read(body: &[u8], cuts: &[usize], after: AfterFile) -> Result<Read, ErrorCode> {
    read_all(body, cuts, after).map_err(|error| error.code)
}

fn read_all(body: &[u8], cuts: &[usize], after: AfterFile) -> Result<Read, S3Error> {
    let mut pieces = Vec::new();
    let mut from = 0;
    for &cut in cuts.iter().filter(|&&cut| cut < body.len()) {
        pieces.push(Bytes::copy_from_slice(&body[from..cut]));
        from = cut;
    }
    pieces.push(Bytes::copy_from_slice(&body[from..]));
    let mut pieces = pieces.into_iter();
    let mut reader = FormReader::new(&boundary());
    let (mut piece, head) = loop {
        let Some(mut piece) = pieces.next() else { return Err(reader.finish()) };
        if let Some(head) = reader.push(&mut piece)? {
            break (piece, head);
        }
    };
    assert_eq!(head.filename.as_deref(), Some("a.txt"));
    let length = head.file_length(body.len() as u64).unwrap_or_default();
    let (fields, mut reader) = head.into_file(after);
    let mut file = Vec::new();
    loop {
        while let Some(data) = reader.next(&mut piece)? {
            file.extend_from_slice(&data);
        }
        match pieces.next() {
            Some(next) => piece = next,
            None => break,
        }
    }
    reader.finish()?;
    Ok((fields.iter().map(|(name, value)| (name.to_owned(), value.to_owned())).collect(), file, length))
}

/// Files that look like what surrounds them.
fn awkward_files() -> Vec<Vec<u8>> {
    let mut files: Vec<Vec<u8>> = [
        "",
        "x",
        "\r",
        "\r\n",
        "\r\n\r\n",
        "\r\r\n-",
        "\r\n--",
        "\r\n------Boundary",
        "\r\r\n------Boundary\r\n------Boundary8",
        "------Boundary7",
        "------Boundary7--\r\n",
        "\n------Boundary7\n",
        "\r------Boundary7\r",
        "a\r\n-----Boundary7--\r\n",
    ]
    .map(|text| text.as_bytes().to_vec())
    .into();
    files.push((0..=255).collect());
    files
}

#[test]
fn a_form_reads_the_same_in_every_split() {
    let fields = [("key", "u/${filename}"), ("Content-Type", "a\r\nb"), ("empty", "")];
    let expected: Vec<_> = fields.map(|(name, value)| (name.to_ascii_lowercase(), value.to_owned())).into();
    for file in awkward_files() {
        let body = form(&fields, &file, "--\r\n");
        for after in [AfterFile::Ignored, AfterFile::Refused] {
            let right = (expected.clone(), file.clone(), file.len() as u64);
            assert_eq!(read(&body, &[], after).as_ref(), Ok(&right));
            for cut in 1..body.len() {
                assert_eq!(read(&body, &[cut, cut + 1, cut + 3], after).as_ref(), Ok(&right), "cut at {cut}");
            }
            let each: Vec<usize> = (1..body.len()).collect();
            assert_eq!(read(&body, &each, after).as_ref(), Ok(&right));
        }
    }
}

#[test]
fn what_is_cut_off_anywhere_is_refused() {
    let body = form(&[("key", "k")], b"the file", "--\r\n");
    for end in 0..body.len() - 2 {
        for after in [AfterFile::Ignored, AfterFile::Refused] {
            assert_eq!(read(&body[..end], &[], after), Err(ErrorCode::MalformedPOSTRequest), "{end}");
        }
    }
    // Without the last line break it is whole, and its file is two bytes longer than was computed.
    assert!(read(&body[..body.len() - 1], &[], AfterFile::Refused).is_err());
    let (_, file, length) = read(&body[..body.len() - 2], &[], AfterFile::Refused).unwrap();
    assert_eq!((file.len(), length), (8, 6));
}

#[test]
fn what_follows_the_file_is_nobodys() {
    let field = "\r\nContent-Disposition: form-data; name=\"acl\"\r\n\r\npublic-read";
    let second = "\r\nContent-Disposition: form-data; name=\"FILE\"\r\n\r\nother";
    let closing = format!("\r\n--{BOUNDARY}--\r\n");
    let with_field = form(&[("key", "k")], b"the file", &format!("{field}{closing}"));
    let (fields, file, _) = read(&with_field, &[], AfterFile::Ignored).unwrap();
    assert_eq!((fields.len(), &*file), (1, &b"the file"[..]));
    assert_eq!(read(&with_field, &[], AfterFile::Refused), Err(ErrorCode::InvalidArgument));
    for after in [AfterFile::Ignored, AfterFile::Refused] {
        let twice = form(&[("key", "k")], b"the file", &format!("{second}{closing}"));
        assert_eq!(read(&twice, &[], after), Err(ErrorCode::IncorrectNumberOfFilesInPostRequest));
        for wrong in ["--\r\n\r\n", "--\r\nepilogue", "--\n", "-", "", " \r\n", "8--\r\n", "\n", "--x"] {
            let body = form(&[("key", "k")], b"the file", wrong);
            assert_eq!(read(&body, &[], after), Err(ErrorCode::MalformedPOSTRequest), "{wrong:?}");
        }
    }
}

#[test]
fn names_stand_once_whatever_their_case_and_the_file_is_there() {
    for fields in [[("key", "a"), ("key", "b")], [("key", "a"), ("KEY", "a")], [("policy", "a"), ("Policy", "b")]] {
        let body = form(&fields, b"", "--\r\n");
        assert_eq!(read(&body, &[], AfterFile::Ignored), Err(ErrorCode::InvalidArgument));
    }
    let none = format!("--{BOUNDARY}\r\nContent-Disposition: form-data; name=\"key\"\r\n\r\nk\r\n--{BOUNDARY}--\r\n");
    assert_eq!(read(none.as_bytes(), &[], AfterFile::Ignored), Err(ErrorCode::IncorrectNumberOfFilesInPostRequest));
    let empty = format!("--{BOUNDARY}--\r\n");
    assert_eq!(read(empty.as_bytes(), &[], AfterFile::Ignored), Err(ErrorCode::IncorrectNumberOfFilesInPostRequest));
}

#[test]
fn what_stands_before_the_file_is_bounded() {
    let too_much = Err(ErrorCode::MaxPostPreDataLengthExceededError);
    let fits = "v".repeat(FormReader::MOST_BEFORE_FILE - 1000);
    assert!(read(&form(&[("key", &fits)], b"", "--\r\n"), &[], AfterFile::Ignored).is_ok());
    let long = "v".repeat(FormReader::MOST_BEFORE_FILE + 1);
    assert_eq!(read(&form(&[("key", &long)], b"", "--\r\n"), &[], AfterFile::Ignored), too_much);
    assert_eq!(read(long.as_bytes(), &[], AfterFile::Ignored), too_much);
    let preamble = [b"preamble\r\n", &*form(&[("key", "k")], b"x", "--\r\n")].concat();
    assert!(read(&preamble, &[], AfterFile::Refused).is_ok());
    let names: Vec<String> = (0..101).map(|number| format!("f{number}")).collect();
    let many: Vec<_> = names.iter().map(|name| (name.as_str(), "")).collect();
    assert!(read(&form(&many[..100], b"", "--\r\n"), &[], AfterFile::Ignored).is_ok());
    assert_eq!(read(&form(&many, b"", "--\r\n"), &[], AfterFile::Ignored), Err(ErrorCode::MalformedPOSTRequest));
    let head = format!("--{BOUNDARY}\r\nContent-Disposition: form-data; name=\"{}", "n".repeat(5000));
    assert_eq!(read(head.as_bytes(), &[], AfterFile::Ignored), Err(ErrorCode::MalformedPOSTRequest));
}

proptest! {
    #[test]
    fn any_file_comes_out_as_it_went_in(
        file in proptest::collection::vec(prop_oneof![Just(b'\r'), Just(b'\n'), Just(b'-'), any::<u8>()], 0..300),
        cuts in proptest::collection::btree_set(1..500_usize, 0..20),
    ) {
        let body = form(&[("key", "k")], &file, "--\r\n");
        let cuts: Vec<usize> = cuts.into_iter().collect();
        let (_, read, length) = read(&body, &cuts, AfterFile::Refused).unwrap();
        prop_assert_eq!(read.len() as u64, length);
        prop_assert_eq!(read, file);
    }

    #[test]
    fn whatever_comes_reads_the_same_in_one_piece_and_in_many(
        parts in proptest::collection::vec(prop_oneof![
            Just("\r\n".to_owned()), Just("--".to_owned()), Just(format!("--{BOUNDARY}")), Just(BOUNDARY.to_owned()),
            Just("Content-Disposition: form-data; name=\"file\"; filename=\"a.txt\"".to_owned()),
            Just("Content-Disposition: form-data; name=\"key\"".to_owned()), Just("\r".to_owned()), Just("x".to_owned()),
        ], 0..30),
        cuts in proptest::collection::btree_set(1..500_usize, 0..20),
    ) {
        let body = parts.concat().into_bytes();
        let cuts: Vec<usize> = cuts.into_iter().collect();
        for after in [AfterFile::Ignored, AfterFile::Refused] {
            prop_assert_eq!(read(&body, &[], after), read(&body, &cuts, after));
        }
    }
}
