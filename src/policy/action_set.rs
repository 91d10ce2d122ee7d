//! Sets of actions, and how documents name them: with wildcards, in letters of either case.

use super::pattern::Pattern;
use super::{ControlAction, PolicyAction};
use crate::s3::operation::{AccessLevel, Action, ResourceKind};

/// A set of actions.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub(super) struct ActionSet(u128);

/// What a name in a document means.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Named {
    /// These actions, at least one.
    Asked(ActionSet),
    /// Only actions of S3 that nothing here ever needs: replication, access points and the like.
    NeverAsked,
}

impl ActionSet {
    /// How many actions there are.
    pub(super) const COUNT: usize = ControlAction::ALL.len() + Action::ALL.len();

    /// The actions that `chosen` says yes to.
    pub(super) fn of(chosen: impl Fn(PolicyAction) -> bool) -> Self {
        PolicyAction::all().filter(|action| chosen(*action)).fold(Self::default(), Self::with)
    }

    /// What `name` means: an action, or a pattern for several.
    ///
    /// # Errors
    /// A sentence with what would be right, if it means nothing.
    pub(super) fn named(name: &str) -> Result<Named, String> {
        let wanted = name.to_ascii_lowercase();
        let pattern = Pattern::new(&wanted);
        let is_meant = |other: &str| pattern.matches(&other.to_ascii_lowercase());
        let asked = Self::of(|action| is_meant(action.name()));
        if asked != Self::default() {
            return Ok(Named::Asked(asked));
        }
        if NEVER_ASKED.iter().any(|other| is_meant(&format!("s3:{other}"))) {
            return Ok(Named::NeverAsked);
        }
        let advice = MISTAKEN.iter().find(|(mistaken, _)| mistaken.eq_ignore_ascii_case(name));
        Err(match advice {
            Some((_, right)) => format!("there is no action {name}; the action is {right}"),
            None if name.contains(['*', '?']) => format!("no action matches {name}"),
            None if wanted.starts_with("cwobject:") => {
                let names: Vec<_> = ControlAction::ALL.iter().map(|action| action.name()).collect();
                format!("there is no action {name}; there are {}", names.join(", "))
            }
            None => format!("there is no action {name}; `portcullis operations` lists them"),
        })
    }

    /// Whether `action` is one of them.
    pub(super) fn contains(self, action: PolicyAction) -> bool {
        self.0 & 1 << position(action) != 0
    }

    /// With `action` too.
    pub(super) fn with(self, action: PolicyAction) -> Self {
        Self(self.0 | 1 << position(action))
    }

