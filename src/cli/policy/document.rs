//! Policy documents in files.

use std::io::Read as _;
use std::path::{Path, PathBuf};

use clap::Args;
use serde_json::Value;

use crate::cli::failure::Failure;
use crate::identity::OrganizationId;
use crate::policy::{BucketPolicy, OrganizationPolicy};

/// The arguments of `portcullis policy check`.
#[derive(Args)]
pub(super) struct Check {
    /// The file with the document; - for standard input
    file: PathBuf,
    /// Read it as the policy of this bucket, in AWS's language [default: as an organization policy]
    #[arg(long, requires = "org")]
    bucket: Option<String>,
    /// The organization's id, which the principals of a bucket policy are of
    #[arg(long, value_name = "ORG_ID", value_parser = OrganizationId::parse)]
    org: Option<OrganizationId>,
}

impl Check {
    pub(super) fn perform(&self) -> Result<String, Failure> {
        let text = read(&self.file)?;
        let shown = self.file.display();
        if let (Some(bucket), Some(org)) = (&self.bucket, &self.org) {
            let policy = bucket_policy(&self.file, &text, bucket, org)?;
            let public = if policy.is_public() { "public" } else { "not public" };
            Ok(format!("{shown}: a policy for the bucket {bucket}, {public}\n"))
        } else {
            let policy = parse_organization(&self.file, &text)?;
            let statements = policy.statements().len();
            Ok(format!("{shown}: the organization policy {}, {statements} statement(s)\n", policy.name()))
        }
    }
}

/// The text of a file, or of standard input.
pub(super) fn read(file: &Path) -> Result<String, Failure> {
    let mut text = String::new();
    let read = if file == Path::new("-") {
        std::io::stdin().read_to_string(&mut text).map(|_| ())
    } else {
        std::fs::read_to_string(file).map(|read| text = read)
    };
    read.map(|()| text).map_err(|error| Failure::usage(format!("{}: {error}", file.display())))
}

/// An organization policy as it is sent: checked here too, so that the file is named.
pub(super) fn organization(file: &Path, text: &str) -> Result<Value, Failure> {
    let policy = parse_organization(file, text)?;
    serde_json::to_value(&policy).map_err(|error| wrong(file, &error))
}

fn parse_organization(file: &Path, text: &str) -> Result<OrganizationPolicy, Failure> {
    OrganizationPolicy::parse(text.as_bytes()).map_err(|error| {
        // The two languages differ in the case of their members.
        let is_for_a_bucket = serde_json::from_str::<Value>(text).is_ok_and(|value| value.get("Statement").is_some());
        if is_for_a_bucket { wrong(file, &FOR_A_BUCKET) } else { wrong(file, &error) }
    })
}

pub(super) fn bucket_policy(
    file: &Path,
    text: &str,
    bucket: &str,
    organization: &OrganizationId,
) -> Result<BucketPolicy, Failure> {
    BucketPolicy::parse(text.as_bytes(), bucket, organization).map_err(|error| wrong(file, &error))
}

pub(super) fn wrong(file: &Path, error: &impl std::fmt::Display) -> Failure {
    Failure::usage(format!("{}: {error}", file.display()))
}

const FOR_A_BUCKET: &str = "this is a bucket policy, not an organization policy: check it with --bucket NAME --org ORG_ID, \
     and put it with `aws s3api put-bucket-policy` or another S3 client";
