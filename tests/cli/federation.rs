//! `portcullis federation`, in every way to reach a server.

use std::fs;

use crate::program::Program;
use crate::server::Server;

/// Every verb once; the same must hold whoever answers.
fn a_whole_life(server: &Server, run: &dyn Fn(&[&str]) -> Program) {
    let github = ["add", "oidc", "--name", "github", "--issuer", "https://token.actions.githubusercontent.com"];
    let github = run(&github)
        .args(["--audience", "https://s3.example.com", "--algorithm", "RS256", "--groups-claim", "teams", "--json"])
        .json();
    assert_eq!(github["groupsClaim"], "teams");
    assert_eq!((github["kind"].as_str(), github["algorithms"].to_string().as_str()), (Some("oidc"), "[\"RS256\"]"));
    let uid = github["uid"].as_str().expect("a uid").to_owned();
    let shown = run(&["add", "oidc", "--name", "sso", "--issuer", "https://sso.example.com", "--audience", "console"])
        .args(["--api-permission-claim", "portcullis", "--permanent-keys", "--inactive", "--description", "people"])
        .text();
    for word in ["inactive", "as the claim portcullis says, permanent keys too", "people", "RS256, "] {
        assert!(shown.contains(word), "{word} is not in {shown}");
    }
    let certificate = server.ca();
    let saml = run(&["add", "saml", "--name", "okta", "--entity-id", "https://idp.example.com/saml"]);
    let saml = saml
        .args(["--certificate".as_ref(), certificate.as_os_str()])
        .args(["--accept-ecdsa-and-pss", "--groups-attribute", "groups", "--json"])
        .json();
    assert_eq!(
        (saml["kind"].as_str(), saml["entityId"].as_str()),
        (Some("saml"), Some("https://idp.example.com/saml"))
    );
    assert_eq!(saml["groupsAttribute"], "groups");
    let saml_uid = saml["uid"].as_str().expect("a uid").to_owned();

    let listed = run(&["list"]).text();
    assert_eq!(listed.lines().count(), 4, "{listed}");
    let all = run(&["list", "--json"]).json();
    assert_eq!((all["oidc"].as_array().map(Vec::len), all["saml"].as_array().map(Vec::len)), (Some(2), Some(1)));

    let changed = run(&["update", "oidc", &uid, "--audience", "other", "--inactive", "--description", "robots"]);
    let changed = changed.args(["--json"]).json();
    assert_eq!((changed["audience"].as_str(), changed["name"].as_str()), (Some("other"), Some("github")));
    assert!(changed["deactivatedAt"].is_string() && changed["description"] == "robots", "{changed}");
    let changed = run(&["update", "oidc", &uid, "--active", "--description", "", "--json"]).json();
    assert!(changed["deactivatedAt"].is_null() && changed["description"].is_null(), "{changed}");
    assert!(run(&["show", &saml_uid]).text().contains("the assertion, with RSA, RSA-PSS and ECDSA"));

    let changed =
        run(&["update", "saml", &saml_uid, "--name", "sso", "--signs-response", "true", "--description", "people"]);
    let changed = changed.args(["--json".as_ref(), "--certificate".as_ref(), certificate.as_os_str()]);
    let changed = changed.args(["--certificate".as_ref(), server.folder().join("server.pem").as_os_str()]).json();
    assert_eq!((changed["uid"].as_str(), changed["name"].as_str()), (Some(saml_uid.as_str()), Some("sso")));
    assert_eq!(changed["certificates"].as_array().map(Vec::len), Some(2), "{changed}");
    for field in ["entityId", "createdAt", "acceptsEcdsaAndPss"] {
        assert_eq!(changed[field], saml[field], "{changed}");
    }
    assert!(changed["signsResponse"] == true && changed["description"] == "people", "{changed}");
    let changed = run(&["update", "saml", &saml_uid, "--signs-response", "false", "--description", "", "--json"]);
    let changed = changed.args(["--certificate".as_ref(), certificate.as_os_str()]).json();
    assert_eq!(changed["certificates"], saml["certificates"]);
    assert!(changed["signsResponse"] == false && changed["description"].is_null(), "{changed}");
    let changed = run(&["update", "oidc", &uid, "--groups-claim", "realm_access.roles", "--json"]).json();
    assert_eq!(
        (changed["groupsClaim"].as_str(), changed["name"].as_str()),
        (Some("realm_access.roles"), Some("github"))
    );
    assert!(run(&["show", &uid]).text().contains("the claim realm_access.roles"));
    assert!(run(&["update", "oidc", &uid, "--no-groups-claim", "--json"]).json()["groupsClaim"].is_null());
    let changed = run(&["update", "saml", &saml_uid, "--groups-attribute", "memberOf", "--json"]).json();
    assert_eq!((changed["groupsAttribute"].as_str(), &changed["name"]), (Some("memberOf"), &"sso".into()));
    assert!(run(&["show", &saml_uid]).text().contains("the attribute memberOf"));
    assert!(run(&["update", "saml", &saml_uid, "--no-groups-attribute", "--json"]).json()["groupsAttribute"].is_null());
    run(&["update", "saml", &uid, "--name", "x"]).run().failed(1, &["update oidc"]);
    run(&["update", "oidc", &saml_uid, "--name", "x"]).run().failed(1, &["update saml"]);
    run(&["update", "saml", &saml_uid, "--accept-ecdsa-and-pss", "false"]).run().failed(1, &["certificate"]);

    run(&["remove", &uid]).text();
    run(&["remove", &saml_uid]).text();
    run(&["show", &uid]).run().failed(1, &["no configuration with the uid"]);
    run(&["remove", &uid]).run().failed(1, &["no configuration with the uid"]);
    assert_eq!(run(&["list"]).text().lines().count(), 2);
}

