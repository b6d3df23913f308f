//! The header page of a sealed entry: magic, name and salt in plain, what reception knew encrypted.
//!
//! ```text
//! 0     16  magic "SCANSIDE-ENTRY 2"
//! 16    16  name of the entry: random, and where it lies
//! 32    32  random salt of the entry's key
//! 64  4016  encrypted: JSON length (u32 little endian), JSON, zeros
//! 4080  16  tag; the associated data is magic, name and salt
//! ```

use super::encryption::{EntryKey, TAG};
use super::error::Error;
use super::id::Id;
use super::key::{SALT, StoreKey};
use super::reception::{HEADER_LENGTH, Reception};

/// First bytes of every sealed entry.
pub(crate) const MAGIC: &[u8; 16] = b"SCANSIDE-ENTRY 2";
const NAME_AT: usize = 16;
const SEALED_AT: usize = 32 + SALT;
const CONTENT: usize = HEADER_LENGTH - SEALED_AT - TAG;

/// Write a header page.
///
/// # Errors
/// `HeaderTooLong` when a field is longer than the standard allows; `Seal`.
pub(crate) fn write(reception: &Reception, key: &EntryKey, salt: &[u8; SALT]) -> Result<Vec<u8>, Error> {
    let json = reception.to_json()?;
    if json.len() + 4 > CONTENT {
        return Err(Error::HeaderTooLong);
    }
    let mut page = Vec::with_capacity(HEADER_LENGTH);
    page.extend_from_slice(MAGIC);
    page.extend_from_slice(reception.id.as_bytes());
    page.extend_from_slice(salt);
    let bound = page.clone();
    page.extend_from_slice(&(json.len() as u32).to_le_bytes());
    page.extend_from_slice(&json);
    page.resize(SEALED_AT + CONTENT, 0);
    let tag = key.seal_header(&bound, page.get_mut(SEALED_AT..).unwrap_or_default())?;
    page.extend_from_slice(&tag);
    Ok(page)
}

/// Whether a page may be the header of the entry that the bytes of this name's `place` announce: by its magic or by
/// its place, so that no single flipped bit hides an entry.
pub(crate) fn resembles(page: &[u8], place: &[u8]) -> bool {
    page.starts_with(MAGIC) || page.get(NAME_AT..).is_some_and(|rest| rest.starts_with(place))
}

/// The name that a page says it belongs to.
pub(crate) fn name(page: &[u8]) -> Option<Id> {
    page.get(NAME_AT..NAME_AT + 16).and_then(|bytes| bytes.try_into().ok()).map(Id::from_bytes)
}

/// Open a header page; every bit of it is verified.
///
/// # Errors
/// `Damaged`.
pub(crate) fn open(page: &[u8], key: &StoreKey) -> Result<(Reception, EntryKey), Error> {
    let damaged = || Error::Damaged("header");
    if page.len() != HEADER_LENGTH || !page.starts_with(MAGIC) {
        return Err(damaged());
    }
    let (bound, sealed) = page.split_at(SEALED_AT);
    let salt = bound.last_chunk::<SALT>().ok_or_else(damaged)?;
    let key = key.entry(salt)?;
    let content = key.open_header(bound, sealed).map_err(|_| damaged())?;
    let (length, rest) = content.split_first_chunk::<4>().ok_or_else(damaged)?;
    let json = rest.get(..u32::from_le_bytes(*length) as usize).ok_or_else(damaged)?;
    let reception: Reception = serde_json::from_slice(json).map_err(|_| damaged())?;
    // The name in plain is bound to the page; the one inside was written by the same hand.
    if Some(reception.id) != name(page) {
        return Err(damaged());
    }
    Ok((reception, key))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::indexing_slicing)]
    use super::*;

    fn sample() -> (Reception, StoreKey, tempfile::TempDir) {
        let folder = tempfile::tempdir().unwrap();
        let key = StoreKey::create(&folder.path().join("k")).unwrap();
        (Reception { calling_ae: "PLANTED^NAME".into(), ..Reception::default() }, key, folder)
    }

    #[test]
    fn a_page_reads_back_shows_no_identity_and_every_flipped_bit_is_found() {
        let (reception, key, _folder) = sample();
        let good = write(&reception, &key.entry(&[3; SALT]).unwrap(), &[3; SALT]).unwrap();
        assert_eq!(good.len(), HEADER_LENGTH);
        assert_eq!(open(&good, &key).unwrap().0, reception);
        assert!(!good.windows(7).any(|bytes| bytes == b"PLANTED"));
        for at in 0..good.len() {
            let mut bad = good.clone();
            bad[at] ^= 1 << (at % 8);
            assert!(open(&bad, &key).is_err(), "byte {at}");
            assert!(resembles(&bad, &[0; 12]), "byte {at}");
        }
    }

    #[test]
    fn every_field_at_its_longest_fits() {
        let (_, key, _folder) = sample();
        let long = "\"".repeat(64);
        let widest = Reception {
            sop_class: long.clone(),
            sop_instance_uid: long.clone(),
            study_uid: long.clone(),
            series_uid: long.clone(),
            modality: long.clone(),
            transfer_syntax: long.clone(),
            calling_ae: long.clone(),
            called_ae: long.clone(),
            address: long,
            association: u64::MAX,
            arrived: i64::MIN,
            length: u64::MAX,
            ..Reception::default()
        };
        let page = write(&widest, &key.entry(&[0; SALT]).unwrap(), &[0; SALT]).unwrap();
        assert_eq!(open(&page, &key).unwrap().0, widest);
        let over = Reception { modality: "x".repeat(65), ..Reception::default() };
        assert!(matches!(
            write(&over, &key.entry(&[0; SALT]).unwrap(), &[0; SALT]),
            Err(Error::HeaderTooLong)
        ));
    }
}
