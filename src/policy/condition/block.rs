//! The `Condition` element of a statement, compiled: every condition has to be met.
//!
//! <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_condition.html>

use super::comparison::{Comparison, is_null};
use super::operator::{Operator, Quantifier};
use super::{ConditionKey, Context, Value};
use crate::identity::OrganizationId;
use crate::policy::PolicyError;

/// The conditions of one statement.
#[derive(Debug, Default)]
pub(in crate::policy) struct Conditions(Box<[Condition]>);

/// One operator on one key, with the values that it compares with.
#[derive(Debug)]
pub(in crate::policy) struct Condition {
    operator_as_written: Box<str>,
    key_as_written: Box<str>,
    values_as_written: Box<[String]>,
    operator: Operator,
    key: ConditionKey,
    comparison: Comparison,
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
        let compiled = written
            .into_iter()
            .map(|(operator, key, values)| Condition::parse(&operator, &key, values, variables, organization, place));
        Ok(Self(compiled.collect::<Result<_, _>>()?))
    }

    /// The first condition that is not met, if one is not. Allocates nothing.
    #[must_use]
    pub(in crate::policy) fn unmet<'s>(&'s self, context: &Context<'_>) -> Option<&'s Condition> {
        self.0.iter().find(|condition| !condition.is_met(context))
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
        &self.operator_as_written
    }

    /// The key as written.
    #[must_use]
    pub(in crate::policy) fn key(&self) -> &str {
        &self.key_as_written
    }

    /// The values as written.
    #[must_use]
    pub(in crate::policy) fn values(&self) -> &[String] {
        &self.values_as_written
    }

    fn parse(
        operator: &str,
        key: &str,
        values: Vec<String>,
        variables: bool,
        organization: &OrganizationId,
        place: &str,
    ) -> Result<Self, PolicyError> {
        let at_operator = |problem| PolicyError::Part { place: format!("{place}.{operator}"), problem };
        let at_key = |problem| PolicyError::Part { place: format!("{place}.{operator}.{key}"), problem };
        let compiled = Operator::named(operator).map_err(at_operator)?;
        let known = ConditionKey::named(key, organization).map_err(at_key)?;
        compiled.check(&known).map_err(at_key)?;
        let comparison = Comparison::parse(compiled.family, &values, variables, organization).map_err(at_key)?;
        Ok(Self {
            operator_as_written: operator.into(),
            key_as_written: key.into(),
            values_as_written: values.into(),
            operator: compiled,
            key: known,
            comparison,
        })
    }

    fn is_met(&self, context: &Context<'_>) -> bool {
        let value = context.value(&self.key);
        if matches!(self.comparison, Comparison::Null(_)) {
            return self.comparison.matches(value, context);
        }
        if matches!(value, Value::Absent | Value::Texts([])) {
            return self.is_met_by_nothing();
        }
        match (self.operator.set, value) {
            (Quantifier::All, value) if is_null(value) => true,
            (Quantifier::Any, value) if is_null(value) => false,
            (Quantifier::All, Value::Texts(texts)) => texts.iter().all(|text| self.accepts(Value::Text(text), context)),
            (Quantifier::Any, Value::Texts(texts)) => texts.iter().any(|text| self.accepts(Value::Text(text), context)),
            (_, value) => self.accepts(value, context),
        }
    }

    /// Whether one value is as the operator wants it. Of a negated one, that is: none of the document's
    /// values matches it, be it that it cannot be read as the operator needs it.
    fn accepts(&self, value: Value<'_>, context: &Context<'_>) -> bool {
        self.comparison.matches(value, context) != self.operator.negated
    }

    /// "If the key is not present in the request context, the values do not match and the condition is false";
    /// a negated one is true, and so are `IfExists` and `ForAllValues`.
    fn is_met_by_nothing(&self) -> bool {
        crate::fault::check_is_off("missing_key")
            || self.operator.if_exists
            || match self.operator.set {
                Quantifier::All => true,
                Quantifier::Any => false,
                Quantifier::One => self.operator.negated,
            }
    }
}
