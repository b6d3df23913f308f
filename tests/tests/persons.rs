//! Behaviour: two issuers' ids, placeholders and empty ids give nobody another's pseudonym, dates or way back; one person in
//! two writings stays one; and what the vault contradicts waits for a person.

use std::collections::BTreeMap;
use std::path::Path;

use dicom::{self, DataSet, FileMeta, Limits, Tag, TransferSyntax, tags, vr_of};
use domain::decision::Decision;
use fixtures::study::{Instance, StudyKind, StudySpec};
use scanside_tests::support::{Answer, LIMIT, Pair, Row, Terms, run, run_with, until};
use serde_json::Value;

const ANDERSSON: [(Tag, &str); 3] =
    [(tags::PATIENT_NAME, "Andersson^Bo"), (tags::PATIENT_BIRTH_DATE, "19400101"), (tags::PATIENT_SEX, "M")];
const ZYXWORT: [(Tag, &str); 3] = [
    (tags::PATIENT_NAME, "Zyxwort^Quillon"),
    (tags::PATIENT_BIRTH_DATE, "19900202"),
    (tags::PATIENT_SEX, "F"),
];

/// One slice of a head CT, about this patient.
fn about(seed: u64, person: [(Tag, &str); 3], more: &[(Tag, &str)]) -> Instance {
    let study = StudySpec::new(StudyKind::HeadCt, seed).with_size(64, 64).with_slices(1).build().unwrap();
    let file = &study.instances[0].file;
    let parsed = dicom::read(&file[..], &Limits::default()).unwrap();
    let mut data = parsed.data.clone();
    for tag in [tags::PATIENT_ID, tags::ISSUER_OF_PATIENT_ID, Tag::new(0x0010, 0x1002)] {
        data.remove(tag);
    }
    for (tag, text) in person.iter().chain(more) {
        data.put_text(*tag, vr_of(*tag), text);
    }
    let mut out = Vec::new();
    dicom::write_file(&parsed.meta, &data, parsed.bulk(&&file[..]), &mut out).unwrap();
    Instance::from_file(out).unwrap()
}

fn read(file: &[u8]) -> DataSet {
    dicom::read(file, &Limits::default()).unwrap().data
}

fn study_uid(instance: &Instance) -> String {
    read(&instance.file).uid(tags::STUDY_INSTANCE_UID).unwrap()
}

fn row_of(pair: &Pair, study: &str, wanted: impl Fn(&Row) -> bool) -> Row {
    until("the study is there", LIMIT, || {
        Ok(pair.appliance.ledger()?.rows()?.into_iter().find(|row| row.uid == study && wanted(row)))
    })
    .unwrap()
}

/// Sends an instance and lets its case go; where that ends.
fn sent(pair: &Pair, instance: &Instance, state: &'static str) -> Row {
    pair.appliance.scanner().send(std::slice::from_ref(instance)).unwrap();
    let uid = study_uid(instance);
    let row = row_of(pair, &uid, Row::answered);
    if row.case.is_none() {
        pair.let_go(&row).unwrap();
    }
    row_of(pair, &uid, |row| row.state.as_deref() == Some(state))
}

/// `appliance deid` under the site's key; answers by the name of the file.
fn pseudonymised(pair: &Pair, folder: &Path, named: &[(&str, &Instance)]) -> BTreeMap<String, Value> {
    let input = folder.join("in");
    std::fs::create_dir_all(&input).unwrap();
    for (name, instance) in named {
        std::fs::write(input.join(name), &instance.file).unwrap();
    }
    pseudonymised_with(pair, folder, &[])
}

/// The same of the files that are there already, with more options.
fn pseudonymised_with(pair: &Pair, folder: &Path, options: &[&str]) -> BTreeMap<String, Value> {
    let (input, out) = (folder.join("in"), folder.join("out"));
    let key = pair.appliance.folder.join("pseudonym.key").display().to_string();
    let (input, out) = (input.display().to_string(), out.display().to_string());
    let args = ["deid", &input, &out, "--json", "--policy", "shifted-dates", "--key", &key];
    let said = run("appliance", &[&args, options].concat()).unwrap();
    assert_eq!(said.code, 0, "{}", said.stderr);
    let name = |line: &Value| Path::new(line["input"].as_str().unwrap()).file_name().unwrap().to_owned();
    said.lines().unwrap().into_iter().map(|l| (name(&l).into_string().unwrap(), l)).collect()
}

