//! Any bytes as a DICOM file: reading and de-identifying them ends well, the planted patient is nowhere in the header
//! that would leave, what is written can be read, and de-identifying it again changes nothing.
#![no_main]

use deid::{Keys, Policy, StudyContext, plan};
use dicom::{self, Limits, Parsed, ReadAt, Vr, tags};
use libfuzzer_sys::fuzz_target;

/// A name and an id that are no words of any vocabulary; the seeds hold them in places of every kind.
const NAME: &str = "Zyxwarth^Quendolyn";
const ID: &str = "QX-7731904";
const PARTS: [&[u8]; 3] = [b"zyxwarth", b"quendolyn", b"qx-7731904"];

/// The header that would leave, and the file.
fn deidentify(parsed: &Parsed, source: &dyn ReadAt, policy: &Policy) -> Option<(Vec<u8>, Vec<u8>)> {
    let keys = Keys::from_bytes(&[5; 32]).expect("32 bytes are a key");
    let context = StudyContext::of(&parsed.meta, &parsed.data);
    let made = plan(&parsed.meta, &parsed.data, &context, policy, &keys);
    let header = dicom::encode_data_set(&made.header).ok()?;
    let mut file = Vec::new();
    made.write(parsed.bulk(source), &mut file).ok()?;
    Some((header, file))
}

fuzz_target!(|bytes: &[u8]| {
    let Some((choice, bytes)) = bytes.split_first() else { return };
    let policy = if choice & 1 == 0 { Policy::strict() } else { Policy::shifted_dates() };
    let Ok(mut parsed) = dicom::read(bytes, &Limits::default()) else { return };
    parsed.data.put_text(tags::PATIENT_NAME, Vr::PN, NAME);
    parsed.data.put_text(tags::PATIENT_ID, Vr::LO, ID);
    let Some((header, once)) = deidentify(&parsed, &bytes, &policy) else { return };
    let lower = header.to_ascii_lowercase();
    for part in PARTS {
        assert!(!lower.windows(part.len()).any(|window| window == part), "identity left in the header");
    }
    let again = dicom::read(&once[..], &Limits::default()).expect("what was written can be read");
    let (_, twice) = deidentify(&again, &&once[..], &policy).expect("and de-identified again");
    assert!(once == twice, "twice is not once");
});
