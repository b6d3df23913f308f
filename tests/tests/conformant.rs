//! De-identified files are as conformant as what came in: `dciodvfy` reports no error that the input did not have.

use std::path::{Path, PathBuf};

use fixtures::study::{Encoding, StudyKind, StudySpec};
use scanside_tests::support::{conformity_errors, run};

/// Public files of many kinds, which the set-up unpacks: reports, presentation states, plans, odd images.
const PUBLIC: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../target/pydicom");

/// `dciodvfy` asks for Laterality as soon as nothing else says which side it is; the sender never did.
const KNOWN: [(&str, &str); 1] = [("image_dfl.dcm", "Element=<Laterality>")];

fn phantoms(folder: &Path) {
    let kinds =
        [StudyKind::Dx, StudyKind::Cr, StudyKind::HeadCt, StudyKind::SecondaryCapture, StudyKind::Ultrasound];
    for (number, kind) in kinds.into_iter().enumerate() {
        for encoding in [Encoding::ExplicitLittle, Encoding::Rle] {
            let spec = StudySpec::new(kind, 400 + number as u64).with_encoding(encoding).with_slices(2);
            let study = spec.with_size(64, 64).build().unwrap();
            study.write(&folder.join(format!("{number}-{encoding:?}"))).unwrap();
        }
    }
}

/// Input, output and the errors that only the output has, for every file that was let out.
fn new_errors(input: &Path, output: &Path, policy: &str) -> (usize, Vec<String>) {
    let (from, to) = (input.display().to_string(), output.display().to_string());
    let said =
        run("appliance", &["deid", &from, &to, "--json", "--policy", policy, "--pixel-text", "black-out"])
            .unwrap();
    let lines = said.lines().unwrap();
    let mut compared = 0;
    let mut new = Vec::new();
    for line in lines {
        let Some(written) = line["output"].as_str() else { continue };
        compared += 1;
        let source = PathBuf::from(line["input"].as_str().unwrap());
        let before = conformity_errors(&source).unwrap();
        let name = source.file_name().unwrap().to_string_lossy().into_owned();
        for error in conformity_errors(Path::new(written)).unwrap().difference(&before) {
            if !KNOWN.iter().any(|(file, words)| *file == name && error.contains(words)) {
                new.push(format!("{name} under {policy}: {error}"));
            }
        }
    }
    (compared, new)
}

#[test]
fn de_identified_files_have_no_error_that_the_input_did_not_have() {
    let folder = tempfile::tempdir().unwrap();
    let made = folder.path().join("made");
    phantoms(&made);
    for policy in ["strict", "shifted-dates"] {
        let (phantoms, new) = new_errors(&made, &folder.path().join(format!("phantoms-{policy}")), policy);
        assert!(phantoms >= 10 && new.is_empty(), "{phantoms} files: {new:#?}");
        let (public, new) =
            new_errors(Path::new(PUBLIC), &folder.path().join(format!("public-{policy}")), policy);
        assert!(public >= 40 && new.is_empty(), "{public} files: {new:#?}");
    }
}

#[test]
fn an_attribute_that_the_iod_needs_is_missed() {
    // The comparison itself: an image without Rows has an error that it did not have with them.
    let folder = tempfile::tempdir().unwrap();
    let study = StudySpec::new(StudyKind::Dx, 1).with_size(64, 64).build().unwrap();
    let bytes = &study.instances[0].file;
    let whole = folder.path().join("whole.dcm");
    std::fs::write(&whole, bytes).unwrap();
    let mut parsed = dicom::read(&bytes[..], &Default::default()).unwrap();
    parsed.data.remove(dicom::tags::ROWS);
    let mut out = Vec::new();
    dicom::write_file(&parsed.meta, &parsed.data, parsed.bulk(&bytes), &mut out).unwrap();
    let less = folder.path().join("less.dcm");
    std::fs::write(&less, out).unwrap();
    let (whole, less) = (conformity_errors(&whole).unwrap(), conformity_errors(&less).unwrap());
    assert!(less.difference(&whole).any(|error| error.contains("<Rows>")), "{less:#?}");
}
