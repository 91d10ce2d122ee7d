//! Who asks.

use crate::identity::Principal;

/// Who asks. There is no default: a question without an asker cannot be put.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Asker<'a> {
    /// Nobody proved who they are. `*` in an organization policy does not mean them; a policy names them
    /// `anonymous`. `*` in a bucket policy does.
    Anonymous,
    /// The owner of an access key. `saml/<role>` answers to `role/<role>` as well.
    Principal(&'a Principal),
}
