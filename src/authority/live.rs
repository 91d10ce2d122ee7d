//! Keeps [`InForce`] as the store has it: takes in news of records, and replaces what a record changes. The
//! organization policies are compiled anew only when one of them changes.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use arc_swap::ArcSwapOption;
use bytes::Bytes;

use super::ceiling::Ceilings;
use super::records::Entry;
use super::{AuthorityError, BucketRules, InForce, OrganizationSettings, PolicyInForce, PolicyOrigin};
use crate::config::PolicyFile;
use crate::fault;
use crate::identity::OrganizationId;
use crate::policy::{OrganizationPolicies, PolicyName};
use crate::store::{BUCKETS, Change, Mirror, POLICIES, RecordKey, Revision, Versioned};

/// The holder of what is in force.
pub(super) struct Live {
    organization: OrganizationId,
    files: Vec<PolicyInForce>,
    /// Held while something changes, so that all see changes in one order.
    state: Mutex<State>,
    /// `None` while it is not known.
    in_force: ArcSwapOption<InForce>,
}

struct State {
    mirror: Mirror<Entry>,
    /// What the records say, as far as they can be understood.
    last_known: Arc<InForce>,
    /// Why the organization policies are not known, if they are not.
    unreadable: Option<AuthorityError>,
    /// Whether news of the store arrive.
    following: bool,
    /// Whether they ever did.
    started: bool,
}

impl Live {
    /// Nothing is in force before [`set_following`](Self::set_following).
    pub(super) fn new(organization: OrganizationId, ceilings: Ceilings, files: Vec<PolicyFile>) -> Self {
        let files: Vec<_> = files
            .into_iter()
            .map(|PolicyFile { path, policy }| PolicyInForce {
                policy: Arc::new(policy),
                origin: PolicyOrigin::File(path),
            })
            .collect();
        let last_known = InForce {
            ceilings,
            organization: Arc::new(OrganizationPolicies::default()),
            policies: Vec::new().into(),
            buckets: HashMap::new(),
            settings: Ok(OrganizationSettings::default()),
        };
        let mut state = State {
            mirror: Mirror::default(),
            last_known: Arc::new(last_known),
            unreadable: None,
            following: false,
            started: false,
        };
        state.compile(&files);
        Self { organization, files, state: Mutex::new(state), in_force: ArcSwapOption::empty() }
    }

    pub(super) fn in_force(&self) -> Option<Arc<InForce>> {
        self.in_force.load_full()
    }

    /// Whether what is in force may be relied on: news of the store arrive.
    pub(super) fn set_following(&self, following: bool) {
        let mut state = self.change();
        state.following = following;
        state.started |= following;
        self.publish(&state);
    }

    /// The file that holds the policy called `name`.
    pub(super) fn file_of(&self, name: &PolicyName) -> Option<&PolicyInForce> {
        self.files.iter().find(|file| file.policy.name() == name)
    }

    /// Why a server could not start with these: a policy that cannot be understood, or one that has the name
    /// of a file's.
    pub(super) fn unfit_to_start(&self) -> Option<AuthorityError> {
        let state = self.change();
        let in_store = |name: &PolicyName| {
            RecordKey::for_policy(name.as_str()).is_some_and(|key| state.mirror.get(&key).is_some())
        };
        let taken = || {
            self.files.iter().find_map(|PolicyInForce { policy, origin }| match origin {
                PolicyOrigin::File(file) if in_store(policy.name()) => {
                    Some(AuthorityError::NameTaken { name: policy.name().clone(), file: file.clone() })
                }
                _ => None,
            })
        };
        state.unreadable.clone().or_else(taken)
    }

    /// The newest commit that is known of.
    pub(super) fn newest(&self) -> Revision {
        self.change().mirror.newest()
    }

    /// Takes in what the commit `revision` said of a record; `None`: it was removed. It is in force when
    /// this returns.
    pub(super) fn learn(&self, key: RecordKey, revision: Revision, value: Option<Bytes>) {
        self.learn_each(vec![Change { key, revision, value }]);
    }

    /// Takes in changes of some records, and puts them in force in one step.
    pub(super) fn learn_each(&self, changes: Vec<Change>) {
        let state = self.change();
        let news: Vec<_> =
            changes.into_iter().filter(|change| state.mirror.is_news(&change.key, change.revision)).collect();
        drop(state);
        // Read while nobody waits for the lock.
        let read = |Change { key, revision, value }: Change| {
            let entry = value.and_then(|value| Entry::read(&key, &value, &self.organization));
            (key, revision, entry)
        };
        let news: Vec<_> = news.into_iter().map(read).collect();
        let mut state = self.change();
        let mut changed = Vec::new();
        for (key, revision, entry) in news {
            if state.mirror.learn(key.clone(), revision, |_| entry) {
                changed.push(key);
            }
        }
        if changed.is_empty() {
            return;
        }
        let (policies, others): (Vec<_>, Vec<_>) =
            changed.into_iter().partition(|key| key.as_str().starts_with(POLICIES));
        if !policies.is_empty() {
            for key in &policies {
                self.warn_of_taken_name(&state, key);
            }
            state.compile(&self.files);
        }
        if !others.is_empty() {
            state.renew_buckets(&others);
            state.settle();
        }
        self.publish(&state);
    }