fn named(pair: &Pair, words: &[&str], input: &str) -> Answer {
    let config = pair.appliance.config.display().to_string();
    let who = ["--by", "Dr. Ito", "--reason", "the referrer asks", "--json", "--config", &config];
    run_with("appliance", &[words, &who].concat(), input.as_bytes()).unwrap()
}

/// What `appliance reidentify` makes of one file.
fn back(pair: &Pair, file: &str, to: &Path) -> Value {
    let said = named(pair, &["reidentify", file, &to.display().to_string()], "");
    said.lines().unwrap().remove(0)
}

#[test]
fn nobody_gets_anothers_pseudonym_dates_or_way_back() {
    let folder = tempfile::tempdir().unwrap();
    let mut pair = Pair::start(&folder.path().join("site"), &Terms::default()).unwrap();
    let issued = |issuer| [(tags::PATIENT_ID, "12345"), (tags::ISSUER_OF_PATIENT_ID, issuer)];
    let zero = [(tags::PATIENT_ID, "0")];
    let carets = [(tags::PATIENT_ID, ""), (tags::PATIENT_NAME, "Zyxwort^Quillon^^^")];
    let all = [
        ("issuers-a", about(1, ANDERSSON, &issued("HOSPITAL-A"))),
        ("issuers-b", about(2, ZYXWORT, &issued("HOSPITAL-B"))),
        ("placeholder-a", about(3, ANDERSSON, &zero)),
        ("placeholder-b", about(4, ZYXWORT, &zero)),
        ("carets-a", about(5, ZYXWORT, &[(tags::PATIENT_ID, "")])),
        ("carets-b", about(6, ZYXWORT, &carets)),
    ];
    for (_, instance) in &all {
        sent(&pair, instance, "answered");
    }
    let list: Vec<(&str, &Instance)> = all.iter().map(|(name, i)| (*name, i)).collect();
    let made = pseudonymised(&pair, folder.path(), &list);
    let of = |name: &str| read(&std::fs::read(made[name]["output"].as_str().unwrap()).unwrap());
    let told =
        |name: &str| (of(name).text(tags::PATIENT_ID).unwrap(), of(name).text(tags::STUDY_DATE).unwrap());
    let shift = |name: &str, at: usize| (told(name).1, read(&all[at].1.file).text(tags::STUDY_DATE).unwrap());
    for kind in ["issuers", "placeholder"] {
        assert_ne!(told(&format!("{kind}-a")).0, told(&format!("{kind}-b")).0, "{kind}");
    }
    assert_eq!(told("carets-a").0, told("carets-b").0, "trailing carets mean nothing");
    assert_eq!(told("carets-a").0, told("placeholder-b").0, "an empty id and a placeholder are no id");
    assert_ne!(shift("issuers-a", 0), shift("issuers-b", 1));

    for (name, instance) in &all {
        let line = back(&pair, made[*name]["output"].as_str().unwrap(), &folder.path().join(name));
        assert_eq!(line["status"], "done", "{name}: {line}");
        let (is, was) =
            (read(&std::fs::read(line["output"].as_str().unwrap()).unwrap()), read(&instance.file));
        for tag in [
            tags::PATIENT_NAME,
            tags::PATIENT_ID,
            tags::ISSUER_OF_PATIENT_ID,
            tags::PATIENT_BIRTH_DATE,
            tags::PATIENT_SEX,
            tags::STUDY_INSTANCE_UID,
            tags::SOP_INSTANCE_UID,
            tags::STUDY_DATE,
            tags::ACCESSION_NUMBER,
        ] {
            assert_eq!(is.text(tag), was.text(tag), "{name}: {tag}");
        }
    }
    let several = named(&pair, &["pseudonym", "find"], "12345");
    assert_eq!((several.code, several.stdout.as_str()), (1, ""));
    assert!(several.stderr.contains("ID^^^ISSUER"), "{}", several.stderr);
    let one = named(&pair, &["pseudonym", "find"], "12345^^^HOSPITAL-B\n").lines().unwrap();
    assert_eq!(one[0]["pseudonym"].as_str(), Some(told("issuers-b").0.as_str()));
    pair.appliance.stop().unwrap();
}

