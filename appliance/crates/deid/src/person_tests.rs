//! One person in any writing has one pseudonym and one date offset, two persons have two, and nobody shares with anybody.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

use super::*;
use dicom::{DataSet, Element, FileMeta, Tag, TransferSyntax, Value, Vr, tags};
use proptest::prelude::*;
use std::collections::BTreeSet;

const OTHER_PATIENT_IDS: Tag = Tag::new(0x0010, 0x1002);
const REFERENCED_PATIENT: Tag = Tag::new(0x0008, 0x1120);

fn keys() -> Keys {
    Keys::from_bytes(&[5; 32]).unwrap()
}

/// An instance with these attributes of the patient; `study` makes its UIDs.
fn instance(study: &str, patient: &[(Tag, &str)]) -> DataSet {
    let mut data = DataSet::new();
    data.put_text(tags::SPECIFIC_CHARACTER_SET, Vr::CS, "ISO_IR 192");
    data.put_text(tags::SOP_CLASS_UID, Vr::UI, "1.2.840.10008.5.1.4.1.1.1");
    data.put_text(tags::SOP_INSTANCE_UID, Vr::UI, &format!("1.2.826.0.1.{study}.4"));
    data.put_text(tags::STUDY_INSTANCE_UID, Vr::UI, &format!("1.2.826.0.1.{study}.2"));
    data.put_text(tags::STUDY_DATE, Vr::DA, "20210714");
    for (tag, text) in patient {
        data.put_text(*tag, dicom::vr_of(*tag), text);
    }
    data
}

fn with_entity(mut data: DataSet, entity: &str) -> DataSet {
    let mut item = DataSet::new();
    item.put_text(tags::UNIVERSAL_ENTITY_ID, Vr::UT, entity);
    item.put_text(tags::UNIVERSAL_ENTITY_ID_TYPE, Vr::CS, "ISO");
    let tag = tags::ISSUER_OF_PATIENT_ID_QUALIFIERS_SEQUENCE;
    data.put(Element { tag, vr: Vr::SQ, value: Value::Items(vec![item]) });
    data
}

/// Plans of the instances of one study under the policy that shifts dates.
fn planned_at(rules: &IdRules, study: &[DataSet]) -> Vec<DeidPlan> {
    let mut context = StudyContext::with_rules(rules.clone());
    let meta = |data: &DataSet| FileMeta::for_data_set(data, TransferSyntax::EXPLICIT_LE);
    study.iter().for_each(|data| context.add(&meta(data), data));
    study.iter().map(|data| plan(&meta(data), data, &context, &Policy::shifted_dates(), &keys())).collect()
}

fn planned(study: &[DataSet]) -> Vec<DeidPlan> {
    planned_at(&IdRules::default(), study)
}

fn pseudonym(plan: &DeidPlan) -> String {
    plan.header.text(tags::PATIENT_ID).unwrap()
}

/// Pseudonym and shifted study date of an instance alone.
fn told(data: &DataSet) -> (String, String) {
    let plan = planned(std::slice::from_ref(data)).remove(0);
    (pseudonym(&plan), plan.header.text(tags::STUDY_DATE).unwrap())
}

fn holds_several(plans: &[DeidPlan]) -> bool {
    plans.iter().any(|plan| plan.holds.contains(&HoldReason::SeveralPatients))
}

const ANDERSSON: [(Tag, &str); 3] =
    [(tags::PATIENT_NAME, "Andersson^Bo"), (tags::PATIENT_BIRTH_DATE, "19400101"), (tags::PATIENT_SEX, "M")];
const ZYXWORT: [(Tag, &str); 3] = [
    (tags::PATIENT_NAME, "Zyxwort^Quillon"),
    (tags::PATIENT_BIRTH_DATE, "19900202"),
    (tags::PATIENT_SEX, "F"),
];

fn of(person: [(Tag, &'static str); 3], more: &[(Tag, &'static str)]) -> Vec<(Tag, &'static str)> {
    person.into_iter().chain(more.iter().copied()).collect()
}

