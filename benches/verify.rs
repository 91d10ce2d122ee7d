//! A whole verification with a cached signing key: read the Authorization header, judge the time,
//! canonicalise, hash, MAC, compare. And the same with a decoy, as for an unknown key.

mod support;

use criterion::{Criterion, criterion_group, criterion_main};
use portcullis::s3::RequestHead;
use portcullis::sigv4::{AcceptedRegion, SigningKey, UnverifiedSignature};
use std::hint::black_box;

fn verify(head: &RequestHead, key: &SigningKey, region: &AcceptedRegion, known: bool) -> bool {
    let unverified = UnverifiedSignature::read(head, region).expect("well-formed");
    unverified.judge_time(support::now()).expect("in time");
    unverified.verify(head, key, known).is_ok()
}

fn verification(criterion: &mut Criterion) {
    let key = support::key();
    let region = AcceptedRegion::Only(support::REGION.to_owned());
    for (name, head) in [("GET, 3 signed headers", support::get()), ("PUT, 8 signed headers", support::put())] {
        assert!(verify(&head, &key, &region, true));
        criterion.bench_function(&format!("verify {name}"), |bencher| {
            bencher.iter(|| black_box(verify(black_box(&head), &key, &region, true)));
        });
    }
    let head = support::get();
    criterion.bench_function("verify GET, unknown key", |bencher| {
        bencher.iter(|| black_box(verify(black_box(&head), &key, &region, false)));
    });
}

criterion_group!(benches, verification);
criterion_main!(benches);
