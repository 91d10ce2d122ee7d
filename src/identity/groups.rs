//! Groups: names of what somebody belongs to, for conditions of bucket policies to ask about.

use std::collections::BTreeSet;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

/// At most 100 names, sorted, each once. A name is taken literally, as an identity provider or an
/// administrator wrote it: 1 to 256 characters, without control characters and invisible ones, and without
/// spaces around it. Cheap to clone; none at all is the default and costs nothing.
#[derive(Clone, Debug, Default, Eq, PartialEq, Serialize, Deserialize)]
#[serde(try_from = "Vec<String>", into = "Vec<String>")]
pub struct Groups(Arc<[String]>);

/// Why names are no groups.
#[derive(Clone, Debug, thiserror::Error, PartialEq, Eq)]
pub enum GroupsError {
    /// One of the wrong form: the beginning of it.
    #[error(
        "the group {0:?} must have 1 to 256 characters, no control characters or invisible ones, and no spaces around it"
    )]
    Name(String),
    /// Too many.
    #[error("there are more than {MOST} groups")]
    TooMany,
}

impl GroupsError {
    /// The same without the name, for logs that show nothing of what others sent.
    #[must_use]
    pub fn without_name(&self) -> &'static str {
        match self {
            Self::Name(_) => {
                "holds a name that has not 1 to 256 characters, or control characters, invisible ones or spaces around it"
            }
            Self::TooMany => "holds more than 100 groups",
        }
    }
}

impl Groups {
    /// Accepts `names` if each of them is of the right form; one that is repeated counts once.
    ///
    /// # Errors
    /// [`GroupsError`], for the first that is not, or if there are more than 100.
    pub fn parse(names: impl IntoIterator<Item = String>) -> Result<Self, GroupsError> {
        let mut groups = BTreeSet::new();
        for name in names {
            if !is_name(&name) {
                return Err(GroupsError::Name(name.chars().take(80).collect()));
            }
            groups.insert(name);
            if groups.len() > MOST {
                return Err(GroupsError::TooMany);
            }
        }
        Ok(Self(groups.into_iter().collect()))
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The names, sorted.
    #[must_use]
    pub fn as_slice(&self) -> &[String] {
        &self.0
    }
}

impl TryFrom<Vec<String>> for Groups {
    type Error = GroupsError;

    fn try_from(names: Vec<String>) -> Result<Self, Self::Error> {
        Self::parse(names)
    }
}

impl From<Groups> for Vec<String> {
    fn from(groups: Groups) -> Self {
        groups.0.to_vec()
    }
}

fn is_name(text: &str) -> bool {
    (1..=LONGEST).contains(&text.chars().count())
        && text.trim() == text
        && !text.chars().any(|it| it.is_control() || is_invisible(it))
}

/// Characters that make two names look alike: marks of direction, joiners, separators, soft hyphens.
fn is_invisible(it: char) -> bool {
    matches!(it, '\u{ad}' | '\u{61c}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}')
}

const MOST: usize = 100;
/// In characters.
const LONGEST: usize = 256;