#[test]
fn providers_are_managed_in_a_stopped_store() {
    let server = Server::stopped(false);
    a_whole_life(&server, &|arguments| server.local(["federation"]).args(arguments));
}

#[test]
fn a_development_folder_knows_its_configuration_while_no_server_runs() {
    let server = Server::stopped(false);
    let saml = ["federation", "add", "saml", "--dir", ".", "--name", "sso", "--accept-ecdsa-and-pss"];
    let certificate = server.ca();
    let add = || {
        let program = server.program(saml).args(["--entity-id", "https://idp.example.com/"]);
        program.args(["--certificate".as_ref(), certificate.as_os_str()])
    };
    let added = add().text();
    assert!(added.contains("https://idp.example.com/"), "{added}");
    // Without its configuration, nothing is known of SAML: the command says so.
    fs::remove_file(server.config()).expect("the folder is ours");
    let refused = add().run();
    refused.failed(1, &["[federation.saml]"]);
}

#[test]
fn providers_are_managed_through_the_control_socket() {
    let server = Server::start(false);
    a_whole_life(&server, &|arguments| server.local(["federation"]).args(arguments));
}

#[test]
fn providers_are_managed_through_the_api() {
    for tls in [false, true] {
        let server = Server::start(tls);
        let (admin, _) = server.token("admin", "admin");
        a_whole_life(&server, &|arguments| server.remote(["federation"], &admin).args(arguments));
    }
}

#[test]
fn a_saml_provider_is_taken_from_its_metadata() {
    let server = Server::stopped(false);
    let pem = fs::read_to_string(server.ca()).expect("a certificate");
    let base64: String = pem.lines().filter(|line| !line.starts_with("-----")).collect();
    let metadata = format!(
        "<md:EntityDescriptor xmlns:md=\"urn:oasis:names:tc:SAML:2.0:metadata\" entityID=\"https://idp.example.com/m\">\
         <md:IDPSSODescriptor protocolSupportEnumeration=\"urn:oasis:names:tc:SAML:2.0:protocol\">\
         <md:KeyDescriptor use=\"signing\"><ds:KeyInfo xmlns:ds=\"http://www.w3.org/2000/09/xmldsig#\"><ds:X509Data>\
         <ds:X509Certificate>{base64}</ds:X509Certificate></ds:X509Data></ds:KeyInfo></md:KeyDescriptor>\
         <md:SingleSignOnService Binding=\"urn:oasis:names:tc:SAML:2.0:bindings:HTTP-Redirect\" \
         Location=\"https://idp.example.com/sso\"/></md:IDPSSODescriptor></md:EntityDescriptor>"
    );
    let file = server.folder().join("metadata.xml");
    fs::write(&file, metadata).expect("the folder is ours");
    let add = ["add", "saml", "--name", "okta", "--signs-response", "--accept-ecdsa-and-pss", "--json", "--metadata"];
    let added = server.local(["federation"]).args(add).args([&file]).json();
    assert_eq!(added["entityId"], "https://idp.example.com/m");
    assert_eq!(
        (added["certificates"].as_array().map(Vec::len), added["signsResponse"].as_bool()),
        (Some(1), Some(true))
    );
    let update = ["update", "saml", added["uid"].as_str().expect("a uid"), "--name", "sso", "--json", "--metadata"];
    let updated = server.local(["federation"]).args(update).args([&file]).json();
    assert_eq!((updated["name"].as_str(), &updated["certificates"]), (Some("sso"), &added["certificates"]));
}

#[test]
fn mistakes_in_arguments_exit_with_2_and_what_the_server_refuses_with_1() {
    let server = Server::stopped(false);
    let oidc = ["add", "oidc", "--name", "x", "--issuer", "https://example.com", "--audience", "y"];
    for arguments in [
        &["add", "oidc", "--name", "x", "--issuer", "https://example.com"][..],
        &[&oidc[..], &["--algorithm", "HS256"]].concat(),
        &[&oidc[..], &["--algorithm", "none"]].concat(),
        &[&oidc[..], &["--permanent-keys"]].concat(),
        &["update", "oidc", "uid"],
        &["update", "oidc", "uid", "--active", "--inactive"],
        &["update", "oidc", "uid", "--groups-claim", "a", "--no-groups-claim"],
        &["update", "saml", "uid"],
        &["update", "saml", "uid", "--groups-attribute", "a", "--no-groups-attribute"],
        &["update", "saml", "uid", "--signs-response"],
        &["update", "saml", "uid", "--entity-id", "y"],
        &["update", "saml", "uid", "--metadata", "/nonexistent"],
        &["update", "saml", "uid", "--certificate", "a", "--metadata", "b"],
        &["add", "saml", "--name", "x"],
        &["add", "saml", "--name", "x", "--entity-id", "y"],
        &["add", "saml", "--name", "x", "--metadata", "/nonexistent"],
        &["remove"],
    ] {
        let ended = server.local(["federation"]).args(arguments).run();
        assert_eq!((ended.code, ended.out.as_str()), (Some(2), ""), "{arguments:?} {ended:?}");
    }
    let plain = ["federation", "add", "oidc", "--name", "x", "--issuer", "http://example.com", "--audience", "y"];
    server.local(plain).run().failed(1, &["https"]);
    let key = server.folder().join("server.key");
    let not_a_certificate = ["add", "saml", "--name", "x", "--entity-id", "y", "--certificate"];
    server.local(["federation"]).args(not_a_certificate).args([&key]).run().failed(1, &["certificate"]);
}
