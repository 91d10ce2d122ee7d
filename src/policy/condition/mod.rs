//! Condition keys, the values that a request has for them, and the operators that compare.

mod context;
mod key;

pub use context::{Context, Value};
pub use key::{ConditionKey, FixedKey, KeyKind};
