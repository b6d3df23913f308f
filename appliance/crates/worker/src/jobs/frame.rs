//! One frame at full size, asked for by the page.

use std::fs::File;

use crate::Error;
use crate::bag::Bag;
use crate::open::{open, split};
use domain::job::{FrameJob, Preview};
use pixels::Image;
use pixels::grey;

/// Decodes the frame into the bag.
pub(crate) fn run(job: &FrameJob, files: &[File], touching: &dyn Fn(u32)) -> Result<Preview, Error> {
    let refs = std::slice::from_ref(&job.instance);
    let (bag, instances) = split(files, std::slice::from_ref(&job.instance))?;
    touching(0);
    let (source, parsed) = open(instances, refs, 0)?;
    let decoded = Image::new(&parsed, &source)?.decode(job.frame)?;
    let sixteen = grey::sixteen(&decoded.stored, &decoded.look).map_err(pixels::Error::from)?;
    drop(decoded);
    let piece = Bag::new(bag).values(&sixteen.values)?;
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
