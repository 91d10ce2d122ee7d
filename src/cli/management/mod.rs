//! What the management commands (`key`, `token`, `federation`, `store`) share: which server or store is meant, who
//! answers for it, and how arguments and answers are written.

mod answer;
mod grant;
mod place;
mod service;

pub(super) use answer::{as_json, details, shell_quoted, table, time_or};
pub(super) use grant::{Granted, parse_expiry};
pub(super) use place::{Arguments, Place, Target};
pub(super) use service::{NOTHING, Service};
