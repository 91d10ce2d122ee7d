//! What a refused request costs in time, over a socket, per byte sent: the same requests whose memory the
//! tests bound.
#![expect(clippy::unwrap_used, reason = "a bench that cannot go on says where")]

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use support::app::TestApp;

#[path = "../tests/support/mod.rs"]
#[expect(dead_code, unused_imports, reason = "shared with the tests, which use all of it")]
mod support;

#[path = "../tests/refusal_cost/hostile.rs"]
mod hostile;

fn refusal(criterion: &mut Criterion) {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
    let app = runtime.block_on(TestApp::start());
    let mut group = criterion.benchmark_group("refusal");
    for case in hostile::cases(&app) {
        group.throughput(Throughput::Bytes(case.bytes.len() as u64));
        group.bench_function(case.name, |bencher| bencher.iter(|| runtime.block_on(case.send(app.address))));
    }
    group.finish();
}

criterion_group!(benches, refusal);
criterion_main!(benches);
