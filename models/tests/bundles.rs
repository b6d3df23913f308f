//! Bundles as folders: what is taken, what is refused and with which words, and what a study must be.

use std::fs;
use std::path::{Path, PathBuf};

use scanside_models::{Bundle, DetectorBundle, Error, StudyFacts};
use tempfile::TempDir;

fn folder(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/bundles").join(name)
}

/// A copy of a test bundle that may be spoiled.
fn copy(name: &str) -> TempDir {
    let copy = tempfile::tempdir().unwrap();
    for entry in fs::read_dir(folder(name)).unwrap() {
        let entry = entry.unwrap();
        fs::copy(entry.path(), copy.path().join(entry.file_name())).unwrap();
    }
    copy
}

/// Open a test bundle after replacing text in its manifest; the words of the refusal.
fn refused(name: &str, from: &str, to: &str) -> String {
    let copy = copy(name);
    let manifest = copy.path().join("bundle.toml");
    let text = fs::read_to_string(&manifest).unwrap();
    assert!(text.contains(from), "{from}");
    fs::write(&manifest, text.replace(from, to)).unwrap();
    match Bundle::open(copy.path()) {
        Err(Error::Bundle { faults, .. }) => {
            faults.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n")
        }
        other => panic!("{from} -> {to} gave {other:?}"),
    }
}

#[test]
fn the_test_bundles_are_taken() {
    for name in ["first-channel", "last-channel", "words"] {
        let bundle = Bundle::open(folder(name)).unwrap();
        assert_eq!((bundle.name(), bundle.version()), (name, "1.2.3"));
        assert_eq!(bundle.digest().len(), 64);
    }
}

#[test]
fn a_changed_file_is_refused_by_its_digest() {
    for (name, file) in
        [("first-channel", "model.onnx"), ("words", "encoder.onnx"), ("words", "vocabulary.json")]
    {
        let copy = copy(name);
        let mut bytes = fs::read(copy.path().join(file)).unwrap();
        let middle = bytes.len() / 2;
        bytes[middle] ^= 1;
        fs::write(copy.path().join(file), bytes).unwrap();
        let text = Bundle::open(copy.path()).unwrap_err().to_string();
        assert!(text.contains(&format!("{file}: its SHA-256 is")), "{text}");
    }
}

#[test]
fn a_missing_file_is_named() {
    for file in ["model.onnx", "CARD.md", "parity.json"] {
        let copy = copy("first-channel");
        fs::remove_file(copy.path().join(file)).unwrap();
        let text = Bundle::open(copy.path()).unwrap_err().to_string();
        assert!(text.contains(file), "{text}");
    }
    let error = Bundle::open(folder("first-channel").join("nowhere")).unwrap_err();
    assert!(matches!(error, Error::Read { .. }), "{error}");
}

