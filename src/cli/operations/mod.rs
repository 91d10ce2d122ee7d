//! `portcullis operations`: the S3 operations as the program knows them, for people and for scripts.
//! What it prints is the table that requests are judged by; with `--conditions`, the condition keys and
//! operators that bucket policies may use.

mod conditions;

use std::fmt::Write as _;
use std::io::Write as _;
use std::process::ExitCode;

use serde::Serialize;

use crate::s3::operation::{Action, NeededPermission, Row, Support, TABLE, Target, Verb};

/// The arguments of `portcullis operations`.
#[derive(clap::Args)]
pub(crate) struct Operations {
    /// Print JSON
    #[arg(long)]
    json: bool,
    /// List the condition keys and operators of bucket policies instead
    #[arg(long)]
    conditions: bool,
}

impl Operations {
    /// Exit code 0, unless nobody reads.
    pub(crate) fn run(self) -> ExitCode {
        let text = match (self.conditions, self.json) {
            (true, true) => conditions::as_json(),
            (true, false) => conditions::as_text(),
            (false, true) => as_json(),
            (false, false) => as_text(),
        };
        match std::io::stdout().write_all(text.as_bytes()) {
            Ok(()) => ExitCode::SUCCESS,
            Err(_) => ExitCode::FAILURE,
        }
    }
}

/// One operation, in words.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Line {
    operation: &'static str,
    method: &'static str,
    target: &'static str,
    /// The parameters that select it, and the header that does.
    selected_by: Vec<&'static str>,
    /// Parameters that it also takes.
    may_have: Vec<&'static str>,
    needs: Vec<Needed>,
    /// What is needed in place of `needs` when a version is named.
    needs_with_version: Option<Vec<Needed>>,
    /// The permission that all of its actions need together; none where it is not supported and has no action.
    permission: Option<&'static str>,
    supported: bool,
    /// Whether Portcullis answers it itself; what is supported goes to the backend otherwise.
    answered_here: bool,
    /// Why it is not supported.
    reason: Option<&'static str>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Needed {
    action: &'static str,
    access_level: &'static str,
}

impl Line {
    fn of(row: &Row) -> Self {
        let all = row.actions.iter().chain(row.version_actions.unwrap_or_default());
        let mut actions: Vec<Action> = row.actions.to_vec();
        if row.header == Some("x-amz-copy-source") {
            actions.push(Action::GetObject); // on the source, which is judged when its name is read
        }
        let mut may_have = row.optional.to_vec();
        may_have.extend(row.version_actions.map(|_| "versionId"));
        Self {
            operation: row.operation.name(),
            method: method(row.verb),
            target: target(row.target),
            selected_by: row.selector.into_iter().chain(row.required).chain(row.header).collect(),
            may_have,
            needs: needed(&actions),
            needs_with_version: row.version_actions.map(needed),
            permission: all.map(|action| action.needed_permission()).max().map(permission),
            supported: !matches!(row.support, Support::NotImplemented(_)),
            answered_here: row.support == Support::Served,
            reason: match row.support {
                Support::Form | Support::Forwarded | Support::Served => None,
                Support::NotImplemented(reason) => Some(reason),
            },
        }
    }

    fn selection(&self) -> String {
        let target = match self.target {
            "service" => "/",
            "bucket" => "/bucket",
            _ => "/bucket/key",
        };
        let mut text = format!("{} {target}", self.method);
        let (headers, parameters): (Vec<_>, Vec<_>) =
            self.selected_by.iter().copied().partition(|name: &&str| name.starts_with("x-amz-"));
        for (position, name) in parameters.iter().enumerate() {
            let separator = if position == 0 { '?' } else { '&' };
            // Writing to a string cannot fail.
            let _ = write!(text, "{separator}{name}");
        }
        for name in headers {
            let _ = write!(text, " + {name}");
        }
        text
    }
}

fn needed(actions: &[Action]) -> Vec<Needed> {
    let word = |action: &Action| Needed { action: action.name(), access_level: action.access_level().as_str() };
    actions.iter().map(word).collect()
}

