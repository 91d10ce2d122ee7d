//! The actions that headers add to an operation: an upload that also sets tags, an ACL, a retention or
//! a legal hold needs the action for each.
//!
//! A header adds its action whatever the operation, also where S3 would ignore the header: which
//! headers a backend heeds where is not ours to know.

use http::{HeaderMap, HeaderName};

use super::{Action, Target};

/// The actions that `headers` add to a request for `target`, in no particular order.
///
/// <https://docs.aws.amazon.com/AmazonS3/latest/userguide/using-with-s3-policy-actions.html>
pub(super) fn needed(target: Target, headers: &HeaderMap) -> Vec<Action> {
    let mut actions = Vec::new();
    let on_object = target == Target::Object;
    for name in headers.keys() {
        match name.as_str() {
            "x-amz-tagging" => {
                actions.push(if on_object { Action::PutObjectTagging } else { Action::PutBucketTagging });
            }
            "x-amz-tagging-directive" if !every_value(headers, name, |value| value == b"COPY") => {
                actions.push(Action::PutObjectTagging);
            }
            "x-amz-object-lock-mode" | "x-amz-object-lock-retain-until-date" => {
                actions.push(Action::PutObjectRetention);
            }
            "x-amz-object-lock-legal-hold" => actions.push(Action::PutObjectLegalHold),
            "x-amz-bypass-governance-retention" if !every_value(headers, name, is_false) => {
                actions.push(Action::BypassGovernanceRetention);
            }
            "x-amz-bucket-object-lock-enabled" if !every_value(headers, name, is_false) => {
                actions.extend([Action::PutBucketObjectLockConfiguration, Action::PutBucketVersioning]);
            }
            "x-amz-object-ownership" => actions.push(Action::PutBucketOwnershipControls),
            name if grants(headers, name) => {
                actions.push(if on_object { Action::PutObjectAcl } else { Action::PutBucketAcl });
            }
            _ => {}
        }
    }
    actions
}

/// Whether the headers make a write depend on the contents or the age of what is stored. `*` asks only
/// whether there is something, which every write may.
///
/// <https://docs.aws.amazon.com/AmazonS3/latest/userguide/conditional-delete-enforce.html>
pub(super) fn compares(headers: &HeaderMap) -> bool {
    const ALWAYS: [&str; 5] = [
        "if-modified-since",
        "if-unmodified-since",
        "x-amz-if-match-initiated-time",
        "x-amz-if-match-last-modified-time",
        "x-amz-if-match-size",
    ];
    let names_a_tag =
        |name: &str| headers.get_all(name).iter().any(|value| value.as_bytes().trim_ascii() != b"*".as_slice());
    names_a_tag("if-match") || names_a_tag("if-none-match") || ALWAYS.iter().any(|name| headers.contains_key(*name))
}

/// Whether there is an `x-amz-acl` that says no more than what holds anyway, and no grant beside it.
pub(super) fn acl_is_default(headers: &HeaderMap) -> bool {
    headers.contains_key(ACL) && !headers.keys().any(|name| grants(headers, name.as_str()))
}

/// Whether the header `name` gives somebody rights on an object or a bucket.
fn grants(headers: &HeaderMap, name: &str) -> bool {
    if name == ACL {
        let mut values = headers.get_all(ACL).iter().map(http::HeaderValue::as_bytes);
        return !values.all(|value| [&b"private"[..], b"bucket-owner-full-control"].contains(&value));
    }
    name.starts_with("x-amz-grant-")
}

fn every_value(headers: &HeaderMap, name: &HeaderName, right: impl Fn(&[u8]) -> bool) -> bool {
    headers.get_all(name).iter().all(|value| right(value.as_bytes()))
}

fn is_false(value: &[u8]) -> bool {
    value.eq_ignore_ascii_case(b"false")
}

const ACL: &str = "x-amz-acl";
