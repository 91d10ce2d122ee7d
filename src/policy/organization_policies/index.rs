//! Finds the statements whose pattern matches a text without trying every pattern: exact texts by hash,
//! beginnings by binary search, and of the other patterns only those whose beginning fits.

use std::collections::{BTreeMap, HashMap};

use crate::policy::pattern::{Pattern, Shape};

/// A set of numbers of statements: the words of its bit set that are not zero, in order.
#[derive(Clone, Debug, Default)]
pub(super) struct Numbers(Vec<(u32, u64)>);

/// No number.
pub(super) static NONE: Numbers = Numbers(Vec::new());

/// Patterns, each with the numbers of the statements that have it.
#[derive(Debug, Default)]
pub(super) struct Index {
    every: Numbers,
    exact: HashMap<Box<[u8]>, Numbers>,
    // Sorted by text, so that the beginnings of a text are found by one binary search.
    beginnings: Vec<Beginning>,
    unfinished: BTreeMap<Box<[u8]>, Unfinished>,
}

/// What was found for a text.
#[derive(Clone, Copy)]
pub(super) struct Found<'a> {
    index: &'a Index,
    exact: &'a Numbers,
    longest: Option<&'a Beginning>,
}

#[derive(Debug)]
struct Beginning {
    text: Box<[u8]>,
    /// The longest other one that this one begins with.
    parent: Option<usize>,
    /// Of the patterns that match whatever begins so, those of all parents included.
    whole: Numbers,
    /// The patterns that begin so and have to be tried.
    to_try: Vec<(Pattern, Numbers)>,
    /// The nearest parent that has some of those.
    next_to_try: Option<usize>,
}

#[derive(Debug, Default)]
struct Unfinished {
    whole: Numbers,
    to_try: Vec<(Pattern, Numbers)>,
}

impl Numbers {
    /// Adds a number, the largest so far or the last one again.
    pub(super) fn insert(&mut self, number: usize) {
        let at = u32::try_from(number / 64).expect("statements are counted in memory, far below 2^38");
        let bit = 1 << (number % 64);
        match self.0.last_mut() {
            Some((last, word)) if *last == at => *word |= bit,
            _ => self.0.push((at, bit)),
        }
    }

    /// The words that are not zero, each with its position.
    pub(super) fn words(&self) -> impl Iterator<Item = (u32, u64)> {
        self.0.iter().copied()
    }

    /// The word at a position.
    pub(super) fn word(&self, at: u32) -> u64 {
        // In a set without gaps a word stands at its own position.
        match self.0.get(at as usize) {
            Some((found, word)) if *found == at => *word,
            _ if self.0.is_empty() => 0,
            _ => self.0.binary_search_by_key(&at, |(found, _)| *found).map_or(0, |found| self.0[found].1),
        }
    }

    /// Adds the numbers of another set.
    fn merge(&mut self, other: &Self) {
        let mut words: BTreeMap<u32, u64> = self.words().collect();
        for (at, word) in other.words() {
            *words.entry(at).or_default() |= word;
        }
        self.0 = words.into_iter().collect();
    }
}

impl Index {
    /// Adds a statement that every text matches. Numbers come in rising order.
    pub(super) fn insert_every(&mut self, number: usize) {
        self.every.insert(number);
    }

    /// Adds a statement that this text matches.
    pub(super) fn insert_exact(&mut self, text: &[u8], number: usize) {
        self.exact.entry(text.into()).or_default().insert(number);
    }

    /// Adds a statement that every text matches that begins so.
    pub(super) fn insert_prefix(&mut self, text: &[u8], number: usize) {
        self.unfinished.entry(text.into()).or_default().whole.insert(number);
    }

    /// Adds a pattern, once, with its statements.
    pub(super) fn insert(&mut self, pattern: Pattern, numbers: &Numbers) {
        match pattern.shape() {
            Shape::Every => self.every.merge(numbers),
            Shape::Exact(text) => self.exact.entry(text.as_bytes().into()).or_default().merge(numbers),
            Shape::Prefix(text) => {
                self.unfinished.entry(text.as_bytes().into()).or_default().whole.merge(numbers);
            }
            Shape::Other(text) => {
                let text = text.as_bytes().into();
                self.unfinished.entry(text).or_default().to_try.push((pattern, numbers.clone()));
            }
        }
    }

