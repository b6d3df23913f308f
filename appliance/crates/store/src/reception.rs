//! What is known about one received instance, and how entries of format 1 carried it.
use std::fmt;
use std::fs::File;

use serde::{Deserialize, Serialize};

use super::error::{Error, Step};
use super::id::{Digest, Id};
use dicom::ReadAt;

/// Length of the header of an entry; the data set starts right after it, aligned to a page.
pub(crate) const HEADER_LENGTH: usize = 4096;
/// First bytes of every plain entry (format 1).
pub(crate) const PLAIN_MAGIC: &[u8; 16] = b"SCANSIDE-ENTRY 1";
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
    /// Whose it is, as `deid::Whose` writes it, or BLAKE3 of the raw values where an earlier version received it; `None` when
    /// it does not say. Identifying.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub identity: Option<String>,
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
    /// As JSON, for a header page.
    ///
    /// # Errors
    /// `HeaderTooLong` when a field is longer than the standard allows.
    pub(crate) fn to_json(&self) -> Result<Vec<u8>, Error> {
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
        serde_json::to_vec(self).map_err(|_| Error::HeaderTooLong)
    }

    /// Read the header region of an entry of format 1 (plain: magic, JSON length as u32 little endian, BLAKE3 of the
    /// JSON, JSON, zeros); every byte of it is checked. No such entry is written any more.
    ///
    /// # Errors
    /// `Damaged` for anything that was never written so.
    pub(crate) fn from_plain_header(header: &[u8]) -> Result<Reception, Error> {
        let damaged = || Error::Damaged("header");
        if header.len() != HEADER_LENGTH || !header.starts_with(PLAIN_MAGIC) {
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

/// Header and length of a plain entry.
pub(super) fn read_plain(file: &File, id: Id) -> Result<Reception, Error> {
    let mut header = vec![0; HEADER_LENGTH];
    file.read_exact_at(&mut header, 0).map_err(|_| Error::Damaged("header"))?;
    let reception = Reception::from_plain_header(&header)?;
    let length = file.metadata().map_err(Error::disk(Step::Read))?.len();
    if reception.id != id {
        return Err(Error::Damaged("name"));
    }
    if length != (HEADER_LENGTH as u64).saturating_add(reception.length) {
        return Err(Error::Damaged("length"));
    }
    Ok(reception)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn debug_prints_no_identity() {
        let planted = Reception { calling_ae: "PLANTED^NAME".into(), ..Reception::default() };
        assert!(!format!("{planted:?}").contains("PLANTED"));
    }
}
