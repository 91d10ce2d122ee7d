//! Access control lists: which of them let the public in, and the `AccessControlPolicy` document, which is
//! read and written anew so that nothing but what was judged is sent on.
//!
//! <https://docs.aws.amazon.com/AmazonS3/latest/userguide/acl-overview.html>

use http::HeaderMap;

use super::S3Error;
use super::xml::{self, Element, Limits, escape_key, push_element};

/// An `AccessControlPolicy` document.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct AccessControlPolicy {
    /// The owner's id and display name, as written.
    owner: Option<(String, Option<String>)>,
    grants: Vec<Grant>,
}

#[derive(Clone, Debug, Eq, PartialEq)]
struct Grant {
    grantee: Grantee,
    permission: String,
}

#[derive(Clone, Debug, Eq, PartialEq)]
enum Grantee {
    Email(String),
    Group(String),
    User { id: String, display_name: Option<String> },
}

/// Whether `headers` set an ACL that lets in more than named accounts: a canned one that is public, or a
/// grant to a group. The one group that may have something is that of S3's own log delivery.
#[must_use]
pub fn sets_public_acl(headers: &HeaderMap) -> bool {
    let text = |value: &http::HeaderValue| String::from_utf8_lossy(value.as_bytes()).trim().to_ascii_lowercase();
    let canned = headers.get_all("x-amz-acl").iter().map(text).any(|acl| !PRIVATE_ACLS.contains(&acl.as_str()));
    let grants = headers.iter().filter(|(name, _)| name.as_str().starts_with("x-amz-grant-"));
    canned || grants.map(|(_, value)| text(value)).any(|grantees| names_public_group(&grantees))
}

/// Whether `headers` set an ACL, whatever it says.
#[must_use]
pub fn sets_acl(headers: &HeaderMap) -> bool {
    headers.keys().any(|name| name == "x-amz-acl" || name.as_str().starts_with("x-amz-grant-"))
}

impl AccessControlPolicy {
    /// Reads the body of a `PutBucketAcl` or `PutObjectAcl` request. No body at all means that headers set
    /// the list.
    ///
    /// # Errors
    /// 400 `MalformedXML`.
    pub fn parse(document: &[u8]) -> Result<Option<Self>, S3Error> {
        if document.trim_ascii().is_empty() {
            return Ok(None);
        }
        let root = xml::parse(document, Limits { bytes: 1024 * 1024, depth: 5, elements: 1_000 })?;
        if root.name != "AccessControlPolicy" {
            return Err(root.unexpected());
        }
        let mut policy = Self { owner: None, grants: Vec::new() };
        let mut has_list = false;
        for child in &root.children {
            match child.name.as_str() {
                "AccessControlList" if !has_list => {
                    has_list = true;
                    policy.grants = child.children.iter().map(grant).collect::<Result<_, _>>()?;
                }
                "Owner" if policy.owner.is_none() => policy.owner = Some(identity(child)?),
                _ => return Err(child.unexpected()),
            }
        }
        Ok(Some(policy))
    }

    /// Whether it lets in more than named accounts.
    #[must_use]
    pub fn is_public(&self) -> bool {
        self.grants.iter().any(|grant| match &grant.grantee {
            Grantee::Group(uri) => uri != LOG_DELIVERY,
            Grantee::Email(_) | Grantee::User { .. } => false,
        })
    }

    /// The document that says the same.
    #[must_use]
    pub fn to_xml(&self) -> String {
        let mut document = String::from("<AccessControlPolicy xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\">");
        if let Some((id, display_name)) = &self.owner {
            document.push_str("<Owner>");
            push_identity(&mut document, id, display_name.as_deref());
            document.push_str("</Owner>");
        }
        document.push_str("<AccessControlList>");
        for Grant { grantee, permission } in &self.grants {
            let kind = match grantee {
                Grantee::Email(_) => "AmazonCustomerByEmail",
                Grantee::Group(_) => "Group",
                Grantee::User { .. } => "CanonicalUser",
            };
            document.push_str("<Grant><Grantee xmlns:xsi=\"http://www.w3.org/2001/XMLSchema-instance\" xsi:type=\"");
            document.push_str(kind);
            document.push_str("\">");
            match grantee {
                Grantee::Email(email) => push_element(&mut document, "EmailAddress", &escape_key(email)),
                Grantee::Group(uri) => push_element(&mut document, "URI", &escape_key(uri)),
                Grantee::User { id, display_name } => push_identity(&mut document, id, display_name.as_deref()),
            }
            document.push_str("</Grantee>");
            push_element(&mut document, "Permission", &escape_key(permission));
            document.push_str("</Grant>");
        }
        document.push_str("</AccessControlList></AccessControlPolicy>");
        document
    }
}

