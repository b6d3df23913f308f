//! The projection of a radiograph: View Position, view codes and modifiers, directions of rows and columns, the position
//! of patient and beam.

use models::StudyFacts;
use models::accepts::tidy;
use models::manifest::Accepts;

use super::claim::{Claim, Statement, Weight};
use super::collected::{Collected, hint, meant, snomed, term, views_of};
use super::words::meanings;
use dicom::{DataSet, Tag, tags};

/// A projection with the values of View Position that it is.
struct View {
    name: &'static str,
    terms: &'static [&'static str],
    codes: &'static [&'static str],
}

const fn view(name: &'static str, terms: &'static [&'static str], codes: &'static [&'static str]) -> View {
    View { name, terms, codes }
}

/// PS3.16 CID 4010 (DX View) and 4014 (mammography), SCT and SRT; the defined terms are those of PS3.3 C.8.7.1 and what
/// devices write beside them; R-10218 and R-10222 are codes of earlier editions of CID 4010. The first term
/// of a row is the one that it is called by.
#[rustfmt::skip]
static VIEWS: &[View] = &[
    view("postero-anterior", &["PA"], &["272479007", "R-40888", "399066004", "R-10214"]),
    view("antero-posterior", &["AP"], &["399348003", "R-10206"]),
    view("frontal", &["PA", "AP"], &["399033003", "R-10202"]),
    view("left lateral", &["LL", "LLAT", "LAT", "LATERAL"], &["399173006", "R-10236"]),
    view("right lateral", &["RL", "RLAT", "LAT", "LATERAL"], &["399198007", "R-10232"]),
    view("lateral", &["LAT", "LATERAL", "LL", "RL"], &["399067008", "R-102CD"]),
    view("medio-lateral", &["ML"], &["399260004", "R-10224"]),
    view("latero-medial", &["LM"], &["399352003", "R-10228"]),
    view("sagittal", &["SAGITTAL"], &["30730003", "G-A145", "R-10222"]),
    view("left lateral decubitus", &["LLD"], &[]),
    view("right lateral decubitus", &["RLD"], &[]),
    view("left lateral oblique", &["LLO"], &[]),
    view("right lateral oblique", &["RLO"], &[]),
    view("left anterior oblique", &["LAO"], &["399135007", "R-10220"]),
    view("right anterior oblique", &["RAO"], &["399356000", "R-40985", "R-10218"]),
    view("left posterior oblique", &["LPO"], &["399006002", "R-10212"]),
    view("right posterior oblique", &["RPO"], &["399038007", "R-10210"]),
    view("oblique", &["OBLIQUE", "OBL"], &[
        "399182000", "R-102C1", "399236003", "R-10234", "399184004", "R-10238", "399160007", "R-10204", "399312000",
        "R-10208", "399059000", "R-10216", "260427002", "R-40783", "260426006", "R-40782", "399368009", "R-10226",
        "399099002", "R-10230",
    ]),
    view("axial", &["AXIAL"], &[
        "399061009", "R-10241", "399004004", "R-10246", "399132005", "R-10252", "399325008", "R-10254",
    ]),
    view("tangential", &["TANGENTIAL"], &["399110001", "R-102C2"]),
    view("cranio-caudal", &["CC"], &["399162004", "R-10242", "399288005", "R-10248"]),
    view("caudo-cranial", &["FB"], &["399196006", "R-10244", "399225005", "R-10250"]),
    view("dorso-plantar", &["DP"], &["399335002", "R-102C4", "399071006", "R-102C3"]),
    view("of the skull", &[], &[
        "399242004", "R-102C6", "399351005", "R-102C7", "399272005", "R-102C5", "399316002", "R-102C8", "399255003",
        "R-10256", "399360002", "R-10257", "260499007", "R-40810",
    ]),
    view("of a specimen", &[], &["119376003", "G-8300", "127457009", "G-8310"]),
    // Veterinary, PS3.16 CID 7484.
    view("dorso-ventral of an animal", &[], &["441672003", "R-40AAC", "442441009", "R-40AB0"]),
];

/// View Position (PS3.3 C.8.7.1 for CR, C.8.11.5 for DX).
pub(super) fn given<'a>(facts: &StudyFacts, accepts: &'a Accepts) -> Option<Statement<'a>> {
    let value = facts.view.as_deref().map(tidy).filter(|value| !value.is_empty())?;
    let taken = accepts.view.iter().find(|term| **term == value);
    let known = VIEWS.iter().find(|view| view.terms.first().is_some_and(|term| *term == value));
    let (name, terms) = match (taken, known) {
        (Some(term), _) => (term.clone(), vec![term.as_str()]),
        (None, Some(view)) => (view.name.to_owned(), view.terms.to_vec()),
        (None, None) => {
            views_of(&meanings(&value)).unwrap_or_else(|| ("something else".to_owned(), Vec::new()))
        }
    };
    let words = format!("View Position says {name}");
    Some(Statement { words, claim: Claim::View(terms), weight: Weight::Coded })
}

