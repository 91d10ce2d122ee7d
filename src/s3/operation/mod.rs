//! Which operation is this? Reads method, path kind, query and headers against [`TABLE`] and answers
//! with one operation and every action it needs, or refuses. Who may do it is decided elsewhere.
//!
//! The table is total: a method, sub-resource or parameter that it lacks is 501 and goes nowhere.
//! Nothing is chosen by order: two sub-resources, a parameter given twice or a selecting header on the
//! wrong operation are refused, so that no backend can read the request as another one.

mod action;
mod header_actions;
mod table;
#[cfg(test)]
mod tests;

use std::collections::HashMap;
use std::sync::LazyLock;

use http::{HeaderMap, Method};

pub use action::{AccessLevel, Action, NeededPermission, ResourceKind};
pub use table::{Body, Operation, Row, Support, TABLE, Target, Verb};

use super::address::opaque_id;
use super::{CopySource, ErrorCode, S3Error};

/// The parts of a request that decide its operation.
#[derive(Clone, Copy, Debug)]
pub struct Classify<'a> {
    /// The method of the request line. Headers that claim another one are never read.
    pub method: &'a Method,
    /// What the path names.
    pub target: Target,
    /// Decoded names and values in the order received, without the authentication parameters of a
    /// presigned URL, without hoisted headers and without `x-id`.
    pub query: &'a [(String, Option<String>)],
    /// The headers in effect, those hoisted into a presigned URL among them.
    pub headers: &'a HeaderMap,
}

/// What a request is, and what its sender must be allowed to do. Only [`classify`] makes one, and only
/// for an operation that is supported.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Classified {
    /// The operation's line of the table.
    pub row: &'static Row,
    /// The operation.
    pub operation: Operation,
    /// The `versionId` parameter; `null` is a version too.
    pub version_id: Option<String>,
    /// The `uploadId` parameter.
    pub upload_id: Option<String>,
    /// The `partNumber` parameter, 1 to 10,000.
    pub part_number: Option<u16>,
    /// The decoded copy source, of `CopyObject` and `UploadPartCopy`.
    pub copy_source: Option<CopySource>,
    /// Every action that is needed, each with what it is needed on. All of them must be allowed.
    pub demands: Vec<(Action, DemandTarget)>,
    /// Whether `x-amz-acl` names a default that adds no action and must not be sent on.
    pub drop_acl: bool,
}

/// What an action is needed on.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum DemandTarget {
    /// The account.
    Service,
    /// The bucket in the request's address.
    Bucket,
    /// The object in the request's address.
    Object,
    /// Each object that the body names, judged one by one once the body is read. `DeleteObject` here
    /// becomes `DeleteObjectVersion` for an entry that names a version.
    EachObjectInBody,
    /// The object that is copied.
    CopySource(CopySource),
}

