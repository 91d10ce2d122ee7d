//! What of a request decided: written with its record, so that it can be judged again with other policies.

use std::collections::BTreeMap;
use std::fmt::Write;

use serde::{Deserialize, Serialize};

use crate::identity::{Permission, Principal};
use crate::policy::Resource;

/// Everything that the decision about one request came from, and the decision.
#[derive(Clone, Debug, Eq, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Judged {
    /// Who asked; absent: nobody proved who they are.
    #[serde(default)]
    pub principal: Option<Principal>,
    /// The most that their key could do then.
    pub permission: Permission,
    /// What the request needed; all of it had to be allowed.
    pub demands: Vec<JudgedDemand>,
    /// The values of condition keys.
    #[serde(default)]
    pub context: BTreeMap<String, Vec<String>>,
}

/// One action, and what it was needed on.
#[derive(Clone, Debug, Eq, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct JudgedDemand {
    /// The action, such as `s3:GetObject`.
    pub action: String,
    /// `*`, `bucket` or `bucket/key`: a bucket's name has no slash.
    pub resource: String,
    /// The version of it, if one is named: the value of `s3:VersionId` for this demand.
    #[serde(rename = "versionId", default, skip_serializing_if = "Option::is_none")]
    pub version_id: Option<String>,
    /// Whether it was allowed.
    pub allowed: bool,
}

/// The same, as it is written with a record. The context is text from the beginning: to keep it apart, name by
/// name, until the answer has been sent would cost more than all the rest of the decision.
#[derive(Clone, Debug)]
pub struct WrittenJudged {
    /// See [`Judged::principal`].
    pub principal: Option<Principal>,
    /// See [`Judged::permission`].
    pub permission: Permission,
    /// See [`Judged::demands`].
    pub demands: Vec<JudgedDemand>,
    /// See [`Judged::context`]: an object of JSON.
    pub context: String,
}

impl WrittenJudged {
    /// One line of JSON in visible ASCII, which [`Judged`] reads. What a client chose stands in it escaped.
    #[must_use]
    pub fn to_json(&self) -> String {
        let Self { principal, permission, demands, context } = self;
        let mut json = Vec::with_capacity(context.len() + 512);
        let without_context = WithoutContext { principal: principal.as_ref(), permission: *permission, demands };
        if serde_json::to_writer(&mut json, &without_context).is_err() || json.pop() != Some(b'}') {
            return String::new();
        }
        for part in [",\"context\":", context, "}"] {
            json.extend_from_slice(part.as_bytes());
        }
        in_ascii(String::from_utf8(json).unwrap_or_default())
    }
}

/// The same JSON with every other character escaped: it is shown to people as it is, who are to see what a client
/// wrote and not what a terminal makes of it.
fn in_ascii(json: String) -> String {
    // The rest of ASCII that nobody sees is escaped in all JSON.
    const DELETE: u8 = 0x7f;
    if json.is_ascii() && !json.as_bytes().contains(&DELETE) {
        return json;
    }
    let mut escaped = String::with_capacity(json.len() * 2);
    for character in json.chars() {
        if character.is_ascii() && character != char::from(DELETE) {
            escaped.push(character);
            continue;
        }
        for unit in character.encode_utf16(&mut [0; 2]) {
            // Writing to a `String` does not fail.
            let _ = write!(escaped, "\\u{unit:04x}");
        }
    }
    escaped
}

#[derive(Serialize)]
struct WithoutContext<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    principal: Option<&'a Principal>,
    permission: Permission,
    demands: &'a [JudgedDemand],
}

/// The name of `resource` in a record.
#[must_use]
pub fn resource_name(resource: Resource<'_>) -> String {
    match resource {
        Resource::Any => "*".to_owned(),
        Resource::Bucket(bucket) => bucket.to_owned(),
        Resource::Object { bucket, key } => format!("{bucket}/{key}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_is_visible_ascii_and_is_read_back_the_same() {
        let key = "bucket/\u{9b}31m \u{202e}\u{7f}\u{1b}[0m \"ü\" 🚪\n";
        let demand = JudgedDemand {
            action: "s3:GetObject".to_owned(),
            resource: key.to_owned(),
            version_id: Some("v".to_owned()),
            allowed: true,
        };
        let written = WrittenJudged {
            principal: Principal::parse("static/somebody").ok(),
            permission: Permission::Read,
            demands: vec![demand],
            context: "{\"aws:UserAgent\":[\"\u{9b}ü\"]}".to_owned(),
        };
        let json = written.to_json();
        assert!(json.bytes().all(|byte| matches!(byte, b' '..=b'~')), "{json:?}");
        let WrittenJudged { principal, permission, demands, .. } = written;
        let context = BTreeMap::from([("aws:UserAgent".to_owned(), vec!["\u{9b}ü".to_owned()])]);
        assert_eq!(serde_json::from_str::<Judged>(&json).unwrap(), Judged { principal, permission, demands, context });
    }

    #[test]
    fn of_nobody_no_principal_is_written() {
        let (permission, demands, context) = (Permission::Read, Vec::new(), "{}".to_owned());
        let json = WrittenJudged { principal: None, permission, demands, context }.to_json();
        assert_eq!(json, r#"{"permission":"read","demands":[],"context":{}}"#);
        assert_eq!(serde_json::from_str::<Judged>(&json).unwrap().principal, None);
    }
}
