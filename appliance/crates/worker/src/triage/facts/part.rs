//! The part of the body as a set of parts, so that "chest and abdomen" contradicts neither: defined terms and codes.

// One bit for each part; names are sets of them.
pub(super) const HEAD: u32 = 1;
pub(super) const FACE: u32 = 1 << 1;
pub(super) const NECK: u32 = 1 << 2;
pub(super) const CHEST: u32 = 1 << 3;
pub(super) const BREAST: u32 = 1 << 4;
pub(super) const RIBS: u32 = 1 << 5;
pub(super) const ABDOMEN: u32 = 1 << 6;
pub(super) const PELVIS: u32 = 1 << 7;
const CERVICAL: u32 = 1 << 8;
const THORACIC: u32 = 1 << 9;
const LUMBAR: u32 = 1 << 10;
const SACRAL: u32 = 1 << 11;
pub(super) const SHOULDER: u32 = 1 << 12;
const UPPER_ARM: u32 = 1 << 13;
const ELBOW: u32 = 1 << 14;
const FOREARM: u32 = 1 << 15;
const WRIST: u32 = 1 << 16;
const HAND: u32 = 1 << 17;
const HIP: u32 = 1 << 18;
const THIGH: u32 = 1 << 19;
const KNEE: u32 = 1 << 20;
const LOWER_LEG: u32 = 1 << 21;
const ANKLE: u32 = 1 << 22;
const FOOT: u32 = 1 << 23;
pub(super) const SPINE: u32 = CERVICAL | THORACIC | LUMBAR | SACRAL;
pub(super) const ARM: u32 = UPPER_ARM | ELBOW | FOREARM | WRIST | HAND;
pub(super) const LEG: u32 = HIP | THIGH | KNEE | LOWER_LEG | ANKLE | FOOT;
const ALL: u32 = (1 << 24) - 1;

/// A region as claimed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Part<'a> {
    /// The values of Body Part Examined that name it.
    terms: Vec<&'a str>,
    /// The parts that it covers.
    mask: u32,
    /// It is these parts as a whole, not something in them: the chest, not a lung.
    whole: bool,
}

impl<'a> Part<'a> {
    /// What a bundle calls by a term of its own.
    pub(super) fn of_bundle(term: &'a str) -> Self {
        Self { terms: vec![term], mask: mask_of(term), whole: true }
    }
}

impl Part<'static> {
    /// A region that is not known here: it is none of those that a bundle takes.
    pub(super) fn unknown() -> Self {
        Self { terms: vec![""], mask: 0, whole: false }
    }

    /// What words name: it covers these parts, and is no defined term.
    pub(super) fn named(mask: u32) -> Self {
        Self { terms: Vec::new(), mask, whole: false }
    }
}

impl Part<'_> {
    /// Whether it is one of the body parts that a bundle takes; `None` when it lies in one, or covers more.
    pub(super) fn agrees(&self, body_part: &[String]) -> Option<bool> {
        let taken = body_part.iter().fold(0, |all, term| all | mask_of(term));
        if self.terms.iter().any(|t| body_part.iter().any(|b| b == t)) {
            return Some(true);
        }
        // Words cannot be compared with a term that the table does not have.
        if taken == 0 && self.terms.is_empty() {
            return None;
        }
        if self.mask & taken == 0 {
            return Some(false);
        }
        (self.whole && self.mask & !taken == 0).then_some(true)
    }

    /// The value of `body_part` that it is.
    pub(super) fn value(&self, body_part: &[String]) -> Option<String> {
        let is = |term: &&String| {
            self.terms.contains(&term.as_str()) || (self.whole && self.mask & !mask_of(term) == 0)
        };
        body_part.iter().find(is).cloned()
    }
}

/// A region of the tables.
pub(super) struct Row {
    pub name: &'static str,
    terms: &'static [&'static str],
    mask: u32,
    whole: bool,
    pub codes: &'static [&'static str],
}

impl Row {
    pub(super) fn part(&self) -> Part<'static> {
        Part { terms: self.terms.to_vec(), mask: self.mask, whole: self.whole }
    }
}

const fn whole(
    name: &'static str,
    terms: &'static [&'static str],
    mask: u32,
    codes: &'static [&'static str],
) -> Row {
    Row { name, terms, mask, whole: true, codes }
}

const fn within(
    name: &'static str,
    terms: &'static [&'static str],
    mask: u32,
    codes: &'static [&'static str],
) -> Row {
    Row { name, terms, mask, whole: false, codes }
}