    /// Takes in a listing of all records, begun when [`newest`](Self::newest) was `listed_after`.
    pub(super) fn learn_all(&self, listing: Vec<(RecordKey, Versioned)>, listed_after: Revision) {
        let read = |(key, Versioned { revision, value, .. }): (RecordKey, Versioned)| {
            let entry = Entry::read(&key, &value, &self.organization);
            (key, revision, entry)
        };
        let listing = listing.into_iter().map(read).collect();
        let mut state = self.change();
        state.mirror.learn_all(listing, listed_after, |entry, _| entry);
        for key in self.files.iter().filter_map(|file| RecordKey::for_policy(file.policy.name().as_str())) {
            self.warn_of_taken_name(&state, &key);
        }
        state.compile(&self.files);
        state.settle();
        let buckets = state.mirror.iter().filter_map(|(key, entry)| {
            Some((Arc::from(key.as_str().strip_prefix(BUCKETS)?), Arc::clone(entry.bucket()?)))
        });
        let buckets = buckets.collect();
        state.last_known = Arc::new(InForce { buckets, ..InForce::clone(&state.last_known) });
        self.publish(&state);
    }

    fn warn_of_taken_name(&self, state: &State, key: &RecordKey) {
        // A start says so itself, and ends.
        if !state.started {
            return;
        }
        let Some(Entry::Policy(Ok(policy))) = state.mirror.get(key) else { return };
        if let Some(PolicyInForce { origin: PolicyOrigin::File(file), .. }) = self.file_of(policy.name()) {
            tracing::error!(
                policy = %policy.name(),
                file = %file.display(),
                "the store has a policy with the name of a file's: both are in force, and the next start will be refused"
            );
        }
    }

    fn change(&self) -> MutexGuard<'_, State> {
        // Each change builds first and stores then: a panic leaves what was there, whole.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn publish(&self, state: &State) {
        let known = state.following && state.unreadable.is_none() || fault::check_is_off("policy_not_current");
        self.in_force.store(known.then(|| Arc::clone(&state.last_known)));
    }
}

impl State {
    /// Puts together the organization policies of files and store.
    fn compile(&mut self, files: &[PolicyInForce]) {
        let mut policies = files.to_vec();
        self.unreadable = None;
        for entry in self.mirror.values() {
            match entry {
                Entry::Policy(Ok(policy)) => {
                    policies.push(PolicyInForce { policy: Arc::clone(policy), origin: PolicyOrigin::Store });
                }
                Entry::Policy(Err(error)) => self.unreadable = Some(error.clone()),
                Entry::Bucket(_) | Entry::Settings(_) => {}
            }
        }
        policies.sort_by(|a, b| a.policy.name().cmp(b.policy.name()));
        let organization = OrganizationPolicies::compile(policies.iter().map(|entry| &*entry.policy));
        self.last_known = Arc::new(InForce {
            organization: Arc::new(organization),
            policies: policies.into(),
            ..InForce::clone(&self.last_known)
        });
    }

    /// Takes what is kept about buckets from those of their records that changed.
    fn renew_buckets(&mut self, changed: &[RecordKey]) {
        let mut next = InForce::clone(&self.last_known);
        for key in changed {
            let Some(bucket) = key.as_str().strip_prefix(BUCKETS) else { continue };
            match self.mirror.get(key).and_then(Entry::bucket) {
                Some(rules) => next.buckets.insert(bucket.into(), Arc::clone(rules)),
                None => next.buckets.remove(bucket),
            };
        }
        self.last_known = Arc::new(next);
    }

    /// Takes the settings of the organization from their record.
    fn settle(&mut self) {
        let settings = match self.mirror.get(&RecordKey::for_organization_settings()) {
            Some(Entry::Settings(settings)) => settings.clone(),
            _ => Ok(OrganizationSettings::default()),
        };
        self.last_known = Arc::new(InForce { settings, ..InForce::clone(&self.last_known) });
    }
}

impl Entry {
    fn bucket(&self) -> Option<&Arc<BucketRules>> {
        match self {
            Self::Bucket(rules) => Some(rules),
            Self::Policy(_) | Self::Settings(_) => None,
        }
    }
}
