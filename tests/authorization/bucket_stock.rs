//! A backend that knows which buckets it has: makes, deletes, finds and lists them as S3 does, whole or in
//! pages.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex};

use crate::support::app::{TestApp, now};
use crate::support::recording_backend::{Answer, RecordedRequest, RecordingBackend};
use crate::support::request::Request;
use crate::support::setup::Setup;
use crate::support::sign::TestKey;
use crate::support::wire::Response;

/// The buckets of a backend.
#[derive(Clone)]
pub(crate) struct BucketStock {
    names: Arc<Mutex<BTreeSet<String>>>,
    /// The most names on a page; one page for all where it is `None`.
    page: Option<usize>,
}

impl BucketStock {
    pub(crate) fn of(names: &[&str]) -> Self {
        let names = names.iter().map(|name| (*name).to_owned()).collect();
        Self { names: Arc::new(Mutex::new(names)), page: None }
    }

    /// The same, listed in pages of `page`.
    pub(crate) fn in_pages_of(self, page: usize) -> Self {
        Self { page: Some(page), ..self }
    }

    /// Lets `backend` answer so.
    pub(crate) fn serve(&self, backend: &RecordingBackend) {
        let stock = self.clone();
        backend.answer_with(move |request| stock.answer(request));
    }

    /// Removes a bucket behind Portcullis's back.
    pub(crate) fn remove(&self, name: &str) {
        assert!(self.names.lock().unwrap().remove(name), "there was one");
    }

    pub(crate) fn has(&self, name: &str) -> bool {
        self.names.lock().unwrap().contains(name)
    }

    fn answer(&self, request: &RecordedRequest) -> Answer {
        let (path, query) = request.target.split_once('?').unwrap_or((&request.target, ""));
        let mut names = self.names.lock().unwrap();
        let Some(bucket) = path.strip_prefix('/').filter(|name| !name.is_empty() && !name.contains('/')) else {
            return if path == "/" { self.list(&names, query) } else { Answer::of(200, &[], "stored bytes") };
        };
        match (request.method.as_str(), names.contains(bucket)) {
            ("PUT", _) if query.is_empty() => {
                names.insert(bucket.to_owned());
                Answer::of(200, &[], "")
            }
            ("HEAD", false) => Answer::of(404, &[], ""),
            (_, false) => Answer::error(404, "NoSuchBucket", "The specified bucket does not exist"),
            ("DELETE", true) if query.is_empty() => {
                names.remove(bucket);
                Answer::of(204, &[], "")
            }
            (_, true) => Answer::of(200, &[], ""),
        }
    }

    fn list(&self, names: &BTreeSet<String>, query: &str) -> Answer {
        let token = query.split('&').find_map(|pair| pair.strip_prefix("continuation-token=")).map(str::to_owned);
        let after = token.filter(|_| self.page.is_some()).unwrap_or_default();
        let mut rest = names.iter().filter(|name| **name > after);
        let page: Vec<&String> = rest.by_ref().take(self.page.unwrap_or(usize::MAX)).collect();
        let entry = |name: &&String| {
            format!("<Bucket><Name>{name}</Name><CreationDate>2026-01-02T03:04:05.000Z</CreationDate></Bucket>")
        };
        let more = match page.last().filter(|_| rest.next().is_some()) {
            Some(last) => format!("<ContinuationToken>{last}</ContinuationToken>"),
            None => String::new(),
        };
        let entries: String = page.iter().map(entry).collect();
        let owner = "<Owner><ID>backend-owner</ID><DisplayName>backend-owner</DisplayName></Owner>";
        let root = "ListAllMyBucketsResult xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\"";
        let list = format!("<{root}>{owner}<Buckets>{entries}</Buckets>{more}</ListAllMyBucketsResult>");
        Answer::of(200, &[("content-type", "application/xml")], list)
    }
}

/// An app whose backend has the buckets of `stock`.
pub(crate) async fn app_with(stock: &BucketStock, change: impl FnOnce(&mut Setup)) -> TestApp {
    let app = TestApp::with(change).await;
    stock.serve(&app.backend);
    app
}

/// Sends a request, signed by `key`.
pub(crate) async fn send(app: &TestApp, key: &TestKey, request: Request) -> Response {
    app.send(&request.sign(key, now())).await
}

/// Sends a request that has to be answered with this status and error code.
pub(crate) async fn refused(app: &TestApp, key: &TestKey, request: Request, status: u16, code: &str) -> Response {
    let request = request.sign(key, now());
    let response = app.send(&request).await;
    app.is_refusal(&request, &response, status, code);
    response
}

/// Puts a policy, which has to be taken.
pub(crate) async fn put_policy(app: &TestApp, bucket: &str, document: &str) {
    let response = send(app, &app.admin, Request::put(&format!("/{bucket}?policy")).body(document)).await;
    assert_eq!(response.status, 204, "{document}: {response:?}");
}

/// A bucket policy of these statements.
pub(crate) fn policy(statements: &str) -> String {
    format!(r#"{{"Version": "2012-10-17", "Statement": [{statements}]}}"#)
}

/// A statement about everybody, these actions, and the bucket with all of its objects.
pub(crate) fn statement(effect: &str, actions: &str, bucket: &str) -> String {
    format!(
        r#"{{"Effect": "{effect}", "Principal": "*", "Action": [{actions}],
             "Resource": ["arn:aws:s3:::{bucket}", "arn:aws:s3:::{bucket}/*"]}}"#
    )
}

/// What the backend was asked, as methods and targets.
pub(crate) fn asked(app: &TestApp) -> Vec<String> {
    app.backend.requests().iter().map(|request| format!("{} {}", request.method, request.target)).collect()
}
