//! The condition keys that can be known here: a closed list. A document that names another one is refused.
//!
//! <https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazons3.html#amazons3-policy-keys>
//! <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_condition-keys.html>

use std::fmt;

use crate::identity::OrganizationId;
use crate::policy::PolicyError;

/// What the values of a condition key are.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum KeyKind {
    /// An IP address.
    Address,
    /// An ARN.
    Arn,
    /// `true` or `false`.
    Flag,
    /// A whole or decimal number.
    Number,
    /// Text.
    Text,
    /// Any number of texts: takes `ForAnyValue:` or `ForAllValues:`.
    Texts,
    /// A moment.
    Time,
}

macro_rules! keys {
    ($($variant:ident $name:literal $kind:ident $about:literal;)*) => {
        /// A condition key with one name. [`ConditionKey`] adds those with a name in their name.
        #[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
        pub enum FixedKey {
            $(#[doc = concat!("`", $name, "`")] $variant,)*
        }

        impl FixedKey {
            /// Every key, in the order of the list.
            pub const ALL: &'static [Self] = &[$(Self::$variant,)*];

            /// How many there are.
            pub const COUNT: usize = Self::ALL.len();

            /// Its name, as documentation writes it. Documents may write it in letters of either case.
            #[must_use]
            pub fn name(self) -> &'static str {
                match self { $(Self::$variant => $name,)* }
            }

            /// What its values are.
            #[must_use]
            pub fn kind(self) -> KeyKind {
                match self { $(Self::$variant => KeyKind::$kind,)* }
            }

            /// What it says of a request, and when it is absent.
            #[must_use]
            pub fn about(self) -> &'static str {
                match self { $(Self::$variant => $about,)* }
            }
        }
    };
}

keys! {
    CurrentTime "aws:CurrentTime" Time "when the request is judged";
    EpochTime "aws:EpochTime" Time "the same, in whole seconds since 1970; takes Numeric... operators as well";
    PrincipalArn "aws:PrincipalArn" Arn "arn:aws:iam:: with organization and principal; absent for anonymous requests";
    PrincipalOrgId "aws:PrincipalOrgID" Text "the organization of the key; absent for anonymous requests";
    Referer "aws:Referer" Text "the Referer header, if sent";
    SecureTransport "aws:SecureTransport" Flag "whether the client came over TLS";
    SourceIp "aws:SourceIp" Address "the peer of the connection; IPv4 addresses count as such on IPv6 sockets too";
    UserAgent "aws:UserAgent" Text "the User-Agent header, if sent";
    UserId "aws:userid" Text "the principal, such as saml/Admin; absent for anonymous requests";
    Username "aws:username" Text "what follows the slash in coreweave/... and static/...; absent for federated identities";
    CwPrincipalOrgId "cw:PrincipalOrgID" Text "the same as aws:PrincipalOrgID";
    Groups "iam:<org>:groups" Texts "the groups of the key's owner, with the configured org_id in the name";
    AuthType "s3:authType" Text "REST-HEADER, REST-QUERY-STRING or POST; absent for anonymous requests";
    SignatureVersion "s3:signatureversion" Text "AWS4-HMAC-SHA256; absent for anonymous requests";
    SignatureAge "s3:signatureAge" Number "milliseconds since the request was signed; absent for anonymous requests";
    TlsVersion "s3:TlsVersion" Number "1.2 or 1.3; absent without TLS";
    Delimiter "s3:delimiter" Text "the delimiter of a listing, if given";
    MaxKeys "s3:max-keys" Number "the max-keys of a listing, if given";
    Prefix "s3:prefix" Text "the prefix of a listing, if given";
    VersionId "s3:VersionId" Text "the versionId of the request, if given";
    LocationConstraint "s3:LocationConstraint" Text "the location that CreateBucket asks for, if it does";
    ObjectCreationOperation "s3:ObjectCreationOperation" Flag "whether a write makes an object; false for the parts of an upload and for its beginning, absent for other requests";
    RequestObjectTagKeys "s3:RequestObjectTagKeys" Texts "the keys of the tags that come with a request";
    Acl "s3:x-amz-acl" Text "the header, if sent";
    GrantFullControl "s3:x-amz-grant-full-control" Text "the header, if sent";
    GrantRead "s3:x-amz-grant-read" Text "the header, if sent";
    GrantReadAcp "s3:x-amz-grant-read-acp" Text "the header, if sent";
    GrantWrite "s3:x-amz-grant-write" Text "the header, if sent";
    GrantWriteAcp "s3:x-amz-grant-write-acp" Text "the header, if sent";
    ContentSha256 "s3:x-amz-content-sha256" Text "how the payload is signed: a hash or UNSIGNED-PAYLOAD and its kin";
    CopySource "s3:x-amz-copy-source" Text "bucket/key of the source of a copy, decoded";
    MetadataDirective "s3:x-amz-metadata-directive" Text "the header, if sent";
    ServerSideEncryption "s3:x-amz-server-side-encryption" Text "the header, if sent";
    ServerSideEncryptionKeyId "s3:x-amz-server-side-encryption-aws-kms-key-id" Arn "the header, if sent";
    ServerSideEncryptionCustomerAlgorithm "s3:x-amz-server-side-encryption-customer-algorithm" Text "the header, if sent";
    StorageClass "s3:x-amz-storage-class" Text "the header, if sent";
    WebsiteRedirectLocation "s3:x-amz-website-redirect-location" Text "the header, if sent";
    ObjectLockMode "s3:object-lock-mode" Text "the retention mode that comes with a request";
    ObjectLockLegalHold "s3:object-lock-legal-hold" Text "the legal hold that comes with a request";
    ObjectLockRetainUntilDate "s3:object-lock-retain-until-date" Time "the end of the retention that comes with a request";
    IfMatch "s3:if-match" Text "the If-Match header, if sent";
    IfNoneMatch "s3:if-none-match" Text "the If-None-Match header, if sent";
}

