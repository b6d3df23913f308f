//! `appliance check`: every fault at once; binds nothing, changes nothing.

use std::io::IsTerminal;

use super::out::{self, Failure};
use super::{Where, site};
use crate::house::Settings;

pub(super) fn main(w: &Where) -> Result<(), Failure> {
    let settings = match Settings::read(&w.config) {
        Ok(settings) => settings,
        Err(faults) => {
            if w.json {
                faults.iter().for_each(out::json);
                return Err(Failure::new(out::USAGE, format!("{} faults", faults.len())));
            }
            return Err(out::faults_failure(&faults));
        }
    };
    let missing = site::missing(&settings);
    if w.json {
        for m in &missing {
            out::json(&serde_json::json!({ "wrong": m }));
        }
    }
    if !missing.is_empty() {
        return Err(Failure::new(out::USAGE, missing.join("\n")));
    }
    let notes = site::notes(&settings);
    for note in &notes {
        out::say(&format!("note: {note}"));
    }
    if w.json {
        out::json(&serde_json::json!({ "faults": 0, "notes": notes }));
    } else if std::io::stdout().is_terminal() || !w.json {
        out::line("the configuration holds");
    }
    Ok(())
}
