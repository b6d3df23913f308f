//! Behaviour: a head CT thin enough to render a face waits, or leaves with what lies in front of the skull black.

use std::path::Path;

use dicom::{self, Limits, TransferSyntax, Vr, tags};
use fixtures::study::{StudyKind, StudySpec};
use pixels::Image;
use scanside_tests::support::{Pair, Settings, Terms, run};
use serde_json::Value;

/// Stored value and more is bone in these phantoms: 250 HU at intercept -1024.
const BONE: u16 = 1274;

/// The slices of a head, 1 mm thick as their headers say; `orientation` instead of their own.
fn thin(seed: u64, orientation: Option<&str>) -> Vec<Vec<u8>> {
    let study = StudySpec::new(StudyKind::HeadCt, seed).with_slices(12).with_bleed(None).build().unwrap();
    let thinned = study.instances.iter().map(|instance| {
        let file = &instance.file[..];
        let mut parsed = dicom::read(file, &Limits::default()).unwrap();
        parsed.data.put_text(tags::SLICE_THICKNESS, Vr::DS, "1.0");
        if let Some(orientation) = orientation {
            parsed.data.put_text(tags::IMAGE_ORIENTATION_PATIENT, Vr::DS, orientation);
        }
        let meta = dicom::FileMeta::for_data_set(&parsed.data, TransferSyntax::EXPLICIT_LE);
        let mut out = Vec::new();
        dicom::write_file(&meta, &parsed.data, parsed.bulk(&file), &mut out).unwrap();
        out
    });
    thinned.collect()
}

fn values(file: &[u8]) -> (Vec<u16>, usize) {
    let parsed = dicom::read(file, &Limits::default()).unwrap();
    let stored = Image::new(&parsed, &file).unwrap().decode(0).unwrap().stored;
    let values = stored.bytes.chunks_exact(2).map(|two| u16::from_le_bytes([two[0], two[1]])).collect();
    (values, stored.columns as usize)
}

fn deid(folder: &Path, files: &[Vec<u8>], faces: &str) -> (Vec<Value>, Value) {
    let (input, output, report) = (folder.join("in"), folder.join("out"), folder.join("report.json"));
    std::fs::create_dir_all(&input).unwrap();
    for (number, file) in files.iter().enumerate() {
        std::fs::write(input.join(format!("{number:03}.dcm")), file).unwrap();
    }
    let names = [&input, &output, &report].map(|path| path.display().to_string());
    let args = ["deid", &names[0], &names[1], "--json", "--faces", faces, "--report", &names[2]];
    let lines = run("appliance", &args).unwrap().lines().unwrap();
    (lines, serde_json::from_str(&std::fs::read_to_string(report).unwrap()).unwrap())
}

#[test]
fn soft_tissue_in_front_of_the_skull_is_black_and_everything_else_stays() {
    let folder = tempfile::tempdir().unwrap();
    let files = thin(41, None);
    let (held, _) = deid(&folder.path().join("held"), &files, "hold");
    assert!(held.iter().all(|line| line["status"] == "held"), "{held:?}");
    let (lines, statement) = deid(&folder.path().join("defaced"), &files, "deface");
    assert_eq!(statement["defaced"], 12, "{statement}");
    for (line, before) in lines.iter().zip(&files) {
        let after = std::fs::read(line["output"].as_str().unwrap()).unwrap();
        let header = dicom::read(&after[..], &Limits::default()).unwrap().data;
        assert_eq!(header.text(tags::RECOGNIZABLE_VISUAL_FEATURES).as_deref(), Some("NO"));
        let methods = header.items(tags::DEIDENTIFICATION_METHOD_CODE_SEQUENCE);
        assert!(methods.iter().any(|m| m.text(tags::CODE_VALUE).as_deref() == Some("113102")));
        let ((was, columns), (is, _)) = (values(before), values(&after));
        let changed: Vec<usize> = (0..was.len()).filter(|at| was[*at] != is[*at]).collect();
        assert!(changed.len() > 300, "{} pixels", changed.len());
        // Black is the first of the values that are shown as the darkest: air, at intercept -1024.
        let black = is[changed[0]];
        assert!(black < 500 && changed.iter().all(|at| is[*at] == black), "something else than black");
        // Splinters of the face's bones may go with it; of what has skull on all four sides nothing does.
        let bone = changed.iter().filter(|at| was[**at] >= BONE).count();
        assert!(bone * 20 < changed.len(), "{bone} of {} pixels were bone", changed.len());
        let enclosed = |at: usize| {
            let (row, column) = (at / columns * columns, at % columns);
            let mut ways = [
                (row..at).any(|i| was[i] >= BONE),
                (at..row + columns).any(|i| was[i] >= BONE),
                (column..at).step_by(columns).any(|i| was[i] >= BONE),
                (at..was.len()).step_by(columns).any(|i| was[i] >= BONE),
            ]
            .into_iter();
            ways.all(|found| found)
        };
        let inside = changed.iter().filter(|at| was[**at] < BONE && enclosed(**at)).count();
        assert_eq!(inside, 0, "pixels within the skull changed");
    }
}

#[test]
fn a_head_whose_front_is_another_slice_still_waits() {
    let folder = tempfile::tempdir().unwrap();
    let (lines, _) = deid(folder.path(), &thin(42, Some("1\\0\\0\\0\\0\\-1")), "deface");
    assert!(lines.iter().all(|line| line["status"] == "held" && line["output"].is_null()), "{lines:?}");
}

#[test]
fn an_appliance_that_defaces_sends_a_thin_head_without_waiting_and_says_so() {
    let folder = tempfile::tempdir().unwrap();
    let mut pair = Pair::start(folder.path(), &Terms::default()).unwrap();
    pair.appliance.stop().unwrap();
    let settings = Settings::read(&pair.appliance.config).unwrap();
    settings.with("deid", "faces", "deface").with("deid", "with_p10", true).write().unwrap();
    pair.appliance.start().unwrap();
    let instances: Vec<_> =
        thin(43, None).into_iter().map(|file| fixtures::study::Instance::from_file(file).unwrap()).collect();
    let row = pair.travelled(&instances).unwrap();
    let config = pair.appliance.config.display().to_string();
    let read = run("appliance", &["case", "statement", &row.case.unwrap(), "--config", &config]).unwrap();
    assert!(
        read.stdout.contains("soft tissue in front of the skull is black in 12 images"),
        "{}",
        read.stdout
    );
    pair.appliance.stop().unwrap();
}
