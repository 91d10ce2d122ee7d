//! How much of a list is asked for: the same bounds for every list.

use super::ControlError;

/// As many entries as were asked for; all that one answer may hold if nothing was said.
///
/// # Errors
/// [`ControlError::Invalid`] for none and for too many.
pub(super) fn limit(asked: Option<usize>) -> Result<usize, ControlError> {
    let limit = asked.unwrap_or(LARGEST);
    if (1..=LARGEST).contains(&limit) {
        Ok(limit)
    } else {
        Err(ControlError::Invalid(format!("limit must be 1 to {LARGEST}")))
    }
}

/// A number of entries as the protocol writes it.
pub(super) fn count(written: u32) -> usize {
    usize::try_from(written).unwrap_or(usize::MAX)
}

const LARGEST: usize = 1000;
