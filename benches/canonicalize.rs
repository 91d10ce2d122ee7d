//! The canonical request alone, into a buffer that is reused.

mod support;

use criterion::{Criterion, criterion_group, criterion_main};
use portcullis::sigv4::{AcceptedRegion, UnverifiedSignature};
use std::hint::black_box;

fn canonicalize(criterion: &mut Criterion) {
    for (name, head) in [("GET, 3 signed headers", support::get()), ("PUT, 8 signed headers", support::put())] {
        let unverified = UnverifiedSignature::read(&head, &AcceptedRegion::Any).expect("well-formed");
        let mut out = Vec::new();
        criterion.bench_function(&format!("canonicalize {name}"), |bencher| {
            bencher.iter(|| {
                out.clear();
                unverified.write_canonical_request(black_box(&head), &mut out).expect("complete");
                black_box(out.len())
            });
        });
    }
}

criterion_group!(benches, canonicalize);
criterion_main!(benches);
