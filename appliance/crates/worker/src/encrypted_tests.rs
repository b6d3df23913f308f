//! Jobs on what the store sealed: read with the entry's key, written with the output's.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

use std::os::unix::fs::FileExt;

use proto::case::Disposition;
use proto::keys::PrivateKeys;

use super::tests::{files, order, p10, pack_job, pixels, radiograph, run, triage};
use super::*;
use dicom::{FileMeta, Tag, TransferSyntax, Vr, tags};
use domain::job::{Answer, EncryptedOutput, InstanceRef, Job, Sealed, Secret, TriageJob, check_answer};
use store::{FILE_HEADER, Id, Reception, Store, StoreConfig};

#[test]
fn a_sealed_entry_is_read_with_its_key_its_bag_is_sealed_and_a_flipped_bit_is_never_analysed() {
    let root = tempfile::tempdir().unwrap();
    let store = Store::open(&StoreConfig::at(root.path())).unwrap();
    let data = radiograph();
    let mut bytes = Vec::new();
    let meta = FileMeta::for_data_set(&data, TransferSyntax::EXPLICIT_LE);
    dicom::write_data_set(&meta, &data, &[][..], &mut bytes).unwrap();
    let mut incoming = store.inbox().begin().unwrap();
    incoming.write(&bytes).unwrap();
    let id = incoming.commit(Reception::default()).unwrap().reception.id;
    let triage = || {
        let (entry, name) = (store.inbox().hand_out(id).unwrap(), Id::random().unwrap());
        let output = store.derived().begin_sealed(name).unwrap();
        let sealed = EncryptedOutput {
            id: name.to_string(),
            offset: FILE_HEADER,
            key: Secret::new(output.key().unwrap().1.reveal().to_string()),
        };
        let instance = InstanceRef {
            file: None,
            offset: Some(entry.offset),
            transfer_syntax: TransferSyntax::EXPLICIT_LE.to_owned(),
            sealed: Some(Sealed {
                id: id.to_string(),
                length: entry.length,
                key: Secret::new(entry.key.unwrap().to_string()),
            }),
        };
        let job =
            TriageJob { instances: vec![instance], deid: order(), previews: true, output: Some(sealed) };
        let files = [output.file().try_clone().unwrap(), entry.file];
        let answer = work(&Job::Triage(job), &files, &mut Tools::default(), &|_| {});
        check_answer(&answer, 1, output.content_length().unwrap()).unwrap();
        (answer, output, name)
    };
    let (Answer::Triage(answer), output, name) = triage() else { panic!("no triage answer") };
    assert_eq!(answer.facts.modality, "DX");
    output.adopt(name).unwrap();
    let piece = &answer.verdict.previews[0].piece;
    let values = store.derived().read_range(name, piece.offset, piece.length as usize).unwrap();
    assert_eq!(values, pixels());
    assert_eq!(blake3::hash(&values).to_hex().as_str(), piece.blake3);
    let entry = store.inbox().hand_out(id).unwrap();
    let segment = std::fs::read_dir(root.path().join("inbox")).unwrap().next().unwrap().unwrap().path();
    let flip = |at: u64| {
        let file = std::fs::OpenOptions::new().read(true).write(true).open(&segment).unwrap();
        let mut byte = [0];
        file.read_exact_at(&mut byte, at).unwrap();
        file.write_all_at(&[byte[0] ^ 8], at).unwrap();
    };
    flip(entry.offset + 40);
    let (Answer::Triage(answer), ..) = triage() else { panic!("no triage answer") };
    assert_eq!(answer.verdict.disposition, Disposition::Unreadable);
    assert!(answer.verdict.reason.contains("the stored bytes are damaged"), "{}", answer.verdict.reason);
    // In the header page: the same words, not a study that is tried for ever.
    flip(entry.offset + 40);
    flip(entry.offset - 500);
    let (Answer::Triage(answer), ..) = triage() else { panic!("no triage answer") };
    assert_eq!(answer.verdict.disposition, Disposition::Unreadable);
    assert!(answer.verdict.reason.contains("the stored bytes are damaged"), "{}", answer.verdict.reason);
}

