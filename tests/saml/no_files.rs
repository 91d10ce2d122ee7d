//! A reference to a file in the working folder: the signature library would read it before it knows
//! who signed. A child process stands in a folder with a pipe of that name, so that opening it shows.

use std::io::ErrorKind;
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Duration;

use portcullis::federation::saml::SamlError;

use crate::build::{NOW, once, sign_assertion, template, unsigned};
use crate::case::{Case, SIGNED_ASSERTION, verify};
use crate::keys::TRUSTED;
use crate::library_alone::saml_library;

const PIPE: &str = "reference-to-a-file";

/// A good response with one more signature in a corner, which refers to the pipe.
fn attack() -> Case {
    let filled = |template: &str| template.replace("Value></", "Value>AAAA</");
    let signature = filled(&template(PIPE, crate::build::RSA_SHA256, crate::build::SHA256));
    Case::after_signing(|signed| {
        once(signed, "<samlp:Status>", &format!("<samlp:Extensions>{signature}</samlp:Extensions><samlp:Status>"))
    })
}

#[test]
fn i05_no_file_that_a_reference_names_is_opened() {
    assert!(opens_the_pipe("no_files::child_with_the_library_alone"), "the probe shows nothing");
    assert!(!opens_the_pipe("no_files::child_with_our_verification"), "our verification opened a file");
}

/// Run by the test above.
#[test]
#[ignore = "a part of another test, in a process of its own"]
fn child_with_our_verification() {
    attack().is_refused_for(&SamlError::MisplacedSignature);
    let relative = once(&sign_assertion(&unsigned(), &TRUSTED), "#_assertion-1", PIPE);
    assert_eq!(verify(&SIGNED_ASSERTION, &relative, NOW), Err(SamlError::Reference));
}

/// Run by the test above.
#[test]
#[ignore = "a part of another test, in a process of its own"]
fn child_with_the_library_alone() {
    let case = attack();
    let _ = saml_library(&case, &case.attack);
}

/// Runs a test of this binary in a folder with the pipe; whether the pipe was opened for reading.
fn opens_the_pipe(test: &str) -> bool {
    let folder = tempfile::tempdir().unwrap();
    let pipe = folder.path().join(PIPE);
    assert!(Command::new("mkfifo").arg(&pipe).status().unwrap().success());
    let mut child = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", test, "--ignored"])
        .current_dir(folder.path())
        .stdout(Stdio::null())
        .spawn()
        .unwrap();
    let mut opened = false;
    loop {
        // Whoever opens a pipe for reading waits for a writer, so that one look in a while is enough.
        opened |= somebody_reads(&pipe);
        if let Some(status) = child.try_wait().unwrap() {
            assert!(status.success(), "{test}: {status}");
            return opened;
        }
        std::thread::sleep(Duration::from_millis(5));
    }
}

/// Opens the pipe for writing, which works while somebody has it open for reading, and lets them go on.
fn somebody_reads(pipe: &Path) -> bool {
    const O_NONBLOCK: i32 = 0o4000;
    const ENXIO: i32 = 6;
    match std::fs::OpenOptions::new().write(true).custom_flags(O_NONBLOCK).open(pipe) {
        Ok(_) => true,
        Err(error) => {
            assert!(error.raw_os_error() == Some(ENXIO) || error.kind() == ErrorKind::Interrupted, "{error}");
            false
        }
    }
}