const VIEW_CODE_SEQUENCE: Tag = Tag::new(0x0054, 0x0220);
const VIEW_MODIFIER_CODE_SEQUENCE: Tag = Tag::new(0x0054, 0x0222);

/// Modifiers that tell the beam from that of a plain view (PS3.16 CID 4011), with what they say.
const MODIFIERS: [(&str, &[&str]); 6] = [
    ("a cross-table beam", &["111069"]),
    ("a transthoracic beam", &["272476000", "R-40885"]),
    ("a beam angled to head or feet", &["399162004", "R-10242", "399196006", "R-10244"]),
    (
        "a beam through mouth, orbit or foramen",
        &["118438002", "G-D00B", "272466003", "R-4087B", "278318001", "R-40554"],
    ),
    ("a lordotic view", &["260450008", "R-40799"]),
    ("a lateral decubitus view", &DECUBITUS),
];

/// Lateral decubitus, left, right or neither (PS3.16 CID 20).
const DECUBITUS: [&str; 6] = ["102536004", "F-10319", "102535000", "F-10317", "32185000", "F-10318"];

/// View Code Sequence with its modifiers (PS3.3 C.8.11.5). A code that the table has counts as such, its meaning as text
/// beside it; of another code the meaning counts.
pub(super) fn view_code(data: &DataSet, said: &mut Collected) {
    let source = "View Code Sequence";
    for item in data.items(VIEW_CODE_SEQUENCE) {
        let code = snomed(item);
        let found = meant(item);
        let known = code.and_then(|code| VIEWS.iter().find(|view| view.codes.contains(&code.as_str())));
        if let Some(view) = known {
            let words = format!("{source} says {}", view.name);
            said.add(Weight::Coded, words, Claim::View(view.terms.to_vec()));
            hint("The meaning in View Code Sequence", &found, said);
        } else if let Some((names, terms)) = views_of(&found) {
            said.add(Weight::Coded, format!("{source} says {names}"), Claim::View(terms));
        } else {
            let words = format!("{source} holds a code that is not known here");
            said.add(Weight::Faint, words, Claim::View(Vec::new()));
        }
        item.items(VIEW_MODIFIER_CODE_SEQUENCE).iter().for_each(|modifier| modified(modifier, said));
    }
}

/// A modifier, or the position of the patient: only what speaks against a plain view.
fn modified(item: &DataSet, said: &mut Collected) {
    let code = term(item, tags::CODE_VALUE).unwrap_or_default();
    if let Some((name, _)) = MODIFIERS.iter().find(|(_, codes)| codes.contains(&code.as_str())) {
        said.add(Weight::Hint, format!("View Modifier Code Sequence says {name}"), Claim::View(Vec::new()));
    }
}

/// Where rows and columns run, as letters (PS3.3 C.7.6.1.1.1).
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Run {
    /// From side to side and along the body: frontal, or coronal.
    Frontal { upright: bool, straight: bool },
    /// From front to back and along the body: lateral, or sagittal.
    Lateral,
    /// From side to side and from front to back.
    Axial,
}

/// Patient Orientation; `None` when it is not given or no such letters.
pub(super) fn run(data: &DataSet) -> Option<Run> {
    let values = data.texts(Tag::new(0x0020, 0x0020));
    let [row, column] = values.as_slice() else { return None };
    let first = |text: &str| text.chars().next().map(|c| c.to_ascii_uppercase());
    let letters = (first(row)?, first(column)?);
    let has = |axis: [char; 2]| axis.contains(&letters.0) || axis.contains(&letters.1);
    match (has(['L', 'R']), has(['A', 'P']), has(['H', 'F'])) {
        (true, false, true) => {
            Some(Run::Frontal { upright: letters == ('L', 'F'), straight: row.len() + column.len() == 2 })
        }
        (false, true, true) => Some(Run::Lateral),
        (true, true, false) => Some(Run::Axial),
        _ => None,
    }
}

