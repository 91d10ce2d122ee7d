//! What every update by `updateMask` has in common: what is named has to be there, and what is there, named.

use crate::control::ControlError;

/// The value of a field that the mask names and that cannot be cleared.
pub(super) fn needed<T>(field: &str, value: Option<T>) -> Result<T, ControlError> {
    value.ok_or_else(|| {
        ControlError::Invalid(format!("updateMask names {field}, which is absent and cannot be cleared"))
    })
}

/// Refuses a value that the mask does not name: nobody can tell whether it was meant to count.
pub(super) fn nothing_unnamed(left_over: &[(&str, bool)]) -> Result<(), ControlError> {
    match left_over.iter().find(|(_, is_there)| *is_there) {
        Some((field, _)) => Err(ControlError::Invalid(format!("{field} is given, and updateMask does not name it"))),
        None => Ok(()),
    }
}
