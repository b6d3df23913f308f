//! Each fact with what it does to an image that is otherwise what the bundle takes, alone and two by two.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

use proptest::prelude::*;

use super::cases::*;
use super::*;
use dicom::{DataSet, tags};
use models::StudyFacts;
use models::manifest::Accepts;

#[test]
fn every_fact_takes_refuses_or_leaves_a_doubt_with_its_reason() {
    for (name, change, expected) in film_facts() {
        check(name, &film(), &change, &chest(), expected);
    }
    for (name, change, expected) in slice_facts() {
        check(name, &slice(), &change, &brain(), expected);
    }
    check("as it is", &film(), &all(vec![]), &chest(), Taken);
    check("as it is", &slice(), &all(vec![]), &brain(), Taken);
}

#[test]
fn what_a_bundle_names_is_no_contradiction() {
    let lateral = accepts(&["DX"], &["CHEST"], &["LL"]);
    check(
        "lateral",
        &film(),
        &all(vec![
            text(0x0018_5101, "LL"),
            coded(VIEW_CODE, ("SCT", "399173006", "left lateral")),
            text(0x0008_103E, "Chest lat"),
            text(0x0020_0020, "A\\F"),
        ]),
        &lateral,
        Taken,
    );
    let every = accepts(&["DX"], &["CHEST"], &[]);
    check("any view", &film(), &coded(VIEW_CODE, ("SCT", "399067008", "")), &every, Taken);
    let coronal = Accepts { plane: list(&["AXIAL", "CORONAL"]), contrast: true, ..brain() };
    check("coronal", &slice(), &text(0x0020_0037, "1\\0\\0\\0\\0\\-1"), &coronal, Taken);
    check("contrast", &slice(), &text(0x0018_0010, "Iomeron"), &coronal, Taken);
    let knee = accepts(&["DX"], &["KNEE"], &[]);
    let of_knee = all(vec![
        text(0x0018_0015, "KNEE"),
        coded(REGION, ("SCT", "72696002", "Knie")),
        text(0x0008_103E, "Knie rechts"),
        text(0x0020_0062, "R"),
    ]);
    check("knee", &film(), &of_knee, &knee, Taken);
    check(
        "hand",
        &film(),
        &all(vec![text(0x0018_0015, "KNEE"), coded(REGION, ("SCT", "85562004", ""))]),
        &knee,
        Doubtful("says hand"),
    );
    // A body part that no table knows: codes of others contradict it, words cannot.
    let odd = accepts(&["DX"], &["LEFTWING"], &[]);
    check("its own", &film(), &all(vec![without(&[REGION]), text(0x0018_0015, "LEFTWING")]), &odd, Taken);
    check(
        "another",
        &film(),
        &text(0x0018_0015, "LEFTWING"),
        &odd,
        Doubtful("Anatomic Region Sequence says chest"),
    );
}

#[test]
fn other_kinds_of_films_are_not_asked_what_is_usual_of_them() {
    let breast = accepts(&["MG"], &["BREAST"], &["CC", "MLO"]);
    let of_breast = all(vec![
        text(0x0008_0060, "MG"),
        text(0x0008_0016, "1.2.840.10008.5.1.4.1.1.1.2"),
        text(0x0018_0015, "BREAST"),
        text(0x0018_5101, "CC"),
        text(0x0020_0020, "A\\R"),
        text(0x0020_0062, "L"),
        text(0x0008_103E, "L CC"),
        coded(REGION, ("SCT", "76752008", "Breast")),
        coded(VIEW_CODE, ("SCT", "399162004", "cranio-caudal")),
    ]);
    check("a mammogram", &film(), &of_breast, &breast, Taken);
    let raw = all(vec![
        of_breast,
        text(0x0008_0068, "FOR PROCESSING"),
        text(0x0008_0016, "1.2.840.10008.5.1.4.1.1.1.2.1"),
    ]);
    check("a raw one", &film(), &raw, &breast, Refused("FOR PROCESSING"));
}

#[test]
fn a_code_fills_what_is_empty_and_settles_what_is_contradictory() {
    let statements = read(&film(), false);
    let filled = |view: Option<&str>, body_part: Option<&str>| {
        let facts = StudyFacts {
            view: view.map(str::to_owned),
            body_part: body_part.map(str::to_owned),
            ..StudyFacts::default()
        };
        let facts = reconciled(facts, &statements, &chest());
        (facts.view.unwrap(), facts.body_part.unwrap())
    };
    let coded = ("PA".to_owned(), "CHEST".to_owned());
    assert_eq!(filled(None, None), coded);
    assert_eq!(filled(Some("LL"), Some("ABDOMEN")), coded);
    assert_eq!(filled(Some("ap "), Some("thorax")), ("ap ".to_owned(), "thorax".to_owned()));
    let bare = reconciled(StudyFacts { view: Some("LL".into()), ..StudyFacts::default() }, &[], &chest());
    assert_eq!(bare.view.as_deref(), Some("LL"));
}

