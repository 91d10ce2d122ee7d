//! What a proxy used, by the kernel's accounting: CPU time of all its processes and threads, and memory.

use std::fs;

use anyhow::{Context as _, Result};

/// CPU time that the process and its descendants have used so far, in nanoseconds.
///
/// From `schedstat` of each thread, which the kernel keeps exactly; the counters of `stat` are in ticks of 10 ms.
pub(crate) fn cpu_nanoseconds(process: u32) -> Result<u64> {
    let mut total = 0;
    for id in family(process) {
        let threads = fs::read_dir(format!("/proc/{id}/task")).with_context(|| format!("process {id} has ended"))?;
        for thread in threads {
            // A thread may end between the two.
            let Ok(text) = fs::read_to_string(thread?.path().join("schedstat")) else { continue };
            let on_cpu = text.split_whitespace().next().unwrap_or_default();
            total += on_cpu.parse::<u64>().with_context(|| format!("schedstat of process {id} says {text:?}"))?;
        }
    }
    Ok(total)
}

/// Memory that the process and its descendants hold, in bytes. What they share counts for each.
pub(crate) fn resident_bytes(process: u32) -> Result<u64> {
    let mut total = 0;
    for id in family(process) {
        let status = fs::read_to_string(format!("/proc/{id}/status")).with_context(|| format!("process {id}"))?;
        let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).context("a process has memory")?;
        total += line.trim().trim_end_matches(" kB").parse::<u64>().context("VmRSS is no number")? * 1024;
    }
    Ok(total)
}

/// The process and its descendants.
pub(crate) fn family(process: u32) -> Vec<u32> {
    let mut found = vec![process];
    let mut at = 0;
    while let Some(id) = found.get(at) {
        let threads = fs::read_dir(format!("/proc/{id}/task")).into_iter().flatten().flatten();
        let children = threads.filter_map(|thread| fs::read_to_string(thread.path().join("children")).ok());
        let children: Vec<u32> =
            children.flat_map(|text| text.split_whitespace().map(str::parse).collect::<Vec<_>>()).flatten().collect();
        found.extend(children);
        at += 1;
    }
    found
}
