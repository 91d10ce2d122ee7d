//! Carries one S3 request through the steps and maps every failure to S3 XML.
