//! All organization policies in force, compiled together and found by bucket and principal.

mod index;
#[cfg(test)]
mod tests;

use std::cell::LazyCell;
use std::collections::HashMap;

use index::{Index, Numbers};

use super::action_set::{self, ActionSet};
use super::organization_policy::Meaning;
use super::pattern::{Pairs, Pattern, Shape};
use super::principals::{PrincipalPattern, Principals};
use super::{
    Asker, Considered, Effect, OrganizationPolicy, Outcome, PolicyAction, Question, Resource, StatementName, Verdict,
};
use crate::s3::operation::ResourceKind;

/// The organization policies in force.
///
/// Statements have numbers, in the order of the policies' names and then of the statements. A question is
/// answered by three look-ups, each of which gives sets of these numbers, and the first number in all three.
#[derive(Debug, Default)]
pub struct OrganizationPolicies {
    statements: Vec<Statement>,
    /// For each action, the statements about it.
    by_action: Vec<Numbers>,
    by_principal: Index,
    by_resource: Index,
    anonymous: Numbers,
    denying: Numbers,
    /// The statements that allow to list or read in a bucket.
    showing: Numbers,
}

#[derive(Debug)]
struct Statement {
    name: StatementName,
    effect: Effect,
    actions: ActionSet,
    resources: Vec<Pattern>,
    principals: Principals,
}

impl OrganizationPolicies {
    /// Puts `policies` together.
    #[must_use]
    pub fn compile<'a>(policies: impl IntoIterator<Item = &'a OrganizationPolicy>) -> Self {
        let mut policies: Vec<_> = policies.into_iter().collect();
        policies.sort_by_key(|policy| policy.name());
        let mut compiled = Self { by_action: vec![Numbers::default(); ActionSet::COUNT], ..Self::default() };
        let mut resources: HashMap<Pattern, Numbers> = HashMap::new();
        for policy in policies {
            for written in policy.statements() {
                let meaning = Meaning::of(written, "").expect("a policy that exists was checked when it was read");
                let name = StatementName::new(policy.name().as_str(), &written.name);
                compiled.add(name, written.effect, meaning, &mut resources);
            }
        }
        for (pattern, numbers) in resources {
            compiled.by_resource.insert(pattern, &numbers);
        }
        compiled.by_resource.finish();
        compiled.by_principal.finish();
        compiled
    }

    /// Whether there is none at all.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.statements.is_empty()
    }

    /// What they say. Allocates nothing.
    #[must_use]
    pub fn judge(&self, question: &Question<'_>) -> Verdict {
        let Some(about_action) = self.by_action.get(action_set::position(question.action)) else {
            return Verdict::Silent;
        };
        let who = self.about(question.asker);
        with_name(question.resource, |name| {
            let what = self.by_resource.find(name.map(str::as_bytes));
            let (mut denying, mut allowing) = (None, None);
            let mut consider = |numbers: &Numbers, pattern: Option<&Pattern>| {
                for (at, word) in numbers.words() {
                    let word = word & about_action.word(at) & who.iter().fold(0, |any, set| any | set.word(at));
                    if word == 0 {
                        continue;
                    }
                    if pattern.is_some_and(|pattern| !name.is_some_and(|name| pattern.matches(name))) {
                        return;
                    }
                    let denied = word & self.denying.word(at);
                    lower(&mut denying, at, denied);
                    lower(&mut allowing, at, word & !denied);
                }
            };
            what.sets().for_each(|numbers| consider(numbers, None));
            let pairs = LazyCell::new(|| name.map_or_else(Pairs::default, |name| Pairs::of(name.as_bytes())));
            let fits = |pattern: &Pattern| name.is_some_and(|name| pattern.could_match(name, *pairs));
            let to_try = what.to_try().filter(|(pattern, _)| fits(pattern));
            to_try.for_each(|(pattern, numbers)| consider(numbers, Some(pattern)));
            let name = |number: Option<usize>| number.and_then(|number| self.statements.get(number)).map(|it| &it.name);
            Verdict::of(name(denying), name(allowing))
        })
    }

    /// What each statement of each policy has to do with a question, in the order of the policies.
    #[must_use]
    pub fn explain(&self, question: &Question<'_>) -> Vec<Considered> {
        let considered = self.statements.iter().map(|statement| Considered {
            statement: statement.name.clone(),
            effect: statement.effect,
            outcome: statement.outcome(question),
        });
        considered.collect()
    }

    /// Whether some Allow for a List or Read action could match `bucket` or an object in it, for `asker`.
    #[must_use]
    pub fn may_show(&self, asker: Asker<'_>, bucket: &str) -> bool {
        let who = self.about(asker);
        let candidates = self.showing.words().flat_map(|(at, word)| {
            let word = word & who.iter().fold(0, |any, set| any | set.word(at));
            (0..64).filter(move |bit| word >> bit & 1 == 1).map(move |bit| at as usize * 64 + bit)
        });
        with_name(Resource::Object { bucket, key: "" }, |beginning| {
            let Some(beginning) = beginning.map(str::as_bytes) else { return false };
            let (bucket_shown, objects_shown) =
                (ActionSet::showing(ResourceKind::Bucket), ActionSet::showing(ResourceKind::Object));
            let mut candidates = candidates.filter_map(|number| self.statements.get(number));
            candidates.any(|statement| {
                let shows_bucket = !statement.actions.and(bucket_shown).is_empty();
                let shows_objects = !statement.actions.and(objects_shown).is_empty();
                statement.resources.iter().any(|pattern| {
                    shows_bucket && pattern.matches(bucket) || shows_objects && pattern.may_continue(beginning)
                })
            })
        })
    }

    fn about(&self, asker: Asker<'_>) -> [&Numbers; 3] {
        match asker {
            Asker::Anonymous => [&self.anonymous, &index::NONE, &index::NONE],
            Asker::Principal(principal) => self.by_principal.find(Some(principal.as_str().as_bytes())).all(),
        }
    }

    fn add(
        &mut self,
        name: StatementName,
        effect: Effect,
        meaning: Meaning,
        resources: &mut HashMap<Pattern, Numbers>,
    ) {
        let number = self.statements.len();
        for action in PolicyAction::all().filter(|action| meaning.actions.contains(*action)) {
            self.by_action[action_set::position(action)].insert(number);
        }
        let named = meaning.principals.iter();
        for pattern in named.flat_map(|pattern| [Some(pattern.clone()), pattern.also()]).flatten() {
            match pattern {
                PrincipalPattern::Anonymous => self.anonymous.insert(number),
                PrincipalPattern::Authenticated => self.by_principal.insert_every(number),
                PrincipalPattern::Everybody => {
                    self.anonymous.insert(number);
                    self.by_principal.insert_every(number);
                }
                PrincipalPattern::Exact(name) => self.by_principal.insert_exact(name.as_bytes(), number),
                PrincipalPattern::Nobody => {}
                PrincipalPattern::Prefix(name) => self.by_principal.insert_prefix(name.as_bytes(), number),
            }
        }
        for pattern in &meaning.resources {
            resources.entry(pattern.clone()).or_default().insert(number);
        }
        let shown = ActionSet::showing(ResourceKind::Bucket).or(ActionSet::showing(ResourceKind::Object));
        match effect {
            Effect::Deny => self.denying.insert(number),
            Effect::Allow if !meaning.actions.and(shown).is_empty() => self.showing.insert(number),
            Effect::Allow => {}
        }
        self.statements.push(Statement {
            name,
            effect,
            actions: meaning.actions,
            resources: meaning.resources,
            principals: Principals::new(meaning.principals),
        });
    }
}

