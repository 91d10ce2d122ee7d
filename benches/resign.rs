//! Signing a request to a backend with a cached signing key.

mod support;

use criterion::{BatchSize, Criterion, criterion_group, criterion_main};
use http::HeaderMap;
use portcullis::sigv4::{SigningTime, UpstreamPayload, sign};
use std::hint::black_box;

fn resign(criterion: &mut Criterion) {
    let (key, scope, time) = (support::key(), support::scope(), SigningTime::at(support::now()));
    for (name, head, payload) in [
        ("GET", support::get(), UpstreamPayload::Empty),
        ("PUT, 8 signed headers", support::put(), UpstreamPayload::Sha256([7; 32])),
    ] {
        let mut headers = HeaderMap::new();
        for (name, value) in &head.headers {
            let own = ["authorization", "host", "user-agent", "x-amz-date", "x-amz-content-sha256"];
            if !own.contains(&name.as_str()) {
                headers.insert(name.clone(), value.clone());
            }
        }
        criterion.bench_function(&format!("resign {name}"), |bencher| {
            bencher.iter_batched_ref(
                || headers.clone(),
                |headers| {
                    let credential = (support::ID, &key);
                    sign(
                        &head.method,
                        support::HOST,
                        &head.raw_path,
                        [].into_iter(),
                        headers,
                        payload,
                        credential,
                        &scope,
                        time,
                    );
                    black_box(headers.len())
                },
                BatchSize::SmallInput,
            );
        });
    }
}

criterion_group!(benches, resign);
criterion_main!(benches);