fn grant(element: &Element) -> Result<Grant, S3Error> {
    if element.name != "Grant" {
        return Err(element.unexpected());
    }
    let incomplete = || xml::malformed("a grant is one Grantee with one Permission");
    let [first, second] = element.children.as_slice() else { return Err(incomplete()) };
    let (who, what) = match (first.name.as_str(), second.name.as_str()) {
        ("Grantee", "Permission") => (first, second),
        ("Permission", "Grantee") => (second, first),
        _ => return Err(incomplete()),
    };
    let permission = what.text.trim_ascii();
    if !PERMISSIONS.contains(&permission) {
        return Err(xml::malformed("a permission is none of FULL_CONTROL, READ, READ_ACP, WRITE and WRITE_ACP"));
    }
    // What kind of grantee it is shows in the element, so that an attribute cannot say otherwise.
    let grantee = match who.children.as_slice() {
        [email] if email.name == "EmailAddress" => Grantee::Email(email.text.trim_ascii().to_owned()),
        [uri] if uri.name == "URI" => Grantee::Group(uri.text.trim_ascii().to_owned()),
        _ => {
            let (id, display_name) = identity(who)?;
            Grantee::User { id, display_name }
        }
    };
    Ok(Grant { grantee, permission: permission.to_owned() })
}

/// The `ID` and `DisplayName` of an owner or a grantee.
fn identity(element: &Element) -> Result<(String, Option<String>), S3Error> {
    let (mut id, mut display_name) = (None, None);
    for child in &element.children {
        let slot = match child.name.as_str() {
            "DisplayName" => &mut display_name,
            "ID" => &mut id,
            _ => return Err(child.unexpected()),
        };
        if slot.replace(child.text.trim_ascii().to_owned()).is_some() || !child.children.is_empty() {
            return Err(child.unexpected());
        }
    }
    let id = id.ok_or_else(|| xml::malformed("an owner or grantee has no ID"))?;
    Ok((id, display_name))
}

fn push_identity(document: &mut String, id: &str, display_name: Option<&str>) {
    push_element(document, "ID", &escape_key(id));
    if let Some(display_name) = display_name {
        push_element(document, "DisplayName", &escape_key(display_name));
    }
}

/// Whether a grant header, in lower case, names any group but that of log delivery.
fn names_public_group(grantees: &str) -> bool {
    let without = grantees.replace(&LOG_DELIVERY.to_ascii_lowercase(), "");
    without.contains("//") || without.contains("groups/") || without.contains('%')
}

const LOG_DELIVERY: &str = "http://acs.amazonaws.com/groups/s3/LogDelivery";
const PERMISSIONS: [&str; 5] = ["FULL_CONTROL", "READ", "READ_ACP", "WRITE", "WRITE_ACP"];
/// The canned lists that name accounts or log delivery only. What is not known counts as public.
const PRIVATE_ACLS: [&str; 5] =
    ["aws-exec-read", "bucket-owner-full-control", "bucket-owner-read", "log-delivery-write", "private"];

#[cfg(test)]
mod tests {
    use http::{HeaderName, HeaderValue};

    use super::*;

    fn headers(name: &str, value: &str) -> HeaderMap {
        let name: HeaderName = name.parse().expect("a header name");
        HeaderMap::from_iter([(name, HeaderValue::from_str(value).expect("a header value"))])
    }