#[test]
fn a_wrong_manifest_is_refused_with_key_and_remedy() {
    for (from, to, key, remedy) in [
        ("format = 1", "format = 2", "format", "write format = 1"),
        ("name = \"first-channel\"", "name = \"../x\"", "name", "lower case"),
        ("version = \"1.2.3\"", "version = \"1.2\"", "version", "major.minor.patch"),
        ("seed = 0", "seed = 0\nspeed = 1", "line", "unknown field `speed`"),
        ("kind = \"classifier\"", "kind = \"report\"", "encoder", "a report bundle needs it"),
        ("modality = [\"CR\", \"DX\"]", "modality = []", "accepts.modality", "name at least one"),
        ("modality = [\"CR\", \"DX\"]", "modality = [\"cr\"]", "accepts.modality", "upper case"),
        ("\"MONOCHROME2\"]", "\"RGB\"]", "accepts.photometric", "MONOCHROME1 and MONOCHROME2"),
        ("frames = [1, 4]", "frames = [4, 1]", "accepts.frames", "[lowest, highest]"),
        ("bits_stored = [8, 16]", "bits_stored = [8, 33]", "accepts.bits_stored", "1 to 32"),
        ("bits_stored = [8, 16]", "plane = [\"OBLIQUE\"]", "accepts.plane", "AXIAL, CORONAL or SAGITTAL"),
        ("channels = 1", "channels = 2", "input.channels", "write 1, or 3"),
        ("size = [16, 24]", "size = [0, 24]", "input.size", "8 to 4096"),
        ("grey = \"voi\"", "grey = \"window\"", "input.window", "center, width"),
        ("std = 0.25", "std = 0.0", "input.std", "above 0"),
        ("std = 0.25", "std = nan", "input.std", "above 0"),
        ("slope = 2.0", "slope = -2.0", "finding[0].calibration", "slope above 0"),
        ("flag_at = 0.8", "flag_at = 0.1", "finding[0].flag_at", "no_flag_below <= flag_at"),
        // A case could not carry it.
        ("\"36118008\"", "\"pneumothorax-of-it\"", "finding[1].code", "at most 16 letters"),
        ("index = 1", "index = 0", "finding[1].index", "0, 1, 2"),
        ("index = 1", "index = 2", "finding[1].index", "0, 1, 2"),
        ("no_flag = true", "no_flag = false", "policy.no_flag_reason", "give the sentence"),
        ("file = \"model.onnx\"", "file = \"../model.onnx\"", "model.file", "without a path"),
        ("priority = \"STAT\"", "priority = \"NOW\"", "line", "unknown variant `NOW`"),
    ] {
        let text = refused("first-channel", from, to);
        assert!(text.contains("bundle.toml") && text.contains(key) && text.contains(remedy), "{to}: {text}");
    }
    let text = refused("words", "max_tokens = 16", "max_tokens = 0");
    assert!(text.contains("decoder.max_tokens"), "{text}");
}

#[test]
fn a_fault_is_told_with_the_line_it_stands_on() {
    let manifest = fs::read_to_string(folder("first-channel").join("bundle.toml")).unwrap();
    let line = |start: &str| manifest.lines().position(|l| l.starts_with(start)).unwrap() + 1;
    for (from, to, key, line) in [
        ("size = [16, 24]", "size = [0, 24]", "input.size", line("size = ")),
        ("slope = 2.0", "slope = -2.0", "finding[0].calibration", line("calibration = ")),
        ("\"Opacity of lung\"\n", "\"\"\n", "finding[0].name", line("name = \"Opacity")),
        // Its parity.json holds values that are no probabilities.
        ("\"sigmoid\"", "\"none\"", "output.activation", line("activation = ")),
        ("seed = 0", "seed = 0\nspeed = 1", "unknown field `speed`", line("seed = ") + 1),
    ] {
        let text = refused("first-channel", from, to);
        assert!(text.contains(&format!("bundle.toml: line {line}: {key}")), "{to}: {text}");
    }
    let text = refused("first-channel", "sha256 = \"1", "sha256 = \"2");
    let line = line("sha256 = ");
    assert!(text.contains(&format!("not the one in line {line} of bundle.toml")), "{text}");
}

#[test]
fn all_faults_are_reported_at_once() {
    let text = refused("first-channel", "\"MONOCHROME2\"]\nrows = [8, 8192]", "\"RGB\"]\nrows = [9, 8]");
    assert!(text.contains("accepts.photometric") && text.contains("accepts.rows"), "{text}");
}

