//! Each job in this process, on small studies made here.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

use std::fs::File;
use std::io::{Read, Seek, SeekFrom, Write};
use std::os::unix::fs::FileExt;

use proto::case::{CaseManifest, Disposition, Priority, Transport};
use proto::ids::{CaseId, SiteId, StatementDigest};
use proto::keys::PrivateKeys;

use super::*;
use deid::Profile;
use dicom::{DataSet, Element, FileMeta, TransferSyntax, Vr, tags, write_file};
use domain::job::{
    Answer, DeidJob, DeidOrder, InstanceRef, Job, MAX_PREVIEWS, PackJob, Secret, TriageAnswer, TriageJob,
    check_answer,
};
use domain::picture::Piece;

pub(super) const ROWS: u16 = 40;
pub(super) const COLUMNS: u16 = 30;

/// A radiograph of an invented person; values rise from left to right.
pub(super) fn radiograph() -> DataSet {
    let mut data = DataSet::new();
    data.put_text(tags::SOP_CLASS_UID, Vr::UI, "1.2.840.10008.5.1.4.1.1.1.1");
    data.put_text(tags::SOP_INSTANCE_UID, Vr::UI, "1.2.826.0.1.3680043.9.1");
    data.put_text(tags::STUDY_INSTANCE_UID, Vr::UI, "1.2.826.0.1.3680043.9.2");
    data.put_text(tags::SERIES_INSTANCE_UID, Vr::UI, "1.2.826.0.1.3680043.9.3");
    data.put_text(tags::MODALITY, Vr::CS, "DX");
    data.put_text(tags::BODY_PART_EXAMINED, Vr::CS, "CHEST");
    data.put_text(tags::VIEW_POSITION, Vr::CS, "PA");
    data.put_text(tags::PATIENT_NAME, Vr::PN, "Quillfeather^Bartholomew");
    data.put_text(tags::PATIENT_ID, Vr::LO, "HOSP-4711-X");
    data.put_text(tags::PATIENT_SEX, Vr::CS, "F");
    data.put_text(tags::PATIENT_AGE, Vr::AS, "064Y");
    data.put_text(tags::STUDY_DATE, Vr::DA, "20240517");
    data.put_text(tags::ACCESSION_NUMBER, Vr::SH, "ACC998877");
    data.put_text(tags::PHOTOMETRIC_INTERPRETATION, Vr::CS, "MONOCHROME2");
    for (tag, number) in [
        (tags::SAMPLES_PER_PIXEL, 1),
        (tags::ROWS, ROWS),
        (tags::COLUMNS, COLUMNS),
        (tags::BITS_ALLOCATED, 16),
        (tags::BITS_STORED, 12),
        (tags::HIGH_BIT, 11),
        (tags::PIXEL_REPRESENTATION, 0),
    ] {
        data.put(Element::bytes(tag, Vr::US, number.to_le_bytes()));
    }
    data.put(Element::bytes(tags::PIXEL_DATA, Vr::OW, pixels()));
    data
}

pub(super) fn pixels() -> Vec<u8> {
    (0..ROWS).flat_map(|r| (0..COLUMNS).flat_map(move |c| (c * 100 + r).to_le_bytes())).collect()
}

pub(super) fn p10(data: &DataSet) -> File {
    with(&bytes_of(data))
}

pub(super) fn bytes_of(data: &DataSet) -> Vec<u8> {
    let meta = FileMeta::for_data_set(data, TransferSyntax::EXPLICIT_LE);
    let mut bytes = Vec::new();
    write_file(&meta, data, &[][..], &mut bytes).unwrap();
    bytes
}

fn with(bytes: &[u8]) -> File {
    let mut file = tempfile::tempfile().unwrap();
    file.write_all(bytes).unwrap();
    file
}

pub(super) fn files(instances: Vec<File>) -> Vec<File> {
    std::iter::once(tempfile::tempfile().unwrap()).chain(instances).collect()
}

pub(super) fn refs(count: usize) -> Vec<InstanceRef> {
    vec![InstanceRef::p10(); count]
}

