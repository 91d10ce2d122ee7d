//! `[store]` of a fleet: what is refused, and why.

use crate::fixture::{Fixture, VALID};

#[cfg(not(feature = "etcd"))]
#[test]
fn a_build_without_etcd_says_so() {
    let text = VALID.replace("path = \"portcullis.redb\"", "kind = \"etcd\"");
    assert_eq!(
        Fixture::new().refusal(&text),
        "portcullis.toml:9: store.kind: found \"etcd\", expected \"embedded\": this build is without etcd \
         (cargo build --features etcd)"
    );
}

#[cfg(feature = "etcd")]
mod with_etcd {
    use super::*;

    const ENDPOINT: &str = "endpoints = [\"http://127.0.0.1:2379\"]";

    /// What is said of a store with these lines in `[store.etcd]`.
    fn refusal(lines: &str) -> String {
        refusal_of("kind = \"etcd\"", &format!("[store.etcd]\n{lines}"))
    }

    /// The message behind the name of the file and the line.
    fn refusal_of(store: &str, section: &str) -> String {
        let fixture = Fixture::new();
        fixture.secret("etcd.password", "a-password\n");
        fixture.write("world.password", "a-password\n");
        let text = VALID
            .replace("path = \"portcullis.redb\"", store)
            .replace("[[identity]]", &format!("{section}\n[[identity]]"));
        let refusal = fixture.refusal(&text);
        refusal.split_once(": ").map_or(refusal.clone(), |(_, message)| message.to_owned())
    }

    #[test]
    fn a_cluster_is_reached_by_tls_or_on_loopback() {
        for accepted in [
            ENDPOINT,
            "endpoints = [\"http://localhost:2379\", \"http://[::1]:2379\"]",
            "endpoints = [\"http://10.0.0.1:2379\"]\ninsecure = true",
            "endpoints = [\"https://10.0.0.1:2379\"]\nca_file = \"server.pem\"",
            "endpoints = [\"https://10.0.0.1:2379\"]\nca_file = \"server.pem\"\ncert = \"server.pem\"\nkey = \"server.key\"",
        ] {
            assert_eq!(refusal(accepted), "accepted", "{accepted}");
        }
        for (lines, message) in [
            (
                "endpoints = []",
                "store.etcd.endpoints: found none, expected at least one URL such as \"https://10.0.0.1:2379\"",
            ),
            (
                "endpoints = [\"http://10.0.0.1:2379\"]",
                "store.etcd.endpoints: found \"http://10.0.0.1:2379\", expected https, or a loopback host, or insecure = true",
            ),
            (
                "endpoints = [\"http://127.0.0.1:2379\", \"https://127.0.0.1:2379\"]",
                "store.etcd.endpoints: found http and https, expected one of the two for all members",
            ),
            (
                "endpoints = [\"https://10.0.0.1:2379\"]",
                "store.etcd.ca_file: found none, expected a PEM file with those who vouch for the members",
            ),
            (
                "endpoints = [\"https://10.0.0.1:2379\"]\nca_file = \"absent.pem\"",
                "store.etcd.ca_file: found \"absent.pem\", expected a PEM file that exists",
            ),
        ] {
            assert_eq!(refusal(lines), message);
        }
        for endpoint in
            ["10.0.0.1:2379", "https://10.0.0.1", "https://10.0.0.1:2379/v3", "ftp://10.0.0.1:2379", "https://:1"]
        {
            let lines = format!("endpoints = [\"{endpoint}\"]\nca_file = \"server.pem\"");
            assert_eq!(
                refusal(&lines),
                format!(
                    "store.etcd.endpoints: found \"{endpoint}\", expected a URL of scheme, host and port such as \"https://10.0.0.1:2379\""
                )
            );
        }
        let with_password = refusal("endpoints = [\"http://root:hunter2@127.0.0.1:2379\"]");
        assert!(with_password.contains("a URL with user information") && !with_password.contains("hunter2"));
    }

    #[test]
    fn what_belongs_together_is_given_together() {
        for (lines, message) in [
            ("user = \"root\"", "store.etcd.password_file: found none, expected the file with user's password"),
            (
                "password_file = \"etcd.password\"",
                "store.etcd.user: found none, expected the user whose password it is",
            ),
            (
                "user = \"root\"\npassword_file = \"world.password\"",
                "store.etcd.password_file: found world.password with mode 0644, expected a file that only its owner can read (chmod 600)",
            ),
            ("cert = \"server.pem\"", "store.etcd.key: found none, expected the key that belongs to cert"),
            ("key = \"server.key\"", "store.etcd.cert: found none, expected the certificate that belongs to key"),
            ("ca_file = \"server.pem\"", "store.etcd.endpoints: found http, expected https, to go with certificates"),
            (
                "prefix = \"portcullis\"",
                "store.etcd.prefix: found \"portcullis\", expected up to 128 printable characters, the last a slash",
            ),
            ("max_staleness = \"1s\"", "store.etcd.max_staleness: found \"1s\", expected \"2s\" to \"15min\""),
            ("max_staleness = \"16min\"", "store.etcd.max_staleness: found \"16m\", expected \"2s\" to \"15min\""),
        ] {
            assert_eq!(refusal(&format!("{ENDPOINT}\n{lines}")), message);
        }
        let right = format!(
            "{ENDPOINT}\nuser = \"root\"\npassword_file = \"etcd.password\"\nprefix = \"/p/\"\nmax_staleness = \"15min\""
        );
        assert_eq!(refusal(&right), "accepted");
    }

    #[test]
    fn the_kind_goes_with_its_settings() {
        let section = format!("[store.etcd]\n{ENDPOINT}");
        assert_eq!(refusal_of("kind = \"etcd\"", ""), "store.etcd: found none, expected a section [store.etcd]");
        assert_eq!(
            refusal_of("kind = \"etcd\"\npath = \"portcullis.redb\"", &section),
            "store.path: found a file, expected none: the store is in etcd"
        );
        assert_eq!(
            refusal_of("path = \"portcullis.redb\"", &section),
            "store.kind: found \"embedded\", expected \"etcd\", to go with [store.etcd]"
        );
        assert_eq!(refusal_of("", ""), "store.path: found none, expected the file to keep the store in");
    }
}
