//! The configurations: what is kept, what is in force.
