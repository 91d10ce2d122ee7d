//! Text with the wildcards `*` (any text, slashes and nothing included) and `?` (one character), compiled once.

/// A pattern for a whole text. Letters are compared as they are.
#[derive(Clone, Debug, Eq, Hash, PartialEq)]
pub(super) struct Pattern {
    // Runs of `*` are one `*`.
    text: Box<str>,
    /// Where the first wildcard is.
    literal: usize,
    /// What follows the last one.
    tail: usize,
    /// Of what stands between wildcards.
    pairs: Pairs,
}

/// Which pairs of neighbouring bytes a text has, as far as 64 bits tell: each pair has one of them, and
/// shares it with others.
#[derive(Clone, Copy, Debug, Default, Eq, Hash, PartialEq)]
pub(super) struct Pairs(u64);

/// What kind of pattern it is, so that an index can find it without trying it.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Shape<'a> {
    /// `*`: matches everything.
    Every,
    /// No wildcard: matches this text only.
    Exact(&'a str),
    /// Begins with this text; has to be tried.
    Other(&'a str),
    /// One `*` at the end: matches what begins with this text.
    Prefix(&'a str),
}

impl Pattern {
    /// The pattern written as `text`.
    pub(super) fn new(text: &str) -> Self {
        let mut once = String::with_capacity(text.len());
        for character in text.chars() {
            if character != '*' || !once.ends_with('*') {
                once.push(character);
            }
        }
        let literal = once.find(['*', '?']).unwrap_or(once.len());
        let tail = once.rfind(['*', '?']).map_or(0, |last| last + 1);
        let pairs = once.split(['*', '?']).map(|part| Pairs::of(part.as_bytes()));
        let pairs = Pairs(pairs.fold(0, |all, Pairs(some)| all | some));
        Self { text: once.into(), literal, tail, pairs }
    }

    /// Its kind.
    pub(super) fn shape(&self) -> Shape<'_> {
        let (literal, rest) = self.text.split_at(self.literal);
        match rest {
            "" => Shape::Exact(literal),
            "*" if literal.is_empty() => Shape::Every,
            "*" => Shape::Prefix(literal),
            _ => Shape::Other(literal),
        }
    }

    /// Whether `text`, which has `pairs`, has the pairs and the end of what matches: far cheaper than to match.
    pub(super) fn could_match(&self, text: &str, pairs: Pairs) -> bool {
        self.pairs.0 & !pairs.0 == 0 && text.as_bytes().ends_with(&self.text.as_bytes()[self.tail..])
    }

    /// Whether all of `text` matches.
    ///
    /// What stands between two `*`s is looked for once, from the left, and never again: a later find cannot
    /// help what an earlier one could not. Looking for text takes as long as reading it, whatever the text.
    pub(super) fn matches(&self, text: &str) -> bool {
        let mut between = self.text.split('*');
        let first = between.next().unwrap_or_default();
        let Some(last) = between.next_back() else { return without_beginning(text, first) == Some("") };
        let rest = without_beginning(text, first).and_then(|rest| without_end(rest, last));
        rest.and_then(|rest| between.try_fold(rest, after_first)).is_some()
    }

    /// Whether it could match `beginning` with something behind it.
    pub(super) fn may_continue(&self, beginning: &[u8]) -> bool {
        let mut pattern = self.text.bytes();
        let mut read = 0;
        while let Some(found) = beginning.get(read) {
            match pattern.next() {
                Some(b'*') => return true,
                Some(b'?') => read += character_length(*found),
                Some(expected) if expected == *found => read += 1,
                _ => return false,
            }
        }
        pattern.next().is_some()
    }
}

impl Pairs {
    /// Those of `text`.
    pub(super) fn of(text: &[u8]) -> Self {
        let bit = |pair: &[u8]| 1 << ((pair[0].wrapping_mul(37) ^ pair[1].wrapping_mul(11)) % 64);
        Self(text.windows(2).fold(0, |all, pair| all | bit(pair)))
    }
}

/// What is left of `text` behind `segment`, which has no `*`.
fn without_beginning<'t>(text: &'t str, segment: &str) -> Option<&'t str> {
    if !segment.contains('?') {
        return text.strip_prefix(segment);
    }
    let mut characters = text.chars();
    let fits = segment.chars().all(|wanted| characters.next().is_some_and(|found| wanted == '?' || wanted == found));
    fits.then_some(characters.as_str())
}

/// What is left of `text` before `segment`, which has no `*`.
fn without_end<'t>(text: &'t str, segment: &str) -> Option<&'t str> {
    if !segment.contains('?') {
        return text.strip_suffix(segment);
    }
    let mut characters = text.chars();
    let mut wanted = segment.chars().rev();
    let fits = wanted.all(|wanted| characters.next_back().is_some_and(|found| wanted == '?' || wanted == found));
    fits.then_some(characters.as_str())
}

