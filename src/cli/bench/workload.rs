//! What the load is made of, and the workers that carry it out, each over a connection of its own.

use std::sync::Arc;
use std::time::Instant;

use clap::ValueEnum;
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

use super::arrivals::{Arrival, Arrivals};
use super::requests::{Requester, Requests, Upload};
use super::tally::{Kind, Tally};
use super::trouble::Trouble;

/// What an operation does.
#[derive(Clone, Copy, Debug, Eq, PartialEq, ValueEnum)]
pub(super) enum Workload {
    /// Read objects that were written before
    Get,
    /// Some of both, see --reads
    Mixed,
    /// Write objects in parts
    Multipart,
    /// Write objects
    Put,
}

/// Which operations there are, and on which objects.
#[derive(Clone, Debug)]
pub(super) struct Mix {
    pub(super) workload: Workload,
    /// Of a hundred operations of a mixed workload, those that read.
    pub(super) reads: u8,
    /// How many objects there are to read, and as many to write.
    pub(super) objects: u32,
    pub(super) connections: u32,
    /// Where all keys of the run begin.
    pub(super) prefix: String,
}

/// What is still at the target.
#[derive(Default)]
pub(super) struct Leftovers {
    pub(super) keys: Vec<String>,
    pub(super) uploads: Vec<Upload>,
    /// Multipart uploads that may have been begun without that an answer came.
    pub(super) unknown_uploads: u64,
}

struct Worker {
    number: u32,
    requester: Requester,
    mix: Arc<Mix>,
    tally: Arc<Tally>,
    /// How many keys of its own it has used.
    written: u32,
    writes: u32,
    /// Begun, and neither completed nor aborted.
    upload: Option<Upload>,
    left: Leftovers,
}

impl Mix {
    /// Whether there have to be objects to read.
    pub(super) fn has_reads(&self) -> bool {
        self.workload == Workload::Get || self.workload == Workload::Mixed && self.reads > 0
    }

    /// Whether it writes objects as a whole.
    pub(super) fn has_writes(&self) -> bool {
        self.workload == Workload::Put || self.workload == Workload::Mixed && self.reads < 100
    }

    /// The key of an object to read.
    pub(super) fn read_key(&self, index: u64) -> String {
        format!("{}r{index:06}", self.prefix)
    }

    /// The key `index` of the worker `number`. No other writes it.
    pub(super) fn write_key(&self, number: u32, index: u32) -> String {
        format!("{}w{number:04}-{index:06}", self.prefix)
    }

    fn reads(&self, operation: u64) -> bool {
        match self.workload {
            Workload::Get => true,
            Workload::Multipart | Workload::Put => false,
            // 61 and 100 have no common divisor: each hundred operations have every remainder once.
            Workload::Mixed => operation * 61 % 100 < u64::from(self.reads),
        }
    }

    /// How many objects each worker writes before it begins with the first again.
    fn keys_of_a_worker(&self) -> u32 {
        self.objects.div_ceil(self.connections).max(1)
    }
}

/// Runs the load to its end, or until `cut` ends its running requests too.
pub(super) async fn run(
    requests: &Arc<Requests>,
    mix: &Arc<Mix>,
    arrivals: &Arc<Arrivals>,
    tally: &Arc<Tally>,
    cut: &CancellationToken,
) -> Leftovers {
    let mut workers = JoinSet::new();
    for number in 0..mix.connections {
        let worker = Worker {
            number,
            requester: Requester::new(Arc::clone(requests)),
            mix: Arc::clone(mix),
            tally: Arc::clone(tally),
            written: 0,
            writes: 0,
            upload: None,
            left: Leftovers::default(),
        };
        workers.spawn(worker.run(Arc::clone(arrivals), cut.clone()));
    }
    let mut left = Leftovers::default();
    while let Some(of_one) = workers.join_next().await {
        let Ok(of_one) = of_one else { continue };
        left.keys.extend(of_one.keys);
        left.uploads.extend(of_one.uploads);
        left.unknown_uploads += of_one.unknown_uploads;
    }
    left
}

impl Worker {
    async fn run(mut self, arrivals: Arc<Arrivals>, cut: CancellationToken) -> Leftovers {
        while let Some(arrival) = arrivals.next().await {
            let cut_off = tokio::select! {
                () = cut.cancelled() => true,
                () = self.operate(arrival) => false,
            };
            if cut_off {
                break;
            }
        }
        self.left.uploads.extend(self.upload.take());
        self.left.keys = (0..self.written).map(|index| self.mix.write_key(self.number, index)).collect();
        self.left
    }

    async fn operate(&mut self, arrival: Arrival) {
        let size = self.requester.requests().object.length;
        if self.mix.reads(arrival.number) {
            let index = scatter(arrival.number) % u64::from(self.mix.objects);
            let key = self.mix.read_key(index);
            let result = self.requester.get(&key).await;
            self.count(arrival, Kind::GetObject, &result, size, arrival.intended);
            return;
        }
        let index = self.writes % self.mix.keys_of_a_worker();
        let key = self.mix.write_key(self.number, index);
        self.writes = self.writes.wrapping_add(1);
        self.written = self.written.max(index + 1);
        if self.mix.workload == Workload::Multipart {
            let result = self.upload(arrival, &key).await;
            self.count(arrival, Kind::WholeUpload, &result, size, arrival.intended);
            if result.is_err()
                && let Some(upload) = self.upload.take()
                && self.requester.abort_upload(&upload).await.is_err()
            {
                self.left.uploads.push(upload);
            }
        } else {
            let result = self.requester.put(&key).await;
            self.count(arrival, Kind::PutObject, &result, size, arrival.intended);
        }
    }

    async fn upload(&mut self, arrival: Arrival, key: &str) -> Result<(), Trouble> {
        // What is cut off from here on may exist all the same.
        self.left.unknown_uploads += 1;
        let created = self.requester.create_upload(key).await;
        self.count(arrival, Kind::CreateMultipartUpload, &created, 0, arrival.intended);
        if created.as_ref().err().is_none_or(Trouble::did_nothing) {
            self.left.unknown_uploads -= 1;
        }
        let upload = self.upload.insert(created?);
        let requests = Arc::clone(self.requester.requests());
        let mut tags = Vec::with_capacity(requests.parts.len());
        for (number, part) in (1..).zip(&requests.parts) {
            let since = Instant::now();
            let sent = self.requester.upload_part(upload, number, part).await;
            count(&self.tally, self.number, arrival, Kind::UploadPart, &sent, part.length, since);
            tags.push(sent?);
        }
        let since = Instant::now();
        let completed = self.requester.complete_upload(upload, &tags).await;
        count(&self.tally, self.number, arrival, Kind::CompleteMultipartUpload, &completed, 0, since);
        completed?;
        self.upload = None;
        Ok(())
    }

    fn count<T>(&self, arrival: Arrival, kind: Kind, result: &Result<T, Trouble>, bytes: u64, since: Instant) {
        count(&self.tally, self.number, arrival, kind, result, bytes, since);
    }
}

fn count<T>(
    tally: &Tally,
    worker: u32,
    arrival: Arrival,
    kind: Kind,
    result: &Result<T, Trouble>,
    bytes: u64,
    since: Instant,
) {
    if arrival.counts {
        tally.add(worker, kind, result, bytes, since.elapsed());
    }
}

/// Numbers in another order that looks like none, each as often as the others.
/// The finalizer of <https://prng.di.unimi.it/splitmix64.c>.
fn scatter(number: u64) -> u64 {
    let mut mixed = number.wrapping_add(0x9e37_79b9_7f4a_7c15);
    mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    mixed ^ (mixed >> 31)
}
