//! What the page windows: 16-bit values with the output unit of the first and of each step.

use super::error::Error;
use super::presentation::{Look, Modality, Photometric, Voi};
use super::stored::Stored;
use super::unit::{Window, extent, unit};

/// A picture for the page.
#[derive(Clone, PartialEq)]
pub struct Sixteen {
    /// Rows.
    pub rows: u32,
    /// Columns.
    pub columns: u32,
    /// `rows * columns` values, row by row.
    pub values: Vec<u16>,
    /// Output unit of value 0 (HU for CT).
    pub first: f64,
    /// Output units per step; negative with a negative Rescale Slope.
    pub step: f64,
    /// Default Window Center and Width in output units, in the LINEAR sense.
    pub window: (f64, f64),
    /// MONOCHROME1: to be shown inverted.
    pub inverted: bool,
}

impl std::fmt::Debug for Sixteen {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Sixteen({} x {})", self.rows, self.columns)
    }
}

/// Gives `frame` as 16-bit values: exact where stored values span at most 16 bits, else in 65,535 equal steps.
///
/// A VOI LUT and colour cannot be windowed linearly: their shown values 0..1 are given, unit 1/65,535.
/// Padding takes the output unit of the picture that is shown darkest: the smallest, of MONOCHROME1 the largest.
///
/// # Errors
/// All of [`Error`].
pub fn sixteen(frame: &Stored, look: &Look) -> Result<Sixteen, Error> {
    frame.check()?;
    let grey =
        matches!(look.photometric, Photometric::Monochrome1 | Photometric::Monochrome2) && frame.samples == 1;
    let table = matches!(look.default_voi(), Some(Voi::Table(_)));
    if !grey || table {
        return shown(frame, look);
    }
    let exact = match look.modality {
        Modality::Linear { slope, intercept } if frame.bits_stored <= 16 && slope != 0.0 => {
            Some((slope, intercept))
        }
        _ => None,
    };
    let voi = look.default_voi().and_then(Voi::as_linear);
    // Every pixel is looked at for this; exact values with a window and no padding do not depend on it.
    let (low, high) = match (exact, voi, look.padding) {
        (Some(_), Some(_), None) => (0.0, 0.0),
        _ => extent(frame, look)?,
    };
    let window = voi.unwrap_or(((low + high + 1.0) / 2.0, high - low + 1.0));
    let inverted = look.photometric == Photometric::Monochrome1;
    let dark = if inverted { high } else { low };
    let picture = |values, first, step| Sixteen {
        rows: frame.rows,
        columns: frame.columns,
        values,
        first,
        step,
        window,
        inverted,
    };
    let bottom = frame.range().0;
    match exact {
        Some((slope, intercept)) => {
            let pad = ((dark - intercept) / slope).round() as i64;
            let shown = |field| {
                let v = frame.value(field);
                let v = if look.is_padding(v) { pad } else { v };
                u16::try_from(v - bottom).unwrap_or(0)
            };
            let table: Vec<u16> = (0..=frame.mask()).map(shown).collect();
            let mut values = Vec::with_capacity(frame.pixels());
            frame.each(|c| values.push(table.get(frame.field(c) as usize).copied().unwrap_or(0)));
            Ok(picture(values, bottom as f64 * slope + intercept, slope))
        }
        None => {
            let step = if high > low { (high - low) / 65_535.0 } else { 1.0 };
            let mut values = Vec::with_capacity(frame.pixels());
            for v in frame.values() {
                let x = if look.is_padding(v) { dark } else { look.modality.apply(v)? };
                values.push(((x - low) / step).round().clamp(0.0, 65_535.0) as u16);
            }
            Ok(picture(values, low, step))
        }
    }
}

/// Values as shown, 0..1 in 65,535 steps; MONOCHROME1 is already inverted in them.
fn shown(frame: &Stored, look: &Look) -> Result<Sixteen, Error> {
    let unit = unit(frame, look, Window::AsStored)?;
    Ok(Sixteen {
        rows: unit.rows,
        columns: unit.columns,
        values: unit.values.iter().map(|v| (v * 65_535.0).round() as u16).collect(),
        first: 0.0,
        step: 1.0 / 65_535.0,
        window: (1.0, 2.0),
        inverted: false,
    })
}
