//! What is public, as AWS defines it: whatever is not provably granted to fixed identities or networks only.
//!
//! <https://docs.aws.amazon.com/AmazonS3/latest/userguide/access-control-block-public-access.html#access-control-block-public-access-policy-status>

use ipnet::IpNet;

use super::Effect;
use super::statement::{Form, Statement};
use crate::policy::condition::{Condition, network};

/// Whether a statement grants something to the public. What others deny does not count.
pub(super) fn is_public(statement: &Statement) -> bool {
    let for_everybody = match statement.principals.form {
        Form::These => statement.principals.what.includes_anonymous(),
        Form::AllBut => !statement.principals.what.includes_anonymous(),
    };
    statement.effect == Effect::Allow && for_everybody && !statement.conditions.iter().any(limits_to_the_known)
}

/// Whether a condition is met by fixed identities or networks only. A condition that a missing key meets
/// (negated, `...IfExists`, `ForAllValues:`) limits nothing.
fn limits_to_the_known(condition: &Condition) -> bool {
    let operator = condition.operator();
    let operator = operator.strip_prefix("ForAnyValue:").unwrap_or(operator);
    let key = condition.key().to_ascii_lowercase();
    let values = condition.values();
    if operator == "IpAddress" {
        return key == "aws:sourceip" && values.iter().all(|value| is_narrow(value));
    }
    let compares = ["StringEquals", "StringEqualsIgnoreCase", "StringLike", "ArnEquals", "ArnLike"].contains(&operator);
    // The groups of an identity are not in AWS's list, which knows no such key. They are as fixed as its
    // organization, and nobody without an identity has any.
    let identifies = ["aws:principalarn", "aws:principalorgid", "aws:userid", "cw:principalorgid"].contains(&&*key)
        || key.starts_with("iam:") && key.ends_with(":groups");
    let fixed = |value: &String| !value.is_empty() && !value.contains(['*', '?']) && !value.contains("${");
    compares && identifies && values.iter().all(fixed)
}

/// Whether a network is no broader than AWS takes for one that somebody owns.
fn is_narrow(text: &str) -> bool {
    // Read as the condition reads it: `::ffff:0:0/96` is every IPv4 address, and no narrow network of IPv6.
    match network(text) {
        Some(IpNet::V4(network)) => network.prefix_len() >= 8,
        Some(IpNet::V6(network)) => network.prefix_len() >= 32,
        None => false,
    }
}
