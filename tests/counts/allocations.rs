//! Allocations: this program again, as Portcullis, over an allocator that counts; asked over a connection.

use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::process::Command;

use crate::backend::Backend;
use crate::case::{Case, Transport};
use crate::ceilings::{Ceilings, Count, Unit};
use crate::program::Program;

/// Where the program under test has to tell what it counted.
const TELL: &str = "PORTCULLIS_COUNTS_TELL";

const WARM: u32 = 50;
const REQUESTS: u32 = 200;

pub(crate) const ALLOCATIONS: Unit =
    Unit { name: "allocations", look: "PORTCULLIS_BINARY=... cargo test --test counts -- sites CASE" };
pub(crate) const BYTES: Unit = Unit { name: "bytes_allocated", look: ALLOCATIONS.look };

/// The test: see the module.
pub(crate) fn stay_below_their_ceilings() -> Result<(), String> {
    let backend = Backend::start();
    let binary = std::env::current_exe().expect("it runs");
    let mut counts = Vec::new();
    for transport in Transport::ALL {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a loopback port is free");
        let mut command = Command::new(&binary);
        command.env(TELL, listener.local_addr().expect("it is bound").to_string());
        let program = Program::start(command, &binary, backend.address, transport == Transport::Tls);
        let (mut teller, _) = listener.accept().expect("the program tells");
        for case in Case::all_over(transport).filter(|case| case.is_single()) {
            let mut sender = case.warm(&program, &backend, WARM);
            let before = ask(&mut teller);
            sender.send(REQUESTS);
            let after = ask(&mut teller);
            let per_request = |index: usize| per_request(after[index] - before[index]);
            counts.push(Count { case: case.name, unit: ALLOCATIONS, value: per_request(0), detail: String::new() });
            counts.push(Count { case: case.name, unit: BYTES, value: per_request(1), detail: String::new() });
        }
    }
    Ceilings::load().judge(&counts)
}

#[expect(clippy::cast_precision_loss, reason = "counts are far below 2^52")]
fn per_request(count: u64) -> f64 {
    count as f64 / f64::from(REQUESTS)
}

fn ask(teller: &mut TcpStream) -> [u64; 2] {
    let mut answer = [0; 16];
    teller.write_all(b"?").and_then(|()| teller.read_exact(&mut answer)).expect("the program tells");
    let (first, second) = answer.split_at(8);
    [first, second].map(|bytes| u64::from_le_bytes(bytes.try_into().expect("it is half of sixteen")))
}

/// In the program under test: tells who asks how many allocations there were, and of how many bytes. What grows
/// in place or moves counts as one more, of the bytes that it grew by. The teller itself allocates nothing.
pub(crate) fn tell() {
    let Ok(address) = std::env::var(TELL) else { return };
    let mut asker = TcpStream::connect(address).expect("who counts listens");
    std::thread::spawn(move || {
        let mut question = [0];
        while asker.read_exact(&mut question).is_ok() {
            let counted = crate::ALLOCATOR.stats();
            let count = (counted.allocations + counted.reallocations) as u64;
            let bytes = counted.bytes_allocated as u64;
            let mut answer = [0; 16];
            answer[..8].copy_from_slice(&count.to_le_bytes());
            answer[8..].copy_from_slice(&bytes.to_le_bytes());
            if asker.write_all(&answer).is_err() {
                return;
            }
        }
    });
}
