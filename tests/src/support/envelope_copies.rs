//! Keeps a copy of every envelope: hard links to what is being made and to what waits, before the appliance lets go.

use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use proto::envelope::{Inspection, inspect};
use proto::keys::{PrivateKeys, PublicKeys};

use super::{Appliance, Cloud};
use crate::{Error, Result};

const LOOK: Duration = Duration::from_millis(5);

/// A thread that looks at the store's folders.
#[derive(Debug)]
pub struct EnvelopeCopies {
    links: Arc<Links>,
    thread: Option<std::thread::JoinHandle<()>>,
}

#[derive(Debug)]
struct Links {
    from: [PathBuf; 2],
    hold: PathBuf,
    left: PathBuf,
    site: PublicKeys,
    known: Mutex<BTreeMap<u64, PathBuf>>,
    ended: AtomicBool,
}

impl EnvelopeCopies {
    /// Begins to look at `store`; envelopes end up in `left`, named by their id.
    ///
    /// # Errors
    /// When the folders cannot be made.
    pub fn begin(store: &Path, left: &Path, site: PublicKeys) -> Result<Self> {
        let hold = left.with_extension("links");
        for folder in [left, &hold] {
            fs::create_dir_all(folder).map_err(Error::io("a folder of the demonstration"))?;
        }
        let links = Arc::new(Links {
            from: [store.join("tmp"), store.join("outbox")],
            hold,
            left: left.to_owned(),
            site,
            known: Mutex::new(BTreeMap::new()),
            ended: AtomicBool::new(false),
        });
        let shared = Arc::clone(&links);
        let thread = std::thread::spawn(move || {
            while !shared.ended.load(Ordering::SeqCst) {
                shared.look();
                std::thread::park_timeout(LOOK);
            }
        });
        Ok(Self { links, thread: Some(thread) })
    }

    /// Looks a last time and keeps what is complete.
    pub fn end(mut self) {
        self.links.ended.store(true, Ordering::SeqCst);
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
        self.links.look();
        self.links.keep(true);
        let _ = fs::remove_dir_all(&self.links.hold);
    }
}

impl Links {
    fn look(&self) {
        for entry in self.from.iter().filter_map(|folder| fs::read_dir(folder).ok()).flatten().flatten() {
            let Ok(meta) = entry.metadata() else { continue };
            let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
            if meta.is_file() && !known.contains_key(&meta.ino()) {
                let link = self.hold.join(meta.ino().to_string());
                // It may be gone by now, as an object that was received and filed away.
                if fs::hard_link(entry.path(), &link).is_ok() {
                    known.insert(meta.ino(), link);
                }
            }
        }
        self.keep(false);
    }

    /// What the appliance has let go of is an envelope and kept, or anything else and dropped.
    fn keep(&self, all: bool) {
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        known.retain(|_, link| {
            let Ok(meta) = fs::metadata(&*link) else { return false };
            if meta.nlink() > 1 && !all {
                return true;
            }
            if let Ok(file) = fs::File::open(&*link)
                && let Ok(Inspection::Complete { verified, .. }) =
                    inspect(std::io::BufReader::new(file), &self.site)
            {
                let name = format!("{}.sealed", verified.header().envelope());
                let _ = fs::rename(&*link, self.left.join(name));
            } else {
                let _ = fs::remove_file(&*link);
            }
            false
        });
    }
}

/// One entry of the plain content of an envelope that was kept.
#[derive(Debug, Clone)]
pub struct Entry {
    /// The envelope's id.
    pub envelope: String,
    /// The entry's name.
    pub name: String,
    /// Its bytes.
    pub bytes: Vec<u8>,
}

/// Opens the envelopes in `left` with the cloud reader's private key, as only a test or the demonstration may.
///
/// # Errors
/// When one cannot be opened, or a key cannot be read.
pub fn open_kept(left: &Path, appliance: &Appliance, cloud: &Cloud) -> Result<Vec<Entry>> {
    let sender = site_keys(appliance)?;
    let reader = private(&cloud.reader_keys())?;
    let mut entries = Vec::new();
    for file in fs::read_dir(left).map_err(Error::io("the kept envelopes"))?.flatten() {
        let path = file.path();
        let Some(id) = path.file_stem().map(|stem| stem.to_string_lossy().into_owned()) else { continue };
        if path.extension().is_none_or(|end| end != "sealed") {
            continue;
        }
        let bytes = fs::read(&path).map_err(Error::io("an envelope"))?;
        let (_, content) = proto::envelope::open(&bytes, &sender, reader.opener())
            .map_err(|_| Error::other(format!("the envelope {id} cannot be opened with the reader's key")))?;
        entries.extend(content.iter().map(|leaf| Entry {
            envelope: id.clone(),
            name: leaf.name.to_owned(),
            bytes: leaf.bytes.to_vec(),
        }));
    }
    Ok(entries)
}

/// The site's public keys, as its envelopes are signed.
///
/// # Errors
/// When the site is not enrolled.
pub fn site_keys(appliance: &Appliance) -> Result<PublicKeys> {
    Ok(private(&appliance.identity_path()?.join("keys.pem"))?.public().clone())
}

fn private(path: &Path) -> Result<PrivateKeys> {
    let text = fs::read_to_string(path).map_err(Error::io("a key file"))?;
    PrivateKeys::from_text(&text).map_err(|_| Error::other("a key file cannot be read"))
}
