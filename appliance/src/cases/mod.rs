//! Cases, as people decide about them: one place for the page and the command line.

mod error;
mod service;

pub use error::Error;
pub use service::CaseService;
