//! `BlockPublicAcls`: requests that would open something by an access control list are refused. A list
//! never lets anybody in through Portcullis, but the backend may have other doors.
//!
//! <https://docs.aws.amazon.com/AmazonS3/latest/userguide/access-control-block-public-access.html>

use crate::proxy::Proxy;
use crate::proxy::authorize::Authorized;
use crate::proxy::error::Refusal;
use crate::proxy::record::Record;
use crate::s3::acl::{AccessControlPolicy, sets_acl, sets_public_acl};
use crate::s3::{ErrorCode, RequestHead, S3Error};

impl Proxy {
    /// Refuses a request whose headers set a public list, if its bucket does not let it.
    pub(in crate::proxy) fn refuse_public_acl(
        &self,
        authorized: &Authorized,
        record: &mut Record,
    ) -> Result<(), Refusal> {
        let head = authorized.head();
        if sets_public_acl(&head.headers) && self.blocks_public_acls(head)? { Err(blocked(record)) } else { Ok(()) }
    }

    /// The document of `PutBucketAcl` or `PutObjectAcl` as it is sent on: what was judged, written anew.
    pub(in crate::proxy) fn acl_document(
        &self,
        head: &RequestHead,
        received: &[u8],
        record: &mut Record,
    ) -> Result<String, Refusal> {
        let Some(acl) = AccessControlPolicy::parse(received)? else { return Ok(String::new()) };
        // Policies have judged the headers, and the backend could heed the document.
        if sets_acl(&head.headers) {
            let message = "An access control list is set by headers or by a document, not by both.";
            return Err(S3Error::new(ErrorCode::UnexpectedContent, message).into());
        }
        if acl.is_public() && self.blocks_public_acls(head)? {
            return Err(blocked(record));
        }
        Ok(acl.to_xml())
    }

    fn blocks_public_acls(&self, head: &RequestHead) -> Result<bool, Refusal> {
        let Some(bucket) = head.address.bucket() else { return Ok(false) };
        let in_force = self.authority.in_force()?;
        let block = in_force.bucket(bucket.as_str()).and_then(|rules| rules.public_access_block);
        Ok(block.is_some_and(|block| block.block_public_acls) && !crate::fault::check_is_off("block_public_acls"))
    }
}

fn blocked(record: &mut Record) -> Refusal {
    record.overruled("public access block", None);
    Refusal::because(
        S3Error::new(ErrorCode::AccessDenied, "Access Denied"),
        "public access control lists are blocked by the BlockPublicAcls block public access setting of the bucket",
    )
}
