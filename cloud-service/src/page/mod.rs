//! The page for people: the queue, a case with its images and draft, sites. The only room that names `axum`.
//!
//! Server-written HTML and a few small modules, embedded. No identity is here to show: cases are named by our own
//! numbers, titles name none. Images are opened by a worker on demand and kept in memory for minutes only.

mod assets;
mod case;
mod error;
mod holder;
mod html;
mod images;
mod layers;
mod list;
mod live;
mod router;
mod sign;
mod sign_in;
mod state;
#[cfg(test)]
mod tests;

pub use error::Error;
pub use images::{Images, View};
pub use router::serve;
pub use state::Page;
