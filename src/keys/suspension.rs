//! Who is suspended, in memory: read at every request, changed rarely.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use arc_swap::ArcSwap;
use jiff::Timestamp;

use crate::identity::Principal;
use crate::store::Revision;

/// What is known of principals. News may come twice and out of order (our own commit, the watch, a
/// listing); the greater revision wins.
#[derive(Default)]
pub(super) struct Suspensions {
    known: ArcSwap<HashMap<Principal, Known>>,
    /// Held while `known` is replaced.
    change: Mutex<()>,
}

#[derive(Clone, Copy)]
struct Known {
    revision: Revision,
    suspended_since: Option<Timestamp>,
}

impl Suspensions {
    /// Since when `principal` is suspended; `None` if it is not.
    pub(super) fn since(&self, principal: &Principal) -> Option<Timestamp> {
        self.known.load().get(principal)?.suspended_since
    }

    /// Takes in what the commit `revision` said of `principal`.
    pub(super) fn learn(&self, principal: Principal, revision: Revision, suspended_since: Option<Timestamp>) {
        self.learn_all([(principal, revision, suspended_since)], Revision(0));
    }

    /// Takes in a listing. Principals that it lacks are forgotten, unless something newer than
    /// `listed_after` is known of them.
    pub(super) fn learn_all(
        &self,
        listing: impl IntoIterator<Item = (Principal, Revision, Option<Timestamp>)>,
        listed_after: Revision,
    ) {
        // A panic while it is held leaves the old map in place, whole.
        let _change = self.change.lock().unwrap_or_else(PoisonError::into_inner);
        let old = self.known.load_full();
        let mut new: HashMap<_, _> = if listed_after == Revision(0) {
            (*old).clone()
        } else {
            old.iter()
                .filter(|(_, known)| known.revision > listed_after)
                .map(|(p, known)| (p.clone(), *known))
                .collect()
        };
        for (principal, revision, suspended_since) in listing {
            let known = new.entry(principal).or_insert(Known { revision, suspended_since });
            if revision >= known.revision {
                *known = Known { revision, suspended_since };
            }
        }
        self.known.store(Arc::new(new));
    }

    /// The newest commit that anything here comes from.
    pub(super) fn newest(&self) -> Revision {
        self.known.load().values().map(|known| known.revision).max().unwrap_or_default()
    }
}
