//! Keeps the table of attacks in the manual true: which tests belong to each row is read from the sources,
//! and a row that applies has one. To write the table anew after tests were added or renamed:
//! `PORTCULLIS_WRITE_ATTACKS=1 cargo test --test attack_rows`.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

/// How many rows each group has.
const GROUPS: [(char, u8); 13] = [
    ('A', 22),
    ('B', 18),
    ('C', 21),
    ('D', 15),
    ('E', 24),
    ('F', 12),
    ('G', 13),
    ('H', 20),
    ('I', 15),
    ('J', 14),
    ('K', 22),
    ('L', 11),
    ('M', 10),
];

/// Rows that may be without a test, and why.
const NOT_YET: [(&str, &str); 10] = [
    ("J4", "what a transfer may do after its key expired is tested under other names"),
    ("J14", "there is one organization"),
    ("K18", "there are no client certificates yet"),
    ("L9", "backend credentials are read at the start only"),
    ("M2", "comes with the audit log"),
    ("M3", "comes with the audit log"),
    ("M5", "comes with the audit log"),
    ("M6", "comes with packaging"),
    ("M8", "nothing is reloaded yet"),
    ("M10", "`tests/run --long` asks for advisories"),
];

/// Rows that have tests for a part only, and what is missing.
const PARTLY: [(&str, &str); 3] = [
    ("A20", "equal time is assured by structure and shown by the bench of verification"),
    ("K20", "memory under attack is watched by tests/memory, and shedding by heap does not exist"),
    ("K22", "alerts come with metrics"),
];

#[test]
fn the_table_of_attacks_shows_every_row_with_its_tests() {
    let tests = tests_by_row();
    let path = root().join("src/manual/attacks.md");
    let page = std::fs::read_to_string(&path).expect("the page is there");
    let written: Vec<String> = page.lines().map(|line| with_tests(line, &tests)).collect();
    let written = written.join("\n") + "\n";
    if std::env::var_os("PORTCULLIS_WRITE_ATTACKS").is_some() {
        std::fs::write(&path, &written).expect("the page can be written");
        return;
    }
    for (shown, is) in page.lines().zip(written.lines()) {
        assert_eq!(shown, is, "run it with PORTCULLIS_WRITE_ATTACKS=1 to write the table anew");
    }
}

#[test]
fn every_row_is_in_the_table_once_and_in_order() {
    let page = std::fs::read_to_string(root().join("src/manual/attacks.md")).expect("the page is there");
    let found: Vec<&str> = page.lines().filter_map(row_of_line).collect();
    assert_eq!(found, all_rows());
}

#[test]
fn every_row_that_applies_has_a_test() {
    let tests = tests_by_row();
    let is_excused = |row: &String| NOT_YET.iter().any(|(excused, _)| excused == row);
    let missing: Vec<String> =
        all_rows().into_iter().filter(|row| !tests.contains_key(row) && !is_excused(row)).collect();
    assert!(missing.is_empty(), "no test is named after {missing:?}");
    for (row, _) in NOT_YET {
        assert!(!tests.contains_key(row), "{row} has a test by now: it needs no excuse");
    }
    for (row, _) in PARTLY {
        assert!(tests.contains_key(row), "{row} has no test, not even for a part");
    }
}

#[test]
fn no_test_is_named_after_a_row_that_does_not_exist() {
    let rows: BTreeSet<String> = all_rows().into_iter().collect();
    for (row, tests) in tests_by_row() {
        assert!(rows.contains(&row), "{tests:?} belong to no row");
    }
}

fn all_rows() -> Vec<String> {
    GROUPS.iter().flat_map(|(group, last)| (1..=*last).map(move |number| format!("{group}{number}"))).collect()
}

/// The line of a row with what there is in its last column; any other line as it is.
fn with_tests(line: &str, tests: &BTreeMap<String, BTreeSet<String>>) -> String {
    let Some(row) = row_of_line(line) else { return line.to_owned() };
    let told: Vec<&str> = line.split(" | ").take(3).collect();
    let told = told.join(" | ");
    let excuse = NOT_YET.iter().find(|(excused, _)| *excused == row).map(|(_, why)| format!("none: {why}"));
    let part = PARTLY.iter().find(|(partly, _)| *partly == row).map(|(_, why)| format!("; in part: {why}"));
    let names = tests.get(row).map(|names| {
        let names: Vec<String> = names.iter().map(|name| format!("`{name}`")).collect();
        names.join(" ") + &part.unwrap_or_default()
    });
    format!("{told} | {} |", names.or(excuse).unwrap_or_default())
}

/// `A7` for `| A7 | …`.
fn row_of_line(line: &str) -> Option<&str> {
    let row = line.strip_prefix("| ")?.split(" |").next()?;
    let (group, number) = row.split_at_checked(1)?;
    let is_row = group.bytes().all(|byte| byte.is_ascii_uppercase()) && number.parse::<u8>().is_ok();
    is_row.then_some(row)
}

/// The names of all tests that are named after a row, in the library and in the suites.
fn tests_by_row() -> BTreeMap<String, BTreeSet<String>> {
    let mut found: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for file in sources() {
        let text = std::fs::read_to_string(&file).expect("a source file");
        for name in tests_in(&text) {
            if let Some(row) = row_of_test(name) {
                found.entry(row).or_default().insert(name.to_owned());
            }
        }
    }
    found
}

/// The functions under `#[test]` and its kin, and the cases of macros that make tests: `a01_some_name: …`.
fn tests_in(text: &str) -> Vec<&str> {
    let mut names = Vec::new();
    let mut is_test = false;
    for line in text.lines().map(str::trim_start) {
        if line.starts_with("#[test]") || line.starts_with("#[tokio::test") {
            is_test = true;
        } else if line.starts_with("#[ignore") {
            is_test = false;
        } else if let Some((_, rest)) = line.split_once("fn ") {
            if std::mem::take(&mut is_test) {
                names.extend(rest.split('(').next());
            }
        } else if let Some((name, _)) = line.split_once(": ")
            && row_of_test(name).is_some()
        {
            names.push(name);
        }
    }
    names
}

/// `A7` for `a07_…`.
fn row_of_test(test: &str) -> Option<String> {
    let (group, number, rest) = (test.get(..1)?, test.get(1..3)?, test.get(3..)?);
    let is_name = rest.len() > 1
        && rest.starts_with('_')
        && rest.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'_');
    let number: u8 = number.parse().ok()?;
    let group = group.chars().next().filter(char::is_ascii_lowercase)?.to_ascii_uppercase();
    (is_name && ('A'..='M').contains(&group)).then(|| format!("{group}{number}"))
}

fn sources() -> Vec<PathBuf> {
    let mut files = Vec::new();
    let mut folders = vec![root().join("src"), root().join("tests")];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).expect("a folder of sources") {
            let path = entry.expect("an entry").path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|extension| extension == "rs") {
                files.push(path);
            }
        }
    }
    files.sort();
    files
}

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}
