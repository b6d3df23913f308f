//! Sending over TLS (PS3.15 B.12) to a real receiver, DCMTK's storescp: what arrives, and what is refused before a
//! byte of DICOM has left.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test stops where something is not as it must be"
)]

use fixtures::pki::Authority;
use scanside_dimse::tls::ClientFiles;
use scanside_dimse::{Error, TlsFailure, echo, store};

mod receiver;

use receiver::{CALLED, CALLING, Folder, INSTANCE, Recorded, Storescp, object, trusting};

/// The first byte of a TLS record of the handshake (RFC 8446 5.1).
const HANDSHAKE: u8 = 0x16;

/// Nothing of ours can be read on the wire.
fn nothing_shows(wire: &Recorded) {
    for text in [CALLED, CALLING, INSTANCE, "1.2.840.10008", "Phantom"] {
        assert!(!wire.shows(text), "{text} went in the clear");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_object_arrives_over_tls_byte_for_byte_and_cannot_be_read_on_the_way() {
    let (folder, authority) = (Folder::new(), Authority::new("archive's authority").unwrap());
    let ca = folder.authority("ca.pem", &authority);
    let theirs = folder.leaf("archive", &authority.leaf("localhost", 1).unwrap());
    let storescp = Storescp::start(&folder, Some(&theirs), &["-ic"]).await;
    let wire = storescp.recorded().await;
    let peer = wire.peer(Some(trusting(&ca)));
    echo(&peer).await.unwrap();
    store(&peer, object()).await.unwrap();
    let (sent, received) = (object().data_set, storescp.received());
    assert_eq!(received.len(), 1);
    assert!(received[0].ends_with(&sent), "the data set differs");
    assert!(wire.said().len() > sent.len());
    nothing_shows(&wire);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_receiver_that_is_not_the_one_we_know_is_sent_nothing() {
    let (folder, authority) = (Folder::new(), Authority::new("archive's authority").unwrap());
    let ca = folder.authority("ca.pem", &authority);
    let stranger = folder.authority("stranger.pem", &Authority::new("another authority").unwrap());
    let ended = authority.leaf_until("localhost", 2, 1_700_000_000).unwrap();
    let (good, ended) =
        (folder.leaf("good", &authority.leaf("localhost", 1).unwrap()), folder.leaf("ended", &ended));
    let other_name = ClientFiles { server_name: Some("pacs.example".into()), ..trusting(&ca) };
    for (theirs, files, failure) in [
        (&good, trusting(&stranger), TlsFailure::NotTrusted),
        (&good, other_name, TlsFailure::OtherName),
        (&ended, trusting(&ca), TlsFailure::NotValidNow),
    ] {
        let storescp = Storescp::start(&folder, Some(theirs), &["-ic"]).await;
        let wire = storescp.recorded().await;
        let outcome = store(&wire.peer(Some(files)), object()).await;
        assert_eq!(outcome, Err(Error::Tls(failure)));
        assert_eq!(wire.said().first(), Some(&HANDSHAKE));
        nothing_shows(&wire);
        assert!(storescp.received().is_empty());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_receiver_of_plain_dicom_is_named_as_such_and_sent_nothing() {
    let (folder, authority) = (Folder::new(), Authority::new("archive's authority").unwrap());
    let ca = folder.authority("ca.pem", &authority);
    let storescp = Storescp::start(&folder, None, &[]).await;
    let wire = storescp.recorded().await;
    let outcome = store(&wire.peer(Some(trusting(&ca))), object()).await;
    assert_eq!(outcome, Err(Error::Tls(TlsFailure::NotTls)));
    nothing_shows(&wire);
    assert!(storescp.received().is_empty());
    // It takes what comes in the clear: only the rule keeps us from it.
    store(&wire.peer(None), object()).await.unwrap();
    assert!(wire.shows(CALLED) && wire.shows(INSTANCE));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_receiver_that_asks_for_our_certificate_gets_it() {
    let (folder, theirs) = (Folder::new(), Authority::new("archive's authority").unwrap());
    let ours = Authority::new("our authority").unwrap();
    let (ca, known) = (folder.authority("ca.pem", &theirs), folder.authority("known.pem", &ours));
    let archive = folder.leaf("archive", &theirs.leaf("localhost", 1).unwrap());
    let known = known.display().to_string();
    let storescp = Storescp::start(&folder, Some(&archive), &["-rc", "+cf", &known]).await;
    let wire = storescp.recorded().await;
    let of =
        |name: &str, authority: &Authority| Some(folder.leaf(name, &authority.leaf("localhost", 7).unwrap()));
    let files = |ours| Some(ClientFiles { ours, ..trusting(&ca) });
    let stranger = of("stranger", &Authority::new("nobody's authority").unwrap());
    for refused in [None, stranger] {
        let outcome = store(&wire.peer(files(refused)), object()).await;
        assert_eq!(outcome, Err(Error::Tls(TlsFailure::OursNotTaken)));
        assert!(storescp.received().is_empty());
    }
    store(&wire.peer(files(of("ours", &ours))), object()).await.unwrap();
    assert_eq!(storescp.received().len(), 1);
    nothing_shows(&wire);
}

#[tokio::test(flavor = "multi_thread")]
async fn files_of_ours_that_cannot_be_used_disturb_nobody_and_new_ones_are_taken_at_once() {
    let (folder, authority) = (Folder::new(), Authority::new("archive's authority").unwrap());
    let archive = folder.leaf("archive", &authority.leaf("localhost", 1).unwrap());
    let storescp = Storescp::start(&folder, Some(&archive), &["-ic"]).await;
    let wire = storescp.recorded().await;
    let ca = folder.path("ca.pem");
    let peer = wire.peer(Some(trusting(&ca)));
    assert_eq!(echo(&peer).await, Err(Error::Tls(TlsFailure::Files)));
    std::fs::write(&ca, "half a certi").unwrap();
    assert_eq!(echo(&peer).await, Err(Error::Tls(TlsFailure::Files)));
    assert!(wire.said().is_empty());
    folder.authority("ca.pem", &authority);
    echo(&peer).await.unwrap();
}
