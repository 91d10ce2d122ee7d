//! The client: one blocking connection, plain or over TLS, that sends the same bytes again and again.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, ServerName};

/// Longer than any answer takes, also under valgrind.
const PATIENCE: Duration = Duration::from_mins(1);

pub(crate) struct Client {
    stream: Box<dyn Stream>,
    buffer: Vec<u8>,
}

trait Stream: Read + Write + Send {}
impl<T: Read + Write + Send> Stream for T {}

impl Client {
    /// Connects; over TLS if there is an authority to trust.
    pub(crate) fn connect(address: SocketAddr, ca: Option<&Path>) -> Self {
        let stream = TcpStream::connect(address).expect("the program accepts");
        stream.set_nodelay(true).expect("a socket has the option");
        stream.set_read_timeout(Some(PATIENCE)).expect("a socket has the option");
        let stream: Box<dyn Stream> = match ca {
            None => Box::new(stream),
            Some(ca) => Box::new(rustls::StreamOwned::new(tls(ca), stream)),
        };
        Self { stream, buffer: vec![0; 256 << 10] }
    }

    /// Sends a request and reads the answer to its end; its status.
    pub(crate) fn exchange(&mut self, request: &[u8], is_head: bool) -> u16 {
        self.stream.write_all(request).and_then(|()| self.stream.flush()).expect("the program reads");
        let mut filled = 0;
        let end = loop {
            let read = self.stream.read(&mut self.buffer[filled..]).expect("an answer arrives");
            assert!(read > 0, "the connection was closed: {}", String::from_utf8_lossy(&self.buffer[..filled]));
            filled += read;
            if let Some(end) = self.buffer[..filled].windows(4).position(|window| window == b"\r\n\r\n") {
                break end + 4;
            }
        };
        let head = std::str::from_utf8(&self.buffer[..end]).expect("a head is text");
        let status = head.get(9..12).and_then(|digits| digits.parse().ok()).expect("a head begins with its status");
        let length = head.lines().filter_map(|line| line.split_once(": "));
        let length = length.filter(|(name, _)| name.eq_ignore_ascii_case("content-length")).map(|(_, value)| value);
        let length = length.map(|value| value.parse::<usize>().expect("a length is a number")).next();
        let length = if is_head { 0 } else { length.expect("every answer here has a length") };
        let mut missing = length - (filled - end);
        while missing > 0 {
            let most = missing.min(self.buffer.len());
            let read = self.stream.read(&mut self.buffer[..most]).expect("the body arrives");
            assert!(read > 0, "the body is whole");
            missing -= read;
        }
        status
    }
}

fn tls(ca: &Path) -> rustls::ClientConnection {
    let mut roots = rustls::RootCertStore::empty();
    roots.add(CertificateDer::from_pem_file(ca).expect("a certificate")).expect("a root");
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let config = rustls::ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .expect("the provider has the usual versions")
        .with_root_certificates(roots)
        .with_no_client_auth();
    let name = ServerName::try_from("localhost").expect("a server name");
    rustls::ClientConnection::new(Arc::new(config), name).expect("the configuration is whole")
}
