//! The worker as it runs in the appliance: a process of its own, locked down, one job each.

mod codecs;

use std::fs::File;
use std::io::Write;
use std::os::fd::OwnedFd;
use std::os::unix::fs::FileExt;
use std::time::Duration;

use deid::Profile;
use dicom::{DataSet, Element, FileMeta, TransferSyntax, Vr, tags, write_file};
use dicom_encoding::adapters::EncodeOptions;
use dicom_encoding::transfer_syntax::{Codec, TransferSyntaxIndex};
use dicom_transfer_syntax_registry::TransferSyntaxRegistry;
use domain::job::{
    Answer, DeidJob, DeidOrder, FrameJob, InstanceRef, Job, PackJob, Secret, TriageAnswer, TriageJob,
    check_answer,
};
use domain::picture::Preview;
use proto::case::{CaseManifest, Disposition, Priority, Transport};
use proto::ids::{CaseId, SiteId, StatementDigest};
use proto::keys::PrivateKeys;
use sandbox::{Death, Note, Pool, Program, Terms, WorkerHandle};

const JPEG_XL_LOSSLESS: &str = "1.2.840.10008.1.2.4.110";
const PLANTED: [&str; 5] = ["Quillfeather", "Bartholomew", "4711", "20240517", "3680043"];

/// An invented person's image of `rows` by `columns`, 16 bits, without pixels.
fn header(class: &str, modality: &str, body_part: &str, (rows, columns): (u16, u16)) -> DataSet {
    let mut data = DataSet::new();
    data.put_text(tags::SOP_CLASS_UID, Vr::UI, class);
    data.put_text(tags::SOP_INSTANCE_UID, Vr::UI, "1.2.826.0.1.3680043.9.1");
    data.put_text(tags::STUDY_INSTANCE_UID, Vr::UI, "1.2.826.0.1.3680043.9.2");
    data.put_text(tags::SERIES_INSTANCE_UID, Vr::UI, "1.2.826.0.1.3680043.9.3");
    data.put_text(tags::MODALITY, Vr::CS, modality);
    data.put_text(tags::BODY_PART_EXAMINED, Vr::CS, body_part);
    data.put_text(tags::PATIENT_NAME, Vr::PN, "Quillfeather^Bartholomew");
    data.put_text(tags::PATIENT_ID, Vr::LO, "HOSP-4711-X");
    data.put_text(tags::STUDY_DATE, Vr::DA, "20240517");
    data.put_text(tags::PHOTOMETRIC_INTERPRETATION, Vr::CS, "MONOCHROME2");
    numbers(&mut data, rows, columns, (1, 16, 16, false));
    data
}

fn numbers(
    data: &mut DataSet,
    rows: u16,
    columns: u16,
    (samples, allocated, stored, signed): (u16, u16, u16, bool),
) {
    for (tag, number) in [
        (tags::SAMPLES_PER_PIXEL, samples),
        (tags::ROWS, rows),
        (tags::COLUMNS, columns),
        (tags::BITS_ALLOCATED, allocated),
        (tags::BITS_STORED, stored),
        (tags::HIGH_BIT, stored - 1),
        (tags::PIXEL_REPRESENTATION, u16::from(signed)),
    ] {
        data.put(Element::bytes(tag, Vr::US, number.to_le_bytes()));
    }
}

/// A slice through something like a head: skull, brain, and a bright patch in the middle slices.
fn head_slice(index: u16) -> DataSet {
    let mut data = header("1.2.840.10008.5.1.4.1.1.2", "CT", "HEAD", (128, 128));
    data.put_text(tags::SOP_INSTANCE_UID, Vr::UI, &format!("1.2.826.0.1.3680043.9.1.{index}"));
    data.put_text(tags::INSTANCE_NUMBER, Vr::IS, &index.to_string());
    data.put_text(tags::IMAGE_POSITION_PATIENT, Vr::DS, &format!("0\\0\\{}", f64::from(index) * 5.0));
    data.put_text(tags::IMAGE_ORIENTATION_PATIENT, Vr::DS, "1\\0\\0\\0\\1\\0");
    data.put_text(tags::SLICE_THICKNESS, Vr::DS, "5");
    data.put_text(tags::RESCALE_SLOPE, Vr::DS, "1");
    data.put_text(tags::RESCALE_INTERCEPT, Vr::DS, "-1024");
    data.put_text(tags::WINDOW_CENTER, Vr::DS, "40");
    data.put_text(tags::WINDOW_WIDTH, Vr::DS, "80");
    let pixel = |r: i32, c: i32| -> u16 {
        let from_centre = f64::from((r - 64).pow(2) + (c - 64).pow(2)).sqrt();
        match from_centre {
            d if d > 56.0 => 24,
            d if d > 50.0 => 1024 + 900,
            _ if (8..12).contains(&index) && (r - 50).pow(2) + (c - 80).pow(2) < 120 => 1024 + 70,
            _ => 1024 + 30 + ((r * 7 + c * 13) % 9) as u16,
        }
    };
    let values = (0..128).flat_map(|r| (0..128).flat_map(move |c| pixel(r, c).to_le_bytes()));
    data.put(Element::bytes(tags::PIXEL_DATA, Vr::OW, values.collect::<Vec<u8>>()));
    data
}

