//! Counts as gates: what one request costs in allocations, system calls and instructions. Time is noisy on a
//! shared machine, counts are not, so they are compared with ceilings on every run: a change that makes a
//! request dearer fails here and has to say so, by raising a number in `ceilings.toml`.
//!
//! | count | of what program | how |
//! | --- | --- | --- |
//! | `allocations` | this one: `portcullis::cli`, over an allocator that counts | asked before and after |
//! | `system_calls` | the real one | `strace -c`, attached meanwhile |
//! | `instructions` | the real one, optimised | `callgrind`, without those of cryptography |
//!
//! Client and backend are in this process, the program in one of its own, so nothing of theirs is counted.
//! Every case ([`case`]) is one connection in a closed loop, warm when counting begins, unless it says otherwise:
//! what is done once per process or per connection is not in it. A count is the average over many requests;
//! what happens now and then, such as a timer's, makes the fraction.
//!
//! ```text
//! cargo test --test counts                          allocations
//! cargo test --test counts -- system_calls          needs strace, and the right to trace
//! PORTCULLIS_BINARY=... cargo test --test counts -- instructions
//!                                                   needs valgrind, and an optimised program:
//!                                                   cargo build --profile client-tests
//! tests/run counts                                  all of them, with what they need
//! ```
//!
//! A count over its ceiling fails. A count that is well below is only noted, as "lower it": whoever makes something
//! cheaper should not be stopped by it, and two who do at the same time would be in each other's way.
//!
//! It has no test harness, because it is two programs in one; it speaks enough of the usual one's language for `cargo test`
//! and nextest.
#![expect(clippy::print_stdout, reason = "the figures are what the test is run for")]

#[path = "../support/mod.rs"]
#[expect(dead_code, unused_imports, reason = "shared with the data plane's tests, which use all of it")]
mod support;

mod allocations;
mod backend;
mod case;
mod ceilings;
mod client;
mod instructions;
mod program;
mod sites;
mod system_calls;

use std::alloc::System;
use std::process::ExitCode;

use case::Case;
use stats_alloc::{INSTRUMENTED_SYSTEM, StatsAlloc};

/// Counts in the program under test; who tests does not ask it.
#[global_allocator]
static ALLOCATOR: &StatsAlloc<System> = &INSTRUMENTED_SYSTEM;

/// A test of this program.
struct Test {
    name: &'static str,
    run: fn() -> Result<(), String>,
    /// Whether it needs what is not everywhere, and so waits to be asked for.
    ignored: bool,
}

const TESTS: [Test; 6] = [
    Test::new("allocations_stay_below_their_ceilings", allocations::stay_below_their_ceilings),
    Test::new("system_calls_stay_below_their_ceilings", system_calls::stay_below_their_ceilings).ignored(),
    Test::new("instructions_stay_below_their_ceilings", instructions::stay_below_their_ceilings).ignored(),
    Test::new("a_count_over_its_ceiling_fails", || {
        ceilings::fail_what_is_over();
        Ok(())
    }),
    Test::new("a_call_that_is_resumed_is_counted_once", || {
        system_calls::are_counted_once();
        Ok(())
    }),
    Test::new("cryptography_is_no_part_of_the_instructions", || {
        instructions::leave_cryptography_out();
        Ok(())
    }),
];

impl Test {
    const fn new(name: &'static str, run: fn() -> Result<(), String>) -> Self {
        Self { name, run, ignored: false }
    }

    const fn ignored(self) -> Self {
        Self { ignored: true, ..self }
    }
}

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    if matches!(arguments.first().map(String::as_str), Some("serve" | "key")) {
        allocations::tell();
        return portcullis::cli::run();
    }
    if let [what @ ("sites" | "profile"), case] = arguments.iter().map(String::as_str).collect::<Vec<_>>()[..] {
        let show = if what == "sites" { sites::show } else { instructions::show };
        show(Case::named(case).expect("it is one of the cases of case.rs"));
        return ExitCode::SUCCESS;
    }
    let given = |option: &str| arguments.iter().any(|argument| argument == option);
    let chosen = |test: &&Test| !given("--ignored") || test.ignored;
    if given("--list") {
        for test in TESTS.iter().filter(chosen) {
            println!("{}: test", test.name);
        }
        return ExitCode::SUCCESS;
    }
    let names: Vec<&String> = arguments.iter().filter(|argument| !argument.starts_with("--")).collect();
    let named = |test: &Test, name: &str| if given("--exact") { test.name == name } else { test.name.contains(name) };
    if let Some(unknown) = names.iter().find(|name| TESTS.iter().all(|test| !named(test, name))) {
        println!("counts: no test is called {unknown}");
        return ExitCode::from(2);
    }
    let wanted = |test: &&Test| {
        let asked_for = given("--ignored") || given("--include-ignored");
        let unnamed = names.is_empty() && chosen(test) && (!test.ignored || asked_for);
        unnamed || names.iter().any(|name| named(test, name))
    };
    let mut code = ExitCode::SUCCESS;
    for test in TESTS.iter().filter(wanted) {
        match (test.run)() {
            Ok(()) => println!("test {} ... ok", test.name),
            Err(complaint) => {
                println!("test {} ... FAILED\n{complaint}", test.name);
                code = ExitCode::FAILURE;
            }
        }
    }
    code
}
