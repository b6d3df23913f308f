//! `appliance check`: every fault at once; binds nothing, changes nothing.

use super::out::{self, Failure};
use super::{Where, site};
use crate::app::{Settings, descriptors_needed};

pub(super) async fn main(w: &Where) -> Result<(), Failure> {
    let (settings, mut document) =
        Settings::gather(&w.config).map_err(|fault| out::faults_failure(&[fault]))?;
    if let Some(settings) = &settings {
        site::note_missing(settings, &mut document).await;
    }
    let mut faults = document.faults;
    faults.sort_by_key(|fault| fault.line);
    let (Some(settings), true) = (settings, faults.is_empty()) else {
        if w.json {
            faults.iter().for_each(out::json);
            return Err(Failure::new(out::USAGE, format!("{} faults", faults.len())));
        }
        return Err(out::faults_failure(&faults));
    };
    let mut notes = site::notes(&settings);
    let (words, enough) = proto::descriptors::raise().words(descriptors_needed(&settings));
    if enough {
        out::say(&words);
    } else {
        notes.push(words.clone());
    }
    for note in &notes {
        out::say(&format!("note: {note}"));
    }
    if w.json {
        out::json(
            &serde_json::json!({ "faults": 0, "notes": notes, "open_files": words, "open_files_enough": enough }),
        );
    } else {
        out::line("the configuration holds");
    }
    Ok(())
}
