//! The whole promise over real associations: a scripted scanner, our reception, a scripted archive.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test stops where something is not as it must be"
)]

mod rig;

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::Ordering;

use rig::*;

use fixtures::pki::Authority;
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use tokio::net::{TcpListener, TcpStream};

use super::config::Reply;
use crate::forward::DestinationTls;
use ledger::{ForwardOutcome, NewDisposition, Proof, Standing};
use store::faults::damage;

#[tokio::test]
async fn success_is_said_only_after_the_archive_has_committed_to_the_same_instances() {
    let rig = Rig::new().await;
    let started = rig.start(Vec::new()).await;
    let kept = [rig.keep(CT, "1.2.1.1", b"a").await, rig.keep(CT, "1.2.1.2", b"b").await];
    rig.pacs.silent.store(true, Ordering::Relaxed);
    let mut scanner = Scanner::associate(started.address).await;
    scanner.ask(&asked("2.25.1", &["1.2.1.1", "1.2.1.2"])).await;
    rig.deliver(&kept[0]).await;
    started.engine.news();
    let ledger = &rig.site.ledger;
    rig.until_asked("the archive is asked about what has reached it", 1).await;
    assert!(rig.pacs.asked.lock().unwrap()[0].references == [reference(CT, "1.2.1.1")]);
    assert!(
        ledger.commitment_holds(&kept[0]).await.unwrap() && ledger.commitment_holds(&kept[1]).await.unwrap()
    );
    rig.deliver(&kept[1]).await;
    started.engine.news();
    rig.until_asked("it is asked about the other one", 2).await;
    // It has everything and has said nothing: neither have we.
    assert_eq!(ledger.commitment_counts().await.unwrap().open, 1);
    // It reports over associations of its own, with the roles turned round.
    let transactions = rig.pacs.asked.lock().unwrap().clone();
    for transaction in &transactions {
        assert_eq!(ledger.commitment_counts().await.unwrap().committed, 0);
        let report = rig.pacs.answer(transaction);
        tell_as_archive(started.address, &report).await;
    }
    let report = scanner.report().await;
    assert_eq!((report.transaction.as_str(), report.event_type()), ("2.25.1", 1));
    assert_eq!(report.committed.len(), 2);
    until("the report is told", || async {
        let counts = ledger.commitment_counts().await.unwrap();
        (counts.committed == 2 && counts.untold == 0).then_some(())
    })
    .await;
    assert!(!ledger.commitment_holds(&kept[0]).await.unwrap(), "from now on it may be evicted");
    drop(rig.folder);
}

#[tokio::test]
async fn an_archive_behind_tls_is_asked_to_commit_over_tls() {
    let rig = Rig::secured().await;
    let started = rig.start(Vec::new()).await;
    let kept = rig.keep(CT, "1.2.1.1", b"a").await;
    let mut scanner = Scanner::associate(started.address).await;
    scanner.ask(&asked("2.25.1", &["1.2.1.1"])).await;
    rig.deliver(&kept).await;
    started.engine.news();
    rig.until_asked("the archive is asked", 1).await;
    let report = scanner.report().await;
    assert_eq!((report.transaction.as_str(), report.committed.len()), ("2.25.1", 1));
}

