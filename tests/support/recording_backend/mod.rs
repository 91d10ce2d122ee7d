//! A backend that keeps the exact bytes of every request and says whether each could have committed:
//! a plain TCP server with its own strict parser, so that it shares no HTTP code with the proxy.

mod answer;
mod connection;
mod framing;

use std::collections::VecDeque;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Notify;
use tokio::task::JoinHandle;

pub(crate) use answer::{Answer, Gate};
pub(crate) use framing::{BodyState, Framing, RecordedRequest};

/// How long a test waits for something that must happen. Long, because a slow machine is no bug.
const PATIENCE: Duration = Duration::from_secs(20);

/// A running backend. Dropping it closes its port and every connection.
pub(crate) struct RecordingBackend {
    pub(crate) address: SocketAddr,
    shared: Arc<Shared>,
    accepting: JoinHandle<()>,
}

pub(super) struct Shared {
    state: Mutex<State>,
    changed: Notify,
}

type Responder = dyn Fn(&RecordedRequest) -> Answer + Send + Sync;

pub(super) struct State {
    /// The peers of every connection since the start, in the order they were accepted.
    accepted: Vec<SocketAddr>,
    requests: Vec<RecordedRequest>,
    /// What came over the wire that is no HTTP/1.1 request. Never empty-handed: see [`Self::sound`].
    violations: Vec<String>,
    scripted: VecDeque<Answer>,
    responder: Arc<Responder>,
    connections: Vec<tokio::task::AbortHandle>,
}

impl RecordingBackend {
    /// Starts a backend on a free loopback port that answers every request in S3's manner.
    pub(crate) async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a loopback port is free");
        let address = listener.local_addr().expect("a bound listener has an address");
        let shared = Arc::new(Shared {
            state: Mutex::new(State {
                accepted: Vec::new(),
                requests: Vec::new(),
                violations: Vec::new(),
                scripted: VecDeque::new(),
                responder: Arc::new(Answer::usual),
                connections: Vec::new(),
            }),
            changed: Notify::new(),
        });
        let accepting = tokio::spawn(accept(listener, Arc::clone(&shared)));
        Self { address, shared, accepting }
    }

    /// Answers the next request that has no answer yet with `answer`.
    pub(crate) fn answer_next(&self, answer: Answer) {
        self.shared.state().scripted.push_back(answer);
    }

    /// Answers every request for which nothing is scripted with what `responder` says.
    pub(crate) fn answer_with(&self, responder: impl Fn(&RecordedRequest) -> Answer + Send + Sync + 'static) {
        self.shared.state().responder = Arc::new(responder);
    }

    /// Every request whose head has arrived, in order of arrival.
    pub(crate) fn requests(&self) -> Vec<RecordedRequest> {
        self.shared.state().sound().requests.clone()
    }

    /// The only request there was.
    pub(crate) fn only_request(&self) -> RecordedRequest {
        let requests = self.requests();
        assert_eq!(requests.len(), 1, "exactly one request reaches the backend: {requests:#?}");
        requests.into_iter().next().expect("the length is one")
    }

    /// How many connections were opened so far. Every connection that was opened before this call is
    /// counted: one of our own is sent through the same queue first.
    pub(crate) async fn connections(&self) -> usize {
        let probe = TcpStream::connect(self.address).await.expect("the backend accepts");
        let probe_address = probe.local_addr().expect("a connected socket has an address");
        self.wait_until("the probe is accepted", |state| state.accepted.contains(&probe_address)).await;
        let mut state = self.shared.state();
        state.accepted.retain(|peer| *peer != probe_address);
        state.sound().accepted.len()
    }

    /// Waits until no request is under way: each is complete or was cut. The second case is what "could
    /// not commit" means, so a proxy that merely leaves an upload hanging fails here.
    pub(crate) async fn settle(&self) -> Vec<RecordedRequest> {
        self.wait_until("every request is complete or cut", |state| {
            state.requests.iter().all(|request| request.body_state != BodyState::Arriving)
        })
        .await;
        self.requests()
    }

    /// Waits until `count` requests have arrived, and returns them.
    pub(crate) async fn wait_for_requests(&self, count: usize) -> Vec<RecordedRequest> {
        self.wait_until("the requests arrive", |state| state.requests.len() >= count).await;
        self.requests()
    }

    /// Waits until the last request is answered as scripted, and returns it.
    pub(crate) async fn wait_for_answer(&self) -> RecordedRequest {
        self.wait_until("the answer is given", |state| state.requests.last().is_some_and(|last| last.answered)).await;
        self.requests().into_iter().last().expect("the answer is one to a request")
    }

    /// Waits until `bytes` bytes of the body of request number `index` have arrived.
    pub(crate) async fn wait_for_body(&self, index: usize, bytes: usize) {
        self.wait_until("the body arrives", |state| {
            state.requests.get(index).is_some_and(|request| request.body.len() >= bytes)
        })
        .await;
    }

    /// Stops accepting and closes every connection: the backend is down when this returns.
    pub(crate) async fn go_down(&self) {
        self.abort();
        let down = || {
            let state = self.shared.state();
            self.accepting.is_finished() && state.connections.iter().all(tokio::task::AbortHandle::is_finished)
        };
        while !down() {
            tokio::task::yield_now().await;
        }
    }

    fn abort(&self) {
        self.accepting.abort();
        for connection in &self.shared.state().connections {
            connection.abort();
        }
    }

    async fn wait_until(&self, what: &str, condition: impl Fn(&State) -> bool) {
        let reached = tokio::time::timeout(PATIENCE, async {
            loop {
                let changed = self.shared.changed.notified();
                tokio::pin!(changed);
                changed.as_mut().enable();
                if condition(&self.shared.state()) {
                    return;
                }
                changed.await;
            }
        })
        .await;
        assert!(reached.is_ok(), "{what}: not within {PATIENCE:?}; requests: {:#?}", self.shared.state().requests);
    }
}

impl Drop for RecordingBackend {
    fn drop(&mut self) {
        self.abort();
    }
}

impl Shared {
    pub(super) fn state(&self) -> MutexGuard<'_, State> {
        // A test that fails while it looks at the state must not hide its reason behind a second panic.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Changes the state and wakes whoever waits for it.
    pub(super) fn change<T>(&self, change: impl FnOnce(&mut State) -> T) -> T {
        let value = change(&mut self.state());
        self.changed.notify_waiters();
        value
    }
}

impl State {
    /// This state, unless something that is not HTTP arrived: then no statement about it would be sound.
    fn sound(&self) -> &Self {
        assert!(self.violations.is_empty(), "the backend was sent broken HTTP: {:?}", self.violations);
        self
    }

    fn answer(&mut self, request: &RecordedRequest) -> Answer {
        self.scripted.pop_front().unwrap_or_else(|| (Arc::clone(&self.responder))(request))
    }
}

async fn accept(listener: TcpListener, shared: Arc<Shared>) {
    while let Ok((stream, peer)) = listener.accept().await {
        // Each write leaves at once: bytes behind an answer shall arrive behind it, not with the next request.
        stream.set_nodelay(true).expect("a TCP option");
        let number = shared.state().accepted.len();
        let task = tokio::spawn(connection::serve(stream, number, Arc::clone(&shared)));
        shared.change(|state| {
            state.accepted.push(peer);
            state.connections.push(task.abort_handle());
        });
    }
}
