//! What is needed of a performed procedure step's data sets (PS3.4 table F.7.2-1), read within bounds.

use std::collections::BTreeSet;

use super::answer::{Answer, DUPLICATE, FINAL, LATER, NO_SUCH_INSTANCE, TOO_LONG};
use crate::request::Request;
use dicom::sop_classes::MODALITY_PERFORMED_PROCEDURE_STEP;
use dicom::{DataSet, Limits, Tag, read_data_set, tags};
use domain::study::StepEnd;

const STATUS: Tag = Tag::new(0x0040, 0x0252);
const SCHEDULED_STEP_ATTRIBUTES: Tag = Tag::new(0x0040, 0x0270);
const DISCONTINUATION_REASON: Tag = Tag::new(0x0040, 0x0281);
const PERFORMED_SERIES: Tag = Tag::new(0x0040, 0x0340);
const REFERENCED_IMAGES: Tag = Tag::new(0x0008, 0x1140);
const REFERENCED_OTHERS: Tag = Tag::new(0x0040, 0x0220);
const REFERENCED_INSTANCE: Tag = Tag::new(0x0008, 0x1155);

/// Bounds of one reading. A performed series nests three levels deep; other attributes are passed over.
const LIMITS: Limits = Limits { bulk: 1 << 10, memory: 16 << 20, count: 200_000, depth: 16, inflated: 0 };
/// Scheduled steps that one performed step may answer.
const STUDIES_MAX: usize = 64;
/// Instances one step may list.
const INSTANCES_MAX: usize = 20_000;

/// A step that began. Identifying.
#[derive(Clone, PartialEq, Eq)]
pub struct StepCreate {
    /// SOP Instance UID of the step.
    pub uid: String,
    /// Study Instance UIDs of its scheduled steps.
    pub studies: Vec<String>,
    /// Instances that it lists already.
    pub instances: Option<BTreeSet<String>>,
}

/// A change of a step. Identifying.
#[derive(Clone, PartialEq, Eq)]
pub struct StepSet {
    /// SOP Instance UID of the step.
    pub uid: String,
    /// How it ended, with the code value of the discontinuation reason or nothing; `None`: it goes on.
    pub end: Option<(StepEnd, String)>,
    /// Instances it lists now; `None`: the change says nothing about them.
    pub instances: Option<BTreeSet<String>>,
}

impl std::fmt::Debug for StepCreate {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("StepCreate")
    }
}

impl std::fmt::Debug for StepSet {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("StepSet")
    }
}

const OTHER_CLASS: Answer = Answer::new(0x0118, "SOP class is not the one of this presentation context");
const NO_UID: Answer = Answer::new(0x0117, "The SOP Instance UID of the step is missing in the command");
const UNREADABLE: Answer = Answer::new(0x0110, "The data set cannot be read");
const NO_STATUS: Answer = Answer::new(0x0120, "Performed Procedure Step Status is missing");
const NOT_BEGUN: Answer = Answer::new(0x0106, "A step begins with the status IN PROGRESS");
const NO_STUDY: Answer =
    Answer::new(0x0120, "Study Instance UID is missing in the scheduled step attributes");
const OTHER_STATUS: Answer = Answer::new(0x0106, "The status is not IN PROGRESS, COMPLETED or DISCONTINUED");
const TOO_MANY: Answer = Answer::new(0x0213, "At most 20000 instances in one step");

/// What N-CREATE and N-SET of a step are answered with, and when.
pub(crate) const STEPS_ANSWERED: &[(Answer, &str)] = &[
    (Answer::SUCCESS, "the step is in the ledger, synced"),
    (DUPLICATE, "N-CREATE of a step that is known"),
    (NO_SUCH_INSTANCE, "N-SET of a step that is not known"),
    (FINAL, "N-SET of a step that has been completed or discontinued"),
    (NO_STATUS, "N-CREATE without the status"),
    (NOT_BEGUN, "N-CREATE with another status"),
    (NO_STUDY, "N-CREATE without a study"),
    (OTHER_STATUS, "N-SET with another status"),
    (NO_UID, "N-CREATE or N-SET without the UID: none is made up here"),
    (OTHER_CLASS, "the command names another SOP class"),
    (UNREADABLE, "the data set cannot be followed to its end"),
    (TOO_MANY, "more instances listed than are taken"),
    (TOO_LONG, "a data set of more than 4 MiB"),
    (LATER, "the ledger is full or fails"),
];

