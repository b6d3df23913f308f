//! Identifying columns at rest: sealed by AES-256-GCM, found through a keyed blind index.
//!
//! Both keys of a column are derived from the store's key (HKDF-SHA-256, RFC 5869), one pair for each column.
//! A sealed value is text, `s1.` and base64 of nonce (12 bytes), ciphertext and tag (16 bytes); the plain text is
//! padded to a multiple of 16 bytes, so that lengths say little. The associated data binds table, column and row:
//! a value moved elsewhere does not open. An index is HMAC-SHA-256 cut to 128 bits, in hex: equal texts of one
//! column have equal indexes, and without the key nobody can tell which text. Empty text stays empty.
//!
//! A room of the ledger that adds an identifying column seals what it writes, opens what it reads, and names the
//! column in `columns::COLUMNS`.

use std::fmt;

use aes_gcm::aead::{Aead, Payload};
use aes_gcm::{Aes256Gcm, KeyInit};
use base64::Engine;
use base64::engine::general_purpose::STANDARD_NO_PAD;
use hkdf::Hkdf;
use hmac::{Hmac, Mac};
use sha2::Sha256;
use zeroize::Zeroizing;

use crate::error::{Error, Result};

/// First characters of every sealed value.
const MARK: &str = "s1.";
const NONCE: usize = 12;
/// Plain text is padded to a multiple of this.
const PAD: usize = 16;
/// Bytes of an index.
const INDEX: usize = 16;

/// A column that is sealed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Column {
    /// Its table.
    pub table: &'static str,
    /// Its name.
    pub name: &'static str,
}

impl Column {
    /// A column by table and name.
    #[must_use]
    pub const fn new(table: &'static str, name: &'static str) -> Self {
        Self { table, name }
    }
}

/// Seals and opens the ledger's identifying columns. Wiped when dropped; `Debug` shows a stub.
pub struct Sealer {
    root: Zeroizing<[u8; 32]>,
}

impl fmt::Debug for Sealer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Sealer(..)")
    }
}

impl Sealer {
    /// From the 32 bytes of the store's key file.
    #[must_use]
    pub fn new(store_key: &[u8; 32]) -> Self {
        let (root, _) = Hkdf::<Sha256>::extract(Some(b"scanside ledger columns 1"), store_key);
        Self { root: Zeroizing::new(root.into()) }
    }

    fn key(&self, purpose: &str, column: Column) -> Result<Zeroizing<[u8; 32]>> {
        self.derive(&[purpose.as_bytes(), &[0], column.table.as_bytes(), &[0], column.name.as_bytes()])
    }

    fn derive(&self, info: &[&[u8]]) -> Result<Zeroizing<[u8; 32]>> {
        let mut key = Zeroizing::new([0_u8; 32]);
        Hkdf::<Sha256>::from_prk(self.root.as_slice())
            .map_err(|_| Error::Row("key"))?
            .expand_multi_info(info, key.as_mut_slice())
            .map_err(|_| Error::Row("key"))?;
        Ok(key)
    }

    /// The cipher of one sealed copy of the file.
    pub(super) fn copies(&self, salt: &[u8]) -> Result<Aes256Gcm> {
        let key = self.derive(&[b"copy", &[0], salt])?;
        Aes256Gcm::new_from_slice(key.as_slice()).map_err(|_| Error::Row("key"))
    }

    fn cipher(&self, column: Column) -> Result<Aes256Gcm> {
        let key = self.key("seal", column)?;
        Aes256Gcm::new_from_slice(key.as_slice()).map_err(|_| Error::Row("key"))
    }

    /// Seals a text for one row of a column. `row` is what names the row and never changes.
    ///
    /// # Errors
    /// [`Error::Database`] when the system gives no randomness.
    pub fn seal(&self, column: Column, row: &str, text: &str) -> Result<String> {
        if text.is_empty() {
            return Ok(String::new());
        }
        let mut plain = Zeroizing::new(text.as_bytes().to_vec());
        plain.push(0x80);
        while !plain.len().is_multiple_of(PAD) {
            plain.push(0);
        }
        let mut nonce = [0_u8; NONCE];
        getrandom::fill(&mut nonce).map_err(|_| Error::Database("no randomness"))?;
        let aad = bound(column, row);
        let sealed = self
            .cipher(column)?
            .encrypt(&nonce.into(), Payload { msg: &plain, aad: &aad })
            .map_err(|_| Error::Row("sealed value"))?;
        let mut bytes = nonce.to_vec();
        bytes.extend_from_slice(&sealed);
        Ok(format!("{MARK}{}", STANDARD_NO_PAD.encode(bytes)))
    }

