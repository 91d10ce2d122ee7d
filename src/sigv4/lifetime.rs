//! When a signature is good: each form has its own life.

use jiff::{SignedDuration, Timestamp};

use super::verify::{Form, UnverifiedSignature};
use crate::s3::{ErrorCode, S3Error};

/// How long ago the policy of a form may have been signed, however long it is good for.
const OLDEST_POLICY: SignedDuration = SignedDuration::from_hours(7 * 24);

/// How far the clocks of client and server may differ.
const SKEW: SignedDuration = SignedDuration::from_mins(15);

impl UnverifiedSignature {
    /// Judges the signing time against `now`: ±15 minutes for the header form; a presigned URL is good
    /// from 15 minutes before its signing time until its life is over, without grace; a form from then until
    /// its policy expires, and at most seven days.
    ///
    /// # Errors
    /// `RequestTimeTooSkewed` or `AccessDenied`.
    pub fn judge_time(&self, now: Timestamp) -> Result<(), S3Error> {
        let signed_at = self.time.timestamp();
        let age = now.duration_since(signed_at);
        match self.form {
            Form::Header => {
                if age.abs() > SKEW && !crate::fault::check_is_off("clock_skew") {
                    return Err(S3Error::new(
                        ErrorCode::RequestTimeTooSkewed,
                        "The difference between the request time and the current time is too large. \
                         Check the clock of the client.",
                    )
                    .with("RequestTime", signed_at.to_string())
                    .with("ServerTime", now.strftime("%Y-%m-%dT%H:%M:%SZ").to_string())
                    .with("MaxAllowedSkewMilliseconds", "900000"));
                }
            }
            Form::Post { expiration } => {
                let off = crate::fault::check_is_off("form_expiry");
                if age < -SKEW && !off {
                    return Err(S3Error::new(ErrorCode::AccessDenied, "The form is not valid yet: see x-amz-date."));
                }
                if (now >= expiration || age > OLDEST_POLICY) && !off {
                    let message = "Invalid according to Policy: Policy expired.";
                    return Err(S3Error::new(ErrorCode::AccessDenied, message));
                }
            }
            Form::Presigned { expires } => {
                if age < -SKEW && !crate::fault::check_is_off("presign_not_yet_valid") {
                    return Err(S3Error::new(ErrorCode::AccessDenied, "Request is not valid yet")
                        .with("ServerTime", now.strftime("%Y-%m-%dT%H:%M:%SZ").to_string()));
                }
                if age >= expires && !crate::fault::check_is_off("presign_expiry") {
                    let end = signed_at.saturating_add(expires).unwrap_or(Timestamp::MAX);
                    return Err(S3Error::new(ErrorCode::AccessDenied, "Request has expired")
                        .with("X-Amz-Expires", expires.as_secs().to_string())
                        .with("Expires", end.to_string())
                        .with("ServerTime", now.strftime("%Y-%m-%dT%H:%M:%SZ").to_string()));
                }
            }
        }
        Ok(())
    }
}