fn method(verb: Verb) -> &'static str {
    match verb {
        Verb::Delete => "DELETE",
        Verb::Get => "GET",
        Verb::Head => "HEAD",
        Verb::Post => "POST",
        Verb::Put => "PUT",
    }
}

fn target(target: Target) -> &'static str {
    match target {
        Target::Service => "service",
        Target::Bucket => "bucket",
        Target::Object => "object",
    }
}

fn permission(needed: NeededPermission) -> &'static str {
    match needed {
        NeededPermission::Read => "read",
        NeededPermission::Write => "write",
        NeededPermission::Admin => "admin",
    }
}

fn as_json() -> String {
    let lines: Vec<Line> = TABLE.iter().map(Line::of).collect();
    let mut text = serde_json::to_string_pretty(&lines).expect("names and flags have a JSON form");
    text.push('\n');
    text
}

fn as_text() -> String {
    let mut text = String::new();
    let mut row = |operation: &str, permission: &str, needs: &str, selection: &str| {
        // Writing to a string cannot fail.
        let _ = writeln!(text, "{operation:48} {permission:10} {needs:55} {selection}");
    };
    row("OPERATION", "PERMISSION", "ACTIONS", "REQUEST");
    for line in TABLE.iter().map(Line::of) {
        let actions: Vec<&str> = line.needs.iter().map(|needed| needed.action).collect();
        let permission = if line.supported { line.permission.unwrap_or("-") } else { "refused" };
        let here = if line.answered_here { "  (answered here)" } else { "" };
        row(line.operation, permission, &actions.join(", "), &format!("{}{here}", line.selection()));
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_operation_is_listed_with_the_request_that_selects_it() {
        let text = as_text();
        assert_eq!(text.lines().count(), TABLE.len() + 1);
        for row in TABLE {
            assert!(text.contains(&format!("\n{} ", row.operation.name())), "{:?}", row.operation);
        }
        let line = |operation: &str| {
            let found = text.lines().find(|line| line.split_whitespace().next() == Some(operation));
            found.unwrap().split_whitespace().collect::<Vec<_>>().join(" ")
        };
        assert_eq!(
            line("UploadPartCopy"),
            "UploadPartCopy write s3:PutObject, s3:GetObject PUT /bucket/key?uploadId&partNumber + x-amz-copy-source"
        );
        assert_eq!(line("ListBuckets"), "ListBuckets read s3:ListAllMyBuckets GET / (answered here)");
        let policy = "PutBucketPolicy admin s3:PutBucketPolicy PUT /bucket?policy (answered here)";
        assert_eq!(line("PutBucketPolicy"), policy);
    }

    #[test]
    fn the_manual_has_the_table_as_it_is() {
        let mut table = "| operation | request | actions | permission |\n| --- | --- | --- | --- |\n".to_owned();
        for line in TABLE.iter().map(Line::of) {
            let actions: Vec<&str> = line.needs.iter().map(|needed| needed.action).collect();
            let permission = if line.supported { line.permission.unwrap_or("-") } else { "*refused*" };
            let permission =
                if line.answered_here { format!("{permission}, answered here") } else { permission.into() };
            let (operation, request, actions) = (line.operation, line.selection(), actions.join(", "));
            writeln!(table, "| {operation} | `{request}` | {actions} | {permission} |").unwrap();
        }
        let page = include_str!("../../manual/operations.md");
        let start = page.find("| operation |").unwrap_or(page.len());
        assert!(page[start..] == table, "the table in src/manual/operations.md should be\n{table}");
    }

    #[test]
    fn json_says_what_a_version_needs_and_why_something_is_refused() {
        let lines: serde_json::Value = serde_json::from_str(&as_json()).unwrap();
        let find =
            |name: &str| lines.as_array().unwrap().iter().find(|line| line["operation"] == name).unwrap().clone();
        let get = find("GetObject");
        assert_eq!(get["needsWithVersion"][0]["action"], "s3:GetObjectVersion");
        assert_eq!((&get["permission"], &get["supported"]), (&"read".into(), &true.into()));
        assert_eq!(find("CreateBucket")["permission"], "admin");
        assert!(find("SelectObjectContent")["reason"].as_str().unwrap().contains("event streams"));
        assert_eq!(find("PostObject")["supported"], true);
    }
}
