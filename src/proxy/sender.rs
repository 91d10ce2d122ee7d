//! Who sent a request: the holder of a key, or nobody in particular. Whoever judges, records or answers asks
//! here, so that a request without a key is never taken for one with a key.

use std::sync::Arc;

use jiff::Timestamp;

use crate::authority::Claim;
use crate::identity::{OrganizationId, Permission, Principal};
use crate::keys::LiveKey;
use crate::sigv4::Form;

/// Who sent a request. There is no default.
#[derive(Clone, Debug)]
pub(super) enum Sender {
    /// Who holds a living key, and signed with it.
    Key(Signer),
    /// Nobody proved who they are. What they ask for belongs to this organization.
    Anonymous(OrganizationId),
}

/// The holder of a key, and how the request was signed with it.
#[derive(Clone, Debug)]
pub(super) struct Signer {
    pub(super) key: Arc<LiveKey>,
    /// Where the signature stood.
    pub(super) form: Form,
    /// When the request was signed.
    pub(super) signed_at: Timestamp,
}

impl Sender {
    /// Who signed, if anybody did.
    pub(super) fn signer(&self) -> Option<&Signer> {
        match self {
            Self::Key(signer) => Some(signer),
            Self::Anonymous(_) => None,
        }
    }

    /// Whose key it is; `None` for nobody.
    pub(super) fn principal(&self) -> Option<&Principal> {
        self.signer().map(|signer| &signer.key.principal)
    }

    /// The organization of the key, or the one that is asked.
    pub(super) fn organization(&self) -> &OrganizationId {
        match self {
            Self::Key(signer) => &signer.key.organization,
            Self::Anonymous(organization) => organization,
        }
    }

    /// `arn:aws:iam::<org>:<principal>`; nobody has none.
    pub(super) fn arn(&self) -> Option<&str> {
        self.signer().map(|signer| signer.key.arn())
    }

    /// What policies are asked with. A key may do at most `permission`, nobody at most read.
    pub(super) fn claim(&self, permission: Permission) -> Claim<'_> {
        match self {
            Self::Key(signer) => Claim::of_principal(&signer.key.principal, permission),
            Self::Anonymous(_) => Claim::anonymous(),
        }
    }

    /// Whether a refusal says why: to who signed with a header. Whoever merely holds a URL or a form, or nothing, is
    /// told no more than that it is refused.
    pub(super) fn is_told_why(&self) -> bool {
        match self.signer().map(|signer| signer.form) {
            Some(Form::Header) => true,
            Some(Form::Post { .. } | Form::Presigned { .. }) | None => false,
        }
    }
}
