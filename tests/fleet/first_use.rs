//! What is issued on one node works on the others at once.

use std::time::{Duration, Instant};

use futures_util::future::join_all;

use crate::nodes::{Fleet, Node, future_key, signed};
use crate::support::sign::TestKey;
use crate::support::wire::Connection;

/// Every node has just remembered that there is no such key when it is created.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn j10_a_key_works_everywhere_from_the_moment_it_is_issued_even_if_its_id_was_probed_everywhere() {
    let fleet = Fleet::start(3, 3).await;
    let trials = if std::env::var_os("PORTCULLIS_LONG_TESTS").is_some() { 10_000 } else { 100 };
    let mut connections = join_all(fleet.nodes.iter().map(Node::connect)).await;
    let mut still_remembered = 0;
    let mut refused = Vec::new();
    for trial in 0..trials {
        let key = future_key();
        let probed = Instant::now();
        for (status, number) in answers(&mut connections, &key).await {
            assert_eq!(status, 403, "trial {trial}: nobody issued it, says node {number}");
        }
        let issuer = trial % fleet.nodes.len();
        fleet.nodes[issuer].import(&key).await;
        still_remembered += usize::from(probed.elapsed() < Duration::from_secs(1));
        // The others first, and at once.
        let since = Instant::now();
        for (status, number) in answers(&mut connections, &key).await {
            if status != 200 {
                refused.push(format!(
                    "trial {trial}, issued on {issuer}, {status} of {number} after {:?}",
                    since.elapsed()
                ));
            }
        }
    }
    assert!(refused.is_empty(), "{} of {trials}: {refused:#?}", refused.len());
    assert!(still_remembered * 10 > trials * 9, "{still_remembered} of {trials} probes were remembered");
}

/// What each node answers, all asked at once.
async fn answers(connections: &mut [Connection], key: &TestKey) -> Vec<(u16, usize)> {
    let request = signed(key);
    let request = &request;
    let ask =
        async |(number, connection): (usize, &mut Connection)| (connection.exchange(request).await.status, number);
    join_all(connections.iter_mut().enumerate().map(ask)).await
}
