//! How an image was made: for whom, from what, of whom, and whether its pixels are square.

use super::claim::{Claim, Weight};
use super::collected::{Collected, dcm, everywhere, snomed, term};
use dicom::{DataSet, Tag, tags};

/// Storage SOP classes have this in front.
const STORAGE: &str = "1.2.840.10008.5.1.4.1.1.";

/// Digital X-ray, mammography, intra-oral: the class of each intent.
const FOR_PRESENTATION: [&str; 3] = ["1.1", "1.2", "1.3"];
const FOR_PROCESSING: [&str; 3] = ["1.1.1", "1.2.1", "1.3.1"];

/// Presentation Intent Type and the SOP class that goes with it (PS3.3 C.8.11.1, C.8.11.6, C.8.11.8): raw values of a detector are not what
/// a person reads.
pub(super) fn intent(data: &DataSet, said: &mut Collected) {
    match term(data, Tag::new(0x0008, 0x0068)).as_deref() {
        Some("FOR PROCESSING") => {
            let words = "Presentation Intent Type says FOR PROCESSING";
            said.add(Weight::Coded, words, Claim::ForPresentation(false));
        }
        Some("FOR PRESENTATION") => {
            let words = "Presentation Intent Type says FOR PRESENTATION";
            said.add(Weight::Coded, words, Claim::ForPresentation(true));
        }
        _ => {}
    }
    let class = data.uid(tags::SOP_CLASS_UID).unwrap_or_default();
    let class = class.strip_prefix(STORAGE).unwrap_or_default();
    if FOR_PROCESSING.contains(&class) {
        said.add(Weight::Coded, "SOP Class UID says For Processing", Claim::ForPresentation(false));
    } else if FOR_PRESENTATION.contains(&class) {
        said.add(Weight::Coded, "SOP Class UID says For Presentation", Claim::ForPresentation(true));
    }
}

const FRAME_TYPES: [Tag; 2] = [Tag::new(0x0018, 0x9329), Tag::new(0x0018, 0x9226)];
const FRAME_TYPE: Tag = Tag::new(0x0008, 0x9007);

/// Values of Image Type that name no plain acquisition, with what they mean (PS3.3 C.7.6.1.1.2, C.8.2.1.1.1, C.8.16.1.3
/// and 4, C.8.15.2.1.1, and the words of devices).
#[rustfmt::skip]
const TYPES: &[(&str, Weight, &[&str])] = &[
    ("a secondary image", Weight::Hint, &["SECONDARY"]),
    ("a scout view", Weight::Coded, &["LOCALIZER", "SCOUT", "TOPOGRAM", "SURVIEW"]),
    ("a reformatted image", Weight::Hint, &["MPR", "REFORMATTED", "CSA MPR", "CURVED_MPR", "RESAMPLED"]),
    ("a projection of a volume", Weight::Coded, &[
        "MIP", "MINIP", "MAX_IP", "MIN_IP", "PROJECTION IMAGE", "MAXIMUM", "MINIMUM", "VOLUME_RENDER", "SURFACE_RENDER",
        "VRT", "CSA 3D", "3D", "RENDERING",
    ]),
    ("a subtraction", Weight::Coded, &["SUBTRACTION", "SUBTRACT", "DSA", "SUB"]),
    ("an image without bones or soft tissue", Weight::Coded, &[
        "BONE_SUPPRESSED", "BONESUPPRESSED", "BONE SUPPRESSED", "BONE_SUPPRESSION", "SOFT_TISSUE_ONLY", "DUAL_ENERGY_BONE",
        "DUAL_ENERGY_SOFT",
    ]),
    ("an image of one energy or material", Weight::Hint, &[
        "DUAL_ENERGY", "DUAL ENERGY", "VMI", "MAT_SPECIFIC", "MAT_REMOVED", "MAT_FRACTIONAL",
        "MAT_MODIFIED", "MAT_VALUE_BASED", "EFF_ATOMIC_NUM", "ELECTRON_DENSITY", "PROTON_DENSITY", "MONOENERGETIC",
    ]),
    ("a map of function", Weight::Coded, &[
        "PERFUSION", "CBF", "CBV", "MTT", "TTP", "TMAX", "RCBF", "RCBV", "PARAMETRIC", "PHYSIO_TEST",
    ]),
    ("tomosynthesis", Weight::Coded, &["TOMO", "TOMOSYNTHESIS", "TOMO_PROJ", "TOMO_SCOUT", "GENERATED_2D"]),
    ("a stitched image", Weight::Hint, &["STITCHED", "STITCH", "COMPOSED", "COMPOSITE"]),
    ("marks of another program", Weight::Hint, &["CAD", "ANNOTATED", "OVERLAY", "KEYIMAGE"]),
    ("a picture of a screen or a sheet", Weight::Coded, &[
        "SCREENSHOT", "SCREEN SAVE", "SCREENSAVE", "SCREEN SHOT", "DOSE_INFO", "DOSE", "PROTOCOL", "REPORT",
    ]),
    ("a phantom or test image", Weight::Coded, &["PHANTOM", "TEST", "TESTIMAGE", "QC", "QA", "CALIBRATION"]),
];