fn file_of(data: &DataSet) -> File {
    let meta = FileMeta::for_data_set(data, TransferSyntax::EXPLICIT_LE);
    let mut bytes = Vec::new();
    write_file(&meta, data, &[][..], &mut bytes).unwrap();
    with(&bytes)
}

/// A file whose one frame is compressed.
fn compressed(data: &DataSet, syntax: &str, frame: &[u8]) -> File {
    let meta = FileMeta::for_data_set(data, syntax);
    let mut bytes = Vec::new();
    write_file(&meta, data, &[][..], &mut bytes).unwrap();
    bytes.extend([0xE0, 0x7F, 0x10, 0, b'O', b'B', 0, 0, 0xFF, 0xFF, 0xFF, 0xFF]);
    bytes.extend([0xFE, 0xFF, 0, 0xE0, 0, 0, 0, 0]);
    bytes.extend([0xFE, 0xFF, 0, 0xE0]);
    bytes.extend((frame.len() as u32).to_le_bytes());
    bytes.extend(frame);
    bytes.extend([0xFE, 0xFF, 0xDD, 0xE0, 0, 0, 0, 0]);
    with(&bytes)
}

fn with(bytes: &[u8]) -> File {
    let mut file = tempfile::tempfile().unwrap();
    file.write_all(bytes).unwrap();
    file
}

fn refs(count: usize) -> Vec<InstanceRef> {
    vec![InstanceRef::p10(); count]
}

fn order() -> DeidOrder {
    DeidOrder::new(Profile::named("strict"), Secret::new("07".repeat(32)))
}

/// Starts a worker with these bundles of the tree.
fn program(bundles: &[&str]) -> Program {
    let folders: Vec<String> =
        bundles.iter().map(|name| format!("{}/../models/{name}", env!("CARGO_MANIFEST_DIR"))).collect();
    let mut args = vec!["worker".to_owned(), "--explain-calls".to_owned()];
    if !folders.is_empty() {
        args.extend(["--bundles".to_owned(), folders.join(",")]);
    }
    let mut program = Program::new(env!("CARGO_BIN_EXE_appliance"), args);
    if !folders.is_empty() {
        program.library =
            Some(models::runtime::find(None).expect("ONNX Runtime: run the set-up of the Makefile first"));
    }
    program
}

/// Runs one job; gives the checked answer, the output and the instances the worker said it touched.
async fn run(program: &Program, job: &Job, instances: &[File]) -> Result<(Answer, File, Vec<u32>), Death> {
    let output = tempfile::tempfile().unwrap();
    let mut files: Vec<OwnedFd> = vec![output.try_clone().unwrap().into()];
    files.extend(instances.iter().map(|f| OwnedFd::from(f.try_clone().unwrap())));
    // As the product has it.
    let worker = if job.runs_apart() {
        WorkerHandle::start(program).await?
    } else {
        Pool::forking(program.clone(), 1, 1).take().await?
    };
    assert!(worker.lock_down().seccomp);
    let mut touched = Vec::new();
    let answer = worker
        .run(job, files, Terms::within(Duration::from_secs(120)), |note| {
            if let Note::Touching(index) = note {
                touched.push(*index);
            }
        })
        .await?;
    let answer: Answer = answer.parse()?;
    check_answer(&answer, instances.len(), output.metadata().unwrap().len()).unwrap();
    Ok((answer, output, touched))
}

