//! The manual, as pages beside the code they speak of: for those who run Portcullis, those who point
//! clients at it, and those who want to know what it defends against.

#[doc = include_str!("attacks.md")]
#[expect(clippy::doc_markdown, reason = "error codes stand in prose there")]
pub mod attacks {}

#[doc = include_str!("bench.md")]
pub mod bench {}

#[doc = include_str!("clients.md")]
pub mod clients {}

#[doc = include_str!("conditions.md")]
pub mod conditions {}

#[doc = include_str!("conformance.md")]
pub mod conformance {}

#[doc = include_str!("control_plane.md")]
pub mod control_plane {}

#[doc = include_str!("cors.md")]
pub mod cors {}

#[doc = include_str!("errors.md")]
pub mod errors {}

#[doc = include_str!("federation.md")]
pub mod federation {}

#[doc = include_str!("fleet.md")]
pub mod fleet {}

#[doc = include_str!("identities.md")]
pub mod identities {}

#[doc = include_str!("limits.md")]
pub mod limits {}

#[doc = include_str!("moving_a_store.md")]
pub mod moving_a_store {}

#[doc = include_str!("operations.md")]
pub mod operations {}

#[doc = include_str!("performance.md")]
pub mod performance {}

#[doc = include_str!("policies.md")]
pub mod policies {}

#[doc = include_str!("post_forms.md")]
pub mod post_forms {}

#[doc = include_str!("request_life.md")]
pub mod request_life {}

#[doc = include_str!("saml.md")]
pub mod saml {}

#[doc = include_str!("sts.md")]
pub mod sts {}

#[doc = include_str!("threat_model.md")]
pub mod threat_model {}
