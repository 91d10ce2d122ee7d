//! The rules of the source tree that no compiler checks: who may import whom, file length, headers,
//! names. A new edge means a new entry in [`MAY_USE`], in review, on purpose.
//!
//! Each rule is a function from text to complaints, so that the tests at the end can plant a
//! violation and see it named.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::process::Command;

use source::{edges, without_comments_and_strings, without_test_items};

#[path = "architecture/source.rs"]
mod source;

/// Which folder of `src/` may import which others (the table of the house, from words up to wiring).
const MAY_USE: &[(&str, &[&str])] = &[
    ("fault", &[]),
    ("clock", &[]),
    ("json_text", &[]),
    ("tls", &[]),
    ("identity", &[]),
    ("s3", &[]),
    ("sigv4", &["identity", "s3"]),
    ("policy", &["identity", "json_text", "s3"]),
    ("config", &["identity", "policy", "s3"]),
    ("telemetry", &["clock", "config", "json_text"]),
    ("listener", &["config", "tls"]),
    ("store", &["clock", "config", "identity"]),
    ("federation", &["clock", "config", "identity", "store", "tls"]),
    ("audit", &["config", "identity", "json_text", "policy", "s3"]),
    ("backend", &["clock", "config", "identity", "s3", "sigv4", "tls"]),
    ("keys", &["clock", "config", "identity", "sigv4", "store"]),
    ("authority", &["config", "identity", "policy", "s3", "store"]),
    (
        "proxy",
        &["audit", "authority", "backend", "clock", "config", "identity", "keys", "listener", "policy", "s3", "sigv4"],
    ),
    (
        "control",
        &[
            "audit",
            "authority",
            "backend",
            "clock",
            "config",
            "federation",
            "identity",
            "keys",
            "listener",
            "policy",
            "s3",
            "sigv4",
        ],
    ),
    ("console", &[]),
    ("app", BELOW_APP),
    ("cli", &["app"]), // and everything that `app` may use
    ("main", &["cli"]),
    ("manual", &[]), // pages, no code
];

const BELOW_APP: &[&str] = &[
    "audit",
    "authority",
    "backend",
    "clock",
    "config",
    "console",
    "control",
    "federation",
    "identity",
    "json_text",
    "keys",
    "listener",
    "policy",
    "proxy",
    "s3",
    "sigv4",
    "store",
    "tls",
];

/// Folders that may not even use `telemetry`; everybody else may, and everybody may use `fault`.
const SILENT: &[&str] = &[
    "fault",
    "clock",
    "json_text",
    "tls",
    "identity",
    "s3",
    "sigv4",
    "policy",
    "config",
    "telemetry",
    "main",
    "manual",
];

/// `cli` may start the two planes but not look inside them: only types at the top of the folder.
const CLOSED_TO_CLI: &[&str] = &["proxy", "control"];

const BANNED_NAMES: &[&str] =
    &["util", "utils", "common", "helper", "helpers", "misc", "type", "types", "model", "models"];

const LONGEST_FILE: usize = 400;

/// Paths of one machine and hosts of package registries, in halves so that this file passes its own check.
const FOREIGN: &[&str] = &[
    concat!("/wo", "rk/"),
    concat!("/ro", "ot/"),
    concat!("/fa", "rm/"),
    concat!("index", ".crates"),
    concat!("static", ".crates"),
    concat!("pyp", "i.org"),
    concat!("pythonh", "osted"),
    concat!("registry", ".npmjs"),
    concat!("deb", ".debian"),
];

fn allowed(from: &str, to: &str) -> bool {
    from == to
        || (to == "fault" && from != "main")
        || (to == "telemetry" && !SILENT.contains(&from))
        || (from == "cli" && BELOW_APP.contains(&to))
        || MAY_USE.iter().any(|(name, uses)| *name == from && uses.contains(&to))
}

/// The folder (or single file) directly under `src/` that a source path belongs to.
fn folder_of(path: &str) -> &str {
    let inside = path.strip_prefix("src/").unwrap_or(path);
    inside.split('/').next().unwrap_or(inside).trim_end_matches(".rs")
}