#[tokio::test]
async fn each_instance_that_cannot_be_committed_is_listed_with_its_reason() {
    let rig = Rig::new().await;
    let started = rig.start(Vec::new()).await;
    for (class, uid, bytes, from) in [
        (CT, "1.2.1.1", &b"good"[..], "CT1"),
        (CT, "1.2.1.2", b"refused there", "CT1"),
        (MR, "1.2.1.3", b"other class", "CT1"),
        (CT, "1.2.1.4", b"one", "CT1"),
        (CT, "1.2.1.4", b"other", "CT1"),
        (CT, "1.2.1.5", b"never got there", "CT1"),
        (CT, "1.2.1.6", b"no rule sends it", "CT2"),
        (CT, "1.2.1.7", b"damaged", "CT1"),
    ] {
        let id = rig.keep_from(from, class, uid, bytes).await;
        if uid == "1.2.1.5" {
            let dead = ForwardOutcome::Dead { status: None, fault: "refused".into(), attempts: 10 };
            rig.sent_on(&id, dead, 1).await;
        } else {
            rig.deliver(&id).await;
        }
        if uid == "1.2.1.7" {
            damage(&rig.site.store.inbox(), id.parse().unwrap(), 3);
        }
    }
    rig.pacs.failures.lock().unwrap().insert("1.2.1.2".into(), 0x0213);
    let mut transaction = asked(
        "2.25.2",
        &["1.2.1.1", "1.2.1.2", "1.2.1.3", "1.2.1.4", "1.2.1.5", "1.2.1.6", "1.2.1.7", "1.2.1.8"],
    );
    transaction.references.push(reference("1.2.3.4", "1.2.1.9"));
    let mut scanner = Scanner::associate(started.address).await;
    scanner.ask(&transaction).await;
    let report = scanner.report().await;
    assert!(report.committed == [reference(CT, "1.2.1.1")]);
    let failed: Vec<(&str, u16)> =
        report.failed.iter().map(|(r, why)| (r.sop_instance.as_str(), why.0)).collect();
    assert_eq!(
        failed,
        [
            ("1.2.1.2", 0x0213),
            ("1.2.1.3", 0x0119),
            ("1.2.1.4", 0x0110),
            ("1.2.1.5", 0x0110),
            ("1.2.1.6", 0x0110),
            ("1.2.1.7", 0x0110),
            ("1.2.1.8", 0x0112),
            ("1.2.1.9", 0x0122),
        ]
    );
    // The same request again is told again; its UID for something else is refused whole.
    scanner.ask(&transaction).await;
    assert!(scanner.report().await == report);
    scanner.ask(&asked("2.25.2", &["1.2.1.1"])).await;
    let other = scanner.report().await;
    assert_eq!(other.failed.iter().map(|f| f.1.0).collect::<Vec<_>>(), [0x0131]);
}

#[tokio::test]
async fn a_report_survives_restarts_and_is_told_on_a_new_association_until_it_is_taken() {
    let rig = Rig::new().await;
    let kept = rig.keep(CT, "1.2.1.1", b"a").await;
    rig.deliver(&kept).await;
    rig.pacs.silent.store(true, Ordering::Relaxed);
    let started = rig.start(Vec::new()).await;
    let mut scanner = Scanner::associate(started.address).await;
    scanner.ask(&asked("2.25.3", &["1.2.1.1"])).await;
    rig.until_asked("the archive is asked", 1).await;
    let ledger = &rig.site.ledger;
    until("the request is on record", || async {
        let open = ledger.upstream_standing("pacs", &kept, 0).await.unwrap() == Standing::Open;
        (open && ledger.due_upstream(i64::MAX).await.unwrap().is_empty()).then_some(())
    })
    .await;
    // Everything in memory is gone, and so is the scanner's association.
    drop(started);
    drop(scanner);

    let free = TcpListener::bind(SocketAddr::from(ANY)).await.unwrap();
    let at = free.local_addr().unwrap();
    drop(free);
    let reply = Reply { ae_title: "CT1".into(), address: at.to_string(), tls: None };
    let started = rig.start(vec![reply.clone()]).await;
    rig.archive_answers(0, &started).await;
    until("attempts fail while the scanner does not listen", || async {
        let rows = ledger.due_commitment_reports(i64::MAX).await.unwrap();
        rows.first().is_some_and(|r| r.attempts >= 2).then_some(())
    })
    .await;
    assert!(ledger.commitment_counts().await.unwrap().fault.unwrap().contains("no connection"));
    assert_eq!(rig.pacs.asked.lock().unwrap().len(), 1, "the archive is not asked a second time");
    drop(started);

    let scanner = Arc::new(Scripted::default());
    let _listening = listen(&scanner, at, "CT1", USER).await;
    let _started = rig.start(vec![reply]).await;
    let report =
        until("the scanner hears it", || async { scanner.heard.lock().unwrap().first().cloned() }).await;
    assert_eq!((report.transaction.as_str(), report.event_type()), ("2.25.3", 1));
    until("it is told once", || async {
        (ledger.commitment_counts().await.unwrap().untold == 0).then_some(())
    })
    .await;
    assert_eq!(scanner.heard.lock().unwrap().len(), 1);
}

