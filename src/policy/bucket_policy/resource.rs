//! The resources of a bucket policy: the bucket, and objects in it.

use crate::identity::OrganizationId;
use crate::policy::condition::Template;
use crate::policy::{Context, PolicyError, Resource};
use crate::s3::operation::ResourceKind;

/// What a statement lists, compiled. Everything lies in the bucket of the policy.
#[derive(Debug, Default)]
pub(super) struct Resources {
    /// `*`
    everything: bool,
    /// `arn:aws:s3:::bucket`
    bucket: bool,
    /// `arn:aws:s3:::bucket/*`
    all_objects: bool,
    /// Patterns for keys, of `arn:aws:s3:::bucket/key*`.
    objects: Vec<Template>,
}

impl Resources {
    /// Adds the resource written as `arn` at `place`.
    ///
    /// # Errors
    /// [`PolicyError::Part`] if it is anything but the bucket or objects in it.
    pub(super) fn add(
        &mut self,
        arn: &str,
        bucket: &str,
        variables: bool,
        organization: &OrganizationId,
        place: &str,
    ) -> Result<(), PolicyError> {
        if arn == "*" {
            self.everything = true;
            return Ok(());
        }
        let inside = arn.strip_prefix("arn:aws:s3:::").and_then(|name| name.strip_prefix(bucket));
        match inside.map(|inside| (inside, inside.strip_prefix('/'))) {
            Some(("", _)) => self.bucket = true,
            Some((_, Some(key))) if !key.is_empty() => {
                if key.bytes().all(|byte| byte == b'*') {
                    self.all_objects = true;
                }
                self.objects.push(Template::parse(key, variables, organization, place)?);
            }
            _ => {
                let problem = format!(
                    "Policy has invalid resource: {arn} does not lie in this bucket; expected arn:aws:s3:::{bucket}, or \
                     objects of it such as arn:aws:s3:::{bucket}/*"
                );
                return Err(PolicyError::at(place, problem));
            }
        }
        Ok(())
    }

    /// A variable without a default, if one of them has one: that one is no resource at all where a request
    /// has no value for it.
    pub(super) fn variable_without_default(&self) -> Option<String> {
        self.objects.iter().find_map(Template::variable_without_default)
    }

    /// Whether `resource` is one of them.
    pub(super) fn contain(&self, resource: Resource<'_>, own_bucket: &str, context: &Context<'_>) -> bool {
        self.everything
            || match resource {
                Resource::Any => false,
                Resource::Bucket(bucket) => self.bucket && bucket == own_bucket,
                Resource::Object { bucket, key } => {
                    bucket == own_bucket
                        && (self.all_objects || self.objects.iter().any(|pattern| pattern.matches(key, context)))
                }
            }
    }

    /// Whether the bucket itself is one of them.
    pub(super) fn include_bucket(&self) -> bool {
        self.everything || self.bucket
    }

    /// Whether some object could be one of them.
    pub(super) fn include_an_object(&self) -> bool {
        self.everything || !self.objects.is_empty()
    }

    /// Whether every object is one of them.
    pub(super) fn include_all_objects(&self) -> bool {
        self.everything || self.all_objects
    }

    /// Whether some resource of this kind could be one of them.
    pub(super) fn include(&self, kind: ResourceKind) -> bool {
        match kind {
            ResourceKind::Bucket => self.include_bucket(),
            ResourceKind::Object => self.include_an_object(),
            ResourceKind::Service => false,
        }
    }
}
