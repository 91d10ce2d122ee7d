//! Parameters, ARNs and documents.
