//! Judges one request: who sent it, what was in force when it came, and what is known of it. It goes along
//! with the request, because some of what a request asks for stands in its body, and what its sender may
//! know of an object that is not there is asked when the backend has answered.

use std::sync::Arc;

use super::authenticate::Authenticated;
use super::context::Facts;
use super::error::Refusal;
use super::record::Record;
use super::sender::Sender;
use crate::audit::{Decision, JudgedDemand, resource_name};
use crate::authority::{Allowed, Denial, DenialCause, InForce};
use crate::fault::check_is_off;
use crate::identity::Permission;
use crate::keys::Standing;
use crate::policy::{Context, FixedKey, PolicyAction, Resource, StatementName, Value};
use crate::s3::operation::{Action, Classified, DemandTarget, Operation, Support};
use crate::s3::{Address, ErrorCode, ObjectKey, ObjectToDelete, RequestHead, S3Error};

/// What a request is judged by: one moment of the policies, one sender, one set of facts.
pub(super) struct Judge {
    in_force: Arc<InForce>,
    sender: Sender,
    permission: Permission,
    facts: Facts,
}

impl Judge {
    /// # Errors
    /// See [`Facts::of`].
    pub(super) fn new(
        authenticated: &Authenticated,
        classified: &Classified,
        in_force: Arc<InForce>,
        standing: Standing,
        now: jiff::Timestamp,
    ) -> Result<Self, S3Error> {
        let Standing { permission, groups } = standing;
        let facts = Facts::of(authenticated, classified, now, groups)?;
        Ok(Self { in_force, sender: authenticated.sender().clone(), permission, facts })
    }

    pub(super) fn facts(&self) -> &Facts {
        &self.facts
    }

    pub(super) fn facts_mut(&mut self) -> &mut Facts {
        &mut self.facts
    }

    pub(super) fn in_force(&self) -> &Arc<InForce> {
        &self.in_force
    }

    pub(super) fn sender(&self) -> &Sender {
        &self.sender
    }

    pub(super) fn permission(&self) -> Permission {
        self.permission
    }

    /// Judges by what is in force now: for a request that was long on its way, or changed it.
    pub(super) fn renew(&mut self, in_force: Arc<InForce>) {
        self.in_force = in_force;
    }

    /// Judges every action of a request before its body is read. What only the body can tell is left to
    /// [`by_body`](Self::by_body): a denial that the body could turn, and each object that it names.
    ///
    /// # Errors
    /// The first denial.
    pub(super) fn by_head(
        &self,
        head: &RequestHead,
        classified: &Classified,
        record: &mut Record,
    ) -> Result<(), Refusal> {
        self.each(head, classified, &classified.demands, waits_for_body(classified), record)
    }

    /// Judges every action of a request whose document is read, but for the objects that it names: those are
    /// for [`part_batch`](Self::part_batch).
    ///
    /// # Errors
    /// The first denial.
    pub(super) fn by_body(
        &self,
        head: &RequestHead,
        classified: &Classified,
        record: &mut Record,
    ) -> Result<(), Refusal> {
        let of_request = classified.demands.iter().filter(|(_, on)| *on != DemandTarget::EachObjectInBody);
        self.each(head, classified, of_request, false, record)
    }

