//! An S3 server in memory that believes every signature: it counts what it is asked, and answers wrongly or
//! late where a test wants that.

use std::collections::BTreeMap;
use std::convert::Infallible;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};

use bytes::Bytes;
use http_body_util::{BodyExt as _, Full};
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Request, Response};
use hyper_util::rt::TokioIo;
use md5::{Digest as _, Md5};
use tokio::net::TcpListener;
use tokio::runtime::Runtime;
use tokio::sync::watch;

/// The server. It ends when dropped.
pub(crate) struct MemoryS3 {
    address: SocketAddr,
    shared: Arc<Shared>,
    runtime: Runtime,
}

/// A request as it came.
#[derive(Clone, Debug)]
pub(crate) struct Asked {
    pub(crate) method: String,
    pub(crate) key: String,
    pub(crate) query: String,
    /// How many of the same method came before it.
    pub(crate) before: usize,
    /// The session token beside the signature, if there is one and it is signed.
    pub(crate) token: Option<String>,
    /// Which connection it came over.
    pub(crate) connection: usize,
}

/// What a test makes of a request.
pub(crate) enum Twist {
    /// This instead of the right answer.
    Answer(Response<Full<Bytes>>),
    /// The right answer, once the gate is open.
    Late,
    /// The right answer.
    None,
}

type Twister = dyn Fn(&Asked) -> Twist + Send + Sync;

struct Shared {
    twist: Box<Twister>,
    state: Mutex<State>,
    gate: watch::Sender<bool>,
    asked: watch::Sender<usize>,
}

#[derive(Default)]
struct State {
    asked: Vec<Asked>,
    objects: BTreeMap<String, Bytes>,
    uploads: BTreeMap<String, BTreeMap<String, Bytes>>,
}

impl MemoryS3 {
    /// One that does everything right.
    pub(crate) fn start() -> Self {
        Self::with(|_| Twist::None)
    }

    pub(crate) fn with(twist: impl Fn(&Asked) -> Twist + Send + Sync + 'static) -> Self {
        let runtime = Runtime::new().expect("a runtime");
        let listener = runtime.block_on(TcpListener::bind("127.0.0.1:0")).expect("a port");
        let address = listener.local_addr().expect("an address");
        let (gate, asked) = (watch::Sender::new(false), watch::Sender::new(0));
        let shared = Arc::new(Shared { twist: Box::new(twist), state: Mutex::default(), gate, asked });
        runtime.spawn(accept(listener, Arc::clone(&shared)));
        Self { address, shared, runtime }
    }

    pub(crate) fn endpoint(&self) -> String {
        format!("http://{}", self.address)
    }

    /// Everything it was asked, in order.
    pub(crate) fn asked(&self) -> Vec<Asked> {
        self.shared.state.lock().expect("no test panics with it").asked.clone()
    }

    /// How many requests had this method.
    pub(crate) fn count(&self, method: &str) -> usize {
        self.asked().iter().filter(|asked| asked.method == method).count()
    }

    /// The keys of its objects and of its unfinished uploads.
    pub(crate) fn holds(&self) -> (usize, usize) {
        let state = self.shared.state.lock().expect("no test panics with it");
        (state.objects.len(), state.uploads.len())
    }

    /// Lets late answers go.
    pub(crate) fn open_gate(&self) {
        self.shared.gate.send_replace(true);
    }

    /// Waits until it was asked for `method` so many times.
    pub(crate) fn wait_for(&self, method: &str, count: usize) {
        let mut asked = self.shared.asked.subscribe();
        self.runtime.block_on(async {
            let reached = tokio::time::timeout(std::time::Duration::from_secs(20), async {
                while self.count(method) < count {
                    asked.changed().await.expect("the server runs");
                }
            });
            reached.await.expect("it is asked in time");
        });
    }
}

/// An answer with an S3 error.
pub(crate) fn error(status: u16, code: &str) -> Response<Full<Bytes>> {
    answer(status, &format!("<?xml version=\"1.0\"?><Error><Code>{code}</Code><Message>No.</Message></Error>"))
}

/// An answer with this body.
pub(crate) fn answer(status: u16, body: &str) -> Response<Full<Bytes>> {
    Response::builder().status(status).body(body.to_owned().into()).expect("an answer")
}

