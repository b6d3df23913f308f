//! Finds text burned into the pixels of a grey frame, with classical means only.
//!
//! Text is drawn with strokes that are thin against its height, of one grey value, with edges
//! one or two pixels wide, and its glyphs stand in lines. At each step of a pyramid (so that one
//! small window serves all sizes) and for both polarities, a top-hat keeps what is thinner than
//! the window; it is cut at several heights, since no one height suits both faint text on a
//! quiet ground and bright text on a noisy one; the connected parts of each cut are measured and
//! joined in lines by `lines`. `measures` tells what trees grown on drawn words and clean pictures
//! then look at to score how much each line is like text: also whether it stands in the same place
//! in several cuts and levels, and how crowded the picture is around it.

mod boxes;
mod detector;
mod find;
mod line;
mod lines;
mod measures;
mod parts;
mod pyramid;
#[cfg(test)]
mod rendered;
#[cfg(test)]
pub(crate) mod tests;

pub use boxes::TextBox;
pub use detector::TextDetector;
pub(crate) use find::{find_text, find_words};
pub(crate) use pyramid::Grey8;
