//! Opens the rooms from the bottom up: audit, ledger, store, keys, workers.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use sandbox::{Pool, Program};

use super::keys::ensure_store_key;
use proto::settings::Fault;

use super::profile::read_profile;
use super::{Error, Settings, open_audit, open_ledger, store_key};
use crate::escalation::Identity;
use crate::forward::Forwards;
use crate::pipeline::Rules;
use crate::review::Mode;
use crate::site::Site;
use deid::Keys;
use domain::job::{DeidOrder, Secret};
use store::Store;

/// What is open in a running appliance and in commands that need all of it.
#[derive(Clone)]
pub(crate) struct Opened {
    /// Ledger, store, audit and the queue to destinations.
    pub site: Site,
    /// The site's keys and its readers', when enrolled.
    pub identity: Option<Arc<Identity>>,
}

impl std::fmt::Debug for Opened {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Opened")
    }
}

impl Opened {
    /// Opens everything and takes the store's lock: only one process does this at a time.
    ///
    /// # Errors
    /// Each room's own, with what to do.
    pub(crate) async fn open(s: &Settings) -> Result<Self, Error> {
        ensure_store_key(s).await?;
        if !s.site.ledger.is_file() {
            return Err(ledger::Error::Missing.into());
        }
        // The store would make a key where it never had one: of a sealed ledger that would hide that its key is lost.
        store_key(s)?;
        let store = Store::open(&s.store)?;
        Self::over(s, store).await
    }

    /// Opens the rest over an open store.
    ///
    /// # Errors
    /// Each room's own, with what to do.
    pub(super) async fn over(s: &Settings, store: Store) -> Result<Self, Error> {
        let audit = Arc::new(open_audit(s)?);
        let ledger = open_ledger(s).await?;
        ledger.check().await?;
        let identity = match &s.escalation {
            Some(e) if e.identity.is_dir() => Some(Arc::new(Identity::load(&e.identity)?)),
            _ => None,
        };
        Ok(Self { site: Site { ledger, store, audit, forwards: Forwards::new(&s.forward) }, identity })
    }
}

/// Policy and pseudonym key for the workers.
///
/// # Errors
/// [`Error::File`] when the key cannot be read or is not a key, [`Error::Policy`] with every fault of a profile.
pub(crate) fn deid_order(s: &Settings) -> Result<DeidOrder, Error> {
    let bad = |kind| {
        let todo =
            "restore the file named in site.pseudonym_key from its backup; a new key breaks the way back";
        Error::file("the pseudonym key", kind, todo)
    };
    let text = std::fs::read_to_string(&s.site.pseudonym_key).map_err(|e| bad(e.kind()))?;
    let keys = Secret::new(text);
    Keys::from_text(keys.expose()).map_err(|_| bad(std::io::ErrorKind::InvalidData))?;
    let said = |faults: Vec<Fault>| faults.iter().map(ToString::to_string).collect::<Vec<_>>().join("; ");
    let policy = read_profile(&s.deid.policy).map_err(|faults| Error::Policy(said(faults)))?;
    Ok(DeidOrder {
        policy,
        keys,
        under: None,
        pixel_text: s.deid.pixel_text,
        faces: s.deid.faces,
        ids: s.deid.ids(),
    })
}

/// Starts the pool of warm workers.
///
/// # Errors
/// [`Error::File`] when our own executable is not known. Whether a worker can start is the pool's to tell.
pub(crate) fn pool(s: &Settings) -> Result<Pool, Error> {
    let detector = s.deid.text_detector.as_deref();
    workers(detector, &s.triage.bundles, s.triage.runtime.as_deref(), s.triage.workers)
}

/// Starts a pool of workers with these bundles and this text detector, or the one that comes with the product. Where there
/// is none no worker starts, and each try says so.
///
/// # Errors
/// As [`pool`].
pub(crate) fn workers(
    text_detector: Option<&Path>,
    bundles: &[PathBuf],
    runtime: Option<&Path>,
    at_once: usize,
) -> Result<Pool, Error> {
    let me = std::env::current_exe()
        .map_err(|e| Error::file("this executable", e.kind(), "start it by its full path"))?;
    let mut args = vec!["worker".to_owned()];
    // One that is not found now is looked for by each worker, as the library is.
    if let Ok(folder) = models::DetectorBundle::folder_of(text_detector) {
        args.extend(["--text-detector".to_owned(), folder.to_string_lossy().into_owned()]);
    }
    for bundle in bundles {
        args.push("--bundles".to_owned());
        args.push(bundle.to_string_lossy().into_owned());
    }
    let mut program = Program::new(me, args);
    if !bundles.is_empty() {
        // One that is not found now is looked for by each worker: it says so, until there is one.
        program.library = models::runtime::find(runtime).ok().or_else(|| runtime.map(Path::to_path_buf));
    }
    // A spare for each job at once: a fork shares its memory with the zygote until it writes.
    Ok(Pool::forking(program, at_once, at_once))
}

/// Name and digest of each configured bundle that can be opened.
pub(super) fn bundles(s: &Settings) -> Vec<(String, String)> {
    let open = s.triage.bundles.iter().filter_map(|folder| models::Bundle::open(folder).ok());
    open.map(|b| (b.name().to_owned(), b.digest().to_owned())).collect()
}

/// The site's rules for the pipeline.
#[must_use]
pub(super) fn rules(s: &Settings) -> Rules {
    let without = s.escalation.as_ref().map(|e| e.without_model.clone()).unwrap_or_default();
    Rules {
        mode: s.mode_in_force(),
        demo: s.site.demo,
        oversight: s.oversight,
        veto: (s.review.mode == Mode::Veto).then_some(s.review.countdown),
        without_model: without.into_iter().collect(),
        embed: s.triage.embed.iter().cloned().collect(),
        with_p10: s.deid.with_p10,
    }
}

/// Makes a secret file that only its owner can read.
///
/// # Errors
/// The disk's refusal; an existing file is never overwritten.
pub(crate) fn write_secret(path: &Path, text: &str) -> std::io::Result<()> {
    use std::io::Write;
    use std::os::unix::fs::OpenOptionsExt;
    let mut file = std::fs::OpenOptions::new().create_new(true).write(true).mode(0o600).open(path)?;
    file.write_all(text.as_bytes())?;
    file.sync_all()
}
