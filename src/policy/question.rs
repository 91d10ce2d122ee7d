//! One question to a policy.

use super::{Asker, Context, PolicyAction, Resource};

/// May `asker` do `action` on `resource`, under these circumstances?
#[derive(Clone, Copy, Debug)]
pub struct Question<'a> {
    /// Who asks.
    pub asker: Asker<'a>,
    /// What they want to do.
    pub action: PolicyAction,
    /// What they want to do it on.
    pub resource: Resource<'a>,
    /// What is known besides.
    pub context: &'a Context<'a>,
}
