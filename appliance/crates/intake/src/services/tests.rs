//! Performed steps and commitments as a scanner sends them, over a real association.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test stops where something is not as it must be"
)]

use std::sync::{Arc, Mutex};

use futures::FutureExt;
use futures::future::BoxFuture;
use tokio::sync::{mpsc, oneshot};

use super::*;
use crate::config::{Commitment, IntakeConfig};
use crate::error::Failure;
use crate::tests::support::*;
use dicom::commitment::{
    Reference, Report, STORAGE_COMMITMENT, Transaction, WELL_KNOWN_INSTANCE, decode_report, encode_request,
};
use dicom::sop_classes::MODALITY_PERFORMED_PROCEDURE_STEP;
use dimse::command::{N_ACTION_RQ, N_CREATE_RQ, N_EVENT_REPORT_RQ, N_SET_RQ};
use domain::study::StepEnd;

const MPPS: &str = MODALITY_PERFORMED_PROCEDURE_STEP;

/// Remembers what it was asked, and answers as it is told.
#[derive(Default)]
struct Recorded {
    created: Mutex<Vec<StepCreate>>,
    set: Mutex<Vec<StepSet>>,
    committed: Mutex<Vec<Transaction>>,
    reported: Mutex<Vec<Report>>,
    failure: Mutex<Option<Failure>>,
    events: Mutex<Option<mpsc::Sender<Event>>>,
}

impl Recorded {
    fn answer(&self) -> Result<(), Failure> {
        self.failure.lock().unwrap().map_or(Ok(()), Err)
    }
}

impl Services for Recorded {
    fn create_step(&self, who: Asker, step: StepCreate) -> BoxFuture<'_, Result<(), Failure>> {
        assert_eq!(who.calling, "CT1");
        self.created.lock().unwrap().push(step);
        async { self.answer() }.boxed()
    }
    fn set_step(&self, step: StepSet) -> BoxFuture<'_, Result<(), Failure>> {
        self.set.lock().unwrap().push(step);
        async { self.answer() }.boxed()
    }
    fn commit(&self, _: Asker, transaction: Transaction) -> BoxFuture<'_, Result<(), Failure>> {
        self.committed.lock().unwrap().push(transaction);
        async { self.answer() }.boxed()
    }
    fn reported(&self, report: Report) -> BoxFuture<'_, Result<(), Failure>> {
        self.reported.lock().unwrap().push(report);
        async { self.answer() }.boxed()
    }
    fn events(&self, _: u64) -> mpsc::Receiver<Event> {
        let (send, receive) = mpsc::channel(4);
        *self.events.lock().unwrap() = Some(send);
        receive
    }
}

async fn server(provide: bool, user: bool) -> (Server, Arc<Recorded>) {
    let recorded = Arc::new(Recorded::default());
    let config = IntakeConfig { commitment: Commitment { provide, user }, ..config() };
    let server = Server::with(config).await;
    let services: Arc<dyn Services> = recorded.clone();
    assert!(server.sink.services.set(services).is_ok());
    (server, recorded)
}

fn request(field: u16, class: &str, instance: &str, kind: Option<(u16, u16)>) -> Vec<u8> {
    let number = |n: u16| n.to_le_bytes();
    let (class_tag, instance_tag) =
        if field == N_CREATE_RQ || field == N_EVENT_REPORT_RQ { (0x0002, 0x1000) } else { (0x0003, 0x1001) };
    let (field, id, data, kind_value) =
        (number(field), number(7), number(1), kind.map(|(_, value)| number(value)).unwrap_or_default());
    let mut elements: Vec<(u16, &[u8])> =
        vec![(class_tag, class.as_bytes()), (0x0100, &field), (0x0110, &id), (0x0800, &data)];
    if !instance.is_empty() {
        elements.push((instance_tag, instance.as_bytes()));
    }
    if let Some((tag, _)) = kind {
        elements.push((tag, &kind_value));
    }
    command(&elements)
}