fn open(request: &Request, syntax: &str, data: &[u8]) -> Result<(String, DataSet), Answer> {
    if request.sop_class.as_deref() != Some(MODALITY_PERFORMED_PROCEDURE_STEP) {
        return Err(OTHER_CLASS);
    }
    let uid = request.sop_instance.clone();
    let uid = uid.ok_or(NO_UID)?;
    let parsed = read_data_set(data, syntax, &LIMITS).map_err(|_| UNREADABLE)?;
    if parsed.trailing > 0 { Err(UNREADABLE) } else { Ok((uid, parsed.data)) }
}

/// Reads an N-CREATE.
pub(super) fn read_create(request: &Request, syntax: &str, data: &[u8]) -> Result<StepCreate, Answer> {
    let (uid, data) = open(request, syntax, data)?;
    match data.text(STATUS).as_deref().map(str::trim) {
        Some("IN PROGRESS") => {}
        None | Some("") => return Err(NO_STATUS),
        // PS3.4 F.7.2.1.2: a step begins in progress.
        Some(_) => return Err(NOT_BEGUN),
    }
    let studies: BTreeSet<String> = data
        .items(SCHEDULED_STEP_ATTRIBUTES)
        .iter()
        .filter_map(|item| item.uid(tags::STUDY_INSTANCE_UID))
        .filter(|uid| is_uid(uid))
        .take(STUDIES_MAX)
        .collect();
    if studies.is_empty() {
        return Err(NO_STUDY);
    }
    Ok(StepCreate { uid, studies: studies.into_iter().collect(), instances: instances(&data)? })
}

/// Reads an N-SET.
pub(super) fn read_set(request: &Request, syntax: &str, data: &[u8]) -> Result<StepSet, Answer> {
    let (uid, data) = open(request, syntax, data)?;
    let end = match data.text(STATUS).as_deref().map(str::trim) {
        None | Some("" | "IN PROGRESS") => None,
        Some("COMPLETED") => Some((StepEnd::Completed, String::new())),
        Some("DISCONTINUED") => Some((StepEnd::Discontinued, reason(&data))),
        Some(_) => {
            return Err(OTHER_STATUS);
        }
    };
    Ok(StepSet { uid, end, instances: instances(&data)? })
}

/// The code value of the discontinuation reason (CID 9300): a code, never its free text.
fn reason(data: &DataSet) -> String {
    let code = data.items(DISCONTINUATION_REASON).first().and_then(|item| item.text(tags::CODE_VALUE));
    let code = code.unwrap_or_default().trim().to_owned();
    if code.len() <= 16 && code.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'.') {
        code
    } else {
        String::new()
    }
}

/// Every instance of every performed series; `None` where the series are not said.
fn instances(data: &DataSet) -> Result<Option<BTreeSet<String>>, Answer> {
    if data.get(PERFORMED_SERIES).is_none() {
        return Ok(None);
    }
    let mut all = BTreeSet::new();
    for series in data.items(PERFORMED_SERIES) {
        for sequence in [REFERENCED_IMAGES, REFERENCED_OTHERS] {
            let uids = series.items(sequence).iter().filter_map(|item| item.uid(REFERENCED_INSTANCE));
            all.extend(uids.filter(|uid| is_uid(uid)));
            if all.len() > INSTANCES_MAX {
                return Err(TOO_MANY);
            }
        }
    }
    Ok(Some(all))
}

fn is_uid(text: &str) -> bool {
    !text.is_empty() && text.len() <= 64 && text.bytes().all(|b| b.is_ascii_graphic())
}