#[test]
fn what_the_vault_contradicts_waits_for_a_person_and_overwrites_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let mut pair = Pair::start(&folder.path().join("site"), &Terms::default()).unwrap();
    let id = [(tags::PATIENT_ID, "77120")];
    let (first, second) = (about(11, ANDERSSON, &id), about(12, ZYXWORT, &id));
    sent(&pair, &first, "answered");
    let row = sent(&pair, &second, "held");
    let case = row.case.clone().unwrap();
    assert!(row.holds.unwrap().contains("in the vault"), "the page says why");
    let listed = pair.appliance.cases().unwrap().into_iter().find(|c| c["id"] == *case).unwrap();
    assert!(listed["fault"].as_str().unwrap().contains("release the case"), "{listed}");
    assert_eq!(pair.appliance.status().unwrap()["counts"]["cases"]["held"], 1);

    let made = |name: &str, instance: &Instance| {
        let made = pseudonymised(&pair, &folder.path().join(name), &[(name, instance)]);
        made[name]["output"].as_str().unwrap().to_owned()
    };
    let files = [made("first", &first), made("second", &second)];
    let pseudonym = read(&std::fs::read(&files[0]).unwrap()).text(tags::PATIENT_ID).unwrap();
    let shown = named(&pair, &["pseudonym", "show", &pseudonym], "").lines().unwrap();
    assert_eq!(shown[0]["patient"]["PatientName"], "Andersson^Bo", "as it was before");
    assert_eq!(back(&pair, &files[1], &folder.path().join("held"))["status"], "refused");
    // Both in one run: without a vault the later one waits as well.
    let both = pseudonymised(&pair, &folder.path().join("both"), &[("1", &first), ("2", &second)]);
    let statuses: Vec<&str> = both.values().map(|line| line["status"].as_str().unwrap()).collect();
    assert_eq!(statuses, ["done", "held"]);
    let apart = pseudonymised_with(&pair, &folder.path().join("both"), &["--placeholder-id", "77120"]);
    assert!(apart.values().all(|line| line["status"] == "done"), "the id is said to be nobody's");

    // A named person says that it is one patient: each study keeps its own, the pseudonym alone is nobody's.
    let release = Decision::Release { case, reason: "married and moved".into() };
    pair.appliance.decide("technician", release).unwrap();
    row_of(&pair, &study_uid(&second), |row| row.state.as_deref() == Some("answered"));
    for (at, (file, name)) in files.iter().zip(["Andersson^Bo", "Zyxwort^Quillon"]).enumerate() {
        let line = back(&pair, file, &folder.path().join(format!("back-{at}")));
        let is = read(&std::fs::read(line["output"].as_str().unwrap()).unwrap());
        assert_eq!(is.text(tags::PATIENT_NAME).as_deref(), Some(name));
    }
    // Something made elsewhere that names the pseudonym and no study of ours could be either's.
    let mut report = DataSet::new();
    for (tag, text) in [
        (tags::SOP_CLASS_UID, "1.2.840.10008.5.1.4.1.1.88.11"),
        (tags::SOP_INSTANCE_UID, "1.3.6.1.4.1.5962.99.1.7"),
        (tags::PATIENT_ID, pseudonym.as_str()),
    ] {
        report.put_text(tag, vr_of(tag), text);
    }
    let meta = FileMeta::for_data_set(&report, TransferSyntax::EXPLICIT_LE);
    let (path, mut file) = (folder.path().join("report.dcm"), Vec::new());
    dicom::write_file(&meta, &report, &[][..], &mut file).unwrap();
    std::fs::write(&path, file).unwrap();
    let line = back(&pair, &path.display().to_string(), &folder.path().join("report"));
    assert_eq!(line["status"], "refused");
    assert!(line["reason"].as_str().unwrap().contains("more than one"), "{line}");
    for words in [["pseudonym", "show", pseudonym.as_str()].as_slice(), &["pseudonym", "find"]] {
        let refused = named(&pair, words, "77120");
        assert_eq!((refused.code, refused.stdout.as_str()), (1, ""), "{words:?}");
    }
    pair.appliance.stop().unwrap();
}
