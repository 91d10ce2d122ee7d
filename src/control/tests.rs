//! Tests of the management routes over a real socket.
