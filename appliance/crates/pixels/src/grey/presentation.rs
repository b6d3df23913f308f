//! What the header says about showing a frame: photometric interpretation, Modality, padding, VOI, palette.

use super::error::Error;

/// Photometric Interpretation (0028,0004) of the values as decoded.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Photometric {
    /// The smallest value is shown white.
    Monochrome1,
    /// The smallest value is shown black.
    Monochrome2,
    /// Values are places in three tables.
    Palette,
    /// Red, green, blue.
    Rgb,
    /// Luminance first, then two colour differences.
    Ybr,
    /// Anything else.
    Other,
}

impl Photometric {
    /// Reads the attribute's value; trailing spaces and case do not matter.
    pub fn from_text(text: &str) -> Self {
        match text.trim().to_ascii_uppercase().as_str() {
            "MONOCHROME1" => Self::Monochrome1,
            "MONOCHROME2" => Self::Monochrome2,
            "PALETTE COLOR" => Self::Palette,
            "RGB" => Self::Rgb,
            t if t.starts_with("YBR_") => Self::Ybr,
            _ => Self::Other,
        }
    }
}

/// A lookup table with its descriptor (PS3.3 C.11.1.1.1, C.11.2.1.1, C.7.6.3.1.5).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Lut {
    /// First input value mapped.
    pub first: i64,
    /// Bits of an entry: 8 to 16.
    pub bits: u16,
    /// Entries.
    pub entries: Vec<u16>,
}

impl Lut {
    /// The entry for `input`; inputs outside take the first or last entry.
    ///
    /// # Errors
    /// [`Error::EmptyTable`].
    pub fn at(&self, input: i64) -> Result<u16, Error> {
        let last = self.entries.len().checked_sub(1).ok_or(Error::EmptyTable)?;
        let place = usize::try_from(input.saturating_sub(self.first)).unwrap_or(0).min(last);
        self.entries.get(place).copied().ok_or(Error::EmptyTable)
    }

    /// The largest entry that `bits` allow.
    pub(super) fn top(&self) -> f64 {
        f64::from((1_u32 << self.bits.clamp(1, 16)) - 1)
    }
}

/// Stored values to output units (PS3.3 C.11.1).
#[derive(Debug, Clone, PartialEq)]
pub enum Modality {
    /// Rescale Slope and Intercept; 1 and 0 when absent.
    Linear {
        /// Rescale Slope.
        slope: f64,
        /// Rescale Intercept.
        intercept: f64,
    },
    /// Modality LUT Sequence.
    Table(Lut),
}

impl Modality {
    /// The output unit of a stored value.
    pub(super) fn apply(&self, stored: i64) -> Result<f64, Error> {
        match self {
            Self::Linear { slope, intercept } => Ok(stored as f64 * slope + intercept),
            Self::Table(lut) => lut.at(stored).map(f64::from),
        }
    }
}

/// Output units to what is shown (PS3.3 C.11.2).
#[derive(Debug, Clone, PartialEq)]
pub enum Voi {
    /// VOI LUT Function LINEAR, the default.
    Linear {
        /// Window Center.
        center: f64,
        /// Window Width.
        width: f64,
    },
    /// LINEAR_EXACT.
    LinearExact {
        /// Window Center.
        center: f64,
        /// Window Width.
        width: f64,
    },
    /// SIGMOID.
    Sigmoid {
        /// Window Center.
        center: f64,
        /// Window Width.
        width: f64,
    },
    /// VOI LUT Sequence.
    Table(Lut),
}

impl Voi {
    /// `x` in output units to 0..1.
    ///
    /// LINEAR is C.11.2.1.2.1 with its half and minus-one terms; a width that the standard forbids
    /// (below 1, or not above 0) is taken as the step it degenerates to.
    pub(super) fn apply(&self, x: f64) -> Result<f64, Error> {
        Ok(match self {
            Self::Linear { center, width } => linear(x, center - 0.5, (width - 1.0).max(0.0)),
            Self::LinearExact { center, width } => linear(x, *center, width.max(0.0)),
            Self::Sigmoid { center, width } => {
                let width = if *width == 0.0 { f64::MIN_POSITIVE } else { *width };
                1.0 / (1.0 + (-4.0 * (x - center) / width).exp())
            }
            Self::Table(lut) => (f64::from(lut.at(x.round() as i64)?) / lut.top()).min(1.0),
        })
    }

    /// The same ramp as Window Center and Width in the LINEAR sense; `None` for a table.
    ///
    /// SIGMOID has no such ramp: the nearest, with the same centre and slope, is given.
    pub fn as_linear(&self) -> Option<(f64, f64)> {
        match self {
            Self::Linear { center, width } => Some((*center, *width)),
            Self::LinearExact { center, width } | Self::Sigmoid { center, width } => {
                Some((center + 0.5, width + 1.0))
            }
            Self::Table(_) => None,
        }
    }
}

fn linear(x: f64, middle: f64, span: f64) -> f64 {
    if x <= middle - span / 2.0 {
        0.0
    } else if x > middle + span / 2.0 {
        1.0
    } else {
        (x - middle) / span + 0.5
    }
}

/// The three tables of PALETTE COLOR.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Palette {
    /// Red table.
    pub red: Lut,
    /// Green table.
    pub green: Lut,
    /// Blue table.
    pub blue: Lut,
}

/// Everything a header says about showing its frames as grey.
#[derive(Debug, Clone, PartialEq)]
pub struct Look {
    /// Of the values as decoded: a codec may have turned YBR into RGB.
    pub photometric: Photometric,
    /// To output units.
    pub modality: Modality,
    /// Pixel Padding Value and Range Limit of grey values, both inclusive and in any order, as stored.
    pub padding: Option<(i64, i64)>,
    /// In the order of the header; the first one counts, a table before a window.
    pub voi: Vec<Voi>,
    /// Only with PALETTE COLOR.
    pub palette: Option<Palette>,
}

impl Default for Look {
    fn default() -> Self {
        Self {
            photometric: Photometric::Monochrome2,
            modality: Modality::Linear { slope: 1.0, intercept: 0.0 },
            padding: None,
            voi: Vec::new(),
            palette: None,
        }
    }
}

impl Look {
    /// Whether a stored value is padding and not part of the picture (PS3.3 C.7.5.1.1.2).
    pub(crate) fn is_padding(&self, stored: i64) -> bool {
        self.padding.is_some_and(|(a, b)| (a.min(b)..=a.max(b)).contains(&stored))
    }

    /// The VOI transformation that counts.
    pub(super) fn default_voi(&self) -> Option<&Voi> {
        self.voi.iter().find(|v| matches!(v, Voi::Table(_))).or_else(|| self.voi.first())
    }
}
