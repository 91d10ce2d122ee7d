//! What is asked of backends on our own account: which buckets there are, and whether there is one of a
//! name. A list is whole or an error.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use futures_util::future::try_join_all;
use http::{HeaderMap, Method, Response, StatusCode};
use http_body::Body as _;
use http_body_util::BodyExt as _;
use jiff::Timestamp;

use super::{AnswerBody, Backend, BackendError, Backends, Target, UpstreamBody};
use crate::s3::list_buckets::BucketPage;
use crate::s3::{BucketName, xml};
use crate::sigv4::UpstreamPayload;

/// A bucket that a backend has.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct ListedBucket {
    /// Its name.
    pub name: BucketName,
    /// When it was made, where the backend tells it.
    pub created_at: Option<Timestamp>,
    /// The name of the backend that has it.
    pub backend: String,
    /// The region of that backend. Clients know one region, which is not this one.
    pub region: String,
}

impl Backends {
    /// Every bucket that a request could reach, in byte order of the names: of each backend those that
    /// requests for them are routed to.
    ///
    /// # Errors
    /// [`BackendError`] if one backend does not give its whole list within the time that it has for an
    /// answer. There is no shorter list then.
    pub async fn list_buckets(&self) -> Result<Vec<ListedBucket>, BackendError> {
        let lists = try_join_all(self.0.iter().map(|backend| backend.list_buckets())).await?;
        let mut all: Vec<ListedBucket> = Vec::new();
        for (backend, list) in self.0.iter().zip(lists) {
            let reached =
                |name: &BucketName| self.holding(name.as_str()).is_some_and(|holding| Arc::ptr_eq(holding, backend));
            all.extend(list.into_iter().filter(|(name, _)| reached(name)).map(|(name, created_at)| ListedBucket {
                name,
                created_at,
                backend: backend.name.clone(),
                region: backend.region.clone(),
            }));
        }
        all.sort_unstable_by(|one, other| one.name.cmp(&other.name));
        Ok(all)
    }

    /// Whether the backend that requests for `bucket` go to has it. False if there is no such backend.
    ///
    /// # Errors
    /// [`BackendError`] if the backend does not say.
    pub async fn bucket_exists(&self, bucket: &BucketName) -> Result<bool, BackendError> {
        match self.holding(bucket.as_str()) {
            Some(backend) => backend.bucket_exists(bucket).await,
            None => Ok(false),
        }
    }
}

impl Backend {
    /// Whether this backend has `bucket`.
    ///
    /// # Errors
    /// [`BackendError`] if it does not say.
    pub async fn bucket_exists(&self, bucket: &BucketName) -> Result<bool, BackendError> {
        let answer = self.in_time(self.response_timeout, self.ask(Method::HEAD, Some(bucket), &[])).await?;
        match answer.status() {
            status if status.is_success() => Ok(true),
            StatusCode::NOT_FOUND => Ok(false),
            status => Err(self.refused(status, None)),
        }
    }

    /// Every bucket that the backend has, of whatever name.
    pub(super) async fn list_buckets(&self) -> Result<BTreeMap<BucketName, Option<Timestamp>>, BackendError> {
        self.in_time(self.response_timeout, self.all_pages()).await
    }

    /// Backends that give everything at once pass over both parameters, and give no token.
    async fn all_pages(&self) -> Result<BTreeMap<BucketName, Option<Timestamp>>, BackendError> {
        let mut buckets = BTreeMap::new();
        let mut bytes = 0;
        let mut token: Option<String> = None;
        for _ in 0..MOST_PAGES {
            let mut query = vec![("max-buckets".to_owned(), Some("10000".to_owned()))];
            query.extend(token.take().map(|token| ("continuation-token".to_owned(), Some(token))));
            let answer = self.ask(Method::GET, None, &query).await?;
            let status = answer.status();
            let document = self.read(answer, BucketPage::LIMIT, "the list of buckets").await?;
            if status != StatusCode::OK {
                return Err(self.refused(status, xml::parse_error_document(&document).map(|error| error.code)));
            }
            let page = BucketPage::parse(&document).map_err(|error| self.unusable(&error.to_string()))?;
            buckets.extend(page.buckets);
            bytes += document.len();
            match page.next {
                None => return Ok(buckets),
                Some(_) if bytes > MOST_BYTES => break,
                Some(next) => token = Some(next),
            }
        }
        Err(self.unusable("the list of buckets has no end"))
    }

    pub(super) async fn ask(
        &self,
        method: Method,
        bucket: Option<&BucketName>,
        query: &[(String, Option<String>)],
    ) -> Result<Response<AnswerBody>, BackendError> {
        let headers = HeaderMap::new();
        let target = Target { method, bucket, key: None, query, headers, payload: UpstreamPayload::Empty };
        self.send(target, UpstreamBody::Empty).await
    }

    /// Reads a document, called `what`, of at most `limit` bytes.
    pub(super) async fn read(
        &self,
        answer: Response<AnswerBody>,
        limit: usize,
        what: &str,
    ) -> Result<Bytes, BackendError> {
        let mut body = answer.into_body();
        let too_long = || self.unusable(&format!("{what} is too long"));
        if body.size_hint().lower() > limit as u64 {
            return Err(too_long());
        }
        let mut read = BytesMut::new();
        while let Some(frame) = body.frame().await {
            let Ok(data) = frame.map_err(|error| BackendError::exchange(&error))?.into_data() else { continue };
            if read.len() + data.len() > limit {
                return Err(too_long());
            }
            read.extend_from_slice(&data);
        }
        Ok(read.freeze())
    }

    pub(super) async fn in_time<T>(
        &self,
        limit: Duration,
        asking: impl Future<Output = Result<T, BackendError>>,
    ) -> Result<T, BackendError> {
        let late = || BackendError::TimedOut { backend: self.name.clone(), limit };
        tokio::time::timeout(limit, asking).await.unwrap_or_else(|_| Err(late()))
    }

    pub(super) fn refused(&self, status: StatusCode, code: Option<String>) -> BackendError {
        let code = code.unwrap_or_default();
        BackendError::Refused { backend: self.name.clone(), status, code }
    }

    fn unusable(&self, reason: &str) -> BackendError {
        BackendError::Exchange(format!("{}: {reason}", self.name))
    }
}

const MOST_PAGES: usize = 1_000;
const MOST_BYTES: usize = 64 << 20;
