//! `[[s3.cors]]`: CORS rules of this server, which come before those of any bucket.

use serde::Deserialize;

use super::duration;
use super::error::Problem;
use crate::s3::cors::{CorsMethod, CorsProblem, CorsRule, CorsRules, Pattern};

/// One rule as written.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Written {
    allowed_origins: Vec<String>,
    allowed_methods: Vec<String>,
    #[serde(default)]
    allowed_headers: Vec<String>,
    #[serde(default)]
    expose_headers: Vec<String>,
    max_age: Option<duration::Written>,
}

impl Written {
    fn check(self) -> Result<CorsRule, Problem> {
        let needed = |field: &str, list: &[String], example: &str| match list {
            [] => Err(Problem::new(field, "an empty list", format!("at least one, such as {example}"))),
            _ => Ok(()),
        };
        needed("allowed_origins", &self.allowed_origins, "\"https://app.example.com\"")?;
        needed("allowed_methods", &self.allowed_methods, "\"GET\"")?;
        let seconds = |age: duration::Written| {
            let whole = u32::try_from(age.0.as_secs()).ok().filter(|seconds| *seconds <= MOST_SECONDS);
            whole.ok_or_else(|| Problem::new("max_age", format!("{:?}", age.0), "at most 24 hours"))
        };
        Ok(CorsRule {
            id: None,
            origins: each("allowed_origins", &self.allowed_origins, Pattern::origin)?,
            methods: each("allowed_methods", &self.allowed_methods, CorsMethod::parse)?,
            allowed_headers: each("allowed_headers", &self.allowed_headers, Pattern::header)?,
            exposed_headers: each("expose_headers", &self.expose_headers, CorsRule::exposed_header)?,
            max_age: self.max_age.map(seconds).transpose()?,
        })
    }
}

pub(super) fn check_all(written: Vec<Written>) -> Result<CorsRules, Problem> {
    if written.len() > CorsRules::MOST {
        return Err(Problem::new("cors", format!("{} rules", written.len()), "at most 100"));
    }
    let check =
        |(index, rule): (usize, Written)| rule.check().map_err(|problem| problem.under(format!("cors[{index}]")));
    written.into_iter().enumerate().map(check).collect::<Result<_, _>>().map(CorsRules::new)
}

fn each<T>(field: &str, list: &[String], read: impl Fn(&str) -> Result<T, CorsProblem>) -> Result<Vec<T>, Problem> {
    let one = |(index, text): (usize, &String)| {
        read(text).map_err(|problem| Problem::text(format!("{field}[{index}]"), text, problem.to_string()))
    };
    list.iter().enumerate().map(one).collect()
}

/// No browser remembers for longer.
const MOST_SECONDS: u32 = 24 * 3600;
