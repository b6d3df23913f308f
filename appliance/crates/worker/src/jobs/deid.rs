//! Every instance de-identified to a P10 file in the output (`appliance deid`).

use std::collections::BTreeMap;
use std::fs::File;
use std::io::Write;

use crate::error::Error;
use crate::instances::Instances;
use crate::output::Output;
use crate::pixel_text::blackened;
use crate::survey::{Seen, each_plan, policy_and_keys};
use crate::tools::Tools;
use deid::{Actions, Area, DeidPlan, ReidentificationMap, Statement};
use dicom::{Parsed, ReadAt};
use domain::job::{DeidAnswer, DeidJob, DeidLine};
use pixels::Image;

/// Longest text about a patient that goes back, in characters; the standard allows 64 in each group of a name.
const LONGEST: usize = 250;

/// Writes one instance, with its boxes black.
pub(crate) fn write(
    parsed: &Parsed,
    source: &dyn ReadAt,
    plan: &DeidPlan,
    sink: &mut dyn Write,
) -> Result<(), Error> {
    if plan.is_untouched() {
        return Ok(plan.write(parsed.bulk(source), sink)?);
    }
    let native = blackened(plan, &Image::new(parsed, source)?)?;
    Ok(plan.write_with_pixels(parsed.bulk(source), native, sink)?)
}

/// One line per instance; what is held is not written. With the statement of what was written.
pub(crate) fn run(
    job: &DeidJob,
    files: &[File],
    tools: &Tools,
    touching: &dyn Fn(u32),
) -> Result<DeidAnswer, Error> {
    let (output, mut instances) = Instances::split(files, &job.instances)?;
    let mut output = Output::new(output);
    let mut lines = Vec::with_capacity(instances.len());
    let mut total = Actions::new();
    let mut boxes = Vec::new();
    let mut defaced = 0;
    let mut patients = ReidentificationMap::default();
    each_plan(&mut instances, &job.deid, false, &tools.text_detector.numbers, touching, |instance, seen| {
        lines.push(match seen {
            Seen::Unreadable(reason) => DeidLine {
                instance,
                status: "refused".to_owned(),
                reason,
                actions: BTreeMap::new(),
                boxes: 0,
                piece: None,
            },
            Seen::Planned(parsed, source, plan, _) => {
                let actions = plan
                    .action_counts()
                    .iter()
                    .map(|(a, n)| (a.as_str().to_owned(), u64::from(*n)))
                    .collect();
                patients.add(plan.reidentification.patients(LONGEST));
                let held: Vec<String> = plan.holds.iter().map(ToString::to_string).collect();
                let piece = if held.is_empty() {
                    for (key, number) in &plan.actions {
                        let count = total.entry(*key).or_default();
                        *count = count.saturating_add(*number);
                    }
                    defaced += u32::from(!plan.face.is_empty());
                    boxes.extend(plan.boxes.iter().map(|part| Area::of(instance, part)));
                    Some(output.piece(|writer| write(parsed, source, plan, writer))?)
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
    let (policy, _) = policy_and_keys(&job.deid)?;
    let count = |status: &str| u32::try_from(lines.iter().filter(|l: &&DeidLine| l.status == status).count());
    let statement = Statement {
        pixel_text: job.deid.pixel_text.as_str().to_owned(),
        text_detector: Some(tools.text_detector.used.clone()),
        faces: job.deid.faces.as_str().to_owned(),
        defaced,
        instances: count("done").unwrap_or(u32::MAX),
        unreadable: count("refused").unwrap_or(u32::MAX),
        boxes,
        ..Statement::new(&policy, &total)
    };
    Ok(DeidAnswer { lines, statement, patients })
}
