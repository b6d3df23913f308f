//! The attributes that say what was done: PS3.15 section E.1.1 items 6 to 9, PS3.16 CID 7050.
use super::context::StudyContext;
use super::date;
use super::keys::Keys;
use super::policy::Policy;
use super::terms::{Dates, OptionSet};
use dicom::{DataSet, Element, Tag, Value, Vr, tags};

/// CID 7050 De-identification Method: code and meaning of each option, by bit.
const OPTION_CODES: [(OptionSet, &str, &str); 10] = [
    (OptionSet::CLEAN_GRAPHICS, "113103", "Clean Graphics Option"),
    (OptionSet::CLEAN_STRUCTURED_CONTENT, "113104", "Clean Structured Content Option"),
    (OptionSet::CLEAN_DESCRIPTORS, "113105", "Clean Descriptors Option"),
    (OptionSet::RETAIN_FULL_DATES, "113106", "Retain Longitudinal Temporal Information Full Dates Option"),
    (
        OptionSet::RETAIN_MODIFIED_DATES,
        "113107",
        "Retain Longitudinal Temporal Information Modified Dates Option",
    ),
    (OptionSet::RETAIN_PATIENT_CHARACTERISTICS, "113108", "Retain Patient Characteristics Option"),
    (OptionSet::RETAIN_DEVICE_IDENTITY, "113109", "Retain Device Identity Option"),
    (OptionSet::RETAIN_UIDS, "113110", "Retain UIDs Option"),
    (OptionSet::RETAIN_SAFE_PRIVATE, "113111", "Retain Safe Private Option"),
    (OptionSet::RETAIN_INSTITUTION_IDENTITY, "113112", "Retain Institution Identity Option"),
];

/// Attributes that say what was done; ours replace those of the input.
const MARKS: [Tag; 6] = [
    tags::LONGITUDINAL_TEMPORAL_OFFSET_FROM_EVENT,
    tags::LONGITUDINAL_TEMPORAL_EVENT_TYPE,
    tags::PATIENT_IDENTITY_REMOVED,
    tags::DEIDENTIFICATION_METHOD,
    tags::DEIDENTIFICATION_METHOD_CODE_SEQUENCE,
    tags::LONGITUDINAL_TEMPORAL_INFORMATION_MODIFIED,
];

/// This attribute says what was done.
pub(super) fn is_mark(tag: Tag) -> bool {
    MARKS.contains(&tag)
}

/// CID 7050: the options that are an instance's own, not the policy's.
const CLEAN_PIXELS: &str = "113101";
const CLEAN_FACES: &str = "113102";

/// This data set is our own output under these keys and this policy: its dates are done. The patient's pseudonym
/// carries the keyed mark, so no sender can claim it for original data without having seen our output.
pub(super) fn is_own(data: &DataSet, policy: &Policy, keys: &Keys) -> bool {
    data.text(tags::DEIDENTIFICATION_METHOD).as_deref() == Some(policy.method().as_str())
        && data.text(tags::PATIENT_IDENTITY_REMOVED).as_deref() == Some("YES")
        && data.text(tags::PATIENT_ID).is_some_and(|id| keys.is_own_patient(&id))
        && data.uid(tags::SOP_INSTANCE_UID).is_none_or(|uids| {
            let kept = policy.options().has(OptionSet::RETAIN_UIDS);
            // One value is right; several are met, and each was replaced by itself.
            uids.split('\\').all(|uid| kept || keys.is_own_uid(uid))
        })
}

/// Writes the marks into the new header; `original` gives the dates.
pub(super) fn put(
    header: &mut DataSet,
    original: &DataSet,
    context: &StudyContext,
    policy: &Policy,
    own: bool,
) {
    header.put_text(tags::PATIENT_IDENTITY_REMOVED, Vr::CS, "YES");
    header.put_text(tags::DEIDENTIFICATION_METHOD, Vr::LO, &policy.method());
    let mut codes = vec![code("113100", "Basic Application Confidentiality Profile")];
    for (option, value, meaning) in OPTION_CODES {
        if policy.options().has(option) {
            codes.push(code(value, meaning));
        }
    }
    header.put(Element {
        tag: tags::DEIDENTIFICATION_METHOD_CODE_SEQUENCE,
        vr: Vr::SQ,
        value: Value::Items(codes),
    });
    let modified = match policy.dates() {
        Dates::Removed => "REMOVED",
        Dates::Shifted => "MODIFIED",
        Dates::Kept => "UNMODIFIED",
    };
    header.put_text(tags::LONGITUDINAL_TEMPORAL_INFORMATION_MODIFIED, Vr::CS, modified);
    if policy.dates() == Dates::Removed {
        put_day_number(header, original, context, own);
    }
}

/// Takes the marks out again, of what was re-identified.
pub(super) fn take_back(header: &mut DataSet) {
    for tag in MARKS {
        header.remove(tag);
    }
    header.put_text(tags::PATIENT_IDENTITY_REMOVED, Vr::CS, "NO");
}

/// Says that every frame was looked through for text and what was found is black.
pub(super) fn put_pixels_cleaned(header: &mut DataSet) {
    put_option(header, CLEAN_PIXELS, "Clean Pixel Data Option");
}

/// Says that the face is black in every frame.
pub(super) fn put_defaced(header: &mut DataSet) {
    put_option(header, CLEAN_FACES, "Clean Recognizable Visual Features Option");
}

fn put_option(header: &mut DataSet, value: &str, meaning: &str) {
    let mut codes = header.items(tags::DEIDENTIFICATION_METHOD_CODE_SEQUENCE).to_vec();
    if codes.iter().any(|item| item.text(tags::CODE_VALUE).as_deref() == Some(value)) {
        return;
    }
    codes.push(code(value, meaning));
    header.put(Element {
        tag: tags::DEIDENTIFICATION_METHOD_CODE_SEQUENCE,
        vr: Vr::SQ,
        value: Value::Items(codes),
    });
}

/// The day number relative to the study's first day, in days (PS3.3 section C.7.2.3: FD, days).
fn put_day_number(header: &mut DataSet, original: &DataSet, context: &StudyContext, own: bool) {
    let offset = tags::LONGITUDINAL_TEMPORAL_OFFSET_FROM_EVENT;
    let days = if own {
        original.decimal(offset)
    } else {
        let dates =
            [tags::ACQUISITION_DATE, tags::ACQUISITION_DATE_TIME, tags::CONTENT_DATE, tags::SERIES_DATE];
        let own_day =
            dates.iter().chain([&tags::STUDY_DATE]).find_map(|tag| date::parse(&original.text(*tag)?));
        own_day.zip(context.first_day()).map(|(day, first)| (day - first) as f64)
    };
    if let Some(days) = days.filter(|d| d.abs() < 100_000.0) {
        header.put(Element::bytes(offset, Vr::FD, days.to_le_bytes().to_vec()));
        header.put_text(tags::LONGITUDINAL_TEMPORAL_EVENT_TYPE, Vr::CS, "STUDY");
    }
}

fn code(value: &str, meaning: &str) -> DataSet {
    let mut item = DataSet::new();
    item.put_text(tags::CODE_VALUE, Vr::SH, value);
    item.put_text(tags::CODING_SCHEME_DESIGNATOR, Vr::SH, "DCM");
    item.put_text(tags::CODE_MEANING, Vr::LO, meaning);
    item
}
