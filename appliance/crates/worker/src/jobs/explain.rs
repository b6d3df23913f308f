//! What de-identification does to every attribute of one instance, within the context of its study.

use std::fs::File;

use crate::error::Error;
use crate::instances::Instances;
use crate::survey::policy_and_keys;
use deid::{self, Step, StudyContext};
use dicom::tags;
use domain::job::{ExplainJob, Explained, MAX_EXPLAINED};

/// Does the job.
pub(crate) fn run(job: &ExplainJob, files: &[File], touching: &dyn Fn(u32)) -> Result<Vec<Explained>, Error> {
    let (_, mut instances) = Instances::split(files, &job.instances)?;
    let (policy, keys) = policy_and_keys(&job.deid)?;
    touching(job.of);
    let (_, parsed) = instances.get(job.of as usize)?;
    let study = parsed.data.uid(tags::STUDY_INSTANCE_UID);
    let mut context = StudyContext::new();
    for at in 0..job.instances.len() {
        touching(at as u32);
        if let Ok((_, other)) = instances.get(at)
            && other.data.uid(tags::STUDY_INSTANCE_UID) == study
        {
            context.add(&other.meta, &other.data);
        }
    }
    let steps = deid::explain(&parsed.meta, &parsed.data, &context, &policy, &keys);
    Ok(steps.into_iter().take(MAX_EXPLAINED).map(|step| row(step, job.before)).collect())
}

fn row(step: Step, with_before: bool) -> Explained {
    let around = step.path.iter().map(|tag| deid::attribute_name(*tag));
    let names: Vec<String> = around.chain([deid::attribute_name(step.tag)]).collect();
    // A path through many sequences is named by its ends.
    let attribute = match names.as_slice() {
        [first, .., last] if names.len() > 3 => format!("{first} > ... > {last}"),
        names => names.join(" > "),
    };
    Explained {
        attribute,
        action: step.action.as_str().to_owned(),
        rule: step.rule.as_str().to_owned(),
        before: step.before.filter(|_| with_before),
        after: step.after,
    }
}
