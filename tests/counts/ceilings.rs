//! The ceilings on record, and the table that compares what was counted with them.

use std::collections::BTreeMap;
use std::fmt::Write as _;

/// Below this part of its ceiling, a count is worth a note.
const LOW: f64 = 0.9;

/// What is counted.
#[derive(Clone, Copy)]
pub(crate) struct Unit {
    /// Its name in `ceilings.toml`.
    pub(crate) name: &'static str,
    /// How to find out what makes them.
    pub(crate) look: &'static str,
}

/// What one request came to.
pub(crate) struct Count {
    /// The name of its case.
    pub(crate) case: &'static str,
    pub(crate) unit: Unit,
    pub(crate) value: f64,
    /// What it is made of, if known.
    pub(crate) detail: String,
}

/// By case and unit.
pub(crate) struct Ceilings(BTreeMap<String, BTreeMap<String, f64>>);

impl Ceilings {
    pub(crate) fn load() -> Self {
        Self(toml::from_str(include_str!("ceilings.toml")).expect("the file is a table of tables of numbers"))
    }

    /// Prints all counts and compares them. The error names every count that is over its ceiling, or has none.
    pub(crate) fn judge(&self, counts: &[Count]) -> Result<(), String> {
        let mut complaints = String::new();
        for count in counts {
            let Count { case, unit, value, detail } = count;
            let ceiling = self.0.get(*case).and_then(|ceilings| ceilings.get(unit.name)).copied();
            let word = match ceiling {
                None => {
                    let _ = writeln!(complaints, "{case}: tests/counts/ceilings.toml has no {}", unit.name);
                    "no ceiling"
                }
                Some(ceiling) if *value > ceiling => {
                    let over = value - ceiling;
                    let _ = writeln!(
                        complaints,
                        "{case}: {value:.2} {} a request, {over:.2} ({:.1}%) over the ceiling of {ceiling}. Either make \
                         it cheaper or, if what it buys is worth that, raise the number in tests/counts/ceilings.toml \
                         and say why. To look: {}",
                        unit.name,
                        over / ceiling * 100.0,
                        unit.look,
                    );
                    "OVER"
                }
                Some(ceiling) if *value < ceiling * LOW => "lower it",
                Some(_) => "",
            };
            let ceiling = ceiling.map_or_else(String::new, |ceiling| ceiling.to_string());
            println!("{case:<24} {:<16} {value:>12.2}  ceiling {ceiling:>8} {word:<10} {detail}", unit.name);
        }
        if complaints.is_empty() { Ok(()) } else { Err(complaints) }
    }
}

/// The test: what is above its ceiling fails and is named with how far, what has none fails, and the rest passes.
pub(crate) fn fail_what_is_over() {
    const UNIT: Unit = Unit { name: "steps", look: "walk" };
    let ceilings = Ceilings([("walk".to_owned(), [("steps".to_owned(), 10.0)].into())].into());
    let judge = |case, value| ceilings.judge(&[Count { case, unit: UNIT, value, detail: String::new() }]);
    judge("walk", 10.0).expect("it is not over");
    judge("walk", 1.0).expect("it is not over");
    let complaint = judge("walk", 12.0).expect_err("it is over");
    assert!(complaint.contains("walk: 12.00 steps a request, 2.00 (20.0%) over the ceiling of 10."), "{complaint}");
    let complaint = judge("run", 1.0).expect_err("it has no ceiling");
    assert!(complaint.contains("run: tests/counts/ceilings.toml has no steps"), "{complaint}");
}
