//! How a target is run: its kept inputs first, then changes of them; or whatever a coverage-guided engine
//! comes up with.

use std::path::Path;

use bolero::generator::*;

/// A place and what is done there: which change, where, how far, with which byte.
type Edit = (u8, u16, u16, u8);

/// How many changed inputs each target gets in an ordinary test run. `BOLERO_RANDOM_ITERATIONS` overrides it.
const EVERYDAY: usize = 3000;

/// Runs `check` on every input of `corpus/<target>`, and on inputs that are made of them.
pub(crate) fn run(target: &'static str, check: fn(&[u8])) {
    let check = move |input: &[u8]| {
        let shown = Shown(target, input);
        check(input);
        drop(shown);
    };
    // Set by `tests/fuzz/run`, which hands the kept inputs to the engine itself.
    if std::env::var_os("BOLERO_LIBFUZZER_ARGS").is_some() {
        bolero::check!(name = target).for_each(move |input: &[u8]| check(input));
        return;
    }
    let kept = kept(target);
    for input in &kept {
        check(input);
    }
    let edits = produce::<Vec<Edit>>().with().len(1_usize..8);
    bolero::check!(name = target)
        .with_generator((produce::<u16>(), edits))
        .with_iterations(EVERYDAY)
        .for_each(move |(which, edits): &(u16, Vec<Edit>)| check(&changed(&kept, usize::from(*which), edits)));
}

/// The kept inputs of a target, in the order of their names.
fn kept(target: &str) -> Vec<Vec<u8>> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fuzz/corpus").join(target);
    let mut files: Vec<_> = std::fs::read_dir(&folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    files.sort();
    assert!(files.len() > 2, "{} has too few inputs", folder.display());
    files.iter().map(|file| std::fs::read(file).unwrap()).collect()
}

/// One kept input with some changes.
fn changed(kept: &[Vec<u8>], which: usize, edits: &[Edit]) -> Vec<u8> {
    let mut input = kept[which % kept.len()].clone();
    for (kind, at, length, byte) in edits {
        let at = usize::from(*at) % (input.len() + 1);
        let end = (at + 1 + usize::from(*length) % 16).min(input.len());
        match kind % 8 {
            0 if at < input.len() => input[at] = *byte,
            0 | 1 => input.insert(at, *byte),
            2 => drop(input.drain(at..end)),
            3 => {
                let again = input[at..end].to_vec();
                input.splice(end..end, again);
            }
            4 => {
                // The middle of another input.
                let other = &kept[usize::from(*byte) % kept.len()];
                let from = usize::from(*length) % (other.len() + 1);
                let to = (from + 32).min(other.len());
                input.splice(at..end, other[from..to].iter().copied());
            }
            5 | 6 => {
                let word = WORDS[usize::from(*byte) % WORDS.len()];
                input.splice(at..if kind % 8 == 5 { at } else { end }, word.bytes());
            }
            _ => input.truncate(at),
        }
    }
    input
}

/// Shows the input of a check that fails.
struct Shown<'a>(&'static str, &'a [u8]);

impl Drop for Shown<'_> {
    fn drop(&mut self) {
        if std::thread::panicking() {
            eprintln!("{} fails for {:?}", self.0, self.1.escape_ascii().to_string());
        }
    }
}

const WORDS: [&str; 40] = [
    "\0",
    "\r",
    "\n",
    "\r\n",
    " ",
    "  ",
    "\t",
    "%00",
    "%0a",
    "%2F",
    "%2f",
    "%25",
    "%zz",
    "%C3%A4",
    "%ff",
    "/",
    "//",
    "/../",
    "..",
    "\\",
    "?",
    "&",
    "=",
    ";",
    ",",
    "+",
    "*",
    "${",
    "}",
    "\"",
    "<",
    "]]>",
    "<![CDATA[",
    "<!--",
    "&amp;",
    "&#0;",
    "ä",
    "\u{202e}",
    "99999999999999999999",
    "-1",
];
