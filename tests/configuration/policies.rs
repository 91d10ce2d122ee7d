//! The folder of organization policies: every file in it counts, and one that cannot be used refuses to start.

use std::fs;

use crate::check::check;
use crate::fixture::{Fixture, VALID, valid_but};

fn with_folder(fixture: &Fixture) -> String {
    fs::create_dir_all(fixture.path("policies")).unwrap();
    valid_but("[store]", "[policies]\nfolder = \"policies\"\n[store]")
}

fn policy(name: &str) -> String {
    format!(
        r#"{{"version": "v1alpha1", "name": "{name}", "statements": [{{"name": "one", "effect": "Allow",
        "actions": ["s3:*"], "resources": ["*"], "principals": ["*"]}}]}}"#
    )
}

#[test]
fn every_json_file_in_the_folder_is_a_policy_and_an_empty_folder_is_fine() {
    let fixture = Fixture::new();
    let text = with_folder(&fixture);
    assert!(fixture.load(&text).unwrap().policies.is_empty());
    fixture.write("policies/b.json", &policy("first by name"));
    fixture.write("policies/a.json", &policy("second by name"));
    fixture.write("policies/c.JSON", &policy("written in capitals"));
    fixture.write("policies/README", "no policy");
    let policies = fixture.load(&text).unwrap().policies;
    let names: Vec<_> = policies.iter().map(|file| (file.path.clone(), file.policy.name().as_str())).collect();
    let path = |name| fixture.path("policies").join(name);
    assert_eq!(
        names,
        [
            (path("a.json"), "second by name"),
            (path("b.json"), "first by name"),
            (path("c.JSON"), "written in capitals")
        ]
    );
    assert!(fixture.load(VALID).unwrap().policies.is_empty());
}

#[test]
fn what_cannot_be_read_is_never_skipped() {
    let fixture = Fixture::new();
    let text = with_folder(&fixture);
    let line = "portcullis.toml:9: policies.folder: found";
    fixture.write("policies/good.json", &policy("good"));
    fixture.load(&text).unwrap();
    for bad in
        ["", "{", "{}", &policy("a/b"), &policy("x").replace("v1alpha1", "v2"), &policy("x").replace("s3:*", "s3:Do")]
    {
        fixture.write("policies/bad.json", bad);
        let refusal = fixture.refusal(&text);
        assert!(
            refusal.starts_with(&format!("{line} \"policies/bad.json\", expected an organization policy: ")),
            "{refusal}"
        );
        assert_eq!(refusal.lines().count(), 1, "{refusal}");
    }
    fs::remove_file(fixture.path("policies/bad.json")).unwrap();
    std::os::unix::fs::symlink("nowhere", fixture.path("policies/gone.json")).unwrap();
    let refusal = fixture.refusal(&text);
    let expected = format!("{line} \"policies/gone.json\", expected an organization policy that can be read: ");
    assert!(refusal.starts_with(&expected), "{refusal}");
}

#[test]
fn two_files_with_one_name_are_refused_naming_both() {
    let fixture = Fixture::new();
    let text = with_folder(&fixture);
    fixture.write("policies/a.json", &policy("same"));
    fixture.load(&text).unwrap();
    fixture.write("policies/b.json", &policy("same"));
    let expected = "portcullis.toml:9: policies.folder: found \"policies/b.json\", expected a policy with a name of its own: \
                    \"same\" is the name of the one in policies/a.json too";
    assert_eq!(fixture.refusal(&text), expected);
}

#[test]
fn a_folder_that_does_not_exist_is_refused() {
    let fixture = Fixture::new();
    let text = with_folder(&fixture).replace("\"policies\"", "\"absent\"");
    let expected =
        "portcullis.toml:9: policies.folder: found \"absent\", expected a folder that exists; it may be empty";
    assert_eq!(fixture.refusal(&text), expected);
}

#[test]
fn check_says_which_policies_come_from_where() {
    let fixture = Fixture::new();
    let text = with_folder(&fixture);
    let shown = |output: std::process::Output| String::from_utf8(output.stdout).unwrap();
    assert!(shown(check(&fixture, &text)).contains("policies in the store only"));
    fixture.write("policies/a.json", &policy("one"));
    fixture.write("policies/b.json", &policy("two"));
    let shown = shown(check(&fixture, &text));
    let folder = fixture.path("policies");
    for part in [&format!("policies in the store, and 2 in {}:", folder.display()), "\"two\" (b.json), 1 statement\n"] {
        assert!(shown.contains(part), "{part} is not in\n{shown}");
    }
    fixture.write("policies/c.json", &policy("two"));
    let refused = check(&fixture, &text);
    assert_eq!(refused.status.code(), Some(2));
    assert!(String::from_utf8(refused.stderr).unwrap().contains("b.json"));
}
