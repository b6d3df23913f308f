//! The jobs of a worker, one file each.

pub(crate) mod deid;
pub(crate) mod explain;
pub(crate) mod frame;
pub(crate) mod pack;
pub(crate) mod restore;
pub(crate) mod triage;
