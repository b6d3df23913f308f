//! Oversight in the running appliance: calls about open flags, and what a named person orders about a bundle.

mod orders;
mod paging;

pub(crate) use orders::{OversightOrder, OversightUse, Terms};
pub(crate) use paging::{Terms as PagingTerms, start};