    /// Judges each of `demands`. While the request `waits` for its body, a denial that the body could turn is
    /// passed over and nothing is decided yet.
    fn each<'d>(
        &self,
        head: &RequestHead,
        classified: &Classified,
        demands: impl IntoIterator<Item = &'d (Action, DemandTarget)>,
        waits: bool,
        record: &mut Record,
    ) -> Result<(), Refusal> {
        let mut context = self.facts.context(head, &self.sender);
        let mut asked = Asked::begin(self);
        let mut first = None;
        for (action, on) in demands {
            let version = match on {
                DemandTarget::CopySource(source) => source.version_id.as_deref(),
                _ => classified.version_id.as_deref(),
            };
            set_version(&mut context, version);
            let resource = resource(on, &head.address);
            let judged = self.judge((*action).into(), resource, &context);
            asked.ask((*action).into(), resource, version, judged.is_ok());
            match judged {
                Ok(allowed) => first = first.or(Some(allowed)),
                Err(denial) if waits && body_may_turn(&denial, on) => {}
                Err(_) if matches!(on, DemandTarget::CopySource(_)) && check_is_off("copy_source_judged") => {}
                Err(denial) => {
                    record.decided(asked.denied(&denial, &context));
                    return Err(self.refusal(&denial, resource));
                }
            }
        }
        if !waits {
            record.decided(asked.allowed(first.as_ref(), &context));
        }
        Ok(())
    }

    /// Parts a batch into the objects that may go and those that may not. Every object is judged, each with
    /// all that the request demands of it.
    pub(super) fn part_batch(
        &self,
        head: &RequestHead,
        classified: &Classified,
        objects: Vec<ObjectToDelete>,
        record: &mut Record,
    ) -> (Vec<ObjectToDelete>, Vec<ObjectToDelete>) {
        let bucket = bucket(&head.address);
        let mut asked = Asked::begin(self);
        let mut denied: Option<Denial> = None;
        let mut last = None;
        let mut parted = (Vec::with_capacity(objects.len()), Vec::new());
        let mut context = self.facts.context(head, &self.sender);
        // No backend compares the objects of a batch with a header: each has its own conditions, or none.
        context.set(FixedKey::IfMatch, Value::Absent);
        context.set(FixedKey::IfNoneMatch, Value::Absent);
        for object in objects {
            let mut of_object = context.clone();
            set_version(&mut of_object, object.version_id.as_deref());
            if let Some(etag) = &object.etag {
                of_object.set(FixedKey::IfMatch, Value::Text(etag));
            }
            let resource = Resource::Object { bucket, key: object.key.as_str() };
            let mut may = true;
            for (action, on) in &classified.demands {
                if *on != DemandTarget::EachObjectInBody {
                    continue;
                }
                for action in actions_on(*action, &object) {
                    let judged = self.judge(action.into(), resource, &of_object);
                    asked.ask(action.into(), resource, object.version_id.as_deref(), judged.is_ok());
                    match judged {
                        Ok(allowed) => last = Some(allowed),
                        Err(denial) => {
                            may = false;
                            denied = denied.or(Some(denial));
                        }
                    }
                }
            }
            if may || check_is_off("batch_per_key") {
                parted.0.push(object);
            } else {
                parted.1.push(object);
            }
        }
        record.decided(match &denied {
            Some(denial) => asked.denied(denial, &context),
            None => asked.allowed(last.as_ref(), &context),
        });
        parted
    }

    /// Whether the sender may know that an object is not in `bucket`: who may list it may.
    pub(super) fn may_know_what_is_missing(&self, head: &RequestHead, bucket: &str) -> bool {
        let context = self.facts.context(head, &self.sender);
        check_is_off("missing_is_forbidden")
            || self.judge(Action::ListBucket.into(), Resource::Bucket(bucket), &context).is_ok()
    }

    /// Judges one action that only a document or the backend's answer asks for.
    ///
    /// # Errors
    /// The refusal.
    pub(super) fn also(
        &self,
        head: &RequestHead,
        action: Action,
        resource: Resource<'_>,
        record: &mut Record,
    ) -> Result<(), Refusal> {
        let context = self.facts.context(head, &self.sender);
        let judged = self.judge(action.into(), resource, &context);
        record.demanded(demand(action.into(), resource, None, judged.is_ok()));
        judged.map(drop).map_err(|denial| {
            record.overruled(layer(&denial), denial.statement().cloned());
            self.refusal(&denial, resource)
        })
    }

    fn judge(&self, action: PolicyAction, resource: Resource<'_>, context: &Context<'_>) -> Result<Allowed, Denial> {
        self.in_force.judge(&self.sender.claim(self.permission), action, resource, context)
    }

    /// See [`Sender::is_told_why`].
    fn refusal(&self, denial: &Denial, resource: Resource<'_>) -> Refusal {
        let who = format!(
            "User: {} is not authorized to perform: {} on resource: \"{resource}\"",
            self.sender.arn().unwrap_or("anonymous"),
            denial.action
        );
        let shown =
            if self.sender.is_told_why() { format!("{who} {}", denial.told()) } else { "Access Denied".to_owned() };
        Refusal::because(S3Error::new(ErrorCode::AccessDenied, shown), format!("{who} {denial}"))
    }
}

/// Whether what the body says can change the verdict.
fn waits_for_body(classified: &Classified) -> bool {
    classified.row.support == Support::Forwarded
        && matches!(
            classified.operation,
            Operation::CreateBucket
                | Operation::DeleteObjects
                | Operation::PutObjectLegalHold
                | Operation::PutObjectRetention
                | Operation::PutObjectTagging
        )
}

/// What deleting one object takes, for one action that the batch demands: another one for a version, and
/// reading it where the answer would tell what is stored.
fn actions_on(action: Action, object: &ObjectToDelete) -> impl Iterator<Item = Action> {
    let deletes = action == Action::DeleteObject;
    let named = object.etag.as_deref().is_some_and(|etag| etag != "*");
    let compares = deletes && (named || object.last_modified_time.is_some() || object.size.is_some());
    let read = if object.version_id.is_some() { Action::GetObjectVersion } else { Action::GetObject };
    let action = if deletes { object.action() } else { action };
    std::iter::once(action).chain(compares.then_some(read))
}