#[test]
fn an_id_counts_within_its_issuer() {
    let issued =
        |person, issuer| of(person, &[(tags::PATIENT_ID, "12345"), (tags::ISSUER_OF_PATIENT_ID, issuer)]);
    let (a, b) =
        (instance("1", &issued(ANDERSSON, "HOSPITAL-A")), instance("2", &issued(ZYXWORT, "HOSPITAL-B")));
    let bare = instance("3", &of(ZYXWORT, &[(tags::PATIENT_ID, "12345")]));
    let world = with_entity(bare.clone(), "1.2.3");
    let elsewhere = with_entity(bare.clone(), "1.2.4");
    let five = [&a, &b, &bare, &world, &elsewhere].map(told);
    let pseudonyms: BTreeSet<&String> = five.iter().map(|(pseudonym, _)| pseudonym).collect();
    let days: BTreeSet<&String> = five.iter().map(|(_, day)| day).collect();
    assert_eq!((pseudonyms.len(), days.len()), (5, 5));
    // A name in the world is the issuer, whatever the site calls it.
    let named = with_entity(instance("4", &issued(ZYXWORT, "SOMEWHERE")), "1.2.3");
    assert_eq!(told(&named).0, five[3].0);
    let padded = instance("5", &issued(ANDERSSON, "  HOSPITAL-A "));
    assert_eq!(told(&padded), five[0]);
}

#[test]
fn an_issuer_does_not_leave_and_is_looked_for() {
    let data = with_entity(
        instance("1", &[(tags::PATIENT_ID, "77"), (tags::ISSUER_OF_PATIENT_ID, "KRANKENHAUS X")]),
        "1.2.276.0.76.3",
    );
    let plan = planned(&[data]).remove(0);
    assert!(plan.header.get(tags::ISSUER_OF_PATIENT_ID_QUALIFIERS_SEQUENCE).is_none());
    assert!(plan.header.get(tags::ISSUER_OF_PATIENT_ID).is_none());
    for text in [&b"at KRANKENHAUS X."[..], b"issued by 1.2.276.0.76.3"] {
        assert!(!Search::new(&plan.removed).scan(text, Region::Text).is_empty());
    }
}

#[test]
fn an_id_without_an_issuer_keeps_the_pseudonym_and_the_dates_it_always_had() {
    for (person, id) in [(ANDERSSON, "4711"), (ZYXWORT, "MRN 0-12"), (ZYXWORT, "12345")] {
        let (pseudonym, day) = told(&instance("1", &of(person, &[(tags::PATIENT_ID, id)])));
        assert_eq!(pseudonym, keys().patient(id));
        assert_eq!(day, date::shift("20210714", keys().date_offset(id)).unwrap());
    }
}

#[test]
fn placeholders_and_empty_ids_are_nobodys() {
    for id in ["", "0", "000", "UNKNOWN", "n/a", "未知"] {
        let of_id = |study, person| told(&instance(study, &of(person, &[(tags::PATIENT_ID, id)])));
        let (a, b) = (of_id("1", ANDERSSON), of_id("2", ZYXWORT));
        assert!(a.0 != b.0 && a.1 != b.1, "{id:?}");
        assert_eq!(of_id("3", ANDERSSON), a, "name, birth date and sex tell who it is: {id:?}");
        // Without enough of them the study alone is the person.
        let little =
            |study| told(&instance(study, &[(tags::PATIENT_ID, id), (tags::PATIENT_NAME, "Andersson^Bo")]));
        assert_eq!(little("4"), little("4"));
        assert_ne!(little("4").0, little("5").0, "{id:?}");
        let nobody = |study| {
            told(&instance(
                study,
                &of(
                    ZYXWORT,
                    &[
                        (tags::PATIENT_ID, id),
                        (tags::PATIENT_NAME, "UNKNOWN^UNKNOWN"),
                        (tags::PATIENT_BIRTH_DATE, "19000101"),
                    ],
                ),
            ))
        };
        assert_ne!(nobody("6").0, nobody("7").0, "{id:?}");
    }
    let mut bare = instance("8", &[]);
    bare.remove(tags::STUDY_INSTANCE_UID);
    let mut other = bare.clone();
    other.put_text(tags::SOP_INSTANCE_UID, Vr::UI, "1.2.826.0.1.9.4");
    assert_ne!(told(&bare).0, told(&other).0, "no study either: the instance is all there is");
}

