//! The CORS document of a bucket, as its backend keeps it: asked for with our own credential.

use std::time::Duration;

use bytes::Bytes;
use http::{Method, StatusCode};

use super::{Backend, BackendError};
use crate::s3::BucketName;
use crate::s3::cors::CorsRules;
use crate::s3::xml;

impl Backend {
    /// The CORS document of `bucket`; `None` if it has none, if there is no such bucket, if it is somebody
    /// else's, or if this backend knows nothing of CORS.
    ///
    /// <https://docs.aws.amazon.com/AmazonS3/latest/API/API_GetBucketCors.html>
    ///
    /// # Errors
    /// [`BackendError`] if the backend does not say, or at too great length.
    pub async fn cors_document(&self, bucket: &BucketName) -> Result<Option<Bytes>, BackendError> {
        self.in_time(self.response_timeout.min(LONGEST_WAIT), async {
            let query = [("cors".to_owned(), None)];
            let answer = self.ask(Method::GET, Some(bucket), &query).await?;
            let status = answer.status();
            let document = self.read(answer, CorsRules::LONGEST_DOCUMENT, "the CORS document").await?;
            let code = || xml::parse_error_document(&document).map(|error| error.code);
            match status {
                StatusCode::OK => Ok(Some(document)),
                // Of a bucket in another region.
                status if status.is_redirection() => Ok(None),
                StatusCode::NOT_FOUND | StatusCode::METHOD_NOT_ALLOWED | StatusCode::NOT_IMPLEMENTED => Ok(None),
                StatusCode::FORBIDDEN if code().is_some_and(|code| code == "AccessDenied") => {
                    let (backend, bucket) = (self.name(), bucket.as_str());
                    tracing::warn!(
                        backend,
                        bucket,
                        "the backend does not let us read the CORS rules: it has none for us"
                    );
                    Ok(None)
                }
                status => Err(self.refused(status, code())),
            }
        })
        .await
    }
}

/// A browser waits for it before it sends anything.
const LONGEST_WAIT: Duration = Duration::from_secs(10);
