//! Sessions: what the models compute here is what the recipes computed, and a model that does not fit is refused.
//!
//! ONNX Runtime is loaded only by a process that was started without its telemetry, so each test starts itself again.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::alone::alone;
use scanside_models::runtime::TELEMETRY_VARIABLE;
use scanside_models::{
    Bundle, Classifier, Decoder, DetectorBundle, Disposition, Encoder, Error, GreyImage, Runtime, parity,
};
use sha2::{Digest, Sha256};

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn bundle(name: &str) -> Bundle {
    Bundle::open(root().join("tests/bundles").join(name)).unwrap()
}

#[test]
fn without_the_variable_the_library_is_not_loaded() {
    const NAME: &str = "sessions::without_the_variable_the_library_is_not_loaded";
    if std::env::var_os(TELEMETRY_VARIABLE).is_some() {
        let own = std::env::current_exe().unwrap();
        let status =
            Command::new(own).args([NAME, "--exact"]).env_remove(TELEMETRY_VARIABLE).status().unwrap();
        return assert!(status.success());
    }
    let error = Runtime::load(None).unwrap_err();
    assert!(matches!(error, Error::Telemetry), "{error}");
    assert!(error.to_string().contains("ORT_DISABLE_TELEMETRY=1"));
}

#[test]
fn every_bundle_computes_what_its_recipe_computed() {
    alone("sessions::every_bundle_computes_what_its_recipe_computed", |runtime| {
        let inside = |folder: PathBuf| fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
        let folders = inside(root().to_path_buf()).chain(inside(root().join("tests/bundles")));
        // A text detector has no session: the crate that reads its numbers compares them.
        let is_model =
            |folder: &PathBuf| folder.join("bundle.toml").is_file() && !DetectorBundle::is_in(folder);
        let found: Vec<_> = folders.filter(is_model).collect();
        assert!(found.len() >= 3, "the test bundles at least");
        for folder in found {
            let bundle = Bundle::open(&folder).unwrap();
            assert_eq!(folder.file_name().unwrap().to_str().unwrap(), bundle.name());
            let worst = parity::verify(runtime, &bundle).unwrap();
            assert!(worst <= parity::TOLERANCE);
        }
    });
}

#[test]
fn parity_notices_a_changed_number() {
    alone("sessions::parity_notices_a_changed_number", |runtime| {
        let copy = tempfile::tempdir().unwrap();
        for entry in fs::read_dir(root().join("tests/bundles/words")).unwrap() {
            let entry = entry.unwrap();
            fs::copy(entry.path(), copy.path().join(entry.file_name())).unwrap();
        }
        let path = copy.path().join("parity.json");
        let text = fs::read_to_string(&path).unwrap();
        for (from, to) in
            [("Draft, dark.", "Draft, bright."), ("\"embedding\": [\n", "\"embedding\": [\n 9.0,")]
        {
            fs::write(&path, text.replacen(from, to, 1)).unwrap();
            let error = parity::verify(runtime, &Bundle::open(copy.path()).unwrap()).unwrap_err();
            assert!(matches!(error, Error::Parity { .. }), "{error}");
        }
    });
}

#[test]
fn both_layouts_give_the_same_verdict() {
    alone("sessions::both_layouts_give_the_same_verdict", |runtime| {
        // Bright at the top: the second finding looks at the first row.
        let values = (0..16 * 24).map(|i| if i < 24 { 0.9 } else { 0.3 }).collect();
        let image = GreyImage::new(16, 24, values).unwrap();
        for name in ["first-channel", "last-channel"] {
            let mut classifier = Classifier::load(runtime, bundle(name)).unwrap();
            let verdict = classifier.run(&[image.clone(), image.clone()]).unwrap();
            assert_eq!(verdict.frames.len(), 2);
            let expected = [(0.3375 - 0.5) / 0.25, (0.9 - 0.5) / 0.25];
            for (found, expected) in verdict.frames[0].outputs.iter().zip(expected) {
                assert!((found - expected).abs() < 1e-5, "{name}: {found} instead of {expected}");
            }
            assert_eq!(verdict.triage.disposition, Disposition::Flag, "{name}");
            let second = &verdict.triage.findings[1];
            let score = 1.0 / (1.0 + f64::exp(-(2.0 * 1.6 - 1.0)));
            assert!((second.score - score).abs() < 1e-5 && second.positive);
            assert_eq!((second.scheme.as_str(), second.code.as_str()), ("SCT", "36118008"));
        }
    });
}