/// Sends a request with its data set on context 1; gives the status and the whole response.
async fn ask(scanner: &mut Scanner, command: &[u8], data: &[u8]) -> (u16, Vec<u8>) {
    scanner.send(&p_data(&[(1, 3, command)])).await;
    for piece in data.chunks(60_000) {
        scanner.send(&p_data(&[(1, 0, piece)])).await;
    }
    scanner.send(&p_data(&[(1, 2, &[])])).await;
    let (kind, body) = scanner.receive().await;
    assert_eq!(kind, 4);
    (value(&body[6..], 0x0900).unwrap(), body[6..].to_vec())
}

fn value(command: &[u8], element: u16) -> Option<u16> {
    let mut rest = command;
    while rest.len() >= 8 {
        let length = u32::from_le_bytes(rest[4..8].try_into().unwrap()) as usize;
        if u16::from_le_bytes(rest[2..4].try_into().unwrap()) == element {
            return Some(u16::from_le_bytes(rest[8..10].try_into().unwrap()));
        }
        rest = &rest[8 + length..];
    }
    None
}

fn item_of(content: &[u8]) -> Vec<u8> {
    let mut out = vec![0xFE, 0xFF, 0x00, 0xE0];
    out.extend_from_slice(&(content.len() as u32).to_le_bytes());
    out.extend_from_slice(content);
    out
}

fn sequence(tag: u32, items: &[Vec<u8>]) -> Vec<u8> {
    explicit(tag, b"SQ", &items.iter().flat_map(|item| item_of(item)).collect::<Vec<u8>>())
}

fn step_status(words: &str) -> Vec<u8> {
    let mut words = words.as_bytes().to_vec();
    words.resize(words.len() + words.len() % 2, b' ');
    explicit(0x0040_0252, b"CS", &words)
}

fn created(words: &str) -> Vec<u8> {
    let scheduled = explicit(0x0020_000D, b"UI", &padded("1.2.1"));
    [
        explicit(0x0010_0010, b"PN", b"Phantom^Planted "),
        step_status(words),
        sequence(0x0040_0270, &[scheduled]),
    ]
    .concat()
}

fn series(uids: &[&str]) -> Vec<u8> {
    let item = |uid: &&str| {
        [explicit(0x0008_1150, b"UI", &padded(CT)), explicit(0x0008_1155, b"UI", &padded(uid))].concat()
    };
    let images = sequence(0x0008_1140, &uids.iter().map(item).collect::<Vec<_>>());
    sequence(0x0040_0340, &[[images, explicit(0x0020_000E, b"UI", &padded("1.2.9"))].concat()])
}

#[tokio::test]
async fn a_step_begins_lists_its_instances_and_ends() {
    let (server, recorded) = server(false, false).await;
    let mut scanner = Scanner::associate(&server, &Ask::new(&[(1, MPPS, &[IMPLICIT, EXPLICIT])])).await;
    let create = request(N_CREATE_RQ, MPPS, "1.2.5", None);
    assert_eq!(ask(&mut scanner, &create, &created("IN PROGRESS")).await.0, 0);
    let set = request(N_SET_RQ, MPPS, "1.2.5", None);
    let end = [step_status("COMPLETED"), series(&["1.2.1.1", "1.2.1.2"])].concat();
    assert_eq!(ask(&mut scanner, &set, &end).await.0, 0);
    let reason = sequence(0x0040_0281, &[explicit(0x0008_0100, b"SH", b"110514")]);
    let stopped = [step_status("DISCONTINUED"), reason].concat();
    assert_eq!(ask(&mut scanner, &set, &stopped).await.0, 0);
    scanner.release().await;
    let made = recorded.created.lock().unwrap();
    assert_eq!((made[0].uid.as_str(), made[0].studies.as_slice()), ("1.2.5", &["1.2.1".to_owned()][..]));
    let set = recorded.set.lock().unwrap();
    assert_eq!(set[0].end, Some((StepEnd::Completed, String::new())));
    assert_eq!(set[0].instances.as_ref().unwrap().len(), 2);
    assert_eq!(
        (set[1].end.clone(), set[1].instances.clone()),
        (Some((StepEnd::Discontinued, "110514".into())), None)
    );
}

