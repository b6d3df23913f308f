//! The store's key: 32 random bytes in a file of its own. Every entry has its own key, derived from it.
//!
//! HKDF-SHA-256 (RFC 5869) over the store's key with 32 random bytes of the entry as salt: no two entries share a
//! key, so the nonces inside an entry may simply count.

use std::fmt;
use std::fs::{self, OpenOptions};
use std::io::{self, Read, Write};
use std::os::unix::fs::{DirBuilderExt, MetadataExt, OpenOptionsExt};
use std::path::Path;

use hkdf::Hkdf;
use sha2::Sha256;
use zeroize::Zeroizing;

use super::encryption::EntryKey;
use super::error::{Error, Step};

/// Bytes of random salt that an entry carries.
pub(crate) const SALT: usize = 32;
/// Longest key file that is read.
const FILE_LIMIT: u64 = 1024;

/// The key of a store. Wiped when dropped; `Debug` shows a stub.
pub struct StoreKey(Zeroizing<[u8; 32]>);

impl fmt::Debug for StoreKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("StoreKey(..)")
    }
}

impl StoreKey {
    /// Read a key file: 64 hex digits, readable by its owner alone.
    ///
    /// # Errors
    /// `KeyMissing`, `KeyExposed`, `KeyMalformed`, `Disk`.
    pub fn load(path: &Path) -> Result<StoreKey, Error> {
        let file = match OpenOptions::new().read(true).open(path) {
            Ok(file) => file,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Err(Error::KeyMissing),
            Err(error) => return Err(Error::disk(Step::Key)(error)),
        };
        let about = file.metadata().map_err(Error::disk(Step::Key))?;
        if about.mode() & 0o077 != 0 {
            return Err(Error::KeyExposed);
        }
        let mut text = Zeroizing::new(String::new());
        file.take(FILE_LIMIT).read_to_string(&mut text).map_err(|_| Error::KeyMalformed)?;
        let mut bytes = Zeroizing::new([0; 32]);
        hex::decode_to_slice(text.trim(), bytes.as_mut_slice()).map_err(|_| Error::KeyMalformed)?;
        Ok(StoreKey(bytes))
    }

    /// Make a fresh key file, mode 0600, and its folder where missing. An existing file is never overwritten.
    ///
    /// # Errors
    /// `Disk`, with `AlreadyExists` when there is a file.
    pub fn create(path: &Path) -> Result<StoreKey, Error> {
        let mut bytes = Zeroizing::new([0; 32]);
        random(bytes.as_mut_slice())?;
        let text = Zeroizing::new(format!("{}\n", hex::encode(bytes.as_slice())));
        let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty());
        let make = || -> io::Result<()> {
            if let Some(folder) = folder {
                fs::DirBuilder::new().recursive(true).mode(0o700).create(folder)?;
            }
            let mut file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(path)?;
            file.write_all(text.as_bytes())?;
            file.sync_all()?;
            fs::File::open(folder.unwrap_or_else(|| Path::new(".")))?.sync_all()
        };
        make().map_err(Error::disk(Step::Key))?;
        Ok(StoreKey(bytes))
    }

    /// The 32 bytes, for another room's own derivation.
    pub fn bytes(&self) -> &[u8; 32] {
        &self.0
    }

    fn derive(&self, salt: &[u8], purpose: &[u8]) -> Result<Zeroizing<[u8; 32]>, Error> {
        let mut derived = Zeroizing::new([0; 32]);
        Hkdf::<Sha256>::new(Some(salt), self.0.as_slice())
            .expand(purpose, derived.as_mut_slice())
            .map_err(|_| Error::Seal)?;
        Ok(derived)
    }

    /// The key of the entry with this salt.
    pub(crate) fn entry(&self, salt: &[u8; SALT]) -> Result<EntryKey, Error> {
        EntryKey::new(self.derive(salt, b"scanside entry 2")?)
    }

    /// What a store keeps to tell its key from another one; it says nothing about the key.
    pub(crate) fn mark(&self) -> Result<String, Error> {
        let mark = self.derive(b"scanside", b"scanside key mark 1")?;
        Ok(hex::encode(mark.get(..16).unwrap_or_default()))
    }
}

/// Fill with random bytes of the system.
pub(crate) fn random(bytes: &mut [u8]) -> Result<(), Error> {
    getrandom::fill(bytes).map_err(|_| Error::Disk { step: Step::Key, kind: io::ErrorKind::Other })
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    #[test]
    fn a_key_file_is_its_owners_alone_and_never_overwritten() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("keys/store.key");
        assert!(matches!(StoreKey::load(&path), Err(Error::KeyMissing)));
        let made = StoreKey::create(&path).unwrap();
        assert_eq!(fs::metadata(&path).unwrap().mode() & 0o777, 0o600);
        assert_eq!(StoreKey::load(&path).unwrap().bytes(), made.bytes());
        assert!(StoreKey::create(&path).is_err());
        for mode in [0o640, 0o604, 0o660] {
            fs::set_permissions(&path, fs::Permissions::from_mode(mode)).unwrap();
            assert!(matches!(StoreKey::load(&path), Err(Error::KeyExposed)), "{mode:o}");
        }
        fs::set_permissions(&path, fs::Permissions::from_mode(0o600)).unwrap();
        fs::write(&path, "not a key").unwrap();
        assert!(matches!(StoreKey::load(&path), Err(Error::KeyMalformed)));
        assert!(!format!("{made:?}").contains(&hex::encode(made.bytes())));
    }

    #[test]
    fn entries_with_other_salts_have_other_keys() {
        let key = StoreKey(Zeroizing::new([7; 32]));
        let (one, two) = (key.entry(&[1; SALT]).unwrap(), key.entry(&[2; SALT]).unwrap());
        assert_ne!(one.reveal().as_str(), two.reveal().as_str());
        assert_eq!(one.reveal().as_str(), key.entry(&[1; SALT]).unwrap().reveal().as_str());
    }
}
