//! Switches that turn single checks off, so that a test can prove it notices. They exist only in
//! debug builds with the feature `test-faults`; everywhere else [`check_is_off`] is the constant
//! `false` and the compiler removes it.

#[cfg(all(feature = "test-faults", not(debug_assertions)))]
compile_error!("the feature test-faults turns security checks off and is refused in release builds");

/// Whether the check called `name` is switched off by `PORTCULLIS_FAULT` (test builds only).
#[cfg(feature = "test-faults")]
#[must_use]
pub fn check_is_off(name: &str) -> bool {
    static FAULT: std::sync::OnceLock<String> = std::sync::OnceLock::new();
    FAULT.get_or_init(|| std::env::var("PORTCULLIS_FAULT").unwrap_or_default()) == name
}

/// Whether the check called `name` is switched off: never, outside test builds.
#[cfg(not(feature = "test-faults"))]
#[must_use]
#[inline]
pub const fn check_is_off(_name: &str) -> bool {
    false
}