#[test]
fn a_model_of_another_shape_is_refused_with_the_key() {
    alone("sessions::a_model_of_another_shape_is_refused_with_the_key", |runtime| {
        let copy = tempfile::tempdir().unwrap();
        for file in ["CARD.md", "parity.json"] {
            fs::copy(root().join("tests/bundles/first-channel").join(file), copy.path().join(file)).unwrap();
        }
        // The other layout's model under this layout's manifest.
        let model = fs::read(root().join("tests/bundles/last-channel/model.onnx")).unwrap();
        let own = fs::read(root().join("tests/bundles/first-channel/model.onnx")).unwrap();
        let manifest = fs::read_to_string(root().join("tests/bundles/first-channel/bundle.toml")).unwrap();
        let digest = |bytes: &[u8]| hex::encode(Sha256::digest(bytes));
        fs::write(copy.path().join("model.onnx"), &model).unwrap();
        fs::write(copy.path().join("bundle.toml"), manifest.replace(&digest(&own), &digest(&model))).unwrap();
        let Err(error) = Classifier::load(runtime, Bundle::open(copy.path()).unwrap()) else {
            panic!("it was taken")
        };
        assert!(error.to_string().contains("input: the model's input \"image\" is"), "{error}");
        // An output name that the model does not have.
        fs::write(copy.path().join("model.onnx"), &own).unwrap();
        fs::write(
            copy.path().join("bundle.toml"),
            manifest.replace("tensor = \"logits\"", "tensor = \"scores\""),
        )
        .unwrap();
        let Err(error) = Classifier::load(runtime, Bundle::open(copy.path()).unwrap()) else {
            panic!("it was taken")
        };
        assert!(error.to_string().contains("no output \"scores\"; name one of: logits"), "{error}");
        // Bytes that are no model.
        fs::write(copy.path().join("model.onnx"), b"no model").unwrap();
        fs::write(copy.path().join("bundle.toml"), manifest.replace(&digest(&own), &digest(b"no model")))
            .unwrap();
        let Err(error) = Classifier::load(runtime, Bundle::open(copy.path()).unwrap()) else {
            panic!("it was taken")
        };
        assert!(matches!(error, Error::Model { .. }), "{error}");
    });
}

#[test]
fn a_report_is_written_from_an_embedding() {
    alone("sessions::a_report_is_written_from_an_embedding", |runtime| {
        let mut encoder = Encoder::load(runtime, bundle("words")).unwrap();
        let mut decoder = Decoder::load(runtime, bundle("words")).unwrap();
        for (value, text) in [(0.9, "Draft, bright."), (0.1, "Draft, dark.")] {
            let image = GreyImage::new(40, 40, vec![value; 1600]).unwrap();
            let embedding = encoder.embed(&image).unwrap();
            assert_eq!(embedding.len(), 4);
            assert_eq!(decoder.write(&embedding).unwrap(), text);
        }
        assert!(matches!(decoder.write(&[0.0; 3]), Err(Error::Embedding(_))));
        assert!(matches!(decoder.write(&[f32::NAN; 4]), Err(Error::Embedding(_))));
        assert!(matches!(Classifier::load(runtime, bundle("words")), Err(Error::Kind { .. })));
        assert!(matches!(Encoder::load(runtime, bundle("first-channel")), Err(Error::Kind { .. })));
    });
}
