//! Bring your own model: every form a classifier may have becomes a bundle that loads, flags nothing and clears nothing.

use std::fs;
use std::path::Path;

use scanside_models::add::{Wish, examine, inspect, seal};
use scanside_models::manifest::{Activation, Layout};
use scanside_models::parity::{self, Formula};
use scanside_models::{Bundle, Classifier, Disposition, Error, GreyImage, Runtime, StudyFacts};
use tempfile::TempDir;

use super::made::{Axis, Form, SIZE, classifier, reshaped};
use super::{file, wish};
use crate::alone::alone;

/// Every form: channels first or last, 1 or 3 of them, frames open or one, logits or probabilities.
fn forms() -> Vec<Form> {
    let frames = [Axis::Open("n"), Axis::Fixed(1)];
    let forms = frames.into_iter().flat_map(|frames| [1, 3].map(|channels| (frames, channels)));
    let forms = forms.flat_map(|(frames, channels)| [false, true].map(|last| (frames, channels, last)));
    let form = |((frames, channels, last), probabilities)| Form { last, channels, frames, probabilities };
    forms.flat_map(|shape| [false, true].map(|p| form((shape, p)))).collect()
}

/// A bundle of that model, with the folder it lies in.
fn added(runtime: &Runtime, bytes: &[u8], wish: &Wish) -> (TempDir, Bundle) {
    let (folder, file) = file(bytes);
    let bundle = inspect(runtime, &file, wish).unwrap().write(runtime, &folder.path().join("mine")).unwrap();
    (folder, bundle)
}

/// Change one text of a file.
fn change(file: &Path, from: &str, to: &str) {
    let text = fs::read_to_string(file).unwrap();
    assert!(text.contains(from), "{from} in {text}");
    fs::write(file, text.replacen(from, to, 1)).unwrap();
}

/// Bright at the top.
fn image() -> GreyImage {
    let values = (0..SIZE[0] * SIZE[1]).map(|i| if i < SIZE[1] { 0.9 } else { 0.3 }).collect();
    GreyImage::new(SIZE[0], SIZE[1], values).unwrap()
}

#[test]
fn every_form_of_classifier_becomes_a_bundle_that_computes_what_the_model_computes() {
    alone(
        "add::becomes::every_form_of_classifier_becomes_a_bundle_that_computes_what_the_model_computes",
        |runtime| {
            assert_eq!(forms().len(), 16);
            for form in forms() {
                let (folder, file) = file(&classifier(form).bytes());
                let candidate = inspect(runtime, &file, &wish()).unwrap();
                let report = candidate.report();
                let layout = if form.last { Layout::Nhwc } else { Layout::Nchw };
                assert_eq!((report.input.layout, report.input.channels), (layout, form.channels), "{form:?}");
                assert_eq!((report.input.size, report.findings), (SIZE, 2), "{form:?}");
                assert_eq!(report.frames_open, form.frames == Axis::Open("n"), "{form:?}");
                let activation = if form.probabilities { Activation::None } else { Activation::Sigmoid };
                assert_eq!(report.activation, activation, "{form:?}");
                assert!(report.guessed.is_some() && report.takes_studies, "{form:?}");
                let bundle = candidate.write(runtime, &folder.path().join("mine")).unwrap();
                assert!(parity::verify(runtime, &bundle).unwrap() <= parity::TOLERANCE);
                let mut loaded = Classifier::load(runtime, bundle).unwrap();
                let verdict = loaded.run(&[image(), image()]).unwrap();
                let logits = [(0.3375 - 0.5) / 0.25, (0.9 - 0.5) / 0.25];
                for (found, logit) in verdict.triage.findings.iter().zip(logits) {
                    assert!(
                        (found.logit - logit).abs() < 1e-4,
                        "{form:?}: {} instead of {logit}",
                        found.logit
                    );
                    assert!((found.score - 1.0 / (1.0 + f64::exp(-logit))).abs() < 1e-4, "{form:?}");
                }
                assert_eq!(verdict.triage.findings[0].name, "Mean \"of\" all");
            }
        },
    );
}

#[test]
fn a_model_of_a_recipe_in_another_form_answers_as_before() {
    alone("add::becomes::a_model_of_a_recipe_in_another_form_answers_as_before", |runtime| {
        let shipped = Bundle::open(Path::new(env!("CARGO_MANIFEST_DIR")).join("chest-xray")).unwrap();
        let manifest = shipped.manifest().clone();
        let model = fs::read(shipped.folder().join(&manifest.model.as_ref().unwrap().file)).unwrap();
        let (input, output) = (manifest.input.clone(), manifest.output.as_ref().unwrap().tensor.clone());
        let mut shipped = Classifier::load(runtime, shipped).unwrap();
        let own = Wish { mean: Some(input.mean), std: Some(input.std), labels: Vec::new(), ..wish() };
        let image = Formula::Rings.image(input.size).unwrap();
        let expected = shipped.run(std::slice::from_ref(&image)).unwrap().triage.findings;
        for form in forms() {
            let other = reshaped(&model, (&input.tensor, &output), input.size, form);
            let (_folder, bundle) = added(runtime, &other, &own);
            let verdict =
                Classifier::load(runtime, bundle).unwrap().run(std::slice::from_ref(&image)).unwrap();
            assert_eq!(verdict.triage.findings.len(), expected.len());
            for (found, expected) in verdict.triage.findings.iter().zip(&expected) {
                let (found, expected) = (found.logit, expected.logit);
                assert!((found - expected).abs() < 1e-3, "{form:?}: {found} instead of {expected}");
            }
        }
    });
}

