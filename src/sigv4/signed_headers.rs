//! The list of signed headers, as a request names it.

/// The `SignedHeaders` list: lower case, sorted, each name once.
#[derive(Debug)]
pub(super) struct SignedHeaders(String);

#[derive(Debug, thiserror::Error)]
pub(super) enum SignedHeadersError {
    #[error("SignedHeaders must be lower-case header names, sorted, each once, joined by ';'")]
    Form,
    #[error("SignedHeaders names more than 100 headers")]
    TooMany,
}

impl SignedHeaders {
    /// No header.
    pub(super) fn none() -> Self {
        Self(String::new())
    }

    pub(super) fn parse(text: &str) -> Result<Self, SignedHeadersError> {
        let mut previous = "";
        for (index, name) in text.split(';').enumerate() {
            if index == 100 {
                return Err(SignedHeadersError::TooMany);
            }
            let token =
                |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || b"!#$%&'*+-.^_`|~".contains(&byte);
            if name.is_empty() || !name.bytes().all(token) || name <= previous {
                return Err(SignedHeadersError::Form);
            }
            previous = name;
        }
        Ok(Self(text.to_owned()))
    }

    pub(super) fn names(&self) -> impl Iterator<Item = &str> {
        self.0.split(';')
    }

    /// Whether `name` is one of them.
    pub(super) fn contain(&self, name: &str) -> bool {
        self.names().any(|signed| signed == name)
    }

    /// The list as it was sent.
    pub(super) fn as_str(&self) -> &str {
        &self.0
    }
}
