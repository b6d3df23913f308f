//! A picture of one frame as a worker writes it: stored values at one level, and where they lie in its output.

use serde::{Deserialize, Serialize};

/// A piece of a worker's output.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Piece {
    /// From the start of the output, in plain bytes.
    pub offset: u64,
    /// In bytes.
    pub length: u64,
    /// BLAKE3 of the piece, in hex.
    pub blake3: String,
}

/// A picture for the page: 16-bit little-endian values, row by row, at full size or halved a number of times.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Preview {
    /// Index of the instance in the job.
    pub instance: u32,
    /// Frame from 0.
    pub frame: u32,
    /// Level: 0 is full size, 1 half, 2 a quarter.
    pub level: u8,
    /// Rows of the level.
    pub rows: u32,
    /// Columns of the level.
    pub columns: u32,
    /// Where the values are.
    pub piece: Piece,
    /// First value of `u16` is this output unit, each step is `step` units (HU for CT).
    pub first: f64,
    /// Output units per step.
    pub step: f64,
    /// Default window centre and width in output units.
    pub window: (f64, f64),
    /// MONOCHROME1: shown inverted.
    pub inverted: bool,
}
