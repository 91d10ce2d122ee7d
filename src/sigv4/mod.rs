//! Signs and verifies by the AWS Signature Version 4 specification, header and presigned forms.
