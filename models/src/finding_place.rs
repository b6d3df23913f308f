//! Where a finding lies: the network's own map of it, brought back to the image and outlined.

use serde::{Deserialize, Serialize};

use crate::manifest::Fit;

/// Cells of the grid that is laid over the image, in each direction.
pub const GRID: usize = 32;

/// Where one finding lies on one frame, on a grid over the whole image as it came in.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Place {
    /// Which of the frames that were run, from 0.
    pub frame: usize,
    /// [`GRID`] rows from the top; bit 0 of each is its leftmost cell.
    pub rows: Vec<u32>,
    /// Row and column of the strongest cell.
    pub peak: [usize; 2],
}

/// The maps of one frame: float32 [findings, rows, columns], higher where the finding is seen.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Maps {
    /// Values, finding by finding, row by row.
    pub values: Vec<f32>,
    /// Rows and columns of each map.
    pub size: [usize; 2],
    /// Rows and columns of the image before it was brought to the input size.
    pub image: [usize; 2],
}

impl Maps {
    /// The place of finding `index` on this frame. `None` when the frame has no such map or the map is flat.
    ///
    /// The map is enlarged bilinearly; cells above the middle between its mean and its maximum that hang together with
    /// the maximum are the place.
    #[must_use]
    pub fn place(&self, index: usize, frame: usize, input: [usize; 2], fit: Fit) -> Option<Place> {
        let [rows, columns] = self.size;
        let count = rows.checked_mul(columns).filter(|n| *n > 0)?;
        let map = self.values.get(index.checked_mul(count)?..)?.get(..count)?;
        let at = |r: usize, c: usize| map.get(r * columns + c).copied().unwrap_or(0.0);
        let view = View { image: self.image, input, fit };
        let mut cells = vec![None; GRID * GRID];
        for (cell, value) in cells.iter_mut().enumerate() {
            let share = |n: usize| (n as f64 + 0.5) / GRID as f64;
            *value = view
                .input_share(share(cell / GRID), share(cell % GRID))
                .map(|(y, x)| bilinear(at, [rows, columns], y * rows as f64 - 0.5, x * columns as f64 - 0.5));
        }
        let seen = || cells.iter().enumerate().filter_map(|(n, v)| v.map(|v| (n, v)));
        let (peak, highest) = seen().max_by(|a, b| a.1.total_cmp(&b.1))?;
        let (sum, number) = seen().fold((0.0, 0_u32), |(s, n), (_, v)| (s + f64::from(v), n + 1));
        let mean = sum / f64::from(number);
        let limit = f64::midpoint(mean, f64::from(highest));
        if !limit.is_finite() || f64::from(highest) - mean < 1e-6 {
            return None;
        }
        let inside = |n: usize| cells.get(n).copied().flatten().is_some_and(|v| f64::from(v) >= limit);
        Some(Place { frame, rows: connected(peak, inside), peak: [peak / GRID, peak % GRID] })
    }
}

/// How the image lies in the input.
struct View {
    image: [usize; 2],
    input: [usize; 2],
    fit: Fit,
}

impl View {
    /// From a place on the image to the same place on the input, both in shares of the side; `None`: it was cut away.
    fn input_share(&self, y: f64, x: f64) -> Option<(f64, f64)> {
        let [rows, columns] = self.image.map(|n| n as f64);
        let [high, wide] = self.input.map(|n| n as f64);
        // How much of the input's side the image takes; above 1 it was cropped.
        let (tall, broad) = match self.fit {
            Fit::Stretch => (1.0, 1.0),
            Fit::Letterbox => {
                let scale = (high / rows).min(wide / columns);
                (rows * scale / high, columns * scale / wide)
            }
            Fit::Crop => {
                let scale = (high / rows).max(wide / columns);
                (rows * scale / high, columns * scale / wide)
            }
        };
        let (y, x) = ((y - 0.5) * tall + 0.5, (x - 0.5) * broad + 0.5);
        ((0.0..=1.0).contains(&y) && (0.0..=1.0).contains(&x)).then_some((y, x))
    }
}

fn bilinear(at: impl Fn(usize, usize) -> f32, [rows, columns]: [usize; 2], y: f64, x: f64) -> f32 {
    let (y, x) = (y.clamp(0.0, rows as f64 - 1.0), x.clamp(0.0, columns as f64 - 1.0));
    let (top, left) = (y.floor() as usize, x.floor() as usize);
    let (below, right) = ((top + 1).min(rows - 1), (left + 1).min(columns - 1));
    let (dy, dx) = ((y - top as f64) as f32, (x - left as f64) as f32);
    let upper = at(top, left) * (1.0 - dx) + at(top, right) * dx;
    let lower = at(below, left) * (1.0 - dx) + at(below, right) * dx;
    upper * (1.0 - dy) + lower * dy
}

/// The cells inside that hang together with `from` by their sides, as rows of bits.
fn connected(from: usize, inside: impl Fn(usize) -> bool) -> Vec<u32> {
    let mut rows = vec![0_u32; GRID];
    let mut next = vec![from];
    while let Some(cell) = next.pop() {
        let (r, c) = (cell / GRID, cell % GRID);
        let Some(row) = rows.get_mut(r) else { continue };
        if *row & (1 << c) != 0 || !inside(cell) {
            continue;
        }
        *row |= 1 << c;
        let steps =
            [(r > 0, -(GRID as isize)), (r + 1 < GRID, GRID as isize), (c > 0, -1), (c + 1 < GRID, 1)];
        next.extend(steps.iter().filter(|(may, _)| *may).filter_map(|(_, by)| cell.checked_add_signed(*by)));
    }
    rows
}

#[cfg(test)]
#[path = "finding_place_tests.rs"]
mod tests;
