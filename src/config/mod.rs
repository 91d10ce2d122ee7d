//! Reads files into checked values, or fails naming the file and the field.
