//! Behaviours of the courier.
