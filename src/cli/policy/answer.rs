//! What `portcullis policy` prints.

use std::fmt::Write as _;

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

fn layer(layer: Layer) -> &'static str {
    match layer {
        Layer::Bucket => "bucket",
        Layer::Ceiling => "ceiling",
        Layer::Organization => "organization",
        Layer::Permission => "permission",
        Layer::PublicAccessBlock => "public access block",
    }
}
