//! The marker segments of a JPEG stream (ITU-T T.81 annex B), from its start to its end, each where it may stand.

use super::fault::Fault;
use super::huffman::Huffman;

/// Most Huffman tables that a stream is taken to define.
const TABLES_MAX: usize = 256;

/// A component of a frame.
pub(super) struct Component {
    id: u8,
    /// Horizontal sampling factor, 1 to 4.
    pub across: usize,
    /// Vertical sampling factor, 1 to 4.
    pub down: usize,
}

/// A frame header (B.2.2).
pub(super) struct Frame {
    /// Second byte of its marker: C0 baseline, C1 extended sequential, C3 lossless.
    pub process: u8,
    /// Bits of a sample.
    pub precision: u8,
    /// Lines.
    pub rows: u16,
    /// Samples of a line.
    pub columns: u16,
    /// In the order of the header.
    pub components: Vec<Component>,
    /// A marker says that the components are luminance and colour differences: JFIF, or Adobe's.
    pub ybr: bool,
}

/// A scan header (B.2.3).
pub(super) struct Scan {
    /// Place of each component in the frame, and its two tables: of differences or DC, and of AC.
    pub components: Vec<(usize, usize, usize)>,
    /// Start of spectral selection; in lossless streams the predictor.
    pub start: u8,
    /// Successive approximation low; in lossless streams the point transform.
    pub low: u8,
}

/// What was defined up to a scan.
#[derive(Default)]
pub(super) struct Tables {
    dc: [Option<Huffman>; 4],
    ac: [Option<Huffman>; 4],
    defined: usize,
    /// Restart interval in MCU; 0: none.
    pub restart: usize,
}

impl Tables {
    /// A table for differences or DC.
    pub(super) fn dc(&self, place: usize) -> Result<&Huffman, Fault> {
        self.dc.get(place).and_then(Option::as_ref).ok_or(Fault::Corrupt)
    }

    /// A table for AC.
    pub(super) fn ac(&self, place: usize) -> Result<&Huffman, Fault> {
        self.ac.get(place).and_then(Option::as_ref).ok_or(Fault::Corrupt)
    }

    /// B.2.4.2.
    fn define(&mut self, mut body: &[u8]) -> Result<(), Fault> {
        while let Some((head, rest)) = body.split_first() {
            let (counts, rest) = rest.split_first_chunk::<16>().ok_or(Fault::Corrupt)?;
            let total = counts.iter().map(|n| usize::from(*n)).sum();
            let (symbols, rest) = rest.split_at_checked(total).ok_or(Fault::Corrupt)?;
            let tables = match head >> 4 {
                0 => &mut self.dc,
                1 => &mut self.ac,
                _ => return Err(Fault::Corrupt),
            };
            let slot = tables.get_mut(usize::from(head & 15)).ok_or(Fault::Corrupt)?;
            self.defined += 1;
            if self.defined > TABLES_MAX {
                return Err(Fault::Corrupt);
            }
            *slot = Some(Huffman::new(counts, symbols)?);
            body = rest;
        }
        Ok(())
    }
}

/// The size that the header of the instance gives: rows, columns, components.
pub(super) type Size = (u16, u16, u16);

/// Reads a stream from its start to its end. `decode` gets each scan with what was defined up to it, and all bytes with
/// the place where its data begins; it gives the place where they end.
///
/// # Errors
/// What `decode` finds; [`Fault::Size`] where the stream's size is not `size`; [`Fault::Corrupt`] where markers, segments
/// or components are missing or where they may not be; [`Fault::Unsupported`].
pub(super) fn read(
    data: &[u8],
    size: Size,
    mut decode: impl FnMut(&Frame, &Scan, &Tables, usize) -> Result<usize, Fault>,
) -> Result<Frame, Fault> {
    if !data.starts_with(&[0xFF, 0xD8]) {
        return Err(Fault::Corrupt);
    }
    let (mut at, mut tables) = (2, Tables::default());
    let (mut frame, mut ybr, mut seen) = (None, false, Vec::new());
    loop {
        let (kind, after) = marker(data, at)?;
        if kind == 0xD9 {
            let frame: Frame = frame.ok_or(Fault::Corrupt)?;
            let complete = seen.len() == frame.components.len();
            return if complete { Ok(Frame { ybr, ..frame }) } else { Err(Fault::Corrupt) };
        }
        let body = segment(data, after)?;
        at = after + 2 + body.len();
        match (kind, &frame) {
            (0xC0 | 0xC1 | 0xC3, None) => frame = Some(frame_header(kind, body, size)?),
            (0xC4, _) => tables.define(body)?,
            (0xDD, _) => {
                let [high, low] = body else { return Err(Fault::Corrupt) };
                tables.restart = usize::from(u16::from_be_bytes([*high, *low]));
            }
            (0xDA, Some(frame)) => {
                let scan = scan_header(frame, body)?;
                for (place, ..) in &scan.components {
                    if seen.contains(place) {
                        return Err(Fault::Corrupt);
                    }
                    seen.push(*place);
                }
                at = decode(frame, &scan, &tables, at)?;
                let open = seen.len() == scan.components.len() && frame.rows == 0;
                at = number_of_lines(data, at, size.0, open)?;
            }
            (0xE0, _) => ybr |= body.starts_with(b"JFIF"),
            (0xEE, _) => ybr |= body.starts_with(b"Adobe") && body.get(11) != Some(&0),
            // Quantization, application data, comments.
            (0xDB | 0xE1..=0xED | 0xEF | 0xFE, _) => {}
            (kind, _) => return Err(named(kind)),
        }
    }
}

