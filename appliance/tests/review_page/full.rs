//! A frame at full size, asked of a worker by the page.

use std::sync::Arc;
use std::sync::atomic::Ordering;

use axum::http::StatusCode;
use deid::Profile;
use dicom::{DataSet, Element, FileMeta, TransferSyntax, Vr, tags, write_file};
use domain::job::{Answer, DeidOrder, InstanceRef, Job, Secret, TriageJob};
use domain::verdict::Verdict;
use proto::case::{Disposition, Priority};
use serde_json::Value;
use tokio::sync::Semaphore;

use super::backend::{Fake, backend, disposition, worked};
use super::client::Client;

const ROWS: u16 = 2_100;
const COLUMNS: u16 = 20;

/// A tall radiograph as a P10 file, and its stored values; `by` makes them another image.
fn radiograph(by: u32) -> (Vec<u8>, Vec<u8>) {
    let mut data = DataSet::new();
    data.put_text(tags::SOP_CLASS_UID, Vr::UI, "1.2.840.10008.5.1.4.1.1.1.1");
    data.put_text(tags::SOP_INSTANCE_UID, Vr::UI, "1.2.999.2.1");
    data.put_text(tags::STUDY_INSTANCE_UID, Vr::UI, "1.2.999.1.1");
    data.put_text(tags::MODALITY, Vr::CS, "DX");
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
    let count = u32::from(ROWS) * u32::from(COLUMNS);
    let stored: Vec<u8> = (0..count).flat_map(|at| ((at * by % 4_093) as u16).to_le_bytes()).collect();
    data.put(Element::bytes(tags::PIXEL_DATA, Vr::OW, stored.clone()));
    let (meta, mut bytes) = (FileMeta::for_data_set(&data, TransferSyntax::EXPLICIT_LE), Vec::new());
    write_file(&meta, &data, &[][..], &mut bytes).unwrap();
    (bytes, stored)
}

/// A study with this image, shown as a worker previews it.
async fn shown(backend: &Arc<Fake>, original: &[u8]) -> String {
    let job = Job::Triage(TriageJob {
        instances: vec![InstanceRef::p10()],
        deid: DeidOrder::new(Profile::named("strict"), Secret::new("07".repeat(32))),
        previews: true,
        output: None,
    });
    let (Answer::Triage(answer), _) = worked(&job, original) else { panic!("no answer") };
    let mut d = disposition(Disposition::NotAnalysed, Priority::Routine);
    d.verdict = Verdict { disposition: Disposition::NotAnalysed, ..answer.verdict };
    let study = backend.answered(1, d, None).await;
    backend.originals.lock().unwrap().insert(study.clone(), original.to_vec());
    study
}

#[tokio::test]
async fn the_full_frame_is_the_stored_values_and_says_what_they_are() {
    let backend = backend().await;
    let (original, stored) = radiograph(7);
    let study = shown(&backend, &original).await;
    let mut client = Client::signed_in(&backend, "ada").await;
    let preview = client.detail(&study).await["result"]["previews"][0].clone();
    assert_eq!(preview["level"], 1, "{preview}");
    let full = client.get(&format!("/api/study/{study}/full/0")).await;
    assert_eq!(full.status, StatusCode::OK, "{}", full.text);
    assert!(full.bytes == stored);
    let about: Value = serde_json::from_str(full.headers["x-image"].to_str().unwrap()).unwrap();
    assert_eq!(
        (&about["rows"], &about["columns"], &about["level"]),
        (&ROWS.into(), &COLUMNS.into(), &0.into())
    );
    for same in ["instance", "frame", "first", "step", "window", "inverted"] {
        assert_eq!(about[same], preview[same], "{same}");
    }
    assert!(about.get("piece").is_none(), "where it lies is the appliance's business");
    let none = client.get(&format!("/api/study/{study}/full/9")).await;
    assert_eq!(none.status, StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn another_image_in_the_place_of_the_previewed_one_is_refused_in_words() {
    let backend = backend().await;
    let study = shown(&backend, &radiograph(7).0).await;
    let mut client = Client::signed_in(&backend, "ada").await;
    backend.originals.lock().unwrap().insert(study.clone(), radiograph(11).0);
    let full = client.get(&format!("/api/study/{study}/full/0")).await;
    assert_eq!(full.status, StatusCode::CONFLICT);
    assert_eq!(full.error(), "the image that is stored now is not the one that the preview was made of");
}

#[tokio::test]
async fn only_a_few_full_frames_are_decoded_at_a_time_and_the_next_is_asked_to_wait() {
    let backend = backend().await;
    let study = shown(&backend, &radiograph(7).0).await;
    let client = Client::signed_in(&backend, "ada").await;
    let held = Arc::new(Semaphore::new(0));
    *backend.held_up.lock().unwrap() = Some(Arc::clone(&held));
    let path = format!("/api/study/{study}/full/0");
    let ask = || {
        let request = client.request("GET", &path).body(axum::body::Body::empty()).unwrap();
        tower::ServiceExt::oneshot(client.page.clone(), request)
    };
    let (first, second) = (tokio::spawn(ask()), tokio::spawn(ask()));
    while backend.waiting.load(Ordering::SeqCst) < 2 {
        tokio::task::yield_now().await;
    }
    assert_eq!(ask().await.unwrap().status(), StatusCode::SERVICE_UNAVAILABLE);
    held.add_permits(2);
    for answer in [first, second] {
        assert_eq!(answer.await.unwrap().unwrap().status(), StatusCode::OK);
    }
    *backend.held_up.lock().unwrap() = None;
    assert_eq!(ask().await.unwrap().status(), StatusCode::OK, "the places are free again");
}

#[tokio::test]
async fn a_full_frame_keeps_its_place_until_it_is_sent_or_the_browser_has_gone() {
    let backend = backend().await;
    let study = shown(&backend, &radiograph(7).0).await;
    let client = Client::signed_in(&backend, "ada").await;
    let path = format!("/api/study/{study}/full/0");
    let ask = || async {
        let request = client.request("GET", &path).body(axum::body::Body::empty()).unwrap();
        tower::ServiceExt::oneshot(client.page.clone(), request).await.unwrap()
    };
    let mut unread = Vec::new();
    for _ in 0..8 {
        let answer = ask().await;
        assert_eq!(answer.status(), StatusCode::OK);
        unread.push(answer);
    }
    assert_eq!(ask().await.status(), StatusCode::SERVICE_UNAVAILABLE, "eight lie in memory");
    drop(unread.pop());
    assert_eq!(ask().await.status(), StatusCode::OK, "the place of one that went is free");
}
