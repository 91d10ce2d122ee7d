//! The table of attack rows A to E: which tests belong to each, and what is due in a later step, and why.

use std::collections::BTreeSet;
use std::path::Path;

/// What stands behind one row.
enum Standing {
    /// These tests, and nothing is left to do.
    Tested(&'static [&'static str]),
    /// These tests, and a part that is due in a later step.
    Partly(&'static [&'static str], &'static str),
    /// All of it is due in a later step.
    Due(&'static str),
    /// Tests beside the code, which this suite does not see.
    Elsewhere(&'static str),
}

use Standing::{Due, Elsewhere, Partly, Tested};

const ROWS: [(&str, Standing); 100] = [
    ("A1", Tested(&["a01_a_made_up_signature_is_refused"])),
    ("A2", Tested(&["a02_an_unknown_access_key_is_refused"])),
    ("A3", Tested(&["a03_a_request_outside_fifteen_minutes_is_refused"])),
    ("A4", Tested(&["a04_the_scope_names_the_day_of_the_request"])),
    ("A5", Tested(&["a05_a_wrong_scope_is_refused_and_only_a_wrong_region_is_corrected"])),
    ("A6", Tested(&["a06_another_algorithm_is_refused_by_name"])),
    ("A7", Tested(&["a07_signature_version_2_is_refused_by_name"])),
    ("A8", Tested(&["a08_host_has_to_be_signed"])),
    ("A9", Tested(&["a09_an_unsigned_copy_source_makes_no_copy"])),
    ("A10", Tested(&["a10_every_unsigned_amz_header_is_refused", "a10_a_session_token_that_is_not_signed_is_refused"])),
    ("A11", Tested(&["a11_the_list_of_signed_headers_is_exact"])),
    ("A12", Tested(&["a12_two_authorization_headers_are_refused"])),
    (
        "A13",
        Tested(&[
            "a13_a_header_that_stands_twice_is_refused_or_acts_as_it_was_signed",
            "a13_a_copy_source_that_stands_twice_is_never_one_of_the_two",
            "a13_a_session_token_stands_once_in_one_place_in_one_spelling",
        ]),
    ),
    ("A14", Tested(&["a14_a_header_and_a_query_signature_together_are_refused"])),
    ("A15", Tested(&["a15_a_credential_alone_is_no_signature"])),
    (
        "A16",
        Partly(
            &[
                "a16_another_scheme_is_worthless_here",
                "a16_a_payload_that_is_no_known_word_is_refused",
                "a16_a_session_token_with_a_key_that_has_none_is_refused",
            ],
            "step 2: an access key on the control plane",
        ),
    ),
    ("A17", Tested(&["a17_a_signature_in_another_spelling_is_refused"])),
    ("A18", Tested(&["a18_oversized_and_hostile_credentials_end_before_any_look_up"])),
    ("A19", Tested(&["a19_a_replay_is_the_same_request_and_unsigned_headers_change_no_decision"])),
    (
        "A20",
        Partly(
            &["a20_unknown_keys_and_wrong_signatures_take_the_same_way"],
            "never gated: equal time is assured by structure (one code path, a decoy for unknown keys, a constant-time \
             comparison) and shown by the bench of verification",
        ),
    ),
    ("A21", Tested(&["a21_a_signature_is_good_for_one_method_only"])),
    ("A22", Tested(&["a22_headers_are_verified_as_received_and_connection_may_not_name_them"])),
    ("B1", Tested(&["b01_a_url_may_not_live_longer_than_a_week"])),
    ("B2", Tested(&["b02_a_life_that_is_no_plain_number_is_refused"])),
    ("B3", Tested(&["b03_a_life_of_zero_is_over_at_once"])),
    ("B4", Tested(&["b04_an_expired_url_has_no_grace", "b04_a_clock_that_stood_still_and_then_moves_ends_the_url"])),
    ("B5", Tested(&["b05_a_url_of_the_future_is_not_valid_yet"])),
    ("B6", Tested(&["b06_an_unsigned_copy_source_makes_no_copy"])),
    ("B7", Tested(&["b07_unsigned_amz_headers_are_refused_for_put_and_get"])),
    ("B8", Tested(&["b08_an_unsigned_sentinel_chooses_no_verifier"])),
    ("B9", Tested(&["b09_a_presigned_url_takes_no_streaming_sentinel"])),
    ("B10", Tested(&["b10_a_parameter_added_after_signing_breaks_the_signature"])),
    ("B11", Tested(&["b11_a_parameter_stands_once_in_its_one_spelling_and_place"])),
    ("B12", Tested(&["b12_each_of_the_six_parameters_is_required", "b12_a_wrong_scope_in_the_query_is_refused"])),
    (
        "B13",
        Partly(&["b13_a_security_token_that_nobody_issued_is_never_ignored"], "step 2: tokens of keys that have one"),
    ),
    ("B14", Tested(&["b14_a_body_other_than_the_hash_in_the_url_is_refused"])),
    ("B15", Tested(&["b15_a_url_ends_with_the_key_that_signed_it"])),
    (
        "B16",
        Partly(
            &["b16_a_url_ends_when_its_key_is_revoked_or_suspended", "b16_a_url_may_do_what_its_signer_may_now"],
            "step 5: the bound across nodes",
        ),
    ),
    (
        "B17",
        Partly(&["b17_a_url_opens_no_other_plane"], "step 2: the control plane; step 6: the admin listener's pages"),
    ),
    ("B18", Partly(&["b18_other_methods_of_a_url_go_nowhere"], "step 4: OPTIONS as a CORS preflight")),
    (
        "C1",
        Tested(&[
            "c01_a_body_other_than_its_sha256_can_never_be_committed",
            "c01_the_hash_holds_over_http2_too",
            "c01_a_shorter_or_a_longer_body_is_refused_too",
            "c01_the_last_bytes_wait_until_the_hash_is_proved",
            "c01_every_operation_with_a_body_is_held_to_its_hash",
            "c01_no_wrong_body_commits_because_its_backend_misbehaves",
            "c01_no_wrong_body_with_a_sha256_can_commit",
        ]),
    ),
    ("C2", Tested(&["c02_a_policy_forbids_unsigned_payloads"])),
    ("C3", Due("step 4: signed chunks")),
    ("C4", Due("step 4: signed chunks")),
    (
        "C5",
        Partly(
            &["c05_a_body_without_its_final_chunk_is_incomplete", "c05_a_body_that_ends_early_is_cut_off_upstream"],
            "step 4: signed chunks",
        ),
    ),
    ("C6", Tested(&["c06_the_decoded_length_is_the_length"])),
    ("C7", Due("step 4: signed chunks")),
    ("C8", Tested(&["c08_nothing_may_follow_the_end_of_the_body"])),
    ("C9", Partly(&["c09_a_chunk_size_is_hexadecimal_digits_and_crlf"], "step 4: chunk-signature twice or missing")),
    ("C10", Due("step 4: signed trailers")),
    ("C11", Tested(&["c11_trailers_are_the_announced_ones_and_never_headers"])),
    (
        "C12",
        Tested(&[
            "c12_a_wrong_trailing_checksum_is_refused_for_each_algorithm",
            "c12_a_backend_without_trailers_gets_the_plain_body_or_nothing",
            "c12_a_checksum_header_holds_for_every_payload_kind",
        ]),
    ),
    (
        "C13",
        Tested(&[
            "c13_a_sentinel_without_an_announced_trailer_is_refused",
            "c13_an_algorithm_without_its_checksum_is_refused",
        ]),
    ),
    ("C14", Tested(&["c14_the_sentinel_needs_a_right_signature_on_every_route"])),
    ("C15", Tested(&["c15_the_sentinel_is_for_uploads_only"])),
    ("C16", Tested(&["c16_the_sentinel_stands_for_no_signature"])),
    ("C17", Tested(&["c17_only_the_signed_payload_header_decides_the_framing"])),
    ("C18", Tested(&["c18_only_the_aws_chunked_token_is_taken_from_content_encoding"])),
    ("C19", Tested(&["c19_every_split_of_the_stream_gives_the_same_body"])),
    ("C20", Tested(&["c20_trailers_have_a_limit", "c20_a_million_chunks_of_one_byte_cost_a_bounded_time"])),
    ("C21", Tested(&["c21_a_content_md5_that_does_not_fit_is_refused"])),
    (
        "D1",
        Partly(
            &["d01_dot_segments_are_refused_in_every_spelling", "d01_an_exact_backend_gets_dot_segments_as_they_are"],
            "step 3: the policy that allows public/* only",
        ),
    ),
    ("D2", Partly(&["d02_empty_segments_are_refused_unless_the_backend_keeps_them"], "step 3: what a policy sees")),
    ("D3", Tested(&["d03_a_path_is_decoded_once_and_encoded_once"])),
    ("D4", Tested(&["d04_a_plus_is_a_plus_in_path_and_query"])),
    ("D5", Tested(&["d05_keys_are_bytes_of_utf8_and_never_normalised"])),
    (
        "D6",
        Tested(&[
            "d06_a_sub_resource_is_the_same_in_every_spelling_and_stands_once",
            "d06_the_order_of_parameters_is_no_matter",
        ]),
    ),
    ("D7", Tested(&["d07_two_sub_resources_at_once_are_refused"])),
    ("D8", Tested(&["d08_what_the_table_does_not_know_goes_nowhere", "d08_post_forms_are_refused_by_name"])),
    ("D9", Tested(&["d09_the_bucket_stands_before_a_configured_domain_or_in_the_path"])),
    (
        "D10",
        Tested(&[
            "d10_a_target_that_names_another_host_is_refused",
            "d10_an_authority_that_differs_from_host_is_refused_over_http2",
        ]),
    ),
    (
        "D11",
        Tested(&[
            "d11_the_server_name_of_tls_decides_nothing",
            "d11_a_reused_http2_connection_is_judged_by_each_authority",
        ]),
    ),
    (
        "D12",
        Tested(&[
            "d12_forwarding_headers_are_ignored_and_go_no_further",
            "d12_forwarding_headers_make_no_connection_secure",
        ]),
    ),
    ("D13", Tested(&["d13_the_address_is_the_sockets_whatever_is_forwarded"])),
    ("D14", Partly(&["d14_reserved_names_are_no_buckets_by_path_or_by_host"], "step 4: reserved names by POST form")),
    ("D15", Tested(&["d15_bucket_names_follow_the_published_rules"])),
    ("E1", Tested(&["e01_a_copy_needs_to_read_its_source"])),
    ("E2", Tested(&["e02_a_copied_part_needs_to_read_its_source"])),
    ("E3", Tested(&["e03_the_source_that_is_judged_is_the_source_that_is_sent_on"])),
    ("E4", Tested(&["e04_a_version_of_the_source_needs_its_own_action"])),
    ("E5", Tested(&["e05_a_policy_limits_what_may_be_copied"])),
    (
        "E6",
        Tested(&[
            "e06_a_deletion_that_compares_needs_to_read",
            "e06_headers_that_ride_along_need_their_own_action",
            "e06_the_list_of_a_version_needs_the_action_of_versions_only",
        ]),
    ),
    (
        "E7",
        Tested(&[
            "e07_a_batch_without_an_allowed_key_goes_nowhere",
            "e07_each_of_a_thousand_keys_is_judged_and_the_allowed_ones_go",
        ]),
    ),
    ("E8", Tested(&["e08_versions_are_judged_apart_and_the_list_that_is_judged_is_the_list_that_is_sent"])),
    ("E9", Tested(&["e09_a_malformed_batch_is_refused_whole"])),
    ("E10", Tested(&["e10_governance_is_bypassed_only_where_it_may_be"])),
    ("E11", Tested(&["e11_no_way_to_look_at_an_object_is_weaker_than_reading_it"])),
    (
        "E12",
        Tested(&[
            "e12_a_missing_object_is_forbidden_to_who_may_not_list",
            "e12_a_missing_source_is_told_to_who_may_list_the_bucket_of_the_source",
            "e12_an_object_that_a_completed_upload_does_not_find_is_forbidden_as_well",
            "e12_conditions_of_a_client_are_not_answered_before_its_rights",
            "e12_the_right_to_list_is_judged_with_its_conditions",
            "e12_who_may_list_is_told_that_an_object_is_missing",
        ]),
    ),
    (
        "E13",
        Tested(&[
            "e13_a_listing_stays_in_the_prefix_that_was_allowed",
            "e13_a_page_begins_anywhere_and_its_prefix_is_judged_each_time",
            "e13_a_prefix_that_a_backend_could_clean_is_refused",
        ]),
    ),
    ("E14", Tested(&["e14_versions_are_listed_by_their_own_action"])),
    (
        "E15",
        Tested(&[
            "e15_only_buckets_that_the_reader_may_look_into_are_listed",
            "e15_without_the_action_there_is_no_list_and_no_backend_is_asked",
        ]),
    ),
    ("E16", Elsewhere("patterns are compared with a reference evaluator (policy)")),
    ("E17", Tested(&["e17_a_deny_in_any_layer_stands_against_every_allow"])),
    ("E18", Elsewhere("set operators are compared with a reference evaluator (policy)")),
    ("E19", Tested(&["e19_no_header_of_a_client_is_a_condition_key"])),
    ("E20", Tested(&["e20_what_a_request_says_is_literal_in_a_variable"])),
    ("E21", Elsewhere("what is stored and cannot be read denies (authority), and is refused at upload (policy)")),
    ("E22", Tested(&["e22_an_upload_is_its_key_whoever_knows_its_id"])),
    (
        "E23",
        Tested(&[
            "e23_a_configuration_names_only_buckets_that_its_author_may_write",
            "e23_a_key_for_objects_changes_no_policy",
            "e23_configurations_are_written_by_name_only",
        ]),
    ),
    ("E24", Elsewhere("the table is walked row by row (s3::operation)")),
];

/// The rows of each group.
const GROUPS: [(char, usize); 5] = [('A', 22), ('B', 18), ('C', 21), ('D', 15), ('E', 24)];

#[test]
fn every_row_stands_in_the_table_in_order() {
    let expected: Vec<String> =
        GROUPS.iter().flat_map(|(group, count)| (1..=*count).map(move |number| format!("{group}{number}"))).collect();
    let found: Vec<&str> = ROWS.iter().map(|(row, _)| *row).collect();
    assert_eq!(found, expected);
}

#[test]
fn what_is_due_says_when_and_why() {
    for (row, standing) in &ROWS {
        if let Elsewhere(what) = standing {
            assert!(what.ends_with(')'), "{row} names the folder: {what}");
        }
        let (Due(when) | Partly(_, when)) = standing else { continue };
        assert!(when.starts_with("step ") || when.starts_with("never gated: "), "{row}: {when}");
        assert!(when.len() > "step N: ".len(), "{row}: {when}");
    }
}

#[test]
fn every_named_test_exists_and_belongs_to_its_row() {
    let tests = tests_of_this_suite();
    assert!(tests.contains("every_named_test_exists_and_belongs_to_its_row"), "the sources are read");
    for (row, standing) in &ROWS {
        let (Tested(names) | Partly(names, _)) = standing else { continue };
        assert!(!names.is_empty(), "{row} has a test");
        for name in *names {
            assert!(tests.contains(*name), "{row}: there is no test {name}");
            assert_eq!(row_of(name).as_deref(), Some(*row), "{name} is named after {row}");
        }
    }
}

#[test]
fn every_test_that_is_named_after_a_row_is_in_the_table() {
    let named: BTreeSet<&str> = ROWS
        .iter()
        .flat_map(|(_, standing)| match standing {
            Tested(names) | Partly(names, _) => *names,
            Due(_) | Elsewhere(_) => &[],
        })
        .copied()
        .collect();
    for test in tests_of_this_suite() {
        assert!(row_of(&test).is_none() || named.contains(test.as_str()), "{test} is missing in the table");
    }
}

/// `A7` for `a07_…`.
fn row_of(test: &str) -> Option<String> {
    let (group, rest) = (test.get(..1)?, test.get(1..3)?);
    let number: u8 = rest.parse().ok()?;
    (matches!(group, "a" | "b" | "c" | "d" | "e") && test.get(3..4) == Some("_"))
        .then(|| format!("{}{number}", group.to_ascii_uppercase()))
}

/// The names of all test functions of this suite and of the one about authorization, read from their sources.
fn tests_of_this_suite() -> BTreeSet<String> {
    let mut tests = BTreeSet::new();
    let entries = ["tests/data_plane", "tests/authorization"].into_iter().flat_map(|suite| {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join(suite);
        std::fs::read_dir(folder).expect("the suite has a folder")
    });
    for entry in entries {
        let text = std::fs::read_to_string(entry.expect("an entry").path()).expect("a source file");
        let mut lines = text.lines();
        while let Some(line) = lines.next() {
            if line.starts_with("#[tokio::test") || line.starts_with("#[test]") {
                let function = lines.find(|line| line.contains("fn ")).expect("a test is a function");
                let name = function.split("fn ").nth(1).and_then(|rest| rest.split('(').next());
                tests.insert(name.expect("a function has a name").to_owned());
            }
        }
    }
    tests
}
