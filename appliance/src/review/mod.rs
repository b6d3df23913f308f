//! The technician's page: what the appliance found, what leaves, and what a named person decides about it.
//!
//! `page` is the server and its door, `sign_in` lets people in, `routes` answers them, `live` keeps the
//! list moving, `view`, `detail` and `result` are what is shown, `words` how it is said, `assets/` what the browser runs.

mod app;
mod assets;
mod backend;
mod config;
mod detail;
mod error;
mod live;
mod page;
mod result;
mod routes;
mod sign_in;
mod stream;
mod view;
mod words;

pub use backend::{Backend, DestinationRow, Frame, LightRow, Lights};
pub use config::{Config, Mode};
pub use error::Error;
pub use page::{Page, router};
