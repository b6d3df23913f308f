//! The courier: carries sealed cases to the cloud and reports home. It dials; the cloud never does.
//!
//! It holds sealed bytes only: it can neither seal nor open a case. What it knows of the site it asks the queue
//! ([`CaseQueue`]), so it keeps no state worth losing: after any stop it asks the cloud which parts are there and goes on.

mod backoff;
mod config;
mod courier;
mod deliver;
mod enrol;
mod error;
mod fetch;
mod identity;
mod queue;
#[cfg(test)]
pub(crate) mod tests;
mod time_limit;
mod values;

pub(crate) use config::Config;
pub(crate) use courier::{Courier, Wake};
pub(crate) use enrol::enrol;
pub(crate) use error::Error;
pub(crate) use identity::Identity;
pub(crate) use queue::CaseQueue;
pub(crate) use values::{Away, Backlog, DueCase, HomeReport, Link, Phase, QueueFailed, Refusal, Stored};
