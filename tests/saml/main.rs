//! SAML responses from a signer of our own, valid ones and attacks: what passes, what does not, and why.
//!
//! Every attack is made at test time from a response that is accepted, and is refused for the cause
//! its line names. The names begin with the rows of the attack list (group I).

#![cfg(feature = "saml")]
#![expect(clippy::unwrap_used, reason = "what builds a document for a test stops the test if it cannot")]

#[macro_use]
mod case;
mod algorithms;
mod build;
mod conditions;
mod groups;
mod keys;
mod library_alone;
mod limits;
mod markup;
mod metadata;
mod mutation;
mod no_files;
mod requirement;
mod role;
mod rotation;
mod rsa;
mod signature_form;
mod valid;
mod wrapping;