/// Complaints about one file's imports. `code` has neither comments nor strings nor test-only items.
fn import_complaints(path: &str, code: &str) -> Vec<String> {
    let from = folder_of(path);
    let mut complaints = Vec::new();
    for (to, inner) in edges(code, if from == "main" { "portcullis" } else { "crate" }) {
        if !MAY_USE.iter().any(|(name, _)| *name == to) && to.starts_with(char::is_lowercase) && to != "telemetry" {
            complaints.push(format!("{path}: imports `{to}`, which the table does not know"));
        } else if !allowed(from, &to) {
            complaints.push(format!("{path}: `{from}` may not use `{to}`"));
        } else if from == "cli"
            && CLOSED_TO_CLI.contains(&to.as_str())
            && inner != "self"
            && inner.starts_with(char::is_lowercase)
        {
            complaints.push(format!("{path}: `cli` looks inside `{to}` (`{to}::{inner}`)"));
        }
    }
    let at_top = path.matches('/').count() == 1 || (path.matches('/').count() == 2 && path.ends_with("/mod.rs"));
    if at_top && code.contains("super::") {
        complaints.push(format!("{path}: `super::` here is the crate root; write `crate::` so that the edge shows"));
    }
    complaints
}

/// Complaints about evidence of somebody's identity that is made where nothing was verified.
fn evidence_complaints(path: &str, code: &str) -> Vec<String> {
    let may = matches!(folder_of(path), "federation" | "identity");
    let made = !may && without_white_space(code).contains("Evidence::verified");
    let complaint = || format!("{path}: makes `Evidence`, which only `federation` may, once every check has passed");
    made.then(complaint).into_iter().collect()
}

fn without_white_space(code: &str) -> String {
    code.split_whitespace().collect()
}

/// Complaints about one file's shape: length, header, names, chains of `super`.
fn shape_complaints(path: &str, text: &str) -> Vec<String> {
    let mut complaints = Vec::new();
    let lines = text.lines().count();
    if lines > LONGEST_FILE {
        complaints.push(format!("{path}: {lines} lines, more than {LONGEST_FILE}; split it"));
    }
    if !text.starts_with("//! ") {
        complaints.push(format!("{path}: does not begin with `//!` saying what it owns"));
    }
    for name in path.split('/').map(|part| part.trim_end_matches(".rs")) {
        if BANNED_NAMES.contains(&name) {
            complaints.push(format!("{path}: `{name}` names no capability"));
        }
    }
    if without_comments_and_strings(text).contains("super::super") {
        complaints.push(format!("{path}: `super::super`; write the path from `crate`"));
    }
    complaints
}

/// Complaints about `lib.rs`: it lists every folder and re-exports nothing.
fn map_complaints(lib: &str, folders: &BTreeSet<String>) -> Vec<String> {
    let code = without_comments_and_strings(lib);
    let mut complaints = Vec::new();
    for folder in folders {
        if !code.contains(&format!("mod {folder};")) {
            complaints.push(format!("src/lib.rs: does not list `{folder}`"));
        }
        if !MAY_USE.iter().any(|(name, _)| name == folder) {
            complaints.push(format!("tests/architecture.rs: the table does not know `{folder}`"));
        }
    }
    let re_exports = code.lines().filter(|line| line.trim_start().starts_with("pub") && line.contains(" use "));
    complaints.extend(re_exports.map(|line| format!("src/lib.rs: re-export hides an edge: {}", line.trim())));
    complaints
}

/// Complaints about text that names a machine's paths or a registry's host.
fn foreign_complaints(path: &str, text: &str) -> Vec<String> {
    let numbered = text.lines().enumerate();
    numbered
        .filter(|(_, line)| FOREIGN.iter().any(|pattern| line.contains(pattern)))
        .map(|(at, _)| format!("{path}:{}: names a path of some machine or a registry's host", at + 1))
        .collect()
}

/// A cycle in a table of edges, as the names along it.
fn cycle(table: &[(&str, &[&str])]) -> Option<Vec<String>> {
    let mut remaining: BTreeMap<&str, Vec<&str>> = table.iter().map(|(name, uses)| (*name, uses.to_vec())).collect();
    while let Some(free) = remaining.iter().find(|(_, uses)| uses.iter().all(|used| !remaining.contains_key(used))) {
        let free = *free.0;
        remaining.remove(free);
    }
    (!remaining.is_empty()).then(|| remaining.keys().map(ToString::to_string).collect())
}