#[test]
fn parity_that_cannot_fit_is_refused() {
    let copy = copy("first-channel");
    fs::write(copy.path().join("parity.json"), r#"{"inputs":[{"formula":"ramp","logits":[1.0]}]}"#).unwrap();
    let text = Bundle::open(copy.path()).unwrap_err().to_string();
    assert!(text.contains("parity.json"), "{text}");
}

fn chest() -> StudyFacts {
    StudyFacts {
        modality: "DX".into(),
        body_part: Some("CHEST".into()),
        view: Some("PA".into()),
        photometric: "MONOCHROME2".into(),
        rows: 2048,
        columns: 2500,
        frames: 1,
        bits_stored: 12,
    }
}

#[test]
fn a_study_is_taken_or_refused_with_the_line_it_fails() {
    let bundle = Bundle::open(folder("first-channel")).unwrap();
    let change = |change: fn(&mut StudyFacts)| {
        let mut facts = chest();
        change(&mut facts);
        bundle.accepts(&facts)
    };
    assert_eq!(change(|_| ()), Ok(()));
    assert_eq!(change(|f| f.body_part = Some("thorax ".into())), Ok(()));
    assert_eq!(change(|f| f.body_part = Some(String::new())), Ok(()));
    assert_eq!(change(|f| f.view = None), Ok(()));
    for (refused, words) in [
        (change(|f| f.modality = "MR".into()), "the modality is not CR or DX"),
        (change(|f| f.body_part = Some("KNEE".into())), "the body part is not CHEST or THORAX"),
        (change(|f| f.view = Some("LL".into())), "the view position is not PA or AP"),
        (
            change(|f| f.photometric = "RGB".into()),
            "the photometric interpretation is not MONOCHROME1 or MONOCHROME2",
        ),
        (change(|f| f.rows = 7), "7 rows; the model takes 8 to 8192"),
        (change(|f| f.columns = 9000), "9000 columns; the model takes 8 to 8192"),
        (change(|f| f.frames = 5), "5 frames; the model takes 1 to 4"),
        (change(|f| f.bits_stored = 1), "1 bits stored; the model takes 8 to 16"),
    ] {
        assert_eq!(refused, Err(words.to_owned()));
    }
}

#[test]
fn a_refusal_repeats_no_text_of_the_study() {
    let bundle = Bundle::open(folder("first-channel")).unwrap();
    let planted = StudyFacts {
        modality: "DX".into(),
        body_part: Some("DOE^JANE".into()),
        view: Some("DOE^JANE".into()),
        photometric: "DOE^JANE".into(),
        ..chest()
    };
    assert!(!bundle.accepts(&planted).unwrap_err().contains("DOE"));
    assert!(!format!("{planted:?}").contains("DOE"));
}

#[test]
fn a_text_detector_is_no_triage_bundle_and_is_checked_as_one_is() {
    let shipped = Path::new(env!("CARGO_MANIFEST_DIR")).join("burned-in-text");
    let detector = DetectorBundle::open(&shipped).unwrap();
    assert!(DetectorBundle::is_in(&shipped) && !DetectorBundle::is_in(&folder("words")));
    assert_eq!((detector.name(), detector.digest().len()), ("burned-in-text", 64));
    let text = Bundle::open(&shipped).unwrap_err().to_string();
    assert!(text.contains("is of kind \"text-detector\"; this call needs classifier or report"), "{text}");
    let copy = tempfile::tempdir().unwrap();
    let manifest = std::fs::read_to_string(shipped.join("bundle.toml")).unwrap();
    let wrong = manifest
        .replace("version = \"0.1.0\"", "version = \"one\"")
        .replace("recipe_sha256 = \"", "recipe_sha256 = \"x");
    std::fs::write(copy.path().join("bundle.toml"), wrong).unwrap();
    let text = DetectorBundle::open(copy.path()).unwrap_err().to_string();
    for said in [
        "line 3: version",
        "line 10: provenance.recipe_sha256",
        "trees.bin: cannot be read",
        "CARD.md: is missing",
    ] {
        assert!(text.contains(said), "{said}: {text}");
    }
    std::fs::write(copy.path().join("bundle.toml"), manifest + "more = 1\n").unwrap();
    assert!(DetectorBundle::open(copy.path()).unwrap_err().to_string().contains("unknown field `more`"));
}