/// Names the operation of a request and the actions it needs.
///
/// A write that compares what is stored (`If-Match` with an entity tag and its like) needs to read it too:
/// its answer tells.
/// Header-borne actions: see `header_actions.rs`. Copies need `s3:GetObject` on their source, or
/// `s3:GetObjectVersion` where a version is named. Tags that come along with a copy by default need no
/// action of their own, since whether the source has any is not known here; tags that are written or
/// replaced explicitly need `s3:PutObjectTagging`.
///
/// # Errors
/// 400 for contradictions and malformed values, 405 for methods that S3 does not have, 403 for
/// `OPTIONS`, 400 for a `POST` to a bucket that is no form, and 501 for whatever the table does not have or support.
pub fn classify(input: Classify<'_>) -> Result<Classified, S3Error> {
    let row = select(input)?;
    if row.support == Support::Form {
        let message =
            "Bucket POST must be a form of the enclosure-type multipart/form-data that is signed in its fields.";
        return Err(S3Error::new(ErrorCode::MalformedPOSTRequest, message));
    }
    if let Support::NotImplemented(reason) = row.support {
        let message = format!("{} is not implemented: {reason}.", row.operation.name());
        return Err(S3Error::new(ErrorCode::NotImplemented, message));
    }
    let version_id = value(input.query, "versionId")?;
    let upload_id = value(input.query, "uploadId")?;
    let part_number = value(input.query, "partNumber")?.map(|text| part_number(&text)).transpose()?;
    let copy_source = match row.header {
        Some(COPY_SOURCE) => Some(copy_source(input.headers)?),
        _ => None,
    };

    let actions = match (&version_id, row.version_actions) {
        (Some(_), Some(actions)) => actions,
        _ => row.actions,
    };
    let mut demands: Vec<_> = actions.iter().map(|action| (*action, demand_target(*action, input.target))).collect();
    if let Some(source) = &copy_source {
        let action = if source.version_id.is_some() { Action::GetObjectVersion } else { Action::GetObject };
        demands.push((action, DemandTarget::CopySource(source.clone())));
    }
    let writes = matches!(row.verb, Verb::Delete | Verb::Post | Verb::Put);
    let compares = writes && input.target == Target::Object && header_actions::compares(input.headers);
    let read = if version_id.is_some() { Action::GetObjectVersion } else { Action::GetObject };
    // On the ACL operations themselves the header is what is to be set, and the row says what that takes.
    let sets_acl = matches!(row.operation, Operation::PutBucketAcl | Operation::PutObjectAcl);
    let is_for_acl = |action: &Action| matches!(action, Action::PutBucketAcl | Action::PutObjectAcl);
    let added = header_actions::needed(input.target, input.headers).into_iter();
    let added = added.filter(|action| !(sets_acl && is_for_acl(action))).chain(compares.then_some(read));
    for action in added {
        let demand = (action, demand_target(action, input.target));
        if !demands.contains(&demand) {
            demands.push(demand);
        }
    }

    let drop_acl = !sets_acl && header_actions::acl_is_default(input.headers);
    Ok(Classified { row, operation: row.operation, version_id, upload_id, part_number, copy_source, demands, drop_acl })
}