#[tokio::test]
async fn every_refusal_of_a_step_has_the_status_of_the_standard() {
    let (server, recorded) = server(false, false).await;
    let mut scanner = Scanner::associate(&server, &Ask::new(&[(1, MPPS, &[EXPLICIT])])).await;
    let create = request(N_CREATE_RQ, MPPS, "1.2.5", None);
    let set = request(N_SET_RQ, MPPS, "1.2.5", None);
    for (failure, status, error_id) in [
        (Failure::Duplicate, 0x0111, None),
        (Failure::NoSuchInstance, 0x0112, None),
        (Failure::Final, 0x0110, Some(0xA710)),
        (Failure::Later, 0x0213, None),
    ] {
        *recorded.failure.lock().unwrap() = Some(failure);
        let (said, response) = ask(&mut scanner, &set, &step_status("COMPLETED")).await;
        assert_eq!((said, value(&response, 0x0903)), (status, error_id), "{failure:?}");
    }
    *recorded.failure.lock().unwrap() = None;
    let none = request(N_CREATE_RQ, MPPS, "", None);
    for (command, data, expected) in [
        (&create, created("COMPLETED"), 0x0106),
        (&create, step_status("IN PROGRESS"), 0x0120),
        (&create, created(""), 0x0120),
        (&set, step_status("FINISHED"), 0x0106),
        (&none, created("IN PROGRESS"), 0x0117),
        (&set, vec![0xFF; 40], 0x0110),
        (&set, vec![0; LIMIT + 2], 0x0213),
    ] {
        assert_eq!(ask(&mut scanner, command, &data).await.0, expected);
    }
    assert!(recorded.created.lock().unwrap().is_empty(), "nothing refused reaches the appliance");
    // The association goes on, and nothing is stored over such a context.
    assert_eq!(scanner.store(9, "1.2.1.1", &[]).await, 0x0122);
    scanner.release().await;
}

#[tokio::test]
async fn what_is_off_is_not_negotiated() {
    for (mpps, provide, user) in [(false, false, false), (true, true, false), (true, false, true)] {
        let config = IntakeConfig { mpps, commitment: Commitment { provide, user }, ..config() };
        let server = Server::with(config).await;
        let ask =
            Ask::new(&[(1, MPPS, &[IMPLICIT]), (3, STORAGE_COMMITMENT, &[IMPLICIT]), (5, MPPS, &[DEFLATED])]);
        let mut scanner = Scanner::connect(&server).await;
        scanner.send(&ask.bytes()).await;
        let (kind, body) = scanner.receive().await;
        assert_eq!(kind, 2);
        let results: Vec<u8> = body[68..]
            .windows(8)
            .filter(|w| w[0] == 0x21 && w[1] == 0 && matches!(w[4], 1 | 3 | 5) && w[5] == 0)
            .map(|w| w[6])
            .collect();
        let offered = if provide || user { 0 } else { 3 };
        assert_eq!(results, if mpps { [0, offered, 4] } else { [3, offered, 3] });
        // A service that is off is refused even where its class was accepted for another part of it.
        if user {
            let action = request(N_ACTION_RQ, STORAGE_COMMITMENT, WELL_KNOWN_INSTANCE, Some((0x1008, 1)));
            scanner.send(&p_data(&[(3, 3, &action), (3, 2, &[])])).await;
            assert_eq!(scanner.response().await.2, 0x0211);
        }
    }
}

fn transaction() -> Transaction {
    let reference = Reference { sop_class: CT.into(), sop_instance: "1.2.1.1".into() };
    Transaction { uid: "2.25.9".into(), references: vec![reference] }
}

