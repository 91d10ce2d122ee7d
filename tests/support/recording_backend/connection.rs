//! One connection to the recording backend: reads requests strictly, one after the other, and takes the
//! steps of each answer.

use std::io::ErrorKind;
use std::sync::Arc;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use super::Shared;
use super::answer::{Answer, Step};
use super::framing::{BodyState, Framing, RecordedRequest, parse_field};

struct Connection {
    stream: TcpStream,
    /// Bytes that arrived and are not used yet.
    buffer: Vec<u8>,
    shared: Arc<Shared>,
}

/// Where the reading of a body stands.
enum Progress {
    ChunkData(u64),
    ChunkEnd,
    ChunkSize,
    Done,
    Length(u64),
    Trailers,
}

/// The peer is gone, or what it sends is no HTTP.
#[derive(Default)]
struct Ended {
    by_reset: bool,
}

/// Serves `stream`, the connection with this number, until it ends.
pub(super) async fn serve(stream: TcpStream, number: usize, shared: Arc<Shared>) {
    let mut connection = Connection { stream, buffer: Vec::with_capacity(64 * 1024), shared };
    while let Ok(Some(head)) = connection.read_head().await {
        let request = match RecordedRequest::parse(number, &head) {
            Ok(request) => request,
            Err(violation) => return connection.violation(violation),
        };
        let mut progress = match request.framing {
            Framing::Chunked => Progress::ChunkSize,
            Framing::Length(0) | Framing::Nothing => Progress::Done,
            Framing::Length(length) => Progress::Length(length),
        };
        let (index, answer) = connection.shared.change(|state| {
            let answer = state.answer(&request);
            state.requests.push(request);
            (state.requests.len() - 1, answer)
        });
        let mut outcome = connection.take_steps(answer, index, &mut progress).await;
        connection.shared.change(|state| state.requests[index].answered = true);
        if outcome.is_ok() {
            outcome = connection.read_body(index, &mut progress, usize::MAX).await;
        }
        if let Err(ended) = outcome {
            connection.shared.change(|state| state.requests[index].was_reset = ended.by_reset);
            connection.body_state(index, BodyState::Cut);
            return;
        }
    }
}

impl Connection {
    async fn take_steps(&mut self, answer: Answer, index: usize, progress: &mut Progress) -> Result<(), Ended> {
        for step in answer.steps {
            match step {
                Step::Close => return Err(Ended::default()),
                Step::ReadBody => self.read_body(index, progress, usize::MAX).await?,
                Step::ReadBodyBytes(bytes) => self.read_body(index, progress, bytes).await?,
                Step::Reset => {
                    self.stream.set_zero_linger().map_err(|_| Ended::default())?;
                    return Err(Ended::default());
                }
                Step::Wait(gate) => self.wait(&gate).await?,
                Step::WaitWithoutReading(gate) => gate.pass().await,
                Step::Write(bytes) => self.write(&bytes).await?,
                Step::WriteForever(bytes) => loop {
                    self.write(&bytes).await?;
                },
            }
        }
        Ok(())
    }

    async fn write(&mut self, bytes: &[u8]) -> Result<(), Ended> {
        self.stream.write_all(bytes).await.map_err(|_| Ended::default())?;
        self.stream.flush().await.map_err(|_| Ended::default())
    }

    /// Waits at a gate, but notices a peer that leaves meanwhile.
    async fn wait(&mut self, gate: &super::Gate) -> Result<(), Ended> {
        loop {
            tokio::select! {
                () = gate.pass() => return Ok(()),
                outcome = fill(&mut self.stream, &mut self.buffer) => outcome?,
            }
        }
    }

    /// The next head, or `None` at the end of the connection. Half a head is a violation, except none at all.
    async fn read_head(&mut self) -> Result<Option<Vec<u8>>, Ended> {
        loop {
            if let Some(end) = find(&self.buffer, b"\r\n\r\n") {
                return Ok(Some(self.buffer.drain(..end + 4).collect()));
            }
            if fill(&mut self.stream, &mut self.buffer).await.is_err() {
                if !self.buffer.is_empty() {
                    let text = String::from_utf8_lossy(&self.buffer).into_owned();
                    self.violation(format!("bytes that are no request: {text:?}"));
                }
                return Ok(None);
            }
        }
    }

