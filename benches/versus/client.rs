//! A client of this program's own, for what wrk cannot do: a fixed rate, a new connection for each request, a
//! fixed number of requests, connections that stay idle. Blocking, one connection a thread.

use std::io::{BufRead as _, BufReader, Read, Write};
use std::net::{IpAddr, SocketAddr, TcpStream};
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context as _, Result, bail, ensure};
use rustls::client::Resumption;
use rustls::crypto::aws_lc_rs;
use rustls::{ClientConfig, ClientConnection, RootCertStore, StreamOwned};
use rustls_pki_types::pem::PemObject as _;
use rustls_pki_types::{CertificateDer, ServerName};
use socket2::{Domain, Socket, Type};

use super::requests::HOST;

/// The settings of clients: the suite and the group that wrk offers too, and every handshake a full one.
pub(crate) fn tls_settings(folder: &Path) -> Result<Arc<ClientConfig>> {
    let mut provider = aws_lc_rs::default_provider();
    provider.cipher_suites = vec![aws_lc_rs::cipher_suite::TLS13_AES_128_GCM_SHA256];
    provider.kx_groups = vec![aws_lc_rs::kx_group::X25519];
    let mut trusted = RootCertStore::empty();
    trusted.add(CertificateDer::from_pem_file(folder.join("cert.pem"))?)?;
    let mut settings = ClientConfig::builder_with_provider(Arc::new(provider))
        .with_protocol_versions(&[&rustls::version::TLS13])?
        .with_root_certificates(trusted)
        .with_no_client_auth();
    settings.resumption = Resumption::disabled();
    Ok(Arc::new(settings))
}

/// A connection.
pub(crate) struct Client(BufReader<Stream>);

enum Stream {
    Plain(TcpStream),
    Tls(Box<StreamOwned<ClientConnection, TcpStream>>),
}

impl Client {
    /// Connects from `from`, with TLS if there are `settings`.
    pub(crate) fn connect(to: SocketAddr, settings: Option<&Arc<ClientConfig>>, from: Option<IpAddr>) -> Result<Self> {
        let socket = Socket::new(Domain::for_address(to), Type::STREAM, None)?;
        if let Some(from) = from {
            socket.bind(&SocketAddr::new(from, 0).into()).with_context(|| format!("from {from}"))?;
        }
        socket.connect(&to.into()).with_context(|| format!("to {to}"))?;
        let mut stream: TcpStream = socket.into();
        stream.set_nodelay(true)?;
        stream.set_read_timeout(Some(Duration::from_mins(1)))?;
        let Some(settings) = settings else { return Ok(Self(BufReader::new(Stream::Plain(stream)))) };
        let mut session = ClientConnection::new(Arc::clone(settings), ServerName::try_from(HOST)?)?;
        while session.is_handshaking() {
            session.complete_io(&mut stream).context("handshake")?;
        }
        Ok(Self(BufReader::new(Stream::Tls(Box::new(StreamOwned::new(session, stream))))))
    }

    /// Sends a request and reads its answer to the end.
    ///
    /// # Errors
    /// If it is no success.
    pub(crate) fn exchange(&mut self, request: &[u8]) -> Result<()> {
        self.0.get_mut().write_all(request)?;
        self.0.get_mut().flush()?;
        let (mut line, mut status, mut left) = (String::new(), String::new(), 0_u64);
        loop {
            line.clear();
            ensure!(self.0.read_line(&mut line)? > 0, "the connection ended before the answer");
            let text = line.trim_end();
            if text.is_empty() {
                break;
            }
            if status.is_empty() {
                text.clone_into(&mut status);
            } else if let Some((name, value)) = text.split_once(':') {
                ensure!(!name.eq_ignore_ascii_case("transfer-encoding"), "an answer without a length");
                if name.eq_ignore_ascii_case("content-length") {
                    left = value.trim().parse()?;
                }
            }
        }
        let mut body = [0; 16 << 10];
        while left > 0 {
            let most = usize::try_from(left).map_or(body.len(), |left| left.min(body.len()));
            let read = self.0.read(&mut body[..most])?;
            ensure!(read > 0, "the answer broke off");
            left -= read as u64;
        }
        if !status.starts_with("HTTP/1.1 2") {
            bail!("the answer was {status}");
        }
        Ok(())
    }
}

impl Read for Stream {
    fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
        match self {
            Self::Plain(stream) => stream.read(buffer),
            Self::Tls(stream) => stream.read(buffer),
        }
    }
}

impl Write for Stream {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        match self {
            Self::Plain(stream) => stream.write(bytes),
            Self::Tls(stream) => stream.write(bytes),
        }
    }

    fn flush(&mut self) -> std::io::Result<()> {
        match self {
            Self::Plain(stream) => stream.flush(),
            Self::Tls(stream) => stream.flush(),
        }
    }
}
