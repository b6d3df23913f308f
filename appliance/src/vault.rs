//! What a person does with the vault: every look into it is audited before it happens. And the rotation of the
//! pseudonym key.

use std::fs::File;
use std::io::Write as _;
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::Path;

use serde::{Deserialize, Serialize};

use audit::Audit;
use deid::Keys;
use domain::decision::check_named;
use ledger::{Error, Ledger};
use proto::clock::now;

/// What is done.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub enum VaultUse {
    /// Somebody is told who a pseudonym is, or which pseudonym somebody has.
    Look,
    /// The vault is written out.
    Export,
    /// Files are re-identified.
    Reidentify,
    /// These patients are taken out for good.
    Forget(Vec<String>),
    /// A new pseudonym key.
    Rotate,
}

/// A use of the vault in somebody's name.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct VaultOrder {
    /// Who.
    pub who: String,
    /// Why, without identity.
    pub reason: String,
    /// What.
    pub what: VaultUse,
}

impl VaultOrder {
    /// Audits the use, then does what changes the vault; gives how many patients were taken out.
    ///
    /// # Errors
    /// [`Error::Refused`] without a name and a reason, or when the audit cannot be written; the ledger's own.
    pub(crate) async fn carry_out(&self, ledger: &Ledger, audit: &Audit) -> Result<u64, Error> {
        self.note(audit)?;
        match &self.what {
            VaultUse::Forget(patients) => ledger.forget_patients(patients).await,
            _ => Ok(0),
        }
    }

    fn note(&self, audit: &Audit) -> Result<(), Error> {
        check_named(&self.who, &self.reason)?;
        let (what, on) = match &self.what {
            VaultUse::Look => ("vault: looked", String::new()),
            VaultUse::Export => ("vault: exported", String::new()),
            VaultUse::Reidentify => ("vault: re-identified files", String::new()),
            VaultUse::Forget(patients) => ("vault: forgot", patients.join(" ")),
            VaultUse::Rotate => ("pseudonym key rotated", String::new()),
        };
        audit
            .write(now(), &self.who, what, &on, &self.reason)
            .map_err(|_| Error::Refused("the audit cannot be written: nothing was done".into()))
    }
}

/// Gives the site a new pseudonym key; the present one becomes the newest of the former. The file is replaced as a
/// whole: whatever stops this, it holds the old keys or all of them. Gives the number of keys.
///
/// # Errors
/// [`Error::Refused`] when the order is not complete, or the file cannot be read, or the system gives no randomness;
/// those of the disk.
pub(crate) fn rotate(path: &Path, order: &VaultOrder, audit: &Audit) -> Result<usize, Error> {
    let refused = |words: String| Error::Refused(words);
    let text = zeroize::Zeroizing::new(std::fs::read_to_string(path)?);
    let keys = Keys::from_text(&text).map_err(|e| refused(e.to_string()))?;
    let mut new = zeroize::Zeroizing::new([0_u8; 32]);
    getrandom::fill(new.as_mut_slice()).map_err(|_| Error::Database("no randomness"))?;
    let rotated = keys.rotated(new.as_slice()).map_err(|e| refused(e.to_string()))?;
    order.note(audit)?;
    let beside = path.with_extension("key.new");
    let mut file = File::options().create(true).truncate(true).write(true).mode(0o600).open(&beside)?;
    file.write_all(rotated.to_text().as_bytes())?;
    file.sync_all()?;
    std::fs::rename(&beside, path)?;
    File::open(path.parent().filter(|p| !p.as_os_str().is_empty()).unwrap_or(Path::new(".")))?.sync_all()?;
    Ok(rotated.count())
}