/// Patient Orientation (PS3.3 C.7.6.1.1.1). Rows that run to the front or the back are those of a lateral film, whatever
/// else is said. The plain frontal letters agree with nothing: many devices write them on every film. Letters of a film
/// that is turned or mirrored leave a doubt. The flips and rotations of the field of view (C.8.11.4) are about the
/// detector, and say nothing of the patient.
pub(super) fn patient_orientation(data: &DataSet, said: &mut Collected) {
    let (weight, words, claim) = match run(data) {
        Some(Run::Lateral) => (Weight::Coded, "lateral", Claim::View(vec!["LAT", "LATERAL", "LL", "RL"])),
        Some(Run::Axial) => (Weight::Coded, "axial", Claim::View(vec!["AXIAL"])),
        Some(Run::Frontal { upright: false, .. }) => (Weight::Hint, "turned or mirrored", Claim::Unfit),
        Some(Run::Frontal { straight: false, .. }) => {
            (Weight::Hint, "oblique", Claim::View(vec!["OBLIQUE", "OBL"]))
        }
        Some(Run::Frontal { .. }) | None => return,
    };
    said.add(weight, format!("Patient Orientation says {words}"), claim);
}

const PATIENT_ORIENTATION_CODE_SEQUENCE: Tag = Tag::new(0x0054, 0x0410);
const PATIENT_ORIENTATION_MODIFIER_CODE_SEQUENCE: Tag = Tag::new(0x0054, 0x0412);
const PATIENT_POSITION: Tag = Tag::new(0x0018, 0x5100);

/// Patient Position (PS3.3 C.7.3.1.1.2) and its codes (C.8.11.5, PS3.16 CID 20): a patient who lies on a side.
pub(super) fn patient_position(data: &DataSet, said: &mut Collected) {
    let lies = term(data, PATIENT_POSITION).is_some_and(|t| t.ends_with("DL") || t.ends_with("DR"));
    let orientations = data.items(PATIENT_ORIENTATION_CODE_SEQUENCE);
    let nested = orientations.iter().flat_map(|item| item.items(PATIENT_ORIENTATION_MODIFIER_CODE_SEQUENCE));
    let modifiers = nested.chain(data.items(PATIENT_ORIENTATION_MODIFIER_CODE_SEQUENCE));
    let codes: Vec<String> = modifiers.filter_map(snomed).collect();
    let has = |wanted: &[&str]| codes.iter().any(|code| wanted.contains(&code.as_str()));
    if lies || has(&DECUBITUS) {
        let claim = Claim::View(vec!["LLD", "RLD"]);
        said.add(Weight::Hint, "Patient Position says lateral decubitus", claim);
    }
    if has(&["260450008", "R-40799"]) {
        let words = "Patient Orientation Modifier Code Sequence says lordotic";
        said.add(Weight::Hint, words, Claim::View(Vec::new()));
    }
}

const POSITIONER_TYPE: Tag = Tag::new(0x0018, 0x1508);
const POSITIONER_PRIMARY_ANGLE: Tag = Tag::new(0x0018, 0x1510);

/// How far a C-arm may stand off the frontal plane, and from where on it stands beside the patient, in degrees.
const OFF_FRONTAL: (f64, f64) = (20.0, 60.0);

/// Positioner Primary Angle of a C-arm (PS3.3 C.8.11.5 and C.8.7.5): only there is it about the patient.
pub(super) fn positioner(data: &DataSet, said: &mut Collected) {
    let is_arm = term(data, POSITIONER_TYPE).is_some_and(|kind| kind == "CARM");
    let Some(angle) = data.decimal(POSITIONER_PRIMARY_ANGLE).filter(|_| is_arm) else { return };
    let off = angle.rem_euclid(180.0);
    let off = off.min(180.0 - off);
    let (oblique, lateral) = OFF_FRONTAL;
    if off >= lateral {
        let claim = Claim::View(vec!["LAT", "LATERAL", "LL", "RL"]);
        said.add(Weight::Coded, "Positioner Primary Angle says lateral", claim);
    } else if off > oblique {
        let claim = Claim::View(vec!["OBLIQUE", "OBL"]);
        said.add(Weight::Hint, "Positioner Primary Angle says oblique", claim);
    }
}

/// Projection Eponymous Name Code Sequence (PS3.3 C.8.11.5, PS3.16 CID 4012): a view with a name is no plain one.
pub(super) fn eponym(data: &DataSet, said: &mut Collected) {
    if !data.items(Tag::new(0x0018, 0x5104)).is_empty() {
        let words = "Projection Eponymous Name Code Sequence names a special view";
        said.add(Weight::Hint, words, Claim::View(Vec::new()));
    }
}

/// Image Laterality and Laterality (PS3.3 C.8.11.2, C.7.3.1): one side of what the bundle may want whole.
pub(super) fn laterality(data: &DataSet, said: &mut Collected) {
    for (name, tag) in [("Image Laterality", tags::IMAGE_LATERALITY), ("Laterality", tags::LATERALITY)] {
        let side = match term(data, tag).as_deref() {
            Some("L") => "left",
            Some("R") => "right",
            _ => continue,
        };
        said.add(Weight::Hint, format!("{name} says {side}"), Claim::Side);
    }
}
