//! Holds: what makes an instance wait for a person instead of leaving.
use super::context::{SeriesShape, StudyContext};
use super::policy::Policy;
use super::terms::OptionSet;
use dicom::{DataSet, FileMeta, Tag, Value, tags};
use std::fmt;

/// Why an instance is held. `Display` says it in words without identity.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum HoldReason {
    /// Secondary capture, or an image digitised or taken off a screen.
    SecondaryCapture,
    /// Ultrasound: text is usually in the pixels.
    Ultrasound,
    /// Modality OT or none.
    OtherModality,
    /// Burned In Annotation says YES.
    BurnedInAnnotation,
    /// Recognizable Visual Features says YES.
    RecognizableFeatures,
    /// Photographs and endoscopy: a face or a label may be seen.
    VisibleLight,
    /// Structured report whose words a policy keeps: they may name others than the study's own people.
    StructuredReport,
    /// Video.
    Video,
    /// A kind of object that the profile of this software does not know.
    UnknownSopClass,
    /// An overlay lies in unused bits of the pixels.
    OverlayInPixels,
    /// A head volume with slices under 3 mm, or of unknown thickness: a face can be rendered.
    FaceInVolume,
    /// The instance ends early or its pixels are not as declared.
    PixelsNotAsDeclared,
    /// Instances of the study name different patients.
    SeveralPatients,
    /// Something that looks like words was found in the pixels.
    TextInPixels,
}

impl HoldReason {
    /// Whether it is about text in the pixels, which blacking it out settles.
    pub fn is_text_in_pixels(self) -> bool {
        use HoldReason::{BurnedInAnnotation, OtherModality, SecondaryCapture, TextInPixels, Ultrasound};
        matches!(self, SecondaryCapture | Ultrasound | OtherModality | BurnedInAnnotation | TextInPixels)
    }

    /// Stable short name for records.
    pub fn code(self) -> &'static str {
        match self {
            HoldReason::SecondaryCapture => "secondary-capture",
            HoldReason::Ultrasound => "ultrasound",
            HoldReason::OtherModality => "other-modality",
            HoldReason::BurnedInAnnotation => "burned-in-annotation",
            HoldReason::RecognizableFeatures => "recognizable-features",
            HoldReason::VisibleLight => "visible-light",
            HoldReason::StructuredReport => "structured-report",
            HoldReason::Video => "video",
            HoldReason::UnknownSopClass => "unknown-sop-class",
            HoldReason::OverlayInPixels => "overlay-in-pixels",
            HoldReason::FaceInVolume => "face-in-volume",
            HoldReason::PixelsNotAsDeclared => "pixels-not-as-declared",
            HoldReason::SeveralPatients => "several-patients",
            HoldReason::TextInPixels => "text-in-pixels",
        }
    }
}

impl fmt::Display for HoldReason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            HoldReason::SecondaryCapture => {
                "Secondary capture or screen shot: identity may be in the pixels."
            }
            HoldReason::Ultrasound => "Ultrasound: identity is usually written into the pixels.",
            HoldReason::OtherModality => "Other or unnamed modality: identity may be in the pixels.",
            HoldReason::BurnedInAnnotation => "The sender says that annotation is burned into the pixels.",
            HoldReason::RecognizableFeatures => "The sender says that the person can be recognised.",
            HoldReason::VisibleLight => "Photograph: a face or a label may be seen.",
            HoldReason::StructuredReport => "Structured report: its free text is not examined.",
            HoldReason::Video => "Video: its frames are not examined.",
            HoldReason::UnknownSopClass => "A kind of object that this version does not de-identify.",
            HoldReason::OverlayInPixels => "An overlay lies inside the pixel values.",
            HoldReason::FaceInVolume => "Head volume with slices under 3 mm: a face could be rendered.",
            HoldReason::PixelsNotAsDeclared => "The pixels are not as the header declares them.",
            HoldReason::SeveralPatients => "Instances of this study name different patients.",
            HoldReason::TextInPixels => "Words seem to be written into the pixels.",
        })
    }
}

/// SOP classes whose images are not held by their class (PS3.4 table B.5-1), as suffixes of the storage root.
const IMAGE_CLASSES: [&str; 30] = [
    "1", "1.1", "1.1.1", "1.2", "1.2.1", "1.3", "1.3.1", "2", "2.1", "2.2", "4", "4.1", "4.2", "4.3", "4.4",
    "12.1", "12.1.1", "12.2", "12.2.1", "13.1.1", "13.1.2", "13.1.3", "13.1.4", "13.1.5", "14.1", "14.2",
    "20", "128", "128.1", "130",
];
/// Families of objects that pass too: their texts and references are the table's business, and they hold no picture of
/// a person. Waveforms but for voices, presentation states, registrations, segmentations, tractography, real world
/// values, parametric maps, radiotherapy.
const DERIVED_FAMILIES: [&str; 16] = [
    "9.1", "9.2", "9.3", "9.5", "9.6", "9.7", "9.8", "11", "30", "66.1", "66.2", "66.3", "66.4", "66.5",
    "66.6", "67",
];
const RADIOTHERAPY: &str = "481";
const STORAGE: &str = "1.2.840.10008.5.1.4.1.1.";

