//! How much an identity may do at most.

use std::fmt;

use serde::{Deserialize, Serialize};

/// The most that a key, a token or an identity prefix may do. Ordered from nothing to everything, so
/// the narrower of two is their minimum. The default is nothing.
#[derive(Clone, Copy, Debug, Default, Eq, Hash, Ord, PartialEq, PartialOrd, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Permission {
    /// Nothing at all.
    #[default]
    None,
    /// List and Read actions.
    Read,
    /// Read, and Write and Tagging actions on objects and uploads.
    Write,
    /// Everything, bucket configuration and permissions management included.
    Admin,
}

impl Permission {
    /// The word used in configuration, on the command line and in messages.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::None => "none",
            Self::Read => "read",
            Self::Write => "write",
            Self::Admin => "admin",
        }
    }
}

impl fmt::Display for Permission {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.as_str())
    }
}