#[test]
fn a_site_says_what_its_ids_and_issuers_are() {
    let rules = IdRules {
        placeholder_ids: ["AMB".to_owned()].into(),
        real_ids: ["1".to_owned()].into(),
        own_issuers: ["HOSPITAL-A".to_owned()].into(),
    };
    let told = |patient: &[(Tag, &str)]| pseudonym(&planned_at(&rules, &[instance("1", patient)])[0]);
    assert_ne!(
        told(&of(ANDERSSON, &[(tags::PATIENT_ID, "AMB")])),
        told(&of(ZYXWORT, &[(tags::PATIENT_ID, "AMB")]))
    );
    assert_eq!(told(&of(ANDERSSON, &[(tags::PATIENT_ID, "1")])), keys().patient("1"));
    let own = of(ANDERSSON, &[(tags::PATIENT_ID, "77"), (tags::ISSUER_OF_PATIENT_ID, "HOSPITAL-A")]);
    assert_eq!(told(&own), keys().patient("77"));
}

#[test]
fn within_a_study_one_instance_says_what_another_leaves_out() {
    let id = (tags::PATIENT_ID, "12345");
    let issued = instance("1", &of(ANDERSSON, &[id, (tags::ISSUER_OF_PATIENT_ID, "HOSPITAL-A")]));
    let plain = instance("1", &[id, (tags::PATIENT_NAME, "ANDERSSON^BO^^")]);
    let silent = instance("1", &[]);
    let nobody = instance("1", &[(tags::PATIENT_ID, "0"), (tags::PATIENT_BIRTH_DATE, "1940.01.01")]);
    let study = [issued.clone(), plain, silent, nobody];
    let mut backwards = study.clone();
    backwards.reverse();
    for study in [study, backwards] {
        let plans = planned(&study);
        let names: BTreeSet<String> = plans.iter().map(pseudonym).collect();
        assert_eq!(names, BTreeSet::from([told(&issued).0]));
        assert!(!holds_several(&plans));
    }
}

#[test]
fn a_study_about_two_is_held_and_gives_nobody_the_others_pseudonym() {
    let id = (tags::PATIENT_ID, "12345");
    let at = |person, issuer| of(person, &[id, (tags::ISSUER_OF_PATIENT_ID, issuer)]);
    let nameless: &[(Tag, &str)] = &[id, (tags::PATIENT_NAME, "Zyxwort^Quillon")];
    let cases = [
        ("two ids", of(ANDERSSON, &[id]), of(ANDERSSON, &[(tags::PATIENT_ID, "12346")])),
        ("two issuers", at(ANDERSSON, "A"), at(ANDERSSON, "B")),
        ("one id of two persons", of(ANDERSSON, &[id]), of(ZYXWORT, &[id])),
        ("one id and two names", vec![id, (tags::PATIENT_NAME, "Andersson^Bo")], nameless.to_vec()),
        ("no id and two names", ANDERSSON.to_vec(), ZYXWORT.to_vec()),
    ];
    for (what, a, b) in cases {
        let plans = planned(&[instance("1", &a), instance("1", &b)]);
        assert!(holds_several(&plans), "{what}");
        assert_ne!(pseudonym(&plans[0]), pseudonym(&plans[1]), "{what}");
    }
    // A name that was corrected, or changed by marriage, is no other person's.
    let married = of(ANDERSSON, &[id, (tags::PATIENT_NAME, "Berg^Bo")]);
    assert!(!holds_several(&planned(&[instance("1", &of(ANDERSSON, &[id])), instance("1", &married)])));
}

/// The pseudonym of the patient whom an item names, and the plan.
fn with_item(tag: Tag, item: &[(Tag, &str)]) -> (String, DeidPlan) {
    let patient = [(tags::PATIENT_ID, "4711"), (tags::ISSUER_OF_PATIENT_ID, "HOSPITAL-A")];
    let mut data = instance("1", &of(ANDERSSON, &patient));
    let mut inner = DataSet::new();
    item.iter().for_each(|(tag, text)| inner.put_text(*tag, dicom::vr_of(*tag), text));
    data.put(Element { tag, vr: Vr::SQ, value: Value::Items(vec![inner]) });
    let deviation = Deviation { tag: "0008,1120".into(), action: "K".into(), reason: "for this test".into() };
    let other = Deviation { tag: "0010,1002".into(), ..deviation.clone() };
    let head = Head { name: "with-items".into(), references: true };
    let profile = Profile { profile: head, attribute: vec![deviation, other], ..Profile::default() };
    let policy = profile.policy().unwrap();
    let meta = FileMeta::for_data_set(&data, TransferSyntax::EXPLICIT_LE);
    let plan = plan(&meta, &data, &StudyContext::of(&meta, &data), &policy, &keys());
    let named = plan.header.items(tag)[0].get(item[0].0).unwrap().as_bytes().unwrap().to_vec();
    (String::from_utf8(named).unwrap(), plan)
}

