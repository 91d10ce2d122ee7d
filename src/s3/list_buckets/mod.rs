//! `ListBuckets`: the pages that a backend gives are read; the request of a client is read, and its answer
//! is written.
//!
//! <https://docs.aws.amazon.com/AmazonS3/latest/API/API_ListBuckets.html>

mod answer;
mod page;
mod query;

pub use answer::{BucketEntry, list_buckets_answer};
pub use page::{BucketPage, UnreadableListing};
pub use query::ListBucketsQuery;
