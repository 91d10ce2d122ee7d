//! What looking for the patterns of a document may cost at each request.
//!
//! Text between two `*`s is found in one reading. With a `?` or a variable in it, it is compared at every
//! place where it could begin: at worst its length times that of the name. A document of such patterns alone
//! would take seconds of every request that it is asked about, so there may be only so many.

use super::PolicyError;

/// How many characters a document may still have that are looked for in that way.
#[derive(Debug)]
pub(super) struct SearchBudget {
    left: usize,
}

impl SearchBudget {
    /// For one document.
    pub(super) fn of_document() -> Self {
        Self { left: MOST }
    }

    /// Takes in the pattern `text`, which stands at `place`.
    ///
    /// # Errors
    /// [`PolicyError::Part`] once it is spent.
    pub(super) fn spend(&mut self, text: &str, place: &str) -> Result<(), PolicyError> {
        let Some(left) = self.left.checked_sub(cost(text)) else {
            let problem = format!(
                "the patterns of the policy have too much between two *s beside a ? or a variable: at most {MOST} \
                 characters in all, a variable counting as {VARIABLE}; write fewer or plainer patterns"
            );
            return Err(PolicyError::at(place, problem));
        };
        self.left = left;
        Ok(())
    }
}

/// The characters of `text` that are compared at every place of a name. What stands before the first `*` or
/// behind the last one is compared once.
fn cost(text: &str) -> usize {
    let mut between = text.split('*').skip(1).collect::<Vec<_>>();
    between.pop();
    let searched = between.into_iter().filter(|part| part.contains('?') || part.contains("${"));
    searched.map(|part| part.chars().count() + VARIABLE * part.matches("${").count()).sum()
}

const MOST: usize = 2048;
/// Most values are shorter.
const VARIABLE: usize = 32;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_is_looked_for_beside_a_wildcard_or_a_variable_costs() {
        for text in ["*", "a*", "*.jpg", "a?c*", "*a?c", "home/${aws:username}/*", "*/x/*", "a*b*c*d"] {
            assert_eq!(cost(text), 0, "{text}");
        }
        assert_eq!(cost("*a?c*"), 3);
        assert_eq!(cost("x*/${aws:username}/*"), "/${aws:username}/".len() + VARIABLE);
        assert_eq!(cost("*a?*b*?c*"), 4);
    }

    #[test]
    fn a_document_may_have_some_and_not_any_number() {
        let mut budget = SearchBudget::of_document();
        for _ in 0..MOST / 4 {
            budget.spend("*a?bc*", "here").unwrap();
        }
        budget.spend("*abc*", "here").unwrap();
        let error = budget.spend("*?*", "Statement[0].Resource").unwrap_err().to_string();
        assert!(error.contains("Statement[0].Resource") && error.contains("2048 characters"), "{error}");
    }
}