fn values(output: &File, preview: &Preview) -> Vec<f64> {
    let mut bytes = vec![0; preview.piece.length as usize];
    output.read_exact_at(&mut bytes, preview.piece.offset).unwrap();
    assert_eq!(blake3::hash(&bytes).to_hex().as_str(), preview.piece.blake3);
    let values = bytes.chunks_exact(2).map(|c| f64::from(u16::from_le_bytes([c[0], c[1]])));
    values.map(|v| preview.first + v * preview.step).collect()
}

async fn frame_of(file: File) -> (Preview, Vec<f64>) {
    let job =
        Job::Frame(FrameJob { instance: refs(1).remove(0), frame: 0, most_bytes: 64 << 20, preview: None });
    let (answer, output, touched) = run(&program(&[]), &job, &[file]).await.unwrap();
    let Answer::Frame(preview) = answer else { panic!("{answer:?}") };
    assert_eq!(touched, [0]);
    let values = values(&output, &preview);
    (preview, values)
}

fn heads() -> Vec<File> {
    // Arrived in another order than they lie in space.
    (0..20_u16).map(|i| file_of(&head_slice(i * 7 % 20))).collect()
}

async fn triage_heads(program: &Program) -> (TriageAnswer, Vec<u32>) {
    let job = Job::Triage(TriageJob { instances: refs(20), deid: order(), previews: true, output: None });
    let (answer, output, touched) = run(program, &job, &heads()).await.unwrap();
    let Answer::Triage(answer) = answer else { panic!("{answer:?}") };
    let first = values(&output, &answer.verdict.previews[0]);
    assert_eq!(first[64 * 128 + 10], 900.0, "Hounsfield units of the skull");
    (*answer, touched)
}

#[tokio::test]
async fn a_head_ct_gets_its_disposition_from_the_bundle() {
    let (answer, touched) = triage_heads(&program(&["head-ct-haemorrhage"])).await;
    assert_eq!(answer.verdict.bundle, "head-ct-haemorrhage");
    assert!(matches!(
        answer.verdict.disposition,
        Disposition::NoFlag | Disposition::Flag | Disposition::Escalate
    ));
    assert!(
        !answer.verdict.findings.is_empty()
            && answer.verdict.input_check.is_some()
            && !answer.verdict.reason.is_empty()
    );
    assert!(answer.verdict.findings.iter().all(|f| (0.0..=1.0).contains(&f.score)));
    assert_eq!(answer.verdict.previews.len(), 20);
    assert_eq!(answer.verdict.previews[0].window, (40.0, 80.0));
    assert!(answer.verdict.ms.run > 0.0 && answer.verdict.ms.total > answer.verdict.ms.run);
    assert!((0..20).all(|i| touched.contains(&i)));
}

#[tokio::test]
async fn try_answers_as_triage_does() {
    let job = Job::Try(TriageJob { instances: refs(1), deid: order(), previews: false, output: None });
    let (answer, output, _) = run(&program(&[]), &job, &[file_of(&head_slice(3))]).await.unwrap();
    let Answer::Triage(answer) = answer else { panic!("{answer:?}") };
    assert_eq!(answer.verdict.disposition, Disposition::NotAnalysed);
    assert!(answer.verdict.actions.values().sum::<u64>() > 5 && answer.verdict.previews.is_empty());
    assert_eq!(output.metadata().unwrap().len(), 0);
}

#[tokio::test]
async fn deid_leaves_no_identity_in_the_bag() {
    let job = Job::Deid(DeidJob { instances: refs(1), deid: order() });
    let (answer, output, _) = run(&program(&[]), &job, &[file_of(&head_slice(3))]).await.unwrap();
    let Answer::Deid(answer) = answer else { panic!("{answer:?}") };
    assert_eq!(answer.lines[0].status, "done", "{}", answer.lines[0].reason);
    let piece = answer.lines[0].piece.as_ref().unwrap();
    let mut bytes = vec![0; piece.length as usize];
    output.read_exact_at(&mut bytes, piece.offset).unwrap();
    for planted in PLANTED {
        assert!(!bytes.windows(planted.len()).any(|w| w == planted.as_bytes()), "{planted}");
    }
}

