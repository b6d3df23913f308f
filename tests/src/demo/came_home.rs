//! What left, opened with the demonstration's reader key, and the search for every planted identifier in it.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use fixtures::planted::{Planted, Searcher};

use super::both_sides::BothSides;
use super::schedule::Schedule;
use crate::support::open_kept;
use crate::{Error, Result};

/// What was found of what left.
#[derive(Debug, Default)]
pub(super) struct Home {
    /// Envelopes that left, by id.
    pub envelopes: BTreeSet<String>,
    /// Bytes of their plain content.
    pub plain_bytes: u64,
    /// Identifiers that were searched for.
    pub planted: usize,
    /// Where one was found: file and form, never the value.
    pub found: Vec<String>,
}

const LEFT: &str = "\
Copies of every envelope that left the appliance, exactly as it left: sealed to the cloud reader's key.
";
const ARRIVED: &str = "\
The plain content of every envelope beside this folder, one folder for each.
For this demonstration only: the demonstration has the cloud reader's private key and opened them with it.
In the product the content is opened in the memory of a sandboxed worker and never written.
";

/// Collects, opens and searches everything that left, and the logs.
///
/// # Errors
/// When a folder cannot be read or written.
pub(crate) fn bring(sides: &mut BothSides, schedule: &Schedule) -> Result<Home> {
    if let Some(watch) = sides.watch.take() {
        watch.end();
    }
    let (left, arrived) = (sides.folder.join("left"), sides.folder.join("arrived"));
    let write = |path: PathBuf, text: &str| fs::write(path, text).map_err(Error::io("a README"));
    fs::create_dir_all(&arrived).map_err(Error::io("a folder"))?;
    write(left.join("README"), LEFT)?;
    write(arrived.join("README"), ARRIVED)?;
    let planted: Vec<Planted> = schedule.studies.iter().map(|study| study.planted.clone()).collect();
    let searcher = Searcher::new(&planted);
    let mut home = Home { planted: searcher.identifiers(), ..Home::default() };
    open_all(sides, &left, &arrived, &searcher, &mut home)?;
    for log in ["appliance.log", "cloud.log", "appliance/audit.jsonl"] {
        let bytes = fs::read(sides.folder.join(log)).map_err(Error::io(log))?;
        home.note(log, &searcher, &bytes);
    }
    Ok(home)
}

impl Home {
    fn note(&mut self, place: &str, searcher: &Searcher, bytes: &[u8]) {
        let hits = searcher.search(bytes);
        self.found
            .extend(hits.into_iter().map(|hit| format!("{place} at byte {}: {}", hit.offset, hit.form)));
    }
}

fn open_all(
    sides: &mut BothSides,
    left: &Path,
    arrived: &Path,
    searcher: &Searcher,
    home: &mut Home,
) -> Result<()> {
    // Only what was put on the link has left; what waits or was stopped has not.
    let sent: BTreeSet<String> = sides
        .rows()?
        .into_iter()
        .filter(|row| row.bytes_sent.unwrap_or(0) > 0)
        .filter_map(|row| row.envelope)
        .collect();
    for file in fs::read_dir(left).map_err(Error::io("left"))?.flatten() {
        let path = file.path();
        let id = path.file_stem().map(|stem| stem.to_string_lossy().into_owned()).unwrap_or_default();
        if path.extension().is_some_and(|end| end == "sealed") && !sent.contains(&id) {
            fs::remove_file(&path).map_err(Error::io("an envelope that never left"))?;
        }
    }
    for entry in open_kept(left, &sides.appliance, &sides.cloud)? {
        let folder = arrived.join(&entry.envelope);
        fs::create_dir_all(&folder).map_err(Error::io("a folder"))?;
        home.plain_bytes += entry.bytes.len() as u64;
        home.note(&format!("arrived/{}/{}", entry.envelope, entry.name), searcher, &entry.bytes);
        home.note("the name of an entry", searcher, entry.name.as_bytes());
        fs::write(folder.join(entry.name.replace('/', "-")), &entry.bytes).map_err(Error::io("an entry"))?;
        home.envelopes.insert(entry.envelope);
    }
    Ok(())
}
