//! From a grey image to the input tensor: fit, resize by area, mean and standard deviation (models/README.md).

use ndarray::{Array2, Array4, ArrayView2, s};

use crate::error::Error;
use crate::manifest::{Fit, Input, Layout};

/// A grey image in the MONOCHROME2 sense that is read row by row: a large frame need not lie in memory as float32 too.
pub trait GreyRows {
    /// Rows.
    fn rows(&self) -> usize;

    /// Columns.
    fn columns(&self) -> usize;

    /// Writes row `at` (from 0) to `into`, a place for each column: finite values, 0 black to 1 white.
    fn row(&self, at: usize, into: &mut [f32]);
}

/// A grey image in the MONOCHROME2 sense: float32 [rows, columns], every value finite and in 0..=1.
#[derive(Clone, PartialEq)]
pub struct GreyImage(Array2<f32>);

impl std::fmt::Debug for GreyImage {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "GreyImage({} x {})", self.0.nrows(), self.0.ncols())
    }
}

impl GreyImage {
    /// Take the values of an image, row by row.
    ///
    /// # Errors
    /// [`Error::Image`] when it has no pixel, the count does not fit, or a value is not in 0..=1.
    pub fn new(rows: usize, columns: usize, values: Vec<f32>) -> Result<Self, Error> {
        let array = Array2::from_shape_vec((rows, columns), values)
            .map_err(|_| Error::Image("the count of values is not rows times columns"))?;
        Self::from_array(array)
    }

    /// Take an array [rows, columns].
    ///
    /// # Errors
    /// As [`GreyImage::new`].
    pub(crate) fn from_array(array: Array2<f32>) -> Result<Self, Error> {
        if array.is_empty() {
            return Err(Error::Image("it has no pixel"));
        }
        // A NaN fails this comparison too.
        if array.iter().all(|v| (0.0..=1.0).contains(v)) {
            Ok(Self(array))
        } else {
            Err(Error::Image("a value is not in 0..=1"))
        }
    }
}

impl GreyRows for GreyImage {
    fn rows(&self) -> usize {
        self.0.nrows()
    }

    fn columns(&self) -> usize {
        self.0.ncols()
    }

    fn row(&self, at: usize, into: &mut [f32]) {
        if let Some(row) = self.0.rows().into_iter().nth(at) {
            into.iter_mut().zip(row).for_each(|(place, value)| *place = *value);
        }
    }
}

/// An image brought to the input size, still 0..1.
#[derive(Debug, Clone, PartialEq)]
pub struct Prepared {
    image: Array2<f32>,
}

/// Bring an image to the size of `input` (step 2 of the README).
///
/// # Errors
/// [`Error::Image`] when it has no pixel or a value is not a number.
pub fn prepare(image: &dyn GreyRows, input: &Input) -> Result<Prepared, Error> {
    let [rows, columns] = input.size;
    let whole = Part { top: 0, left: 0, rows: image.rows(), columns: image.columns() };
    if whole.rows == 0 || whole.columns == 0 {
        return Err(Error::Image("it has no pixel"));
    }
    let image = match input.fit {
        Fit::Stretch => resize(image, whole, rows, columns),
        Fit::Letterbox => {
            let scale = (rows as f64 / whole.rows as f64).min(columns as f64 / whole.columns as f64);
            let inner_rows = rounded(whole.rows as f64 * scale).clamp(1, rows);
            let inner_columns = rounded(whole.columns as f64 * scale).clamp(1, columns);
            let (top, left) = ((rows - inner_rows) / 2, (columns - inner_columns) / 2);
            let mut out = Array2::zeros((rows, columns));
            out.slice_mut(s![top..top + inner_rows, left..left + inner_columns]).assign(&resize(
                image,
                whole,
                inner_rows,
                inner_columns,
            ));
            out
        }
        Fit::Crop => resize(image, whole.cropped(rows, columns), rows, columns),
    };
    if image.iter().all(|v| v.is_finite()) {
        Ok(Prepared { image })
    } else {
        Err(Error::Image("a value is not a number"))
    }
}

/// A part of an image.
#[derive(Clone, Copy)]
struct Part {
    top: usize,
    left: usize,
    rows: usize,
    columns: usize,
}