/// Values of Image Type and, of Enhanced images, Frame Type.
pub(super) fn types(data: &DataSet) -> impl Iterator<Item = String> {
    let of_frames = FRAME_TYPES.into_iter().flat_map(move |group| everywhere(data, group).skip(1));
    let all = data.texts(tags::IMAGE_TYPE).into_iter().chain(of_frames.flat_map(|f| f.texts(FRAME_TYPE)));
    all.map(|value| value.trim().to_uppercase())
}

/// Image Type and, of Enhanced images, Frame Type. DERIVED alone says nothing: most films of a DX device are derived
/// from its raw values (PS3.3 C.8.11.3.1.1).
pub(super) fn image_type(data: &DataSet, said: &mut Collected) {
    for value in types(data) {
        if let Some((name, weight, _)) = TYPES.iter().find(|(_, _, values)| values.contains(&value.as_str()))
        {
            said.add(*weight, format!("Image Type says {name}"), Claim::Unfit);
        }
    }
    let technique = term(data, Tag::new(0x0008, 0x9207));
    if technique.is_some_and(|value| !matches!(value.as_str(), "NONE" | "MPR" | "MIXED")) {
        let words = "Volume Based Calculation Technique says a projection of a volume";
        said.add(Weight::Coded, words, Claim::Unfit);
    }
}

/// Derivations that leave no plain image (PS3.16 CID 7203). Filters, resampling and compression say nothing.
const DERIVATIONS: [(&str, Weight, &[&str]); 6] = [
    ("a subtraction", Weight::Coded, &["113062", "113047"]),
    (
        "a projection of a volume",
        Weight::Coded,
        &["113074", "113075", "113078", "113079", "113048", "113051"],
    ),
    ("a map of function", Weight::Coded, &["129104", "129105", "129106", "113050", "113046"]),
    ("a segmentation", Weight::Coded, &["113076"]),
    ("a stitched image", Weight::Hint, &["113090", "125027"]),
    ("a reformatted image", Weight::Hint, &["113072", "113073"]),
];
const DERIVATION_IMAGE_SEQUENCE: Tag = Tag::new(0x0008, 0x9124);

/// Derivation Code Sequence (PS3.3 C.7.6.1.1.3, C.7.6.16.2.6); its description is read with the other texts.
pub(super) fn derivation(data: &DataSet, said: &mut Collected) {
    let places = everywhere(data, DERIVATION_IMAGE_SEQUENCE);
    for code in places.flat_map(|place| place.items(Tag::new(0x0008, 0x9215))).filter_map(dcm) {
        if let Some((name, weight, _)) = DERIVATIONS.iter().find(|(_, _, all)| all.contains(&code.as_str())) {
            said.add(*weight, format!("Derivation Code Sequence says {name}"), Claim::Unfit);
        }
    }
}

/// Radiographs and CT.
const FILM_CLASSES: [&str; 3] = ["1", "1.1", "1.1.1"];
const CT_CLASSES: [&str; 3] = ["2", "2.1", "2.2"];

/// The SOP class against the modality, and Conversion Type of a Secondary Capture (PS3.3 C.8.6.1): a modality can be
/// written into any object.
pub(super) fn sop_class(data: &DataSet, said: &mut Collected) {
    let class = data.uid(tags::SOP_CLASS_UID).unwrap_or_default();
    let Some(class) = class.strip_prefix(STORAGE) else { return };
    if class == "7" || class.starts_with("7.") {
        said.add(Weight::Hint, "SOP Class UID says Secondary Capture", Claim::Unfit);
        let made = match term(data, tags::CONVERSION_TYPE).as_deref() {
            Some("DV") => "video",
            Some("SD") => "a scanned document",
            Some("SI") => "a scanned image",
            Some("DRW") => "a drawing",
            Some("SYN") => "a synthetic image",
            _ => return,
        };
        return said.add(Weight::Coded, format!("Conversion Type says {made}"), Claim::Unfit);
    }
    let expected = match term(data, tags::MODALITY).as_deref() {
        Some("CR" | "DX") => FILM_CLASSES,
        Some("CT") => CT_CLASSES,
        _ => return,
    };
    if !expected.contains(&class) {
        said.add(Weight::Hint, "SOP Class UID says another kind of image than Modality", Claim::Unfit);
    }
}

