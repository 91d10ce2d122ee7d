//! The operations of the public S3 API as data: one row each, saying which request selects it, what
//! else that request may carry, which actions it needs, what its body is and whether it is supported.
//! What has no row here is refused; adding an operation means adding a line.

use super::action::Action;

/// What a request's path names.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
pub enum Target {
    /// No bucket.
    Service,
    /// A bucket without a key.
    Bucket,
    /// A key in a bucket.
    Object,
}

/// The HTTP methods that S3 operations use.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
pub enum Verb {
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

/// What the request body of an operation is, and how it is handled.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
pub enum Body {
    /// There is none.
    None,
    /// The bytes of an object or a part, streamed.
    Data,
    /// A document that the backend reads, at most `limit` bytes long.
    Forwarded {
        /// The longest body taken, in bytes.
        limit: u64,
    },
    /// A document that is read here for the buckets it names, and passed on as it is, at most `limit` bytes
    /// long.
    Inspected {
        /// The longest body taken, in bytes.
        limit: u64,
    },
    /// A document that is read here, and written anew if it is sent on, at most `limit` bytes long.
    Parsed {
        /// The longest body taken, in bytes.
        limit: u64,
    },
}

/// Who answers an operation.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
pub enum Support {
    /// The backend, as another operation: the fields of an HTML form say which object it makes. What gets
    /// here as itself is no form, and refused.
    Form,
    /// The backend, once it is authorised.
    Forwarded,
    /// Nobody: it is answered with 501 `NotImplemented`, and why.
    NotImplemented(&'static str),
    /// Portcullis itself, once it is authorised. It never goes on to the backend.
    Served,
}

/// One operation: how a request selects it, and what it needs.
#[derive(Debug, Eq, PartialEq)]
pub struct Row {
    /// The operation.
    pub operation: Operation,
    /// The method.
    pub verb: Verb,
    /// What the path names.
    pub target: Target,
    /// The sub-resource: the query parameter that selects the operation.
    pub selector: Option<&'static str>,
    /// A second parameter that must be there, and tells this row from a sibling without it.
    pub required: Option<&'static str>,
    /// Parameters that may be there, `versionId` aside.
    pub optional: &'static [&'static str],
    /// The request header that selects the operation.
    pub header: Option<&'static str>,
    /// The actions needed when no version is named.
    pub actions: &'static [Action],
    /// The actions needed when `versionId` is there; `None` where it may not be.
    pub version_actions: Option<&'static [Action]>,
    /// What the body is.
    pub body: Body,
    /// Who answers it.
    pub support: Support,
}

macro_rules! operations {
    ($(
        $name:ident $verb:ident $target:ident
        $(, select $selector:literal)? $(, with $required:literal)? $(, may $optional:ident)?
        $(, header $header:literal)?
        , needs [$($action:ident),*] $(, version [$($version_action:ident),*])?
        $(, body $body:ident)? $(, refused $reason:expr)? $(, answered $by:ident)? ;
    )*) => {
        /// An operation of the public S3 API, by the name AWS gives it.
        #[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
        pub enum Operation {
            $(#[doc = concat!("`", stringify!($name), "`")] $name,)*
        }

        impl Operation {
            /// The name, such as `GetObject`.
            #[must_use]
            pub fn name(self) -> &'static str {
                match self { $(Self::$name => stringify!($name),)* }
            }
        }

        /// Every operation, in the order of [`Operation`]'s variants.
        pub static TABLE: &[Row] = &[$(
            Row {
                operation: Operation::$name,
                verb: Verb::$verb,
                target: Target::$target,
                selector: last!(None $(, Some($selector))?),
                required: last!(None $(, Some($required))?),
                optional: last!(NOTHING $(, $optional)?),
                header: last!(None $(, Some($header))?),
                actions: &[$(Action::$action),*],
                version_actions: last!(None $(, Some(&[$(Action::$version_action),*]))?),
                body: last!(Body::None $(, $body)?),
                support: last!(Support::Forwarded $(, Support::NotImplemented($reason))? $(, $by)?),
            },
        )*];
    };
}

macro_rules! last {
    ($default:expr) => {
        $default
    };
    ($default:expr, $given:expr) => {
        $given
    };
}

const NOTHING: &[&str] = &[];
const BUCKETS: &[&str] = &["bucket-region", "continuation-token", "max-buckets", "prefix"];
const DIRECTORIES: &[&str] = &["continuation-token"];
// allow-unordered is Ceph's: the keys in any order, which is quicker there.
const LIST: &[&str] = &["allow-unordered", "delimiter", "encoding-type", "marker", "max-keys", "prefix"];
const LIST_V2: &[&str] = &[
    "allow-unordered",
    "continuation-token",
    "delimiter",
    "encoding-type",
    "fetch-owner",
    "max-keys",
    "prefix",
    "start-after",
];
const LIST_VERSIONS: &[&str] = &["delimiter", "encoding-type", "key-marker", "max-keys", "prefix", "version-id-marker"];
const LIST_UPLOADS: &[&str] =
    &["delimiter", "encoding-type", "key-marker", "max-uploads", "prefix", "upload-id-marker"];
const LIST_PARTS: &[&str] = &["encoding-type", "max-parts", "part-number-marker"];
const PAGED: &[&str] = &["continuation-token"];
const READ: &[&str] = &[
    "partNumber",
    "response-cache-control",
    "response-content-disposition",
    "response-content-encoding",
    "response-content-language",
    "response-content-type",
    "response-expires",
];
const SELECT: &[&str] = &["select-type"];

const KIB: u64 = 1024;
const MIB: u64 = 1024 * KIB;

const DATA: Body = Body::Data;
// 1,000 lifecycle or replication rules are well under this.
const DOCUMENT: Body = Body::Forwarded { limit: MIB };
const PARTS: Body = Body::Parsed { limit: 4 * MIB };
const POLICY: Body = Body::Parsed { limit: 20 * KIB };
const ACL: Body = Body::Parsed { limit: MIB };
const BATCH: Body = Body::Parsed { limit: 8 * MIB };
const TAGS: Body = Body::Parsed { limit: 64 * KIB };
const PLACES: Body = Body::Inspected { limit: MIB };
const CORS: Body = Body::Parsed { limit: 64 * KIB };
const SMALL: Body = Body::Parsed { limit: 16 * KIB };

const FORM: Support = Support::Form;
const HERE: Support = Support::Served;
const EXPRESS: &str = "it is for directory buckets of S3 Express One Zone only";

operations! {
    AbortMultipartUpload Delete Object, select "uploadId", needs [AbortMultipartUpload];
    CompleteMultipartUpload Post Object, select "uploadId", needs [PutObject], body PARTS;
    CopyObject Put Object, header "x-amz-copy-source", needs [PutObject];
    CreateBucket Put Bucket, needs [CreateBucket], body SMALL;
    CreateBucketMetadataConfiguration Post Bucket, select "metadataConfiguration", needs [CreateBucketMetadataTableConfiguration], body PLACES;
    CreateBucketMetadataTableConfiguration Post Bucket, select "metadataTable", needs [CreateBucketMetadataTableConfiguration], body PLACES;
    CreateMultipartUpload Post Object, select "uploads", needs [PutObject];
    CreateSession Get Bucket, select "session", needs [], refused EXPRESS;
    DeleteBucket Delete Bucket, needs [DeleteBucket];
    DeleteBucketAnalyticsConfiguration Delete Bucket, select "analytics", with "id", needs [PutAnalyticsConfiguration];
    DeleteBucketCors Delete Bucket, select "cors", needs [PutBucketCORS];
    DeleteBucketEncryption Delete Bucket, select "encryption", needs [PutEncryptionConfiguration];
    DeleteBucketIntelligentTieringConfiguration Delete Bucket, select "intelligent-tiering", with "id", needs [PutIntelligentTieringConfiguration];
    DeleteBucketInventoryConfiguration Delete Bucket, select "inventory", with "id", needs [PutInventoryConfiguration];
    DeleteBucketLifecycle Delete Bucket, select "lifecycle", needs [PutLifecycleConfiguration];
    DeleteBucketMetadataConfiguration Delete Bucket, select "metadataConfiguration", needs [DeleteBucketMetadataTableConfiguration];
    DeleteBucketMetadataTableConfiguration Delete Bucket, select "metadataTable", needs [DeleteBucketMetadataTableConfiguration];
    DeleteBucketMetricsConfiguration Delete Bucket, select "metrics", with "id", needs [PutMetricsConfiguration];
    DeleteBucketOwnershipControls Delete Bucket, select "ownershipControls", needs [PutBucketOwnershipControls];
    DeleteBucketPolicy Delete Bucket, select "policy", needs [DeleteBucketPolicy], answered HERE;
    DeleteBucketReplication Delete Bucket, select "replication", needs [PutReplicationConfiguration];
    DeleteBucketTagging Delete Bucket, select "tagging", needs [PutBucketTagging];
    DeleteBucketWebsite Delete Bucket, select "website", needs [DeleteBucketWebsite];
    DeleteObject Delete Object, needs [DeleteObject], version [DeleteObjectVersion];
    DeleteObjectTagging Delete Object, select "tagging", needs [DeleteObjectTagging], version [DeleteObjectVersionTagging];
    DeleteObjects Post Bucket, select "delete", needs [DeleteObject], body BATCH;
    DeletePublicAccessBlock Delete Bucket, select "publicAccessBlock", needs [PutBucketPublicAccessBlock], answered HERE;
    GetBucketAbac Get Bucket, select "abac", needs [GetBucketAbac];
    GetBucketAccelerateConfiguration Get Bucket, select "accelerate", needs [GetAccelerateConfiguration];
    GetBucketAcl Get Bucket, select "acl", needs [GetBucketAcl];
    GetBucketAnalyticsConfiguration Get Bucket, select "analytics", with "id", needs [GetAnalyticsConfiguration];
    GetBucketCors Get Bucket, select "cors", needs [GetBucketCORS];
    GetBucketEncryption Get Bucket, select "encryption", needs [GetEncryptionConfiguration];
    GetBucketIntelligentTieringConfiguration Get Bucket, select "intelligent-tiering", with "id", needs [GetIntelligentTieringConfiguration];
    GetBucketInventoryConfiguration Get Bucket, select "inventory", with "id", needs [GetInventoryConfiguration];
    GetBucketLifecycleConfiguration Get Bucket, select "lifecycle", needs [GetLifecycleConfiguration];
    GetBucketLocation Get Bucket, select "location", needs [GetBucketLocation];
    GetBucketLogging Get Bucket, select "logging", needs [GetBucketLogging];
    GetBucketMetadataConfiguration Get Bucket, select "metadataConfiguration", needs [GetBucketMetadataTableConfiguration];
    GetBucketMetadataTableConfiguration Get Bucket, select "metadataTable", needs [GetBucketMetadataTableConfiguration];
    GetBucketMetricsConfiguration Get Bucket, select "metrics", with "id", needs [GetMetricsConfiguration];
    GetBucketNotificationConfiguration Get Bucket, select "notification", needs [GetBucketNotification];
    GetBucketOwnershipControls Get Bucket, select "ownershipControls", needs [GetBucketOwnershipControls];
    GetBucketPolicy Get Bucket, select "policy", needs [GetBucketPolicy], answered HERE;
    GetBucketPolicyStatus Get Bucket, select "policyStatus", needs [GetBucketPolicyStatus], answered HERE;
    GetBucketReplication Get Bucket, select "replication", needs [GetReplicationConfiguration];
    GetBucketRequestPayment Get Bucket, select "requestPayment", needs [GetBucketRequestPayment];
    GetBucketTagging Get Bucket, select "tagging", needs [GetBucketTagging];
    GetBucketVersioning Get Bucket, select "versioning", needs [GetBucketVersioning];
    GetBucketWebsite Get Bucket, select "website", needs [GetBucketWebsite];
    GetObject Get Object, may READ, needs [GetObject], version [GetObjectVersion];
    GetObjectAcl Get Object, select "acl", needs [GetObjectAcl], version [GetObjectVersionAcl];
    GetObjectAttributes Get Object, select "attributes", needs [GetObject, GetObjectAttributes], version [GetObjectVersion, GetObjectVersionAttributes];
    GetObjectLegalHold Get Object, select "legal-hold", needs [GetObjectLegalHold], version [GetObjectLegalHold];
    GetObjectLockConfiguration Get Bucket, select "object-lock", needs [GetBucketObjectLockConfiguration];
    GetObjectRetention Get Object, select "retention", needs [GetObjectRetention], version [GetObjectRetention];
    GetObjectTagging Get Object, select "tagging", needs [GetObjectTagging], version [GetObjectVersionTagging];
    GetObjectTorrent Get Object, select "torrent", needs [GetObjectTorrent], version [GetObjectVersionTorrent], refused "S3 itself no longer makes torrents";
    GetPublicAccessBlock Get Bucket, select "publicAccessBlock", needs [GetBucketPublicAccessBlock], answered HERE;
    HeadBucket Head Bucket, needs [ListBucket];
    HeadObject Head Object, may READ, needs [GetObject], version [GetObjectVersion];
    ListBucketAnalyticsConfigurations Get Bucket, select "analytics", may PAGED, needs [GetAnalyticsConfiguration];
    ListBucketIntelligentTieringConfigurations Get Bucket, select "intelligent-tiering", may PAGED, needs [GetIntelligentTieringConfiguration];
    ListBucketInventoryConfigurations Get Bucket, select "inventory", may PAGED, needs [GetInventoryConfiguration];
    ListBucketMetricsConfigurations Get Bucket, select "metrics", may PAGED, needs [GetMetricsConfiguration];
    ListBuckets Get Service, may BUCKETS, needs [ListAllMyBuckets], answered HERE;
    ListDirectoryBuckets Get Service, select "max-directory-buckets", may DIRECTORIES, needs [], refused EXPRESS;
    ListMultipartUploads Get Bucket, select "uploads", may LIST_UPLOADS, needs [ListBucketMultipartUploads];
    ListObjectVersions Get Bucket, select "versions", may LIST_VERSIONS, needs [ListBucketVersions];
    ListObjects Get Bucket, may LIST, needs [ListBucket];
    ListObjectsV2 Get Bucket, select "list-type", may LIST_V2, needs [ListBucket];
    ListParts Get Object, select "uploadId", may LIST_PARTS, needs [ListMultipartUploadParts];
    PostObject Post Bucket, needs [PutObject], body DATA, answered FORM;
    PutBucketAbac Put Bucket, select "abac", needs [PutBucketAbac], body DOCUMENT;
    PutBucketAccelerateConfiguration Put Bucket, select "accelerate", needs [PutAccelerateConfiguration], body DOCUMENT;
    PutBucketAcl Put Bucket, select "acl", needs [PutBucketAcl], body ACL;
    PutBucketAnalyticsConfiguration Put Bucket, select "analytics", with "id", needs [PutAnalyticsConfiguration], body PLACES;
    PutBucketCors Put Bucket, select "cors", needs [PutBucketCORS], body CORS;
    PutBucketEncryption Put Bucket, select "encryption", needs [PutEncryptionConfiguration], body DOCUMENT;
    PutBucketIntelligentTieringConfiguration Put Bucket, select "intelligent-tiering", with "id", needs [PutIntelligentTieringConfiguration], body DOCUMENT;
    PutBucketInventoryConfiguration Put Bucket, select "inventory", with "id", needs [PutInventoryConfiguration], body PLACES;
    PutBucketLifecycleConfiguration Put Bucket, select "lifecycle", needs [PutLifecycleConfiguration], body DOCUMENT;
    PutBucketLogging Put Bucket, select "logging", needs [PutBucketLogging], body PLACES;
    PutBucketMetricsConfiguration Put Bucket, select "metrics", with "id", needs [PutMetricsConfiguration], body DOCUMENT;
    PutBucketNotificationConfiguration Put Bucket, select "notification", needs [PutBucketNotification], body DOCUMENT;
    PutBucketOwnershipControls Put Bucket, select "ownershipControls", needs [PutBucketOwnershipControls], body DOCUMENT;
    PutBucketPolicy Put Bucket, select "policy", needs [PutBucketPolicy], body POLICY, answered HERE;
    PutBucketReplication Put Bucket, select "replication", needs [PutReplicationConfiguration], body PLACES;
    PutBucketRequestPayment Put Bucket, select "requestPayment", needs [PutBucketRequestPayment], body DOCUMENT;
    PutBucketTagging Put Bucket, select "tagging", needs [PutBucketTagging], body DOCUMENT;
    PutBucketVersioning Put Bucket, select "versioning", needs [PutBucketVersioning], body DOCUMENT;
    PutBucketWebsite Put Bucket, select "website", needs [PutBucketWebsite], body DOCUMENT;
    PutObject Put Object, needs [PutObject], body DATA;
    PutObjectAcl Put Object, select "acl", needs [PutObjectAcl], version [PutObjectVersionAcl], body ACL;
    PutObjectLegalHold Put Object, select "legal-hold", needs [PutObjectLegalHold], version [PutObjectLegalHold], body SMALL;
    PutObjectLockConfiguration Put Bucket, select "object-lock", needs [PutBucketObjectLockConfiguration], body DOCUMENT;
    PutObjectRetention Put Object, select "retention", needs [PutObjectRetention], version [PutObjectRetention], body SMALL;
    PutObjectTagging Put Object, select "tagging", needs [PutObjectTagging], version [PutObjectVersionTagging], body TAGS;
    PutPublicAccessBlock Put Bucket, select "publicAccessBlock", needs [PutBucketPublicAccessBlock], body SMALL, answered HERE;
    RenameObject Put Object, select "renameObject", header "x-amz-rename-source", needs [PutObject], refused EXPRESS;
    RestoreObject Post Object, select "restore", needs [RestoreObject], version [RestoreObject], body SMALL;
    SelectObjectContent Post Object, select "select", may SELECT, needs [GetObject], body DOCUMENT, refused "answers as event streams are not passed on; read the object and filter it";
    UpdateBucketMetadataInventoryTableConfiguration Put Bucket, select "metadataInventoryTable", needs [UpdateBucketMetadataInventoryTableConfiguration], body PLACES;
    UpdateBucketMetadataJournalTableConfiguration Put Bucket, select "metadataJournalTable", needs [UpdateBucketMetadataJournalTableConfiguration], body PLACES;
    UpdateObjectEncryption Put Object, select "encryption", needs [UpdateObjectEncryption], version [UpdateObjectEncryption], body DOCUMENT;
    UploadPart Put Object, select "uploadId", with "partNumber", needs [PutObject], body DATA;
    UploadPartCopy Put Object, select "uploadId", with "partNumber", header "x-amz-copy-source", needs [PutObject];
    WriteGetObjectResponse Post Bucket, header "x-amz-request-route", needs [], refused "it answers S3 Object Lambda, which is not offered";
}
