//! A whole verification with a cached signing key: read the Authorization header, judge the time,
//! canonicalise, hash, MAC, compare. And the same with a decoy, as for an unknown key.

mod support;

use criterion::{Criterion, criterion_group, criterion_main};
use portcullis::s3::RequestHead;
use portcullis::sigv4::{AcceptedRegion, Forgiveness, SigningKey, UnverifiedSignature};
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

/// The most that one request can cost: six signatures, none of which matches.
fn worst_case(criterion: &mut Criterion) {
    let key = support::key();
    let region = AcceptedRegion::Only(support::REGION.to_owned());
    let hosts = ["one.example.net", "two.example.net"].map(|name| (name.to_owned(), None));
    let forgiveness = Forgiveness::new(&hosts, &[], 443);
    for (name, mut head) in [("GET, 3 signed headers", support::get()), ("PUT, 8 signed headers", support::put())] {
        "inner.example.net:8333".clone_into(&mut head.host);
        for (kind, known) in [("wrong signature", true), ("unknown key", false)] {
            criterion.bench_function(&format!("verify {name}, {kind}, six readings"), |bencher| {
                bencher.iter(|| {
                    let unverified = UnverifiedSignature::read(black_box(&head), &region).expect("well-formed");
                    let verified = unverified.verify_forgiving(&head, &key, known, Some(&forgiveness));
                    assert!(black_box(verified).is_err());
                });
            });
        }
    }
}

criterion_group!(benches, verification, worst_case);
criterion_main!(benches);