fn set_version<'a>(context: &mut Context<'a>, version: Option<&'a str>) {
    context.set(FixedKey::VersionId, version.map_or(Value::Absent, Value::Text));
}

/// Whether a denial that is given before the body is read may be none after that. No body makes a key
/// wider, and only bucket policies have conditions.
fn body_may_turn(denial: &Denial, on: &DemandTarget) -> bool {
    match denial.cause {
        DenialCause::Permission { .. } | DenialCause::Ceiling { .. } | DenialCause::TakesIdentity => false,
        DenialCause::BucketPolicyDenies(_) | DenialCause::BucketPolicyDoesNotAllow => true,
        _ => *on == DemandTarget::EachObjectInBody,
    }
}

/// What a demand is judged on. An object that the body names is judged by [`Judge::part_batch`]; before that
/// it stands for any, which says nothing but whether the key is wide enough.
fn resource<'a>(on: &'a DemandTarget, address: &'a Address) -> Resource<'a> {
    let bucket = bucket(address);
    match on {
        DemandTarget::Bucket => Resource::Bucket(bucket),
        DemandTarget::CopySource(source) => {
            Resource::Object { bucket: source.bucket.as_str(), key: source.key.as_str() }
        }
        DemandTarget::EachObjectInBody => Resource::Object { bucket, key: "*" },
        DemandTarget::Object => Resource::Object { bucket, key: address.key().map_or("", ObjectKey::as_str) },
        DemandTarget::Service => Resource::Any,
    }
}

fn bucket(address: &Address) -> &str {
    address.bucket().map_or("", |bucket| bucket.as_str())
}

/// One thing that was asked, for the record.
fn demand(action: PolicyAction, resource: Resource<'_>, version: Option<&str>, allowed: bool) -> JudgedDemand {
    JudgedDemand {
        action: action.name().into(),
        resource: resource_name(resource),
        version_id: version.map(str::to_owned),
        allowed,
    }
}

/// What denies, for the record.
fn layer(denial: &Denial) -> &'static str {
    match &denial.cause {
        DenialCause::Permission { .. } | DenialCause::TakesIdentity => "permission",
        DenialCause::Ceiling { .. } => "ceiling",
        DenialCause::NoOrganizationPolicyAllows | DenialCause::OrganizationPolicyDenies(_) => "organization policy",
        DenialCause::BucketPolicyDenies(_)
        | DenialCause::BucketPolicyDoesNotAllow
        | DenialCause::BucketPolicyUnreadable => "bucket policy",
        DenialCause::PublicAccessBlocked => "public access block",
    }
}

/// What was asked, for the record; nothing, if nobody reads it.
struct Asked<'a> {
    judge: &'a Judge,
    demands: Option<Vec<JudgedDemand>>,
}

impl<'a> Asked<'a> {
    fn begin(judge: &'a Judge) -> Self {
        Self { judge, demands: Decision::is_wanted().then(Vec::new) }
    }

    fn ask(&mut self, action: PolicyAction, resource: Resource<'_>, version: Option<&str>, allowed: bool) {
        if let Some(demands) = &mut self.demands {
            demands.push(demand(action, resource, version, allowed));
        }
    }

    fn allowed(self, by: Option<&Allowed>, context: &Context<'_>) -> Option<Decision> {
        let of_bucket = by.and_then(Allowed::bucket);
        let layer = if of_bucket.is_some() { "bucket policy" } else { "organization policy" };
        let statement = of_bucket.or(by.and_then(Allowed::organization)).cloned();
        self.decided(true, layer, statement, context)
    }

    fn denied(self, denial: &Denial, context: &Context<'_>) -> Option<Decision> {
        self.decided(false, layer(denial), denial.statement().cloned(), context)
    }

    fn decided(
        self,
        allowed: bool,
        layer: &'static str,
        statement: Option<StatementName>,
        context: &Context<'_>,
    ) -> Option<Decision> {
        let Judge { sender, permission, .. } = self.judge;
        let demands = self.demands?;
        let context = context.to_json(sender.organization(), |key, text| match key {
            // Each demand has its own.
            FixedKey::VersionId => None,
            // The address of a page may carry a signature or a token in its query, which nobody's log is to hold.
            FixedKey::Referer => text.split(['?', '#']).next(),
            _ => Some(text),
        });
        let (principal, permission) = (sender.principal().cloned(), *permission);
        Some(Decision { allowed, layer, statement, principal, permission, demands, context })
    }
}
