//! Slices of a volume: their plane, how they lie, how they were acquired, whether a contrast agent was given.

use super::claim::{Claim, Weight};
use super::collected::{Collected, everywhere, term};
use super::provenance;
use super::views::{Run, run};
use deid::fold;
use dicom::{DataSet, Tag, tags};

const PLANE_ORIENTATION_SEQUENCE: Tag = Tag::new(0x0020, 0x9116);

/// How near a direction must come to an axis of the patient: a gantry leans by up to 30 degrees.
const NEAR: f64 = 0.8;

/// Image Orientation (Patient) (PS3.3 C.7.6.2.1.1), of Enhanced images in Plane Orientation Sequence (C.7.6.16.2.4);
/// Patient Orientation (C.7.6.1.1.1) where there is none. The plane that it says is coded; axial slices that are turned
/// or mirrored leave a doubt.
pub(super) fn orientation(data: &DataSet, said: &mut Collected) {
    let mut given = false;
    for place in everywhere(data, PLANE_ORIENTATION_SEQUENCE) {
        let values = place.decimals(tags::IMAGE_ORIENTATION_PATIENT);
        let &[a, b, c, d, e, f] = values.as_slice() else { continue };
        given = true;
        let normal = [b * f - c * e, c * d - a * f, a * e - b * d];
        let planes = [("sagittal", "SAGITTAL"), ("coronal", "CORONAL"), ("axial", "AXIAL")];
        let near = normal.iter().zip(planes).find(|(part, _)| part.abs() >= NEAR);
        let source = "Image Orientation (Patient) says";
        match near {
            Some((_, (name, plane))) => {
                said.add(Weight::Coded, format!("{source} {name}"), Claim::Plane(vec![plane]));
                // Rows run to the left of the patient, columns to the back.
                if plane == "AXIAL" && (a < NEAR || e < NEAR) {
                    said.add(Weight::Hint, format!("{source} turned or mirrored"), Claim::Unfit);
                }
            }
            None => said.add(Weight::Hint, format!("{source} oblique"), Claim::Plane(Vec::new())),
        }
    }
    let (name, plane) = match run(data).filter(|_| !given) {
        Some(Run::Frontal { .. }) => ("coronal", "CORONAL"),
        Some(Run::Lateral) => ("sagittal", "SAGITTAL"),
        Some(Run::Axial) => ("axial", "AXIAL"),
        None => return,
    };
    said.add(Weight::Coded, format!("Patient Orientation says {name}"), Claim::Plane(vec![plane]));
}

const CT_ACQUISITION_TYPE_SEQUENCE: Tag = Tag::new(0x0018, 0x9301);

/// Scan Options (PS3.3 C.8.2.1), Acquisition Type (C.8.15.3.2), Multi-energy CT Acquisition (C.8.2.2), Rescale Type
/// (C.11.1): scouts, repeated scans of one place, and values that are no Hounsfield units.
pub(super) fn acquisition(data: &DataSet, said: &mut Collected) {
    let scout = |value: &String| ["SCOUT", "TOPOGRAM", "SURVIEW"].iter().any(|word| value.contains(word));
    if data.texts(Tag::new(0x0018, 0x0022)).iter().map(|t| t.to_uppercase()).any(|t| scout(&t)) {
        said.add(Weight::Coded, "Scan Options says a scout view", Claim::Unfit);
    }
    for place in everywhere(data, CT_ACQUISITION_TYPE_SEQUENCE) {
        match term(place, Tag::new(0x0018, 0x9302)).as_deref() {
            Some("CONSTANT_ANGLE") => {
                said.add(Weight::Coded, "Acquisition Type says a scout view", Claim::Unfit);
            }
            Some("STATIONARY" | "FREE") => {
                said.add(Weight::Hint, "Acquisition Type says one place scanned again", Claim::Unfit);
            }
            _ => {}
        }
    }
    let energies = term(data, Tag::new(0x0018, 0x9361)).is_some_and(|value| value == "YES");
    if energies && !is_plain(&provenance::types(data).collect::<Vec<_>>()) {
        said.add(Weight::Hint, "Multi-energy CT Acquisition says several energies", Claim::Unfit);
    }
    let is_ct = term(data, tags::MODALITY).is_some_and(|modality| modality == "CT");
    let unit = term(data, tags::RESCALE_TYPE).filter(|_| is_ct);
    if unit.is_some_and(|unit| !matches!(unit.as_str(), "HU" | "HU_MOD" | "US" | "NORMALIZED")) {
        said.add(Weight::Coded, "Rescale Type says other values than Hounsfield units", Claim::Unfit);
    }
}

/// Types of slices as every scanner makes them, or of all energies together (PS3.3 C.8.15.2.1.1): a scanner that
/// measures several energies says so of every slice.
fn is_plain(types: &[String]) -> bool {
    let has = |words: &[&str]| types.iter().any(|value| words.contains(&value.as_str()));
    has(&["ENERGY_PROP_WT"]) || (has(&["ORIGINAL"]) && has(&["AXIAL", "VOLUME"]))
}

/// First words of a Contrast/Bolus Agent that is none.
const NO_AGENT: [&str; 20] = [
    "NO",
    "NON",
    "NONE",
    "WITHOUT",
    "WO",
    "NATIV",
    "NATIVE",
    "NATIVO",
    "OHNE",
    "SANS",
    "SIN",
    "SEM",
    "SENZA",
    "ZONDER",
    "UTAN",
    "UDEN",
    "BEZ",
    "UNENHANCED",
    "PLAIN",
    "NIL",
];

/// Words of one given as well: without and with, and agents that are not ionic.
const AGENT: [&str; 6] = ["WITH", "W", "MIT", "AVEC", "IONIC", "IONIQUE"];

/// Whether words in any language say that none was given.
fn is_no_agent(text: &str) -> bool {
    let text = fold(text).replace("W/O", "WO ").replace("N/A", "NA ");
    let words: Vec<&str> = text.split(|c: char| !c.is_alphanumeric()).filter(|w| !w.is_empty()).collect();
    match words.as_slice() {
        // Alone: sodium, and the beginning of a dose, are written so too.
        [] | ["NA" | "N" | "0"] | ["0", "ML"] => true,
        [first, rest @ ..] => NO_AGENT.contains(first) && !rest.iter().any(|word| AGENT.contains(word)),
    }
}

/// Contrast/Bolus Agent (PS3.3 C.7.6.4), its codes (C.7.6.4b), and its use in frames (C.7.6.16.2.12).
pub(super) fn contrast(data: &DataSet, said: &mut Collected) {
    let agent = term(data, Tag::new(0x0018, 0x0010)).is_some_and(|text| !is_no_agent(&text));
    let coded = !data.items(Tag::new(0x0018, 0x0012)).is_empty();
    if agent || coded {
        said.add(Weight::Hint, "Contrast/Bolus Agent says a contrast agent", Claim::Contrast);
    }
}
