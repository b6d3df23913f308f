//! The store's key: 32 random bytes in hex, in a file that only its owner can read. Everything at rest is sealed
//! under keys derived from it.

use std::path::Path;

use zeroize::{Zeroize, Zeroizing};

use super::{Error, Settings, write_secret};
use crate::audit::Audit;
use crate::ledger::Ledger;

/// Makes a new key file and its folder; an existing file is never overwritten.
///
/// # Errors
/// The disk's refusal.
pub fn make_store_key(path: &Path) -> std::io::Result<Zeroizing<[u8; 32]>> {
    use std::os::unix::fs::DirBuilderExt;
    if let Some(folder) = path.parent() {
        std::fs::DirBuilder::new().recursive(true).mode(0o700).create(folder)?;
    }
    let mut key = Zeroizing::new([0_u8; 32]);
    getrandom::fill(key.as_mut_slice()).map_err(|_| std::io::ErrorKind::Other)?;
    let text = Zeroizing::new(format!("{}\n", hex::encode(key.as_slice())));
    write_secret(path, &text)?;
    Ok(key)
}

/// Reads the store's key.
///
/// # Errors
/// [`Error::File`] when it is not there or is no key.
pub fn store_key(s: &Settings) -> Result<Zeroizing<[u8; 32]>, Error> {
    let bad = |kind| Error::File {
        what: "the store key",
        kind,
        todo: "restore the file named in store.key from where its copy is kept; without it nothing at rest opens",
    };
    let text = Zeroizing::new(std::fs::read_to_string(&s.store.key).map_err(|e| bad(e.kind()))?);
    let mut key = Zeroizing::new([0_u8; 32]);
    if hex::decode_to_slice(text.trim(), key.as_mut_slice()).is_err() {
        key.zeroize();
        return Err(bad(std::io::ErrorKind::InvalidData));
    }
    Ok(key)
}

/// Opens the site's ledger. A site of the first release has no store key and a plain ledger: it gets its key here.
///
/// # Errors
/// The ledger's own; [`Error::File`] when the key of a sealed ledger is missing.
pub async fn open_ledger(s: &Settings) -> Result<Ledger, Error> {
    ensure_store_key(s).await?;
    if !s.site.ledger.is_file() {
        // Said before the key is missed: without a ledger there is nothing a key could open.
        return Err(crate::ledger::Error::Missing.into());
    }
    Ok(Ledger::open(&s.site.ledger, &*store_key(s)?).await?)
}

/// Opens the site's audit.
///
/// # Errors
/// The audit's own; [`Error::File`] when the key is missing.
pub fn open_audit(s: &Settings) -> Result<Audit, Error> {
    Ok(Audit::open(&s.site.audit, &*store_key(s)?)?)
}

/// Gives a site of the first release, which has no store key and a plain ledger, its key.
///
/// # Errors
/// [`Error::File`] when it cannot be written; the ledger's own.
pub(super) async fn ensure_store_key(s: &Settings) -> Result<(), Error> {
    let path = &s.site.ledger;
    if !s.store.key.exists() && path.is_file() && !Ledger::is_sealed(path).await? {
        make_store_key(&s.store.key).map_err(|e| Error::File {
            what: "the store key",
            kind: e.kind(),
            todo: "make the folder of store.key writable: this site has no key yet and gets one now",
        })?;
        tracing::warn!("a store key was made for this older site: keep a copy of it apart from the backups");
    }
    Ok(())
}
