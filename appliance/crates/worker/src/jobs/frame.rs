//! One frame at full size, asked for by the page: the very one that its preview was made of.

use std::borrow::Cow;
use std::fs::File;

use crate::error::Error;
use crate::instances::Instances;
use crate::output::Output;
use domain::job::{FrameJob, PreviewMark};
use domain::picture::Preview;
use pixels::grey;
use pixels::{Image, halve};

/// Decodes the frame into the output.
///
/// # Errors
/// [`Error::TooLarge`] before it is decoded, [`Error::OtherImage`] when it is not the one asked for; what is wrong with it.
pub(crate) fn run(job: &FrameJob, files: &[File], touching: &dyn Fn(u32)) -> Result<Preview, Error> {
    let (output, instances) = Instances::split(files, std::slice::from_ref(&job.instance))?;
    touching(0);
    let (source, parsed) = instances.read(0)?;
    let image = Image::new(&parsed, &*source)?;
    if u64::from(image.shape().rows) * u64::from(image.shape().columns) * 2 > job.most_bytes {
        return Err(Error::TooLarge);
    }
    let decoded = image.decode(job.frame)?;
    let sixteen = grey::sixteen(&decoded.stored, &decoded.look).map_err(pixels::Error::from)?;
    drop(decoded);
    let size = (sixteen.rows, sixteen.columns);
    if job.preview.as_ref().is_some_and(|mark| !is_of(&sixteen.values, size, mark)) {
        return Err(Error::OtherImage);
    }
    let piece = Output::new(output).values(&sixteen.values)?;
    Ok(Preview {
        instance: 0,
        frame: job.frame,
        level: 0,
        rows: sixteen.rows,
        columns: sixteen.columns,
        piece,
        first: sixteen.first,
        step: sixteen.step,
        window: sixteen.window,
        inverted: sixteen.inverted,
    })
}

/// Values that are hashed together.
const HASHED: usize = 64 << 10;

/// Whether the preview was made of this frame of so many rows and columns: it is halved again and compared.
fn is_of(frame: &[u16], (mut rows, mut columns): (u32, u32), mark: &PreviewMark) -> bool {
    let mut values = Cow::Borrowed(frame);
    for _ in 0..mark.level {
        let smaller;
        (smaller, rows, columns) = halve(&values, rows, columns);
        values = Cow::Owned(smaller);
    }
    let mut hasher = blake3::Hasher::new();
    for part in values.chunks(HASHED) {
        let bytes: Vec<u8> = part.iter().flat_map(|v| v.to_le_bytes()).collect();
        hasher.update(&bytes);
    }
    hasher.finalize().to_hex().as_str() == mark.blake3
}
