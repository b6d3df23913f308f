//! Which bundle and frames, and the words of the answer; the bundle's network is never loaded here.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

use models::{Bundle, InputCheck, StudyFacts, Triage};
use proptest::prelude::*;
use proto::case::{Disposition, Priority};
use sha2::Digest;

use super::*;
use dicom::{DataSet, Tag, tags, vr_of};

/// A bundle on disk whose network is not an ONNX file: enough for everything that does not run it.
fn bundle(name: &str, accepts: &str) -> (tempfile::TempDir, Bundle) {
    let folder = tempfile::tempdir().unwrap();
    let network = b"no network";
    let sha = hex::encode(sha2::Sha256::digest(network));
    std::fs::write(folder.path().join("model.onnx"), network).unwrap();
    std::fs::write(folder.path().join("CARD.md"), "made by a test").unwrap();
    let parity = r#"{"inputs":[{"formula":"ramp","logits":[0.0]},{"formula":"checker","logits":[0.0]},{"formula":"rings","logits":[0.0]}]}"#;
    std::fs::write(folder.path().join("parity.json"), parity).unwrap();
    let zeros = "0".repeat(64);
    let text = format!(
        r#"
format = 1
name = "{name}"
version = "1.2.0"
title = "Test"
kind = "classifier"
summary = "Made by a test."
[provenance]
recipe = "models/training/none.py"
recipe_sha256 = "{zeros}"
data_sha256 = "{zeros}"
seed = 1
[model]
file = "model.onnx"
sha256 = "{sha}"
[accepts]
{accepts}
photometric = ["MONOCHROME2"]
rows = [64, 8192]
columns = [64, 8192]
[input]
tensor = "image"
layout = "NCHW"
channels = 1
size = [8, 8]
fit = "letterbox"
grey = "voi"
mean = 0.5
std = 0.25
[output]
tensor = "logits"
activation = "sigmoid"
aggregate = "max"
[gate]
grey_mean = [0.1, 0.9]
grey_std = [0.0, 0.5]
[[finding]]
index = 0
code = {{ scheme = "SCT", value = "128305009", meaning = "Opacity of lung" }}
name = "Lung opacity"
calibration = {{ slope = 1.0, intercept = 0.0 }}
no_flag_below = 0.05
flag_at = 0.8
priority = "URGENT"
[policy]
no_flag = true
no_flag_reason = ""
"#
    );
    std::fs::write(folder.path().join("bundle.toml"), text).unwrap();
    let bundle = Bundle::open(folder.path()).unwrap_or_else(|e| panic!("{e}"));
    (folder, bundle)
}

const CHEST: &str = r#"
modality = ["CR", "DX"]
body_part = ["CHEST"]
body_part_absent = true
view = ["PA", "AP"]
view_absent = true
frames = [1, 4]"#;

const HEAD: &str = r#"
modality = ["CT"]
body_part = ["HEAD"]
body_part_absent = false
view = []
view_absent = true
frames = [4, 10]"#;

fn item(instance: u32, modality: &str, body_part: &str, view: &str) -> Item {
    let some = |t: &str| Some(t.to_owned()).filter(|t| !t.is_empty());
    let facts = StudyFacts {
        modality: modality.to_owned(),
        body_part: some(body_part),
        view: some(view),
        photometric: "MONOCHROME2".to_owned(),
        rows: 512,
        columns: 512,
        frames: 1,
        bits_stored: 12,
    };
    let (said, ages) = (Vec::new(), Ages::default());
    Item { instance, series: 0, facts, said, ages, localizer: false, place: None, number: None }
}

/// The same with what its header says besides, of an image of this modality.
fn saying(item: Item, texts: &[(Tag, &str)]) -> Item {
    let mut data = DataSet::new();
    data.put_text(tags::MODALITY, vr_of(tags::MODALITY), &item.facts.modality);
    for (tag, text) in texts {
        data.put_text(*tag, vr_of(*tag), text);
    }
    Item { said: super::facts::read(&data, item.is_slice()), ..item }
}

fn chosen(picks: &[u32]) -> Selection {
    let picks = picks.iter().map(|instance| Pick { instance: *instance, frame: 0 }).collect();
    Selection { bundle: 0, picks, doubts: vec![], left_out: vec![] }
}

#[test]
fn the_frontal_view_runs_and_the_lateral_stays_out() {
    let (_folder, chest) = bundle("chest", CHEST);
    let items = [item(0, "DX", "CHEST", "LL"), item(1, "DX", "CHEST", "PA")];
    let chosen = select(&[&chest], &items).unwrap();
    assert_eq!(chosen, self::chosen(&[1]));
}

const PATIENT_ORIENTATION: Tag = Tag::new(0x0020, 0x0020);
const LATERAL: (Tag, &str) = (tags::SERIES_DESCRIPTION, "Thorax seitlich");

