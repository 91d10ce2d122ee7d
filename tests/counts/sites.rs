//! Where allocations come from: the program under valgrind's `dhat`, for a look; nothing is compared.

use std::collections::BTreeMap;
use std::process::Command;

use serde_json::Value;

use crate::backend::Backend;
use crate::case::{Case, Transport};
use crate::program::{self, Program};

const REQUESTS: u32 = 1000;
/// Frames of a stack that are shown.
const SHOWN: usize = 5;

/// Prints the places that allocate in `case`, those that do it most often first.
pub(crate) fn show(case: &'static Case) {
    let backend = Backend::start();
    let folder = tempfile::tempdir().expect("a temporary folder");
    let file = folder.path().join("dhat");
    let mut command = Command::new("valgrind");
    command.args(["--tool=dhat", "--num-callers=60", "--read-inline-info=yes", "--fullpath-after="]);
    command.arg(format!("--dhat-out-file={}", file.display())).arg(program::binary());
    let mut program = Program::start(command, &program::binary(), backend.address, case.transport == Transport::Tls);
    drop(case.warm(&program, &backend, REQUESTS));
    program.stop();
    let text = std::fs::read_to_string(&file).expect("valgrind wrote what it found");
    let found: Value = serde_json::from_str(&text).expect("it is JSON");
    let frames: Vec<&str> = found["ftbl"].as_array().into_iter().flatten().filter_map(Value::as_str).collect();
    let mut sites = BTreeMap::<Vec<String>, (f64, f64)>::new();
    for point in found["pps"].as_array().into_iter().flatten() {
        let number = |name: &str| point[name].as_f64().unwrap_or_default() / f64::from(REQUESTS);
        let stack = point["fs"].as_array().into_iter().flatten().filter_map(Value::as_u64);
        let stack = stack.filter_map(|index| frames.get(usize::try_from(index).ok()?));
        let told = stack.filter_map(|frame| teller(frame)).take(SHOWN).collect();
        let site = sites.entry(told).or_default();
        *site = (site.0 + number("tbk"), site.1 + number("tb"));
    }
    let mut sites: Vec<_> = sites.into_iter().filter(|(_, (blocks, _))| *blocks > 0.05).collect();
    sites.sort_by(|(_, one), (_, other)| other.0.total_cmp(&one.0));
    println!("{}: allocations and bytes a request, by where they are made (start included)", case.name);
    for (stack, (blocks, bytes)) in sites {
        println!("{blocks:7.2} {bytes:9.0}  {}", stack.join("\n                     < "));
    }
}

/// A frame as it is shown; nothing for those of the allocator and of the standard library.
fn teller(frame: &str) -> Option<String> {
    let (_, frame) = frame.split_once(": ")?;
    let standard = ["alloc::", "<alloc::", "core::", "<core::", "std::", "<std::", "__rust", "_R", "<T as alloc::"];
    if frame.contains("/rustc/") || frame.contains("vgpreload_dhat") || standard.iter().any(|at| frame.starts_with(at))
    {
        return None;
    }
    // The path from the crate on, which is what can be recognised.
    let (name, place) = frame.rsplit_once(" (").unwrap_or((frame, ""));
    let place = place
        .rsplit_once("/registry/src/")
        .map_or(place, |(_, rest)| rest.split_once('/').map_or(rest, |(_, path)| path));
    let place = place.rsplit_once("/portcullis/").map_or(place, |(_, path)| path);
    let place = place.strip_prefix(concat!(env!("CARGO_MANIFEST_DIR"), "/")).unwrap_or(place);
    Some(format!("{name} ({place}"))
}
