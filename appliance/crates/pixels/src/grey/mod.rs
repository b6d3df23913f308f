//! Stored values to grey: rescale, Modality LUT, padding, VOI, palette, MONOCHROME1 (PS3.3 C.11.1, C.11.2).
//!
//! Values in, values out: no file, clock or log. [`unit`] gives what a bundle sees, 0..1 in the
//! MONOCHROME2 sense; [`sixteen`] gives what the page windows, 16-bit values with their output units.

mod error;
mod presentation;
mod shown;
mod sixteen_bit;
mod stored;
mod unit;

pub use error::Error;
pub use presentation::{Look, Photometric};
pub(crate) use presentation::{Lut, Modality, Palette, Voi};
pub use shown::{Shown, shown};
pub use sixteen_bit::{Sixteen, sixteen};
pub(crate) use stored::Stored;
pub(crate) use unit::Unit;
pub use unit::{Window, eight, unit};

#[cfg(test)]
mod padding_tests;
#[cfg(test)]
mod tests;
