//! The store's key in the appliance: everything at rest is sealed under keys derived from it, so the site's files open
//! with it and never without.

use super::{Error, Settings};
use audit::Audit;
use ledger::Ledger;
use store::{Error as StoreError, StoreKey, check_key};

/// Reads the store's key.
///
/// # Errors
/// The store's: `KeyMissing`, `KeyWrong`, `KeyMalformed`, `KeyExposed`, `Disk`.
pub(crate) fn store_key(s: &Settings) -> Result<StoreKey, Error> {
    Ok(check_key(&s.store)?.ok_or(StoreError::KeyMissing)?)
}

/// Opens the site's ledger. A site of the first release has no store key and a plain ledger: it gets its key here.
///
/// # Errors
/// The ledger's own; the store's when the key of a sealed ledger is missing.
pub(crate) async fn open_ledger(s: &Settings) -> Result<Ledger, Error> {
    ensure_store_key(s).await?;
    if !s.site.ledger.is_file() {
        // Said before the key is missed: without a ledger there is nothing a key could open.
        return Err(ledger::Error::Missing.into());
    }
    Ok(Ledger::open(&s.site.ledger, store_key(s)?.bytes()).await?)
}

/// Opens the site's audit.
///
/// # Errors
/// The audit's own; the store's when the key is missing.
pub(crate) fn open_audit(s: &Settings) -> Result<Audit, Error> {
    Ok(Audit::open(&s.site.audit, store_key(s)?.bytes())?)
}

/// Gives a site of the first release, which has no store key and a plain ledger, its key.
///
/// # Errors
/// The store's when it cannot be written or the store had a key; the ledger's own.
pub(super) async fn ensure_store_key(s: &Settings) -> Result<(), Error> {
    let path = &s.site.ledger;
    if check_key(&s.store)?.is_none() && path.is_file() && !Ledger::is_sealed(path).await? {
        StoreKey::create(&s.store.key)?;
        tracing::warn!("a store key was made for this older site: keep a copy of it apart from the backups");
    }
    Ok(())
}
