//! Well-formed requests that have to be refused, before anything reaches the backend.

use std::net::IpAddr;
use std::time::Duration;

use jiff::ToSpan;
use portcullis::clock::{Clock as _, SystemClock};
use rand::RngExt;
use rand::rngs::StdRng;

use crate::Scene;
use crate::support::request::Request;
use crate::support::sign::TestKey;
use crate::tally::Outcome;

pub(crate) async fn request(scene: &Scene, source: IpAddr, rng: &mut StdRng) -> Outcome {
    let (write, read, now) = (&scene.program.write, &scene.program.read, SystemClock.now());
    let any = match rng.random_range(0..4) {
        0 => Request::get("/refused/key"),
        1 => Request::head("/refused/key"),
        2 => Request::put("/refused/key").body(vec![b'x'; rng.random_range(0..40_000)]),
        _ => Request::get("/refused?list-type=2&prefix=a"),
    };
    let minutes_ago = |minutes: i64| now - minutes.minutes();
    let (what, request) = match rng.random_range(0..9) {
        0 => ("an unknown key", any.sign(&TestKey::nobodys(), now)),
        1 => ("a wrong secret", any.sign(&write.with_wrong_secret(), now)),
        2 => ("an old date", any.sign(write, minutes_ago(20))),
        3 => ("an expired presigned URL", any.presign(write, minutes_ago(10), Duration::from_mins(5))),
        4 => {
            ("a URL that was made longer", any.presign(write, now, Duration::from_mins(5)).append_query("versionId=1"))
        }
        5 => ("a write by a reader", Request::put("/refused/key").body("body").sign(read, now)),
        6 => ("a bucket that is denied", Request::get("/denied/key").sign(write, now)),
        7 => ("another region", any.sign_for_region(write, now, "mars-1")),
        _ => ("nobody", any),
    };
    let Some(mut connection) = scene.program.http1(source).await else {
        // Who is shed is refused, too.
        return Outcome::right("shed");
    };
    match connection.try_exchange(&request.bytes(), &request.method).await {
        Ok(response) if (400..500).contains(&response.status) || response.status == 503 => Outcome::right(what),
        Ok(response) => Outcome::wrong(what, format!("{response:?}")),
        Err(_) => Outcome::right("closed"),
    }
}