#[test]
fn instances_in_one_segment_share_its_descriptor_and_none_comes_that_no_instance_lies_in() {
    let root = tempfile::tempdir().unwrap();
    let store = Store::open(&StoreConfig::at(root.path())).unwrap();
    let mut bytes = Vec::new();
    let data = radiograph();
    let meta = FileMeta::for_data_set(&data, TransferSyntax::EXPLICIT_LE);
    dicom::write_data_set(&meta, &data, &[][..], &mut bytes).unwrap();
    let mut entries = (0..3).map(|_| {
        let mut incoming = store.inbox().begin().unwrap();
        incoming.write(&bytes).unwrap();
        let id = incoming.commit(Reception::default()).unwrap().reception.id;
        (id, store.inbox().hand_out(id).unwrap())
    });
    let mut segment = None;
    let instances: Vec<InstanceRef> = entries
        .by_ref()
        .map(|(id, entry)| {
            segment.get_or_insert(entry.file);
            InstanceRef {
                file: Some(0),
                offset: Some(entry.offset),
                transfer_syntax: TransferSyntax::EXPLICIT_LE.to_owned(),
                sealed: Some(Sealed {
                    id: id.to_string(),
                    length: entry.length,
                    key: Secret::new(entry.key.unwrap().to_string()),
                }),
            }
        })
        .collect();
    let job = Job::Triage(TriageJob { instances, deid: order(), previews: true, output: None });
    let mut files = vec![tempfile::tempfile().unwrap(), segment.unwrap()];
    let Answer::Triage(answer) = work(&job, &files, &mut Tools::default(), &|_| {}) else {
        panic!("no answer")
    };
    assert!(answer.unreadable.is_empty() && !answer.verdict.previews.is_empty(), "{}", answer.verdict.reason);
    files.push(tempfile::tempfile().unwrap());
    let Answer::Failed(failure) = work(&job, &files, &mut Tools::default(), &|_| {}) else { panic!("taken") };
    assert!(failure.reason.contains("do not fit each other"), "{}", failure.reason);
}

#[test]
fn a_description_that_is_a_kept_code_word_does_not_stop_the_seal() {
    let mut data = radiograph();
    data.put_text(tags::BODY_PART_EXAMINED, Vr::CS, "THORAX");
    data.put_text(Tag::new(0x0008, 0x1030), Vr::LO, "Thorax");
    let (site, reader) = (PrivateKeys::generate().unwrap(), PrivateKeys::generate().unwrap());
    let digest = triage(&files(vec![p10(&data)]), false).verdict.plan_digest;
    let files = files(vec![p10(&data)]);
    let job = pack_job(digest, &site, &reader, None, false);
    assert!(matches!(run(&Job::Pack(Box::new(job)), &files), Answer::Pack(_)));
}

#[test]
fn identity_in_a_reason_stops_the_seal() {
    let (site, reader) = (PrivateKeys::generate().unwrap(), PrivateKeys::generate().unwrap());
    let digest = triage(&files(vec![p10(&radiograph())]), false).verdict.plan_digest;
    let files = files(vec![p10(&radiograph())]);
    let mut job = pack_job(digest, &site, &reader, Some("left side"), false);
    job.manifest.reasons = vec!["raised by a technician: Mrs QUILLFEATHER waits".to_owned()];
    let Answer::Failed(failure) = work(&Job::Pack(Box::new(job)), &files, &mut Tools::default(), &|_| {})
    else {
        panic!("sealed")
    };
    assert!(failure.reason.contains("in the content; nothing was sealed"), "{}", failure.reason);
    assert_eq!(files[0].metadata().unwrap().len(), 0);
}