#[test]
fn a_new_bundle_flags_nothing_clears_nothing_and_takes_only_what_was_said() {
    alone(
        "add::becomes::a_new_bundle_flags_nothing_clears_nothing_and_takes_only_what_was_said",
        |runtime| {
            let form = Form { last: false, channels: 1, frames: Axis::Open("n"), probabilities: false };
            // So far from 0 that a score is rounded to 0 or 1.
            let steep = Wish { std: Some(0.0001), ..wish() };
            let (_folder, bundle) = added(runtime, &classifier(form).bytes(), &steep);
            let facts = StudyFacts {
                modality: "DX".into(),
                body_part: Some("CHEST".into()),
                photometric: "MONOCHROME2".into(),
                rows: 2048,
                columns: 2500,
                frames: 1,
                bits_stored: 12,
                view: None,
            };
            assert_eq!(bundle.accepts(&facts), Ok(()));
            assert!(bundle.accepts(&StudyFacts { body_part: None, ..facts.clone() }).is_err());
            let mut loaded = Classifier::load(runtime, bundle).unwrap();
            let mut seen = Vec::new();
            for light in [0.05, 0.95] {
                let values = (0..SIZE[0] * SIZE[1]).map(|i| light + if i % 2 == 0 { 0.04 } else { -0.04 });
                let image = GreyImage::new(SIZE[0], SIZE[1], values.collect()).unwrap();
                let triage = loaded.run(&[image]).unwrap().triage;
                assert!(triage.input_check.passed, "{:?}", triage.input_check);
                assert_eq!((triage.disposition, triage.priority), (Disposition::Escalate, None), "{light}");
                seen.push(triage.findings[0].score);
            }
            assert_eq!(seen, [0.0, 1.0], "no score could be more extreme");
            // Without a word about studies it takes none.
            let silent = Wish { modality: Vec::new(), body_part: Vec::new(), ..wish() };
            let (_folder, bundle) = added(runtime, &classifier(form).bytes(), &silent);
            assert!(bundle.accepts(&facts).is_err());
        },
    );
}

#[test]
fn what_a_person_must_fill_in_is_marked_and_the_card_says_that_nothing_is_known() {
    alone(
        "add::becomes::what_a_person_must_fill_in_is_marked_and_the_card_says_that_nothing_is_known",
        |runtime| {
            let form = Form { last: false, channels: 1, frames: Axis::Open("n"), probabilities: true };
            let bare = Wish { name: Some("lung-1".into()), ..Wish::default() };
            let (_folder, bundle) = added(runtime, &classifier(form).bytes(), &bare);
            assert_eq!(bundle.name(), "lung-1");
            let text = fs::read_to_string(bundle.folder().join("bundle.toml")).unwrap();
            for start in [
                "title",
                "summary",
                "recipe =",
                "modality",
                "body_part =",
                "view =",
                "rows",
                "fit",
                "grey =",
                "mean",
                "std",
                "activation",
                "grey_mean",
                "grey_std",
                "code",
                "name = \"Output",
                "no_flag_below",
                "flag_at",
                "priority",
            ] {
                let line = text.lines().find(|line| line.starts_with(start)).unwrap();
                assert!(line.contains("# TODO"), "{line}");
            }
            assert!(text.contains("a guess: all values lie from"), "{text}");
            let card = fs::read_to_string(bundle.folder().join("CARD.md")).unwrap();
            assert!(card.contains("Nothing is known") && card.contains("Nobody has measured it"), "{card}");
            let seen = examine(runtime, bundle.folder()).unwrap();
            assert!(
                seen.open.iter().any(|o| o.file == "bundle.toml")
                    && seen.open.iter().any(|o| o.file == "CARD.md")
            );
            assert_eq!(seen.runs.len(), 5);
            assert!(seen.runs.iter().all(|run| run.passed == Some(true)), "{:?}", seen.runs);
        },
    );
}

