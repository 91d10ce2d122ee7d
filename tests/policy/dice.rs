//! Repeatable chance: the same seed makes the same documents and questions on every machine.

/// `SplitMix64`: small, and never changes with a library.
#[derive(Clone, Debug)]
pub(crate) struct Dice(u64);

impl Dice {
    pub(crate) fn new(seed: u64) -> Self {
        Self(seed)
    }

    pub(crate) fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    /// 0 to `end`, without it.
    pub(crate) fn below(&mut self, end: usize) -> usize {
        usize::try_from(self.next() % end as u64).unwrap()
    }

    /// Once in `n` times.
    pub(crate) fn one_in(&mut self, n: usize) -> bool {
        self.below(n) == 0
    }

    pub(crate) fn pick<'a, T: ?Sized>(&mut self, from: &[&'a T]) -> &'a T {
        from[self.below(from.len())]
    }

    /// Between `least` and `most` of what `make` makes.
    pub(crate) fn several<T>(&mut self, least: usize, most: usize, mut make: impl FnMut(&mut Self) -> T) -> Vec<T> {
        let count = least + self.below(most - least + 1);
        (0..count).map(|_| make(self)).collect()
    }

    /// `word`, or a pattern that is like it: cut short, with `?` for a character, with `*` for some.
    pub(crate) fn pattern(&mut self, word: &str) -> String {
        let characters: Vec<char> = word.chars().collect();
        let at = self.below(characters.len() + 1);
        let (before, after) = characters.split_at(at);
        let before: String = before.iter().collect();
        let rest = |skipped: usize| after.iter().skip(skipped).collect::<String>();
        match self.below(8) {
            0 => format!("{before}*"),
            1 => format!("*{}", rest(0)),
            2 => format!("{before}*{}", rest(self.below(4))),
            3 if !after.is_empty() => format!("{before}?{}", rest(1)),
            4 => format!("{before}?{}", rest(0)),
            _ => word.to_owned(),
        }
    }

    /// `word` with some letters in the other case.
    pub(crate) fn recased(&mut self, word: &str) -> String {
        if !self.one_in(4) {
            return word.to_owned();
        }
        let other = |character: char| match character {
            lower if lower.is_ascii_lowercase() => lower.to_ascii_uppercase(),
            upper => upper.to_ascii_lowercase(),
        };
        word.chars().map(|character| if self.one_in(2) { other(character) } else { character }).collect()
    }
}
