//! What the pre-scan knows about elements: a few tags, how VRs write their length, and what is found.

use deid::PatientDigests;
use dicom::Vr;
use store::PixelData;

pub(crate) const CHARACTER_SET: u32 = 0x0008_0005;
pub(crate) const SOP_CLASS: u32 = 0x0008_0016;
pub(crate) const SOP_INSTANCE: u32 = 0x0008_0018;
pub(crate) const MODALITY: u32 = 0x0008_0060;
pub(crate) const PATIENT_NAME: u32 = 0x0010_0010;
pub(crate) const PATIENT_ID: u32 = 0x0010_0020;
pub(crate) const ISSUER: u32 = 0x0010_0021;
/// Issuer of Patient ID Qualifiers Sequence; Universal Entity ID and its type stand in its item.
pub(crate) const ISSUER_QUALIFIERS: u32 = 0x0010_0024;
pub(crate) const ISSUER_ENTITY: u32 = 0x0040_0032;
pub(crate) const ISSUER_ENTITY_TYPE: u32 = 0x0040_0033;
pub(crate) const BIRTH_DATE: u32 = 0x0010_0030;
pub(crate) const STUDY: u32 = 0x0020_000D;
pub(crate) const SERIES: u32 = 0x0020_000E;
/// Pixel Data, Float Pixel Data, Double Float Pixel Data.
pub(crate) const PIXELS: [u32; 3] = [0x7FE0_0010, 0x7FE0_0008, 0x7FE0_0009];
pub(crate) const ITEM: u32 = 0xFFFE_E000;
pub(crate) const ITEM_END: u32 = 0xFFFE_E00D;
pub(crate) const SEQUENCE_END: u32 = 0xFFFE_E0DD;

/// What the walk found. Identifying: for filing, never for logs.
#[derive(Clone, Default, PartialEq, Eq)]
pub(crate) struct Found {
    pub(crate) sop_class: Option<String>,
    pub(crate) sop_instance: Option<String>,
    pub(crate) study: Option<String>,
    pub(crate) series: Option<String>,
    pub(crate) modality: Option<String>,
    pub(crate) pixel_data: Option<PixelData>,
    /// Whose it is, digested; `None` when it does not say.
    pub(crate) patient: Option<PatientDigests>,
    /// Elements and items passed.
    pub(crate) elements: u64,
    /// Whether the walk reached the end without surprise.
    pub(crate) ok: bool,
}

/// Whether two bytes may be a VR: letters as the standard writes them, or its own in the wrong case.
pub(crate) fn is_vr(vr: [u8; 2]) -> bool {
    vr.iter().all(u8::is_ascii_uppercase) || Vr::from_bytes(vr).is_some()
}

/// A VR of the current standard, in its own case.
pub(crate) fn is_standard_vr(vr: [u8; 2]) -> bool {
    vr.iter().all(u8::is_ascii_uppercase) && Vr::from_bytes(vr).is_some()
}

/// Whether a VR has a 32-bit length after two reserved bytes; `next_two` is what stands there.
pub(crate) fn has_long_length(vr: [u8; 2], next_two: u16) -> bool {
    Vr::is_long_header(Vr::from_bytes(vr), next_two.to_le_bytes())
}
