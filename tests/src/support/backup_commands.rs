//! Backup and restore as the handbook says: its own commands, run word for word.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use super::Appliance;
use super::command::{Answer, project, run, run_ok};
use crate::{Error, Result};

/// A command about this site, to its end.
///
/// # Errors
/// When it cannot be started.
pub fn command(appliance: &Appliance, words: &[&str]) -> Result<Answer> {
    let config = appliance.config.display().to_string();
    run("appliance", &[words, &["--config", &config]].concat())
}

/// `appliance backup`.
///
/// # Errors
/// What the command said.
pub fn backup(appliance: &Appliance, to: &Path) -> Result<()> {
    let said = command(appliance, &["backup", &to.display().to_string()])?;
    if said.code == 0 { Ok(()) } else { Err(Error::other(said.stderr)) }
}

/// The commands of `appliance/RESTORE.md` in order, with this site and this backup in the place of its examples.
fn documented(appliance: &Appliance, backup: &Path) -> Result<Vec<Vec<String>>> {
    let text = std::fs::read_to_string(project().join("appliance/RESTORE.md"))
        .map_err(Error::io("appliance/RESTORE.md"))?;
    let block = text.split_once("```sh\n").and_then(|(_, rest)| rest.split_once("```"));
    let (block, _) = block.ok_or_else(|| Error::other("appliance/RESTORE.md names no commands"))?;
    let named = |word: &str| {
        let word = word.replace("/srv/backup/monday", &backup.display().to_string());
        word.replace("/srv/scanside/appliance.toml", &appliance.config.display().to_string())
    };
    Ok(block.lines().map(|line| line.split_whitespace().map(named).collect()).collect())
}

/// Restores as documented and starts; what the commands before the start said.
///
/// # Errors
/// What a command said, or when the handbook ends otherwise than with the start.
pub fn restore(appliance: &mut Appliance, backup: &Path) -> Result<String> {
    let mut said = String::new();
    let lines = documented(appliance, backup)?;
    let words = |line: &Vec<String>| line.iter().map(String::as_str).collect::<Vec<_>>().join(" ");
    let Some((start, before)) =
        lines.split_last().filter(|(last, _)| words(last).starts_with("appliance run "))
    else {
        return Err(Error::other("appliance/RESTORE.md does not end with the start"));
    };
    for line in before {
        match line.split_first() {
            Some((program, args)) if program == "appliance" => said += &run_ok(program, args)?.stdout,
            _ => return Err(Error::other(format!("no command of ours: {}", words(line)))),
        }
    }
    if !words(start).ends_with(&appliance.config.display().to_string()) {
        return Err(Error::other("appliance/RESTORE.md starts another site"));
    }
    appliance.start()?;
    Ok(said)
}

/// The ledger and every file that belongs to it or was put aside beside it.
///
/// # Errors
/// When the folder cannot be read.
pub fn beside_ledger(appliance: &Appliance) -> Result<BTreeSet<PathBuf>> {
    let ledger = appliance.ledger_path()?;
    let name = ledger.file_name().unwrap_or_default().to_string_lossy().into_owned();
    let folder = ledger.parent().unwrap_or(Path::new("."));
    let all = std::fs::read_dir(folder).map_err(Error::io("the site"))?.flatten().map(|entry| entry.path());
    let ours = |path: &PathBuf| path.file_name().is_some_and(|n| n.to_string_lossy().starts_with(&name));
    Ok(all.filter(ours).collect())
}

/// The ledger is lost, with its write-ahead log.
///
/// # Errors
/// When a file cannot be removed.
pub fn wipe_ledger(appliance: &Appliance) -> Result<()> {
    for path in beside_ledger(appliance)? {
        std::fs::remove_file(path).map_err(Error::io("the ledger"))?;
    }
    Ok(())
}
