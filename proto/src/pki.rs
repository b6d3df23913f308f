//! The certificate authority of the cloud.
