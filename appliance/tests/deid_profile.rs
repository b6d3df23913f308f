//! A site's own profile: every option of annex E, attributes treated otherwise, and what no profile can do.

use std::path::Path;
use std::process::{Command, Output};

use deid::{Deviation, Head, Keys, Policy, PrivateAttribute, Profile, StudyContext, explain, plan};
use dicom::{DataSet, Element, FileMeta, Tag, TransferSyntax, Value, Vr, tags};

const REASON: &str = "the physicists' dose audit needs it";

fn profile(options: &[&str], attributes: &[(&str, &str)]) -> Profile {
    let of = |(tag, action): &(&str, &str)| Deviation {
        tag: (*tag).to_owned(),
        action: (*action).to_owned(),
        reason: REASON.to_owned(),
    };
    Profile {
        region: Vec::new(),
        private: Vec::new(),
        profile: Head { name: "north-audit".to_owned(), references: false },
        options: options.iter().map(|name| ((*name).to_owned(), REASON.to_owned())).collect(),
        attribute: attributes.iter().map(of).collect(),
    }
}

fn keys() -> Keys {
    Keys::from_bytes(&[9; 32]).unwrap()
}

fn data() -> DataSet {
    let mut data = DataSet::new();
    for (tag, vr, text) in [
        (tags::SOP_CLASS_UID, Vr::UI, "1.2.840.10008.5.1.4.1.1.2"),
        (tags::SOP_INSTANCE_UID, Vr::UI, "1.2.826.0.1.99.4"),
        (tags::STUDY_INSTANCE_UID, Vr::UI, "1.2.826.0.1.99.2"),
        (tags::PATIENT_NAME, Vr::PN, "Ravensworth^Ida"),
        (tags::PATIENT_ID, Vr::LO, "RW-77120"),
        (tags::STUDY_DATE, Vr::DA, "20240517"),
        (tags::STUDY_DESCRIPTION, Vr::LO, "CT CHEST for Quill"),
        (tags::STATION_NAME, Vr::SH, "GANTRY-7"),
        (tags::INSTITUTION_NAME, Vr::LO, "Dralm Infirmary"),
        (Tag::new(0x0018, 0x1000), Vr::LO, "SN-404-77"),
        (Tag::new(0x0010, 0x21C0), Vr::US, "\u{1}\0"),
    ] {
        data.put(Element::bytes(tag, vr, text.as_bytes().to_vec()));
    }
    let mut item = DataSet::new();
    item.put_text(Tag::new(0x0040, 0xA160), Vr::UT, "No effusion, Quill said");
    data.put(Element { tag: Tag::new(0x0040, 0xA730), vr: Vr::SQ, value: Value::Items(vec![item]) });
    data
}

fn deidentified(policy: &Policy) -> DataSet {
    let (meta, data) = (FileMeta::from_syntax(TransferSyntax::EXPLICIT_LE), data());
    plan(&meta, &data, &StudyContext::of(&meta, &data), policy, &keys()).header.into_inner()
}

fn text_under(options: &[&str], attributes: &[(&str, &str)], tag: Tag) -> Option<String> {
    deidentified(&profile(options, attributes).policy().unwrap()).text(tag)
}

#[test]
fn every_option_opens_its_column_and_says_so() {
    let serial = Tag::new(0x0018, 0x1000);
    for (option, code, tag, kept) in [
        ("retain-device-identity", "113109", tags::STATION_NAME, "GANTRY-7"),
        ("retain-device-identity", "113109", serial, "SN-404-77"),
        ("retain-institution-identity", "113112", tags::INSTITUTION_NAME, "Dralm Infirmary"),
        ("retain-uids", "113110", tags::SOP_INSTANCE_UID, "1.2.826.0.1.99.4"),
        ("retain-full-dates", "113106", tags::STUDY_DATE, "20240517"),
        ("clean-descriptors", "113105", tags::STUDY_DESCRIPTION, "CT CHEST for"),
    ] {
        let without = text_under(&["retain-patient-characteristics"], &[], tag);
        assert_ne!(without.as_deref(), Some(kept), "{option}");
        let header = deidentified(&profile(&[option], &[]).policy().unwrap());
        assert_eq!(header.text(tag).as_deref(), Some(kept), "{option}");
        let codes = header.items(tags::DEIDENTIFICATION_METHOD_CODE_SEQUENCE);
        assert!(codes.iter().any(|item| item.text(tags::CODE_VALUE).as_deref() == Some(code)), "{option}");
        // Names and ids go under every option.
        assert_ne!(header.text(tags::PATIENT_NAME).as_deref(), Some("Ravensworth^Ida"));
        assert_ne!(header.text(tags::PATIENT_ID).as_deref(), Some("RW-77120"));
    }
    let shifted = text_under(&["retain-modified-dates"], &[], tags::STUDY_DATE).unwrap();
    assert!(shifted.len() == 8 && shifted != "20240517");
    let header = deidentified(&profile(&["clean-structured-content"], &[]).policy().unwrap());
    let said = header.items(Tag::new(0x0040, 0xA730))[0].text(Tag::new(0x0040, 0xA160));
    assert_eq!(said.as_deref(), Some("No effusion,"));
}

