//! Lossless JPEG (ITU-T T.81 annex H with Huffman coding: process 14), every predictor, precision and point transform.

use super::fault::Fault;
use super::huffman::{Bits, Huffman};
use super::segments::{Frame, Scan, Tables, restart};

/// A picture on its way: containers of samples side by side, little endian.
pub(super) struct Picture {
    rows: usize,
    columns: usize,
    samples: usize,
    /// Bytes of a container: 1 up to 8 bits of precision, else 2.
    width: usize,
    precision: u8,
    pub bytes: Vec<u8>,
}

impl Picture {
    /// An empty picture of `rows`: those of the frame, unless it tells them later.
    ///
    /// # Errors
    /// [`Fault::Corrupt`] for a precision that there is not, [`Fault::Unsupported`] for subsampled components,
    /// [`Fault::Size`].
    pub(super) fn new(frame: &Frame, rows: u16) -> Result<Self, Fault> {
        if !(2..=16).contains(&frame.precision) {
            return Err(Fault::Corrupt);
        }
        let samples = frame.components.len();
        // A component alone has nothing to be subsampled against, whatever its factors are (A.2.2).
        if samples > 1 && frame.components.iter().any(|c| (c.across, c.down) != (1, 1)) {
            return Err(Fault::Unsupported("subsampled lossless components"));
        }
        let width = if frame.precision <= 8 { 1 } else { 2 };
        let (rows, columns) = (usize::from(rows), usize::from(frame.columns));
        let bytes = vec![0; (rows * columns).checked_mul(samples * width).ok_or(Fault::Size)?];
        Ok(Self { rows, columns, samples, width, precision: frame.precision, bytes })
    }

    /// Decodes the scan whose data begin at `at`; gives where they end.
    ///
    /// # Errors
    /// [`Fault::Corrupt`] when the data are not exactly those of the picture, [`Fault::Unsupported`].
    pub(super) fn scan(
        &mut self,
        scan: &Scan,
        tables: &Tables,
        data: &[u8],
        at: usize,
    ) -> Result<usize, Fault> {
        let predictor = Predictor::new(scan, self.precision)?;
        // H.1.1: an interval is a whole number of rows.
        if !tables.restart.is_multiple_of(self.columns) {
            return Err(Fault::Unsupported("restart intervals that end within a row"));
        }
        let interval = match tables.restart / self.columns {
            0 => self.rows,
            rows => rows,
        };
        let codes: Vec<&Huffman> =
            scan.components.iter().map(|(_, table, _)| tables.dc(*table)).collect::<Result<_, _>>()?;
        let mut lines: Vec<Lines> = codes.iter().map(|_| Lines::new(self.columns)).collect();
        let mut bits = Bits::new(data, at);
        for row in 0..self.rows {
            let first = row % interval == 0;
            if first && row > 0 {
                bits = Bits::new(data, restart(data, bits.end()?, row / interval - 1)?);
            }
            differences(&mut bits, &codes, &mut lines)?;
            if bits.overdrawn() {
                return Err(Fault::Corrupt);
            }
            for (line, (component, ..)) in lines.iter_mut().zip(&scan.components) {
                predictor.undo(line, first)?;
                self.put(row, *component, &line.current, scan.low);
                std::mem::swap(&mut line.current, &mut line.above);
            }
        }
        let end = bits.end()?;
        // Some encoders write a marker after the last interval too.
        let last = restart(data, end, self.rows.div_ceil(interval) - 1);
        Ok(last.ok().filter(|_| tables.restart > 0).unwrap_or(end))
    }

    /// Puts a line of a component in its place, scaled back by the point transform (H.2.1).
    fn put(&mut self, row: usize, component: usize, line: &[u16], point: u8) {
        let stride = self.samples * self.width;
        let length = self.columns * stride;
        let into = self.bytes.get_mut(row * length..(row + 1) * length).unwrap_or_default();
        let pixels = into.chunks_exact_mut(stride).zip(line);
        if self.width == 1 {
            for (pixel, value) in pixels {
                if let Some(sample) = pixel.get_mut(component) {
                    *sample = (value << point) as u8;
                }
            }
        } else {
            for (pixel, value) in pixels {
                if let Some(sample) = pixel.get_mut(2 * component..2 * component + 2) {
                    sample.copy_from_slice(&(value << point).to_le_bytes());
                }
            }
        }
    }
}

