//! grey