#[test]
fn an_image_in_doubt_runs_only_where_no_other_does() {
    let (_folder, chest) = bundle("chest", CHEST);
    let doubtful = || saying(item(0, "DX", "CHEST", ""), &[LATERAL]);
    let words = "Series Description names a lateral view; the model takes PA or AP".to_owned();
    let alone = select(&[&chest], &[doubtful()]).unwrap();
    assert_eq!(alone, Selection { doubts: vec![words.clone()], ..chosen(&[0]) });
    let beside = select(&[&chest], &[doubtful(), item(1, "DX", "CHEST", "PA"), doubtful()]).unwrap();
    assert_eq!(beside, Selection { left_out: vec![words], ..chosen(&[1]) });
    let lateral = saying(item(0, "DX", "CHEST", ""), &[(PATIENT_ORIENTATION, "P\\F")]);
    let refused = select(&[&chest], std::slice::from_ref(&lateral)).unwrap_err();
    assert!(
        refused.contains("chest 1.2.0: Patient Orientation says lateral; the model takes PA or AP"),
        "{refused}"
    );
    // What evidently is none stays out of a study with a frontal film, as a View Position of LL does.
    assert_eq!(select(&[&chest], &[lateral, item(1, "DX", "CHEST", "PA")]).unwrap(), chosen(&[1]));
}

#[test]
fn a_series_in_doubt_does_not_run_before_one_without() {
    let (_folder, head) = bundle("head", HEAD);
    let series = |series: u32, from: u32, count: u32, texts: &[(Tag, &str)]| {
        let slices = (from..from + count).map(|i| saying(item(i, "CT", "HEAD", ""), texts));
        slices.map(|slice| Item { series, ..slice }).collect::<Vec<_>>()
    };
    let reformatted = [(tags::IMAGE_TYPE, "DERIVED\\SECONDARY\\MPR")];
    let mut items = series(1, 0, 9, &reformatted);
    items.extend(series(2, 20, 5, &[]));
    let selection = select(&[&head], &items).unwrap();
    assert_eq!(selection, chosen(&[20, 21, 22, 23, 24]));
    // A slice of the very series that is in doubt is missing from it.
    items.extend(series(2, 30, 1, &[(tags::SERIES_DESCRIPTION, "CT Abdomen")]));
    let selection = select(&[&head], &items).unwrap();
    assert_eq!(selection.left_out, ["Series Description names the abdomen; the model takes HEAD"]);
    let selection = select(&[&head], &series(1, 0, 9, &reformatted)).unwrap();
    assert_eq!(selection.picks.len(), 9);
    assert!(!selection.doubts.is_empty() && selection.left_out.is_empty());
}

#[test]
fn the_first_bundle_that_takes_it_runs_and_none_says_which_line() {
    let ((_a, chest), (_b, head)) = (bundle("chest", CHEST), bundle("head", HEAD));
    let slices: Vec<Item> = (0..5).map(|i| item(i, "CT", "HEAD", "")).collect();
    assert_eq!(select(&[&chest, &head], &slices).unwrap().bundle, 1);
    let why = select(&[&chest, &head], &[item(0, "MR", "KNEE", "")]).unwrap_err();
    assert_eq!(
        why,
        "No bundle takes this study. chest 1.2.0: the modality is not CR or DX; head 1.2.0: the modality is not CT."
    );
    let few = select(&[&head], &slices[..3]).unwrap_err();
    assert!(few.contains("3 frames; the model takes 4 to 10"), "{few}");
    assert_eq!(select(&[&head], &[]).unwrap_err(), "The study holds no image.");
    assert_eq!(select(&[], &slices).unwrap_err(), "No bundle is installed.");
}

#[test]
fn too_many_radiographs_are_refused_never_thinned_out() {
    let (_folder, chest) = bundle("chest", CHEST);
    let items: Vec<Item> = (0..5).map(|i| item(i, "DX", "CHEST", "PA")).collect();
    assert!(select(&[&chest], &items).unwrap_err().contains("5 frames"));
    let mut cine = item(0, "DX", "CHEST", "PA");
    cine.facts.frames = u32::MAX;
    let many = vec![cine; 2000];
    assert!(select(&[&chest], &many).is_err());
}

#[test]
fn slices_are_those_of_the_longest_series_in_space_evenly_chosen() {
    let (_folder, head) = bundle("head", HEAD);
    let mut items: Vec<Item> = (0..40)
        .map(|i| Item { series: 1, place: Some(-f64::from(i) * 5.0), ..item(i, "CT", "HEAD", "") })
        .collect();
    items.extend((40..50).map(|i| Item { series: 2, ..item(i, "CT", "HEAD", "") }));
    items.extend((50..99).map(|i| Item { series: 3, localizer: true, ..item(i, "CT", "HEAD", "") }));
    let picks = select(&[&head], &items).unwrap().picks;
    assert_eq!(picks.iter().map(|p| p.instance).collect::<Vec<_>>(), [37, 33, 29, 25, 21, 17, 13, 9, 5, 1]);
    let scouts: Vec<Item> = items.drain(50..).collect();
    assert!(select(&[&head], &scouts).unwrap_err().contains("only scout views"));
}