pub(super) fn order() -> DeidOrder {
    DeidOrder::new(Profile::named("strict"), Secret::new("07".repeat(32)))
}

pub(super) fn run(job: &Job, files: &[File]) -> Answer {
    let answer = work(job, files, &mut Tools::default(), &|_| {});
    check_answer(&answer, files.len() - 1, files[0].metadata().unwrap().len()).unwrap();
    answer
}

pub(super) fn triage(files: &[File], previews: bool) -> TriageAnswer {
    let job =
        Job::Triage(TriageJob { instances: refs(files.len() - 1), deid: order(), previews, output: None });
    match run(&job, files) {
        Answer::Triage(answer) => *answer,
        other => panic!("{other:?}"),
    }
}

pub(super) fn piece(file: &File, piece: &Piece) -> Vec<u8> {
    let mut bytes = vec![0; piece.length as usize];
    file.read_exact_at(&mut bytes, piece.offset).unwrap();
    assert_eq!(blake3::hash(&bytes).to_hex().as_str(), piece.blake3);
    bytes
}

#[test]
fn without_a_bundle_a_study_is_not_analysed_and_still_shown() {
    let files = files(vec![p10(&radiograph())]);
    let answer = triage(&files, true);
    assert_eq!(
        (answer.verdict.disposition, answer.verdict.reason.as_str()),
        (Disposition::NotAnalysed, "No bundle is installed.")
    );
    assert_eq!((answer.facts.modality.as_str(), answer.facts.view.as_str()), ("DX", "PA"));
    assert_eq!(
        (answer.facts.accession_tail.as_str(), answer.facts.patient_name.as_str()),
        ("8877", "Quillfeather^Bartholomew")
    );
    assert!(answer.verdict.holds.is_empty(), "{:?}", answer.verdict.holds);
    assert!(
        answer.verdict.actions["Z"] >= 3 && answer.verdict.actions["U"] >= 3,
        "{:?}",
        answer.verdict.actions
    );
    let preview = &answer.verdict.previews[0];
    assert_eq!((preview.rows, preview.columns, preview.level), (u32::from(ROWS), u32::from(COLUMNS), 0));
    assert_eq!((preview.first, preview.step), (0.0, 1.0));
    assert_eq!(piece(&files[0], &preview.piece), pixels());
    assert!(answer.verdict.ms.total >= answer.verdict.ms.decode && answer.verdict.ms.decode > 0.0);
}

#[test]
fn the_plan_digest_is_that_of_the_study_and_the_key() {
    let first = triage(&files(vec![p10(&radiograph())]), false);
    assert_eq!(first.verdict.plan_digest, triage(&files(vec![p10(&radiograph())]), true).verdict.plan_digest);
    let mut other = radiograph();
    other.put_text(tags::PATIENT_AGE, Vr::AS, "065Y");
    assert_ne!(first.verdict.plan_digest, triage(&files(vec![p10(&other)]), false).verdict.plan_digest);
}

#[test]
fn what_cannot_be_read_is_named_and_the_rest_goes_on() {
    let mut encapsulated = radiograph();
    encapsulated.remove(tags::PIXEL_DATA);
    let meta = FileMeta::for_data_set(&encapsulated, "1.2.840.10008.1.2.4.102");
    let mut video = Vec::new();
    write_file(&meta, &encapsulated, &[][..], &mut video).unwrap();
    // Pixel Data of undefined length: an empty offset table, one fragment, the end.
    video.extend([0xE0, 0x7F, 0x10, 0, b'O', b'B', 0, 0, 0xFF, 0xFF, 0xFF, 0xFF]);
    video.extend([0xFE, 0xFF, 0, 0xE0, 0, 0, 0, 0, 0xFE, 0xFF, 0, 0xE0, 4, 0, 0, 0, 1, 2, 3, 4]);
    video.extend([0xFE, 0xFF, 0xDD, 0xE0, 0, 0, 0, 0]);
    let files = files(vec![with(b"no DICOM at all, only words"), with(&video), p10(&radiograph())]);
    let answer = triage(&files, true);
    assert_eq!(answer.unreadable.iter().map(|(i, _)| *i).collect::<Vec<_>>(), [0, 1]);
    assert!(
        answer.unreadable[1].1.contains("MPEG-4 AVC/H.264 High Profile / Level 4.1"),
        "{}",
        answer.unreadable[1].1
    );
    assert_eq!(answer.verdict.previews.len(), 1);
    assert_eq!(answer.verdict.previews[0].instance, 2);
    let nothing = files_of_rubbish();
    let answer = triage(&nothing, true);
    assert_eq!(answer.verdict.disposition, Disposition::Unreadable);
}

