//! Images that are what a bundle takes, and what single facts make of them.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

use super::*;
use dicom::{DataSet, Element, Tag, Value, Vr, tags, vr_of};
use models::StudyFacts;
use models::manifest::Accepts;

pub(super) fn list(values: &[&str]) -> Vec<String> {
    values.iter().map(|v| (*v).to_owned()).collect()
}

pub(super) fn accepts(modality: &[&str], body_part: &[&str], view: &[&str]) -> Accepts {
    Accepts {
        modality: list(modality),
        body_part: list(body_part),
        body_part_absent: true,
        view: list(view),
        view_absent: true,
        photometric: list(&["MONOCHROME2"]),
        rows: [64, 8192],
        columns: [64, 8192],
        frames: [1, 1024],
        bits_stored: None,
        plane: Vec::new(),
        contrast: false,
    }
}

pub(super) fn chest() -> Accepts {
    accepts(&["CR", "DX"], &["CHEST", "THORAX"], &["PA", "AP"])
}

pub(super) fn brain() -> Accepts {
    accepts(&["CT"], &["HEAD", "BRAIN", "SKULL"], &[])
}

pub(super) fn put(data: &mut DataSet, tag: u32, text: &str) {
    data.put_text(Tag(tag), vr_of(Tag(tag)), text);
}

pub(super) fn items(data: &mut DataSet, tag: u32, items: Vec<DataSet>) {
    data.put(Element { tag: Tag(tag), vr: Vr::SQ, value: Value::Items(items) });
}

/// A sequence of one code; what follows `!` is the code of a modifier.
pub(super) fn code(data: &mut DataSet, tag: u32, (scheme, value, meaning): (&str, &str, &str)) {
    let mut item = DataSet::new();
    let value = value.split_once('!').map_or(value, |(value, modifier)| {
        code(&mut item, 0x0054_0222, ("SCT", modifier, ""));
        value
    });
    put(&mut item, 0x0008_0100, value);
    put(&mut item, 0x0008_0102, scheme);
    put(&mut item, 0x0008_0104, meaning);
    items(data, tag, vec![item]);
}

pub(super) fn film() -> DataSet {
    let mut data = DataSet::new();
    for (tag, text) in [
        (tags::SPECIFIC_CHARACTER_SET, "ISO_IR 192"),
        (tags::MODALITY, "DX"),
        (tags::SOP_CLASS_UID, "1.2.840.10008.5.1.4.1.1.1.1"),
        (tags::IMAGE_TYPE, "DERIVED\\PRIMARY\\"),
        (tags::BODY_PART_EXAMINED, "CHEST"),
        (tags::VIEW_POSITION, "PA"),
        (tags::SERIES_DESCRIPTION, "Chest PA"),
        (Tag(0x0020_0020), "L\\F"),
        (Tag(0x0008_0068), "FOR PRESENTATION"),
    ] {
        put(&mut data, tag.0, text);
    }
    code(&mut data, VIEW_CODE, ("SCT", "272479007", "postero-anterior"));
    code(&mut data, REGION, ("SCT", "816094009", "Chest"));
    data
}

pub(super) fn slice() -> DataSet {
    let mut data = DataSet::new();
    for (tag, text) in [
        (tags::SPECIFIC_CHARACTER_SET, "ISO_IR 192"),
        (tags::MODALITY, "CT"),
        (tags::SOP_CLASS_UID, "1.2.840.10008.5.1.4.1.1.2"),
        (tags::IMAGE_TYPE, "ORIGINAL\\PRIMARY\\AXIAL"),
        (tags::BODY_PART_EXAMINED, "HEAD"),
        (tags::IMAGE_ORIENTATION_PATIENT, "1\\0\\0\\0\\0.97\\-0.24"),
        (tags::RESCALE_TYPE, "HU"),
        (tags::SERIES_DESCRIPTION, "Schädel nativ"),
    ] {
        put(&mut data, tag.0, text);
    }
    data
}

pub(super) const VIEW_CODE: u32 = 0x0054_0220;
pub(super) const REGION: u32 = 0x0008_2218;
pub(super) const STRUCTURE: u32 = 0x0008_2228;

/// What says a film's projection.
pub(super) const SILENT: &[u32] = &[0x0018_5101, VIEW_CODE, 0x0008_103E];