/// A condition key.
#[derive(Clone, Debug, Eq, Hash, PartialEq)]
pub enum ConditionKey {
    /// One of the list.
    Fixed(FixedKey),
    /// `aws:PrincipalTag/<name>`: an attribute of the key.
    PrincipalTag(Box<str>),
    /// `s3:RequestObjectTag/<name>`: a tag that comes with the request.
    RequestObjectTag(Box<str>),
}

impl ConditionKey {
    /// The key called `name`, in letters of either case. `organization` is the one whose groups are known.
    ///
    /// # Errors
    /// [`PolicyError::Part`] if it cannot be known here, with the reason.
    pub fn parse(name: &str, organization: &OrganizationId) -> Result<Self, PolicyError> {
        Self::named(name, organization)
            .map_err(|problem| PolicyError::Part { place: "condition key".to_owned(), problem })
    }

    /// [`parse`](Self::parse), with the bare reason.
    pub(super) fn named(name: &str, organization: &OrganizationId) -> Result<Self, String> {
        let family = |prefix: &str| {
            name.get(..prefix.len()).filter(|begin| begin.eq_ignore_ascii_case(prefix)).map(|_| &name[prefix.len()..])
        };
        if let Some(tag) = family("aws:PrincipalTag/").filter(|tag| !tag.is_empty()) {
            return Ok(Self::PrincipalTag(tag.into()));
        }
        if let Some(tag) = family("s3:RequestObjectTag/").filter(|tag| !tag.is_empty()) {
            return Ok(Self::RequestObjectTag(tag.into()));
        }
        if family("s3:ExistingObjectTag/").is_some() {
            return Err(format!(
                "{name} is not a condition key that can be known here: only the backend knows which tags an object \
                 has, and a request is judged before the backend is asked"
            ));
        }
        if let Some(other) =
            family("iam:").and_then(|rest| rest.split_once(':')).filter(|(_, rest)| rest.eq_ignore_ascii_case("groups"))
        {
            return if other.0.eq_ignore_ascii_case(organization.as_str()) {
                Ok(Self::Fixed(FixedKey::Groups))
            } else {
                Err(format!(
                    "{name} is about the groups of another organization; the one here is iam:{organization}:groups"
                ))
            };
        }
        let fixed = FixedKey::ALL.iter().find(|key| key.name().eq_ignore_ascii_case(name));
        fixed.map(|key| Self::Fixed(*key)).ok_or_else(|| {
            format!(
                "{name:?} is not a condition key that can be known here; `portcullis operations --conditions` lists them"
            )
        })
    }

    /// What its values are.
    #[must_use]
    pub fn kind(&self) -> KeyKind {
        match self {
            Self::Fixed(key) => key.kind(),
            Self::PrincipalTag(_) | Self::RequestObjectTag(_) => KeyKind::Text,
        }
    }
}

impl From<FixedKey> for ConditionKey {
    fn from(key: FixedKey) -> Self {
        Self::Fixed(key)
    }
}

impl fmt::Display for ConditionKey {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Fixed(key) => formatter.write_str(key.name()),
            Self::PrincipalTag(name) => write!(formatter, "aws:PrincipalTag/{name}"),
            Self::RequestObjectTag(name) => write!(formatter, "s3:RequestObjectTag/{name}"),
        }
    }
}