/// The row that a request selects, supported or not.
fn select(input: Classify<'_>) -> Result<&'static Row, S3Error> {
    let verb = verb(input.method)?;
    let query = input.query;
    for (position, (name, _)) in query.iter().enumerate() {
        if query[..position].iter().any(|(earlier, _)| earlier == name) {
            let message = format!("The query parameter {} is given more than once.", quoted(name));
            return Err(S3Error::new(ErrorCode::InvalidArgument, message));
        }
    }

    let selector = selector(query)?;
    let candidates = INDEX.rows.get(&(verb, input.target, selector)).map(Vec::as_slice).unwrap_or_default();
    let has_header = |row: &&Row| row.header.is_none_or(|name| input.headers.contains_key(name));
    let has_required = |row: &&Row| row.required.is_none_or(|name| query.iter().any(|(given, _)| given == name));
    let row = candidates
        .iter()
        .copied()
        .filter(has_header)
        .filter(has_required)
        .max_by_key(|row| (row.required.is_some(), row.header.is_some()))
        .ok_or_else(|| not_in_table(input, selector))?;

    for (name, _) in query {
        let known = row.selector == Some(name)
            || row.required == Some(name)
            || row.optional.contains(&name.as_str())
            || (row.version_actions.is_some() && name == "versionId");
        if !known && !crate::fault::check_is_off("unknown_subresource") {
            let message = format!("{} does not take the query parameter {}.", row.operation.name(), quoted(name));
            return Err(S3Error::new(ErrorCode::NotImplemented, message));
        }
    }
    for other in input.headers.keys().filter(|name| INDEX.headers.contains(&name.as_str())) {
        if row.header != Some(other.as_str()) {
            let message = format!("{} does not take the header {other}.", row.operation.name());
            return Err(S3Error::new(ErrorCode::InvalidRequest, message));
        }
    }
    Ok(row)
}

/// [`TABLE`] by what selects its rows.
struct Index {
    rows: HashMap<(Verb, Target, Option<&'static str>), Vec<&'static Row>>,
    /// The headers that select a row.
    headers: Vec<&'static str>,
}

static INDEX: LazyLock<Index> = LazyLock::new(|| {
    let mut rows: HashMap<_, Vec<_>> = HashMap::new();
    for row in TABLE {
        rows.entry((row.verb, row.target, row.selector)).or_default().push(row);
    }
    let mut headers: Vec<_> = TABLE.iter().filter_map(|row| row.header).collect();
    headers.sort_unstable();
    headers.dedup();
    Index { rows, headers }
});

fn verb(method: &Method) -> Result<Verb, S3Error> {
    match *method {
        Method::DELETE => Ok(Verb::Delete),
        Method::GET => Ok(Verb::Get),
        Method::HEAD => Ok(Verb::Head),
        Method::POST => Ok(Verb::Post),
        Method::PUT => Ok(Verb::Put),
        Method::OPTIONS => {
            Err(S3Error::new(ErrorCode::AccessDenied, "CORS is not enabled here: no preflight is answered."))
        }
        _ => Err(S3Error::new(ErrorCode::MethodNotAllowed, "S3 has DELETE, GET, HEAD, POST and PUT only.")),
    }
}

/// The one sub-resource in `query`, if there is any.
fn selector(query: &[(String, Option<String>)]) -> Result<Option<&'static str>, S3Error> {
    let mut found: Option<&'static str> = None;
    for (name, value) in query {
        let Some(selector) = TABLE.iter().filter_map(|row| row.selector).find(|selector| selector == name) else {
            continue;
        };
        if let Some(first) = found {
            let message = format!("A request names one sub-resource, this one names {first} and {selector}.");
            return Err(S3Error::new(ErrorCode::InvalidRequest, message));
        }
        // A value on a plain sub-resource means nothing to S3, and a backend might see meaning in it.
        let value = value.as_deref().unwrap_or_default();
        let right = match selector {
            "list-type" => value == "2",
            "max-directory-buckets" => true,
            "uploadId" => !value.is_empty(),
            _ => value.is_empty(),
        };
        if !right {
            let message = format!("The value of the query parameter {selector} is not one that S3 knows.");
            return Err(S3Error::new(ErrorCode::InvalidArgument, message));
        }
        found = Some(selector);
    }
    Ok(found)
}

fn not_in_table(input: Classify<'_>, selector: Option<&'static str>) -> S3Error {
    let first = input.query.first().map(|(name, _)| name.as_str());
    let what = match selector.or(first) {
        Some(name) => format!("with the query parameter {}", quoted(name)),
        None => "without a sub-resource".into(),
    };
    let target = match input.target {
        Target::Service => "the service",
        Target::Bucket => "a bucket",
        Target::Object => "an object",
    };
    S3Error::new(ErrorCode::NotImplemented, format!("{} of {target} {what} is not implemented.", input.method))
}

/// The value of the parameter `name`, which may not be empty.
fn value(query: &[(String, Option<String>)], name: &'static str) -> Result<Option<String>, S3Error> {
    match query.iter().find(|(given, _)| given == name) {
        None => Ok(None),
        Some((_, Some(value))) if !value.is_empty() => opaque_id(value.clone(), name).map(Some),
        Some(_) => Err(S3Error::new(ErrorCode::InvalidArgument, format!("The query parameter {name} is empty."))),
    }
}

fn part_number(text: &str) -> Result<u16, S3Error> {
    let digits = text.len() <= 5 && text.bytes().all(|byte| byte.is_ascii_digit());
    text.parse()
        .ok()
        .filter(|number| digits && (1..=10_000).contains(number))
        .ok_or_else(|| S3Error::new(ErrorCode::InvalidArgument, "partNumber must be a whole number from 1 to 10000."))
}

fn copy_source(headers: &HeaderMap) -> Result<CopySource, S3Error> {
    let mut values = headers.get_all(COPY_SOURCE).iter();
    match (values.next(), values.next()) {
        (Some(value), None) => CopySource::parse(value.as_bytes()),
        _ => Err(S3Error::new(ErrorCode::InvalidArgument, "x-amz-copy-source must be given exactly once.")),
    }
}

fn demand_target(action: Action, target: Target) -> DemandTarget {
    match (action.resource(), target) {
        (ResourceKind::Service, _) => DemandTarget::Service,
        (ResourceKind::Bucket, _) => DemandTarget::Bucket,
        (ResourceKind::Object, Target::Object) => DemandTarget::Object,
        (ResourceKind::Object, Target::Bucket | Target::Service) => DemandTarget::EachObjectInBody,
    }
}

/// What the sender wrote, cut to a length that suits a message.
fn quoted(text: &str) -> String {
    let short: String = text.chars().take(64).collect();
    format!("\"{}\"", short.escape_debug())
}

const COPY_SOURCE: &str = "x-amz-copy-source";
