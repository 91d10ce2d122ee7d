//! `[[identity]]`: the most that identities of a prefix may do, whatever a token or a policy says.

use std::time::Duration;

use serde::Deserialize;

use super::duration;
use super::error::Problem;
use crate::identity::Permission;

/// A ceiling by identity prefix, checked.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Ceiling {
    /// The start of the principals it is for; the longest that matches wins.
    pub prefix: String,
    /// The most that their keys may do.
    pub permission: Permission,
    /// The longest life of a temporary key.
    pub max_duration: Duration,
    /// Whether a key may live for ever.
    pub permanent: bool,
}

impl Ceiling {
    /// Whether the ceiling is for `principal`.
    #[must_use]
    pub fn matches(&self, principal: &str) -> bool {
        principal.starts_with(&self.prefix)
    }
}

/// An entry as written.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Written {
    prefix: String,
    #[serde(default)]
    permission: Permission,
    #[serde(default = "twelve_hours")]
    max_duration: duration::Written,
    #[serde(default)]
    permanent: bool,
}

const NAMESPACES: [&str; 4] = ["coreweave/", "saml/", "role/", "static/"];
const LONGEST: Duration = Duration::from_hours(12);

fn twelve_hours() -> duration::Written {
    duration::Written(LONGEST)
}

/// Checks every entry; the result has the longest prefix first, so that the first match is the one.
pub(super) fn check_all(written: Vec<Written>) -> Result<Vec<Ceiling>, Problem> {
    let mut ceilings: Vec<Ceiling> = Vec::with_capacity(written.len());
    for (index, entry) in written.into_iter().enumerate() {
        let section = format!("identity[{index}]");
        if ceilings.iter().any(|other| other.prefix == entry.prefix) {
            return Err(Problem::text("prefix", &entry.prefix, "each prefix once").under(section));
        }
        ceilings.push(entry.check().map_err(|problem| problem.under(section))?);
    }
    ceilings.sort_by_key(|ceiling| std::cmp::Reverse(ceiling.prefix.len()));
    Ok(ceilings)
}

impl Written {
    fn check(self) -> Result<Ceiling, Problem> {
        let Some(namespace) = NAMESPACES.into_iter().find(|namespace| self.prefix.starts_with(namespace)) else {
            let expected = "a prefix that starts with coreweave/, saml/, role/ or static/";
            return Err(Problem::text("prefix", &self.prefix, expected));
        };
        let max_duration = self.max_duration.0;
        if max_duration > LONGEST && namespace != "static/" {
            let found = humantime::format_duration(max_duration).to_string();
            return Err(Problem::text("max_duration", &found, "at most \"12h\", except for static/"));
        }
        if self.permanent && matches!(namespace, "saml/" | "role/") {
            return Err(Problem::new("permanent", "true", "false: a federated key is never permanent"));
        }
        Ok(Ceiling { prefix: self.prefix, permission: self.permission, max_duration, permanent: self.permanent })
    }
}
