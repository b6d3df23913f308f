//! The audit in a backup and after a restore: which chain goes on, and what that leaves unshown.

use std::fs::{File, OpenOptions};
use std::io::Read;
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use super::chain::{Head, Reach, follow, head_path, reach_of, read_head};
use super::error::Error;

/// What a restore is called in the audit.
pub const RESTORED: &str = "ledger restored";

/// Which chain goes on after a restore.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Resumed {
    /// What was found and done, for the audit itself.
    pub words: String,
    /// Files that were put aside.
    pub aside: Vec<PathBuf>,
}

/// What stands where the site's audit is, held against a backup of it.
enum Found {
    /// It holds, and the backup's lines are its beginning.
    GoesOn,
    /// The same without a head.
    HeadLost,
    /// There is none.
    Nothing,
    /// It does not hold, or is another one.
    Not(String),
}

/// Copies the audit as far as `reach` into the new file `to`, with a head beside it; durable when this returns.
///
/// # Errors
/// [`Error::Disk`].
pub fn copy(path: &Path, reach: &Reach, to: &Path, store_key: &[u8; 32]) -> Result<(), Error> {
    let mut file = OpenOptions::new().create_new(true).write(true).mode(0o600).open(to)?;
    let copied = std::io::copy(&mut File::open(path)?.take(reach.bytes), &mut file)?;
    if copied != reach.bytes {
        return Err(Error::Disk(std::io::ErrorKind::UnexpectedEof));
    }
    file.sync_all()?;
    Head::open(to, store_key)?.0.write(reach)
}

/// Puts the audit of a backup where the site's audit is, unless the one that is there goes on from it. What does not
/// hold is kept beside, its name ending in `aside`; where neither holds a new one begins. A backup of an earlier version
/// has no head.
///
/// # Errors
/// [`Error::Disk`]; the audit that is there is unchanged then.
pub fn resume(path: &Path, backup: &Path, store_key: &[u8; 32], aside: &str) -> Result<Resumed, Error> {
    let headed = head_path(backup).is_file();
    let said = headed.then(|| read_head(backup, store_key)).transpose();
    let (theirs, fault) = match said.and_then(|said| reach_of(backup, said.as_ref())) {
        Ok(reach) => (reach, String::new()),
        Err(Error::Disk(kind)) => return Err(Error::Disk(kind)),
        Err(error) => (Reach::default(), format!("the backup's audit does not hold: {}; ", short(&error))),
    };
    let begins = match theirs.lines {
        0 => "a new one begins".to_owned(),
        lines => format!("the backup's goes on from its line {lines}"),
    };
    let found = look(path, &theirs, store_key)?;
    let words = match &found {
        Found::GoesOn => "the audit on this disk holds and goes on".to_owned(),
        Found::HeadLost => format!(
            "the audit on this disk goes on without its head: that nothing was removed behind line {} cannot be shown",
            theirs.lines
        ),
        Found::Nothing => {
            format!("the audit on this disk was gone: {begins}; what was audited since is lost")
        }
        Found::Not(why) => format!("the audit on this disk was put aside: {why}; {begins}"),
    };
    let aside = match found {
        Found::GoesOn | Found::HeadLost => Vec::new(),
        Found::Nothing | Found::Not(_) => replace(path, backup, &theirs, store_key, aside)?,
    };
    Ok(Resumed { words: fault + &words, aside })
}

fn look(path: &Path, theirs: &Reach, store_key: &[u8; 32]) -> Result<Found, Error> {
    let file = match File::open(path) {
        Ok(file) => file,
        Err(e) if e.kind() == std::io::ErrorKind::NotFound => return Ok(Found::Nothing),
        Err(e) => return Err(e.into()),
    };
    let mut goes_on = theirs.lines == 0;
    match follow(file, |reach, _| goes_on |= reach.lines == theirs.lines && reach.last == theirs.last) {
        Ok(_) if !goes_on => {
            return Ok(Found::Not(format!("the backup's line {} is not in it", theirs.lines)));
        }
        Ok(_) => {}
        Err(Error::Disk(kind)) => return Err(Error::Disk(kind)),
        Err(error) => return Ok(Found::Not(short(&error))),
    }
    if !head_path(path).is_file() {
        return Ok(Found::HeadLost);
    }
    match read_head(path, store_key).and_then(|said| reach_of(path, Some(&said))) {
        Ok(_) => Ok(Found::GoesOn),
        Err(Error::Disk(kind)) => Err(Error::Disk(kind)),
        Err(error) => Ok(Found::Not(short(&error))),
    }
}

/// What is wrong with an audit, without what to do about it.
fn short(error: &Error) -> String {
    match error {
        Error::Broken(line) => format!("its chain is broken at line {line}"),
        Error::Cut(line) => format!("it does not reach line {line} of its head"),
        _ => "its head is not ours".to_owned(),
    }
}

/// The backup's audit first under another name: a disk that is full changes nothing.
fn replace(
    path: &Path,
    backup: &Path,
    theirs: &Reach,
    store_key: &[u8; 32],
    aside: &str,
) -> Result<Vec<PathBuf>, Error> {
    let named = |path: &Path, suffix: &str| {
        let mut name = path.file_name().unwrap_or_default().to_owned();
        name.push(suffix);
        path.with_file_name(name)
    };
    let new = named(path, ".restoring");
    let clear = || {
        let _ = std::fs::remove_file(&new);
        let _ = std::fs::remove_file(head_path(&new));
    };
    clear();
    if let Err(error) = copy(backup, theirs, &new, store_key) {
        clear();
        return Err(error);
    }
    let mut kept = Vec::new();
    // The cursor of the collector counts the lines of the file that goes: without it all is sent again.
    for old in [path.to_owned(), head_path(path), named(path, ".sent")] {
        let to = named(&old, &format!(".{aside}"));
        match std::fs::rename(&old, &to) {
            Ok(()) => kept.push(to),
            Err(e) if e.kind() == std::io::ErrorKind::NotFound => {}
            Err(e) => return Err(e.into()),
        }
    }
    std::fs::rename(head_path(&new), head_path(path))?;
    std::fs::rename(&new, path)?;
    let folder = path.parent().filter(|p| !p.as_os_str().is_empty()).unwrap_or(Path::new("."));
    File::open(folder)?.sync_all()?;
    Ok(kept)
}
