//! What left, opened with the demonstration's reader key, and the search for every planted identifier in it.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use fixtures::planted::{Planted, Searcher};
use proto::keys::PrivateKeys;

use super::plan::Plan;
use super::stage::Stage;
use crate::cast::site_keys;
use crate::{Error, Result};

/// What was found of what left.
#[derive(Debug, Default)]
pub struct Home {
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
pub fn bring(stage: &mut Stage, plan: &Plan) -> Result<Home> {
    if let Some(watch) = stage.watch.take() {
        watch.end();
    }
    let (left, arrived) = (stage.folder.join("left"), stage.folder.join("arrived"));
    let write = |path: PathBuf, text: &str| fs::write(path, text).map_err(Error::io("a README"));
    fs::create_dir_all(&arrived).map_err(Error::io("a folder"))?;
    write(left.join("README"), LEFT)?;
    write(arrived.join("README"), ARRIVED)?;
    let planted: Vec<Planted> = plan.studies.iter().map(|study| study.planted.clone()).collect();
    let searcher = Searcher::new(&planted);
    let mut home = Home { planted: searcher.identifiers(), ..Home::default() };
    open_all(stage, &left, &arrived, &searcher, &mut home)?;
    for log in ["appliance.log", "cloud.log", "appliance/audit.jsonl"] {
        let bytes = fs::read(stage.folder.join(log)).map_err(Error::io(log))?;
        home.note(log, &searcher, &bytes);
    }
    Ok(home)
}

impl Home {
    fn note(&mut self, place: &str, searcher: &Searcher, bytes: &[u8]) {
        let hits = searcher.search(bytes);
        self.found.extend(hits.into_iter().map(|hit| format!("{place} at byte {}: {}", hit.offset, hit.form)));
    }
}

fn open_all(stage: &mut Stage, left: &Path, arrived: &Path, searcher: &Searcher, home: &mut Home) -> Result<()> {
    let sender = site_keys(&stage.appliance)?;
    let text = fs::read_to_string(stage.cloud.reader_keys()).map_err(Error::io("the reader's keys"))?;
    let reader = PrivateKeys::from_text(&text).map_err(|_| Error::other("the reader's keys cannot be read"))?;
    // Only what was put on the link has left; what waits or was stopped has not.
    let sent: BTreeSet<String> = stage
        .rows()?
        .into_iter()
        .filter(|row| row.bytes_sent.unwrap_or(0) > 0)
        .filter_map(|row| row.envelope)
        .collect();
    for entry in fs::read_dir(left).map_err(Error::io("left"))?.flatten() {
        let path = entry.path();
        let Some(id) = path.file_stem().map(|stem| stem.to_string_lossy().into_owned()) else { continue };
        if path.extension().is_none_or(|end| end != "sealed") {
            continue;
        }
        if !sent.contains(&id) {
            let _ = fs::remove_file(&path);
            continue;
        }
        let bytes = fs::read(&path).map_err(Error::io("an envelope"))?;
        let (_, content) = proto::envelope::open(&bytes, &sender, reader.opener())
            .map_err(|_| Error::other(format!("the envelope {id} cannot be opened with the reader's key")))?;
        let folder = arrived.join(&id);
        fs::create_dir_all(&folder).map_err(Error::io("a folder"))?;
        for leaf in content.iter() {
            home.plain_bytes += leaf.bytes.len() as u64;
            home.note(&format!("arrived/{id}/{}", leaf.name), searcher, leaf.bytes);
            home.note("the name of an entry", searcher, leaf.name.as_bytes());
            fs::write(folder.join(leaf.name.replace('/', "-")), leaf.bytes).map_err(Error::io("an entry"))?;
        }
        home.envelopes.insert(id);
    }
    Ok(())
}