    /// Opens what [`Self::seal`] made for this row of this column.
    ///
    /// # Errors
    /// [`Error::Row`] when it was altered, moved, never sealed, or sealed under another key.
    pub fn open(&self, column: Column, row: &str, sealed: &str) -> Result<String> {
        const BAD: Error = Error::Row("a sealed value does not open");
        if sealed.is_empty() {
            return Ok(String::new());
        }
        let bytes = STANDARD_NO_PAD.decode(sealed.strip_prefix(MARK).ok_or(BAD)?).map_err(|_| BAD)?;
        let (nonce, cipher) = bytes.split_first_chunk::<NONCE>().ok_or(BAD)?;
        let aad = bound(column, row);
        let plain = self
            .cipher(column)?
            .decrypt(&(*nonce).into(), Payload { msg: cipher, aad: &aad })
            .map_err(|_| BAD)?;
        let plain = Zeroizing::new(plain);
        let end =
            plain.iter().rposition(|b| *b != 0).filter(|at| plain.get(*at) == Some(&0x80)).ok_or(BAD)?;
        let text = plain.get(..end).unwrap_or_default().to_vec();
        String::from_utf8(text).map_err(|_| BAD)
    }

    /// A peer's pseudonym in the audit.
    pub(super) fn peer(&self, title: &str) -> Result<String> {
        let index = self.index(Column::new("audit", "who"), title)?;
        Ok(format!("AE-{}", index.get(..12).unwrap_or_default()))
    }

    /// The blind index of a text in a column: 32 hex characters, equal for equal texts.
    ///
    /// # Errors
    /// None that can be reached.
    pub fn index(&self, column: Column, text: &str) -> Result<String> {
        let key = self.key("index", column)?;
        let mut mac =
            <Hmac<Sha256> as hmac::KeyInit>::new_from_slice(key.as_slice()).map_err(|_| Error::Row("key"))?;
        mac.update(text.as_bytes());
        let whole = mac.finalize().into_bytes();
        Ok(hex::encode(whole.get(..INDEX).unwrap_or_default()))
    }
}

/// Associated data: table, column and row, each with its length, so that no two places look the same.
fn bound(column: Column, row: &str) -> Vec<u8> {
    let mut out = Vec::new();
    for part in [column.table, column.name, row] {
        out.extend_from_slice(&(part.len() as u64).to_be_bytes());
        out.extend_from_slice(part.as_bytes());
    }
    out
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]
    use super::*;

    const NAME: Column = Column::new("studies", "patient_name");
    const UID: Column = Column::new("studies", "uid");

    #[test]
    fn what_is_sealed_opens_only_in_its_place_under_its_key() {
        let sealer = Sealer::new(&[7; 32]);
        for text in ["", "A", "PLANTED^NAME", "Grüße\u{0}x", &"long ".repeat(100), "ends in zeros\0\0"] {
            let sealed = sealer.seal(NAME, "row", text).unwrap();
            assert_eq!(sealer.open(NAME, "row", &sealed).unwrap(), text);
            if !text.is_empty() {
                assert!(sealed.starts_with(MARK) && (sealed.len() > 30));
                assert_ne!(sealed, sealer.seal(NAME, "row", text).unwrap(), "a nonce was used twice");
                assert!(sealer.open(NAME, "other", &sealed).is_err(), "another row");
                assert!(sealer.open(UID, "row", &sealed).is_err(), "another column");
                assert!(Sealer::new(&[8; 32]).open(NAME, "row", &sealed).is_err(), "another key");
            }
        }
        assert!(sealer.open(NAME, "row", "PLANTED^NAME").is_err(), "plain text is not taken for sealed");
    }

    #[test]
    fn every_altered_character_is_noticed() {
        let sealer = Sealer::new(&[7; 32]);
        let sealed = sealer.seal(NAME, "row", "PLANTED^NAME").unwrap();
        for at in 0..sealed.len() {
            let mut bytes = sealed.clone().into_bytes();
            bytes[at] = if bytes[at] == b'A' { b'B' } else { b'A' };
            let altered = String::from_utf8(bytes).unwrap();
            assert!(sealer.open(NAME, "row", &altered).is_err(), "character {at}");
        }
    }

    #[test]
    fn an_index_is_equal_for_equal_texts_of_one_column_and_key() {
        let sealer = Sealer::new(&[7; 32]);
        let index = sealer.index(UID, "1.2.3").unwrap();
        assert_eq!(index.len(), 32);
        assert_eq!(index, Sealer::new(&[7; 32]).index(UID, "1.2.3").unwrap());
        assert_ne!(index, sealer.index(UID, "1.2.4").unwrap());
        assert_ne!(index, sealer.index(NAME, "1.2.3").unwrap());
        assert_ne!(index, Sealer::new(&[8; 32]).index(UID, "1.2.3").unwrap());
    }

    #[test]
    fn lengths_and_the_key_do_not_show() {
        let sealer = Sealer::new(&[7; 32]);
        let (short, longer) =
            (sealer.seal(UID, "r", "1.2").unwrap(), sealer.seal(UID, "r", "1.2.3.4.5.6").unwrap());
        assert_eq!(short.len(), longer.len());
        assert_eq!(format!("{sealer:?}"), "Sealer(..)");
    }
}