/// What is left of `text` behind the first place where `segment` stands, which has no `*`.
fn after_first<'t>(text: &'t str, segment: &str) -> Option<&'t str> {
    let (start, _) = segment.split_once('?').unwrap_or((segment, ""));
    if start.len() == segment.len() {
        return text.split_once(segment).map(|(_, rest)| rest);
    }
    let mut rest = text;
    loop {
        rest = &rest[rest.find(start)?..];
        if let Some(after) = without_beginning(rest, segment) {
            return Some(after);
        }
        let mut characters = rest.chars();
        characters.next()?;
        rest = characters.as_str();
    }
}

/// How many bytes the character has that begins with `first`.
fn character_length(first: u8) -> usize {
    match first {
        0..=0xBF => 1,
        0xC0..=0xDF => 2,
        0xE0..=0xEF => 3,
        0xF0..=0xFF => 4,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn matches(pattern: &str, text: &str) -> bool {
        Pattern::new(pattern).matches(text)
    }

    fn could_match(pattern: &str, text: &str) -> bool {
        Pattern::new(pattern).could_match(text, Pairs::of(text.as_bytes()))
    }

    #[test]
    fn a_star_is_any_text_and_a_question_mark_one_character() {
        for (pattern, text) in [
            ("*", ""),
            ("*", "a/b"),
            ("**", "a"),
            ("a", "a"),
            ("a*", "a"),
            ("a*", "a/b/c"),
            ("*a", "bca"),
            ("a*c", "ac"),
            ("a*c", "abcbc"),
            ("a?c", "abc"),
            ("a?c", "a/c"),
            ("a?c", "a\u{fc}c"),
            ("??", "\u{1F600}\u{20ac}"),
            ("*?", "a"),
            ("?*", "abc"),
            ("*b*", "abc"),
            ("*ab*ab*", "abab"),
            ("a**b", "ab"),
            ("*\u{fc}", "a\u{fc}"),
        ] {
            assert!(matches(pattern, text), "{pattern} on {text}");
            assert!(could_match(pattern, text), "{pattern} on {text}");
        }
        assert!(!could_match("a*.jpg", "a.png") && !could_match("*/x/*", "a/b/c") && could_match("*/b/*", "a/b/c"));
        for (pattern, text) in [
            ("", "a"),
            ("a", ""),
            ("a", "A"),
            ("a", "ab"),
            ("a*", "ba"),
            ("*a", "ab"),
            ("a?c", "ac"),
            ("a?c", "abbc"),
            ("?", ""),
            ("?", "ab"),
            ("*?", ""),
            ("*ab*ab*", "aab"),
            ("a*b", "abc"),
            ("*??", "\u{20ac}"),
            ("b*", "a-b"),
        ] {
            assert!(!matches(pattern, text), "{pattern} on {text}");
        }
    }

    #[test]
    fn a_pattern_that_almost_matches_everywhere_takes_no_time_to_speak_of() {
        // Tried at every place, each of these would be compared 32 million times.
        let text = "a".repeat(8000);
        let patterns: Vec<_> = (0..200).map(|more| Pattern::new(&format!("*{}b*", "a".repeat(4000 + more)))).collect();
        let began = std::time::Instant::now();
        assert!(!patterns.iter().any(|pattern| pattern.matches(&text)));
        assert!(began.elapsed() < std::time::Duration::from_secs(5), "{:?}", began.elapsed());
    }

    #[test]
    fn the_shape_is_what_an_index_needs() {
        assert_eq!(Pattern::new("***").shape(), Shape::Every);
        assert_eq!(Pattern::new("b/k").shape(), Shape::Exact("b/k"));
        assert_eq!(Pattern::new("b/*").shape(), Shape::Prefix("b/"));
        assert_eq!(Pattern::new("b/**").shape(), Shape::Prefix("b/"));
        assert_eq!(Pattern::new("b/?*").shape(), Shape::Other("b/"));
        assert_eq!(Pattern::new("*.jpg").shape(), Shape::Other(""));
    }

    #[test]
    fn what_may_go_on_behind_a_beginning() {
        for (pattern, may) in [
            ("*", true),
            ("b/*", true),
            ("b/k", true),
            ("?/k", true),
            ("*/k", true),
            ("b*", true),
            ("b/", false),
            ("b", false),
            ("b?", false),
            ("bb/*", false),
            ("c*", false),
        ] {
            assert_eq!(Pattern::new(pattern).may_continue(b"b/"), may, "{pattern}");
        }
    }
}
