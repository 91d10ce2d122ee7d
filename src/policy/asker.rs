//! Who asks.

use crate::identity::Principal;

/// Who asks. There is no default: a question without an asker cannot be put.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Asker<'a> {
    /// Nobody proved who they are. A `*` that allows in an organization policy does not mean them, one that
    /// denies does; a policy that lets them in names them `anonymous`. `*` in a bucket policy means them too.
    Anonymous,
    /// The owner of an access key. `saml/<role>` answers to `role/<role>` as well.
    Principal(&'a Principal),
}
