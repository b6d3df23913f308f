//! Stored values to grey: rescale, Modality LUT, padding, VOI, palette, MONOCHROME1 (PS3.3 C.11.1, C.11.2).
//!
//! Values in, values out: no file, clock or log. [`unit`] gives what a bundle sees, 0..1 in the
//! MONOCHROME2 sense; [`sixteen`] gives what the page windows, 16-bit values with their output units.

mod look;
mod shown;
mod sixteen;
mod stored;
mod unit;

pub use look::{Look, Lut, Modality, Palette, Photometric, Voi};
pub use shown::{Shown, shown};
pub use sixteen::{Sixteen, sixteen};
pub use stored::Stored;
pub use unit::{Unit, Window, eight, unit};

/// Why stored values cannot be shown as grey. All are the sender's doing; trying again does not help.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// The bytes do not fill rows x columns x samples.
    #[error("pixel values do not fill rows and columns")]
    WrongLength,
    /// Bits Allocated, Bits Stored and High Bit do not fit each other.
    #[error("bits allocated, bits stored and high bit do not fit each other")]
    WrongBits,
    /// A lookup table without entries.
    #[error("a lookup table has no entries")]
    EmptyTable,
    /// PALETTE COLOR without its three tables, or a photometric interpretation that has no grey.
    #[error("the photometric interpretation has no grey values")]
    NoGrey,
}

#[cfg(test)]
mod padding_tests;
#[cfg(test)]
mod tests;
