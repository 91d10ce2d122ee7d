//! The whole data plane, started in this process with its own folder, store, clock and recording
//! backend, and the checks that every refusal has to pass.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use jiff::Timestamp;
use portcullis::app::{App, Running};
use portcullis::clock::SettableClock;
use portcullis::identity::Permission;

use super::recording_backend::{RecordedRequest, RecordingBackend};
use super::request::Request;
use super::setup::Setup;
use super::sign::TestKey;
use super::wire::{Connection, Response};

/// The time of every test until it moves the clock.
pub(crate) const NOW: &str = "2026-11-20T10:00:00Z";

/// The credential that Portcullis holds for the backend.
pub(crate) const BACKEND_KEY_ID: &str = "PORTCULLISBACKENDKEY";
/// Its secret.
pub(crate) const BACKEND_SECRET: &str = "backendSecretNobodyMaySee0123456789abcdef";

/// A running data plane in front of a recording backend.
pub(crate) struct TestApp {
    pub(crate) address: SocketAddr,
    pub(crate) backend: RecordingBackend,
    pub(crate) clock: Arc<SettableClock>,
    pub(crate) admin: TestKey,
    pub(crate) write: TestKey,
    pub(crate) read: TestKey,
    pub(crate) running: Option<Running>,
    /// The development CA, where the listener speaks TLS.
    pub(crate) ca: Option<PathBuf>,
    /// How many requests the backend has seen whole, with good reason.
    accepted: AtomicUsize,
    /// How many uploads were rejected for their body. The head of each may reach the backend, even after
    /// the client has its answer, and is then cut off.
    rejected: AtomicUsize,
    /// How many connections the backend has seen with good reason.
    expected_connections: AtomicUsize,
    _folder: tempfile::TempDir,
}

impl TestApp {
    pub(crate) async fn start() -> Self {
        Self::with(|_| {}).await
    }

    /// Starts with a configuration that `change` adapts.
    pub(crate) async fn with(change: impl FnOnce(&mut Setup)) -> Self {
        Self::with_backend(|_| {}, change).await
    }

    /// The same with a backend that is prepared before anything can reach it.
    pub(crate) async fn with_backend(prepare: impl FnOnce(&RecordingBackend), change: impl FnOnce(&mut Setup)) -> Self {
        let backend = RecordingBackend::start().await;
        prepare(&backend);
        let folder = tempfile::tempdir().expect("a temporary folder");
        let mut setup = Setup::new(format!("http://{}", backend.address));
        change(&mut setup);
        let file = setup.write(folder.path());
        let config = portcullis::config::load(&file).expect("the test's configuration is valid");
        let clock = Arc::new(SettableClock::new(now()));
        let running = App::start(config, Arc::clone(&clock) as _).await.expect("the app starts");
        let mut app = Self {
            address: running.s3_address,
            backend,
            clock,
            admin: TestKey::nobodys(),
            write: TestKey::nobodys(),
            read: TestKey::nobodys(),
            running: Some(running),
            ca: setup.ca(folder.path()),
            accepted: AtomicUsize::new(0),
            rejected: AtomicUsize::new(0),
            expected_connections: AtomicUsize::new(0),
            _folder: folder,
        };
        app.admin = app.new_key(Permission::Admin, None).await;
        app.write = app.new_key(Permission::Write, None).await;
        app.read = app.new_key(Permission::Read, None).await;
        app
    }

    pub(crate) fn running(&self) -> &Running {
        self.running.as_ref().expect("the app runs until its test stops it")
    }

    pub(crate) async fn connect(&self) -> Connection {
        match &self.ca {
            Some(ca) => Connection::open_tls(self.address, ca, "localhost").await,
            None => Connection::open(self.address).await,
        }
    }

    /// Sends a request over a connection of its own.
    pub(crate) async fn send(&self, request: &Request) -> Response {
        self.connect().await.exchange(request).await
    }

    /// Sends a valid request, which has to succeed and to reach the backend exactly once, whole.
    pub(crate) async fn accepts(&self, request: Request) -> Response {
        let response = self.send(&request).await;
        assert!((200..300).contains(&response.status), "{request:?} is accepted: {response:?}");
        self.reached_once().await;
        response
    }

    /// Takes note that one more request has reached the backend, whole, and returns it.
    pub(crate) async fn reached_once(&self) -> RecordedRequest {
        let accepted = self.accepted.fetch_add(1, Ordering::SeqCst) + 1;
        let whole = self.whole_requests(accepted).await;
        self.expected_connections.store(self.backend.connections().await, Ordering::SeqCst);
        whole.into_iter().last().expect("there is one")
    }

