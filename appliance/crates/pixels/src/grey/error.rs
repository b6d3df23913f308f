//! Why stored values cannot be shown as grey.

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