#[tokio::test]
async fn a_commitment_is_asked_for_and_reported_on_the_same_association() {
    let (server, recorded) = server(true, false).await;
    let mut scanner = Scanner::associate(&server, &Ask::new(&[(1, STORAGE_COMMITMENT, &[IMPLICIT])])).await;
    let action = request(N_ACTION_RQ, STORAGE_COMMITMENT, WELL_KNOWN_INSTANCE, Some((0x1008, 1)));
    let data = encode_request(&transaction(), IMPLICIT);
    assert_eq!(ask(&mut scanner, &action, &data).await.0, 0);
    assert!(recorded.committed.lock().unwrap()[0] == transaction());
    for (command, status) in [
        (request(N_ACTION_RQ, STORAGE_COMMITMENT, "1.2.3", Some((0x1008, 1))), 0x0112),
        (request(N_ACTION_RQ, STORAGE_COMMITMENT, WELL_KNOWN_INSTANCE, Some((0x1008, 2))), 0x0123),
        (request(N_EVENT_REPORT_RQ, STORAGE_COMMITMENT, WELL_KNOWN_INSTANCE, Some((0x1002, 1))), 0x0211),
    ] {
        assert_eq!(ask(&mut scanner, &command, &data).await.0, status);
    }
    assert_eq!(
        ask(&mut scanner, &action, &data[..data.len() - 4]).await.0,
        0x0110,
        "half a list promises nothing"
    );

    let report =
        Report { transaction: "2.25.9".into(), committed: transaction().references, failed: Vec::new() };
    let events = recorded.events.lock().unwrap().clone().unwrap();
    let (answered, heard) = oneshot::channel();
    events.send(Event { report: report.clone(), answered }).await.unwrap();
    let (_, command) = scanner.receive().await;
    let (_, data) = scanner.receive().await;
    assert_eq!(value(&command[6..], 0x0100), Some(N_EVENT_REPORT_RQ));
    assert_eq!(value(&command[6..], 0x1002), Some(1));
    assert!(decode_report(&data[6..], IMPLICIT).unwrap() == report);
    let id = value(&command[6..], 0x0110).unwrap().to_le_bytes();
    let response = crate::tests::support::command(&[
        (0x0100, &0x8100_u16.to_le_bytes()),
        (0x0120, &id),
        (0x0800, &0x0101_u16.to_le_bytes()),
        (0x0900, &0_u16.to_le_bytes()),
    ]);
    scanner.send(&p_data(&[(1, 3, &response)])).await;
    assert_eq!(heard.await, Ok(0));
    // A response to nothing is a breach of the protocol.
    scanner.send(&p_data(&[(1, 3, &response)])).await;
    scanner.aborted(2).await;
}

#[tokio::test]
async fn an_archive_reports_to_us_on_an_association_of_its_own() {
    let (server, recorded) = server(false, true).await;
    let mut ask_for = Ask::new(&[(1, STORAGE_COMMITMENT, &[EXPLICIT])]);
    let mut role = (STORAGE_COMMITMENT.len() as u16).to_be_bytes().to_vec();
    role.extend_from_slice(STORAGE_COMMITMENT.as_bytes());
    role.extend_from_slice(&[0, 1]);
    ask_for.user = item(0x54, &role);
    let mut archive = Scanner::connect(&server).await;
    archive.send(&ask_for.bytes()).await;
    let (kind, body) = archive.receive().await;
    assert_eq!(kind, 2);
    assert!(body.windows(role.len()).any(|w| w == role), "the archive is the provider, we the user");
    let report =
        Report { transaction: "2.25.9".into(), committed: transaction().references, failed: Vec::new() };
    let command = request(N_EVENT_REPORT_RQ, STORAGE_COMMITMENT, WELL_KNOWN_INSTANCE, Some((0x1002, 1)));
    let data = dicom::commitment::encode_report(&report, EXPLICIT);
    assert_eq!(ask(&mut archive, &command, &data).await.0, 0);
    assert!(recorded.reported.lock().unwrap()[0] == report);
    archive.release().await;
}