    /// Those of both.
    pub(super) fn or(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    /// Those that are in both.
    pub(super) fn and(self, other: Self) -> Self {
        Self(self.0 & other.0)
    }

    /// Whether there is none.
    pub(super) fn is_empty(self) -> bool {
        self.0 == 0
    }

    /// Whether all of them are in `other`.
    pub(super) fn is_within(self, other: Self) -> bool {
        self.0 & !other.0 == 0
    }

    /// Every action of S3 whose resource is of this kind.
    pub(super) fn on(kind: ResourceKind) -> Self {
        Self::of(|action| matches!(action, PolicyAction::S3(action) if action.resource() == kind))
    }

    /// Every action of S3 that lists or reads, on a resource of this kind.
    pub(super) fn showing(kind: ResourceKind) -> Self {
        let shows = |action: Action| matches!(action.access_level(), AccessLevel::List | AccessLevel::Read);
        Self::on(kind).and(Self::of(|action| matches!(action, PolicyAction::S3(action) if shows(action))))
    }

    /// The actions that are about nothing in particular: those of the control plane and the list of buckets.
    pub(super) fn on_nothing() -> Self {
        Self::on(ResourceKind::Service).or(Self::of(|action| matches!(action, PolicyAction::Control(_))))
    }
}

/// The number of an action, below [`ActionSet::COUNT`].
pub(super) fn position(action: PolicyAction) -> usize {
    match action {
        PolicyAction::Control(action) => action as usize,
        PolicyAction::S3(action) => ControlAction::ALL.len() + action as usize,
    }
}

const _: () = assert!(ActionSet::COUNT <= 128, "the set has 128 places");

/// Names that people write, and the right ones.
const MISTAKEN: &[(&str, &str)] = &[
    ("cwobject:CreateAccessKeyFromApiToken", "cwobject:CreateAccessKey"),
    ("cwobject:CreateAccessKeyFromJWT", "cwobject:CreateAccessKey"),
    ("cwobject:CreateAccessKeyFromOIDC", "cwobject:CreateAccessKeyOIDC"),
    ("cwobject:CreateAccessKeyFromSAML", "cwobject:CreateAccessKeySAML"),
    ("cwobject:ListAccessPolicies", "cwobject:ListAccessPolicy"),
    ("s3:CompleteMultipartUpload", "s3:PutObject"),
    ("s3:CopyObject", "s3:GetObject on the source and s3:PutObject on the destination"),
    ("s3:CreateMultipartUpload", "s3:PutObject"),
    ("s3:DeleteBucketCORS", "s3:PutBucketCORS"),
    ("s3:DeleteBucketLifecycle", "s3:PutLifecycleConfiguration"),
    ("s3:DeleteBucketTagging", "s3:PutBucketTagging"),
    ("s3:DeleteObjects", "s3:DeleteObject"),
    ("s3:GetBucketEncryption", "s3:GetEncryptionConfiguration"),
    ("s3:GetBucketLifecycle", "s3:GetLifecycleConfiguration"),
    ("s3:GetBucketLifecycleConfiguration", "s3:GetLifecycleConfiguration"),
    ("s3:GetBucketReplication", "s3:GetReplicationConfiguration"),
    ("s3:GetPublicAccessBlock", "s3:GetBucketPublicAccessBlock"),
    ("s3:HeadBucket", "s3:ListBucket"),
    ("s3:HeadObject", "s3:GetObject"),
    ("s3:ListBuckets", "s3:ListAllMyBuckets"),
    ("s3:ListMultipartUploads", "s3:ListBucketMultipartUploads"),
    ("s3:ListObjects", "s3:ListBucket"),
    ("s3:ListObjectsV2", "s3:ListBucket"),
    ("s3:ListObjectVersions", "s3:ListBucketVersions"),
    ("s3:ListParts", "s3:ListMultipartUploadParts"),
    ("s3:PutBucketEncryption", "s3:PutEncryptionConfiguration"),
    ("s3:PutBucketLifecycle", "s3:PutLifecycleConfiguration"),
    ("s3:PutBucketLifecycleConfiguration", "s3:PutLifecycleConfiguration"),
    ("s3:PutBucketReplication", "s3:PutReplicationConfiguration"),
    ("s3:PutPublicAccessBlock", "s3:PutBucketPublicAccessBlock"),
    ("s3:UploadPart", "s3:PutObject"),
];

/// Actions of S3 that exist and that nothing here asks for. Policies that name them were written for AWS
/// and are not wrong.
// <https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazons3.html>
const NEVER_ASKED: &[&str] = &[
    "AssociateAccessGrantsIdentityCenter",
    "CreateAccessGrant",
    "CreateAccessGrantsInstance",
    "CreateAccessGrantsLocation",
    "CreateAccessPoint",
    "CreateAccessPointForObjectLambda",
    "CreateJob",
    "CreateMultiRegionAccessPoint",
    "CreateStorageLensGroup",
    "DeleteAccessGrant",
    "DeleteAccessGrantsInstance",
    "DeleteAccessGrantsInstanceResourcePolicy",
    "DeleteAccessGrantsLocation",
    "DeleteAccessPoint",
    "DeleteAccessPointForObjectLambda",
    "DeleteAccessPointPolicy",
    "DeleteAccessPointPolicyForObjectLambda",
    "DeleteJobTagging",
    "DeleteMultiRegionAccessPoint",
    "DeleteStorageLensConfiguration",
    "DeleteStorageLensConfigurationTagging",
    "DeleteStorageLensGroup",
    "DescribeJob",
    "DescribeMultiRegionAccessPointOperation",
    "DissociateAccessGrantsIdentityCenter",
    "GetAccessGrant",
    "GetAccessGrantsInstance",
    "GetAccessGrantsInstanceForPrefix",
    "GetAccessGrantsInstanceResourcePolicy",
    "GetAccessGrantsLocation",
    "GetAccessPoint",
    "GetAccessPointConfigurationForObjectLambda",
    "GetAccessPointForObjectLambda",
    "GetAccessPointPolicy",
    "GetAccessPointPolicyForObjectLambda",
    "GetAccessPointPolicyStatus",
    "GetAccessPointPolicyStatusForObjectLambda",
    "GetAccountPublicAccessBlock",
    "GetDataAccess",
    "GetJobTagging",
    "GetMultiRegionAccessPoint",
    "GetMultiRegionAccessPointPolicy",
    "GetMultiRegionAccessPointPolicyStatus",
    "GetMultiRegionAccessPointRoutes",
    "GetObjectVersionForReplication",
    "GetStorageLensConfiguration",
    "GetStorageLensConfigurationTagging",
    "GetStorageLensDashboard",
    "GetStorageLensGroup",
    "InitiateReplication",
    "ListAccessGrants",
    "ListAccessGrantsInstances",
    "ListAccessGrantsLocations",
    "ListAccessPoints",
    "ListAccessPointsForObjectLambda",
    "ListCallerAccessGrants",
    "ListJobs",
    "ListMultiRegionAccessPoints",
    "ListStorageLensConfigurations",
    "ListStorageLensGroups",
    "ListTagsForResource",
    "ObjectOwnerOverrideToBucketOwner",
    "PauseReplication",
    "PutAccessGrantsInstanceResourcePolicy",
    "PutAccessPointConfigurationForObjectLambda",
    "PutAccessPointPolicy",
    "PutAccessPointPolicyForObjectLambda",
    "PutAccessPointPublicAccessBlock",
    "PutAccountPublicAccessBlock",
    "PutJobTagging",
    "PutMultiRegionAccessPointPolicy",
    "PutStorageLensConfiguration",
    "PutStorageLensConfigurationTagging",
    "ReplicateDelete",
    "ReplicateObject",
    "ReplicateTags",
    "SubmitMultiRegionAccessPointRoutes",
    "TagResource",
    "UntagResource",
    "UpdateAccessGrantsLocation",
    "UpdateJobPriority",
    "UpdateJobStatus",
    "UpdateStorageLensGroup",
];

#[cfg(test)]
mod tests {
    use super::*;

