//! A queue towards DCMTK's storescp behind TLS: delivered where it is the one we know, kept and explained where not.

use std::path::PathBuf;
use std::process::{Child, Command, Stdio};

use fixtures::pki::Authority;
use tempfile::TempDir;

use super::queue::{PATIENCE, TestSite, data, rule};
use crate::forward::{DestinationTls, Forwards, Rule};

const EXPLICIT_LE: &str = "1.2.840.10008.1.2.1";

/// The running archive; it ends with the test.
struct Archive {
    child: Child,
    address: String,
    folder: TempDir,
}

impl Drop for Archive {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Archive {
    async fn start(authority: &Authority) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let leaf = authority.leaf("localhost", 1).unwrap();
        let at = |name: &str| folder.path().join(name);
        std::fs::write(at("archive.pem"), &leaf.certificate_pem).unwrap();
        std::fs::write(at("archive.key"), &leaf.key_pem).unwrap();
        std::fs::create_dir(at("files")).unwrap();
        let port = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        let mut command = Command::new("storescp");
        command.args(["--accept-all", "--bit-preserving", "--aetitle", "ARCHIVE", "-ic", "+tls"]);
        command.arg(at("archive.key")).arg(at("archive.pem")).arg("-od").arg(at("files"));
        command.arg(port.to_string()).stdout(Stdio::null()).stderr(Stdio::null());
        let child = command.spawn().expect("DCMTK is installed");
        let archive = Self { child, address: format!("localhost:{port}"), folder };
        let deadline = tokio::time::Instant::now() + PATIENCE;
        while tokio::net::TcpStream::connect(("127.0.0.1", port)).await.is_err() {
            assert!(tokio::time::Instant::now() < deadline, "storescp never listens");
            tokio::task::yield_now().await;
        }
        archive
    }

    fn received(&self) -> Vec<Vec<u8>> {
        let list = std::fs::read_dir(self.folder.path().join("files")).unwrap();
        list.map(|file| std::fs::read(file.unwrap().path()).unwrap()).collect()
    }

    fn rule(&self, ca: PathBuf) -> Rule {
        let tls = DestinationTls { ca, certificate: None, key: None, server_name: None };
        Rule { tls: Some(tls), ..rule("pacs", &self.address) }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn originals_wait_for_a_destination_that_is_not_the_one_we_know_and_go_once_it_is() {
    let authority = Authority::new("archive's authority").unwrap();
    let (site, archive) = (TestSite::new().await, Archive::start(&authority).await);
    let ca = archive.folder.path().join("ca.pem");
    let stranger = Authority::new("another authority").unwrap();
    std::fs::write(&ca, stranger.certificate_pem()).unwrap();
    let forwards = Forwards::new(&[archive.rule(ca.clone())]);
    let running = site.run(&forwards);
    // Of even length, as DICOM wants it.
    let id = site.arrive(&forwards, 1, 2, EXPLICIT_LE).await;
    let wait = async {
        loop {
            let row = forwards.rows(&site.ledger.forward_queues().await.unwrap(), true)[0].clone();
            if row.circuit == "open" {
                return row;
            }
            tokio::task::yield_now().await;
        }
    };
    let row = tokio::time::timeout(PATIENCE, wait).await.unwrap();
    assert_eq!((row.name.as_str(), row.state, row.waiting, row.dead), ("pacs", "warn", 1, 0));
    assert!(row.words.contains("not of an authority in tls.ca"), "{row:?}");
    assert!(archive.received().is_empty());
    // The authority is put right: no restart is needed.
    std::fs::write(&ca, authority.certificate_pem()).unwrap();
    let rows = site.until("pacs", &["delivered"], 1).await;
    assert_eq!(rows[0].attempts, 0, "that it was not the one we know counted as no attempt");
    assert!(site.ledger.delivered_everywhere(&id).await.unwrap());
    running.stop().await;
    let received = archive.received();
    assert_eq!(received.len(), 1);
    assert!(received[0].ends_with(&data(2)), "the data set differs");
}

#[tokio::test]
async fn a_certificate_that_ends_is_told_beside_the_destination_it_is_for() {
    let folder = tempfile::tempdir().unwrap();
    let at = |name: &str| folder.path().join(name);
    let authority = Authority::new("archive's authority").unwrap();
    std::fs::write(at("ca.pem"), authority.certificate_pem()).unwrap();
    let ended = authority.leaf_until("localhost", 1, 1_700_000_000).unwrap();
    std::fs::write(at("ours.pem"), &ended.certificate_pem).unwrap();
    std::fs::write(at("ours.key"), &ended.key_pem).unwrap();
    let tls = |certificate, key| DestinationTls { ca: at("ca.pem"), certificate, key, server_name: None };
    let words = |tls| {
        let forwards = Forwards::new(&[Rule { tls: Some(tls), ..rule("pacs", "localhost:104") }]);
        let row = forwards.rows(&[], true).remove(0);
        (row.state, row.words)
    };
    assert_eq!(words(tls(None, None)), ("ok", "nothing waits".to_owned()));
    let (state, told) = words(tls(Some(at("ours.pem")), Some(at("ours.key"))));
    assert!(state == "warn" && told.contains("a certificate in forward.tls.certificate has ended"), "{told}");
    let (state, told) = words(tls(Some(at("ours.key")), Some(at("ours.pem"))));
    assert!(state == "warn" && told.contains("forward.tls.certificate holds no certificate"), "{told}");
    assert!(told.contains("forward.tls.key holds no private key"), "{told}");
}
