//! `portcullis bench`: a load test for an S3 endpoint, Portcullis or not. Every request is signed anew, the
//! load has an end whatever happens, what it wrote is deleted, and a wrong answer counts as an error.
//!
//! ```text
//! arguments --Plan--> prepare, probe --> workload (arrivals --operation--> requests --result--> tally)
//!    --> clean --> report
//! ```

mod arrivals;
mod bounds;
mod chores;
mod connection;
mod content;
mod credential;
mod interrupt;
mod plan;
mod progress;
mod report;
mod requests;
mod tally;
mod target;
mod trouble;
mod upload_body;
mod workload;

use std::process::ExitCode;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Instant;

use super::failure::{self, Failure, note};
use arrivals::Arrivals;
use interrupt::Interrupt;
use plan::Plan;
use progress::Progress;
use report::{End, Report};
use tally::Tally;
use trouble::Trouble;
use workload::Leftovers;

/// The arguments of `portcullis bench`.
#[derive(clap::Args)]
pub(crate) struct Bench {
    #[command(flatten)]
    plan: plan::Arguments,
    /// Print the report as JSON
    #[arg(long, help_heading = "Options")]
    json: bool,
}

impl Bench {
    /// Exit code 0 if all requests went well and nothing is left behind; 1 if not, the report says why; 2 for
    /// a mistake in the arguments. Only the report goes to standard output.
    pub(crate) fn run(self) -> ExitCode {
        let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build();
        let runtime = match runtime {
            Ok(runtime) => runtime,
            Err(error) => {
                return failure::print(Err(Failure::work(format!("the asynchronous runtime cannot start: {error}"))));
            }
        };
        let result = runtime.block_on(self.answer());
        // What was given up goes on in the background; nobody waits for it.
        runtime.shutdown_background();
        match result {
            Ok((text, None)) => failure::print(Ok(text)),
            Ok((text, Some(complaint))) => {
                failure::print(Ok(text));
                failure::print(Err(Failure::work(complaint)))
            }
            Err(failure) => failure::print(Err(failure)),
        }
    }

    /// The report, and why it is no success.
    async fn answer(self) -> Result<(String, Option<String>), Failure> {
        let plan = self.plan.check()?;
        for line in plan.announcement().lines() {
            note(line);
        }
        let interrupt = Interrupt::watch()?;
        let report = tokio::select! {
            report = carry_out(plan, &interrupt) => report?,
            () = interrupt.is_final() => return Err(Failure::work("stopped at once: what was written is still there")),
        };
        let text = if self.json {
            report.as_json().map_err(|error| Failure::work(error.to_string()))?
        } else {
            report.to_string()
        };
        Ok((text, report.complaint()))
    }
}

async fn carry_out(plan: Plan, interrupt: &Interrupt) -> Result<Report, Failure> {
    let mut left = Leftovers::default();
    if let Err(failure) = set_up(&plan, &mut left, interrupt).await {
        if let Some(cleaned) = clean(&plan, left).await.filter(|cleaned| cleaned.left > 0) {
            note(&format!("up to {} objects or uploads are left below {}", cleaned.left, plan.setup.prefix));
        }
        return Err(failure);
    }
    let tally = Arc::new(Tally::new());
    let arrivals = Arrivals::begin(plan.extent, interrupt.stop().clone())
        .map_err(|error| Failure::work(format!("no thread for the rate: {error}")))?;
    let progress = Progress::of_load(plan.extent.warm_up + plan.extent.duration, &arrivals, &tally);
    let written = workload::run(&plan.requests, &plan.mix, &arrivals, &tally, interrupt.cut()).await;
    let elapsed = Instant::now().saturating_duration_since(arrivals.counting_since());
    progress.end();
    let end = End {
        elapsed,
        missed: if interrupt.is_set() { 0 } else { arrivals.missed() },
        interrupted: interrupt.is_set(),
        stopped_by_bytes: plan.is_limited_by_bytes && arrivals.is_used_up(),
    };
    left.keys.extend(written.keys);
    left.uploads.extend(written.uploads);
    left.unknown_uploads += written.unknown_uploads;
    let cleaned = clean(&plan, left).await;
    Ok(Report::new(plan.setup, &tally, &end, cleaned.as_ref()))
}

/// Writes what will be read, and tries one operation of each kind.
async fn set_up(plan: &Plan, left: &mut Leftovers, interrupt: &Interrupt) -> Result<(), Failure> {
    let failed = |kind: &str, trouble: &Trouble| {
        let advice = trouble.advice();
        let space = if advice.is_empty() { "" } else { ". " };
        let message = format!("{}: the first {kind} failed: {trouble}", plan.setup.endpoint);
        Failure::work(format!("{}{space}{advice}", message.trim_end_matches('.')))
    };
    if plan.mix.has_reads() {
        let progress = Progress::counting("Write what will be read", plan.mix.objects.into());
        let prepared = chores::prepare(&plan.requests, &plan.mix, left, interrupt.stop(), &progress).await;
        progress.end();
        prepared.map_err(|trouble| failed("PutObject", &trouble))?;
    }
    if !interrupt.is_set() {
        chores::probe(&plan.requests, &plan.mix, left).await.map_err(|(kind, trouble)| failed(kind, &trouble))?;
    }
    if plan.requests.keeps_versions.load(Ordering::Relaxed) {
        note("the bucket keeps versions: what this run deletes stays as old versions, and takes room");
    }
    if interrupt.is_set() { Err(Failure::work("stopped before the load began")) } else { Ok(()) }
}

/// Deletes what the run wrote, unless it is to be kept.
async fn clean(plan: &Plan, left: Leftovers) -> Option<chores::Cleaned> {
    if plan.keep {
        return None;
    }
    let progress = Progress::counting("Delete", left.keys.len() as u64);
    let cleaned = chores::clean(&plan.requests, plan.mix.connections, left, &progress).await;
    progress.end();
    Some(cleaned)
}