fn is_under(suffix: &str, root: &str) -> bool {
    suffix == root || suffix.strip_prefix(root).is_some_and(|rest| rest.starts_with('.'))
}

/// Not an image but made from one: what it refers to is what it is about, so its references stay, replaced.
pub(super) fn is_derived(class: &str) -> bool {
    let of = |suffix: &str| {
        is_under(suffix, RADIOTHERAPY) || DERIVED_FAMILIES.iter().any(|family| is_under(suffix, family))
    };
    class.strip_prefix(STORAGE).is_some_and(of)
}

fn by_class(class: &str) -> Option<HoldReason> {
    let Some(suffix) = class.strip_prefix(STORAGE) else { return Some(HoldReason::UnknownSopClass) };
    if IMAGE_CLASSES.contains(&suffix) {
        return None;
    }
    let under = |root: &str| is_under(suffix, root);
    // Nothing of an enclosed document is written, whatever the policy.
    if under("104") || is_derived(class) {
        return None;
    }
    Some(match suffix {
        _ if under("7") => HoldReason::SecondaryCapture,
        "3" | "3.1" | "6" | "6.1" | "6.2" | "6.3" => HoldReason::Ultrasound,
        "77.1.1.1" | "77.1.2.1" | "77.1.4.1" => HoldReason::Video,
        _ if under("77") => HoldReason::VisibleLight,
        _ if under("88") => HoldReason::StructuredReport,
        _ => HoldReason::UnknownSopClass,
    })
}

fn by_modality(modality: &str) -> Option<HoldReason> {
    match modality {
        "US" | "IVUS" | "BDUS" | "ECHO" => Some(HoldReason::Ultrasound),
        "SR" => Some(HoldReason::StructuredReport),
        "OT" | "" => Some(HoldReason::OtherModality),
        "SC" | "HC" | "FD" | "FS" | "DM" => Some(HoldReason::SecondaryCapture),
        "ES" | "XC" | "GM" | "SM" | "DMS" | "EPS" | "OP" | "OAM" => Some(HoldReason::VisibleLight),
        _ => None,
    }
}

/// Every reason to hold this instance, in order, each once.
pub(super) fn reasons(
    meta: &FileMeta,
    data: &DataSet,
    context: &StudyContext,
    policy: &Policy,
) -> Vec<HoldReason> {
    let class = data.uid(tags::SOP_CLASS_UID).or_else(|| meta.sop_class.clone()).unwrap_or_default();
    let modality = data.text(tags::MODALITY).unwrap_or_default().to_uppercase();
    let mut held = Vec::new();
    held.extend(by_class(&class));
    held.extend(by_modality(&modality));
    let yes = |tag: Tag| data.text(tag).is_some_and(|t| t.eq_ignore_ascii_case("YES"));
    if yes(tags::BURNED_IN_ANNOTATION) {
        held.push(HoldReason::BurnedInAnnotation);
    }
    if yes(tags::RECOGNIZABLE_VISUAL_FEATURES) {
        held.push(HoldReason::RecognizableFeatures);
    }
    let image_type = data.texts(tags::IMAGE_TYPE);
    let screen =
        |t: &String| t.to_uppercase().contains("SCREEN") || t.eq_ignore_ascii_case("SECONDARY CAPTURE");
    if data.get(tags::CONVERSION_TYPE).is_some() || image_type.iter().any(screen) {
        held.push(HoldReason::SecondaryCapture);
    }
    // MPEG-2, MPEG-4 and HEVC transfer syntaxes.
    let syntax = meta.syntax.uid();
    if syntax
        .strip_prefix("1.2.840.10008.1.2.4.1")
        .is_some_and(|rest| rest.starts_with('0') && rest.len() == 2)
    {
        held.push(HoldReason::Video);
    }
    if overlay_in_pixels(data) {
        held.push(HoldReason::OverlayInPixels);
    }
    if shows_face(data, context, &modality) {
        held.push(HoldReason::FaceInVolume);
    }
    if pixels_differ(meta, data) {
        held.push(HoldReason::PixelsNotAsDeclared);
    }
    if context.several_patients() {
        held.push(HoldReason::SeveralPatients);
    }
    // Where text must be of closed vocabularies, or content trees are cleaned, no other words are left in them.
    let cleaned = policy.closed_text || policy.options.has(OptionSet::CLEAN_STRUCTURED_CONTENT);
    held.retain(|reason| *reason != HoldReason::StructuredReport || !cleaned);
    held.sort_unstable();
    held.dedup();
    held
}

