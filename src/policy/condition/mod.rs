//! Condition keys, the values that a request has for them, and the operators that compare.

mod arn;
mod block;
mod comparison;
mod context;
mod key;
mod literal;
mod matching;
mod operator;
mod recorded;
mod template;
#[cfg(test)]
mod tests;
mod variable;

pub(in crate::policy) use block::{Condition, Conditions};
pub(in crate::policy) use literal::network;
pub(in crate::policy) use template::Template;

pub use context::{Context, Value};
pub use key::{ConditionKey, FixedKey, KeyKind};
pub use operator::operators;
pub use recorded::OwnedContext;
