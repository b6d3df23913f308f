//! `appliance reidentify`: what was made from this site's pseudonyms gets its patients, UIDs and dates back.

use std::path::PathBuf;

use clap::Args;
use serde_json::json;

use super::files::{ask, pool, some, write_piece};
use super::output::{self, Failure};
use super::pseudonym::{Named, carry_out};
use crate::app::{deid_order, open_ledger};
use crate::vault::VaultUse;
use domain::job::{Answer, InstanceRef, Job, MAX_INSTANCES, RestoreJob};

/// Re-identify files or folders.
#[derive(Debug, Args)]
pub(super) struct Reidentify {
    /// File or folder to read.
    input: PathBuf,
    /// Folder to write to.
    output: PathBuf,
    #[command(flatten)]
    named: Named,
}

pub(super) async fn main(c: &Reidentify) -> Result<(), Failure> {
    let settings = output::settings(&c.named.site.config)?;
    let order = deid_order(&settings)?;
    let files = some(std::slice::from_ref(&c.input))?;
    carry_out(&settings, c.named.order(VaultUse::Reidentify)).await?;
    std::fs::create_dir_all(&c.output)?;
    let pool = pool(settings.deid.text_detector.as_deref(), &[], None, 1)?;
    let ledger = open_ledger(&settings).await?;
    let (mut done, mut number) = (0, 0);
    for paths in files.chunks(MAX_INSTANCES) {
        let paths: Vec<&PathBuf> = paths.iter().collect();
        let instances = vec![InstanceRef::p10(); paths.len()];
        let failed = |words: String| Failure::new(output::FAILED, words);
        let mut job = RestoreJob { instances, keys: order.keys.clone(), map: Default::default() };
        let found =
            match ask(&pool, &Job::Pseudonyms(job.clone()), &paths).await.map_err(|e| failed(e.words))? {
                (Answer::Pseudonyms(found), _) => found,
                (Answer::Failed(failure), _) => return Err(failed(failure.reason)),
                _ => return Err(failed("the answer did not fit".into())),
            };
        job.map = ledger.reidentification_map(&found).await?;
        let (lines, written) =
            match ask(&pool, &Job::Restore(job), &paths).await.map_err(|e| failed(e.words))? {
                (Answer::Restored(lines), written) => (lines, written),
                (Answer::Failed(failure), _) => return Err(failed(failure.reason)),
                _ => return Err(failed("the answer did not fit".into())),
            };
        for (line, path) in lines.iter().zip(&paths) {
            let mut output = None;
            if let Some(piece) = &line.piece {
                let name = c.output.join(format!("{number:06}.dcm"));
                if !write_piece(&written, piece, &name)? {
                    return Err(failed("the worker's output ends early".into()));
                }
                (output, done) = (Some(name), done + 1);
            }
            number += 1;
            let status = if output.is_some() { "done" } else { "refused" };
            if c.named.site.json {
                output::json(
                    &json!({ "input": path, "output": output, "status": status, "reason": line.reason }),
                );
            } else if output.is_none() {
                output::say(&format!("file {number}: {}", line.reason));
            }
        }
    }
    ledger.close().await;
    output::say(&format!("{done} of {} files re-identified", files.len()));
    if done == files.len() {
        Ok(())
    } else {
        Err(Failure::new(output::FAILED, "the others were not written: see their reasons"))
    }
}
