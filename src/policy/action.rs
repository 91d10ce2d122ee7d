//! What policies call actions: those of S3 and those of the control plane, in one set.

use std::fmt;

use super::ControlAction;
use crate::s3::operation::Action;

/// An action that a policy may allow or deny.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
pub enum PolicyAction {
    /// Of the control plane: `cwobject:...`.
    Control(ControlAction),
    /// Of S3: `s3:...`.
    S3(Action),
}

impl PolicyAction {
    /// The name with its service prefix.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Control(action) => action.name(),
            Self::S3(action) => action.name(),
        }
    }

    /// Every action.
    pub fn all() -> impl Iterator<Item = Self> {
        let control = ControlAction::ALL.iter().copied().map(Self::Control);
        control.chain(Action::ALL.iter().copied().map(Self::S3))
    }

    /// The action with exactly this name; letters may be of either case, as AWS has it.
    #[must_use]
    pub fn named(name: &str) -> Option<Self> {
        Self::all().find(|action| action.name().eq_ignore_ascii_case(name))
    }
}

impl From<Action> for PolicyAction {
    fn from(action: Action) -> Self {
        Self::S3(action)
    }
}

impl From<ControlAction> for PolicyAction {
    fn from(action: ControlAction) -> Self {
        Self::Control(action)
    }
}

impl fmt::Display for PolicyAction {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.name())
    }
}
