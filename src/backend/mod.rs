//! Re-signs with the backend's own credential and sends, streaming both ways.
