//! What a run says: a table for people, and JSON for programs.

use std::fmt::Write as _;

use serde_json::{Value, json};

use super::rows::{Finding, Outcome, Verdict};
use super::statistics::Median;

/// The table.
pub(crate) fn table(findings: &[Finding]) -> String {
    let mut text = format!("{:<15} {:<51} {:>27} {:>9} {:>9}  verdict\n", "row", "what", "median (95%)", "must", "aim");
    for finding in findings {
        let row = finding.row;
        let (must, aim) = (row.unit.show(row.must), row.unit.show(row.aim));
        let (numbers, verdict) = match &finding.outcome {
            Outcome::Measured(median) => {
                let interval = format!("{:.3} to {:.3}", median.low, median.high);
                (format!("{} ({interval})", row.unit.show(median.value)), Verdict::of(row, *median).words().to_owned())
            }
            Outcome::Skipped(why) => (String::new(), format!("not measured: {why}")),
            Outcome::Refused(why) => (String::new(), format!("REFUSED: {why}")),
        };
        let _ = writeln!(text, "{:<15} {:<51} {numbers:>27} {must:>9} {aim:>9}  {verdict}", row.name, row.what);
        for series in &finding.series {
            if let (Some(cpu), Some(rate), Some(load)) = medians([&series.cpu, &series.rate, &series.load]) {
                let _ = writeln!(
                    text,
                    "{:16}{:<16} {:>9.1} µs of CPU a request, {:>7.0} requests/s, {:>3.0}% of a core",
                    "",
                    series.name,
                    cpu.value,
                    rate.value,
                    load.value * 100.0
                );
            }
        }
        if !finding.note.is_empty() {
            let _ = writeln!(text, "{:16}{}", "", finding.note.trim_end_matches("; "));
        }
    }
    text
}

fn medians(of: [&Vec<f64>; 3]) -> (Option<Median>, Option<Median>, Option<Median>) {
    let [first, second, third] = of.map(|values| Median::of(values));
    (first, second, third)
}

/// The same for programs, with every round.
pub(crate) fn json(findings: &[Finding], machine: &str, rounds: usize) -> Value {
    let rows: Vec<Value> = findings
        .iter()
        .map(|finding| {
            let outcome = match &finding.outcome {
                Outcome::Measured(median) => json!({
                    "median": median.value,
                    "low": median.low,
                    "high": median.high,
                    "verdict": Verdict::of(finding.row, *median).words(),
                }),
                Outcome::Skipped(why) => json!({"skipped": why}),
                Outcome::Refused(why) => json!({"refused": why}),
            };
            let series: Vec<Value> = finding
                .series
                .iter()
                .map(|series| {
                    json!({
                        "name": series.name,
                        "cpu_us_per_request": series.cpu,
                        "requests_per_second": series.rate,
                        "cores": series.load,
                    })
                })
                .collect();
            json!({
                "row": finding.row.name,
                "what": finding.row.what,
                "unit": format!("{:?}", finding.row.unit),
                "must": finding.row.must,
                "aim": finding.row.aim,
                "outcome": outcome,
                "series": series,
                "note": finding.note,
            })
        })
        .collect();
    json!({"machine": machine, "rounds": rounds, "rows": rows})
}
