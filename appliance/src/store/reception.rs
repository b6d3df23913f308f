//! What is known about one received instance, and the fixed header region that carries it on disk.
use std::fmt;

use serde::{Deserialize, Serialize};

use super::error::Error;
use super::id::{Digest, Id};

/// Length of the header region; the data set starts right after it, aligned to a page.
pub const HEADER_LENGTH: usize = 4096;
/// First bytes of every entry.
pub const MAGIC: &[u8; 16] = b"SCANSIDE-ENTRY 1";
const JSON_AT: usize = 16 + 4 + 32;
/// Longest text field a header takes; the wire's own limits (64 for a UID, 16 for a title) are below it.
const TEXT_LIMIT: usize = 64;

/// Where the top-level Pixel Data is, as the pre-scan saw it pass.
///
/// Offsets count from the first byte of the data set (of the inflated one for a deflated transfer syntax).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PixelData {
    /// First byte after the element's header.
    pub offset: u64,
    /// Bytes of the value; for encapsulated data up to the sequence delimiter.
    pub length: u64,
    /// Fragments of encapsulated data, the offset table item included; 0 for native data.
    pub fragments: u64,
}

/// All that reception knew about an instance; instance rows are rebuilt from it.
///
/// `Debug` prints a stub: the fields are identifying.
#[derive(Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Reception {
    /// Our name of the entry (set by `Incoming::commit`).
    pub id: Id,
    /// SOP Class UID (0008,0016).
    pub sop_class: String,
    /// SOP Instance UID (0008,0018).
    pub sop_instance_uid: String,
    /// Study Instance UID (0020,000D).
    pub study_uid: String,
    /// Series Instance UID (0020,000E).
    pub series_uid: String,
    /// Modality (0008,0060), or empty.
    pub modality: String,
    /// Transfer syntax UID as negotiated for the presentation context.
    pub transfer_syntax: String,
    /// The peer's AE title.
    pub calling_ae: String,
    /// The AE title it called.
    pub called_ae: String,
    /// The peer's IP address.
    pub address: String,
    /// Number of the association, unique over restarts.
    pub association: u64,
    /// Arrival of the last byte, milliseconds since 1970 UTC.
    pub arrived: i64,
    /// Bytes of the data set (set by `Incoming::commit`).
    pub length: u64,
    /// BLAKE3 of the data set (set by `Incoming::commit`).
    pub digest: Digest,
    /// Whether the pre-scan followed the data set to its end without surprise.
    pub prescan_ok: bool,
    /// The top-level Pixel Data, when the pre-scan saw it.
    pub pixel_data: Option<PixelData>,
}

impl fmt::Debug for Reception {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Reception")
            .field("id", &self.id)
            .field("length", &self.length)
            .finish_non_exhaustive()
    }
}

impl Reception {
    /// The header region: magic, JSON length (u32 little endian), BLAKE3 of the JSON, JSON, zeros.
    ///
    /// # Errors
    /// `HeaderTooLong` when a field is longer than the standard allows.
    pub(crate) fn to_header(&self) -> Result<Vec<u8>, Error> {
        let texts = [
            &self.sop_class,
            &self.sop_instance_uid,
            &self.study_uid,
            &self.series_uid,
            &self.modality,
            &self.transfer_syntax,
            &self.calling_ae,
            &self.called_ae,
            &self.address,
        ];
        if texts.iter().any(|text| text.len() > TEXT_LIMIT) {
            return Err(Error::HeaderTooLong);
        }
        let json = serde_json::to_vec(self).map_err(|_| Error::HeaderTooLong)?;
        if JSON_AT + json.len() > HEADER_LENGTH {
            return Err(Error::HeaderTooLong);
        }
        let mut header = Vec::with_capacity(HEADER_LENGTH);
        header.extend_from_slice(MAGIC);
        header.extend_from_slice(&(json.len() as u32).to_le_bytes());
        header.extend_from_slice(blake3::hash(&json).as_bytes());
        header.extend_from_slice(&json);
        header.resize(HEADER_LENGTH, 0);
        Ok(header)
    }

    /// Read a header region back; every byte of it is checked.
    ///
    /// # Errors
    /// `Damaged` for anything that `to_header` would not have written.
    pub(crate) fn from_header(header: &[u8]) -> Result<Reception, Error> {
        let damaged = || Error::Damaged("header");
        if header.len() != HEADER_LENGTH || !header.starts_with(MAGIC) {
            return Err(damaged());
        }
        let length = header.get(16..20).and_then(|b| b.try_into().ok()).map(u32::from_le_bytes);
        let end = JSON_AT.saturating_add(length.ok_or_else(damaged)? as usize);
        let json = header.get(JSON_AT..end).ok_or_else(damaged)?;
        let padding = header.get(end..).ok_or_else(damaged)?;
        if header.get(20..JSON_AT) != Some(blake3::hash(json).as_bytes().as_slice())
            || padding.iter().any(|b| *b != 0)
        {
            return Err(damaged());
        }
        serde_json::from_slice(json).map_err(|_| damaged())
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::indexing_slicing)]
    use super::*;

    fn sample() -> Reception {
        Reception {
            sop_class: "1.2.840.10008.5.1.4.1.1.2".into(),
            sop_instance_uid: "1.2.3".into(),
            calling_ae: "PLANTED^NAME".into(),
            pixel_data: Some(PixelData { offset: 9, length: 8, fragments: 2 }),
            ..Reception::default()
        }
    }

    #[test]
    fn a_header_reads_back_and_fits_with_every_field_at_its_longest() {
        assert_eq!(Reception::from_header(&sample().to_header().unwrap()).unwrap(), sample());
        let long = "\"".repeat(TEXT_LIMIT);
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
            pixel_data: Some(PixelData { offset: u64::MAX, length: u64::MAX, fragments: u64::MAX }),
            ..Reception::default()
        };
        assert_eq!(Reception::from_header(&widest.to_header().unwrap()).unwrap(), widest);
        let over = Reception { modality: "x".repeat(TEXT_LIMIT + 1), ..Reception::default() };
        assert!(matches!(over.to_header(), Err(Error::HeaderTooLong)));
    }

    #[test]
    fn every_flipped_bit_of_a_header_is_found() {
        let good = sample().to_header().unwrap();
        for at in 0..good.len() {
            let mut bad = good.clone();
            bad[at] ^= 1 << (at % 8);
            assert!(Reception::from_header(&bad).is_err(), "byte {at}");
        }
    }

    #[test]
    fn debug_prints_no_identity() {
        assert!(!format!("{:?}", sample()).contains("PLANTED"));
    }
}