impl Part {
    /// The middle of it that has the proportions of `rows` and `columns`.
    fn cropped(self, rows: usize, columns: usize) -> Self {
        let (kept_rows, kept_columns) = if self.rows * columns > self.columns * rows {
            (rounded(self.columns as f64 * rows as f64 / columns as f64), self.columns)
        } else {
            (self.rows, rounded(self.rows as f64 * columns as f64 / rows as f64))
        };
        let (kept_rows, kept_columns) = (kept_rows.clamp(1, self.rows), kept_columns.clamp(1, self.columns));
        Self {
            top: (self.rows - kept_rows) / 2,
            left: (self.columns - kept_columns) / 2,
            rows: kept_rows,
            columns: kept_columns,
        }
    }
}

impl Prepared {
    /// The values [rows, columns] at the input size.
    #[must_use]
    pub fn view(&self) -> ArrayView2<'_, f32> {
        self.image.view()
    }

    /// Mean and standard deviation (of the whole, not of a sample) of the 0..1 values, for the input check.
    #[must_use]
    pub fn grey(&self) -> (f64, f64) {
        let count = self.image.len() as f64;
        let mean = self.image.iter().map(|v| f64::from(*v)).sum::<f64>() / count;
        let square = self.image.iter().map(|v| (f64::from(*v) - mean).powi(2)).sum::<f64>() / count;
        (mean, square.sqrt())
    }

    /// The input tensor of one frame: [1, channels, rows, columns] or [1, rows, columns, channels].
    #[must_use]
    pub fn tensor(&self, input: &Input) -> Array4<f32> {
        let (rows, columns) = self.image.dim();
        let scaled = self.image.mapv(|v| (v - input.mean) / input.std);
        let at = |r, c| scaled.get((r, c)).copied().unwrap_or_default();
        match input.layout {
            Layout::Nchw => {
                Array4::from_shape_fn((1, input.channels, rows, columns), |(_, _, r, c)| at(r, c))
            }
            Layout::Nhwc => {
                Array4::from_shape_fn((1, rows, columns, input.channels), |(_, r, c, _)| at(r, c))
            }
        }
    }
}

/// Half up, as the README says (values are never below zero here).
fn rounded(value: f64) -> usize {
    (value + 0.5).floor() as usize
}

/// Resize a part by area, rows first, then columns; each row of it is read once.
fn resize(source: &dyn GreyRows, part: Part, rows: usize, columns: usize) -> Array2<f32> {
    let mut tall = Array2::<f32>::zeros((rows, part.columns));
    let (mut line, mut read) = (vec![0.0_f32; source.columns()], None);
    for (mut out, shares) in tall.rows_mut().into_iter().zip(area(part.rows, rows)) {
        for (place, weight) in shares {
            if read != Some(place) {
                source.row(part.top + place, &mut line);
                read = Some(place);
            }
            let kept = line.get(part.left..part.left + part.columns).unwrap_or_default();
            out.iter_mut().zip(kept).for_each(|(sum, value)| *sum += weight * value);
        }
    }
    let shares = area(part.columns, columns);
    let mut wide = Array2::<f32>::zeros((rows, columns));
    for (mut out, row) in wide.rows_mut().into_iter().zip(tall.rows()) {
        for (value, shares) in out.iter_mut().zip(&shares) {
            *value = shares
                .iter()
                .map(|(place, weight)| row.get(*place).copied().unwrap_or_default() * weight)
                .sum();
        }
    }
    // Weights are rounded to float32, so their sum may pass 1 by a bit in the last place.
    wide.mapv_inplace(|v| v.clamp(0.0, 1.0));
    wide
}

/// For each target pixel the source pixels that it covers and their weights; the weights of a target pixel sum to 1.
fn area(source: usize, target: usize) -> Vec<Vec<(usize, f32)>> {
    let step = source as f64 / target as f64;
    (0..target)
        .map(|place| {
            let (low, high) = (place as f64 * step, (place + 1) as f64 * step);
            let (first, last) = (low.floor() as usize, (high.ceil() as usize).min(source));
            let covered = |p: usize| (high.min((p + 1) as f64) - low.max(p as f64)).max(0.0);
            let total: f64 = (first..last).map(covered).sum();
            (first..last).map(|p| (p, (covered(p) / total) as f32)).filter(|(_, w)| *w > 0.0).collect()
        })
        .collect()
}

#[cfg(test)]
#[path = "input_tests.rs"]
mod tests;