async fn accept(listener: TcpListener, shared: Arc<Shared>) {
    for connection in 0.. {
        let Ok((stream, _)) = listener.accept().await else { return };
        let shared = Arc::clone(&shared);
        let _ = stream.set_nodelay(true);
        tokio::spawn(async move {
            let service = service_fn(|request| respond(Arc::clone(&shared), connection, request));
            // A client that goes away is what some tests are about.
            let _ = http1::Builder::new().serve_connection(TokioIo::new(stream), service).await;
        });
    }
}

async fn respond(
    shared: Arc<Shared>,
    connection: usize,
    request: Request<Incoming>,
) -> Result<Response<Full<Bytes>>, Infallible> {
    let (head, body) = request.into_parts();
    let (method, query) = (head.method.as_str().to_owned(), head.uri.query().unwrap_or_default().to_owned());
    let key = head.uri.path().strip_prefix("/demo/").expect("every request is for an object in the bucket").to_owned();
    let signed = head.headers.get("authorization").expect("every request is signed").to_str().expect("text");
    assert!(signed.starts_with("AWS4-HMAC-SHA256 Credential=BENCHKEY/"), "{signed}");
    let token = head.headers.get("x-amz-security-token").filter(|_| signed.contains("x-amz-security-token"));
    let token = token.map(|token| token.to_str().expect("text").to_owned());
    let asked = {
        let mut state = shared.state.lock().expect("nobody panics with it");
        let before = state.asked.iter().filter(|asked| asked.method == method).count();
        let asked = Asked { method, key, query, before, token, connection };
        state.asked.push(asked.clone());
        asked
    };
    shared.asked.send_modify(|count| *count += 1);
    let Ok(body) = body.collect().await else { return Ok(error(400, "IncompleteBody")) };
    match (shared.twist)(&asked) {
        Twist::Answer(answer) => return Ok(answer),
        Twist::Late => drop(shared.gate.subscribe().wait_for(|open| *open).await),
        Twist::None => {}
    }
    Ok(shared.state.lock().expect("nobody panics with it").answer(&asked, body.to_bytes()))
}

impl State {
    fn answer(&mut self, asked: &Asked, body: Bytes) -> Response<Full<Bytes>> {
        let parameter = |name: &str| {
            let mut pairs = asked.query.split('&').filter_map(|pair| pair.split_once('='));
            pairs.find(|(have, _)| *have == name).map(|(_, value)| value.to_owned())
        };
        let key = asked.key.clone();
        match (asked.method.as_str(), parameter("uploadId"), parameter("partNumber")) {
            ("GET", None, None) => match self.objects.get(&key) {
                Some(object) => Response::new(object.clone().into()),
                None => error(404, "NoSuchKey"),
            },
            ("PUT", None, None) => {
                let answer = tagged(&body);
                self.objects.insert(key, body);
                answer
            }
            ("POST", None, None) if asked.query == "uploads=" => {
                let id = format!("upload-{}", asked.before);
                self.uploads.insert(id.clone(), BTreeMap::new());
                answer(
                    200,
                    &format!(
                        "<InitiateMultipartUploadResult><UploadId>{id}</UploadId></InitiateMultipartUploadResult>"
                    ),
                )
            }
            ("PUT", Some(id), Some(number)) => match self.uploads.get_mut(&id) {
                Some(parts) => {
                    let answer = tagged(&body);
                    parts.insert(format!("{number:0>5}"), body);
                    answer
                }
                None => error(404, "NoSuchUpload"),
            },
            ("POST", Some(id), None) => match self.uploads.remove(&id) {
                Some(parts) => {
                    self.objects.insert(key, parts.into_values().flatten().collect());
                    answer(200, "<CompleteMultipartUploadResult><ETag>\"x-2\"</ETag></CompleteMultipartUploadResult>")
                }
                None => error(404, "NoSuchUpload"),
            },
            ("DELETE", Some(id), None) => {
                let was_there = self.uploads.remove(&id).is_some();
                if was_there { answer(204, "") } else { error(404, "NoSuchUpload") }
            }
            ("DELETE", None, None) => {
                self.objects.remove(&key);
                answer(204, "")
            }
            _ => error(501, "NotImplemented"),
        }
    }
}

fn tagged(body: &Bytes) -> Response<Full<Bytes>> {
    let tag = format!("\"{}\"", const_hex::encode(Md5::digest(body)));
    Response::builder().header("etag", tag).body(Full::default()).expect("an answer")
}
