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
}

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
        Self { text: once.into(), literal, tail }
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

    /// Whether `text` ends as what matches has to end: far cheaper than to match.
    pub(super) fn fits_the_end_of(&self, text: &[u8]) -> bool {
        text.ends_with(&self.text.as_bytes()[self.tail..])
    }

    /// Whether all of `text`, which is UTF-8, matches.
    pub(super) fn matches(&self, text: &[u8]) -> bool {
        let pattern = self.text.as_bytes();
        let (mut at, mut read) = (0, 0);
        // Behind the last `*`, and where the text that it stands for ends so far.
        let mut star: Option<(usize, usize)> = None;
        loop {
            match (pattern.get(at), text.get(read)) {
                (Some(b'*'), _) => {
                    star = Some((at + 1, read));
                    at += 1;
                }
                (Some(b'?'), Some(first)) => {
                    at += 1;
                    read += character_length(*first);
                }
                (Some(expected), Some(found)) if expected == found => {
                    at += 1;
                    read += 1;
                }
                (None, None) => return true,
                (_, found) => {
                    // The last `*` takes one more, if there is more to take.
                    let (Some((behind, taken)), Some(_)) = (star, found) else { return false };
                    if behind == pattern.len() {
                        return true;
                    }
                    // A whole character, or `?` could stand for a part of one.
                    let taken = taken + text.get(taken).map_or(1, |first| character_length(*first));
                    star = Some((behind, taken));
                    (at, read) = (behind, taken);
                }
            }
        }
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
        Pattern::new(pattern).matches(text.as_bytes())
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
            assert!(Pattern::new(pattern).fits_the_end_of(text.as_bytes()), "{pattern} on {text}");
        }
        assert!(!Pattern::new("a*.jpg").fits_the_end_of(b"a.png"));
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
