//! `appliance check`: every fault at once; binds nothing, changes nothing.

use super::output::{self, Failure};
use super::{SiteArgs, site};
use crate::app::{Settings, descriptors_needed};

pub(super) async fn main(w: &SiteArgs) -> Result<(), Failure> {
    let (settings, mut document) =
        Settings::gather(&w.config).map_err(|fault| output::faults_failure(&[fault]))?;
    if let Some(settings) = &settings {
        site::note_missing(settings, &mut document).await;
    }
    let mut faults = document.faults;
    faults.sort_by_key(|fault| fault.line);
    let (Some(settings), true) = (settings, faults.is_empty()) else {
        if w.json {
            faults.iter().for_each(output::json);
            return Err(Failure::new(output::USAGE, format!("{} faults", faults.len())));
        }
        return Err(output::faults_failure(&faults));
    };
    let mut notes = site::notes(&settings);
    let (words, enough) = proto::descriptors::raise().words(descriptors_needed(&settings));
    if enough {
        output::say(&words);
    } else {
        notes.push(words.clone());
    }
    for note in &notes {
        output::say(&format!("note: {note}"));
    }
    if w.json {
        output::json(
            &serde_json::json!({ "faults": 0, "notes": notes, "open_files": words, "open_files_enough": enough }),
        );
    } else {
        output::line("the configuration holds");
    }
    Ok(())
}