/// An overlay group without data of its own whose plane lies in the pixels (retired, PS3.3 C.9.2 of 2004), or
/// pixel values with bits above the stored ones in which one could lie unseen are not examined here.
fn overlay_in_pixels(data: &DataSet) -> bool {
    let allocated = |e: &&dicom::Element| e.tag.is_overlay() && e.tag.element() == 0x0100;
    data.iter().filter(allocated).any(|element| {
        let embedded = data.int(element.tag).is_some_and(|bits| bits > 1);
        embedded || data.get(Tag::new(element.tag.group(), 0x3000)).is_none()
    })
}

const HEAD_WORDS: [&str; 15] = [
    "HEAD", "BRAIN", "SKULL", "FACE", "NEURO", "CRAN", "ORBIT", "SINUS", "JAW", "MAXILL", "MANDIB", "CEREBR",
    "EAR", "KOPF", "SCHAEDEL",
];

/// A head CT or MR volume thin enough to render a face: slices under 3 mm, or unknown.
fn shows_face(data: &DataSet, context: &StudyContext, modality: &str) -> bool {
    if !matches!(modality, "CT" | "MR" | "PT") {
        return false;
    }
    let named =
        [tags::BODY_PART_EXAMINED, tags::STUDY_DESCRIPTION, tags::SERIES_DESCRIPTION, tags::PROTOCOL_NAME];
    let mut words: Vec<String> = named.iter().filter_map(|tag| data.text(*tag)).collect();
    for item in data.items(tags::ANATOMIC_REGION_SEQUENCE) {
        words.extend(item.text(tags::CODE_MEANING));
    }
    let known = !words.is_empty();
    let head = words.iter().any(|text| {
        let upper = text.to_uppercase();
        upper
            .split(|c: char| !c.is_alphabetic())
            .any(|word| HEAD_WORDS.iter().any(|head| word.starts_with(head)))
    });
    if known && !head {
        return false;
    }
    let frames = data.int(tags::NUMBER_OF_FRAMES).unwrap_or(1);
    let shape = context.series(data).cloned().unwrap_or_else(SeriesShape::default);
    // Fewer than ten slices are no volume; a study of unknown region counts as a head.
    if shape.instances.max(usize::try_from(frames).unwrap_or(0)) < 10 {
        return false;
    }
    let said = [tags::SLICE_THICKNESS, tags::SPACING_BETWEEN_SLICES].iter().filter_map(|t| data.decimal(*t));
    let thinnest = said.chain(shape.spacing()).filter(|mm| *mm > 0.0).fold(f64::INFINITY, f64::min);
    !thinnest.is_finite() || thinnest < 3.0
}

/// A private transfer syntax, fragments in a native syntax or the reverse, or fragments or bytes that cannot be the
/// declared frames.
fn pixels_differ(meta: &FileMeta, data: &DataSet) -> bool {
    let Some(element) = data.get(tags::PIXEL_DATA) else { return false };
    if !meta.syntax.is_registered() {
        return true;
    }
    match &element.value {
        // Every frame has a fragment of its own at least (PS3.5 annex A.4).
        Value::Fragments(table) => {
            let frames = usize::try_from(data.int(tags::NUMBER_OF_FRAMES).unwrap_or(1)).unwrap_or(0).max(1);
            !meta.syntax.encapsulated || table.fragments.len() < frames
        }
        Value::Bulk(range) => {
            if meta.syntax.encapsulated {
                return true;
            }
            let number =
                |tag: Tag, default: i64| u128::try_from(data.int(tag).unwrap_or(default)).unwrap_or(0);
            let frame = number(tags::ROWS, 0)
                .saturating_mul(number(tags::COLUMNS, 0))
                .saturating_mul(number(tags::SAMPLES_PER_PIXEL, 1))
                .saturating_mul(number(tags::BITS_ALLOCATED, 0));
            let bits = frame.saturating_mul(number(tags::NUMBER_OF_FRAMES, 1));
            let subsampled = data.text(tags::PHOTOMETRIC_INTERPRETATION).as_deref() == Some("YBR_FULL_422");
            let bytes = if subsampled { bits / 3 * 2 } else { bits }.div_ceil(8);
            // Anything beyond the declared pixels and one padding byte was never looked at by anybody.
            !(bytes..=bytes + 1).contains(&u128::from(range.length))
        }
        _ => true,
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]
    use super::*;
    use dicom::{ByteRange, Element, Fragments, Vr};

    #[test]
    fn fewer_fragments_than_frames_are_not_the_pixels_declared() {
        let held = |fragments: u64, frames: &str| {
            let mut data = DataSet::new();
            data.put_text(tags::NUMBER_OF_FRAMES, Vr::IS, frames);
            let of = |offset| ByteRange { offset, length: 2 };
            let table = Fragments { fragments: (0..fragments).map(of).collect(), ..Fragments::default() };
            let value = Value::Fragments(table);
            data.put(Element { tag: tags::PIXEL_DATA, vr: Vr::OB, value });
            pixels_differ(&FileMeta::from_syntax("1.2.840.10008.1.2.5"), &data)
        };
        assert!(held(0, "1") && held(0, "0") && held(2, "3"));
        assert!(!held(1, "1") && !held(2, "1") && !held(3, "3"));
    }
}
