//! `PutBucketPolicy`, `GetBucketPolicy`, `DeleteBucketPolicy` and `GetBucketPolicyStatus`.

use http::StatusCode;

use super::{Answer, Own, has_to_exist};
use crate::authority::{AuthorityError, InForce};
use crate::backend::Backend;
use crate::policy::{BucketPolicy, PolicyError, Resource};
use crate::proxy::Proxy;
use crate::proxy::error::Refusal;
use crate::proxy::sender::Sender;
use crate::s3::public_access_block::policy_status_answer;
use crate::s3::{BucketName, ErrorCode, S3Error};

impl Proxy {
    /// <https://docs.aws.amazon.com/AmazonS3/latest/API/API_PutBucketPolicy.html>
    pub(super) async fn put_bucket_policy(
        &self,
        own: &Own,
        bucket: &BucketName,
        backend: &Backend,
    ) -> Result<Answer, Refusal> {
        let policy = BucketPolicy::parse(&own.document, bucket.as_str(), self.authority.organization())
            .map_err(|error| malformed(&error, &own.sender))?;
        has_to_exist(bucket, backend).await?;
        match self.authority.set_bucket_policy(bucket, Some(policy)).await {
            Ok(()) => Ok(Answer::empty(StatusCode::NO_CONTENT)),
            Err(error @ AuthorityError::PublicPolicyBlocked(_)) => Err(blocked(&error, bucket, &own.sender)),
            Err(error) => Err(error.into()),
        }
    }

    /// <https://docs.aws.amazon.com/AmazonS3/latest/API/API_GetBucketPolicy.html>
    pub(super) async fn bucket_policy(
        &self,
        in_force: &InForce,
        bucket: &BucketName,
        backend: &Backend,
    ) -> Result<Answer, Refusal> {
        has_to_exist(bucket, backend).await?;
        of_bucket(in_force, bucket, |policy| Answer::json(policy.text().to_owned()))
    }

    /// <https://docs.aws.amazon.com/AmazonS3/latest/API/API_DeleteBucketPolicy.html>
    pub(super) async fn delete_bucket_policy(&self, bucket: &BucketName, backend: &Backend) -> Result<Answer, Refusal> {
        has_to_exist(bucket, backend).await?;
        self.authority.set_bucket_policy(bucket, None).await?;
        Ok(Answer::empty(StatusCode::NO_CONTENT))
    }

    /// <https://docs.aws.amazon.com/AmazonS3/latest/API/API_GetBucketPolicyStatus.html>
    pub(super) async fn bucket_policy_status(
        &self,
        in_force: &InForce,
        bucket: &BucketName,
        backend: &Backend,
    ) -> Result<Answer, Refusal> {
        has_to_exist(bucket, backend).await?;
        of_bucket(in_force, bucket, |policy| Answer::xml(policy_status_answer(policy.is_public())))
    }
}

/// The answer that `tell` gives of the bucket's policy, if it has one.
fn of_bucket(
    in_force: &InForce,
    bucket: &BucketName,
    tell: impl FnOnce(&BucketPolicy) -> Answer,
) -> Result<Answer, Refusal> {
    match in_force.bucket(bucket.as_str()).and_then(|rules| rules.policy.as_ref()) {
        Some(Ok(policy)) => Ok(tell(policy)),
        Some(Err(error)) => Err(Refusal::because(
            S3Error::new(
                ErrorCode::InternalError,
                "The stored policy of this bucket cannot be understood, so it denies everything. Put a new one.",
            ),
            error.to_string(),
        )),
        None => Err(S3Error::new(ErrorCode::NoSuchBucketPolicy, "The bucket policy does not exist")
            .with("BucketName", bucket.as_str())
            .into()),
    }
}

/// Whoever signed with a header is told what is wrong; whoever merely holds a URL, that something is.
fn malformed(error: &PolicyError, sender: &Sender) -> Refusal {
    let shown =
        if sender.is_told_why() { error.to_string() } else { "The policy is not in the valid form.".to_owned() };
    Refusal::because(S3Error::new(ErrorCode::MalformedPolicy, shown), error.to_string())
}

fn blocked(error: &AuthorityError, bucket: &BucketName, sender: &Sender) -> Refusal {
    let shown = match sender.arn().filter(|_| sender.is_told_why()) {
        Some(arn) => format!(
            "User: {arn} is not authorized to perform: s3:PutBucketPolicy on resource: \"{}\" because public policies \
             are blocked by the BlockPublicPolicy block public access setting.",
            Resource::Bucket(bucket.as_str())
        ),
        None => "Access Denied".to_owned(),
    };
    Refusal::because(S3Error::new(ErrorCode::AccessDenied, shown), error.to_string())
}
