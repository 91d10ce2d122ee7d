//! Serves key management as JSON over the control socket.
