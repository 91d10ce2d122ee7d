//! The data plane, driven over real sockets in front of a recording backend. Tests that begin with the
//! number of an attack (`a01_…`) belong to a row of the table of attacks (`tests/attack_rows.rs`).

#[path = "../support/mod.rs"]
mod support;

mod addressing;
mod backend_answers;
mod backend_trouble;
mod body_limits;
mod chunk_framing;
mod commit_safety;
mod cors;
mod cors_rules;
mod expiry;
mod forgiveness;
mod forward_request;
mod forward_response;
mod found_in_review;
mod header_mechanisms;
mod header_signature;
mod header_signed_headers;
mod header_time_and_scope;
mod host_routing;
mod isolation;
mod key_spelling;

mod operation_routing;
mod payload_form;
mod payload_hash;
mod payload_trailer;
mod permission;
mod post_form_answer;
mod post_form_body;
mod post_form_policy;
mod presigned_parameters;
mod presigned_rights;
mod presigned_url_is_not_widened;
mod region;
mod revoked_meanwhile;
mod session_token;
mod shutdown;
mod signed_chunk_framing;
mod signed_chunks;
mod support_is_honest;
mod token_keys;
