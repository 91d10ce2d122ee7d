//! `PutPublicAccessBlock`, `GetPublicAccessBlock` and `DeletePublicAccessBlock`.

use http::StatusCode;

use super::{Answer, Own, has_to_exist};
use crate::authority::InForce;
use crate::backend::Backend;
use crate::proxy::Proxy;
use crate::proxy::error::Refusal;
use crate::s3::{BucketName, ErrorCode, PublicAccessBlock, S3Error};

impl Proxy {
    /// <https://docs.aws.amazon.com/AmazonS3/latest/API/API_PutPublicAccessBlock.html>
    pub(super) async fn put_public_access_block(
        &self,
        own: &Own,
        bucket: &BucketName,
        backend: &Backend,
    ) -> Result<Answer, Refusal> {
        let block = PublicAccessBlock::parse(&own.document)?;
        has_to_exist(bucket, backend).await?;
        self.authority.set_public_access_block(bucket, Some(block)).await?;
        Ok(Answer::empty(StatusCode::OK))
    }

    /// <https://docs.aws.amazon.com/AmazonS3/latest/API/API_GetPublicAccessBlock.html>
    pub(super) async fn public_access_block(
        &self,
        in_force: &InForce,
        bucket: &BucketName,
        backend: &Backend,
    ) -> Result<Answer, Refusal> {
        has_to_exist(bucket, backend).await?;
        match in_force.bucket(bucket.as_str()).and_then(|rules| rules.public_access_block) {
            Some(block) => Ok(Answer::xml(block.to_xml())),
            None => Err(S3Error::new(
                ErrorCode::NoSuchPublicAccessBlockConfiguration,
                "The public access block configuration was not found",
            )
            .with("BucketName", bucket.as_str())
            .into()),
        }
    }

    /// <https://docs.aws.amazon.com/AmazonS3/latest/API/API_DeletePublicAccessBlock.html>
    pub(super) async fn delete_public_access_block(
        &self,
        bucket: &BucketName,
        backend: &Backend,
    ) -> Result<Answer, Refusal> {
        has_to_exist(bucket, backend).await?;
        self.authority.set_public_access_block(bucket, None).await?;
        Ok(Answer::empty(StatusCode::NO_CONTENT))
    }
}
