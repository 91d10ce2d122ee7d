//! What `portcullis policy` prints.

use std::fmt::Write as _;

use super::simulate::{Change, Comparison};
use crate::cli::failure::Failure;
use crate::cli::management::{as_json, table};
use crate::control::{
    ConsideredStatement, Decision, ExplainAnswer, Layer, ListedPolicy, Origin, PolicyDocument, PolicyList,
};

pub(super) fn listed(list: &PolicyList, json: bool) -> Result<String, Failure> {
    if json {
        return as_json(list);
    }
    if list.policies.is_empty() {
        return Ok("there is no organization policy: every S3 request is denied\n".to_owned());
    }
    let row = |ListedPolicy { document, origin }: &ListedPolicy| {
        let origin = match origin {
            Origin::File => "file",
            Origin::Store => "store",
        };
        [document.name.clone(), document.statements.len().to_string(), origin.to_owned()]
    };
    Ok(table(["NAME", "STATEMENTS", "ORIGIN"], &list.policies.iter().map(row).collect::<Vec<_>>()))
}

pub(super) fn put(policy: &PolicyDocument) -> String {
    format!("the policy {} is in force, with {} statement(s)\n", policy.name, policy.statements.len())
}

pub(super) fn explained(explained: &ExplainAnswer, json: bool) -> Result<String, Failure> {
    if json {
        return as_json(explained);
    }
    let verdict = match explained.verdict {
        Decision::Allowed => "ALLOWED",
        Decision::Denied => "DENIED",
    };
    let mut text = format!("{verdict} {}\n", explained.reason);
    if !explained.considered.is_empty() {
        let row = |considered: &ConsideredStatement| {
            [
                layer(considered.layer).to_owned(),
                format!("{}/{}", considered.policy, considered.statement),
                considered.effect.clone(),
                considered.outcome.clone(),
            ]
        };
        let rows: Vec<_> = explained.considered.iter().map(row).collect();
        // Writing to a string cannot fail.
        let _ = write!(text, "\n{}", table(["LAYER", "STATEMENT", "EFFECT", "OUTCOME"], &rows));
    }
    Ok(text)
}

pub(super) fn compared(comparison: &Comparison, json: bool) -> Result<String, Failure> {
    if json {
        return as_json(comparison);
    }
    let Comparison { requests, changed, changed_since, unreadable, changes, .. } = comparison;
    let mut text = format!("{requests} logged requests judged again: {changed} would be answered differently\n");
    // Writing to a string cannot fail.
    if *changed_since > 0 {
        let _ = writeln!(text, "{changed_since} had another answer when they were logged: policies have changed since");
    }
    if *unreadable > 0 {
        let _ = writeln!(text, "{unreadable} could not be read: another version logged them");
    }
    if *requests == 0 {
        text.push_str("The log holds no record of a request: the server has to run with --json-logs.\n");
    }
    if changes.is_empty() {
        return Ok(text);
    }
    let row = |change: &Change| {
        [
            if change.allowed_by_draft { "DENIED -> ALLOWED" } else { "ALLOWED -> DENIED" }.to_owned(),
            change.requests.to_string(),
            change.principal.clone(),
            change.action.clone(),
            change.resource.clone(),
            change.request_id.clone(),
            change.reason.clone(),
        ]
    };
    let rows: Vec<_> = changes.values().map(row).collect();
    let head = ["CHANGE", "REQUESTS", "PRINCIPAL", "ACTION", "RESOURCE", "LAST REQUEST", "WHAT STANDS AGAINST IT"];
    let _ = write!(text, "\n{}", table(head, &rows));
    Ok(text)
}

fn layer(layer: Layer) -> &'static str {
    match layer {
        Layer::Bucket => "bucket",
        Layer::Ceiling => "ceiling",
        Layer::Organization => "organization",
        Layer::Permission => "permission",
        Layer::PublicAccessBlock => "public access block",
    }
}