/// The second byte of the marker at `at`, fill bytes passed over (B.1.1.2), and the place behind it.
///
/// # Errors
/// [`Fault::Corrupt`] when there is none.
pub(super) fn marker(data: &[u8], mut at: usize) -> Result<(u8, usize), Fault> {
    if data.get(at) != Some(&0xFF) {
        return Err(Fault::Corrupt);
    }
    loop {
        at += 1;
        match data.get(at) {
            Some(0xFF) => {}
            Some(0) | None => return Err(Fault::Corrupt),
            Some(kind) => return Ok((*kind, at + 1)),
        }
    }
}

/// Passes over the restart marker number `number`, from 0, that must stand at `at`.
///
/// # Errors
/// [`Fault::Corrupt`] when another marker stands there, or none.
pub(super) fn restart(data: &[u8], at: usize, number: usize) -> Result<usize, Fault> {
    match marker(data, at)? {
        (kind, after) if usize::from(kind) == 0xD0 + number % 8 => Ok(after),
        _ => Err(Fault::Corrupt),
    }
}

/// The parameters of the segment whose length stands at `at`.
fn segment(data: &[u8], at: usize) -> Result<&[u8], Fault> {
    let length = data.get(at..).and_then(|rest| rest.first_chunk::<2>()).ok_or(Fault::Corrupt)?;
    data.get(at + 2..at + usize::from(u16::from_be_bytes(*length))).ok_or(Fault::Corrupt)
}

fn named(marker: u8) -> Fault {
    Fault::Unsupported(match marker {
        0xC2 => "progressive coding",
        0xC9..=0xCF => "arithmetic coding",
        0xC5..=0xC7 | 0xDE | 0xDF => "hierarchical coding",
        0xF7 | 0xF8 => "JPEG-LS",
        _ => return Fault::Corrupt,
    })
}

fn frame_header(process: u8, body: &[u8], size: Size) -> Result<Frame, Fault> {
    let (&[precision, a, b, c, d, count], rest) = body.split_first_chunk::<6>().ok_or(Fault::Corrupt)?;
    let (rows, columns) = (u16::from_be_bytes([a, b]), u16::from_be_bytes([c, d]));
    // Rows of 0 are told after the first scan.
    if (rows != size.0 && rows != 0) || (columns, u16::from(count)) != (size.1, size.2) {
        return Err(Fault::Size);
    }
    let (components, left) = rest.as_chunks::<3>();
    let components: Vec<Component> = components
        .iter()
        .map(|[id, factors, _]| Component {
            id: *id,
            across: usize::from(factors >> 4),
            down: usize::from(factors & 15),
        })
        .collect();
    let known = components.iter().all(|c| (1..=4).contains(&c.across) && (1..=4).contains(&c.down));
    let apart = components.iter().enumerate().all(|(at, c)| components.iter().take(at).all(|b| b.id != c.id));
    if !left.is_empty() || components.len() != usize::from(count) || !known || !apart {
        return Err(Fault::Corrupt);
    }
    Ok(Frame { process, precision, rows, columns, components, ybr: false })
}

fn scan_header(frame: &Frame, body: &[u8]) -> Result<Scan, Fault> {
    let (count, rest) = body.split_first().ok_or(Fault::Corrupt)?;
    let (listed, rest) = rest.split_at_checked(2 * usize::from(*count)).ok_or(Fault::Corrupt)?;
    let &[start, _, approximation] = rest else { return Err(Fault::Corrupt) };
    let place = |id| frame.components.iter().position(|c| c.id == id).ok_or(Fault::Corrupt);
    let (listed, _) = listed.as_chunks::<2>();
    let components = listed
        .iter()
        .map(|[id, tables]| Ok((place(*id)?, usize::from(tables >> 4), usize::from(tables & 15))))
        .collect::<Result<Vec<_>, Fault>>()?;
    // In the order of the frame header (B.2.3).
    if components.is_empty() || !components.is_sorted_by(|a, b| a.0 < b.0) {
        return Err(Fault::Corrupt);
    }
    Ok(Scan { components, start, low: approximation & 15 })
}

/// Passes over the segment that tells the rows (B.2.5), which the first scan has behind it where the header told none.
fn number_of_lines(data: &[u8], at: usize, rows: u16, open: bool) -> Result<usize, Fault> {
    let (kind, after) = marker(data, at)?;
    match (kind == 0xDC, open) {
        (false, false) => Ok(at),
        (true, true) if segment(data, after)? == rows.to_be_bytes() => Ok(after + 4),
        (true, true) => Err(Fault::Size),
        _ => Err(Fault::Corrupt),
    }
}
