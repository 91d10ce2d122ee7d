//! Finding a key that is in the cache, and its signing key of the day; and a key that follows a token.

use std::hint::black_box;
use std::num::NonZeroU32;
use std::sync::Arc;

use criterion::{Criterion, criterion_group, criterion_main};
use jiff::civil::date;
use portcullis::clock::SystemClock;
use portcullis::identity::{OrganizationId, Permission};
use portcullis::keys::{CacheSettings, Grant, KeyLife, Keys, Lookup, NewStaticKey, NewToken};
use portcullis::store::{SealKeys, open_embedded};
use rand::SeedableRng;
use rand::rngs::StdRng;
use zeroize::Zeroizing;

fn lookup(criterion: &mut Criterion) {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    let folder = tempfile::tempdir().expect("a folder");
    let mut random = StdRng::seed_from_u64(1);
    let (keys, id, of_token) = runtime.block_on(async {
        let store = open_embedded(&folder.path().join("store.redb")).expect("a store");
        let seal = SealKeys::new(&Zeroizing::new([1; 32]));
        let organization = OrganizationId::parse("ab1cd2").expect("an organization");
        let settings = CacheSettings::default();
        let keys =
            Keys::open(store, seal, Arc::new(SystemClock), organization, settings, &mut random).await.expect("keys");
        let new = NewStaticKey { permission: Permission::Read, ..NewStaticKey::default() };
        let (info, _) = keys.create_static(new, &mut random).await.expect("a key");
        let new = NewToken { name: "bench".into(), permission: Permission::Read, ..NewToken::default() };
        let (_, token) = keys.create_token(new, &mut random).await.expect("a token");
        let holder = keys.login(&token).await.expect("the store works").expect("the token is alive");
        let hours = KeyLife::Seconds(NonZeroU32::new(43_200).expect("it is not zero"));
        let grant = Grant::from_token(&holder, Permission::Admin, hours);
        let issued = keys.issue(grant, &mut random).await.expect("a key of the token");
        (keys, info.access_key_id, issued.info.access_key_id)
    });
    let day = date(2026, 11, 20);
    criterion.bench_function("find a cached key", |bencher| {
        bencher.iter(|| runtime.block_on(keys.find(black_box(&id))).is_ok());
    });
    criterion.bench_function("find a cached key of a token, and what it may do", |bencher| {
        bencher.iter(|| {
            let Ok(Lookup::Known(key)) = runtime.block_on(keys.find(black_box(&of_token))) else {
                panic!("it is there")
            };
            keys.permission_of(&key)
        });
    });
    let Ok(Lookup::Known(key)) = runtime.block_on(keys.find(&id)) else { panic!("the key is there") };
    criterion.bench_function("the signing key of the day", |bencher| {
        bencher.iter(|| black_box(key.signing_key(black_box(day), "us-east-1", "s3")));
    });
    runtime.block_on(keys.shutdown());
}

criterion_group!(benches, lookup);
criterion_main!(benches);