fn files_of_rubbish() -> Vec<File> {
    files(vec![with(b"no DICOM at all, only words"), with(&[])])
}

#[test]
fn many_slices_give_a_bounded_number_of_previews_in_order() {
    let slices: Vec<File> = (0..90_u32)
        .rev()
        .map(|i| {
            let mut data = radiograph();
            data.put_text(tags::INSTANCE_NUMBER, Vr::IS, &i.to_string());
            data.put_text(tags::SOP_INSTANCE_UID, Vr::UI, &format!("1.2.826.0.1.3680043.9.1.{i}"));
            p10(&data)
        })
        .collect();
    let files = files(slices);
    let answer = triage(&files, true);
    assert_eq!(answer.verdict.previews.len(), MAX_PREVIEWS);
    let order: Vec<u32> = answer.verdict.previews.iter().map(|p| p.instance).collect();
    assert!(order.windows(2).all(|w| w[0] > w[1]), "arrived in reverse of their numbers");
}

#[test]
fn an_entry_with_its_data_set_behind_an_offset_is_the_same_study() {
    let data = radiograph();
    let mut bytes = vec![0xAA; 4096];
    let meta = FileMeta::for_data_set(&data, TransferSyntax::EXPLICIT_LE);
    dicom::write_data_set(&meta, &data, &[][..], &mut bytes).unwrap();
    let files = files(vec![with(&bytes)]);
    let transfer_syntax = TransferSyntax::EXPLICIT_LE.to_owned();
    let instances = vec![InstanceRef { file: None, offset: Some(4096), transfer_syntax, sealed: None }];
    let Answer::Triage(answer) =
        run(&Job::Triage(TriageJob { instances, deid: order(), previews: true, output: None }), &files)
    else {
        panic!("no triage answer")
    };
    assert_eq!(answer.facts.modality, "DX");
    assert_eq!(piece(&files[0], &answer.verdict.previews[0].piece), pixels());
}

#[test]
fn descriptors_must_fit_the_job() {
    let files = files(vec![p10(&radiograph())]);
    let job = Job::Triage(TriageJob { instances: refs(2), deid: order(), previews: false, output: None });
    assert!(matches!(work(&job, &files, &mut Tools::default(), &|_| {}), Answer::Failed(_)));
}

#[test]
fn deid_writes_what_is_not_held() {
    let mut held = radiograph();
    held.put_text(tags::BURNED_IN_ANNOTATION, Vr::CS, "YES");
    held.put_text(tags::SOP_INSTANCE_UID, Vr::UI, "1.2.826.0.1.3680043.9.4");
    let files = files(vec![p10(&radiograph()), p10(&held), with(b"words")]);
    let Answer::Deid(answer) = run(&Job::Deid(DeidJob { instances: refs(3), deid: order() }), &files) else {
        panic!("no lines")
    };
    let (lines, statement) = (&answer.lines, &answer.statement);
    let status: Vec<&str> = lines.iter().map(|l| l.status.as_str()).collect();
    assert_eq!(status, ["done", "held", "refused"]);
    assert_eq!((statement.instances, statement.unreadable), (1, 1));
    let searched = statement.text_detector.as_ref().unwrap();
    assert_eq!((searched.name.as_str(), searched.digest.len()), ("burned-in-text", 64));
    let file = piece(&files[0], lines[0].piece.as_ref().unwrap());
    let back = dicom::read(&file, &dicom::Limits::default()).unwrap();
    assert_eq!(back.data.text(tags::MODALITY).as_deref(), Some("DX"));
    for planted in ["Quillfeather", "Bartholomew", "4711", "ACC998877", "20240517", "3680043"] {
        assert!(!file.windows(planted.len()).any(|w| w == planted.as_bytes()), "{planted}");
    }
    assert!(lines[1].piece.is_none() && !lines[1].reason.is_empty());
}