#[test]
fn a_filled_in_folder_is_examined_and_nothing_in_it_is_changed() {
    alone("add::becomes::a_filled_in_folder_is_examined_and_nothing_in_it_is_changed", |runtime| {
        let form = Form { last: true, channels: 3, frames: Axis::Fixed(1), probabilities: false };
        let (_folder, bundle) = added(runtime, &classifier(form).bytes(), &wish());
        let manifest = bundle.folder().join("bundle.toml");
        let filled: Vec<String> = fs::read_to_string(&manifest)
            .unwrap()
            .lines()
            .map(|line| line.split("# TODO").next().unwrap().replace("99TODO", "SCT"))
            .collect();
        fs::write(&manifest, filled.join("\n")).unwrap();
        fs::write(bundle.folder().join("CARD.md"), "# Mine\nMeasured.\n").unwrap();
        let before = fs::read(&manifest).unwrap();
        let seen = examine(runtime, bundle.folder()).unwrap();
        assert_eq!((seen.name.as_str(), seen.open.len(), seen.notices.len()), ("mine", 0, 0), "{seen:?}");
        assert_eq!(fs::read(&manifest).unwrap(), before);
        // An input check that keeps everything out is told, and so is a limit that clears without counts.
        change(&manifest, "grey_mean = [0.02, 0.98]", "grey_mean = [0.97, 0.98]");
        change(&manifest, "no_flag = false", "no_flag = true");
        let reason = fs::read_to_string(&manifest).unwrap();
        let reason = reason.lines().find(|line| line.starts_with("no_flag_reason")).unwrap();
        change(&manifest, reason, "no_flag_reason = \"\"");
        let seen = examine(runtime, bundle.folder()).unwrap();
        assert_eq!(seen.notices.len(), 2, "{:?}", seen.notices);
        assert!(seen.runs.iter().all(|run| run.passed == Some(false)));
    });
}

#[test]
fn a_changed_model_or_input_rule_is_refused_until_it_is_sealed() {
    alone("add::becomes::a_changed_model_or_input_rule_is_refused_until_it_is_sealed", |runtime| {
        let form = Form { last: false, channels: 1, frames: Axis::Open("n"), probabilities: false };
        let (_folder, bundle) = added(runtime, &classifier(form).bytes(), &wish());
        let (folder, manifest) = (bundle.folder().to_path_buf(), bundle.folder().join("bundle.toml"));
        // Another scaling: parity is lost.
        change(&manifest, "mean = 0.5", "mean = 0.25");
        assert!(matches!(examine(runtime, &folder), Err(Error::Parity { .. })));
        let sealed = seal(runtime, &folder).unwrap();
        assert_eq!(sealed.manifest().model, bundle.manifest().model);
        examine(runtime, &folder).unwrap();
        // Another model, which takes one frame where the first took any number.
        let other = Form { frames: Axis::Fixed(1), ..form };
        fs::write(folder.join("model.onnx"), classifier(other).bytes()).unwrap();
        let error = examine(runtime, &folder).unwrap_err().to_string();
        assert!(error.contains("model.onnx: its SHA-256 is"), "{error}");
        seal(runtime, &folder).unwrap();
        examine(runtime, &folder).unwrap();
        let text = fs::read_to_string(&manifest).unwrap();
        assert!(
            text.contains("# TODO") && text.contains(&"0".repeat(64)),
            "only the model's digest is written"
        );
        // One of another form is told with the line, and nothing is written.
        let before = (fs::read(&manifest).unwrap(), fs::read(folder.join("parity.json")).unwrap());
        let line = text.lines().position(|line| line == "[input]").unwrap() + 1;
        for other in [Form { channels: 3, ..form }, Form { frames: Axis::Fixed(4), ..form }] {
            fs::write(folder.join("model.onnx"), classifier(other).bytes()).unwrap();
            let error = seal(runtime, &folder).unwrap_err().to_string();
            assert!(
                error.contains(&format!("bundle.toml: line {line}: input: the model's input")),
                "{error}"
            );
            let after = (fs::read(&manifest).unwrap(), fs::read(folder.join("parity.json")).unwrap());
            assert_eq!(before, after);
        }
    });
}

#[test]
fn a_folder_that_is_there_is_left_as_it_is() {
    alone("add::becomes::a_folder_that_is_there_is_left_as_it_is", |runtime| {
        let form = Form { last: false, channels: 1, frames: Axis::Open("n"), probabilities: false };
        let (folder, file) = file(&classifier(form).bytes());
        let there = folder.path().join("there");
        fs::create_dir(&there).unwrap();
        let candidate = inspect(runtime, &file, &wish()).unwrap();
        let error = candidate.write(runtime, &there).unwrap_err().to_string();
        assert!(error.contains("is there already; name a new folder"), "{error}");
        assert_eq!(fs::read_dir(&there).unwrap().count(), 0);
        let error = candidate.write(runtime, &folder.path().join("no/where")).unwrap_err();
        assert!(matches!(error, Error::Write { .. }), "{error}");
        // A name that no bundle may have is told before a folder is made.
        let error = candidate.write(runtime, &folder.path().join("My Model")).unwrap_err().to_string();
        assert!(error.contains("name: is not a folder name"), "{error}");
        assert!(!folder.path().join("My Model").exists());
    });
}