fn pack_job(transport: Transport, plan_digest: String, site: &PrivateKeys, reader: &PrivateKeys) -> Job {
    let manifest = CaseManifest {
        format: proto::case::CaseFormat::V1,
        case: CaseId::random().unwrap(),
        revision: 1,
        study: "S1".to_owned(),
        modality: "CT".to_owned(),
        body_part: None,
        view: None,
        age: None,
        sex: None,
        priority: Priority::Urgent,
        findings: vec![],
        disposition: Disposition::NotAnalysed,
        reasons: vec!["asked by a technician".to_owned()],
        note: None,
        statement: StatementDigest::from_bytes([0; 32]),
        transport,
        frames: vec![],
    };
    Job::Pack(Box::new(PackJob {
        instances: refs(20),
        deid: order(),
        plan_digest,
        areas: Vec::new(),
        manifest,
        transport,
        with_p10: false,
        site: SiteId::random().unwrap(),
        reader_key: reader.public().to_text(),
        signing_key: Secret::new(hex::encode(site.signer().to_bytes().as_slice())),
    }))
}

#[tokio::test]
async fn a_case_is_sealed_behind_the_walls_and_opens_at_the_reader() {
    let (site, reader) = (PrivateKeys::generate().unwrap(), PrivateKeys::generate().unwrap());
    let (triage, _) = triage_heads(&program(&[])).await;
    let job = pack_job(Transport::Image, triage.verdict.plan_digest, &site, &reader);
    let (answer, output, _) = run(&program(&[]), &job, &heads()).await.unwrap();
    let Answer::Pack(sealed) = answer else { panic!("{answer:?}") };
    let mut envelope = vec![0; sealed.sealed_bytes as usize];
    output.read_exact_at(&mut envelope, 0).unwrap();
    let (_, content) = proto::envelope::open(&envelope, site.public(), reader.opener()).unwrap();
    let manifest = CaseManifest::from_json(content.first("case.json").unwrap()).unwrap();
    assert_eq!(manifest.frames.len(), 12);
    assert_eq!(manifest.body_part.as_deref(), Some("HEAD"));
    for leaf in content.iter() {
        for planted in PLANTED {
            assert!(
                !leaf.bytes.windows(planted.len()).any(|w| w == planted.as_bytes()),
                "{planted} in {}",
                leaf.name
            );
        }
    }
}

#[tokio::test]
async fn an_embedding_is_sealed_instead_of_frames() {
    let (site, reader) = (PrivateKeys::generate().unwrap(), PrivateKeys::generate().unwrap());
    let (triage, _) = triage_heads(&program(&[])).await;
    let job = pack_job(Transport::Embedding, triage.verdict.plan_digest, &site, &reader);
    let (answer, output, _) =
        run(&program(&["head-ct-haemorrhage", "reference"]), &job, &heads()).await.unwrap();
    let Answer::Pack(sealed) = answer else { panic!("{answer:?}") };
    assert!(sealed.frame_bytes < sealed.image_bytes);
    let mut envelope = vec![0; sealed.sealed_bytes as usize];
    output.read_exact_at(&mut envelope, 0).unwrap();
    let (_, content) = proto::envelope::open(&envelope, site.public(), reader.opener()).unwrap();
    let manifest = CaseManifest::from_json(content.first("case.json").unwrap()).unwrap();
    for frame in &manifest.frames {
        assert_eq!(frame.kind, proto::case::FrameKind::Embedding);
        let values = models::embedding::from_bytes(content.get(&frame.name).unwrap()).unwrap();
        assert_eq!(values.len(), frame.columns as usize);
    }
    assert!(content.iter().all(|leaf| !leaf.name.ends_with(".png")));
}

#[tokio::test]
async fn without_an_encoder_no_embedding_is_sealed() {
    let (site, reader) = (PrivateKeys::generate().unwrap(), PrivateKeys::generate().unwrap());
    let (triage, _) = triage_heads(&program(&[])).await;
    let job = pack_job(Transport::Embedding, triage.verdict.plan_digest, &site, &reader);
    let (answer, output, _) = run(&program(&[]), &job, &heads()).await.unwrap();
    assert!(matches!(answer, Answer::Failed(_)));
    assert_eq!(output.metadata().unwrap().len(), 0);
}

#[tokio::test]
async fn wrong_arguments_start_no_worker() {
    let program = Program::new(env!("CARGO_BIN_EXE_appliance"), ["worker", "--bundles", "/nowhere/at/all"]);
    assert!(WorkerHandle::start(&program).await.is_err());
}
