//! deid
