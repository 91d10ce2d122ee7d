//! Records that end many keys at once.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::identity::Principal;

/// Says that no key of its scope counts that was issued before a moment: `cutoff/<scope>`.
#[derive(Clone, Debug, Eq, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CutoffRecord {
    /// Which keys.
    pub scope: CutoffScope,
    /// The moment, a whole second. It only ever moves forward.
    pub issued_before: Timestamp,
    /// When that was decided, last.
    pub at: Timestamp,
    /// Whether the secrets of those keys have been destroyed as well.
    pub swept: bool,
}

/// Which keys a cut-off is about.
#[derive(Clone, Debug, Eq, Hash, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case", deny_unknown_fields)]
pub enum CutoffScope {
    /// All keys of the organization.
    Everything {},
    /// The keys of one principal.
    Principal {
        /// Whose.
        principal: Principal,
    },
    /// The keys that one federation configuration made.
    Federation {
        /// Its id.
        configuration: String,
    },
}
