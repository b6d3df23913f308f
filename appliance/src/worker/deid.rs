//! Every instance de-identified to a P10 file in the bag (`appliance deid`).

use std::collections::BTreeMap;
use std::fs::File;

use super::Error;
use super::bag::Bag;
use super::open::split;
use super::survey::{Seen, each_plan};
use crate::job::{DeidJob, DeidLine};

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
                let actions =
                    plan.actions.iter().map(|(a, n)| (a.as_str().to_owned(), u64::from(*n))).collect();
                let held: Vec<String> = plan.holds.iter().map(ToString::to_string).collect();
                let piece = if held.is_empty() {
                    Some(bag.piece(|pen| plan.write(parsed.bulk(source), pen).map_err(Error::from))?)
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