#[test]
fn items_name_the_patient_or_somebody_else() {
    let (same, plan) = with_item(REFERENCED_PATIENT, &[(tags::PATIENT_ID, "4711")]);
    assert_eq!(same, pseudonym(&plan), "the same id with less beside it");
    let (same, plan) = with_item(REFERENCED_PATIENT, &[(tags::PATIENT_NAME, "ANDERSSON^BO^")]);
    assert_eq!(same, pseudonym(&plan));
    let issued = [(tags::PATIENT_ID, "4711"), (tags::ISSUER_OF_PATIENT_ID, "INSURANCE")];
    let (other, plan) = with_item(OTHER_PATIENT_IDS, &issued);
    assert_ne!(other, pseudonym(&plan), "the same digits of another issuer");
    let (named, plan) = with_item(REFERENCED_PATIENT, &[(tags::PATIENT_NAME, "Zyxwort^Quillon")]);
    assert_ne!(named, pseudonym(&plan), "the referenced study is somebody else's");
    assert_eq!(plan.reidentification.0.len(), 2);
}

#[test]
fn the_way_back_of_one_study_keeps_its_patient_and_tells_two_apart() {
    let id = (tags::PATIENT_ID, "12345");
    let plans = [instance("1", &of(ANDERSSON, &[id])), instance("2", &of(ZYXWORT, &[id]))].map(|data| {
        let data = [with_entity(data, "1.2.3")];
        planned(&data).remove(0)
    });
    let mut way = plans[0].reidentification.clone();
    way.add(plans[1].reidentification.clone());
    let one = way.0.values().next().unwrap();
    assert_eq!(way.0.len(), 1, "one id of one issuer");
    assert!(one.ambiguous.contains(&pseudonym(&plans[0])), "and two persons");
    for (plan, name) in plans.iter().zip(["Andersson^Bo", "Zyxwort^Quillon"]) {
        let header = &*plan.header;
        let meta = FileMeta::for_data_set(header, TransferSyntax::EXPLICIT_LE);
        let back = restore(&meta, header, &way, &keys());
        assert_eq!((back.unknown, back.ambiguous), (0, 0));
        assert_eq!(back.header.text(tags::PATIENT_NAME).as_deref(), Some(name), "as its study had it");
        let item = &back.header.items(tags::ISSUER_OF_PATIENT_ID_QUALIFIERS_SEQUENCE)[0];
        assert_eq!(item.text(tags::UNIVERSAL_ENTITY_ID).as_deref(), Some("1.2.3"));
        // Something made elsewhere about the patient alone.
        let mut report = DataSet::new();
        report.put_text(tags::PATIENT_ID, Vr::LO, &pseudonym(plan));
        assert_eq!(restore(&meta, &report, &way, &keys()).ambiguous, 1);
    }
}

/// The same name in another writing.
fn rewritten() -> impl Strategy<Value = (String, &'static str)> {
    let names = prop::sample::select(vec![
        "Müller^Jürgen",
        "MÜLLER^JÜRGEN",
        "mu\u{308}ller^ju\u{308}rgen",
        "Müller ^ Jürgen",
    ]);
    let tails = prop::sample::select(vec!["", "^", "^^^", " ", "^^^ ", "=", "==", "=ミュラー^ユルゲン"]);
    let dates = prop::sample::select(vec!["19700102", "1970.01.02", "19700102 "]);
    (names, tails, dates).prop_map(|(name, tail, date)| (format!("{name}{tail}"), date))
}

