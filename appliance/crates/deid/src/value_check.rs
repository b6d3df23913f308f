//! Whether a value may stay that its attribute's rule would keep (`kept.rs`): of the form of its VR, and without identity.
use super::clean::names_somebody;
use super::context::StudyContext;
use super::date;
use super::kept::{is_payload, is_setting_of_device};
use super::policy::Policy;
use super::rule::Place;
use super::vocabulary::is_closed;
use dicom::{DataSet, Element, Tag, Value, Vr, tags};

/// The answer.
pub(super) enum Kept {
    /// As it is, perhaps in another VR.
    Yes(Element),
    /// A part of it.
    Partly(Element),
    /// Not at all.
    No,
}

/// Specific Character Set: strict keeps ASCII text alone, so it needs none; otherwise its known terms.
pub(super) fn charset(element: &Element, policy: &Policy) -> Option<Element> {
    if policy.closed_text {
        return None;
    }
    let text = String::from_utf8_lossy(element.as_bytes()?).into_owned();
    let known = |term: &str| {
        let number = term.strip_prefix("ISO_IR ").or_else(|| term.strip_prefix("ISO 2022 IR "));
        term.is_empty()
            || matches!(term, "GB18030" | "GBK")
            || number.is_some_and(|n| n.len() <= 3 && n.bytes().all(|b| b.is_ascii_digit()))
    };
    let terms: Vec<&str> = text.split('\\').map(|t| t.trim_matches(['\0', ' '])).take(16).collect();
    terms.iter().all(|t| known(t)).then(|| Element::bytes(element.tag, Vr::CS, terms.join("\\")))
}

/// Looks at one value that is no sequence. `open`: an option or the site keeps this very attribute, so its text need
/// not be of the closed vocabulary, and dates and UIDs stay where they are dates and UIDs.
pub(super) fn value(
    level: &DataSet,
    element: &Element,
    vr: Vr,
    (place, open): (Place, bool),
    policy: &Policy,
    context: &StudyContext,
) -> Kept {
    let tag = element.tag;
    let bytes = match &element.value {
        Value::Bytes(bytes) => bytes,
        Value::Bulk(_) | Value::Fragments(_) if is_payload(tag, place) && !vr.is_text() => {
            return Kept::Yes(Element { tag, vr, value: element.value.clone() });
        }
        Value::Items(items) if items.is_empty() && vr != Vr::SQ => return yes(tag, vr, &[]),
        _ => return Kept::No,
    };
    if bytes.is_empty() {
        return if vr == Vr::SQ {
            Kept::Yes(Element { tag, vr, value: Value::Items(Vec::new()) })
        } else {
            yes(tag, vr, &[])
        };
    }
    match vr {
        Vr::SQ => Kept::No,
        Vr::IS | Vr::DS => numbers(tag, vr, bytes, context),
        Vr::CS | Vr::AE | Vr::AS | Vr::LO | Vr::SH | Vr::ST | Vr::LT | Vr::UC | Vr::UT | Vr::UR => {
            words(level, element, vr, policy.closed_text && !open, context)
        }
        Vr::OB | Vr::OW | Vr::OD | Vr::OF | Vr::OL | Vr::OV | Vr::UN if !is_payload(tag, place) => Kept::No,
        Vr::DA | Vr::DT | Vr::TM | Vr::UI if open && is_formed(vr, bytes) => yes(tag, vr, bytes),
        Vr::PN | Vr::DA | Vr::DT | Vr::TM | Vr::UI => Kept::No,
        _ => binary(tag, vr, element.vr, bytes),
    }
}

/// A UID by form (PS3.5 section 9.1).
pub(super) fn is_uid(text: &str) -> bool {
    text.len() <= 64 && text.bytes().all(|b| b.is_ascii_digit() || b == b'.')
}

/// Dates, times and UIDs that are such and nothing else, value by value.
fn is_formed(vr: Vr, bytes: &[u8]) -> bool {
    let text = String::from_utf8_lossy(bytes);
    text.split('\\').map(|value| value.trim_matches(['\0', ' '])).all(|value| {
        value.is_empty()
            || match vr {
                Vr::UI => is_uid(value),
                Vr::TM => date::is_time(value),
                _ => date::shift(value, 0).is_some(),
            }
    })
}

fn yes(tag: Tag, vr: Vr, bytes: &[u8]) -> Kept {
    Kept::Yes(Element::bytes(tag, vr, bytes))
}

/// Decimal and integer strings: numbers alone, at most 16 characters each, none of the study's own ids.
pub(super) fn numbers(tag: Tag, vr: Vr, bytes: &[u8], context: &StudyContext) -> Kept {
    let text = String::from_utf8_lossy(bytes);
    let number = |value: &str| {
        let value = value.trim_matches(['\0', ' ']);
        let form = value.bytes().all(|b| b.is_ascii_digit() || matches!(b, b'.' | b'+' | b'-' | b'e' | b'E'));
        let long_id = value.len() >= 5 && !value.contains('.') && context.identifiers.found_in(value);
        value.is_empty() || (form && value.len() <= 16 && value.parse::<f64>().is_ok() && !long_id)
    };
    if text.split('\\').all(number) { yes(tag, vr, bytes) } else { Kept::No }
}

