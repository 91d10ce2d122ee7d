//! One rule, checked: nothing in it can become anything but one value of a header.

use http::HeaderName;

use super::Pattern;

/// What pages of some origins may do.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct CorsRule {
    /// The name that its author gave it. Means nothing here.
    pub id: Option<String>,
    /// The origins that it is about.
    pub origins: Vec<Pattern>,
    /// The methods that they may use.
    pub methods: Vec<CorsMethod>,
    /// The request headers that they may send, beyond those that every page may.
    pub allowed_headers: Vec<Pattern>,
    /// The answer's headers that they may read, beyond those that every page may.
    pub exposed_headers: Vec<HeaderName>,
    /// How long a browser may remember the answer to a preflight, in seconds.
    pub max_age: Option<u32>,
}

/// A method that a rule can allow.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum CorsMethod {
    /// `DELETE`
    Delete,
    /// `GET`
    Get,
    /// `HEAD`
    Head,
    /// `POST`
    Post,
    /// `PUT`
    Put,
}

/// What is wrong with a part of a rule.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
pub enum CorsProblem {
    /// An `ExposeHeader` that is not the name of a header, or has a wildcard.
    #[error("the name of a header, without a wildcard")]
    ExposedHeader,
    /// An `AllowedHeader` that no header is named like.
    #[error("the name of a header, with at most one * in it")]
    Header,
    /// A method that S3 does not have, or not in upper case.
    #[error("DELETE, GET, HEAD, POST or PUT")]
    Method,
    /// An `AllowedOrigin` that no `Origin` header can be.
    #[error("an origin such as \"https://app.example.com\", with at most one * in it, or \"*\"")]
    Origin,
    /// More than one `*`.
    #[error("at most one *")]
    Wildcards,
}

impl CorsRule {
    /// Reads an `ExposeHeader`.
    ///
    /// # Errors
    /// [`CorsProblem::ExposedHeader`]
    pub fn exposed_header(text: &str) -> Result<HeaderName, CorsProblem> {
        let name = HeaderName::try_from(text).map_err(|_| CorsProblem::ExposedHeader)?;
        if name.as_str().contains('*') { Err(CorsProblem::ExposedHeader) } else { Ok(name) }
    }

    pub(super) fn weight(&self) -> usize {
        const EACH: usize = 64;
        let id = self.id.as_ref().map_or(0, String::len);
        let patterns = self.origins.iter().chain(&self.allowed_headers).map(|pattern| EACH + pattern.as_str().len());
        let exposed = self.exposed_headers.iter().map(|name| EACH + name.as_str().len());
        4 * EACH + id + self.methods.len() + patterns.sum::<usize>() + exposed.sum::<usize>()
    }
}

impl CorsMethod {
    const ALL: [Self; 5] = [Self::Delete, Self::Get, Self::Head, Self::Post, Self::Put];

    /// Reads the name of a method, in upper case.
    ///
    /// # Errors
    /// [`CorsProblem::Method`]
    pub fn parse(text: &str) -> Result<Self, CorsProblem> {
        Self::ALL.into_iter().find(|method| method.as_str() == text).ok_or(CorsProblem::Method)
    }

    /// Its name.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Delete => "DELETE",
            Self::Get => "GET",
            Self::Head => "HEAD",
            Self::Post => "POST",
            Self::Put => "PUT",
        }
    }
}
