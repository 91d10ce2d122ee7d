//! The answer to a form whose file was stored: what the form asks for, in place of the answer to an upload.

use http::header::{CONTENT_LENGTH, CONTENT_TYPE, ETAG, LOCATION};
use http::{HeaderValue, Response};

use crate::proxy::response_body::ResponseBody;
use crate::s3::post_form::PostAnswer;
use crate::s3::{BucketName, ObjectKey};

/// What a form is answered with once its file is stored.
pub(in crate::proxy) struct FormAnswer {
    pub(super) wanted: PostAnswer,
    pub(super) bucket: BucketName,
    pub(super) key: ObjectKey,
}

impl FormAnswer {
    /// Makes it from `response`, the answer to the upload of the object at `object`.
    pub(in crate::proxy) fn in_place_of(
        &self,
        response: Response<ResponseBody>,
        object: &str,
    ) -> Response<ResponseBody> {
        let (mut parts, _) = response.into_parts();
        let etag = parts.headers.get(ETAG).and_then(|etag| etag.to_str().ok()).unwrap_or_default().to_owned();
        let (bucket, key) = (self.bucket.as_str(), self.key.as_str());
        parts.status = self.wanted.status();
        parts.headers.remove(CONTENT_LENGTH);
        parts.headers.remove(CONTENT_TYPE);
        if let Ok(location) = HeaderValue::try_from(self.wanted.location(object, bucket, key, &etag)) {
            parts.headers.insert(LOCATION, location);
        }
        let body = match self.wanted.document(object, bucket, key, &etag) {
            Some(document) => {
                parts.headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/xml"));
                ResponseBody::own(document)
            }
            None => ResponseBody::empty(),
        };
        Response::from_parts(parts, body)
    }
}
