//! Whether a box of the pixels is hidden or untouched, frame by frame.

use dicom::{self, Limits};
use pixels::Image;

/// The stored values of every frame of a file inside a box, one list a frame and one entry a pixel.
fn inside(file: &[u8], [x0, y0, x1, y1]: [u32; 4]) -> Vec<Vec<Vec<u8>>> {
    let parsed = dicom::read(file, &Limits::default()).unwrap();
    let image = Image::new(&parsed, &file).unwrap();
    let frames = 0..image.shape().frames;
    let one = |frame| {
        let stored = image.decode(frame).unwrap().stored;
        let width = usize::from(stored.samples) * usize::from(stored.bits_allocated / 8);
        let columns = x0.min(stored.columns) as usize..x1.min(stored.columns) as usize;
        let rows = y0.min(stored.rows)..y1.min(stored.rows);
        let at = |row: u32, column: usize| (row as usize * stored.columns as usize + column) * width;
        let pixel = |row, column| stored.bytes[at(row, column)..at(row, column) + width].to_vec();
        rows.flat_map(|row| columns.clone().map(move |column| (row, column)))
            .map(|(row, column)| pixel(row, column))
            .collect()
    };
    frames.map(one).collect()
}

/// The box is one colour in every frame: nothing can be read in it.
pub(crate) fn hidden(after: &[u8], area: [u32; 4]) -> bool {
    inside(after, area).iter().all(|frame| frame.windows(2).all(|pair| pair[0] == pair[1]))
}

/// At least 99 of 100 pixels of the box are as they were, in every frame.
pub(crate) fn retained(before: &[u8], after: &[u8], area: [u32; 4]) -> bool {
    let (before, after) = (inside(before, area), inside(after, area));
    before.len() == after.len()
        && before.iter().zip(&after).all(|(before, after)| {
            let same = before.iter().zip(after).filter(|(a, b)| a == b).count();
            before.len() == after.len() && same * 100 >= before.len() * 99
        })
}
