//! The data of a DCT scan (ITU-T T.81 annex F, Huffman coding) walked without making a picture of it: whether it is whole.
//!
//! A decoder that comes to the end of the data fills the rest of the picture with grey and says that all is well.

use super::fault::Fault;
use super::huffman::{Bits, Huffman};
use super::segments::{Frame, Scan, Tables, restart};

/// Samples along a side of a block.
const SIDE: usize = 8;
/// Coefficients of a block.
const COEFFICIENTS: usize = SIDE * SIDE;

/// Walks the scan whose data begin at `at` in a frame of `rows`; gives where they end.
///
/// # Errors
/// [`Fault::Corrupt`] when the data are not exactly those of the scan, [`Fault::Unsupported`].
pub(super) fn scan(
    frame: &Frame,
    rows: u16,
    scan: &Scan,
    tables: &Tables,
    (data, at): (&[u8], usize),
) -> Result<usize, Fault> {
    if frame.precision != 8 {
        return Err(Fault::Unsupported("samples of 12 bits"));
    }
    let (across, down) = factors(frame)?;
    let (rows, columns) = (usize::from(rows), usize::from(frame.columns));
    // Codes of each block of an MCU, in order, and how many MCU there are (A.2.2, A.2.3).
    let mut blocks = Vec::new();
    let mut units = columns.div_ceil(SIDE * across) * rows.div_ceil(SIDE * down);
    for (place, dc, ac) in &scan.components {
        let component = frame.components.get(*place).ok_or(Fault::Corrupt)?;
        let codes = (tables.dc(*dc)?, tables.ac(*ac)?);
        let mut count = component.across * component.down;
        if scan.components.len() == 1 {
            let size = |side: usize, own: usize, most: usize| (side * own).div_ceil(most).div_ceil(SIDE);
            units = size(columns, component.across, across) * size(rows, component.down, down);
            count = 1;
        }
        blocks.extend(std::iter::repeat_n(codes, count));
    }
    let mut bits = Bits::new(data, at);
    for unit in 0..units {
        if tables.restart > 0 && unit > 0 && unit % tables.restart == 0 {
            bits = Bits::new(data, restart(data, bits.end()?, unit / tables.restart - 1)?);
        }
        for codes in &blocks {
            block(&mut bits, *codes)?;
        }
        if bits.overdrawn() {
            return Err(Fault::Corrupt);
        }
    }
    let end = bits.end()?;
    // Some encoders write a marker after the last interval too.
    let number = units.checked_div(tables.restart).map(|_| units.div_ceil(tables.restart) - 1);
    Ok(number.and_then(|number| restart(data, end, number).ok()).unwrap_or(end))
}

/// The largest sampling factors, across and down. Of each component they are these or 1: the decoder counts the blocks
/// of others wrong where a component has a scan of its own.
fn factors(frame: &Frame) -> Result<(usize, usize), Fault> {
    let across = frame.components.iter().map(|c| c.across).max().unwrap_or(1);
    let down = frame.components.iter().map(|c| c.down).max().unwrap_or(1);
    let known = |own: usize, most: usize| own == most || own == 1;
    if frame.components.iter().all(|c| known(c.across, across) && known(c.down, down)) {
        Ok((across, down))
    } else {
        Err(Fault::Unsupported("sampling factors between 1 and the largest"))
    }
}

/// One block: a difference of DC, then runs of zeros and coefficients (F.2.2).
#[inline]
fn block(bits: &mut Bits<'_>, (dc, ac): (&Huffman, &Huffman)) -> Result<(), Fault> {
    let category = dc.symbol(bits)?;
    if category > 11 {
        return Err(Fault::Corrupt);
    }
    bits.skip(u32::from(category));
    let mut place = 1;
    while place < COEFFICIENTS {
        let symbol = ac.symbol(bits)?;
        let (run, category) = (usize::from(symbol >> 4), u32::from(symbol & 15));
        match (run, category) {
            (0, 0) => break,
            (15, 0) => place += 16,
            (_, 0) => return Err(Fault::Corrupt),
            _ => {
                place += run + 1;
                if place > COEFFICIENTS || category > 10 {
                    return Err(Fault::Corrupt);
                }
                bits.skip(category);
            }
        }
    }
    Ok(())
}
