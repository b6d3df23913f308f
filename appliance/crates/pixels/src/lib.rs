//! Frames decoded one at a time from their byte ranges; half-size levels and PNG of prepared frames; text, faces and
//! surplus found in them, and black-out. Worker only.
//!
//! Codecs see one frame and nothing else of the instance. From them stored values are taken, never a
//! converted picture; `grey` does the rest. A codec's panic becomes an error; its text is never kept.

mod blacken;
mod burned;
mod codec;
mod error;
mod face;
mod fragments;
mod frames;
pub mod grey;
mod header;
mod jpeg;
mod native;
mod peek;
mod picture;
mod rle;
mod shape;
mod surplus;
mod text;

pub use blacken::blacken;
pub use burned::{find_burned_in, may_hold_ink, shows_words};
pub use error::Error;
pub use face::find_face;
pub use frames::{Decoded, Image};
pub use picture::{halve, png, shrink};
pub use shape::Shape;
pub use surplus::carries_more;
pub use text::{TextBox, TextDetector};

#[cfg(test)]
mod tests;
#[cfg(test)]
mod whole_tests;
