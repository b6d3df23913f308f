//! From a grey image to the input tensor: fit, resize by area, mean and standard deviation (models/README.md).

use ndarray::{Array2, Array4, ArrayView2, s};

use crate::error::Error;
use crate::manifest::{Fit, Input, Layout};

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
    pub fn from_array(array: Array2<f32>) -> Result<Self, Error> {
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

    /// Rows.
    #[must_use]
    pub fn rows(&self) -> usize {
        self.0.nrows()
    }

    /// Columns.
    #[must_use]
    pub fn columns(&self) -> usize {
        self.0.ncols()
    }

    /// The values [rows, columns].
    #[must_use]
    pub fn view(&self) -> ArrayView2<'_, f32> {
        self.0.view()
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
/// [`Error::Image`] when a crop would leave nothing.
pub fn prepare(image: &GreyImage, input: &Input) -> Result<Prepared, Error> {
    let [rows, columns] = input.size;
    let source = image.view();
    let (rows_in, columns_in) = source.dim();
    let image = match input.fit {
        Fit::Stretch => resize(source, rows, columns),
        Fit::Letterbox => {
            let scale = (rows as f64 / rows_in as f64).min(columns as f64 / columns_in as f64);
            let inner_rows = rounded(rows_in as f64 * scale).clamp(1, rows);
            let inner_columns = rounded(columns_in as f64 * scale).clamp(1, columns);
            let (top, left) = ((rows - inner_rows) / 2, (columns - inner_columns) / 2);
            let mut out = Array2::zeros((rows, columns));
            out.slice_mut(s![top..top + inner_rows, left..left + inner_columns]).assign(&resize(
                source,
                inner_rows,
                inner_columns,
            ));
            out
        }
        Fit::Crop => {
            let (kept_rows, kept_columns) = if rows_in * columns > columns_in * rows {
                (rounded(columns_in as f64 * rows as f64 / columns as f64), columns_in)
            } else {
                (rows_in, rounded(rows_in as f64 * columns as f64 / rows as f64))
            };
            let (kept_rows, kept_columns) = (kept_rows.clamp(1, rows_in), kept_columns.clamp(1, columns_in));
            let (top, left) = ((rows_in - kept_rows) / 2, (columns_in - kept_columns) / 2);
            resize(source.slice(s![top..top + kept_rows, left..left + kept_columns]), rows, columns)
        }
    };
    Ok(Prepared { image })
}

impl Prepared {
    /// The values [rows, columns] at the input size.
    #[must_use]
    pub fn view(&self) -> ArrayView2<'_, f32> {
        self.image.view()
    }

    /// Mean and standard deviation (of the whole, not of a sample) of the 0..1 values, for the gate.
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

/// Resize by area, rows first, then columns.
fn resize(source: ArrayView2<'_, f32>, rows: usize, columns: usize) -> Array2<f32> {
    let (rows_in, columns_in) = source.dim();
    let mut tall = Array2::<f32>::zeros((rows, columns_in));
    for (mut out, shares) in tall.rows_mut().into_iter().zip(area(rows_in, rows)) {
        for (place, weight) in shares {
            out.scaled_add(weight, &source.row(place));
        }
    }
    let shares = area(columns_in, columns);
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
