//! Prepared frames: half-size levels, shrinking by area, PNG.

use image::ImageEncoder;
use image::codecs::png::{CompressionType, FilterType, PngEncoder};

use crate::error::Error;
use crate::grey::Unit;

/// Half the size: each value the mean of the two by two it covers, at an odd edge of what there is.
///
/// Returns values, rows and columns (each halved, rounded up).
pub fn halve(values: &[u16], rows: u32, columns: u32) -> (Vec<u16>, u32, u32) {
    let (rows_out, columns_out) = (rows.div_ceil(2), columns.div_ceil(2));
    let width = columns.max(1) as usize;
    let mut out = Vec::with_capacity(rows_out as usize * columns_out as usize);
    for pair in values.chunks(2 * width) {
        let (upper, lower) = pair.split_at(width.min(pair.len()));
        let ((above, above_edge), (below, below_edge)) = (upper.as_chunks::<2>(), lower.as_chunks::<2>());
        if lower.is_empty() {
            out.extend(above.iter().map(|pair| mean(*pair)));
        } else {
            out.extend(above.iter().zip(below).map(|([a, b], [c, d])| mean([*a, *b, *c, *d])));
        }
        match (above_edge, below_edge) {
            ([a], [b]) => out.push(mean([*a, *b])),
            ([a], _) => out.push(*a),
            _ => {}
        }
    }
    (out, rows_out, columns_out)
}

/// The mean, half up.
fn mean<const N: usize>(values: [u16; N]) -> u16 {
    let sum: u32 = values.iter().map(|v| u32::from(*v)).sum();
    ((sum + N as u32 / 2) / N as u32) as u16
}

/// Shrinks so that the longer side is at most `edge`, by area: a pixel is the mean of the rectangle it covers.
pub fn shrink(unit: Unit, edge: u32) -> Unit {
    let longer = unit.rows.max(unit.columns);
    if longer <= edge || edge == 0 {
        return unit;
    }
    let scaled = |side: u32| ((f64::from(side) * f64::from(edge) / f64::from(longer)).round() as u32).max(1);
    let (rows, columns) = (scaled(unit.rows), scaled(unit.columns));
    let across = weights(unit.columns as usize, columns as usize);
    let down = weights(unit.rows as usize, rows as usize);
    let mut values = Vec::with_capacity(rows as usize * columns as usize);
    for (first_row, row_weights) in &down {
        let mut line = vec![0.0_f32; unit.columns as usize];
        let source = unit.values.chunks_exact(unit.columns.max(1) as usize).skip(*first_row);
        for (weight, row) in row_weights.iter().zip(source) {
            line.iter_mut().zip(row).for_each(|(sum, v)| *sum += weight * v);
        }
        for (first, column_weights) in &across {
            let part = line.get(*first..).unwrap_or_default();
            values.push(column_weights.iter().zip(part).map(|(w, v)| w * v).sum());
        }
    }
    Unit { rows, columns, values }
}

/// For each of `to` places: the first of `from` places it covers, and the share of each.
fn weights(from: usize, to: usize) -> Vec<(usize, Vec<f32>)> {
    let scale = from as f64 / to as f64;
    (0..to)
        .map(|i| {
            let (start, end) = (i as f64 * scale, (i + 1) as f64 * scale);
            let first = start.floor() as usize;
            let last = (end.ceil() as usize).min(from).max(first + 1);
            let share = |j: usize| ((end.min((j + 1) as f64) - start.max(j as f64)) / scale).max(0.0) as f32;
            (first, (first..last).map(share).collect())
        })
        .collect()
}

/// 8-bit grey PNG, `rows * columns` values, without any text or time chunk.
///
/// # Errors
/// [`Error::Write`] when the values do not fill rows and columns.
pub fn png(values: &[u8], rows: u32, columns: u32) -> Result<Vec<u8>, Error> {
    if rows == 0 || columns == 0 || values.len() != rows as usize * columns as usize {
        return Err(Error::Write);
    }
    let mut out = Vec::new();
    PngEncoder::new_with_quality(&mut out, CompressionType::Default, FilterType::Adaptive)
        .write_image(values, columns, rows, image::ExtendedColorType::L8)
        .map_err(|_| Error::Write)?;
    Ok(out)
}