/// Every file of the repository that is text, by path: tracked ones and new ones that are not ignored.
fn repository() -> BTreeMap<String, String> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let listed = Command::new("git")
        .args(["ls-files", "-z", "--cached", "--others", "--exclude-standard"])
        .current_dir(root)
        .output()
        .expect("git runs");
    assert!(listed.status.success(), "git ls-files: {}", String::from_utf8_lossy(&listed.stderr));
    let paths = String::from_utf8(listed.stdout).expect("paths are UTF-8");
    let paths = paths.split('\0').filter(|path| !path.is_empty());
    // A file just removed, or one that is no text, has nothing to read here.
    paths.filter_map(|path| Some((path.to_owned(), std::fs::read_to_string(root.join(path)).ok()?))).collect()
}

fn assert_none(complaints: &[String]) {
    assert!(complaints.is_empty(), "{} complaints:\n  {}", complaints.len(), complaints.join("\n  "));
}

fn rust_files(repository: &BTreeMap<String, String>) -> impl Iterator<Item = (&String, &String)> {
    repository.iter().filter(|(path, _)| Path::new(path).extension().is_some_and(|ext| ext == "rs"))
}

#[test]
fn imports_go_only_along_the_table_and_evidence_is_made_in_one_folder() {
    let repository = repository();
    let sources = || rust_files(&repository).filter(|(path, _)| path.starts_with("src/"));
    let (mut codes, mut test_only) = (BTreeMap::new(), Vec::new());
    for (path, text) in sources() {
        let (code, modules) = without_test_items(&without_comments_and_strings(text));
        let folder =
            path.strip_suffix("/mod.rs").or(path.strip_suffix("/lib.rs")).unwrap_or(path.trim_end_matches(".rs"));
        test_only.extend(modules.into_iter().map(|name| format!("{folder}/{name}")));
        codes.insert(path, code);
    }
    assert!(codes.len() >= 20, "only {} source files found", codes.len());
    let is_test_only =
        |path: &str| test_only.iter().any(|it| path == format!("{it}.rs") || path.starts_with(&format!("{it}/")));
    let checked = codes.iter().filter(|(path, _)| !is_test_only(path) && path.as_str() != "src/lib.rs");
    let complaints =
        |(path, code): (&&String, &String)| [import_complaints(path, code), evidence_complaints(path, code)];
    assert_none(&checked.flat_map(complaints).flatten().collect::<Vec<_>>());
}

#[test]
fn every_file_has_a_header_a_good_name_and_a_readable_length() {
    let repository = repository();
    assert_none(&rust_files(&repository).flat_map(|(path, text)| shape_complaints(path, text)).collect::<Vec<_>>());
}

#[test]
fn lib_rs_lists_every_folder_and_re_exports_nothing() {
    let repository = repository();
    let folders = repository.keys().filter(|path| path.starts_with("src/")).map(|path| folder_of(path).to_owned());
    let folders = folders.filter(|name| name != "lib" && name != "main").collect();
    assert_none(&map_complaints(&repository["src/lib.rs"], &folders));
}

#[test]
fn the_table_is_acyclic() {
    assert_eq!(cycle(MAY_USE), None);
}

#[test]
fn no_file_names_a_path_of_this_machine_or_a_registry() {
    let repository = repository();
    let texts =
        repository.iter().filter(|(path, _)| !path.ends_with("Cargo.lock") && !path.ends_with("package-lock.json"));
    assert_none(&texts.flat_map(|(path, text)| foreign_complaints(path, text)).collect::<Vec<_>>());
}

