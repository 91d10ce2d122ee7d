//! What the recording backend does with a request: a list of steps, and builders for the usual lists.

use std::sync::Arc;

use tokio::sync::Semaphore;

use super::framing::RecordedRequest;

/// One thing that the backend does.
#[derive(Clone, Debug)]
pub(super) enum Step {
    /// Closes the connection in order.
    Close,
    /// Reads the body until it is complete or cut.
    ReadBody,
    /// Reads until so many bytes of the body are there.
    ReadBodyBytes(usize),
    /// Closes the connection with a reset.
    Reset,
    /// Goes on when the test opens the gate.
    Wait(Gate),
    /// The same, and takes nothing from the connection meanwhile.
    WaitWithoutReading(Gate),
    Write(Vec<u8>),
    /// Writes the same again and again until the peer leaves.
    WriteForever(Vec<u8>),
}

/// What the backend does with one request. After the last step it keeps reading the body, so that it is
/// known whether the request ever became complete, and then takes the next request of the connection.
#[derive(Clone, Debug)]
pub(crate) struct Answer {
    pub(super) steps: Vec<Step>,
}

/// Something that the backend waits for and the test decides.
#[derive(Clone, Debug)]
pub(crate) struct Gate(Arc<Semaphore>);

impl Gate {
    pub(crate) fn closed() -> Self {
        Self(Arc::new(Semaphore::new(0)))
    }

    /// Lets everybody pass, now and later.
    pub(crate) fn open(&self) {
        self.0.add_permits(1000);
    }

    pub(super) async fn pass(&self) {
        self.0.acquire().await.expect("gates are never destroyed").forget();
    }
}

impl Answer {
    /// An answer that reads the whole request and then writes `status`, `headers`, a Content-Length and `body`.
    pub(crate) fn of(status: u16, headers: &[(&str, &str)], body: impl AsRef<[u8]>) -> Self {
        Self::in_order().read_body().write(response(status, headers, body.as_ref()))
    }

    /// The same, without waiting for the body of the request.
    pub(crate) fn early(status: u16, headers: &[(&str, &str)], body: impl AsRef<[u8]>) -> Self {
        Self::in_order().write(response(status, headers, body.as_ref()))
    }

    /// An S3 error as a backend would word it.
    pub(crate) fn error(status: u16, code: &str, message: &str) -> Self {
        let xml = format!(
            "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<Error><Code>{code}</Code><Message>{message}</Message>\
             <RequestId>backend-request-id</RequestId><HostId>backend-host-id</HostId></Error>"
        );
        Self::of(status, &[("content-type", "application/xml"), ("x-amz-request-id", "backend-request-id")], xml)
    }

    /// No steps yet.
    pub(crate) fn in_order() -> Self {
        Self { steps: Vec::new() }
    }

    /// Never answers.
    pub(crate) fn never() -> Self {
        Self::in_order().read_body().wait(&Gate::closed())
    }

    pub(crate) fn close(self) -> Self {
        self.then(Step::Close)
    }

    pub(crate) fn read_body(self) -> Self {
        self.then(Step::ReadBody)
    }

    pub(crate) fn read_body_bytes(self, bytes: usize) -> Self {
        self.then(Step::ReadBodyBytes(bytes))
    }

    pub(crate) fn reset(self) -> Self {
        self.then(Step::Reset)
    }

    pub(crate) fn wait(self, gate: &Gate) -> Self {
        self.then(Step::Wait(gate.clone()))
    }

    pub(crate) fn wait_without_reading(self, gate: &Gate) -> Self {
        self.then(Step::WaitWithoutReading(gate.clone()))
    }

    pub(crate) fn write(self, bytes: impl Into<Vec<u8>>) -> Self {
        self.then(Step::Write(bytes.into()))
    }

    /// Writes `bytes` again and again, for as long as somebody takes them.
    pub(crate) fn write_for_ever(self, bytes: impl Into<Vec<u8>>) -> Self {
        self.then(Step::WriteForever(bytes.into()))
    }

    /// Adds bytes to the last piece that is written, so that both leave together.
    pub(crate) fn and_at_once(mut self, bytes: impl AsRef<[u8]>) -> Self {
        match self.steps.last_mut() {
            Some(Step::Write(last)) => last.extend_from_slice(bytes.as_ref()),
            _ => panic!("there is a piece to add to"),
        }
        self
    }

    fn then(mut self, step: Step) -> Self {
        self.steps.push(step);
        self
    }

    /// What a well-behaved S3 server says, roughly: enough for clients and for the proxy.
    pub(super) fn usual(request: &RecordedRequest) -> Self {
        let etag = ("etag", "\"25f9e794323b453885f5181f1b624d0b\"");
        match request.method.as_str() {
            "DELETE" => Self::of(204, &[], ""),
            "GET" => Self::of(200, &[etag, ("content-type", "text/plain")], "stored bytes"),
            // The length of a body that HEAD leaves out.
            "HEAD" => Self::in_order().write("HTTP/1.1 200 OK\r\nETag: \"25f9\"\r\nContent-Length: 12\r\n\r\n"),
            "POST" if request.target.ends_with("?delete=") || request.target.ends_with("?delete") => {
                Self::of(200, &[("content-type", "application/xml")], "<?xml version=\"1.0\"?><DeleteResult/>")
            }
            "POST" => Self::of(200, &[("content-type", "application/xml")], "<?xml version=\"1.0\"?><Result/>"),
            _ => Self::of(200, &[etag], ""),
        }
    }
}

/// The bytes of a response with a Content-Length.
pub(crate) fn response(status: u16, headers: &[(&str, &str)], body: &[u8]) -> Vec<u8> {
    let mut bytes = format!("HTTP/1.1 {status} Word\r\n").into_bytes();
    for (name, value) in headers {
        bytes.extend_from_slice(format!("{name}: {value}\r\n").as_bytes());
    }
    if !matches!(status, 100..=199 | 204 | 304) {
        bytes.extend_from_slice(format!("content-length: {}\r\n", body.len()).as_bytes());
    }
    bytes.extend_from_slice(b"\r\n");
    bytes.extend_from_slice(body);
    bytes
}
