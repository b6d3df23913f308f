//! Storage SOP classes that are taken: PS3.4 table B.5-1 with its retired members, private ones, and Verification.
//!
//! Classes of the Non-Patient Object Storage service (PS3.4 annex GG: protocols, palettes, templates,
//! inventories) belong to another service and to no study; they are not offered.

use super::registry::{OTHER_SOP_CLASSES, STORAGE_SOP_CLASSES};

/// Verification SOP class (PS3.4 annex A).
pub const VERIFICATION: &str = "1.2.840.10008.1.1";

/// Modality Performed Procedure Step SOP Class (PS3.4 F.7).
pub const MODALITY_PERFORMED_PROCEDURE_STEP: &str = "1.2.840.10008.3.1.2.3.3";

/// Whether we take instances of this class: standard, or private by configuration (a UID, or a prefix that
/// ends in a dot).
pub fn is_storage(uid: &str, private: &[String]) -> bool {
    is_standard_storage(uid) || matches(uid, private)
}

/// Whether the class is of the standard's Storage service.
pub fn is_standard_storage(uid: &str) -> bool {
    storage_name(uid).is_some()
}

/// The standard's name of a storage SOP class.
fn storage_name(uid: &str) -> Option<&'static str> {
    STORAGE_SOP_CLASSES.iter().find(|(known, _)| *known == uid).map(|(_, name)| *name)
}

/// The standard's name of any SOP class.
pub fn class_name(uid: &str) -> Option<&'static str> {
    let other = || OTHER_SOP_CLASSES.iter().find(|(known, _)| *known == uid).map(|(_, name)| *name);
    storage_name(uid).or_else(other)
}

/// Whether a UID is in a configured list of UIDs and prefixes.
pub fn matches(uid: &str, list: &[String]) -> bool {
    list.iter().any(|entry| uid == entry || entry.ends_with('.') && uid.starts_with(entry.as_str()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_is_in_order_and_holds_what_scanners_send() {
        let key = |uid: &str| uid.split('.').filter_map(|part| part.parse::<u64>().ok()).collect::<Vec<_>>();
        let mut before: Vec<u64> = Vec::new();
        for (uid, name) in STORAGE_SOP_CLASSES {
            assert!(key(uid) > before, "{name}");
            assert!(name.contains("Storage"), "{name}");
            before = key(uid);
        }
        for uid in
            ["1.2.840.10008.5.1.4.1.1.1.1", "1.2.840.10008.5.1.4.1.1.2", "1.2.840.10008.5.1.4.1.1.88.67"]
        {
            assert!(is_storage(uid, &[]));
        }
        for uid in [VERIFICATION, "1.2.840.10008.5.1.4.1.2.1.1", "1.2.840.10008.5.1.4.1.1", ""] {
            assert!(!is_storage(uid, &[]), "{uid}");
        }
    }

    #[test]
    fn the_table_agrees_with_another_transcription_of_the_standard() {
        use dicom_dictionary_std::uids;
        for uid in [
            uids::COMPUTED_RADIOGRAPHY_IMAGE_STORAGE,
            uids::ENHANCED_CT_IMAGE_STORAGE,
            uids::LABEL_MAP_SEGMENTATION_STORAGE,
            uids::HEIGHT_MAP_SEGMENTATION_STORAGE,
            uids::WAVEFORM_PRESENTATION_STATE_STORAGE,
            uids::PHOTOACOUSTIC_IMAGE_STORAGE,
            uids::ENCAPSULATED_PDF_STORAGE,
            uids::ULTRASOUND_WAVEFORM_STORAGE,
            uids::RT_BRACHY_APPLICATION_SETUP_DELIVERY_INSTRUCTION_STORAGE,
        ] {
            assert!(is_standard_storage(uid), "{uid}");
        }
        for uid in [
            uids::STORAGE_COMMITMENT_PUSH_MODEL,
            uids::MEDIA_STORAGE_DIRECTORY_STORAGE,
            uids::INVENTORY_STORAGE,
            uids::COLOR_PALETTE_STORAGE,
            uids::HANGING_PROTOCOL_STORAGE,
        ] {
            assert!(!is_standard_storage(uid) && class_name(uid).is_some(), "{uid}");
        }
        assert_eq!(STORAGE_SOP_CLASSES.len(), 202);
    }

    #[test]
    fn private_classes_are_taken_by_uid_or_prefix() {
        let private = ["1.3.12.2.1107.5.9.".to_owned(), "1.2.3".to_owned()];
        assert!(is_storage("1.3.12.2.1107.5.9.1", &private));
        assert!(is_storage("1.2.3", &private));
        assert!(!is_storage("1.2.3.4", &private));
        assert!(!is_storage("1.3.12.2.1107.5.99", &private));
    }
}