/// Two lines of one component.
struct Lines {
    above: Vec<u16>,
    /// Differences until they are undone.
    current: Vec<u16>,
}

impl Lines {
    fn new(columns: usize) -> Self {
        Self { above: vec![0; columns], current: vec![0; columns] }
    }
}

/// Reads the differences of a line, of each component in turn (H.1.2.2).
fn differences(bits: &mut Bits<'_>, codes: &[&Huffman], lines: &mut [Lines]) -> Result<(), Fault> {
    if let ([code], [line]) = (codes, &mut *lines) {
        for value in &mut line.current {
            *value = difference(bits, code)?;
        }
        return Ok(());
    }
    let columns = lines.first().map_or(0, |line| line.current.len());
    for at in 0..columns {
        for (code, line) in codes.iter().zip(lines.iter_mut()) {
            let value = difference(bits, code)?;
            if let Some(place) = line.current.get_mut(at) {
                *place = value;
            }
        }
    }
    Ok(())
}

/// One difference modulo 2^16 (H.1.2.2, table H.2): 16 stands for 32,768 and no bits follow it.
#[inline]
fn difference(bits: &mut Bits<'_>, code: &Huffman) -> Result<u16, Fault> {
    match code.symbol(bits)? {
        0 => Ok(0),
        category @ 1..=15 => {
            let category = u32::from(category);
            let value = bits.take(category) as u16;
            let negative = value >> (category - 1) == 0;
            Ok(if negative { value.wrapping_sub((1 << category) - 1) } else { value })
        }
        16 => Ok(0x8000),
        _ => Err(Fault::Corrupt),
    }
}

/// How a sample follows from those before it (table H.1).
struct Predictor {
    selection: u8,
    /// Before the first sample of an interval (H.1.2.1).
    initial: u16,
    /// Largest value of a sample before it is scaled back.
    top: u16,
}

impl Predictor {
    fn new(scan: &Scan, precision: u8) -> Result<Self, Fault> {
        if scan.start == 0 {
            return Err(Fault::Unsupported("hierarchical coding"));
        }
        let bits = precision.checked_sub(scan.low).filter(|bits| *bits > 0).ok_or(Fault::Corrupt)?;
        if scan.start > 7 {
            return Err(Fault::Corrupt);
        }
        Ok(Self { selection: scan.start, initial: 1 << (bits - 1), top: u16::MAX >> (16 - bits) })
    }

    /// Turns the differences of a line into samples.
    ///
    /// # Errors
    /// [`Fault::Corrupt`] when a sample has more bits than the picture: no encoder had it.
    fn undo(&self, line: &mut Lines, first: bool) -> Result<(), Fault> {
        let (above, current) = (line.above.as_slice(), line.current.as_mut_slice());
        let start = if first { self.initial } else { above.first().copied().unwrap_or(0) };
        match self.selection {
            _ if first => each(current, above, start, |left, _, _| left),
            1 => each(current, above, start, |left, _, _| left),
            2 => each(current, above, start, |_, up, _| up),
            3 => each(current, above, start, |_, _, corner| corner),
            4 => each(current, above, start, |left, up, corner| left + up - corner),
            5 => each(current, above, start, |left, up, corner| left + ((up - corner) >> 1)),
            6 => each(current, above, start, |left, up, corner| up + ((left - corner) >> 1)),
            _ => each(current, above, start, |left, up, _| (left + up) >> 1),
        }
        let seen = current.iter().fold(0, |seen, value| seen | value);
        if seen > self.top { Err(Fault::Corrupt) } else { Ok(()) }
    }
}

/// Adds to each difference what `predict` makes of the samples to the left, above, and above to the left; `start` stands
/// for that of the first sample. All is modulo 2^16.
#[inline]
fn each(current: &mut [u16], above: &[u16], start: u16, predict: impl Fn(i32, i32, i32) -> i32) {
    let Some((first, rest)) = current.split_first_mut() else { return };
    *first = first.wrapping_add(start);
    let mut left = i32::from(*first);
    for (value, pair) in rest.iter_mut().zip(above.array_windows::<2>()) {
        let [corner, up] = *pair;
        *value = value.wrapping_add(predict(left, i32::from(up), i32::from(corner)) as u16);
        left = i32::from(*value);
    }
}