proptest! {
    #[test]
    fn one_person_in_any_writing_is_one((name, birth) in rewritten(), id in prop::sample::select(vec!["", "0", " 4711 ", "4711"])) {
        let real = id.trim() == "4711";
        let first = [(tags::PATIENT_ID, if real { "4711" } else { "" }), (tags::PATIENT_NAME, "Müller^Jürgen"),
            (tags::PATIENT_BIRTH_DATE, "19700102"), (tags::PATIENT_SEX, "M")];
        let again = [(tags::PATIENT_ID, id), (tags::PATIENT_NAME, name.as_str()), (tags::PATIENT_BIRTH_DATE, birth),
            (tags::PATIENT_SEX, "m ")];
        prop_assert_eq!(told(&instance("1", &first)), told(&instance("2", &again)));
        let (before, now) = (PatientDigests::of(&instance("1", &first)).unwrap(), PatientDigests::of(&instance("1", &again)).unwrap());
        prop_assert_eq!(now.is_other(&before), !real && id == "0", "an id is said that was not");
        prop_assert!(!holds_several(&planned(&[instance("1", &first), instance("1", &again)])));
    }

    #[test]
    fn strangers_never_share(a in "[A-Z]{3,9}", b in "[A-Z]{3,9}", year in 1920i32..2020, ids in prop::sample::select(vec!["", "0", "1", "TEST", "-"])) {
        prop_assume!(a != b);
        let birth = format!("{year}0304");
        let one = |study: &str, name: &str| told(&instance(study, &[(tags::PATIENT_ID, ids), (tags::PATIENT_NAME, name), (tags::PATIENT_BIRTH_DATE, &birth)]));
        prop_assert_ne!(one("1", &a).0, one("2", &b).0);
    }
}

#[test]
fn a_name_in_another_character_set_is_the_same() {
    let patient = |charset: &str, name: &[u8]| {
        let mut data = instance("1", &[(tags::PATIENT_BIRTH_DATE, "19700102")]);
        data.put_text(tags::SPECIFIC_CHARACTER_SET, Vr::CS, charset);
        data.put(Element::bytes(tags::PATIENT_NAME, Vr::PN, name));
        data
    };
    let utf8 = patient("ISO_IR 192", "Müller^Jürgen".as_bytes());
    let latin = patient("ISO_IR 100", b"M\xfcller^J\xfcrgen");
    assert_eq!(told(&utf8), told(&latin));
    assert!(!PatientDigests::of(&utf8).unwrap().is_other(&PatientDigests::of(&latin).unwrap()));
    let japanese = patient("\\ISO 2022 IR 87", b"Yamada^Tarou=\x1b$B;3ED\x1b(B^\x1b$BB@O:\x1b(B");
    let plain = patient("ISO_IR 192", "Yamada^Tarou=山田^太郎".as_bytes());
    assert_eq!(told(&japanese), told(&plain));
}

#[test]
fn another_patient_is_told_by_facts_that_differ() {
    let whose = |patient: &[(Tag, &str)]| PatientDigests::of(&instance("1", patient)).unwrap();
    let id = (tags::PATIENT_ID, "4711");
    let before = whose(&of(ANDERSSON, &[id]));
    let issued = whose(&of(ANDERSSON, &[id, (tags::ISSUER_OF_PATIENT_ID, "HOSPITAL-A")]));
    assert!(
        !issued.is_other(&before) && !before.is_other(&issued),
        "an issuer beside it is no other patient"
    );
    assert!(!whose(&[id]).is_other(&before) && !before.is_other(&whose(&[id])));
    for other in [
        whose(&of(ANDERSSON, &[(tags::PATIENT_ID, "4712")])),
        whose(&of(ANDERSSON, &[id, (tags::PATIENT_NAME, "Zyxwort^Quillon")])),
        whose(&of(ANDERSSON, &[id, (tags::PATIENT_BIRTH_DATE, "19400102")])),
    ] {
        assert!(other.is_other(&before) && before.is_other(&other));
    }
    let elsewhere = whose(&of(ANDERSSON, &[id, (tags::ISSUER_OF_PATIENT_ID, "HOSPITAL-B")]));
    assert!(elsewhere.is_other(&issued));
    assert!(before.is_other(&whose(&ANDERSSON)), "an id where none was");
    assert_eq!(PatientDigests::from_text(&before.to_text()), Some(before));
    assert_eq!(PatientDigests::from_text(&"a".repeat(64)), None, "what earlier versions wrote");
    assert_eq!(PatientDigests::of(&instance("1", &[(tags::PATIENT_NAME, "^^ ")])), None);
}
