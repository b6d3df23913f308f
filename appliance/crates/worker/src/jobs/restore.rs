//! Re-identification of instances: pseudonyms looked for, and what they replaced put back into the output.

use std::collections::BTreeSet;
use std::fs::File;

use crate::error::Error;
use crate::instances::Instances;
use crate::output::Output;
use deid::{self, Keys, Restored};
use dicom::{self, FileMeta};
use domain::job::{MAX_PSEUDONYMS, RestoreJob, RestoredLine};

/// Every pseudonym of this site in the instances that can be read.
pub(crate) fn look(
    job: &RestoreJob,
    files: &[File],
    touching: &dyn Fn(u32),
) -> Result<BTreeSet<String>, Error> {
    let (_, instances) = Instances::split(files, &job.instances)?;
    let keys = Keys::from_text(job.keys.expose())?;
    let mut found = BTreeSet::new();
    for at in 0..job.instances.len() {
        touching(at as u32);
        match instances.read(at) {
            Ok((_, parsed)) => found.extend(deid::pseudonyms(&parsed.meta, &parsed.data, &keys)),
            Err(error) if error.may_retry() => return Err(error.into()),
            Err(_) => {}
        }
        if found.len() > MAX_PSEUDONYMS {
            return Err(Error::TooManyPseudonyms);
        }
    }
    Ok(found)
}

/// One line per instance; what holds no pseudonym of this site, or one that no re-identification map knows, is not written.
pub(crate) fn run(
    job: &RestoreJob,
    files: &[File],
    touching: &dyn Fn(u32),
) -> Result<Vec<RestoredLine>, Error> {
    let (output, instances) = Instances::split(files, &job.instances)?;
    let keys = Keys::from_text(job.keys.expose())?;
    let mut output = Output::new(output);
    let mut lines = Vec::with_capacity(job.instances.len());
    for at in 0..job.instances.len() {
        touching(at as u32);
        let not = |reason: String| RestoredLine { instance: at as u32, reason, piece: None };
        lines.push(match instances.read(at) {
            Err(error) if error.may_retry() => return Err(error.into()),
            Err(error) => not(format!("it cannot be read: {error}")),
            Ok((_, parsed)) if deid::pseudonyms(&parsed.meta, &parsed.data, &keys).is_empty() => {
                not("it holds no pseudonym of this site".to_owned())
            }
            Ok((source, parsed)) => {
                let Restored { header, unknown, ambiguous } =
                    deid::restore(&parsed.meta, &parsed.data, &job.map, &keys);
                if unknown > 0 {
                    not(format!("{unknown} of its pseudonyms are not in the vault"))
                } else if ambiguous > 0 {
                    not(format!(
                        "{ambiguous} of its pseudonyms lead to more than one original in the vault: find the study at the archive by its date and images"
                    ))
                } else {
                    let meta = FileMeta::for_data_set(&header, parsed.meta.syntax.output().uid());
                    let piece = output.piece(|writer| {
                        dicom::write_file(&meta, &header, parsed.bulk(&*source), writer).map_err(Error::from)
                    })?;
                    RestoredLine { instance: at as u32, reason: String::new(), piece: Some(piece) }
                }
            }
        });
    }
    Ok(lines)
}
