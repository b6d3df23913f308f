//! The data dictionary of PS3.6 as we use it: the VR of a tag, and whether the standard knows it.
use super::tag::Tag;
use super::vr::Vr;
use dicom_core::dictionary::{DataDictionary, DataDictionaryEntry, VirtualVr};
use dicom_dictionary_std::StandardDataDictionary;

fn entry(tag: Tag) -> Option<&'static dicom_core::dictionary::DataDictionaryEntryRef<'static>> {
    StandardDataDictionary.by_tag(dicom_core::Tag(tag.group(), tag.element()))
}

/// The VR of a tag for implicit VR and for UN. Context dependent ones become US (pixel values) or OW.
/// Private creators are LO, group lengths UL, everything unknown UN.
pub fn vr_of(tag: Tag) -> Vr {
    if tag.is_private() {
        return if tag.is_private_creator() { Vr::LO } else { Vr::UN };
    }
    if tag.is_group_length() {
        return Vr::UL;
    }
    match entry(tag).map(|e| e.vr()) {
        Some(VirtualVr::Exact(vr)) => Vr::from_bytes(vr.to_bytes()).unwrap_or(Vr::UN),
        Some(VirtualVr::Xs) => Vr::US,
        Some(_) => Vr::OW,
        None => Vr::UN,
    }
}

/// The standard's dictionary has this tag (repeating groups included, private and group lengths not).
pub fn is_known(tag: Tag) -> bool {
    !tag.is_private() && !tag.is_group_length() && entry(tag).is_some()
}

/// The keyword of PS3.6, for reports: attribute names are no values.
pub fn keyword(tag: Tag) -> Option<&'static str> {
    if tag.is_private() { None } else { entry(tag).map(|e| e.alias()) }
}

/// The tag that a person means: `0008,1010`, `(0008,1010)` or the keyword of PS3.6.
pub fn tag_of(text: &str) -> Option<Tag> {
    let text = text.trim().trim_start_matches('(').trim_end_matches(')');
    if let Some((group, element)) = text.split_once(',') {
        let hex = |part: &str| (part.len() == 4).then(|| u16::from_str_radix(part, 16).ok()).flatten();
        return Some(Tag::new(hex(group)?, hex(element)?));
    }
    let tag = StandardDataDictionary.by_name(text)?.tag.inner();
    Some(Tag::new(tag.0, tag.1))
}
