//! The IAM actions of the S3 API: name, access level and kind of resource, as AWS's Service
//! Authorization Reference lists them, and the permission that each one needs here.

use std::fmt;

/// The access level of an action, as AWS classifies it.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
pub enum AccessLevel {
    /// Names what there is.
    List,
    /// Shows contents or settings.
    Read,
    /// Creates, changes or deletes.
    Write,
    /// Changes tags only.
    Tagging,
    /// Grants or changes permissions.
    PermissionsManagement,
}

impl AccessLevel {
    /// The level as AWS's tables spell it.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::List => "List",
            Self::Read => "Read",
            Self::Write => "Write",
            Self::Tagging => "Tagging",
            Self::PermissionsManagement => "Permissions management",
        }
    }
}

/// What an action is about, and so which ARN a policy names for it.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
pub enum ResourceKind {
    /// The account: no bucket is named.
    Service,
    /// A bucket.
    Bucket,
    /// An object, one version of it, or an upload to its key.
    Object,
}

/// The least that whoever asks for an action must hold. It has the words of an identity's permission, and
/// is a type of its own because this folder does not know who asks.
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub enum NeededPermission {
    /// List and Read actions.
    Read,
    /// Write and Tagging actions on objects and uploads.
    Write,
    /// Permissions management, and every change to a bucket.
    Admin,
}

macro_rules! actions {
    ($($name:ident = $level:ident $resource:ident,)*) => {
        /// An action that a request can need, as IAM policies name it.
        #[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
        pub enum Action {
            $(#[doc = concat!("`s3:", stringify!($name), "`")] $name,)*
        }

        impl Action {
            /// Every action, in alphabetical order.
            pub const ALL: &'static [Self] = &[$(Self::$name,)*];

            /// The name with its service prefix, such as `s3:GetObject`.
            #[must_use]
            pub fn name(self) -> &'static str {
                match self { $(Self::$name => concat!("s3:", stringify!($name)),)* }
            }

            /// The access level. Where AWS lists two, Permissions management and Tagging stand
            /// before Write.
            #[must_use]
            pub fn access_level(self) -> AccessLevel {
                match self { $(Self::$name => AccessLevel::$level,)* }
            }

            /// The kind of resource that the action is judged on.
            #[must_use]
            pub fn resource(self) -> ResourceKind {
                match self { $(Self::$name => ResourceKind::$resource,)* }
            }
        }
    };
}

// <https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazons3.html>
actions! {
    AbortMultipartUpload = Write Object,
    BypassGovernanceRetention = PermissionsManagement Object,
    CreateBucket = Write Bucket,
    CreateBucketMetadataTableConfiguration = Write Bucket,
    DeleteBucket = Write Bucket,
    DeleteBucketMetadataTableConfiguration = Write Bucket,
    DeleteBucketPolicy = PermissionsManagement Bucket,
    DeleteBucketWebsite = Write Bucket,
    DeleteObject = Write Object,
    DeleteObjectTagging = Tagging Object,
    DeleteObjectVersion = Write Object,
    DeleteObjectVersionTagging = Tagging Object,
    GetAccelerateConfiguration = Read Bucket,
    GetAnalyticsConfiguration = Read Bucket,
    GetBucketAbac = Read Bucket,
    GetBucketAcl = Read Bucket,
    GetBucketCORS = Read Bucket,
    GetBucketLocation = Read Bucket,
    GetBucketLogging = Read Bucket,
    GetBucketMetadataTableConfiguration = Read Bucket,
    GetBucketNotification = Read Bucket,
    GetBucketObjectLockConfiguration = Read Bucket,
    GetBucketOwnershipControls = Read Bucket,
    GetBucketPolicy = Read Bucket,
    GetBucketPolicyStatus = Read Bucket,
    GetBucketPublicAccessBlock = Read Bucket,
    GetBucketRequestPayment = Read Bucket,
    GetBucketTagging = Read Bucket,
    GetBucketVersioning = Read Bucket,
    GetBucketWebsite = Read Bucket,
    GetEncryptionConfiguration = Read Bucket,
    GetIntelligentTieringConfiguration = Read Bucket,
    GetInventoryConfiguration = Read Bucket,
    GetLifecycleConfiguration = Read Bucket,
    GetMetricsConfiguration = Read Bucket,
    GetObject = Read Object,
    GetObjectAcl = Read Object,
    GetObjectAttributes = Read Object,
    GetObjectLegalHold = Read Object,
    GetObjectRetention = Read Object,
    GetObjectTagging = Read Object,
    GetObjectTorrent = Read Object,
    GetObjectVersion = Read Object,
    GetObjectVersionAcl = Read Object,
    GetObjectVersionAttributes = Read Object,
    GetObjectVersionTagging = Read Object,
    GetObjectVersionTorrent = Read Object,
    GetReplicationConfiguration = Read Bucket,
    ListAllMyBuckets = List Service,
    ListBucket = List Bucket,
    ListBucketMultipartUploads = List Bucket,
    ListBucketVersions = List Bucket,
    ListMultipartUploadParts = List Object,
    PutAccelerateConfiguration = Write Bucket,
    PutAnalyticsConfiguration = Write Bucket,
    PutBucketAbac = Write Bucket,
    PutBucketAcl = PermissionsManagement Bucket,
    PutBucketCORS = Write Bucket,
    PutBucketLogging = Write Bucket,
    PutBucketNotification = Write Bucket,
    PutBucketObjectLockConfiguration = Write Bucket,
    PutBucketOwnershipControls = PermissionsManagement Bucket,
    PutBucketPolicy = PermissionsManagement Bucket,
    PutBucketPublicAccessBlock = PermissionsManagement Bucket,
    PutBucketRequestPayment = Write Bucket,
    PutBucketTagging = Tagging Bucket,
    PutBucketVersioning = Write Bucket,
    PutBucketWebsite = Write Bucket,
    PutEncryptionConfiguration = Write Bucket,
    PutIntelligentTieringConfiguration = Write Bucket,
    PutInventoryConfiguration = Write Bucket,
    PutLifecycleConfiguration = Write Bucket,
    PutMetricsConfiguration = Write Bucket,
    PutObject = Write Object,
    PutObjectAcl = PermissionsManagement Object,
    PutObjectLegalHold = Write Object,
    PutObjectRetention = Write Object,
    PutObjectTagging = Tagging Object,
    PutObjectVersionAcl = PermissionsManagement Object,
    PutObjectVersionTagging = Tagging Object,
    PutReplicationConfiguration = Write Bucket,
    RestoreObject = Write Object,
    UpdateBucketMetadataInventoryTableConfiguration = Write Bucket,
    UpdateBucketMetadataJournalTableConfiguration = Write Bucket,
    UpdateObjectEncryption = Write Object,
}

impl Action {
    /// The least permission that suffices for this action: `read` for List and Read; `write` for Write
    /// and Tagging on objects and uploads; `admin` for everything else, which is permissions
    /// management and every change to a bucket.
    #[must_use]
    pub fn needed_permission(self) -> NeededPermission {
        match (self.access_level(), self.resource()) {
            (AccessLevel::List | AccessLevel::Read, _) => NeededPermission::Read,
            (AccessLevel::Write | AccessLevel::Tagging, ResourceKind::Object) => NeededPermission::Write,
            _ => NeededPermission::Admin,
        }
    }
}

impl fmt::Display for Action {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.name())
    }
}
