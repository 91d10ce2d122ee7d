//! What some records say, in memory, for those who follow the store. News may come twice and out of order
//! (one's own commit, the watch, a listing); the greater revision wins.

use std::collections::{HashMap, HashSet};

use super::{KeyStore, RecordKey, Revision, StoreError, Versioned};

/// Records and what was made of them.
#[derive(Clone, Debug)]
pub struct Mirror<T> {
    known: HashMap<RecordKey, Known<T>>,
    /// The last listing has everything up to here: news from before it is old.
    listed: Revision,
}

/// What the commit `revision` said of a record. One that was removed leaves a trace, so that older news
/// does not bring it back.
#[derive(Clone, Debug)]
struct Known<T> {
    revision: Revision,
    value: Option<T>,
}

impl<T> Default for Mirror<T> {
    fn default() -> Self {
        Self { known: HashMap::new(), listed: Revision(0) }
    }
}

impl<T> Mirror<T> {
    /// Whether the commit `revision` says something new of a record. The same revision says the same.
    #[must_use]
    pub fn is_news(&self, key: &RecordKey, revision: Revision) -> bool {
        revision > self.listed && self.is_newer(key, revision)
    }

    /// Takes in what the commit `revision` said of a record, if it is news. `make` is given what was made
    /// of the record before, and returns `None` if the record was removed or is of no interest.
    pub fn learn(&mut self, key: RecordKey, revision: Revision, make: impl FnOnce(Option<&T>) -> Option<T>) -> bool {
        let news = self.is_news(&key, revision);
        if news {
            self.put(key, revision, make);
        }
        news
    }

    /// Takes in a listing that began when [`newest`](Self::newest) was `listed_after`. Records that it lacks
    /// are forgotten, unless something newer than that is known of them.
    pub fn learn_all<S>(
        &mut self,
        listing: Vec<(RecordKey, Revision, S)>,
        listed_after: Revision,
        mut make: impl FnMut(S, Option<&T>) -> Option<T>,
    ) {
        let listed: HashSet<&RecordKey> = listing.iter().map(|(key, ..)| key).collect();
        self.known.retain(|key, known| known.revision > listed_after || listed.contains(key));
        self.listed = self.listed.max(listed_after);
        for (key, revision, stored) in listing {
            if self.is_newer(&key, revision) {
                self.put(key, revision, |before| make(stored, before));
            }
        }
    }

    /// The newest commit that anything here comes from.
    #[must_use]
    pub fn newest(&self) -> Revision {
        self.known.values().map(|known| known.revision).max().unwrap_or_default().max(self.listed)
    }

    /// What was made of a record, if there is one.
    #[must_use]
    pub fn get(&self, key: &RecordKey) -> Option<&T> {
        self.known.get(key)?.value.as_ref()
    }

    /// What was made of all records, in no order.
    pub fn values(&self) -> impl Iterator<Item = &T> {
        self.known.values().filter_map(|known| known.value.as_ref())
    }

    /// All records and what was made of them, in no order.
    pub fn iter(&self) -> impl Iterator<Item = (&RecordKey, &T)> {
        self.known.iter().filter_map(|(key, known)| Some((key, known.value.as_ref()?)))
    }

    fn is_newer(&self, key: &RecordKey, revision: Revision) -> bool {
        self.known.get(key).is_none_or(|known| known.revision < revision)
    }

    fn put(&mut self, key: RecordKey, revision: Revision, make: impl FnOnce(Option<&T>) -> Option<T>) {
        let value = make(self.get(&key));
        self.known.insert(key, Known { revision, value });
    }
}

/// Every record whose name begins with `prefix`, page by page: not all as of one moment.
///
/// # Errors
/// If the store fails.
pub async fn list_all(store: &dyn KeyStore, prefix: &str) -> Result<Vec<(RecordKey, Versioned)>, StoreError> {
    let mut all: Vec<(RecordKey, Versioned)> = Vec::new();
    loop {
        let page = store.list(prefix, all.last().map(|(key, _)| key), PAGE).await?;
        if page.is_empty() {
            return Ok(all);
        }
        all.extend(page);
    }
}

const PAGE: usize = 1000;

#[cfg(test)]
mod tests {
    use super::*;

    fn key(name: &str) -> RecordKey {
        RecordKey::parse(name).unwrap()
    }

    fn sorted(mirror: &Mirror<&'static str>) -> Vec<&'static str> {
        let mut all: Vec<_> = mirror.values().copied().collect();
        all.sort_unstable();
        all
    }

    #[test]
    fn newer_news_wins_in_whatever_order_it_comes() {
        let mut mirror = Mirror::default();
        assert!(mirror.learn(key("a"), Revision(3), |_| Some("third")));
        assert!(!mirror.learn(key("a"), Revision(2), |_| Some("second")));
        assert!(!mirror.learn(key("a"), Revision(3), |_| Some("third again")));
        assert_eq!(sorted(&mirror), ["third"]);
        assert!(mirror.learn(key("a"), Revision(5), |before| {
            assert_eq!(before, Some(&"third"));
            None
        }));
        assert!(!mirror.learn(key("a"), Revision(4), |_| Some("fourth")));
        assert!(sorted(&mirror).is_empty() && mirror.get(&key("a")).is_none());
        assert!(mirror.learn(key("a"), Revision(6), |_| Some("sixth")));
        assert_eq!(mirror.iter().collect::<Vec<_>>(), [(&key("a"), &"sixth")]);
    }

    #[test]
    fn a_listing_replaces_what_is_older_and_nothing_that_is_newer() {
        let mut mirror = Mirror::default();
        mirror.learn(key("a"), Revision(3), |_| Some("third"));
        mirror.learn(key("b"), Revision(9), |_| Some("ninth"));
        mirror.learn_all(Vec::<(_, _, &str)>::new(), Revision(5), |stored, _| Some(stored));
        assert_eq!(sorted(&mirror), ["ninth"]);
        assert!(!mirror.learn(key("a"), Revision(4), |_| Some("late news")), "the listing knew better");
        mirror.learn_all(vec![(key("a"), Revision(4), "fourth")], mirror.newest(), |stored, _| Some(stored));
        assert_eq!(sorted(&mirror), ["fourth"]);
    }
}