/// Defined terms of Body Part Examined and their codes (PS3.16 annex L and CID 4009, 4030, 4031), SCT and SRT, with the
/// codes that older devices write for chest, abdomen and pelvis as body structures.
#[rustfmt::skip]
pub(super) static ROWS: &[Row] = &[
    whole("chest", &["CHEST", "THORAX"], CHEST, &["816094009", "51185008", "T-D3000", "43799004", "T-D3200", "78904004", "T-D3050"]),
    within("lung", &["LUNG"], CHEST, &["39607008", "T-28000", "86598002", "T-280A0"]),
    within("heart", &["HEART"], CHEST, &["80891009", "T-32000"]),
    within("coronary artery", &["CORONARYARTERY"], CHEST, &["41801008", "T-43000"]),
    within("mediastinum", &["MEDIASTINUM"], CHEST, &["72410000", "T-D3300"]),
    within("bronchus", &["BRONCHUS"], CHEST, &["955009", "T-26000"]),
    within("trachea", &["TRACHEA"], CHEST | NECK, &["44567001", "T-25000"]),
    within("thymus", &["THYMUS"], CHEST, &["9875009", "T-C8000"]),
    within("oesophagus", &["ESOPHAGUS"], CHEST | NECK, &["32849002", "T-56000"]),
    within("thoracic aorta", &["THORACICAORTA"], CHEST, &["113262008", "T-42070", "57034009", "T-42300"]),
    within("pulmonary artery", &["PULMONARYARTERY"], CHEST, &["81040000", "T-44000"]),
    whole("breast", &["BREAST"], BREAST, &["76752008", "T-04000"]),
    whole("rib", &["RIB", "RIBS"], RIBS, &["113197003", "T-11300"]),
    whole("sternum", &["STERNUM"], RIBS, &["56873002", "T-11210"]),
    within("sternoclavicular joint", &["SCJOINT"], RIBS | SHOULDER, &["7844006", "T-15610"]),
    whole("head", &["HEAD"], HEAD, &["69536005", "T-D1100"]),
    whole("skull", &["SKULL"], HEAD, &["89546000", "T-11100"]),
    whole("brain", &["BRAIN"], HEAD, &["12738006", "T-A0100"]),
    within("cerebellum", &["CEREBELLUM"], HEAD, &["113305005", "T-A6000"]),
    within("circle of Willis", &["CIRCLEOFWILLIS"], HEAD, &["11279006", "T-45520"]),
    within("cranial venous system", &["CRANIALVENOUSSYSTEM"], HEAD, &["128320002", "T-A0191"]),
    within("sella turcica", &["SELLA"], HEAD, &["42575006", "T-D1460"]),
    whole("facial bones", &["FACE", "FACIALBONES"], FACE, &["91397008", "T-11196", "89545001", "T-D1200"]),
    whole("orbit", &["ORBIT"], FACE, &["363654007", "T-D14AE"]),
    within("eye", &["EYE"], FACE, &["81745001", "T-AA000", "371398005", "T-D0801"]),
    within("optic canal", &["OPTICCANAL"], FACE, &["55024004", "T-11102"]),
    whole("paranasal sinus", &["SINUS"], FACE, &["2095001", "T-22000"]),
    within("nasal bone", &["NOSE", "NASALBONE"], FACE, &["74386004", "T-11149"]),
    whole("jaw", &["JAW"], FACE, &["661005", "T-D1213"]),
    whole("mandible", &["MANDIBLE"], FACE, &["91609006", "T-11180"]),
    whole("maxilla", &["MAXILLA"], FACE, &["70925003", "T-11170"]),
    whole("zygoma", &["ZYGOMA"], FACE, &["13881006", "T-11166"]),
    whole("temporomandibular joint", &["TMJOINT"], FACE, &["53620006", "T-15290"]),
    whole("mastoid bone", &["MASTOID"], FACE, &["59066005", "T-11133"]),
    whole("internal auditory canal", &["IAC", "EAR"], FACE, &["361078006", "T-AB959", "117590005", "T-AB000"]),
    within("parotid gland", &["PAROTID"], FACE, &["45289007", "T-61100"]),
    whole("neck", &["NECK"], NECK, &["45048000", "T-D1600"]),
    within("larynx", &["LARYNX"], NECK, &["4596009", "T-24100"]),
    within("thyroid", &["THYROID"], NECK, &["69748006", "T-B6000"]),
    within("carotid artery", &["CAROTID"], NECK, &["69105007", "T-45010"]),
    within("head and neck", &["HEADNECK"], HEAD | FACE | NECK, &["774007", "T-D1000"]),
    within("neck and chest", &["NECKCHEST"], NECK | CHEST, &["417437006", "R-FAB52"]),
    within("neck, chest and abdomen", &["NECKCHESTABDOMEN"], NECK | CHEST | ABDOMEN, &["416152001", "R-FAB53"]),
    within("neck, chest, abdomen and pelvis", &["NECKCHESTABDPELV"], NECK | CHEST | ABDOMEN | PELVIS, &["416319003", "R-FAB54"]),
    within("chest and abdomen", &["CHESTABDOMEN"], CHEST | ABDOMEN, &["416550000", "R-FAB55"]),
    within("chest, abdomen and pelvis", &["CHESTABDPELVIS"], CHEST | ABDOMEN | PELVIS, &["416775004", "R-FAB56"]),
    within("whole body", &["WHOLEBODY"], ALL, &["38266002", "T-D0010"]),
    whole("abdomen", &["ABDOMEN"], ABDOMEN, &["818981001", "113345001", "T-D4000", "27947004", "T-D4200"]),
    within("abdomen and pelvis", &["ABDOMENPELVIS"], ABDOMEN | PELVIS, &["818982008", "416949008", "R-FAB57"]),
    within("abdominal aorta", &["ABDOMINALAORTA"], ABDOMEN, &["7832008", "T-42500"]),
    within("liver", &["LIVER"], ABDOMEN, &["10200004", "T-62000", "303270005", "T-50007"]),
    within("gallbladder or bile ducts", &["GALLBLADDER", "BILEDUCT", "BILIARY"], ABDOMEN, &["28231008", "T-63000", "28273000", "T-60610", "34707002", "T-60600", "79741001", "T-64500"]),
    within("pancreas", &["PANCREAS"], ABDOMEN, &["15776009", "T-65000", "69930009", "T-65010", "110621006", "T-65600"]),
    within("spleen", &["SPLEEN"], ABDOMEN, &["78961009", "T-C3000"]),
    within("stomach", &["STOMACH"], ABDOMEN, &["69695003", "T-57000"]),
    within("oesophagus, stomach and duodenum", &["UGITRACT"], ABDOMEN | CHEST, &["110861005", "T-DD163", "62834003", "T-50110"]),
    within("bowel", &["COLON", "DUODENUM", "JEJUNUM", "ILEUM", "SMALLBOWEL", "LARGEINTESTINE"], ABDOMEN, &["71854001", "T-59300", "38848004", "T-58200", "21306003", "T-58400", "34516001", "T-58600", "30315005", "T-58000", "14742008", "T-59000"]),
    within("kidney", &["KIDNEY"], ABDOMEN, &["64033007", "T-71000"]),
    within("adrenal gland", &["ADRENAL"], ABDOMEN, &["23451007", "T-B3000"]),
    within("renal artery", &["RENALARTERY"], ABDOMEN, &["2841007", "T-46600"]),
    within("urinary tract", &["URETER", "UPRURINARYTRACT"], ABDOMEN | PELVIS, &["87953007", "T-73000", "431491007", "T-7000B", "431938005", "T-7000C"]),
    whole("pelvis", &["PELVIS"], PELVIS, &["816092008", "12921003", "T-D6000"]),
    within("bladder or urethra", &["BLADDER", "URETHRA"], PELVIS, &["89837001", "T-74000", "13648007", "T-75000"]),
    within("rectum or anus", &["RECTUM", "ANUS"], PELVIS, &["34402009", "T-59600", "53505006", "T-59900"]),
    within("pelvic organ", &["PROSTATE", "UTERUS", "TESTIS"], PELVIS, &["41216001", "T-92000", "35039007", "T-83000", "40689003", "T-94000", "110639002", "T-88920"]),
    within("ilium", &["ILIUM"], PELVIS, &["22356005", "T-12340"]),
    within("sacroiliac joint", &["SIJOINT"], PELVIS | SACRAL, &["39723000", "T-15680"]),
    within("pelvis and lower limbs", &["PELVISLOWEXTREMT"], PELVIS | LEG, &["1231522001"]),
    whole("spine", &["SPINE"], SPINE, &["421060004", "T-D04FF"]),
    whole("cervical spine", &["CSPINE"], CERVICAL, &["122494005", "T-11501"]),
    whole("cervicothoracic spine", &["CTSPINE"], CERVICAL | THORACIC, &["1217257000"]),
    whole("thoracic spine", &["TSPINE"], THORACIC, &["122495006", "T-11502"]),
    whole("thoracolumbar spine", &["TLSPINE"], THORACIC | LUMBAR, &["1217256009"]),
    whole("lumbar spine", &["LSPINE"], LUMBAR, &["122496007", "T-11503"]),
    whole("lumbosacral spine", &["LSSPINE"], LUMBAR | SACRAL, &["1217253001"]),
    whole("sacrum", &["SSPINE", "SACRUM"], SACRAL, &["54735007", "T-11AD0"]),
    whole("coccyx", &["COCCYX"], SACRAL, &["64688005", "T-11BF0", "1217254007"]),
    within("spine and skull", &[], SPINE | HEAD, &["110517009", "T-11011"]),
    whole("shoulder", &["SHOULDER"], SHOULDER, &["16982005", "T-D2220"]),
    whole("clavicle", &["CLAVICLE"], SHOULDER, &["51299004", "T-12310"]),
    whole("scapula", &["SCAPULA"], SHOULDER, &["79601000", "T-12280"]),
    whole("acromioclavicular joint", &["ACJOINT"], SHOULDER, &["85856004", "T-15420"]),
    whole("upper arm", &["ARM", "HUMERUS"], UPPER_ARM, &["40983000", "T-D8200", "85050009", "T-12410"]),
    whole("elbow", &["ELBOW"], ELBOW, &["16953009", "T-15430"]),
    whole("forearm", &["FOREARM", "RADIUSULNA"], FOREARM, &["14975008", "T-D8500", "110535000", "T-12403"]),
    whole("wrist", &["WRIST"], WRIST, &["74670003", "T-15460", "8205005", "T-D8600"]),
    whole("hand", &["HAND"], HAND, &["85562004", "T-D8700"]),
    within("finger", &["FINGER", "THUMB"], HAND, &["7569003", "T-D8800", "76505004", "T-D8810"]),
    within("upper limb", &["UPREXTREMITY"], ARM | SHOULDER, &["53120007", "T-D8000", "371195002", "T-D0821", "30608006", "T-13600"]),
    within("limb", &["EXTREMITY"], ARM | LEG | SHOULDER, &["66019005", "T-D0300"]),
    whole("hip", &["HIP"], HIP, &["29836001", "T-D2500", "24136001", "T-15710"]),
    whole("thigh", &["THIGH", "FEMUR"], THIGH, &["68367000", "T-D9100", "71341001", "T-12710"]),
    whole("knee", &["KNEE"], KNEE, &["72696002", "T-D9200"]),
    within("patella", &["PATELLA"], KNEE, &["64234005", "T-12730"]),
    whole("lower leg", &["LEG", "TIBIAFIBULA"], LOWER_LEG, &["30021000", "T-D9400", "87342007", "T-12750", "110536004", "T-12701"]),
    whole("ankle", &["ANKLE"], ANKLE, &["70258002", "T-15750"]),
    whole("foot", &["FOOT"], FOOT, &["56459004", "T-D9700"]),
    within("heel", &["CALCANEUS", "HEEL"], FOOT, &["80144004", "T-12770"]),
    within("toe", &["TOE"], FOOT, &["29707007", "T-D9800"]),
    within("tarsal joint or sesamoid bones", &[], FOOT, &["27949001", "T-15770", "58742003", "T-12980"]),
    within("lower limb", &["LOWEXTREMITY"], LEG, &["61685007", "T-D9000", "72001000", "T-12700", "102292000", "T-14668", "299716001", "T-41068"]),
];

pub(super) fn by_term(term: &str) -> Option<&'static Row> {
    ROWS.iter().find(|row| row.terms.contains(&term))
}

/// The parts that a value of Body Part Examined names; none when the table does not have it.
fn mask_of(term: &str) -> u32 {
    by_term(term).map_or(0, |row| row.mask)
}

/// None of these body parts is one of a pair: the chest has no side of its own, a knee has.
pub(super) fn are_whole(body_part: &[String]) -> bool {
    let single = HEAD | NECK | CHEST | ABDOMEN | PELVIS | SPINE;
    !body_part.is_empty() && body_part.iter().all(|term| mask_of(term) != 0 && mask_of(term) & !single == 0)
}