#[test]
fn planted_violations_are_noticed() {
    let imports = |path: &str, text: &str| {
        import_complaints(path, &without_test_items(&without_comments_and_strings(text)).0).len()
    };
    assert_eq!(imports("src/sigv4/sign.rs", "use crate::identity::SecretAccessKey;"), 0);
    assert_eq!(imports("src/sigv4/sign.rs", "use crate::keys::Entry;"), 1);
    assert_eq!(imports("src/sigv4/sign.rs", "use crate::{identity::{A, B}, store::{C}, s3};"), 1);
    assert_eq!(imports("src/proxy/record.rs", "fn f() -> &'static str { crate::store::name() }"), 1);
    assert_eq!(imports("src/s3/mod.rs", "use crate::telemetry::Counter;"), 1);
    assert_eq!(imports("src/keys/mod.rs", "use crate::telemetry::Counter; use crate::fault;"), 0);
    assert_eq!(imports("src/keys/mod.rs", "use super::proxy;"), 1);
    assert_eq!(imports("src/keys/mod.rs", "use crate::sheds::Bicycle;"), 1);
    assert_eq!(imports("src/cli/serve.rs", "use crate::proxy::Proxy;"), 0);
    assert_eq!(imports("src/cli/serve.rs", "use crate::proxy::authorize::Authorized;"), 1);
    assert_eq!(imports("src/main.rs", "fn main() { portcullis::app::run() }"), 1);
    // what is no code, and what is only test code, does not count; the code after it does
    assert_eq!(
        imports("src/s3/mod.rs", "// crate::keys::A\n/* /* */ crate::keys */ const A: &str = \"crate::keys::A\";"),
        0
    );
    assert_eq!(imports("src/s3/mod.rs", "const A: &[u8] = br#\"\"crate::keys::A\"#; const B: char = '\"';"), 0);
    assert_eq!(imports("src/s3/mod.rs", "#[cfg(test)]\nmod tests { use super::*; use crate::keys::A; }"), 0);
    assert_eq!(imports("src/s3/mod.rs", "#[cfg(test)]\nuse crate::keys::{A, B};\nuse crate::keys::C;"), 1);
    assert_eq!(
        imports("src/s3/a.rs", "#[cfg(test)] fn f(_: [u8; 2]) { crate::keys::g() }\nfn h(c: &'static str) {}"),
        0
    );

    let evidence = |path: &str, text: &str| {
        evidence_complaints(path, &without_test_items(&without_comments_and_strings(text)).0).len()
    };
    let made = "fn f() { Evidence::verified(principal, origin) }";
    assert_eq!(evidence("src/federation/oidc/mod.rs", made), 0);
    assert_eq!(evidence("src/control/sts.rs", made), 1);
    assert_eq!(
        evidence("src/keys/issue.rs", "use crate::identity; fn f() { identity::Evidence::\n    verified(p, o) }"),
        1
    );
    assert_eq!(evidence("src/keys/issue.rs", "#[cfg(test)]\nmod tests { fn f() { Evidence::verified(p, o) } }"), 0);

    let shape = |path: &str, text: &str| shape_complaints(path, text).len();
    assert_eq!(shape("src/keys/issue.rs", "//! Issues keys.\n"), 0);
    assert_eq!(shape("src/keys/issue.rs", "use crate::clock;\n"), 1);
    assert_eq!(shape("src/keys/util.rs", "//! Things.\n"), 1);
    assert_eq!(shape("src/common/mod.rs", "//! Things.\n"), 1);
    assert_eq!(shape("src/keys/issue.rs", "//! Issues keys.\nuse super::super::clock;\n"), 1);
    assert_eq!(shape("src/keys/issue.rs", &"//! Long.\n".repeat(LONGEST_FILE + 1)), 1);

    let folders = BTreeSet::from(["keys".to_owned(), "store".to_owned()]);
    assert_eq!(map_complaints("pub mod keys;\npub mod store;\n", &folders), Vec::<String>::new());
    assert_eq!(map_complaints("pub mod keys;\n// mod store;\n", &folders).len(), 1);
    assert_eq!(map_complaints("pub mod keys;\npub mod store;\npub use keys::Keys;\n", &folders).len(), 1);
    assert_eq!(map_complaints("pub mod sheds;\n", &BTreeSet::from(["sheds".to_owned()])).len(), 1);

    assert_eq!(cycle(&[("a", &["b"]), ("b", &[])]), None);
    assert!(cycle(&[("a", &["b"]), ("b", &["c"]), ("c", &["a"]), ("d", &[])]).is_some());

    assert_eq!(foreign_complaints("README.md", "cd workspace/root\n"), Vec::<String>::new());
    for pattern in FOREIGN {
        assert_eq!(foreign_complaints("README.md", &format!("see {pattern}x\n")).len(), 1, "{pattern}");
    }
}
