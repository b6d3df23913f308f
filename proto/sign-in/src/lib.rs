//! Signing in to the pages of both products: rules and values, once.
//!
//! | file | what it holds |
//! |---|---|
//! | `accounts` | what a product keeps: its rows of people, codes and sessions, and its audit |
//! | `password` | passwords and their hashes |
//! | `attempts` | how often somebody may fail |
//! | `session` | how long a session lasts, and its tokens |
//! | `channel` | how a page reaches its browser: TLS, loopback or neither |
//! | `cookie` | the session's cookie |
//! | `origin` | whether a change was asked for by a page of ours |
//! | `flow` | signing in, using a one-time code, asking, signing out |
//!
//! No database and no web server: a product implements [`Accounts`] and answers requests. Times are the steady clock's, in
//! milliseconds since 1970 (UTC), and come in as arguments.

mod accounts;
mod attempts;
mod channel;
mod cookie;
mod error;
mod flow;
mod origin;
mod password;
mod session;
#[cfg(test)]
mod tests;

pub use accounts::{Account, Accounts, Code, NAME_RULE, UNKNOWN, account_name_fits};
pub use error::{Error, Fault, Retry};
pub use flow::{Opened, Person, Settings, SignIn, Visit};
pub use origin::from_our_page;
pub use password::Password;
pub use session::{IDLE, Session};