impl Statement {
    fn outcome(&self, question: &Question<'_>) -> Outcome {
        if !self.principals.contains(question.asker) {
            return Outcome::OtherPrincipal;
        }
        if !self.actions.contains(question.action) {
            return Outcome::OtherAction;
        }
        let covers = |pattern: &Pattern, name: Option<&str>| match name {
            Some(name) => pattern.matches(name),
            None => pattern.shape() == Shape::Every,
        };
        let is_covered =
            with_name(question.resource, |name| self.resources.iter().any(|pattern| covers(pattern, name)));
        if is_covered { Outcome::Matches } else { Outcome::OtherResource }
    }
}

/// Hands on the name of a resource as patterns see it: `bucket` or `bucket/key`. What is about nothing in
/// particular has none.
fn with_name<T>(resource: Resource<'_>, then: impl FnOnce(Option<&str>) -> T) -> T {
    let (bucket, key) = match resource {
        Resource::Any => return then(None),
        Resource::Bucket(bucket) => return then(Some(bucket)),
        Resource::Object { bucket, key } => (bucket, key),
    };
    let length = bucket.len() + 1 + key.len();
    let mut room = [0; ROOM];
    let joined = room.get_mut(..length).and_then(|name| {
        name[..bucket.len()].copy_from_slice(bucket.as_bytes());
        name[bucket.len()] = b'/';
        name[bucket.len() + 1..].copy_from_slice(key.as_bytes());
        std::str::from_utf8(name).ok()
    });
    match joined {
        Some(name) => then(Some(name)),
        // No request comes this far with such a name: keys have at most 1024 bytes.
        None => then(Some(&[bucket, "/", key].concat())),
    }
}

/// Lowers `least` to the least number in a word of a set.
fn lower(least: &mut Option<usize>, at: u32, word: u64) {
    if word != 0 {
        let number = at as usize * 64 + word.trailing_zeros() as usize;
        *least = Some(least.map_or(number, |before| before.min(number)));
    }
}

/// Room for the longest name of a bucket, a slash and the longest key.
const ROOM: usize = 256 + 1024;