    fn named(name: &str) -> Vec<&'static str> {
        let Ok(Named::Asked(set)) = ActionSet::named(name) else { panic!("{name}: {:?}", ActionSet::named(name)) };
        PolicyAction::all().filter(|action| set.contains(*action)).map(PolicyAction::name).collect()
    }

    #[test]
    fn every_action_has_its_own_place() {
        for action in PolicyAction::all() {
            assert_eq!(named(action.name()), [action.name()]);
        }
        assert_eq!(named("*").len(), ActionSet::COUNT);
    }

    #[test]
    fn names_are_of_either_case_and_have_wildcards_anywhere() {
        assert_eq!(named("S3:getobject"), ["s3:GetObject"]);
        assert_eq!(named("s3:*ObjectAcl"), ["s3:GetObjectAcl", "s3:PutObjectAcl"]);
        assert_eq!(named("s3:?etObjectAcl"), ["s3:GetObjectAcl"]);
        assert_eq!(named("cwobject:CreateAccessKey*").len(), 3);
        assert_eq!(named("s3:*").len(), Action::ALL.len());
        assert_eq!(named("cwobject:*").len(), ControlAction::ALL.len());
    }

    #[test]
    fn what_names_no_action_is_refused_with_advice() {
        for (name, part) in [
            ("s3:DeleteBucketLifecycle", "s3:PutLifecycleConfiguration"),
            ("cwobject:CreateAccessKeyFromOIDC", "cwobject:CreateAccessKeyOIDC"),
            ("s3:Nothing", "no action s3:Nothing"),
            ("s3:Nothing*", "no action matches s3:Nothing*"),
            ("ec2:*", "no action matches ec2:*"),
            ("GetObject", "no action GetObject"),
            ("", "no action"),
        ] {
            let refusal = ActionSet::named(name).unwrap_err();
            assert!(refusal.contains(part), "{name}: {refusal}");
        }
    }

    #[test]
    fn actions_of_aws_that_are_never_asked_are_accepted() {
        assert_eq!(ActionSet::named("s3:ReplicateObject"), Ok(Named::NeverAsked));
        assert_eq!(ActionSet::named("s3:replicate*"), Ok(Named::NeverAsked));
    }

    #[test]
    fn the_lists_of_names_agree_with_the_actions() {
        for name in NEVER_ASKED {
            assert_eq!(PolicyAction::named(&format!("s3:{name}")), None, "{name} is asked");
        }
        for (mistaken, right) in MISTAKEN {
            assert_eq!(PolicyAction::named(mistaken), None, "{mistaken}");
            let first = right.split(' ').next().unwrap();
            assert!(PolicyAction::named(first).is_some(), "{right}");
        }
    }
}
