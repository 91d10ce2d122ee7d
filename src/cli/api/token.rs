//! Where a token comes from: a file or the environment, never an argument, which every user of the
//! machine could read.

use std::fmt;
use std::path::PathBuf;

use http::HeaderValue;
use zeroize::Zeroizing;

use crate::cli::failure::Failure;
use crate::identity::SecretDigest;

/// A token to show to a server. Wiped from memory when dropped.
pub(crate) struct Token {
    text: Zeroizing<String>,
    from: TokenSource,
}

/// The place of a token.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) enum TokenSource {
    Environment,
    File(PathBuf),
}

impl TokenSource {
    /// The file, if one is named, else the environment.
    ///
    /// # Errors
    /// If there is neither.
    pub(crate) fn file_or_environment(file: Option<PathBuf>) -> Result<Self, Failure> {
        match file {
            Some(file) => Ok(Self::File(file)),
            None if std::env::var_os(VARIABLE).is_some_and(|value| !value.is_empty()) => Ok(Self::Environment),
            None => Err(Failure::usage(format!(
                "--api needs an API token: name its file with --token-file FILE, or put it into the environment as {VARIABLE}"
            ))),
        }
    }

    /// Reads the token anew: what a platform puts into a file, it replaces from time to time.
    ///
    /// # Errors
    /// If there is none, or nothing that could be one. Its text is never shown.
    pub(crate) fn read(&self) -> Result<Token, Failure> {
        let text = match self {
            Self::Environment => std::env::var(VARIABLE)
                .map_err(|_| Failure::usage(format!("the environment variable {VARIABLE} is not set to a token")))?,
            Self::File(file) => std::fs::read_to_string(file)
                .map_err(|error| Failure::work(format!("--token-file {}: {error}", file.display())))?,
        };
        let text = Zeroizing::new(text);
        // With the word for the container credentials of SDKs, whose file looks like this one.
        let token = text.trim();
        let token = token.strip_prefix("Bearer ").unwrap_or(token).trim_start();
        let right = (1..=LARGEST).contains(&token.len()) && token.bytes().all(|byte| byte.is_ascii_graphic());
        if !right {
            return Err(Failure::work(format!("{self} is no token: one line without spaces is expected")));
        }
        Ok(Token { text: Zeroizing::new(token.to_owned()), from: self.clone() })
    }
}

impl Token {
    /// The value of an `Authorization` header that shows it.
    pub(crate) fn bearer(&self) -> Result<HeaderValue, Failure> {
        let text = Zeroizing::new(format!("Bearer {}", self.text.as_str()));
        let mut value =
            HeaderValue::from_str(&text).map_err(|_| Failure::work(format!("{} is no token", self.from)))?;
        value.set_sensitive(true);
        Ok(value)
    }

    /// The token itself, to be put into a request's body.
    pub(crate) fn expose(&self) -> &str {
        &self.text
    }

    /// Where it came from.
    pub(crate) fn from(&self) -> &TokenSource {
        &self.from
    }

    /// Tells it from others.
    pub(crate) fn digest(&self) -> SecretDigest {
        SecretDigest::of(self.text.as_bytes())
    }
}

impl fmt::Display for TokenSource {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Environment => write!(formatter, "the token in {VARIABLE}"),
            Self::File(file) => write!(formatter, "the token in {}", file.display()),
        }
    }
}

const VARIABLE: &str = "PORTCULLIS_API_TOKEN";
/// Bytes: the largest request head that a server takes by default.
const LARGEST: usize = 64 << 10;
