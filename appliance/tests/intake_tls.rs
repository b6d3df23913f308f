//! Reception over TLS (PS3.15 B.12) with DCMTK and our own client as scanners, and throwaway certificates.

use std::io::Read as _;
use std::path::{Path, PathBuf};
use std::time::Duration;

use dimse::tls::ClientCertificate;
use fixtures::pki::Authority;
use intake::Refusal;
use store::units::Span;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::tls_server::{
    PATIENCE, Server, Told, connect, echo, file, pdu, receive, request, until, write_leaf,
};

#[tokio::test(flavor = "multi_thread")]
async fn what_storescu_sends_over_tls_is_stored_byte_for_byte() {
    let server = Server::start(|_, _| ()).await;
    let ca = server.path("authority.pem");
    let files: Vec<_> = (0..6).map(|index| file(server.root.path(), index, 600)).collect();
    let paths: Vec<PathBuf> = files.iter().map(|(path, _)| path.clone()).collect();
    let output = server.dcmtk("storescu", server.secured, &["+tla", "+cf", &ca], &paths).await;
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let stored = server.sink.stored.lock().unwrap().clone();
    assert_eq!(stored.len(), 6);
    for (told, (_, data)) in stored.iter().zip(&files) {
        let mut kept = Vec::new();
        server.inbox.open(told.id).unwrap().read_to_end(&mut kept).unwrap();
        assert!(kept == **data);
    }
    // The plain listener goes on beside it.
    let output = server.dcmtk("echoscu", server.plain, &[], &[]).await;
    assert!(output.status.success());
    until("both ended", || server.count("released") == 2).await;
    let list = server.transcripts.list();
    assert_eq!((list[0].tls.is_some(), list[1].tls.is_some()), (false, true));
    assert_eq!((server.count("associations_tls"), server.count("handshakes_failed")), (1, 0));
    server.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn tls_1_2_and_1_3_are_spoken_and_weak_suites_are_not() {
    let server = Server::start(|_, _| ()).await;
    for (version, name) in
        [(&rustls::version::TLS12, "TLS 1.2, TLS_ECDHE_ECDSA_"), (&rustls::version::TLS13, "TLS 1.3, TLS13_")]
    {
        let mut stream = connect(server.secured, &server.authority, version).await.unwrap();
        stream.write_all(&request()).await.unwrap();
        assert_eq!(receive(&mut stream).await, 2);
        echo(&mut stream).await;
        stream.write_all(&pdu(5, &[0; 4])).await.unwrap();
        assert_eq!(receive(&mut stream).await, 6);
        let transcript = server.transcripts.list().remove(0);
        assert!(transcript.tls.as_deref().unwrap().starts_with(name), "{transcript:?}");
    }
    let ca = server.path("authority.pem");
    let weak = ["+tla", "+cf", &ca, "--cipher", "TLS_ECDHE_ECDSA_WITH_AES_128_CBC_SHA"];
    // TLS 1.3 has suites of its own, which DCMTK proposes in any case: only the profiles before it can fail.
    let answered = server.echo(&weak).await;
    let newest = server.transcripts.list().remove(0);
    assert!(!answered || newest.tls.as_deref().unwrap().starts_with("TLS 1.3"), "{newest:?}");
    server.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_sender_that_does_not_trust_us_is_shown() {
    let server = Server::start(|_, _| ()).await;
    let stranger = Authority::new("another authority").unwrap();
    std::fs::write(server.path("stranger.pem"), stranger.certificate_pem()).unwrap();
    assert!(!server.echo(&["+tla", "+cf", &server.path("stranger.pem")]).await);
    let refused = server.next_refused().await;
    assert_eq!((refused.reason, refused.ae_title.as_str()), (Refusal::TlsOursNotTrusted, ""));
    for version in [&rustls::version::TLS12, &rustls::version::TLS13] {
        assert!(connect(server.secured, &stranger, version).await.is_err());
        assert_eq!(server.next_refused().await.reason, Refusal::TlsOursNotTrusted);
    }
    assert_eq!((server.count("handshakes_failed"), server.count("associations")), (3, 0));
    server.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn client_certificates_are_required_checked_and_explained() {
    let senders = Authority::new("senders' authority").unwrap();
    let pem = senders.certificate_pem().to_owned();
    let server = Server::start(|config, folder| {
        std::fs::write(folder.join("senders.pem"), pem).unwrap();
        let tls = config.tls.as_mut().unwrap();
        tls.client_ca = Some(folder.join("senders.pem"));
        tls.client_certificate = ClientCertificate::Required;
    })
    .await;
    let ca = server.path("authority.pem");
    let (key, certificate) = server.client(&senders, "known");
    assert!(server.echo(&["+tls", &key, &certificate, "+cf", &ca]).await);
    assert!(!server.echo(&["+tla", "+cf", &ca]).await);
    let refused = server.next_refused().await;
    assert_eq!(refused.reason, Refusal::TlsNoCertificate);
    assert!(refused.config_lines.contains("client_certificate = \"optional\""));
    let (key, certificate) = server.client(&Authority::new("nobody's authority").unwrap(), "stranger");
    assert!(!server.echo(&["+tls", &key, &certificate, "+cf", &ca]).await);
    assert_eq!(server.next_refused().await.reason, Refusal::TlsUntrusted);
    server.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_optional_certificate_may_be_missing_but_not_strange() {
    let senders = Authority::new("senders' authority").unwrap();
    let pem = senders.certificate_pem().to_owned();
    let server = Server::start(|config, folder| {
        std::fs::write(folder.join("senders.pem"), pem).unwrap();
        let tls = config.tls.as_mut().unwrap();
        tls.client_ca = Some(folder.join("senders.pem"));
        tls.client_certificate = ClientCertificate::Optional;
    })
    .await;
    let ca = server.path("authority.pem");
    assert!(server.echo(&["+tla", "+cf", &ca]).await);
    let (key, certificate) = server.client(&Authority::new("nobody's authority").unwrap(), "stranger");
    assert!(!server.echo(&["+tls", &key, &certificate, "+cf", &ca]).await);
    assert_eq!(server.next_refused().await.reason, Refusal::TlsUntrusted);
    server.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_wrong_port_is_named_and_tls_may_be_demanded_of_a_caller() {
    let server = Server::start(|config, _| config.callers[0].tls_only = true).await;
    let ca = server.path("authority.pem");
    assert!(!server.echo(&[]).await, "plain DICOM at the TLS port");
    let refused = server.next_refused().await;
    assert_eq!((refused.reason, refused.ae_title.as_str()), (Refusal::PlainAtTls, "STORESCU"));
    let output = server.dcmtk("echoscu", server.plain, &["+tla", "+cf", &ca], &[]).await;
    assert!(!output.status.success(), "TLS at the plain port");
    let refused = server.next_refused().await;
    assert_eq!(refused.reason, Refusal::TlsAtPlain);
    assert!(refused.config_lines.contains("set the sender's port"));
    let output = server.dcmtk("echoscu", server.plain, &[], &[]).await;
    assert!(!output.status.success(), "plain DICOM where TLS is demanded");
    assert_eq!(server.next_refused().await.reason, Refusal::TlsOnly);
    assert!(server.echo(&["+tla", "+cf", &ca]).await);
    server.end().await;
}

// On one thread, so that what the server tells is heard here.
#[tokio::test]
async fn a_new_certificate_is_taken_while_associations_run_and_a_broken_one_is_not() {
    let told = Told::default();
    let _hearing = told.hear();
    let server = Server::start(|_, _| ()).await;
    let mut running = connect(server.secured, &server.authority, &rustls::version::TLS13).await.unwrap();
    running.write_all(&request()).await.unwrap();
    assert_eq!(receive(&mut running).await, 2);
    // A file that is no certificate: what was loaded stays in use.
    std::fs::write(server.path("certificate.pem"), "half a certi").unwrap();
    until("the broken file is looked at", || told.has("the certificate loaded before stays in use")).await;
    assert!(connect(server.secured, &server.authority, &rustls::version::TLS13).await.is_ok());
    let next = Authority::new("the next authority").unwrap();
    write_leaf(&next, 2, Path::new(&server.path("certificate.pem")), Path::new(&server.path("key.pem")));
    let deadline = tokio::time::Instant::now() + PATIENCE;
    while connect(server.secured, &next, &rustls::version::TLS13).await.is_err() {
        assert!(tokio::time::Instant::now() < deadline, "the new certificate is never taken");
    }
    assert!(connect(server.secured, &server.authority, &rustls::version::TLS13).await.is_err());
    echo(&mut running).await;
    server.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_handshake_has_no_more_time_than_an_association_request() {
    let server = Server::start(|config, _| config.artim_timeout = Span(Duration::from_millis(300))).await;
    for first in [&b""[..], b"\x16", b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03"] {
        let mut stream = TcpStream::connect(server.secured).await.unwrap();
        stream.write_all(first).await.unwrap();
        let mut rest = Vec::new();
        let ended = tokio::time::timeout(PATIENCE, stream.read_to_end(&mut rest)).await;
        assert!(ended.is_ok(), "{first:?}");
    }
    // The handshake's time is the request's: what is left after it is not a whole time-out again.
    let mut stream = connect(server.secured, &server.authority, &rustls::version::TLS13).await.unwrap();
    let begin = std::time::Instant::now();
    let mut rest = Vec::new();
    let _ = tokio::time::timeout(PATIENCE, stream.read_to_end(&mut rest)).await.unwrap();
    assert!(begin.elapsed() < Duration::from_secs(5));
    until("all have ended", || server.count("handshakes_failed") == 3 && server.count("timed_out") == 1)
        .await;
    assert!(server.sink.refused.lock().unwrap().is_empty(), "silence is nobody to be shown");
    let garbage = [b"\x16\x03\x01\x00\x05".as_slice(), b"hello"].concat();
    let mut stream = TcpStream::connect(server.secured).await.unwrap();
    stream.write_all(&garbage).await.unwrap();
    assert_eq!(server.next_refused().await.reason, Refusal::TlsBroken);
    server.end().await;
}