    #[test]
    fn headers_that_let_the_public_in_are_known() {
        let all = "http://acs.amazonaws.com/groups/global/AllUsers";
        let authenticated = "http://acs.amazonaws.com/groups/global/AuthenticatedUsers";
        for (name, value) in [
            ("x-amz-acl", "public-read"),
            ("x-amz-acl", "public-read-write"),
            ("x-amz-acl", "authenticated-read"),
            ("x-amz-acl", " Public-Read"),
            ("x-amz-acl", "unheard-of"),
            ("x-amz-grant-read", &format!("uri=\"{all}\"")),
            ("x-amz-grant-read", &format!("uri={authenticated}")),
            ("x-amz-grant-full-control", &format!("id=\"abc\", URI=\"{}\"", all.to_ascii_uppercase())),
            ("x-amz-grant-write", &format!("uri=\"{LOG_DELIVERY}\", uri=\"{all}\"")),
            ("x-amz-grant-write-acp", "uri=\"http%3A%2F%2Facs.amazonaws.com%2Fgroups%2Fglobal%2FAllUsers\""),
        ] {
            assert!(sets_public_acl(&headers(name, value)), "{name}: {value}");
        }
        for (name, value) in [
            ("x-amz-acl", "private"),
            ("x-amz-acl", "bucket-owner-full-control"),
            ("x-amz-grant-read", "id=\"abc\""),
            ("x-amz-grant-read", "emailAddress=\"a@b.example\""),
            ("x-amz-grant-write", &format!("uri=\"{LOG_DELIVERY}\"")),
            ("x-amz-meta-acl", "public-read"),
        ] {
            assert!(!sets_public_acl(&headers(name, value)), "{name}: {value}");
        }
        let mut twice = headers("x-amz-acl", "private");
        twice.append("x-amz-acl", HeaderValue::from_static("public-read"));
        assert!(sets_public_acl(&twice));
    }

    fn document(grantee: &str) -> String {
        format!(
            "<AccessControlPolicy xmlns=\"x\"><Owner><ID>o&amp;1</ID><DisplayName>me</DisplayName></Owner>\n\
             <AccessControlList>\n<Grant>{grantee}<Permission>READ</Permission></Grant></AccessControlList>\
             </AccessControlPolicy>"
        )
    }

    #[test]
    fn a_document_is_written_as_it_was_read_and_public_if_it_names_a_group() {
        let xsi = "xmlns:xsi=\"http://www.w3.org/2001/XMLSchema-instance\"";
        for (grantee, public) in [
            (format!("<Grantee {xsi} xsi:type=\"CanonicalUser\"><ID>u</ID></Grantee>"), false),
            (
                format!("<Grantee {xsi} xsi:type=\"AmazonCustomerByEmail\"><EmailAddress>e</EmailAddress></Grantee>"),
                false,
            ),
            (format!("<Grantee {xsi} xsi:type=\"Group\"><URI>{LOG_DELIVERY}</URI></Grantee>"), false),
            ("<Grantee><URI>http://acs.amazonaws.com/groups/global/AllUsers</URI></Grantee>".into(), true),
            // The attribute lies.
            (format!("<Grantee {xsi} xsi:type=\"CanonicalUser\"><URI>anything</URI></Grantee>"), true),
        ] {
            let policy = AccessControlPolicy::parse(document(&grantee).as_bytes()).expect(&grantee).expect("a body");
            assert_eq!(policy.is_public(), public, "{grantee}");
            let again = AccessControlPolicy::parse(policy.to_xml().as_bytes()).expect("readable");
            assert_eq!(again, Some(policy), "{grantee}");
        }
        assert_eq!(AccessControlPolicy::parse(b"").expect("headers may set it"), None);
    }

    #[test]
    fn what_is_not_understood_is_refused() {
        for document in [
            document("<Grantee><ID>u</ID><URI>g</URI></Grantee>"),
            document("<Grantee><DisplayName>u</DisplayName></Grantee>"),
            document("<Grantee><ID>u</ID></Grantee><Grantee><ID>u</ID></Grantee>"),
            document("<Grantee/>"),
            document("<Grantee><ID>u</ID></Grantee>").replace("READ", "EVERYTHING"),
            document("<Grantee><ID>u</ID></Grantee>").replace("AccessControlList>", "List>"),
            "<Other/>".into(),
            "{}".into(),
        ] {
            let error = AccessControlPolicy::parse(document.as_bytes()).expect_err(&document);
            assert_eq!(error.code.as_str(), "MalformedXML", "{document}");
        }
    }
}
