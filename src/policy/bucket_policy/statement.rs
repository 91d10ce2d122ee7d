//! One statement of a bucket policy, compiled, and whether it is about a question.

use super::resource::Resources;
use super::{Asker, Effect, Outcome, Question};
use crate::policy::StatementName;
use crate::policy::action_set::ActionSet;
use crate::policy::condition::{Condition, Conditions};
use crate::policy::principals::Principals;
use crate::s3::operation::ResourceKind;

#[derive(Debug)]
pub(super) struct Statement {
    pub(super) name: StatementName,
    pub(super) effect: Effect,
    pub(super) principals: Listed<Principals>,
    pub(super) actions: Listed<ActionSet>,
    pub(super) resources: Listed<Resources>,
    pub(super) conditions: Conditions,
}

/// What an element lists: as `Action` does, or as `NotAction` does, which means everything else.
#[derive(Debug)]
pub(super) struct Listed<T> {
    pub(super) what: T,
    pub(super) form: Form,
}

/// The two forms of an element.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Form {
    /// `NotPrincipal`, `NotAction`, `NotResource`: all but what is listed.
    AllBut,
    /// What is listed.
    These,
}

/// The first part of a statement that does not match.
enum Other<'a> {
    Action,
    Condition(&'a Condition),
    Principal,
    Resource,
}

impl<T> Listed<T> {
    /// Whether something is meant, given whether it is listed.
    fn means(&self, is_listed: bool) -> bool {
        match self.form {
            Form::AllBut if !crate::fault::check_is_off("not_forms") => !is_listed,
            Form::AllBut | Form::These => is_listed,
        }
    }
}

impl Statement {
    /// Whether all of it matches. Allocates nothing.
    pub(super) fn matches(&self, question: &Question<'_>, bucket: &str) -> bool {
        self.other(question, bucket).is_none()
    }

    /// The same, for people.
    pub(super) fn outcome(&self, question: &Question<'_>, bucket: &str) -> Outcome {
        match self.other(question, bucket) {
            None => Outcome::Matches,
            Some(Other::Action) => Outcome::OtherAction,
            Some(Other::Condition(condition)) => {
                Outcome::OtherCondition { operator: condition.operator().to_owned(), key: condition.key().to_owned() }
            }
            Some(Other::Principal) => Outcome::OtherPrincipal,
            Some(Other::Resource) => Outcome::OtherResource,
        }
    }

    /// Whether its List and Read actions could match something for `asker`, whatever the conditions.
    pub(super) fn may_show(&self, asker: Asker<'_>) -> bool {
        let shows = |kind| !self.meant_actions().and(ActionSet::showing(kind)).is_empty();
        let resources = &self.resources.what;
        let (bucket, objects) = match self.resources.form {
            Form::These => (resources.include_bucket(), resources.include_an_object()),
            Form::AllBut => (!resources.include_bucket(), !resources.include_all_objects()),
        };
        self.is_about(asker) && (bucket && shows(ResourceKind::Bucket) || objects && shows(ResourceKind::Object))
    }

    fn other<'s>(&'s self, question: &Question<'_>, bucket: &str) -> Option<Other<'s>> {
        if !self.is_about(question.asker) {
            return Some(Other::Principal);
        }
        if !self.actions.means(self.actions.what.contains(question.action)) {
            return Some(Other::Action);
        }
        if !self.resources.means(self.resources.what.contain(question.resource, bucket, question.context)) {
            return Some(Other::Resource);
        }
        self.conditions.unmet(question.context).map(Other::Condition)
    }

    /// Whether `asker` is meant. Who proved nothing is let in by `*` only: everybody but some is not written
    /// to mean nobody.
    fn is_about(&self, asker: Asker<'_>) -> bool {
        let by_exclusion = (self.effect, self.principals.form) == (Effect::Allow, Form::AllBut);
        let left_out = asker == Asker::Anonymous && by_exclusion && !crate::fault::check_is_off("anonymous_by_name");
        self.principals.means(self.principals.what.contains(asker)) && !left_out
    }

    fn meant_actions(&self) -> ActionSet {
        ActionSet::of(|action| self.actions.means(self.actions.what.contains(action)))
    }
}
