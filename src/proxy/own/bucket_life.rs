//! What is kept about a bucket lives and dies with it.
//!
//! Deleting: what is kept goes once the backend has said that the bucket is gone, and only then. If that
//! fails, or the program stops in between, it is left over: it can only refuse, never allow, since the
//! policy of a bucket narrows what organization policies allow. What has been replaced since the request came
//! is not forgotten: another node has made the bucket anew by then. (What another node keeps within the
//! moment that its news take to arrive can still be lost.)
//!
//! Making: what is left over goes before the backend is asked for the bucket, so that nobody meets the new
//! bucket under the policy of the old one; if it cannot go, there is no new bucket. But only if the backend
//! says that there is no such bucket: a second `CreateBucket` for a bucket that exists would otherwise
//! strip it of its policy, and the backend's answer to that request comes too late to know. Between that
//! look and the creation nobody on this node makes the bucket or gives it a policy: see
//! [`Turns`](super::Turns). A bucket that somebody makes at the backend itself in that time begins without
//! a policy, as it would anyway.

use std::sync::Arc;

use super::Turn;
use crate::authority::BucketRules;
use crate::backend::Backend;
use crate::proxy::Proxy;
use crate::proxy::authorize::Authorized;
use crate::proxy::error::Refusal;
use crate::proxy::forward::Answer;
use crate::proxy::outgoing::Described;
use crate::proxy::record::Record;
use crate::s3::BucketName;
use crate::s3::operation::Operation;

impl Proxy {
    /// Forwards a request; after a bucket is deleted, what is kept about it goes.
    pub(in crate::proxy) async fn forward_with_life(
        &self,
        authorized: Authorized,
        record: &mut Record,
    ) -> Result<Answer, Refusal> {
        match authorized.operation() {
            Operation::DeleteBucket => Box::pin(self.forward_deletion(authorized, record)).await,
            _ => self.forward(authorized, record).await,
        }
    }

    async fn forward_deletion(&self, authorized: Authorized, record: &mut Record) -> Result<Answer, Refusal> {
        let Some(bucket) = authorized.head().address.bucket().cloned() else {
            return self.forward(authorized, record).await;
        };
        let _turn = self.turns.take(&bucket).await;
        let before = self.authority.in_force()?.bucket(bucket.as_str()).cloned();
        let answer = self.forward(authorized, record).await?;
        let deleted = answer.response.as_ref().is_some_and(|response| response.status().is_success());
        if let Some(before) = before.filter(|_| deleted) {
            self.forget(&bucket, &before, record).await;
        }
        Ok(answer)
    }

    /// Before a bucket is made, what was kept about an earlier one goes. Its turn begins when the request is
    /// there to its last byte: who sends it slowly keeps nobody waiting.
    pub(in crate::proxy) async fn before_making(&self, described: Described<'_>) -> Result<Option<Turn>, Refusal> {
        let Described { head, classified, backend, .. } = described;
        let (Operation::CreateBucket, Some(bucket)) = (classified.operation, head.address.bucket()) else {
            return Ok(None);
        };
        let turn = self.turns.take(bucket).await;
        self.clear_leftovers(bucket, backend).await?;
        Ok(Some(turn))
    }

    /// The backend is asked only if there is something to clear.
    async fn clear_leftovers(&self, bucket: &BucketName, backend: &Backend) -> Result<(), Refusal> {
        if self.authority.in_force()?.bucket(bucket.as_str()).is_none() || backend.bucket_exists(bucket).await? {
            return Ok(());
        }
        Ok(self.authority.forget_bucket(bucket).await?)
    }

    /// The bucket is gone, whatever becomes of this.
    async fn forget(&self, bucket: &BucketName, before: &Arc<BucketRules>, record: &Record) {
        let forgotten = match self.authority.in_force() {
            Ok(now) if now.bucket(bucket.as_str()).is_some_and(|rules| Arc::ptr_eq(rules, before)) => {
                self.authority.forget_bucket(bucket).await
            }
            // It was replaced meanwhile, through another node: it is the next bucket's.
            Ok(_) => Ok(()),
            Err(error) => Err(error),
        };
        if let Err(error) = forgotten {
            tracing::error!(
                bucket = bucket.as_str(),
                request_id = record.request_id(),
                %error,
                "the bucket is deleted, and what was kept about it could not be: it goes when the bucket is made anew"
            );
        }
    }
}
