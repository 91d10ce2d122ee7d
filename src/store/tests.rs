//! Tests of the sealed records.
