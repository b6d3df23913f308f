//! Every instance de-identified to a P10 file in the bag (`appliance deid`).

use std::collections::BTreeMap;
use std::fs::File;
use std::io::Write;

use super::Error;
use super::bag::Bag;
use super::open::{Source, split};
use super::pixel_text::blackened;
use super::survey::{Seen, each_plan};
use crate::deid::Plan;
use crate::dicom::Parsed;
use crate::job::{DeidJob, DeidLine};
use crate::pixels::Image;

/// Writes one instance, with its boxes black.
pub(super) fn write(
    parsed: &Parsed,
    source: &Source<'_>,
    plan: &Plan,
    sink: &mut dyn Write,
) -> Result<(), Error> {
    if plan.boxes.is_empty() {
        return Ok(plan.write(parsed.bulk(source), sink)?);
    }
    let native = blackened(plan, &Image::new(parsed, source)?)?;
    Ok(plan.write_with_pixels(parsed.bulk(source), native, sink)?)
}

/// One line per instance; what is held is not written.
pub(super) fn run(job: &DeidJob, files: &[File], touching: &dyn Fn(u32)) -> Result<Vec<DeidLine>, Error> {
    let (bag, instances) = split(files, job.instances.len())?;
    let mut bag = Bag::new(bag);
    let mut lines = Vec::with_capacity(instances.len());
    each_plan(instances, &job.instances, &job.deid, touching, |instance, seen| {
        lines.push(match seen {
            Seen::Unreadable(reason) => DeidLine {
                instance,
                status: "refused".to_owned(),
                reason,
                actions: BTreeMap::new(),
                boxes: 0,
                piece: None,
            },
            Seen::Planned(parsed, source, plan) => {
                let actions = plan
                    .action_counts()
                    .iter()
                    .map(|(a, n)| (a.as_str().to_owned(), u64::from(*n)))
                    .collect();
                let held: Vec<String> = plan.holds.iter().map(ToString::to_string).collect();
                let piece = if held.is_empty() {
                    Some(bag.piece(|pen| write(parsed, source, plan, pen))?)
                } else {
                    None
                };
                DeidLine {
                    instance,
                    status: if piece.is_some() { "done" } else { "held" }.to_owned(),
                    reason: held.join(" "),
                    actions,
                    boxes: u32::try_from(plan.boxes.len()).unwrap_or(u32::MAX),
                    piece,
                }
            }
        });
        Ok(())
    })?;
    Ok(lines)
}