/// Quality Control Image (PS3.3 C.7.6.1): of a phantom.
pub(super) fn quality_control(data: &DataSet, said: &mut Collected) {
    let weight = match term(data, Tag::new(0x0028, 0x0300)).as_deref() {
        Some("YES") => Weight::Coded,
        Some("BOTH") => Weight::Hint,
        _ => return,
    };
    said.add(weight, "Quality Control Image says a phantom", Claim::Unfit);
}

/// Codes and names of our own species.
const HUMAN_CODES: [&str; 3] = ["337915000", "L-85003", "L-85B00"];
const HUMAN_WORDS: [&str; 10] =
    ["HOMO SAPIENS", "HUMAN", "HUMANS", "MENSCH", "HUMAIN", "HUMANO", "UMANO", "MENS", "CZLOWIEK", "ЧЕЛОВЕК"];

/// Patient Species and what is written of animals alone (PS3.3 C.7.1.1): breed, neutering, quadrupeds (C.7.6.1.1.1).
pub(super) fn species(data: &DataSet, said: &mut Collected) {
    let mut animal = |words: &str| said.add(Weight::Coded, words, Claim::Unfit);
    let coded = data.items(Tag::new(0x0010, 0x2202));
    let no_human = |code: &String| !HUMAN_CODES.contains(&code.as_str());
    if coded.iter().filter_map(snomed).any(|code| no_human(&code)) {
        animal("Patient Species Code Sequence says another species");
    }
    let described = data.text(Tag::new(0x0010, 0x2201)).map(|text| deid::fold(text.trim()));
    if described.is_some_and(|text| !HUMAN_WORDS.contains(&text.as_str())) {
        animal("Patient Species Description says another species");
    }
    let breed =
        data.text(Tag::new(0x0010, 0x2292)).is_some() || !data.items(Tag::new(0x0010, 0x2293)).is_empty();
    if breed {
        animal("Patient Breed says an animal");
    }
    if data.text(Tag::new(0x0010, 0x2203)).is_some() {
        animal("Patient's Sex Neutered says an animal");
    }
    if term(data, Tag::new(0x0010, 0x2210)).is_some_and(|kind| kind == "QUADRUPED") {
        animal("Anatomical Orientation Type says an animal");
    }
    if term(data, Tag::new(0x0010, 0x2298)).is_some_and(|role| role == "OWNER") {
        said.add(Weight::Hint, "Responsible Person Role says an owner of an animal", Claim::Unfit);
    }
}

const PIXEL_MEASURES_SEQUENCE: Tag = Tag::new(0x0028, 0x9110);

/// How far the sides of a pixel may differ: devices round their spacing.
const SQUARE: f64 = 0.02;

/// Pixel Aspect Ratio, Pixel Spacing and Imager Pixel Spacing (PS3.3 C.7.6.3.1.7, 10.7): what is not square would be
/// shown to the model out of proportion.
pub(super) fn pixel_shape(data: &DataSet, said: &mut Collected) {
    let spacings = [
        ("Pixel Aspect Ratio", Tag::new(0x0028, 0x0034)),
        ("Pixel Spacing", tags::PIXEL_SPACING),
        ("Imager Pixel Spacing", Tag::new(0x0018, 0x1164)),
    ];
    for (name, tag) in spacings {
        for place in everywhere(data, PIXEL_MEASURES_SEQUENCE) {
            if let [down, across, ..] = *place.decimals(tag)
                && down > 0.0
                && across > 0.0
                && (down / across - 1.0).abs() > SQUARE
            {
                said.add(Weight::Hint, format!("{name} says pixels that are not square"), Claim::Unfit);
            }
        }
    }
}

/// Of a radiograph: a part of a view (PS3.3 C.8.11.7), several frames.
pub(super) fn parts_and_frames(data: &DataSet, said: &mut Collected) {
    if term(data, Tag::new(0x0028, 0x1350)).is_some_and(|value| value == "YES") {
        said.add(Weight::Hint, "Partial View says a part of a view", Claim::Unfit);
    }
    if data.int(tags::NUMBER_OF_FRAMES).is_some_and(|frames| frames > 1) {
        said.add(Weight::Hint, "Number of Frames says a run of frames", Claim::Unfit);
    }
}
