//! Very many temporary keys at once: how fast they are issued and found, and what they cost. A million with
//! `PORTCULLIS_LONG_TESTS`, or as many as `PORTCULLIS_KEYS` says.

use std::num::NonZeroU32;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use futures_util::future::join_all;
use hdrhistogram::Histogram;
use portcullis::identity::{AccessKeyId, Permission};
use portcullis::keys::{Grant, KeyLife, Keys, Lookup, NewToken, TokenHolder};
use rand::rand_core::UnwrapErr;
use rand::rngs::SysRng;

use crate::etcd_cluster::Cluster;
use crate::line::Line;
use crate::nodes::signed;
use crate::processes::Process;
use crate::quiet_backend::QuietBackend;
use crate::support::sign::TestKey;

const ISSUERS: usize = 3;
/// How many keys each issuer issues at the same time.
const AT_ONCE: usize = 32;
/// How many of all keys are used.
const USED: usize = 2_000;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn very_many_temporary_keys_are_issued_found_and_used() {
    let is_long = std::env::var_os("PORTCULLIS_LONG_TESTS").is_some();
    let wanted = std::env::var("PORTCULLIS_KEYS").ok().map(|keys| keys.parse().expect("it is a number"));
    let wanted: usize = wanted.unwrap_or(if is_long { 1_000_000 } else { 2_000 });
    let (cluster, backend) = (Cluster::start(3), QuietBackend::start().await);
    let mut node = Process::new(&cluster.endpoints(), backend.address);
    node.start().await;
    let issuers = join_all((0..ISSUERS).map(|_| node.keys())).await;
    let holder = token(&issuers[0]).await;
    let before = node.resident().unwrap();

    let since = Instant::now();
    let issued = issue(&issuers, &holder, wanted).await;
    let took = since.elapsed();
    assert_eq!(issued.len(), wanted, "one of so many is kept for use");

    let step = (issued.len() / USED).max(1);
    let used: Vec<&TestKey> = issued.iter().step_by(step).collect();
    let fresh = node.keys().await;
    let (cold, warm) = (find_all(&fresh, &used).await, find_all(&fresh, &used).await);
    let mut line = Line::to(node.s3);
    for key in &used {
        assert_eq!(line.send(&signed(key)).await.unwrap().0, 200, "issued elsewhere");
    }
    assert_eq!(line.send(&signed(&used[0].with_wrong_secret())).await.unwrap().0, 403);
    let revoked = AccessKeyId::parse(&used[0].id).unwrap();
    issuers[0].revoke(&revoked).await.unwrap().expect("there is such a key");
    let refused = async { while line.send(&signed(used[0])).await.unwrap().0 != 403 {} };
    tokio::time::timeout(Duration::from_secs(5), refused).await.expect("refused within the bound");

    let at = |times: &Histogram<u64>, quantile| Duration::from_micros(times.value_at_quantile(quantile));
    println!(
        "{wanted} temporary keys issued in {took:.1?} by {ISSUERS} issuers, {:.0} a second; found cold p50 {:?} p99 \
         {:?}, warm p50 {:?} p99 {:?}; a node holds {} MiB, {} MiB before; etcd's databases take {:?} MiB",
        f64::from(u32::try_from(wanted).unwrap()) / took.as_secs_f64(),
        at(&cold, 0.5),
        at(&cold, 0.99),
        at(&warm, 0.5),
        at(&warm, 0.99),
        node.resident().unwrap() >> 20,
        before >> 20,
        cluster.database_sizes().await.iter().map(|bytes| bytes >> 20).collect::<Vec<_>>(),
    );
}

async fn token(keys: &Keys) -> TokenHolder {
    let new = NewToken { name: "very many".into(), permission: Permission::Write, ..NewToken::default() };
    let (_, token) = keys.create_token(new, &mut UnwrapErr(SysRng)).await.unwrap();
    keys.login(&token).await.unwrap().expect("the token is alive")
}

/// Every key, as it was given.
async fn issue(issuers: &[Arc<Keys>], holder: &TokenHolder, wanted: usize) -> Vec<TestKey> {
    let left = Arc::new(AtomicUsize::new(wanted));
    let work = |keys: &Arc<Keys>| {
        let (keys, holder, left) = (Arc::clone(keys), holder.clone(), Arc::clone(&left));
        tokio::spawn(async move {
            let mut issued = Vec::new();
            while left.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |left| left.checked_sub(1)).is_ok() {
                let life = KeyLife::Seconds(NonZeroU32::new(12 * 3600).unwrap());
                issued.push(issue_one(&keys, &holder, life).await);
            }
            issued
        })
    };
    let workers: Vec<_> = (0..ISSUERS * AT_ONCE).map(|number| work(&issuers[number % ISSUERS])).collect();
    join_all(workers).await.into_iter().flat_map(Result::unwrap).collect()
}

/// Patiently: a cluster that is busy may make its nodes wait.
async fn issue_one(keys: &Keys, holder: &TokenHolder, life: KeyLife) -> TestKey {
    let since = Instant::now();
    loop {
        let grant = Grant::from_token(holder, Permission::Write, life);
        match keys.issue(grant, &mut UnwrapErr(SysRng)).await {
            Ok(key) => {
                let secret = key.secret.expose().to_owned();
                return TestKey { id: key.info.access_key_id.to_string(), secret };
            }
            Err(error) => assert!(since.elapsed() < Duration::from_mins(1), "{error}"),
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

/// How long each took to find, in microseconds.
async fn find_all(keys: &Keys, wanted: &[&TestKey]) -> Histogram<u64> {
    let mut times = Histogram::new(3).unwrap();
    for key in wanted {
        let id = AccessKeyId::parse(&key.id).unwrap();
        let since = Instant::now();
        let found = keys.find(&id).await.unwrap();
        times.record(u64::try_from(since.elapsed().as_micros()).unwrap()).unwrap();
        assert!(matches!(found, Lookup::Known(_)), "{} was issued", key.id);
    }
    times
}
