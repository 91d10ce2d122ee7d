//! `ListBuckets`: one list of the buckets of all backends, with those in it that the sender may know of.

use http::StatusCode;

use super::{Answer, Own};
use crate::backend::BackendError;
use crate::proxy::Proxy;
use crate::proxy::error::Refusal;
use crate::s3::list_buckets::{BucketEntry, ListBucketsQuery, list_buckets_answer};
use crate::s3::{ErrorCode, S3Error};

impl Proxy {
    /// <https://docs.aws.amazon.com/AmazonS3/latest/API/API_ListBuckets.html>
    pub(super) async fn list_buckets(&self, own: &Own) -> Result<Answer, Refusal> {
        let query = ListBucketsQuery::parse(own.query.parameters())?;
        let listed = self.backends.list_buckets().await.map_err(not_listed)?;
        let claim = own.sender.claim(own.permission);
        // Clients know one region, ours.
        let in_region = query.region.as_ref().is_none_or(|region| *region == self.region);
        let prefix = query.prefix.as_deref().unwrap_or_default();
        let mut shown = listed
            .into_iter()
            .filter(|bucket| in_region && bucket.name.as_str().starts_with(prefix))
            .filter(|bucket| query.after.as_ref().is_none_or(|after| bucket.name > *after))
            .filter(|bucket| {
                own.in_force.may_show(&claim, bucket.name.as_str()) || crate::fault::check_is_off("list_filter")
            })
            .map(|bucket| BucketEntry { name: bucket.name, created_at: bucket.created_at });
        let page: Vec<BucketEntry> = shown.by_ref().take(query.max_buckets.unwrap_or(usize::MAX)).collect();
        let more = shown.next().is_some();
        let owner = self.authority.organization().as_str();
        Ok(Answer::xml(list_buckets_answer(owner, &self.region, query.prefix.as_deref(), &page, more)))
    }
}

/// One backend that does not answer makes the whole list wait: a shorter one would look like the truth.
fn not_listed(error: BackendError) -> Refusal {
    let later = match &error {
        BackendError::Connect(_) | BackendError::Exchange(_) | BackendError::TimedOut { .. } => true,
        BackendError::Refused { status, .. } => status.is_server_error() || *status == StatusCode::TOO_MANY_REQUESTS,
        BackendError::Build(_) | BackendError::Certificates { .. } => false,
    };
    if !later {
        return error.into();
    }
    tracing::warn!(%error, "a backend does not list its buckets, so no list is given");
    let shown = S3Error::new(
        ErrorCode::ServiceUnavailable,
        "Not every storage behind this server lists its buckets now. Please retry.",
    );
    Refusal::because(shown, error.to_string())
}