/// Relationship Type, Value Type and Continuity of Content: enumerated values (PS3.3 section C.17.3).
const STRUCTURE: [u32; 3] = [0x0040_A010, 0x0040_A040, 0x0040_A050];

/// Text: without the study's own identifiers, and under strict of the closed vocabulary.
fn words(level: &DataSet, element: &Element, vr: Vr, closed_text: bool, context: &StudyContext) -> Kept {
    let tag = element.tag;
    let bytes = element.as_bytes().unwrap_or_default();
    // No program shows what follows a NUL, so no person would notice it leaving.
    let bytes = bytes.split(|b| *b == 0).next().unwrap_or_default();
    let text = level.charset.decode(bytes);
    // Value types and relationships of a content tree are a few terms: they stay even where a patient is called Text or Code.
    let structure = STRUCTURE.contains(&tag.0);
    let own = |value: &str| !structure && context.identifiers.found_in(value);
    if closed_text {
        let fits = |value: &str| !own(value) && (is_closed(value) || is_code(tag, value));
        if fits(&text) {
            // The text that was judged, not the bytes: a decoder passes over what it does not understand.
            return yes(tag, vr, text.as_bytes());
        }
        if tag == tags::IMAGE_TYPE {
            let values: Vec<&str> = text.split('\\').map(|v| if fits(v) { v } else { "OTHER" }).collect();
            return Kept::Partly(Element::bytes(tag, vr, values.join("\\")));
        }
        return Kept::No;
    }
    let form = |b: &u8| b.is_ascii_uppercase() || b.is_ascii_digit() || matches!(b, b'_' | b' ' | b'\\');
    if structure && is_closed(&text) {
        return yes(tag, vr, bytes);
    }
    if own(&text) || context.identifiers.phrase_in(&text) || (vr == Vr::CS && !bytes.iter().all(form)) {
        return Kept::No;
    }
    // A defined term of several words is of the vocabulary, or marked by digits or underscores; a name is neither.
    let term = |word: &str| is_closed(word) || word.contains(|c: char| c == '_' || c.is_ascii_digit());
    let spaced =
        |value: &str| value.trim().contains(' ') && !value.split(' ').all(|w| w.is_empty() || term(w));
    // A device's settings hold no date; where there is one, a person typed it.
    if is_setting_of_device(tag) && text.split_whitespace().flat_map(|w| w.split('\\')).any(date::is_written)
    {
        return Kept::No;
    }
    // Devices write any value into Image Type; people do not write there.
    if vr == Vr::CS && tag != tags::IMAGE_TYPE && text.split('\\').any(spaced) {
        return Kept::No;
    }
    yes(tag, vr, text.as_bytes())
}

/// A code value: at most two letters before its digits, as in SNOMED, DCM, LOINC and RadLex codes.
pub(super) fn is_code(tag: Tag, value: &str) -> bool {
    let value = value.trim();
    let letters = value.bytes().filter(u8::is_ascii_alphabetic).count();
    let known = value.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'.'));
    tag == tags::CODE_VALUE
        && known
        && value.len() <= 16
        && (letters <= 2 || value.strip_prefix("RID").is_some_and(|n| n.bytes().all(|b| b.is_ascii_digit())))
        && value.bytes().any(|b| b.is_ascii_digit())
}

/// Coding schemes whose meanings are the scheme's and no typist's (PS3.16 section 8).
const SCHEMES: [&str; 14] = [
    "99SDM", "ATC", "DCM", "FMA", "ICD10", "ICD9", "LN", "MA", "NCIT", "RADLEX", "SCT", "SNM3", "SRT", "UCUM",
];

/// A code's meaning under a scheme of the standard: it stays whole while it looks like one. Long numbers, addresses of
/// the network and titles before a name are none of a scheme's.
pub(super) fn is_meaning(level: &DataSet, tag: Tag, text: &str) -> bool {
    let scheme = level.text(tags::CODING_SCHEME_DESIGNATOR).unwrap_or_default().to_uppercase();
    let longest = text.split(|c: char| !c.is_ascii_digit()).map(str::len).max().unwrap_or(0);
    tag == tags::CODE_MEANING
        && SCHEMES.contains(&scheme.as_str())
        && longest < 4
        && !text.contains(['@', '^', '='])
        && !names_somebody(text)
}

/// A code value or scheme designator by form: one short word with no blank, as codes are and names with their
/// components are not. Codes stand in many headers; finding one tells nothing.
pub(super) fn is_code_part(bytes: &[u8]) -> bool {
    let bytes = bytes.trim_ascii();
    bytes.len() <= 16 && bytes.iter().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'.' | b'_'))
}

/// Binary numbers: whole words, written as numbers, and not all of them printable characters. Six bytes or more of
/// real numbers that all print are rarer than a text in the wrong VR.
pub(super) fn binary(tag: Tag, vr: Vr, written: Vr, bytes: &[u8]) -> Kept {
    let whole = bytes.len().is_multiple_of(vr.word());
    let text = bytes.strip_suffix(&[0]).unwrap_or(bytes);
    let readable = text.len() >= 5 && text.iter().all(|b| (b' '..=b'~').contains(b));
    if !whole || written.is_text() || readable { Kept::No } else { yes(tag, vr, bytes) }
}