fn triage(disposition: models::Disposition) -> Triage {
    let input_check =
        InputCheck { measure: "grey_mean".to_owned(), score: 0.5, limit: [0.1, 0.6], passed: true };
    Triage { disposition, reason: "because".to_owned(), findings: vec![], input_check, priority: None }
}

#[test]
fn no_flag_reads_as_agreed_and_only_when_every_frame_was_seen() {
    let (_folder, chest) = bundle("chest", CHEST);
    let none = Reservations::default();
    let answer = verdict(&chest, &triage(models::Disposition::NoFlag), (0, 2), &none);
    assert_eq!(answer.disposition, Disposition::NoFlag);
    assert_eq!(
        answer.reason,
        "No flag raised by chest 1.2.0. Not a normal result. Ordinary reading still applies."
    );
    let partly = verdict(&chest, &triage(models::Disposition::NoFlag), (1, 2), &none);
    assert_eq!(partly.disposition, Disposition::Escalate);
    assert!(partly.reason.starts_with("1 of 2 frames could not be read"));
    let flag =
        Triage { priority: Some(models::manifest::Priority::Urgent), ..triage(models::Disposition::Flag) };
    let flag = verdict(&chest, &flag, (1, 2), &none);
    assert_eq!((flag.disposition, flag.priority), (Disposition::Flag, Priority::Urgent));
    assert_eq!(flag.input_check.map(|g| g.limit), Some(0.6));
}

const KINDS: [models::Disposition; 3] =
    [models::Disposition::NoFlag, models::Disposition::Flag, models::Disposition::Escalate];

#[test]
fn an_answer_about_an_image_in_doubt_is_escalated_as_urgent_as_it_was() {
    let (_folder, chest) = bundle("chest", CHEST);
    let doubts: Vec<String> = ["one", "two", "three", "four", "five"].map(str::to_owned).to_vec();
    let doubtful = Reservations { doubts, open: vec![] };
    for kind in KINDS {
        let urgent = Triage { priority: Some(models::manifest::Priority::Stat), ..triage(kind) };
        let answer = verdict(&chest, &urgent, (0, 1), &doubtful);
        assert_eq!((answer.disposition, answer.priority), (Disposition::Escalate, Priority::Stat));
        assert!(answer.reason.starts_with("one. two. three. And 2 more. "), "{}", answer.reason);
        assert_eq!(answer.bundle, "chest");
    }
}

#[test]
fn what_stays_open_takes_a_no_flag_and_leaves_a_flag() {
    let (_folder, chest) = bundle("chest", CHEST);
    let open = Reservations { doubts: vec![], open: vec!["the ages differ".to_owned()] };
    let answers = KINDS.map(|kind| verdict(&chest, &triage(kind), (0, 1), &open));
    let dispositions = answers.each_ref().map(|answer| answer.disposition);
    assert_eq!(dispositions, [Disposition::Escalate, Disposition::Flag, Disposition::Escalate]);
    assert!(answers.iter().all(|answer| answer.reason.contains("the ages differ")));
}

#[test]
fn no_answer_uses_a_forbidden_word() {
    let (_folder, chest) = bundle("chest", CHEST);
    let sentence = "Not a normal result.";
    let why = || vec!["why".to_owned()];
    let reservations = [
        Reservations::default(),
        Reservations { doubts: why(), open: vec![] },
        Reservations { doubts: vec![], open: why() },
    ];
    for (kind, reservations) in KINDS.into_iter().flat_map(|kind| reservations.iter().map(move |r| (kind, r)))
    {
        for unread in [0, 1] {
            let reason = verdict(&chest, &triage(kind), (unread, 3), reservations).reason;
            let reason = reason.replace(sentence, "").to_lowercase();
            for word in ["clear", "normal", "negative", "ruled out"] {
                assert!(!reason.contains(word), "{reason}");
            }
        }
    }
}

proptest! {
    #[test]
    fn spread_gives_every_frame_once_or_as_many_as_asked_in_order(
        frames in proptest::collection::vec(0_u32..40, 1..30), most in 1_usize..50,
    ) {
        let items: Vec<Item> = frames
            .iter()
            .enumerate()
            .map(|(i, n)| {
                let mut one = item(i as u32, "CT", "HEAD", "");
                one.facts.frames = *n;
                one
            })
            .collect();
        let refs: Vec<&Item> = items.iter().collect();
        let picks = spread(&refs, most);
        let all: u32 = frames.iter().sum();
        prop_assert_eq!(picks.len(), most.min(all as usize));
        prop_assert!(picks.windows(2).all(|w| w[0] < w[1]));
        prop_assert!(picks.iter().all(|p| p.frame < frames[p.instance as usize]));
    }
}