    /// Makes what was added findable. Nothing is added afterwards.
    pub(super) fn finish(&mut self) {
        let mut open: Vec<usize> = Vec::new();
        for (text, Unfinished { mut whole, to_try }) in std::mem::take(&mut self.unfinished) {
            while open.last().is_some_and(|last| !text.starts_with(&self.beginnings[*last].text)) {
                open.pop();
            }
            let parent = open.last().copied();
            let mut next_to_try = None;
            if let Some(number) = parent {
                let parent = &self.beginnings[number];
                whole.merge(&parent.whole);
                next_to_try = if parent.to_try.is_empty() { parent.next_to_try } else { Some(number) };
            }
            open.push(self.beginnings.len());
            self.beginnings.push(Beginning { text, parent, whole, to_try, next_to_try });
        }
    }

    /// What there is for `text`; without a text, only what matches everything.
    pub(super) fn find(&self, text: Option<&[u8]>) -> Found<'_> {
        let Some(text) = text else { return Found { index: self, exact: &NONE, longest: None } };
        Found { index: self, exact: self.exact.get(text).unwrap_or(&NONE), longest: self.longest(text) }
    }

    /// The longest beginning of `text`. It is the last one that does not sort behind `text`, or one of that
    /// one's parents: whatever sorts between a beginning of `text` and `text` begins with it too.
    fn longest(&self, text: &[u8]) -> Option<&Beginning> {
        let behind = self.beginnings.partition_point(|beginning| *beginning.text <= *text);
        let mut nearest = &self.beginnings[behind.checked_sub(1)?];
        let shared = nearest.text.iter().zip(text).take_while(|(one, other)| one == other).count();
        while nearest.text.len() > shared {
            nearest = &self.beginnings[nearest.parent?];
        }
        Some(nearest)
    }
}

impl<'a> Found<'a> {
    /// The sets of statements whose pattern matches.
    pub(super) fn all(self) -> [&'a Numbers; 3] {
        [&self.index.every, self.exact, self.longest.map_or(&NONE, |longest| &longest.whole)]
    }

    /// The same, one by one.
    pub(super) fn sets(self) -> impl Iterator<Item = &'a Numbers> {
        self.all().into_iter()
    }

    /// The patterns that have to be tried, each with its statements.
    pub(super) fn to_try(self) -> impl Iterator<Item = &'a (Pattern, Numbers)> {
        let beginnings = &self.index.beginnings;
        std::iter::successors(self.longest, |beginning| beginning.next_to_try.and_then(|next| beginnings.get(next)))
            .flat_map(|beginning| beginning.to_try.iter())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(index: &Index, text: &str) -> Vec<u32> {
        let found = index.find(Some(text.as_bytes()));
        let tried = found.to_try().filter(|(pattern, _)| pattern.matches(text)).map(|(_, numbers)| numbers);
        let mut all = Numbers::default();
        found.sets().chain(tried).for_each(|numbers| all.merge(numbers));
        all.words()
            .flat_map(|(at, word)| (0..64).filter(move |bit| word >> bit & 1 == 1).map(move |bit| at * 64 + bit))
            .collect()
    }

    #[test]
    fn a_text_finds_the_patterns_that_match_it_and_no_others() {
        let patterns = [
            "*", "a", "ab", "a*", "ab*", "abc*", "abd*", "b*", "a?", "*c", "ab?*d", "abc", "?bc", "a*d", "", "abc?e*",
            "abcd*",
        ];
        let mut index = Index::default();
        for (number, pattern) in patterns.iter().enumerate() {
            let mut numbers = Numbers::default();
            numbers.insert(number * 61);
            index.insert(Pattern::new(pattern), &numbers);
        }
        index.finish();
        for text in ["", "a", "b", "ab", "abc", "abd", "abcd", "abcde", "abce", "c", "bc", "abzzd", "zbc", "abcc"] {
            let expected: Vec<u32> = (0..)
                .zip(patterns)
                .filter(|(_, pattern)| Pattern::new(pattern).matches(text))
                .map(|(number, _)| number * 61)
                .collect();
            assert_eq!(found(&index, text), expected, "{text}");
        }
    }

    #[test]
    fn without_a_text_only_what_matches_everything_is_found() {
        let mut index = Index::default();
        index.insert_every(0);
        index.insert_prefix(b"", 1);
        index.finish();
        let found = index.find(None);
        assert_eq!(found.sets().map(|numbers| numbers.word(0)).fold(0, |all, word| all | word), 1);
        assert_eq!(found.to_try().count(), 0);
    }
}
