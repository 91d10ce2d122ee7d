//! Condition keys, the values that a request has for them, and the operators that compare.

mod block;
mod context;
mod key;
mod template;

pub(in crate::policy) use block::{Condition, Conditions};
pub(in crate::policy) use template::Template;

pub use context::{Context, Value};
pub use key::{ConditionKey, FixedKey, KeyKind};
