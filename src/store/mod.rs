//! Keeps sealed records and reports changes, behind `KeyStore`.