    /// Reads the body until it is complete or has `enough` bytes.
    async fn read_body(&mut self, index: usize, progress: &mut Progress, enough: usize) -> Result<(), Ended> {
        loop {
            let have = self.shared.state().requests[index].body.len();
            match *progress {
                Progress::Done => {
                    self.body_state(index, BodyState::Complete);
                    return Ok(());
                }
                _ if have >= enough => return Ok(()),
                Progress::Length(0) => *progress = Progress::Done,
                Progress::Length(left) => *progress = Progress::Length(left - self.read_some(index, left).await?),
                Progress::ChunkData(0) => *progress = Progress::ChunkEnd,
                Progress::ChunkData(left) => *progress = Progress::ChunkData(left - self.read_some(index, left).await?),
                Progress::ChunkEnd => {
                    if !self.read_line().await?.is_empty() {
                        return Err(self.broken("a chunk is longer than it said"));
                    }
                    *progress = Progress::ChunkSize;
                }
                Progress::ChunkSize => {
                    let line = String::from_utf8(self.read_line().await?).unwrap_or_default();
                    let digits = (1..=16).contains(&line.len()) && line.bytes().all(|byte| byte.is_ascii_hexdigit());
                    let size = u64::from_str_radix(&line, 16).ok().filter(|_| digits);
                    *progress = match size {
                        Some(0) => Progress::Trailers,
                        Some(size) => Progress::ChunkData(size),
                        None => return Err(self.broken("a chunk size is no number")),
                    };
                }
                Progress::Trailers => {
                    let line = self.read_line().await?;
                    if line.is_empty() {
                        *progress = Progress::Done;
                        continue;
                    }
                    let trailer = parse_field(&line).map_err(|violation| self.broken(violation))?;
                    self.shared.change(|state| state.requests[index].trailers.push(trailer));
                }
            }
        }
    }

    /// Moves up to `most` bytes into the recorded body, at least one.
    async fn read_some(&mut self, index: usize, most: u64) -> Result<u64, Ended> {
        if self.buffer.is_empty() {
            fill(&mut self.stream, &mut self.buffer).await?;
        }
        let count = self.buffer.len().min(usize::try_from(most).unwrap_or(usize::MAX));
        let bytes = self.buffer.drain(..count);
        self.shared.change(|state| state.requests[index].body.extend(bytes));
        Ok(count as u64)
    }

    async fn read_line(&mut self) -> Result<Vec<u8>, Ended> {
        loop {
            if let Some(end) = find(&self.buffer, b"\r\n") {
                let line = self.buffer.drain(..end).collect();
                self.buffer.drain(..2);
                return Ok(line);
            }
            fill(&mut self.stream, &mut self.buffer).await?;
        }
    }

    fn body_state(&self, index: usize, body_state: BodyState) {
        self.shared.change(|state| {
            let request = &mut state.requests[index];
            if request.body_state == BodyState::Arriving {
                request.body_state = body_state;
            }
        });
    }

    fn broken(&self, violation: impl Into<String>) -> Ended {
        self.violation(violation.into());
        Ended::default()
    }

    fn violation(&self, violation: String) {
        self.shared.change(|state| state.violations.push(violation));
    }
}

async fn fill(stream: &mut TcpStream, buffer: &mut Vec<u8>) -> Result<(), Ended> {
    match stream.read_buf(buffer).await {
        Ok(0) => Err(Ended { by_reset: false }),
        Err(error) => Err(Ended { by_reset: error.kind() == ErrorKind::ConnectionReset }),
        Ok(_) => Ok(()),
    }
}

fn find(bytes: &[u8], pattern: &[u8]) -> Option<usize> {
    bytes.windows(pattern.len()).position(|window| window == pattern)
}