fn manifest(case: CaseId, note: Option<&str>) -> CaseManifest {
    CaseManifest {
        format: proto::case::CaseFormat::V1,
        case,
        revision: 1,
        study: "S1".to_owned(),
        modality: "OT".to_owned(),
        body_part: None,
        view: None,
        age: None,
        sex: None,
        priority: Priority::Routine,
        findings: vec![],
        disposition: Disposition::Escalate,
        reasons: vec!["asked by a technician".to_owned()],
        note: note.map(str::to_owned),
        statement: StatementDigest::from_bytes([0; 32]),
        transport: Transport::Image,
        frames: vec![],
    }
}

pub(super) fn pack_job(
    plan_digest: String,
    site: &PrivateKeys,
    reader: &PrivateKeys,
    note: Option<&str>,
    with_p10: bool,
) -> PackJob {
    PackJob {
        instances: refs(1),
        deid: order(),
        plan_digest,
        areas: Vec::new(),
        manifest: manifest(CaseId::random().unwrap(), note),
        transport: Transport::Image,
        with_p10,
        site: SiteId::random().unwrap(),
        reader_key: reader.public().to_text(),
        signing_key: Secret::new(hex::encode(site.signer().to_bytes().as_slice())),
    }
}

#[test]
fn a_sealed_case_opens_at_the_reader_and_holds_no_planted_value() {
    let (site, reader) = (PrivateKeys::generate().unwrap(), PrivateKeys::generate().unwrap());
    let digest = triage(&files(vec![p10(&radiograph())]), false).verdict.plan_digest;
    let files = files(vec![p10(&radiograph())]);
    let mut job = pack_job(digest.clone(), &site, &reader, Some("Please look at the left side."), true);
    job.manifest.reasons = vec!["long ".repeat(100)];
    let address = proto::envelope::Address { site: job.site, case: job.manifest.case, revision: 1 };
    let sealed = match run(&Job::Pack(Box::new(job)), &files) {
        Answer::Pack(sealed) => sealed,
        other => panic!("{other:?}"),
    };
    let mut envelope = Vec::new();
    (&files[0]).seek(SeekFrom::Start(0)).unwrap();
    (&files[0]).read_to_end(&mut envelope).unwrap();
    assert_eq!(envelope.len() as u64, sealed.sealed_bytes);
    assert_eq!(blake3::hash(&envelope).to_hex().as_str(), sealed.digest);
    assert!(sealed.searched > 5 && sealed.image_bytes == sealed.frame_bytes);
    let (header, content) = proto::envelope::open(&envelope, site.public(), reader.opener()).unwrap();
    assert_eq!(*header.address(), address);
    let manifest = CaseManifest::from_json(content.first("case.json").unwrap()).unwrap();
    assert_eq!((manifest.modality.as_str(), manifest.body_part.as_deref()), ("DX", Some("CHEST")));
    assert_eq!(manifest.note.as_deref(), Some("Please look at the left side."));
    assert_eq!(manifest.age.as_ref().map(|a| a.as_str()), Some("064Y"));
    // The statement: signed by the site, its digest in the case, no planted value in it.
    let of_statement = blake3::hash(sealed.statement.as_bytes());
    assert_eq!(manifest.statement.as_bytes(), of_statement.as_bytes());
    let signature = hex::decode(&sealed.signature).unwrap();
    let message = deid::statement_message(of_statement.as_bytes());
    assert!(site.public().verify(&message, &signature).is_ok());
    let statement: deid::Statement = serde_json::from_str(&sealed.statement).unwrap();
    assert_eq!((&statement.plan, statement.searched), (&digest, sealed.searched));
    assert!(!sealed.statement.contains("Quillfeather") && statement.instances == 1);
    let searched = statement.text_detector.as_ref().unwrap();
    assert!(statement.report().contains(&format!("{} {}, SHA-256", searched.name, searched.version)));
    let frame = image::load_from_memory(content.get("frame-0000.png").unwrap()).unwrap().into_luma8();
    assert_eq!(frame.dimensions(), (u32::from(COLUMNS), u32::from(ROWS)));
    assert!(frame.get_pixel(0, 0).0[0] < 5 && frame.get_pixel(u32::from(COLUMNS) - 1, 0).0[0] > 250);
    assert!(content.get("instance-0000.dcm").is_some());
    for leaf in content.iter() {
        for planted in ["Quillfeather", "Bartholomew", "4711", "ACC998877", "20240517", "3680043"] {
            assert!(
                !leaf.bytes.windows(planted.len()).any(|w| w == planted.as_bytes()),
                "{planted} in {}",
                leaf.name
            );
        }
    }
}

