//! The requests whose cost is counted.

use jiff::Timestamp;

use crate::backend::Backend;
use crate::client::Client;
use crate::program::Program;
use crate::support::request::Request;
use crate::support::sign::TestKey;

const KIB: usize = 1 << 10;
const MIB: usize = 1 << 20;

/// One kind of request.
pub(crate) struct Case {
    /// Its name in `ceilings.toml`.
    pub(crate) name: &'static str,
    /// How the client's connection is.
    pub(crate) transport: Transport,
    /// How many connections send it at the same time.
    connections: u32,
    /// The answer that it must get.
    status: u16,
    /// Whether it gets as far as the backend.
    reaches: bool,
    request: fn(&TestKey) -> Request,
}

#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Transport {
    Plain,
    Tls,
}

impl Transport {
    pub(crate) const ALL: [Self; 2] = [Self::Plain, Self::Tls];
}

impl Case {
    const fn new(name: &'static str, transport: Transport, request: fn(&TestKey) -> Request) -> Self {
        Self { name, transport, connections: 1, status: 200, reaches: true, request }
    }

    /// All of them, over TLS where clients are.
    const ALL: [Self; 11] = [
        Self::new("small_get_plain", Transport::Plain, |key| signed(Request::get("/bucket/1024"), key)),
        Self::new("put_1mib_sha256_plain", Transport::Plain, |key| signed(put(MIB), key)),
        Self::new("small_get", Transport::Tls, |key| signed(Request::get("/bucket/1024"), key)),
        Self::new("get_1mib", Transport::Tls, |key| signed(Request::get("/bucket/1048576"), key)),
        Self::new("head", Transport::Tls, |key| signed(Request::head("/bucket/1024"), key)),
        Self::new("list", Transport::Tls, |key| {
            signed(Request::get("/bucket?list-type=2&prefix=a%2F&delimiter=%2F"), key)
        }),
        Self::new("put_1kib_unsigned", Transport::Tls, |key| signed(put(KIB).unsigned_payload(), key)),
        Self::new("put_1mib_unsigned", Transport::Tls, |key| signed(put(MIB).unsigned_payload(), key)),
        Self::new("put_1mib_sha256", Transport::Tls, |key| signed(put(MIB), key)),
        Self {
            connections: 16,
            ..Self::new("small_get_16_connections", Transport::Tls, |key| signed(Request::get("/bucket/1024"), key))
        },
        Self {
            name: "refused",
            transport: Transport::Tls,
            connections: 1,
            status: 403,
            reaches: false,
            request: |key| signed(Request::get("/bucket/1024"), &key.with_wrong_secret()),
        },
    ];

    /// All that need this transport.
    pub(crate) fn all_over(transport: Transport) -> impl Iterator<Item = &'static Self> {
        Self::ALL.iter().filter(move |case| case.transport == transport)
    }

    /// The case with this name in `ceilings.toml`.
    pub(crate) fn named(name: &str) -> Option<&'static Self> {
        Self::ALL.iter().find(|case| case.name == name)
    }

    /// Whether it is one connection, so that one request has ended before the next begins.
    pub(crate) fn is_single(&self) -> bool {
        self.connections == 1
    }

    /// Whether it has a body that takes much more than its head does.
    pub(crate) fn is_large(&self) -> bool {
        self.name.contains("mib")
    }

    /// A client of the program that is ready to send this request, and has sent it so often that everything is
    /// made that is made once.
    pub(crate) fn warm<'a>(&'a self, program: &Program, backend: &'a Backend, warm: u32) -> Sender<'a> {
        let request = (self.request)(&program.key);
        let is_head = request.method == "HEAD";
        let clients = (0..self.connections).map(|_| program.connect()).collect();
        let mut sender = Sender { case: self, backend, clients, bytes: request.bytes(), is_head };
        sender.send(warm);
        sender
    }
}

/// The connections for one kind of request.
pub(crate) struct Sender<'a> {
    case: &'a Case,
    backend: &'a Backend,
    clients: Vec<Client>,
    bytes: Vec<u8>,
    is_head: bool,
}

impl Sender<'_> {
    /// Sends the request `count` times, over every connection one after the other, and sees to it that each was
    /// answered as it should be.
    pub(crate) fn send(&mut self, count: u32) {
        let Self { case, backend, clients, bytes, is_head } = self;
        let case = *case;
        let before = backend.answered();
        let each = count / case.connections;
        std::thread::scope(|scope| {
            for client in clients {
                let (bytes, is_head) = (&bytes, *is_head);
                scope.spawn(move || {
                    for _ in 0..each {
                        assert_eq!(client.exchange(bytes, is_head), case.status, "the answer to {}", case.name);
                    }
                });
            }
        });
        let expected = if case.reaches { u64::from(each * case.connections) } else { 0 };
        assert_eq!(backend.answered() - before, expected, "requests of {} at the backend", case.name);
    }
}

/// With the headers that an SDK sends.
#[expect(clippy::disallowed_methods, reason = "the program under test goes by the system's time")]
fn signed(request: Request, key: &TestKey) -> Request {
    let time = Timestamp::now();
    request
        .header("User-Agent", "aws-sdk-go-v2/1.30.3 os/linux lang/go#1.22.5 md/GOARCH#amd64 api/s3#1.58.2")
        .header("Accept-Encoding", "identity")
        .sign(key, time)
}

fn put(size: usize) -> Request {
    Request::put("/bucket/uploaded").body(vec![b'x'; size])
}