#[tokio::test]
async fn a_report_goes_over_tls_where_the_scanner_listens_so_and_only_to_the_one_we_know() {
    let rig = Rig::new().await;
    let kept = rig.keep(CT, "1.2.1.1", b"a").await;
    rig.deliver(&kept).await;
    rig.pacs.silent.store(true, Ordering::Relaxed);
    let authority = Authority::new("scanner's authority").unwrap();
    let scanner_hears = Arc::new(Scripted::default());
    let plain = TcpListener::bind(SocketAddr::from(ANY)).await.unwrap().local_addr().unwrap();
    let _listening = listen(&scanner_hears, plain, "CT1", USER).await;
    let address = behind_tls(&authority, plain).await;
    let ca = rig.folder.path().join("ca.pem");
    std::fs::write(&ca, Authority::new("another authority").unwrap().certificate_pem()).unwrap();
    let tls = DestinationTls { ca: ca.clone(), certificate: None, key: None, server_name: None };
    let reply = Reply { ae_title: "CT1".into(), address, tls: Some(tls) };
    let started = rig.start(vec![reply]).await;
    let mut scanner = Scanner::associate(started.address).await;
    scanner.ask(&asked("2.25.5", &["1.2.1.1"])).await;
    scanner.0.release().await;
    rig.until_asked("the archive is asked", 1).await;
    rig.archive_answers(0, &started).await;
    let ledger = &rig.site.ledger;
    let fault = until("a fault", || async { ledger.commitment_counts().await.unwrap().fault }).await;
    assert!(fault.contains("not of an authority in tls.ca"), "{fault}");
    assert!(scanner_hears.heard.lock().unwrap().is_empty());
    // The authority is put right: no restart is needed.
    std::fs::write(&ca, authority.certificate_pem()).unwrap();
    let heard =
        until("the scanner hears it", || async { scanner_hears.heard.lock().unwrap().first().cloned() });
    assert_eq!(heard.await.transaction, "2.25.5");
}

/// A listener of its own that takes TLS off and passes on to `plain`; its name and port.
async fn behind_tls(authority: &Authority, plain: SocketAddr) -> String {
    let leaf = authority.leaf("localhost", 1).unwrap();
    let chain =
        CertificateDer::pem_slice_iter(leaf.certificate_pem.as_bytes()).collect::<Result<_, _>>().unwrap();
    let key = PrivateKeyDer::from_pem_slice(leaf.key_pem.as_bytes()).unwrap();
    let config = rustls::ServerConfig::builder().with_no_client_auth().with_single_cert(chain, key).unwrap();
    let acceptor = tokio_rustls::TlsAcceptor::from(Arc::new(config));
    let listener = TcpListener::bind(SocketAddr::from(ANY)).await.unwrap();
    let port = listener.local_addr().unwrap().port();
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            let acceptor = acceptor.clone();
            tokio::spawn(async move {
                if let Ok(mut secured) = acceptor.accept(stream).await {
                    let mut inner = TcpStream::connect(plain).await.unwrap();
                    let _ = tokio::io::copy_bidirectional(&mut secured, &mut inner).await;
                }
            });
        }
    });
    format!("localhost:{port}")
}

#[tokio::test]
async fn without_an_address_the_report_waits_and_says_what_to_configure() {
    let rig = Rig::new().await;
    let kept = rig.keep(CT, "1.2.1.1", b"a").await;
    rig.deliver(&kept).await;
    rig.pacs.silent.store(true, Ordering::Relaxed);
    let started = rig.start(Vec::new()).await;
    let mut scanner = Scanner::associate(started.address).await;
    scanner.ask(&asked("2.25.4", &["1.2.1.1"])).await;
    scanner.0.release().await;
    rig.until_asked("the archive is asked", 1).await;
    rig.archive_answers(0, &started).await;
    let ledger = &rig.site.ledger;
    let fault = until("a fault", || async { ledger.commitment_counts().await.unwrap().fault }).await;
    assert!(fault.contains("[[commitment.replies]]"), "{fault}");
}