    /// The last request that the backend has whole.
    pub(crate) fn last_accepted(&self) -> RecordedRequest {
        let whole = self.backend.requests().into_iter().rfind(RecordedRequest::could_commit);
        whole.expect("a request was accepted")
    }

    /// The requests that are complete at the backend, which have to be `accepted` in number. Those that
    /// were cut off may be as many as were rejected.
    async fn whole_requests(&self, accepted: usize) -> Vec<RecordedRequest> {
        let requests = self.backend.settle().await;
        let (whole, cut): (Vec<_>, Vec<_>) = requests.into_iter().partition(RecordedRequest::could_commit);
        assert_eq!(whole.len(), accepted, "only accepted requests are whole at the backend: {whole:#?}");
        assert!(cut.len() <= self.rejected.load(Ordering::SeqCst), "only rejected uploads are cut: {cut:#?}");
        whole
    }

    /// Sends a request that must be refused before anything reaches the backend.
    pub(crate) async fn refuses(&self, request: &Request, status: u16, code: &str) -> Response {
        let response = self.send(request).await;
        self.is_refusal(request, &response, status, code);
        self.nothing_reached().await;
        response
    }

    /// Sends a request whose body is bad: it must be refused, and if its head did reach the backend then
    /// only in a form that can never be complete.
    pub(crate) async fn rejects_body(&self, request: &Request, status: u16, code: &str) -> Response {
        let response = self.send(request).await;
        self.is_refusal(request, &response, status, code);
        self.nothing_could_commit().await;
        response
    }

    /// The same for bodies whose fault has more than one right name. `status` 0 stands for any.
    pub(crate) async fn rejects_body_as(&self, request: &Request, status: u16) -> Response {
        let response = self.send(request).await;
        let status = if status == 0 { response.status } else { status };
        assert!((400..500).contains(&response.status) || response.status == 501, "{request:?}: {response:?}");
        self.is_refusal(request, &response, status, &response.code().unwrap_or_default());
        self.nothing_could_commit().await;
        response
    }

    /// Checks the form of a refusal: status, code, request id, XML, and no secret of anybody.
    pub(crate) fn is_refusal(&self, request: &Request, response: &Response, status: u16, code: &str) {
        assert_eq!(response.status, status, "{request:?} gets {status} {code}: {response:?}");
        let id = response.header("x-amz-request-id").expect("every answer has a request id");
        assert!(!id.is_empty(), "{response:?}");
        if request.method == "HEAD" {
            assert!(response.body.is_empty(), "{response:?}");
        } else {
            assert_eq!(response.code().as_deref(), Some(code), "{request:?}: {response:?}");
            assert_eq!(response.element("RequestId").as_deref(), Some(id), "{response:?}");
            assert_eq!(response.header("content-type"), Some("application/xml"), "{response:?}");
            assert!(response.element("Message").is_some_and(|message| !message.is_empty()), "{response:?}");
        }
        self.tells_no_secret(response);
    }

    /// Checks that no secret, and nothing of the backend's credential, is in an answer.
    pub(crate) fn tells_no_secret(&self, response: &Response) {
        let everything = format!("{:?} {}", response.headers, response.text());
        let secrets = [&self.admin.secret, &self.write.secret, &self.read.secret].map(String::as_str);
        for secret in secrets.iter().chain(&[BACKEND_SECRET, BACKEND_KEY_ID]) {
            assert!(!everything.contains(secret), "{secret} is told: {response:?}");
        }
    }

    /// Checks that the backend has seen no request and no connection but those of accepted requests.
    pub(crate) async fn nothing_reached(&self) {
        let connections = self.backend.connections().await;
        let expected = self.expected_connections.load(Ordering::SeqCst);
        // A rejected upload may still be on its way to a connection that it no longer needs.
        let late = self.rejected.load(Ordering::SeqCst);
        assert!((expected..=expected + late).contains(&connections), "no connection is opened for a refused request");
        self.whole_requests(self.accepted.load(Ordering::SeqCst)).await;
    }

    /// Checks that an upload which was just rejected is not whole at the backend and never will be: if any
    /// of it is there, it was cut off.
    pub(crate) async fn nothing_could_commit(&self) {
        self.rejected.fetch_add(1, Ordering::SeqCst);
        self.whole_requests(self.accepted.load(Ordering::SeqCst)).await;
        self.expected_connections.store(self.backend.connections().await, Ordering::SeqCst);
    }
}

/// The time at which every test begins.
pub(crate) fn now() -> Timestamp {
    NOW.parse().expect("the constant is a time")
}
