//! A frame shown row by row: what [`super::unit`] gives, without a float32 copy of every pixel of a large frame.

use super::error::Error;
use super::presentation::Look;
use super::stored::{Row, Stored};
use super::unit::{Window, each_pixel, rule};

/// A frame that is shown as it is read, 0 black to 1 white.
pub struct Shown {
    rows: usize,
    columns: usize,
    values: Values,
}

enum Values {
    /// Stored values, and what each is shown as.
    Looked { frame: Stored, table: Vec<f32> },
    /// As shown, row by row: colour, and values of more than 16 bits.
    Whole(Vec<f32>),
}

impl std::fmt::Debug for Shown {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Shown({} x {})", self.rows, self.columns)
    }
}

/// Shows `frame` as [`super::unit`] would. Takes the frame: what it is shown as may take its place.
///
/// # Errors
/// All of [`Error`].
pub fn shown(frame: Stored, look: &Look, window: Window) -> Result<Shown, Error> {
    frame.check()?;
    let (rows, columns) = (frame.rows as usize, frame.columns as usize);
    let table = match rule(&frame, look, window)? {
        Some(rule) if frame.bits_stored <= 16 => {
            Some((0..=frame.mask()).map(rule).collect::<Result<Vec<f32>, Error>>()?)
        }
        _ => None,
    };
    let values = match table {
        Some(table) => Values::Looked { frame, table },
        None => Values::Whole(each_pixel(&frame, look, window)?),
    };
    Ok(Shown { rows, columns, values })
}

impl Shown {
    /// Rows.
    pub fn rows(&self) -> usize {
        self.rows
    }

    /// Columns.
    pub fn columns(&self) -> usize {
        self.columns
    }

    /// Writes row `at` (from 0) to `into`; places that the frame does not have stay as they are.
    pub fn row(&self, at: usize, into: &mut [f32]) {
        match &self.values {
            Values::Looked { frame, table } => {
                let show = |container| table.get(frame.field(container) as usize).copied().unwrap_or(0.0);
                let places = into.iter_mut();
                match frame.row(at) {
                    Row::Eight(row) => places.zip(row).for_each(|(to, b)| *to = show(u32::from(*b))),
                    Row::Sixteen(row) => {
                        places.zip(row).for_each(|(to, c)| *to = show(u32::from(u16::from_le_bytes(*c))));
                    }
                    Row::ThirtyTwo(row) => {
                        places.zip(row).for_each(|(to, c)| *to = show(u32::from_le_bytes(*c)));
                    }
                }
            }
            Values::Whole(values) => {
                let row = values.chunks(self.columns.max(1)).nth(at).unwrap_or_default();
                into.iter_mut().zip(row).for_each(|(to, value)| *to = *value);
            }
        }
    }
}