#[test]
fn identity_in_the_note_stops_the_seal() {
    let (site, reader) = (PrivateKeys::generate().unwrap(), PrivateKeys::generate().unwrap());
    let digest = triage(&files(vec![p10(&radiograph())]), false).verdict.plan_digest;
    for note in ["Mrs QUILLFEATHER waits outside", "see ACC998877", "last seen 17.05.2024"] {
        let files = files(vec![p10(&radiograph())]);
        let job = pack_job(digest.clone(), &site, &reader, Some(note), false);
        let Answer::Failed(failure) = work(&Job::Pack(Box::new(job)), &files, &mut Tools::default(), &|_| {})
        else {
            panic!("sealed although the note says: {note}")
        };
        assert!(failure.reason.contains("nothing was sealed"), "{}", failure.reason);
        assert!(failure.reason.contains("out of the note, then try again"), "{}", failure.reason);
        assert!(!failure.retry, "a person mends it");
        assert_eq!(files[0].metadata().unwrap().len(), 0);
    }
}

#[test]
fn another_plan_than_the_recorded_one_is_not_sealed() {
    let (site, reader) = (PrivateKeys::generate().unwrap(), PrivateKeys::generate().unwrap());
    let files = files(vec![p10(&radiograph())]);
    let job = pack_job("00".repeat(32), &site, &reader, None, false);
    let Answer::Failed(failure) = work(&Job::Pack(Box::new(job)), &files, &mut Tools::default(), &|_| {})
    else {
        panic!("sealed")
    };
    assert_eq!(failure.reason, Error::OtherPlan(String::new()).to_string());
    assert!(failure.replanned.is_some_and(|digest| digest.len() == 64 && digest != "00".repeat(32)));
    assert_eq!(files[0].metadata().unwrap().len(), 0);
}

#[test]
fn a_value_only_in_a_p10_header_is_found() {
    let removed = vec![deid_value("Quillfeather")];
    let search = deid::Search::new(&removed);
    let entry = |at: usize, header: usize| {
        let mut bytes = vec![0_u8; 300];
        bytes[at..at + 12].copy_from_slice(b"QUILLFEATHER");
        vec![packed::Entry { name: "a.dcm".to_owned(), bytes, nature: packed::Nature::File(header) }]
    };
    for (at, header) in [(10, 100), (94, 100), (200, 100), (288, 300)] {
        assert!(packed::PackedCase::prove(entry(at, header), &search).is_err(), "at {at}");
    }
    let clean = vec![packed::Entry {
        name: "a.dcm".to_owned(),
        bytes: vec![0; 300],
        nature: packed::Nature::File(100),
    }];
    assert!(packed::PackedCase::prove(clean, &search).is_ok());
    let named = vec![packed::Entry {
        name: "quillfeather.dcm".to_owned(),
        bytes: vec![],
        nature: packed::Nature::Text,
    }];
    assert!(packed::PackedCase::prove(named, &search).is_err());
}

fn deid_value(text: &str) -> deid::RemovedValue {
    deid::RemovedValue { kind: deid::RemovedKind::Name, text: text.into(), raw: text.into() }
}
