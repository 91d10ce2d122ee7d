//! What is done before and after the load, over as many connections: writing the objects that will be read,
//! trying one operation of each kind, and deleting what the run has left at the target.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};

use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

use super::progress::Progress;
use super::requests::{Requester, Requests};
use super::trouble::Trouble;
use super::workload::{Leftovers, Mix, Workload};

/// What is done to each key.
#[derive(Clone, Copy)]
enum Chore {
    Delete,
    Put,
}

/// How deleting went.
pub(super) struct Cleaned {
    /// Objects.
    pub(super) deleted: u64,
    /// Objects and multipart uploads that are there still.
    pub(super) left: u64,
    /// Why.
    pub(super) trouble: Option<Trouble>,
}

/// Writes the objects that will be read, the first one alone. Their keys are in `left` from the moment
/// they may exist.
///
/// # Errors
/// The first failure.
pub(super) async fn prepare(
    requests: &Arc<Requests>,
    mix: &Mix,
    left: &mut Leftovers,
    stop: &CancellationToken,
    progress: &Progress,
) -> Result<(), Trouble> {
    let mut keys: Vec<String> = (0..u64::from(mix.objects)).map(|index| mix.read_key(index)).collect();
    let rest = keys.split_off(1);
    for keys in [keys, rest] {
        let (done, trouble) = each(requests, mix.connections, Chore::Put, &keys, stop, progress).await;
        let was_refused = trouble.as_ref().is_some_and(Trouble::did_nothing);
        // Of several at a time any may have been done; of the first one alone it is known.
        if done > 0 || !was_refused {
            left.keys.extend(keys);
        }
        trouble.map_or(Ok(()), Err)?;
    }
    Ok(())
}

/// Tries one operation of each kind that the load will have.
///
/// # Errors
/// The first failure, and which kind it was.
pub(super) async fn probe(
    requests: &Arc<Requests>,
    mix: &Mix,
    left: &mut Leftovers,
) -> Result<(), (&'static str, Trouble)> {
    let mut requester = Requester::new(Arc::clone(requests));
    if mix.has_reads() {
        requester.get(&mix.read_key(0)).await.map_err(|trouble| ("GetObject", trouble))?;
    }
    let key = mix.write_key(0, 0);
    if mix.has_writes() {
        let result = requester.put(&key).await;
        if !result.as_ref().is_err_and(Trouble::did_nothing) {
            left.keys.push(key.clone());
        }
        result.map_err(|trouble| ("PutObject", trouble))?;
    }
    if mix.workload == Workload::Multipart {
        let created = requester.create_upload(&key).await;
        left.unknown_uploads += u64::from(created.as_ref().is_err_and(|trouble| !trouble.did_nothing()));
        let upload = created.map_err(|trouble| ("CreateMultipartUpload", trouble))?;
        let mut tags = Vec::new();
        let mut result = Ok(());
        for (number, part) in (1..).zip(&requests.parts) {
            match requester.upload_part(&upload, number, part).await {
                Ok(tag) => tags.push(tag),
                Err(trouble) => {
                    result = Err(("UploadPart", trouble));
                    break;
                }
            }
        }
        if result.is_ok() {
            left.keys.push(key);
            let completed = requester.complete_upload(&upload, &tags).await;
            result = completed.map_err(|trouble| ("CompleteMultipartUpload", trouble));
        }
        if result.is_err() {
            left.uploads.push(upload);
        }
        return result;
    }
    Ok(())
}

/// Aborts the uploads and deletes the objects.
pub(super) async fn clean(requests: &Arc<Requests>, connections: u32, left: Leftovers, progress: &Progress) -> Cleaned {
    let mut requester = Requester::new(Arc::clone(requests));
    let (mut uploads_left, mut trouble) = (left.unknown_uploads, None);
    for upload in &left.uploads {
        // One that cannot be reached is not waited for thousands of times.
        if uploads_left > TRIES {
            uploads_left += 1;
        } else if let Err(why) = requester.abort_upload(upload).await {
            uploads_left += 1;
            trouble = Some(why);
        }
    }
    let mut keys = left.keys;
    keys.sort_unstable();
    keys.dedup();
    let never = CancellationToken::new();
    let (deleted, why) = each(requests, connections, Chore::Delete, &keys, &never, progress).await;
    Cleaned { deleted, left: keys.len() as u64 - deleted + uploads_left, trouble: why.or(trouble) }
}

/// Does the same to each key, and says how often it was done and what the first failure was. Deleting goes on
/// after a failure, with two more tries, unless nothing works any more.
async fn each(
    requests: &Arc<Requests>,
    connections: u32,
    chore: Chore,
    keys: &[String],
    stop: &CancellationToken,
    progress: &Progress,
) -> (u64, Option<Trouble>) {
    let shared = Arc::new(Shared {
        keys: keys.to_vec(),
        next: AtomicUsize::new(0),
        done: AtomicU64::new(0),
        failures_in_a_row: AtomicU64::new(0),
    });
    let mut workers = JoinSet::new();
    for _ in 0..keys.len().min(usize::try_from(connections).unwrap_or(1)) {
        let requester = Requester::new(Arc::clone(requests));
        workers.spawn(work(requester, chore, Arc::clone(&shared), stop.clone(), progress.clone()));
    }
    let mut first = None;
    while let Some(ended) = workers.join_next().await {
        first = first.or(ended.ok().flatten());
    }
    (shared.done.load(Ordering::Relaxed), first)
}

struct Shared {
    keys: Vec<String>,
    next: AtomicUsize,
    done: AtomicU64,
    failures_in_a_row: AtomicU64,
}

async fn work(
    mut requester: Requester,
    chore: Chore,
    shared: Arc<Shared>,
    stop: CancellationToken,
    progress: Progress,
) -> Option<Trouble> {
    let mut first = None;
    while !stop.is_cancelled() && shared.failures_in_a_row.load(Ordering::Relaxed) <= TRIES {
        let Some(key) = shared.keys.get(shared.next.fetch_add(1, Ordering::Relaxed)) else { break };
        let mut result = once(&mut requester, chore, key).await;
        for pause in PAUSES {
            if result.is_ok() || matches!(chore, Chore::Put) {
                break;
            }
            tokio::time::sleep(pause).await;
            result = once(&mut requester, chore, key).await;
        }
        match result {
            Ok(()) => {
                shared.done.fetch_add(1, Ordering::Relaxed);
                shared.failures_in_a_row.store(0, Ordering::Relaxed);
                progress.one_more();
            }
            Err(trouble) => {
                first = first.or(Some(trouble));
                let weight = if matches!(chore, Chore::Put) { TRIES + 1 } else { 1 };
                shared.failures_in_a_row.fetch_add(weight, Ordering::Relaxed);
            }
        }
    }
    first
}

async fn once(requester: &mut Requester, chore: Chore, key: &str) -> Result<(), Trouble> {
    match chore {
        Chore::Delete => requester.delete(key).await,
        Chore::Put => requester.put(key).await,
    }
}

/// Failures in a row after which the rest is given up.
const TRIES: u64 = 10;
/// Before the second and the third try to delete.
const PAUSES: [std::time::Duration; 2] = [std::time::Duration::from_millis(200), std::time::Duration::from_secs(1)];
