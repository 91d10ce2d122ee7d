//! Text with at most one `*`, which stands for any characters, none among them.

use super::CorsProblem;

/// An origin or the name of a header, as a rule gives it.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Pattern(String);

impl Pattern {
    /// Reads an `AllowedOrigin`. Upper and lower case differ; browsers send scheme and host in lower case.
    ///
    /// # Errors
    /// [`CorsProblem`] for a second `*` and for what no `Origin` header can be.
    pub fn origin(text: &str) -> Result<Self, CorsProblem> {
        if text.is_empty() || text.len() > LONGEST || !text.bytes().all(|byte| byte.is_ascii_graphic()) {
            return Err(CorsProblem::Origin);
        }
        Self::with_one_wildcard(text)
    }

    /// Reads an `AllowedHeader`. Upper and lower case are the same.
    ///
    /// # Errors
    /// [`CorsProblem`] for a second `*` and for what is not the name of a header.
    pub fn header(text: &str) -> Result<Self, CorsProblem> {
        // The wildcard is one of the characters that names may have.
        if text.len() > LONGEST || http::HeaderName::try_from(text).is_err() {
            return Err(CorsProblem::Header);
        }
        Self::with_one_wildcard(&text.to_ascii_lowercase())
    }

    fn with_one_wildcard(text: &str) -> Result<Self, CorsProblem> {
        if text.matches('*').nth(1).is_some() { Err(CorsProblem::Wildcards) } else { Ok(Self(text.to_owned())) }
    }

    /// Whether it stands for everything.
    #[must_use]
    pub fn is_any(&self) -> bool {
        self.0 == "*"
    }

    /// Whether it stands for `text`, byte for byte.
    #[must_use]
    pub fn matches(&self, text: &str) -> bool {
        match self.0.split_once('*') {
            Some((before, after)) => {
                text.len() >= before.len() + after.len() && text.starts_with(before) && text.ends_with(after)
            }
            None => self.0 == text,
        }
    }

    /// The pattern as it was given; of a header, in lower case.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// Longer than any name of a host or a header.
const LONGEST: usize = 1024;