#[test]
fn dates_say_what_became_of_them() {
    let modified = tags::LONGITUDINAL_TEMPORAL_INFORMATION_MODIFIED;
    assert_eq!(text_under(&["retain-full-dates"], &[], modified).as_deref(), Some("UNMODIFIED"));
    assert_eq!(text_under(&["retain-modified-dates"], &[], modified).as_deref(), Some("MODIFIED"));
    assert_eq!(text_under(&["retain-device-identity"], &[], modified).as_deref(), Some("REMOVED"));
}

#[test]
fn an_attribute_is_treated_as_the_site_says_and_the_rule_is_named() {
    let keep = [("StationName", "K")];
    assert_eq!(text_under(&["retain-device-identity"], &[("0008,1010", "X")], tags::STATION_NAME), None);
    let policy = profile(&["retain-patient-characteristics"], &keep).policy().unwrap();
    assert_eq!(deidentified(&policy).text(tags::STATION_NAME).as_deref(), Some("GANTRY-7"));
    assert_eq!(policy.reasons().len(), 2);
    let (meta, data) = (FileMeta::from_syntax(TransferSyntax::EXPLICIT_LE), data());
    let steps = explain(&meta, &data, &StudyContext::of(&meta, &data), &policy, &keys());
    let station = steps.iter().find(|step| step.tag == tags::STATION_NAME).unwrap();
    assert_eq!((station.action.as_str(), station.rule.as_str()), ("K", "site profile"));
}

#[test]
fn the_name_of_the_profile_stands_in_the_method_and_twice_is_once() {
    for options in [&["retain-uids", "retain-modified-dates"][..], &["retain-institution-identity"]] {
        let policy = profile(options, &[]).policy().unwrap();
        let once = deidentified(&policy);
        let method = once.text(tags::DEIDENTIFICATION_METHOD).unwrap();
        assert!(method.contains("north-audit") && method.len() <= 64);
        let meta = FileMeta::from_syntax(TransferSyntax::EXPLICIT_LE);
        let twice = plan(&meta, &once, &StudyContext::of(&meta, &once), &policy, &keys());
        assert!(twice.header.into_inner() == once, "{options:?}");
    }
}

#[test]
fn a_private_attribute_that_the_site_knows_stays_where_its_value_is_a_setting() {
    let known = |tag: &str, vr: &str| PrivateAttribute {
        creator: "NORTH COILS".to_owned(),
        tag: tag.to_owned(),
        vr: vr.to_owned(),
        reason: REASON.to_owned(),
    };
    let with = |options: &[&str], tag: &str, vr: &str| Profile {
        private: vec![known(tag, vr)],
        ..profile(options, &[])
    };
    let policy = with(&["retain-safe-private"], "0019,xx0C", "LO").policy().unwrap();
    for (value, kept) in [("COIL-7", true), ("Ravensworth", false), ("20240517", false)] {
        let mut data = data();
        data.put_text(Tag::new(0x0019, 0x0011), Vr::LO, "North Coils");
        data.put_text(Tag::new(0x0019, 0x110C), Vr::LO, value);
        data.put_text(Tag::new(0x0019, 0x110D), Vr::LO, value);
        let meta = FileMeta::from_syntax(TransferSyntax::EXPLICIT_LE);
        let header =
            plan(&meta, &data, &StudyContext::of(&meta, &data), &policy, &keys()).header.into_inner();
        let stays: Vec<Tag> = header.iter().map(|e| e.tag).filter(|tag| tag.is_private()).collect();
        let expected = [0x0011, 0x110C].map(|element| Tag::new(0x0019, element));
        assert_eq!(stays, if kept { expected.to_vec() } else { Vec::new() }, "{value}");
    }
    assert!(policy.reasons().iter().any(|(what, _)| what.contains("NORTH COILS")));
    for (options, tag, vr, key) in [
        (&["retain-safe-private"][..], "0018,0C", "LO", "private[0].tag"),
        (&["retain-safe-private"], "0019,100C", "LO", "private[0].tag"),
        (&["retain-safe-private"], "0019,0C", "UT", "private[0].vr"),
        (&["retain-uids"], "0019,0C", "LO", "private[0].creator"),
    ] {
        let wrong = with(options, tag, vr).policy().unwrap_err();
        assert_eq!(wrong.iter().map(|(key, ..)| key.as_str()).collect::<Vec<_>>(), [key], "{tag} {vr}");
    }
}

