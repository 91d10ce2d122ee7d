//! The credential scope and the signing time.
//!
//! <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-signing-elements.html>

use jiff::Timestamp;
use jiff::civil::{Date, DateTime};
use jiff::tz::Offset;

use crate::identity::{AccessKeyId, AccessKeyIdError};

/// `<access key id>/<date>/<region>/<service>/aws4_request`, taken apart.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Scope {
    /// The day the signing key is for.
    pub date: Date,
    /// The region the client signed for.
    pub region: String,
    /// The service the client signed for: the one that was asked for, or there is no scope.
    pub service: Service,
}

/// A service that signatures are made for. A signature for one is worthless at another.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Service {
    /// The data plane, and our requests to backends.
    S3,
    /// The security token service.
    Sts,
}

/// The region labels that a listener accepts in the scope.
#[derive(Clone, Debug)]
pub enum AcceptedRegion {
    /// Every label.
    Any,
    /// This one.
    Only(String),
}

/// What is wrong with a credential.
#[derive(Debug, thiserror::Error)]
pub(crate) enum CredentialError {
    #[error("the access key id holds characters other than A-Z, a-z, 0-9 and _")]
    AccessKeyAlphabet,
    #[error("the date '{0}' is not YYYYMMDD")]
    Date(String),
    #[error(transparent)]
    Length(#[from] AccessKeyIdError),
    #[error("it must have five parts: <access key id>/<YYYYMMDD>/<region>/{}/aws4_request", .0.as_str())]
    Parts(Service),
    #[error("the region is not a label of a-z, A-Z, 0-9 and -")]
    Region,
    #[error("the service '{found}' is wrong; expecting '{}'", .expected.as_str())]
    Service { found: String, expected: Service },
    #[error("the terminator '{0}' is wrong; expecting 'aws4_request'")]
    Terminator(String),
}

impl Scope {
    /// Reads the value of `Credential` or `X-Amz-Credential`, which has to be for `expected`.
    pub(crate) fn parse_credential(text: &str, expected: Service) -> Result<(AccessKeyId, Self), CredentialError> {
        let mut parts = text.split('/');
        let mut next = || parts.next().ok_or(CredentialError::Parts(expected));
        let [id, date, region, service, terminator] = [next()?, next()?, next()?, next()?, next()?];
        if parts.next().is_some() {
            return Err(CredentialError::Parts(expected));
        }
        let in_alphabet = id.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_');
        if !in_alphabet && !crate::fault::check_is_off("key_form") {
            return Err(CredentialError::AccessKeyAlphabet);
        }
        let date = parse_date(date).ok_or_else(|| CredentialError::Date(date.into()))?;
        let label = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-';
        if !(1..=63).contains(&region.len()) || !region.bytes().all(label) {
            return Err(CredentialError::Region);
        }
        if service != expected.as_str() {
            return Err(CredentialError::Service { found: service.into(), expected });
        }
        if terminator != "aws4_request" {
            return Err(CredentialError::Terminator(terminator.into()));
        }
        Ok((AccessKeyId::parse(id)?, Self { date, region: region.into(), service: expected }))
    }

    /// Appends `YYYYMMDD/region/service/aws4_request`.
    pub(crate) fn write(&self, out: &mut Vec<u8>) {
        write_date(out, self.date);
        out.push(b'/');
        out.extend_from_slice(self.region.as_bytes());
        out.push(b'/');
        out.extend_from_slice(self.service.as_str().as_bytes());
        out.extend_from_slice(b"/aws4_request");
    }
}

impl Service {
    /// The service as it stands in a scope.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::S3 => "s3",
            Self::Sts => "sts",
        }
    }
}

impl AcceptedRegion {
    /// Whether a client may sign for `region`.
    #[must_use]
    pub fn accepts(&self, region: &str) -> bool {
        match self {
            Self::Any => true,
            Self::Only(only) => only == region,
        }
    }
}

/// The instant a request was signed at, to the second, and the UTC calendar's words for it: both are
/// needed several times a request.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct SigningTime {
    timestamp: Timestamp,
    moment: DateTime,
}

impl SigningTime {
    /// The signing time of a request that is signed at `now`.
    #[must_use]
    pub fn at(now: Timestamp) -> Self {
        let timestamp = Timestamp::from_second(now.as_second()).unwrap_or(now);
        Self { timestamp, moment: Offset::UTC.to_datetime(timestamp) }
    }

    /// Reads `YYYYMMDD'T'HHMMSS'Z'`, the form of `x-amz-date`.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let (date, time) = text.strip_suffix('Z')?.split_once('T')?;
        let date = parse_date(date)?;
        let digits = digits::<6>(time)?;
        let pair = |index: usize| i8::try_from(digits[index] * 10 + digits[index + 1]).ok();
        // 60 would be a leap second, which no S3 client sends and jiff has no instant for.
        let time = jiff::civil::Time::new(pair(0)?, pair(2)?, pair(4)?, 0).ok()?;
        let moment = date.to_datetime(time);
        Offset::UTC.to_timestamp(moment).ok().map(|timestamp| Self { timestamp, moment })
    }

    /// Reads an HTTP date, the form of the `Date` header, for clients that send no `x-amz-date`.
    #[must_use]
    pub fn parse_http_date(text: &str) -> Option<Self> {
        let time = httpdate::parse_http_date(text).ok()?;
        Timestamp::try_from(time).ok().map(Self::at)
    }

    /// The instant.
    #[must_use]
    pub fn timestamp(self) -> Timestamp {
        self.timestamp
    }

    /// The UTC day, which the credential scope has to name.
    #[must_use]
    pub fn date(self) -> Date {
        self.moment.date()
    }

    /// Appends `YYYYMMDD'T'HHMMSS'Z'`.
    pub fn write(self, out: &mut Vec<u8>) {
        let moment = self.moment;
        write_date(out, moment.date());
        out.push(b'T');
        for part in [moment.hour(), moment.minute(), moment.second()] {
            write_pair(out, part.unsigned_abs());
        }
        out.push(b'Z');
    }
}

fn parse_date(text: &str) -> Option<Date> {
    let digits = digits::<8>(text)?;
    let year = digits[..4].iter().fold(0_i16, |year, &digit| year * 10 + i16::from(digit));
    let pair = |index: usize| i8::try_from(digits[index] * 10 + digits[index + 1]).ok();
    Date::new(year, pair(4)?, pair(6)?).ok()
}

fn digits<const N: usize>(text: &str) -> Option<[u8; N]> {
    let bytes: [u8; N] = text.as_bytes().try_into().ok()?;
    bytes.iter().all(u8::is_ascii_digit).then(|| bytes.map(|byte| byte - b'0'))
}

fn write_date(out: &mut Vec<u8>, date: Date) {
    let year = date.year().unsigned_abs();
    write_pair(out, u8::try_from(year / 100 % 100).unwrap_or_default());
    write_pair(out, u8::try_from(year % 100).unwrap_or_default());
    write_pair(out, date.month().unsigned_abs());
    write_pair(out, date.day().unsigned_abs());
}

fn write_pair(out: &mut Vec<u8>, number: u8) {
    out.extend_from_slice(&[b'0' + number / 10, b'0' + number % 10]);
}
