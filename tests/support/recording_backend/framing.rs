//! What one request looked like on the wire, and the strict reading of its framing.

/// How the sender said where its body ends.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Framing {
    Chunked,
    Length(u64),
    Nothing,
}

/// How far the body came.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum BodyState {
    Arriving,
    /// Every byte that the framing promised is there: a backend would commit it.
    Complete,
    /// The connection ended before that: no backend can commit it.
    Cut,
}

/// One request as it arrived.
#[derive(Clone)]
pub(crate) struct RecordedRequest {
    /// The number of the connection it came over, from 0.
    pub(crate) connection: usize,
    pub(crate) method: String,
    pub(crate) target: String,
    pub(crate) headers: Vec<(String, Vec<u8>)>,
    /// Everything up to and including the empty line.
    pub(crate) head: Vec<u8>,
    pub(crate) framing: Framing,
    /// The body without chunk framing.
    pub(crate) body: Vec<u8>,
    pub(crate) trailers: Vec<(String, Vec<u8>)>,
    pub(crate) body_state: BodyState,
    /// Whether the connection ended with a reset while the body was still to come.
    pub(crate) was_reset: bool,
    /// Whether the backend has taken every step of its answer.
    pub(crate) answered: bool,
}

impl RecordedRequest {
    /// Reads a head: request line and headers, nothing lenient.
    pub(super) fn parse(connection: usize, head: &[u8]) -> Result<Self, String> {
        let text = head.strip_suffix(b"\r\n\r\n").ok_or("the head does not end")?;
        let mut lines = split_lines(text)?.into_iter();
        let line = String::from_utf8(lines.next().unwrap_or_default()).map_err(|_| "the request line is not UTF-8")?;
        let [method, target, "HTTP/1.1"] = line.split(' ').collect::<Vec<_>>()[..] else {
            return Err(format!("not a request line: {line:?}"));
        };
        let headers = lines.map(|line| parse_field(&line)).collect::<Result<Vec<_>, _>>()?;
        let framing = framing_of(&headers)?;
        let body_state = if matches!(framing, Framing::Nothing | Framing::Length(0)) {
            BodyState::Complete
        } else {
            BodyState::Arriving
        };
        Ok(Self {
            connection,
            method: method.to_owned(),
            target: target.to_owned(),
            headers,
            head: head.to_vec(),
            framing,
            body: Vec::new(),
            trailers: Vec::new(),
            body_state,
            was_reset: false,
            answered: false,
        })
    }

    /// Whether a backend could have acted on the request as a whole.
    pub(crate) fn could_commit(&self) -> bool {
        self.body_state == BodyState::Complete
    }

    /// The value of a header, which must not occur twice. Names are compared without case.
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        let values: Vec<_> = self.headers.iter().filter(|(have, _)| have.eq_ignore_ascii_case(name)).collect();
        assert!(values.len() < 2, "{name} is sent once: {self:?}");
        values.first().map(|(_, value)| std::str::from_utf8(value).expect("the value is UTF-8"))
    }

    /// The value of a trailer.
    pub(crate) fn trailer(&self, name: &str) -> Option<&str> {
        let found = self.trailers.iter().find(|(have, _)| have.eq_ignore_ascii_case(name));
        found.map(|(_, value)| std::str::from_utf8(value).expect("the value is UTF-8"))
    }

    /// Whether `text` occurs anywhere in what was sent: target, headers, body or trailers.
    pub(crate) fn mentions(&self, text: &str) -> bool {
        let anywhere = |bytes: &[u8]| bytes.windows(text.len()).any(|window| window == text.as_bytes());
        anywhere(&self.head) || anywhere(&self.body) || self.trailers.iter().any(|(_, value)| anywhere(value))
    }
}

impl std::fmt::Debug for RecordedRequest {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let head = String::from_utf8_lossy(&self.head);
        write!(formatter, "connection {}: {:?} + {} bytes, ", self.connection, head, self.body.len())?;
        write!(formatter, "{:?}, trailers {}", self.body_state, self.trailers.len())
    }
}

/// A `name: value` line of a head or a trailer.
pub(super) fn parse_field(line: &[u8]) -> Result<(String, Vec<u8>), String> {
    let broken = || format!("not a header: {:?}", String::from_utf8_lossy(line));
    let colon = line.iter().position(|byte| *byte == b':').ok_or_else(broken)?;
    let (name, value) = (&line[..colon], &line[colon + 1..]);
    let token = |byte: &u8| byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(byte);
    if name.is_empty() || !name.iter().all(token) || value.iter().any(|byte| matches!(byte, 0 | b'\r' | b'\n')) {
        return Err(broken());
    }
    Ok((String::from_utf8_lossy(name).into_owned(), value.trim_ascii().to_vec()))
}

fn split_lines(text: &[u8]) -> Result<Vec<Vec<u8>>, String> {
    let mut lines = vec![Vec::new()];
    let mut bytes = text.iter().peekable();
    while let Some(byte) = bytes.next() {
        match byte {
            b'\r' if bytes.next_if_eq(&&b'\n').is_some() => lines.push(Vec::new()),
            b'\r' | b'\n' => return Err("a bare CR or LF in the head".into()),
            _ => lines.last_mut().expect("there is always a line").push(*byte),
        }
    }
    Ok(lines)
}

fn framing_of(headers: &[(String, Vec<u8>)]) -> Result<Framing, String> {
    let all = |wanted: &str| -> Vec<&Vec<u8>> {
        headers.iter().filter(|(name, _)| name.eq_ignore_ascii_case(wanted)).map(|(_, value)| value).collect()
    };
    match (&all("content-length")[..], &all("transfer-encoding")[..]) {
        ([], []) => Ok(Framing::Nothing),
        ([length], []) => {
            let digits = std::str::from_utf8(length).ok().filter(|text| text.bytes().all(|byte| byte.is_ascii_digit()));
            let length = digits.and_then(|text| text.parse().ok()).ok_or("Content-Length is no number")?;
            Ok(Framing::Length(length))
        }
        ([], [encoding]) if encoding.as_slice() == b"chunked" => Ok(Framing::Chunked),
        _ => Err("the framing of the request is ambiguous".into()),
    }
}
