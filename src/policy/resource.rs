//! What is asked for.

use std::fmt;

/// What an action is asked for on. Names are the ones that are sent on, byte for byte.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Resource<'a> {
    /// Nothing in particular: the account, the control plane. Only `*` covers it.
    Any,
    /// A bucket.
    Bucket(&'a str),
    /// An object, or an upload to its key.
    Object {
        /// Its bucket.
        bucket: &'a str,
        /// Its key.
        key: &'a str,
    },
}

impl<'a> Resource<'a> {
    /// The bucket, if one is named.
    #[must_use]
    pub fn bucket(self) -> Option<&'a str> {
        match self {
            Self::Any => None,
            Self::Bucket(bucket) | Self::Object { bucket, .. } => Some(bucket),
        }
    }
}

/// The ARN, as AWS's messages name it.
impl fmt::Display for Resource<'_> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Any => formatter.write_str("arn:aws:s3:::*"),
            Self::Bucket(bucket) => write!(formatter, "arn:aws:s3:::{bucket}"),
            Self::Object { bucket, key } => write!(formatter, "arn:aws:s3:::{bucket}/{key}"),
        }
    }
}