pub(super) fn weighed(data: &DataSet, accepts: &Accepts) -> Result<Vec<String>, String> {
    let facts = StudyFacts {
        body_part: data.text(tags::BODY_PART_EXAMINED),
        view: data.text(tags::VIEW_POSITION),
        ..StudyFacts::default()
    };
    judge(&facts, &read(data, super::super::is_slice(data)), accepts)
}

/// What is expected of an image.
#[derive(Clone, Copy, Debug)]
pub(super) enum Is {
    Taken,
    /// With this reason.
    Doubtful(&'static str),
    /// With this reason.
    Refused(&'static str),
}
pub(super) use Is::{Doubtful, Refused, Taken};

pub(super) type Change = Box<dyn Fn(&mut DataSet)>;

pub(super) fn text(tag: u32, value: &'static str) -> Change {
    Box::new(move |data| put(data, tag, value))
}

pub(super) fn coded(tag: u32, value: (&'static str, &'static str, &'static str)) -> Change {
    Box::new(move |data| code(data, tag, value))
}

pub(super) fn all(changes: Vec<Change>) -> Change {
    Box::new(move |data| changes.iter().for_each(|change| change(data)))
}

pub(super) fn without(tags: &'static [u32]) -> Change {
    Box::new(move |data| tags.iter().for_each(|tag| drop(data.remove(Tag(*tag)))))
}

pub(super) fn check(name: &str, base: &DataSet, change: &Change, accepts: &Accepts, expected: Is) {
    let mut data = base.clone();
    change(&mut data);
    let got = weighed(&data, accepts);
    let right = match (&got, expected) {
        (Ok(doubts), Taken) => doubts.is_empty(),
        (Ok(doubts), Doubtful(words)) => doubts.iter().any(|d| d.contains(words)),
        (Err(why), Refused(words)) => why.contains(words),
        _ => false,
    };
    assert!(right, "{name}: {got:?} instead of {expected:?}");
}

/// What changes of a film's projection make of it.
#[rustfmt::skip]
pub(super) fn projections() -> Vec<(&'static str, Change, Is)> {
    let silent = |change: Change| all(vec![without(SILENT), change]);
    let view = |scheme, value, meaning| coded(VIEW_CODE, (scheme, value, meaning));
    vec![
        ("lateral by code", silent(view("SCT", "399067008", "lateral")), Refused("View Code Sequence says lateral; the model takes PA or AP")),
        ("left lateral, SRT", silent(view("SRT", "R-10236", "")), Refused("says left lateral")),
        ("right lateral, SNM3", silent(view("SNM3", "R-10232", "")), Refused("says right lateral")),
        ("lateral by a site's code", silent(view("99LOCAL", "X7", "Thorax seitlich")), Refused("View Code Sequence says a lateral view")),
        ("oblique by code", silent(view("SCT", "399182000", "")), Refused("says oblique")),
        ("a code nobody knows", silent(view("99LOCAL", "X7", "W 12")), Doubtful("View Code Sequence holds a code that is not known here")),
        ("a code nobody knows beside PA", view("99LOCAL", "X7", "W 12"), Taken),
        ("AP by code beside PA", view("SCT", "399348003", "antero-posterior"), Taken),
        ("lateral by code beside PA", view("SCT", "399067008", ""), Doubtful("View Code Sequence says lateral, though View Position says PA")),
        ("LL beside PA by code", text(0x0018_5101, "LL"), Doubtful("View Position says left lateral, though View Code Sequence says postero-anterior")),
        ("LL alone", silent(text(0x0018_5101, "LL")), Refused("View Position says left lateral")),
        ("a lateral meaning beside the code of PA", view("SCT", "272479007", "lateral"), Doubtful("The meaning in View Code Sequence names a lateral view")),
        ("lordotic", view("SCT", "272479007!260450008", ""), Doubtful("says a lordotic view")),
        ("cross-table", view("SCT", "399348003!111069", ""), Doubtful("says a cross-table beam")),
        ("rows to the front", text(0x0020_0020, "A\\F"), Doubtful("Patient Orientation says lateral, though View Position says PA")),
        ("rows to the back, nothing else", silent(text(0x0020_0020, "P\\F")), Refused("Patient Orientation says lateral")),
        ("axial", silent(text(0x0020_0020, "L\\P")), Refused("Patient Orientation says axial")),
        ("mirrored", text(0x0020_0020, "R\\F"), Doubtful("Patient Orientation says turned or mirrored")),
        ("upside down", text(0x0020_0020, "L\\H"), Doubtful("turned or mirrored")),
        ("oblique letters", text(0x0020_0020, "LA\\F"), Doubtful("Patient Orientation says oblique")),
        ("on the side", text(0x0018_5100, "HFDR"), Doubtful("says lateral decubitus")),
        ("an arm beside the patient", all(vec![text(0x0018_1508, "CARM"), text(0x0018_1510, "-88")]), Doubtful("Positioner Primary Angle says lateral, though")),
        ("an arm, oblique", all(vec![text(0x0018_1508, "CARM"), text(0x0018_1510, "215")]), Doubtful("says oblique")),
        ("a column turned to the wall", all(vec![text(0x0018_1508, "COLUMN"), text(0x0018_1510, "90")]), Taken),
        ("an eponym", coded(0x0018_5104, ("99X", "1", "Lindblom")), Doubtful("names a special view")),
        ("one side", text(0x0020_0062, "L"), Doubtful("Image Laterality says left; the model takes both sides")),
        ("no side", text(0x0020_0062, "U"), Taken),
    ]
}

/// The same of region, making and texts.
#[rustfmt::skip]
pub(super) fn other_film_facts() -> Vec<(&'static str, Change, Is)> {
    let silent = |change: Change| all(vec![without(SILENT), change]);
    vec![
        ("knee by code", coded(REGION, ("SCT", "72696002", "Knee")), Doubtful("Anatomic Region Sequence says knee, though Body Part Examined says CHEST")),
        ("knee by code alone", all(vec![without(&[0x0018_0015]), coded(REGION, ("SRT", "T-D9200", ""))]), Refused("Anatomic Region Sequence says knee; the model takes CHEST or THORAX")),
        ("breast called chest", all(vec![without(&[0x0018_0015]), coded(REGION, ("SCT", "76752008", "CHEST"))]), Refused("says breast")),
        ("abdomen beside the code of the chest", text(0x0018_0015, "ABDOMEN"), Doubtful("Body Part Examined says abdomen, though Anatomic Region Sequence says chest")),
        ("chest and abdomen", coded(REGION, ("SCT", "416550000", "")), Taken),
        ("a rib of the chest", coded(STRUCTURE, ("SCT", "113197003", "Rib")), Doubtful("Primary Anatomic Structure Sequence says rib")),
        ("a lung of the chest", coded(STRUCTURE, ("SCT", "39607008", "Lung")), Taken),
        ("a phantom by code", coded(STRUCTURE, ("SCT", "706342009", "Phantom")), Refused("says a phantom")),
        ("for processing", all(vec![text(0x0008_0068, "FOR PROCESSING"), text(0x0008_0016, "1.2.840.10008.5.1.4.1.1.1.1.1")]), Refused("Presentation Intent Type says FOR PROCESSING")),
        ("for processing in the other class", text(0x0008_0068, "FOR PROCESSING"), Doubtful("FOR PROCESSING, though SOP Class UID says For Presentation")),
        ("secondary", text(0x0008_0008, "DERIVED\\SECONDARY"), Doubtful("Image Type says a secondary image")),
        ("bones taken out", text(0x0008_0008, "DERIVED\\PRIMARY\\\\BONE_SUPPRESSED"), Refused("Image Type says an image without bones")),
        ("subtraction by code", coded(0x0008_9215, ("DCM", "113062", "")), Refused("Derivation Code Sequence says a subtraction")),
        ("a filter by code", coded(0x0008_9215, ("DCM", "113086", "")), Taken),
        ("bones taken out, by text", text(0x0008_2111, "bone suppressed"), Doubtful("Derivation Description names an image without bones")),
        ("a screen", all(vec![text(0x0008_0016, "1.2.840.10008.5.1.4.1.1.7"), text(0x0008_0064, "WSD")]), Doubtful("Secondary Capture")),
        ("a sheet", all(vec![text(0x0008_0016, "1.2.840.10008.5.1.4.1.1.7"), text(0x0008_0064, "SD")]), Refused("a scanned document")),
        ("a class of mammography", text(0x0008_0016, "1.2.840.10008.5.1.4.1.1.1.2"), Doubtful("SOP Class UID says another kind")),
        ("quality control", text(0x0028_0300, "YES"), Refused("Quality Control Image says a phantom")),
        ("a dog", text(0x0010_2201, "Canis lupus familiaris"), Refused("Patient Species Description")),
        ("a person", text(0x0010_2201, "Homo sapiens"), Taken),
        ("a dog by code", coded(0x0010_2202, ("SCT", "448771007", "")), Refused("Patient Species Code Sequence")),
        ("neutered", text(0x0010_2203, "ALTERED"), Refused("Sex Neutered")),
        ("four legs", text(0x0010_2210, "QUADRUPED"), Refused("Anatomical Orientation Type")),
        ("oblong pixels", text(0x0028_0034, "2\\1"), Doubtful("Pixel Aspect Ratio")),
        ("oblong spacing", text(0x0018_1164, "0.139\\0.2"), Doubtful("Imager Pixel Spacing")),
        ("rounded spacing", text(0x0018_1164, "0.139\\0.1391"), Taken),
        ("a run", text(0x0028_0008, "12"), Doubtful("Number of Frames")),
        ("a part of a view", text(0x0028_1350, "YES"), Doubtful("Partial View")),
        ("lateral by text alone", silent(text(0x0018_1030, "THORAX SEITLICH")), Doubtful("Protocol Name names a lateral view; the model takes PA or AP")),
        ("lateral by text beside PA", text(0x0018_1400, "chest lat"), Doubtful("Acquisition Device Processing Description names a lateral view")),
        ("both by text", text(0x0008_1030, "Thorax p.a. und seitlich"), Taken),
        ("knee by text of the series", text(0x0008_103E, "Kniegelenk rechts"), Doubtful("Series Description names the lower limb")),
        ("an acute series beside its chest", text(0x0008_1030, "XR ABDOMEN ACUTE SERIES"), Taken),
        ("knee by text of the study, no code", all(vec![without(&[0x0018_0015, REGION]), text(0x0008_1030, "Kniegelenk rechts")]), Doubtful("Study Description names the lower limb")),
        ("knee by text of the study and by code", all(vec![text(0x0018_0015, "KNEE"), text(0x0008_1030, "Kniegelenk rechts")]), Doubtful("Body Part Examined says knee, though")),
        ("lateral by text of the study", text(0x0008_1030, "Thorax lateral på sal"), Doubtful("Study Description names a lateral view")),
        ("a tilt of the beam", text(0x0008_103E, "CHEST AP CRANIAL"), Taken),
        ("postero-anterior in an older code", silent(coded(VIEW_CODE, ("SCT", "399066004", ""))), Taken),
        ("right anterior oblique in an older code", silent(coded(VIEW_CODE, ("SRT", "R-10218", ""))), Refused("says right anterior oblique")),
        ("sagittal in an older code", silent(coded(VIEW_CODE, ("SRT", "R-10222", ""))), Refused("says sagittal")),
        ("abdomen and pelvis in an older code", all(vec![without(&[0x0018_0015]), coded(REGION, ("SCT", "416949008", ""))]), Refused("says abdomen and pelvis")),
        ("heart in Latin, no plane of a film", text(0x0008_103E, "cor et pulmo"), Taken),
        ("chest and knee by text", text(0x0008_1030, "Thorax, Knie"), Taken),
        ("abdomen by the request", coded(0x0032_1064, ("99RIS", "AB1", "Abdomen im Stehen")), Taken),
        ("abdomen by the request, no code", all(vec![without(&[0x0018_0015, REGION]), coded(0x0032_1064, ("99RIS", "AB1", "Abdomen im Stehen"))]), Doubtful("Requested Procedure Code Sequence names the abdomen")),
    ]
}

pub(super) fn film_facts() -> Vec<(&'static str, Change, Is)> {
    projections().into_iter().chain(other_film_facts()).collect()
}

/// The same of a slice.
#[rustfmt::skip]
pub(super) fn slice_facts() -> Vec<(&'static str, Change, Is)> {
    vec![
        ("coronal", text(0x0020_0037, "1\\0\\0\\0\\0\\-1"), Refused("Image Orientation (Patient) says coronal; the model takes AXIAL slices")),
        ("sagittal", text(0x0020_0037, "0\\1\\0\\0\\0\\-1"), Refused("says sagittal")),
        ("between planes", text(0x0020_0037, "1\\0\\0\\0\\0.7\\-0.71"), Doubtful("says oblique")),
        ("rows to the left, columns to the feet", all(vec![without(&[0x0020_0037]), text(0x0020_0020, "L\\F")]), Refused("Patient Orientation says coronal")),
        ("rows to the back", all(vec![without(&[0x0020_0037]), text(0x0020_0020, "P\\F")]), Refused("Patient Orientation says sagittal")),
        ("rows to the left, columns to the back", all(vec![without(&[0x0020_0037]), text(0x0020_0020, "L\\P")]), Taken),
        ("upside down", text(0x0020_0037, "-1\\0\\0\\0\\-1\\0"), Doubtful("turned or mirrored")),
        ("scout", text(0x0008_0008, "ORIGINAL\\PRIMARY\\LOCALIZER"), Refused("a scout view")),
        ("scout by options", text(0x0018_0022, "SCOUT MODE"), Refused("Scan Options says a scout view")),
        ("reformatted", text(0x0008_0008, "DERIVED\\SECONDARY\\MPR"), Doubtful("a reformatted image")),
        ("MIP", text(0x0008_0008, "DERIVED\\SECONDARY\\AXIAL\\MIP"), Refused("a projection of a volume")),
        ("perfusion", text(0x0008_0008, "DERIVED\\PRIMARY\\CBF"), Refused("a map of function")),
        ("contrast", text(0x0018_0010, "Iomeron 400"), Doubtful("says a contrast agent; the model takes images without")),
        ("no contrast", text(0x0018_0010, "NONE"), Taken),
        ("many energies measured, one plain image", text(0x0018_9361, "YES"), Taken),
        ("all energies together", all(vec![text(0x0018_9361, "YES"), text(0x0008_0008, "DERIVED\\PRIMARY\\VOLUME\\ENERGY_PROP_WT")]), Taken),
        ("many energies, no plain image", all(vec![text(0x0018_9361, "YES"), text(0x0008_0008, "DERIVED\\PRIMARY\\AXIAL")]), Doubtful("Multi-energy CT Acquisition says several energies")),
        ("one energy", text(0x0008_0008, "DERIVED\\PRIMARY\\VOLUME\\VMI"), Doubtful("an image of one energy")),
        ("all energies together, by code", coded(0x0008_9215, ("DCM", "113097", "")), Taken),
        ("no Hounsfield units", text(0x0028_1054, "MGML"), Refused("Rescale Type")),
        ("sinuses by code", coded(REGION, ("SCT", "2095001", "")), Doubtful("says paranasal sinus, though Body Part Examined says HEAD")),
        ("head and neck", coded(REGION, ("SCT", "774007", "")), Taken),
        ("coronal by text", text(0x0008_103E, "COR 3mm"), Taken),
        ("reformats beside these", text(0x0008_1030, "CT HEAD W/O W COR SAG REFORMATS"), Taken),
        ("coronal by text, no code", all(vec![without(&[0x0020_0037]), text(0x0008_103E, "COR 3mm")]), Doubtful("Series Description names coronal slices")),
        ("oblique beside a coronal text", all(vec![text(0x0020_0037, "1\\0\\0\\0\\0.7\\-0.71"), text(0x0008_103E, "COR 3mm")]), Doubtful("says oblique")),
        ("abdomen by text", text(0x0008_103E, "CT腹部"), Doubtful("Series Description names the abdomen")),
        ("a study of many regions", text(0x0008_1030, "CT Polytrauma Thorax Abdomen"), Taken),
        ("a study of other regions, no code", all(vec![without(&[0x0018_0015]), text(0x0008_1030, "CT Polytrauma Thorax Abdomen")]), Doubtful("Study Description names the chest and the abdomen")),
        ("the head of slices", all(vec![without(&[0x0018_0015]), text(0x0008_103E, "CT CRANIAL")]), Taken),
    ]
}