#[tokio::test]
async fn what_an_archive_took_leaves_this_disk_only_once_it_has_committed_and_no_scanner_waits() {
    let rig = Rig::new().await;
    let kept = rig.keep(CT, "1.2.1.1", b"a").await;
    let ledger = &rig.site.ledger;
    let study = ledger.open_studies().await.unwrap()[0].0.clone();
    ledger.make_revision(&study, "quiet time", 1).await.unwrap();
    assert!(ledger.record_disposition(&study, 1, &NewDisposition::no_flag(None), None, 1).await.unwrap());
    rig.sent_on(&kept, ForwardOutcome::Delivered { status: 0, note: None }, 1).await;
    let may_leave = async || !ledger.evictable(i64::MAX, Proof::Forwarded, 1).await.unwrap().is_empty();
    assert!(!may_leave().await, "taken, not committed");

    rig.pacs.silent.store(true, Ordering::Relaxed);
    let started = rig.start(Vec::new()).await;
    rig.until_asked("the archive is asked although no scanner asks", 1).await;
    assert!(rig.pacs.asked.lock().unwrap()[0].references == [reference(CT, "1.2.1.1")]);
    assert!(!may_leave().await && ledger.commitment_counts().await.unwrap().uncommitted == 1);
    rig.archive_answers(0, &started).await;
    assert!(may_leave().await && ledger.commitment_counts().await.unwrap().uncommitted == 0);
    assert!(ledger.forwards_of(&kept).await.unwrap()[0].committed_at.is_some());

    // A scanner asks while the archive's rule does not answer for what else it asks about.
    let other = rig.keep(CT, "1.2.1.2", b"b").await;
    let mut scanner = Scanner::associate(started.address).await;
    scanner.ask(&asked("2.25.6", &["1.2.1.1", "1.2.1.2"])).await;
    ledger.make_revision(&study, "quiet time", 2).await.unwrap();
    assert!(ledger.record_disposition(&study, 2, &NewDisposition::no_flag(None), None, 2).await.unwrap());
    rig.sent_on(&other, ForwardOutcome::Delivered { status: 0, note: None }, 1).await;
    started.engine.news();
    assert!(!may_leave().await);
    rig.until_asked("it is asked about the other one", 2).await;
    rig.archive_answers(1, &started).await;
    assert_eq!(scanner.report().await.committed.len(), 2);
    until("the scanner has its answer", || async { may_leave().await.then_some(()) }).await;

    // What has left is still answered for by the archive's word; what was never here is not.
    ledger.evict(&study, i64::MAX, Proof::Forwarded, 3).await.unwrap();
    scanner.ask(&asked("2.25.7", &["1.2.1.1", "1.2.1.3"])).await;
    let report = scanner.report().await;
    assert!(report.committed == [reference(CT, "1.2.1.1")]);
    assert_eq!(report.failed[0].1.0, 0x0112);
}

#[tokio::test]
async fn an_old_refusal_of_the_archive_is_no_answer_to_a_scanner_that_asks_again() {
    let rig = Rig::new().await;
    let kept = rig.keep(CT, "1.2.1.1", b"a").await;
    rig.deliver(&kept).await;
    rig.pacs.failures.lock().unwrap().insert("1.2.1.1".into(), 0x0213);
    let started = rig.start(Vec::new()).await;
    let mut scanner = Scanner::associate(started.address).await;
    scanner.ask(&asked("2.25.8", &["1.2.1.1"])).await;
    assert_eq!(scanner.report().await.failed[0].1.0, 0x0213);
    // It has room again.
    rig.pacs.failures.lock().unwrap().clear();
    scanner.ask(&asked("2.25.9", &["1.2.1.1"])).await;
    assert_eq!(scanner.report().await.committed.len(), 1);
}

#[tokio::test]
async fn an_archives_word_about_a_uid_that_came_in_two_studies_is_no_promise_about_either() {
    let rig = Rig::new().await;
    let kept = rig.keep(CT, "1.2.1.1", b"ann's").await;
    rig.deliver(&kept).await;
    rig.pacs.silent.store(true, Ordering::Relaxed);
    let started = rig.start(Vec::new()).await;
    let mut scanner = Scanner::associate(started.address).await;
    scanner.ask(&asked("2.25.10", &["1.2.1.1"])).await;
    rig.until_asked("the archive is asked", 1).await;
    // Before it answers another patient's film of the same UID goes there too.
    let other = rig.keep_in("1.2.2", "CT1", CT, "1.2.1.1", b"bob's").await;
    rig.deliver(&other).await;
    rig.archive_answers(0, &started).await;
    let report = scanner.report().await;
    assert_eq!(report.failed.iter().map(|f| f.1.0).collect::<Vec<_>>(), [0x0110], "{report:?}");
    // Nor about the other one.
    scanner.ask(&asked("2.25.11", &["1.2.1.1"])).await;
    assert_eq!(scanner.report().await.failed[0].1.0, 0x0110);
    assert_eq!(rig.pacs.asked.lock().unwrap().len(), 1, "it is not asked what its answer could not mean");
}