#[test]
fn frames_of_an_enhanced_image_are_asked_each() {
    let mut data = slice();
    data.remove(tags::IMAGE_ORIENTATION_PATIENT);
    let frame = |orientation: &str, kind: &str| {
        let (mut group, mut plane, mut of_type) = (DataSet::new(), DataSet::new(), DataSet::new());
        put(&mut plane, 0x0020_0037, orientation);
        put(&mut of_type, 0x0008_9007, kind);
        items(&mut group, 0x0020_9116, vec![plane]);
        items(&mut group, 0x0018_9329, vec![of_type]);
        group
    };
    let axial = || frame("1\\0\\0\\0\\1\\0", "ORIGINAL\\PRIMARY\\VOLUME\\NONE");
    items(&mut data, tags::PER_FRAME_FUNCTIONAL_GROUPS_SEQUENCE.0, vec![axial(), axial()]);
    assert_eq!(weighed(&data, &brain()), Ok(vec![]));
    let coronal = frame("1\\0\\0\\0\\0\\-1", "ORIGINAL\\PRIMARY\\VOLUME\\NONE");
    items(&mut data, tags::PER_FRAME_FUNCTIONAL_GROUPS_SEQUENCE.0, vec![axial(), coronal]);
    assert!(weighed(&data, &brain()).unwrap()[0].contains("says coronal, though"));
    let mip = frame("1\\0\\0\\0\\1\\0", "DERIVED\\PRIMARY\\VOLUME\\MAX_IP");
    items(&mut data, tags::PER_FRAME_FUNCTIONAL_GROUPS_SEQUENCE.0, vec![axial(), mip]);
    assert!(weighed(&data, &brain()).unwrap_err().contains("a projection of a volume"));
}

#[test]
fn no_reason_repeats_a_value_of_the_header() {
    let planted = "QUILLFEATHER";
    for tag in [0x0018_5101_u32, 0x0018_0015, 0x0008_103E, 0x0010_2201, 0x0018_0010, 0x0020_0020, 0x0008_0008]
    {
        for base in [film(), slice()] {
            let mut data = base;
            put(&mut data, tag, &format!("{planted} LATERAL KNEE"));
            code(&mut data, VIEW_CODE, ("99X", planted, planted));
            code(&mut data, REGION, (planted, "T-D9200", planted));
            let said = read(&data, super::super::is_slice(&data));
            assert!(!format!("{said:?}").contains(planted));
            for accepts in [chest(), brain()] {
                assert!(!format!("{:?}", weighed(&data, &accepts)).contains(planted));
            }
        }
    }
}

#[test]
fn an_agent_that_is_none_is_told_in_many_languages() {
    for (agent, none) in [
        ("NO CONTRAST", true),
        ("Non-contrast", true),
        ("NON CON", true),
        ("without contrast", true),
        ("W/O", true),
        ("W/O contrast", true),
        ("WO", true),
        ("nativ", true),
        ("SIN CONTRASTE", true),
        ("senza mdc", true),
        ("SANS", true),
        ("n/a", true),
        ("ohne KM", true),
        ("0 ml", true),
        ("-", true),
        ("Iomeron 400", false),
        ("NON-IONIC 350", false),
        ("Na diatrizoate", false),
        ("without and with contrast", false),
        ("W/O & W", false),
        ("0.5 mmol Gadovist", false),
        ("Nonionic", false),
    ] {
        let mut data = slice();
        put(&mut data, 0x0018_0010, agent);
        assert_eq!(weighed(&data, &brain()).unwrap().is_empty(), none, "{agent}");
    }
}

#[test]
fn a_header_that_says_too_much_is_read_to_a_bound_and_in_doubt() {
    let words = ["head", "neck", "spine", "rib", "abdomen", "pelvis", "shoulder", "hand", "knee"];
    let regions = (1_u32..1 << words.len()).map(|some| {
        let named = words.iter().enumerate().filter(|(at, _)| some & (1 << at) != 0).map(|(_, word)| *word);
        let mut item = DataSet::new();
        put(&mut item, 0x0008_0104, &named.collect::<Vec<_>>().join(" "));
        item
    });
    let mut data = film();
    items(&mut data, REGION, regions.collect());
    assert_eq!(read(&data, false).len(), 257);
    let doubts = weighed(&data, &chest()).unwrap();
    assert!(doubts.last().unwrap().contains("The header says more than can be weighed"), "{doubts:?}");
}

proptest! {
    /// Whatever else is said, one more fact that speaks against an image never makes it one that is answered.
    #[test]
    fn a_further_contradiction_never_helps(
        chosen in proptest::collection::vec(any::<proptest::sample::Index>(), 0..4),
        further in any::<proptest::sample::Index>(),
        slices in any::<bool>(),
    ) {
        let (facts, base, accepts) =
            if slices { (slice_facts(), slice(), brain()) } else { (film_facts(), film(), chest()) };
        let mut data = base;
        for index in chosen {
            let (_, change, _) = &facts[index.index(facts.len())];
            change(&mut data);
        }
        let before = weighed(&data, &accepts);
        let against: Vec<_> = facts.iter().filter(|(_, _, is)| !matches!(is, Taken)).collect();
        let (name, change, _) = against[further.index(against.len())];
        // Beside what is there, not instead of it.
        let mut more = data.clone();
        change(&mut more);
        let mut said = read(&data, slices);
        said.extend(read(&more, slices));
        let facts = StudyFacts {
            body_part: data.text(tags::BODY_PART_EXAMINED),
            view: data.text(tags::VIEW_POSITION),
            ..StudyFacts::default()
        };
        let after = judge(&facts, &said, &accepts);
        let taken = |verdict: &Result<Vec<String>, String>| verdict.as_ref().is_ok_and(Vec::is_empty);
        prop_assert!(taken(&before) || !taken(&after), "{name}: {before:?} became {after:?}");
    }
}