#[test]
fn what_no_profile_can_do_is_refused_with_its_key() {
    let refused = |profile: Profile| -> Vec<String> {
        profile.policy().unwrap_err().into_iter().map(|(key, _, _)| key).collect()
    };
    let attribute = |tag, action| refused(profile(&[], &[(tag, action)]));
    for (tag, action, key) in [
        ("PatientName", "K", "action"),
        ("0010,0020", "K", "action"),
        ("0008,0050", "C", "action"),
        ("ReferringPhysicianName", "K", "action"),
        ("StationName", "U", "action"),
        ("StationName", "Q", "action"),
        ("0009,1001", "K", "tag"),
        ("7FE0,0010", "X", "tag"),
        ("0012,0062", "X", "tag"),
        ("6000,3000", "K", "tag"),
        ("no such thing", "X", "tag"),
    ] {
        assert_eq!(attribute(tag, action), [format!("attribute[0].{key}")], "{tag} {action}");
    }
    assert_eq!(refused(profile(&["retain-everything"], &[])), ["options.retain-everything"]);
    let both = profile(&["retain-full-dates", "retain-modified-dates"], &[]);
    assert_eq!(refused(both), ["options.retain-modified-dates"]);
    let mut silent = profile(&["retain-uids"], &[("StationName", "X")]);
    silent.options.insert("retain-uids".to_owned(), " ".to_owned());
    silent.attribute[0].reason = "so".to_owned();
    assert_eq!(refused(silent), ["options.retain-uids", "attribute[0].reason"]);
    for name in ["strict", "Über", "", "a-name-that-is-far-too-long-for-the-method"] {
        let mut named = profile(&["retain-uids"], &[]);
        named.profile.name = name.to_owned();
        assert_eq!(refused(named), ["profile.name"]);
    }
}

fn run(args: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_appliance"));
    command.args(args).env("ORT_DISABLE_TELEMETRY", "1").output().unwrap()
}

fn write(path: &Path, text: &str) -> String {
    std::fs::write(path, text).unwrap();
    path.display().to_string()
}

#[test]
fn the_command_takes_a_file_and_names_the_line_of_every_fault() {
    let folder = tempfile::tempdir().unwrap();
    let input = folder.path().join("in.dcm");
    std::fs::write(&input, dicom::example_file()).unwrap();
    let good = write(
        &folder.path().join("good.toml"),
        "[profile]\nname = \"north\"\n[options]\nretain-device-identity = \"for the dose audit\"\n",
    );
    let input = input.display().to_string();
    let explained = run(&["deid", "--explain", &input, "--policy", &good]);
    let said = String::from_utf8_lossy(&explained.stdout).into_owned();
    assert!(explained.status.success() && said.contains("(0010,0010) PatientName"), "{said}");
    assert!(!said.contains("EXAMPLE"), "values are not printed");
    let bad = write(
        &folder.path().join("bad.toml"),
        "[profile]\nname = \"north\"\n[options]\nretain-all = \"for the dose audit\"\n[[attribute]]\ntag = \"PatientName\"\naction = \"K\"\nreason = \"we like names\"\n",
    );
    let refused = run(&["deid", "--explain", &input, "--policy", &bad]);
    let said = String::from_utf8_lossy(&refused.stderr).into_owned();
    assert_eq!(refused.status.code(), Some(64));
    assert!(said.contains("bad.toml:4") && said.contains("bad.toml:7"), "{said}");
}
