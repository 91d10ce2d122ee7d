//! Holds the ceilings in force and answers what a principal may do.
