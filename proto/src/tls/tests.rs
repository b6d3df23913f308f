//! Behaviours of the transport.
