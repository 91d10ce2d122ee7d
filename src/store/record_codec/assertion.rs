//! Records of assertions that were used.

use serde::{Deserialize, Serialize};

/// Says that an assertion made a key, and can make no other: `assertion/<hash>`.
#[derive(Clone, Debug, Eq, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct UsedAssertionRecord {
    /// The key that it made.
    pub access_key_id: crate::identity::AccessKeyId,
}
