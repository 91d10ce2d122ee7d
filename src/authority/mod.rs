//! Holds the ceilings in force and answers what a principal may do. Organization and bucket policies
//! will only add to the refusals here: a ceiling is judged first and is never widened.

mod ceiling;

pub use ceiling::{Ceilings, Denial, IssueDenial};
