//! Calls people about flags that nobody acknowledged: webhook or e-mail, without identity, on the local network too.

mod config;
mod message;
mod send;
#[cfg(test)]
mod tests;

pub(crate) use config::{Config, Contact, Security, Smtp};
pub(crate) use message::Message;
pub(crate) use send::{Caller, Error};
