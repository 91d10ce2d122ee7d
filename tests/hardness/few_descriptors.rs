//! The program where the system allows it few open files: it says so, closes new connections before it runs
//! out, and keeps some for itself. In a process of its own, which may have few of them.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{SocketAddr, TcpStream};
use std::os::unix::net::UnixStream;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use crate::support::setup::Setup;

/// 45% of 128.
const PLACES: usize = 57;

struct Program(Child);

impl Drop for Program {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

#[test]
fn k16_new_connections_are_closed_before_file_descriptors_run_out() {
    let folder = tempfile::tempdir().unwrap();
    let file = Setup::new("http://127.0.0.1:1".to_owned()).write(folder.path());
    let child = Command::new("sh")
        .args([
            "-c",
            "ulimit -n 128 && exec \"$0\" serve --json-logs --config \"$1\" 2>&1",
            env!("CARGO_BIN_EXE_portcullis"),
        ])
        .arg(&file)
        .env_remove("CREDENTIALS_DIRECTORY")
        .env("RUST_LOG", "info")
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut program = Program(child);
    let mut lines = BufReader::new(program.0.stdout.take().unwrap());
    let mut said = String::new();
    let address: SocketAddr = loop {
        assert!(lines.read_line(&mut said).unwrap() > 0, "it ended before it was ready: {said}");
        if let Some((_, rest)) = said.split_once("\"s3\":\"") {
            break rest.split('"').next().unwrap().parse().unwrap();
        }
    };
    assert!(
        said.contains("the limit on open files is too low") && said.contains(&format!("\"max_connections\":{PLACES}")),
        "{said}"
    );

    let mut clients: Vec<TcpStream> = (0..120).map(|_| TcpStream::connect(address).unwrap()).collect();
    let served = clients.iter_mut().filter_map(|client| {
        client.set_read_timeout(Some(Duration::from_secs(20))).unwrap();
        let _ = client.write_all(b"GET /bucket/key HTTP/1.1\r\nHost: localhost\r\n\r\n");
        let mut start = [0; 12];
        client.read_exact(&mut start).is_ok().then(|| String::from_utf8_lossy(&start).into_owned())
    });
    let served: Vec<String> = served.collect();
    assert_eq!(served, vec!["HTTP/1.1 403"; PLACES], "so many are served, and the others closed");

    // While all of these stay open, whoever runs the program gets through to it.
    let mut control = UnixStream::connect(folder.path().join("control.sock")).unwrap();
    control.write_all(b"GET /v1/admin/keys HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n").unwrap();
    let mut answer = String::new();
    control.read_to_string(&mut answer).unwrap();
    assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");

    drop(program);
    lines.read_to_string(&mut said).unwrap();
    assert_eq!(said.matches("too many connections").count(), 1, "said once: {said}");
    assert!(!said.contains("cannot accept"), "accepting never failed: {said}");
}
