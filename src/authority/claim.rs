//! Who asks, and how much their key lets them do.

use crate::identity::{Permission, Principal};
use crate::policy::Asker;

/// Who asks, with the permission of the key or token they proved to hold.
#[derive(Clone, Copy, Debug)]
pub struct Claim<'a> {
    asker: Asker<'a>,
    permission: Permission,
}

impl<'a> Claim<'a> {
    /// The owner of a key or token, which may do at most `permission`.
    #[must_use]
    pub fn of_principal(principal: &'a Principal, permission: Permission) -> Self {
        Self { asker: Asker::Principal(principal), permission }
    }

    /// Nobody in particular: may read at most.
    #[must_use]
    pub fn anonymous() -> Self {
        Self { asker: Asker::Anonymous, permission: Permission::Read }
    }

    /// Who asks.
    #[must_use]
    pub fn asker(&self) -> Asker<'a> {
        self.asker
    }

    /// The most that their key or token may do.
    #[must_use]
    pub fn permission(&self) -> Permission {
        self.permission
    }
}
