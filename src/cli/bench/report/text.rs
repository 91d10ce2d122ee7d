//! The report as a table, with a bar for each range of latencies.

use std::fmt::{self, Display, Formatter};

use super::{KindReport, Report, float};

impl Display for Report {
    fn fmt(&self, out: &mut Formatter<'_>) -> fmt::Result {
        write!(out, "{:23} {:>9} {:>7} {:>9} {:>9}", "", "good", "failed", "per s", "MB/s")?;
        writeln!(out, " {:>9} {:>9} {:>9} {:>9} {:>9}", "p50", "p90", "p99", "p99.9", "max")?;
        for kind in &self.kinds {
            row(out, kind)?;
        }
        let rate = self.requests_per_second;
        let megabytes = self.bytes_per_second / 1e6;
        writeln!(
            out,
            "\n{} requests in {:.1} s, {} failed: {rate:.1} good requests/s, {megabytes:.2} MB/s",
            self.requests, self.elapsed_seconds, self.failed
        )?;
        if self.interrupted {
            writeln!(out, "It was interrupted: this is what had ended by then.")?;
        }
        if self.stopped_by_bytes {
            writeln!(out, "It ended early, as --max-bytes was used up.")?;
        }
        if self.missed > 0 {
            writeln!(
                out,
                "{} operations had no connection in time: the target cannot hold this rate, or --connections is too low.",
                self.missed
            )?;
        }
        for kind in self.kinds.iter().filter(|kind| !kind.histogram.is_empty()) {
            bars(out, kind)?;
        }
        for kind in &self.kinds {
            for error in &kind.errors {
                let status = error.status.map(|status| format!("{status} ")).unwrap_or_default();
                let example = one_line(&error.example);
                write!(out, "\n{} x {status}{} at {}: {example}", error.count, error.code, kind.name)?;
                writeln!(out, "{}{}", if error.advice.is_empty() { "" } else { "\n  " }, error.advice)?;
            }
        }
        match &self.clean_up {
            Some(clean_up) => writeln!(out, "\nDeleted {} objects; {} left.", clean_up.deleted, clean_up.left),
            None => writeln!(out, "\nEverything written is kept below {}", self.setup.prefix),
        }
    }
}

fn row(out: &mut Formatter<'_>, kind: &KindReport) -> fmt::Result {
    let megabytes = kind.bytes_per_second / 1e6;
    let megabytes = if megabytes > 0.0 { format!("{megabytes:.2}") } else { String::new() };
    write!(out, "{:23} {:>9} {:>7} {:>9.1} {megabytes:>9}", kind.name, kind.good, kind.failed, kind.per_second)?;
    if let Some(latency) = &kind.latency_microseconds {
        for microseconds in [latency.p50, latency.p90, latency.p99, latency.p999, latency.max] {
            write!(out, " {:>9}", time(microseconds))?;
        }
    }
    writeln!(out)
}

fn bars(out: &mut Formatter<'_>, kind: &KindReport) -> fmt::Result {
    writeln!(out, "\nLatency of {}", kind.name)?;
    let largest = kind.histogram.iter().map(|bar| bar.count).max().unwrap_or(1).max(1);
    for bar in &kind.histogram {
        // Whatever there is can be seen.
        let length = (bar.count * WIDEST).div_ceil(largest);
        let blocks: String = (0..length).map(|_| '#').collect();
        let share = 100.0 * float(bar.count) / float(kind.good);
        let line = format!("{:>9} {:>9} {share:>6.2}%  {blocks}", up_to(bar.up_to_microseconds), bar.count);
        writeln!(out, "{}", line.trim_end())?;
    }
    Ok(())
}

fn up_to(microseconds: u64) -> String {
    match microseconds {
        0..1_000 => format!("<={microseconds} us"),
        1_000..1_000_000 => format!("<={} ms", microseconds / 1_000),
        _ => format!("<={} s", microseconds / 1_000_000),
    }
}

/// Three digits and a unit.
fn time(microseconds: u64) -> String {
    let (value, unit) = match microseconds {
        0..1_000 => return format!("{microseconds} us"),
        1_000..1_000_000 => (float(microseconds) / 1e3, "ms"),
        _ => (float(microseconds) / 1e6, "s"),
    };
    let digits = if value < 10.0 { 2 } else { usize::from(value < 100.0) };
    format!("{value:.digits$} {unit}")
}

/// What the target says may hold anything: no escape sequence reaches a terminal.
fn one_line(text: &str) -> String {
    text.chars().map(|c| if c.is_control() { ' ' } else { c }).collect()
}

const WIDEST: u64 = 50;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_have_three_digits_and_a_unit() {
        let shown = [7, 999, 1_234, 12_345, 123_456, 1_234_567].map(time);
        assert_eq!(shown, ["7 us", "999 us", "1.23 ms", "12.3 ms", "123 ms", "1.23 s"]);
        assert_eq!([500, 2_000, 5_000_000].map(up_to), ["<=500 us", "<=2 ms", "<=5 s"]);
    }
}
