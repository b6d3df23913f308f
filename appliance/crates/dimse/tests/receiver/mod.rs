//! DCMTK's storescp as the destination, with throwaway certificates, and a wire between it and us that is recorded.

use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use fixtures::pki::{Authority, Leaf};
use scanside_dimse::tls::ClientFiles;
use scanside_dimse::{Object, Peer};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

pub(crate) const CT: &str = "1.2.840.10008.5.1.4.1.1.2";
pub(crate) const EXPLICIT_LE: &str = "1.2.840.10008.1.2.1";
/// Titles and UIDs of everything these tests send: what must not be on the wire in the clear.
pub(crate) const CALLED: &str = "ARCHIVE";
pub(crate) const CALLING: &str = "SCANSIDE";
pub(crate) const INSTANCE: &str = "1.2.826.0.1.3680043.2.77";
const PATIENCE: Duration = Duration::from_secs(20);

/// A folder with PEM files.
pub(crate) struct Folder(tempfile::TempDir);

impl Folder {
    pub(crate) fn new() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    pub(crate) fn write(&self, name: &str, text: &str) -> PathBuf {
        std::fs::write(self.path(name), text).unwrap();
        self.path(name)
    }

    /// Certificate and key of a leaf, as `NAME.pem` and `NAME.key`.
    pub(crate) fn leaf(&self, name: &str, leaf: &Leaf) -> (PathBuf, PathBuf) {
        let certificate = self.write(&format!("{name}.pem"), &leaf.certificate_pem);
        (certificate, self.write(&format!("{name}.key"), &leaf.key_pem))
    }

    pub(crate) fn authority(&self, name: &str, authority: &Authority) -> PathBuf {
        self.write(name, authority.certificate_pem())
    }
}

/// The running receiver; it ends with the test.
pub(crate) struct Storescp {
    child: Child,
    port: u16,
    files: PathBuf,
}

impl Drop for Storescp {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Storescp {
    /// With these options beside the usual ones; `tls` is certificate and key.
    pub(crate) async fn start(folder: &Folder, tls: Option<&(PathBuf, PathBuf)>, more: &[&str]) -> Self {
        let port = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        let files = folder.path("received");
        std::fs::create_dir_all(&files).unwrap();
        let mut command = Command::new("storescp");
        command.args(["--accept-all", "--bit-preserving", "--aetitle", CALLED]);
        if let Some((certificate, key)) = tls {
            command.arg("+tls").arg(key).arg(certificate);
        }
        command.args(more).arg("-od").arg(&files).arg(port.to_string());
        let child = command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().expect("DCMTK is installed");
        let started = Self { child, port, files };
        let deadline = tokio::time::Instant::now() + PATIENCE;
        while TcpStream::connect(("127.0.0.1", port)).await.is_err() {
            assert!(tokio::time::Instant::now() < deadline, "storescp never listens");
            tokio::task::yield_now().await;
        }
        started
    }

    /// What it has written, whole files.
    pub(crate) fn received(&self) -> Vec<Vec<u8>> {
        let list = std::fs::read_dir(&self.files).unwrap();
        list.map(|file| std::fs::read(file.unwrap().path()).unwrap()).collect()
    }

    /// A wire to it that is recorded.
    pub(crate) async fn recorded(&self) -> Recorded {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let (said, to) = (Arc::new(Mutex::new(Vec::new())), self.port);
        let heard = Arc::clone(&said);
        let task = tokio::spawn(async move {
            while let Ok((ours, _)) = listener.accept().await {
                let theirs = TcpStream::connect(("127.0.0.1", to)).await.unwrap();
                let heard = Arc::clone(&heard);
                tokio::spawn(async move {
                    let ((mut from_us, mut to_us), (mut from_them, mut to_them)) =
                        (ours.into_split(), theirs.into_split());
                    let back = tokio::spawn(async move {
                        let _ = tokio::io::copy(&mut from_them, &mut to_us).await;
                        let _ = to_us.shutdown().await;
                    });
                    let mut piece = vec![0; 64 << 10];
                    while let Ok(count @ 1..) = from_us.read(&mut piece).await {
                        heard.lock().unwrap().extend_from_slice(&piece[..count]);
                        if to_them.write_all(&piece[..count]).await.is_err() {
                            break;
                        }
                    }
                    let _ = to_them.shutdown().await;
                    let _ = back.await;
                });
            }
        });
        Recorded { address: format!("localhost:{}", address.port()), said, task }
    }
}

/// All that we said on the way to a receiver.
pub(crate) struct Recorded {
    pub address: String,
    said: Arc<Mutex<Vec<u8>>>,
    task: tokio::task::JoinHandle<()>,
}

impl Drop for Recorded {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl Recorded {
    pub(crate) fn said(&self) -> Vec<u8> {
        self.said.lock().unwrap().clone()
    }

    /// Whether a text went over it in the clear.
    pub(crate) fn shows(&self, text: &str) -> bool {
        self.said().windows(text.len()).any(|window| window == text.as_bytes())
    }

    pub(crate) fn peer(&self, tls: Option<ClientFiles>) -> Peer {
        Peer {
            address: self.address.clone(),
            called: CALLED.into(),
            calling: CALLING.into(),
            patience: PATIENCE,
            tls,
        }
    }
}

/// Trusts this file, and nothing else is said.
pub(crate) fn trusting(ca: &Path) -> ClientFiles {
    ClientFiles { ca: ca.to_owned(), ours: None, server_name: None }
}

fn element(tag: u32, vr: &str, value: &[u8]) -> Vec<u8> {
    let mut value = value.to_vec();
    if value.len() % 2 == 1 {
        value.push(if vr == "UI" { 0 } else { b' ' });
    }
    let mut bytes = ((tag >> 16) as u16).to_le_bytes().to_vec();
    bytes.extend_from_slice(&(tag as u16).to_le_bytes());
    bytes.extend_from_slice(vr.as_bytes());
    if vr == "OW" {
        bytes.extend_from_slice(&[0, 0]);
        bytes.extend_from_slice(&(value.len() as u32).to_le_bytes());
    } else {
        bytes.extend_from_slice(&(value.len() as u16).to_le_bytes());
    }
    bytes.extend_from_slice(&value);
    bytes
}

/// A CT image of nobody.
pub(crate) fn object() -> Object {
    let mut data_set = element(0x0008_0016, "UI", CT.as_bytes());
    data_set.extend(element(0x0008_0018, "UI", INSTANCE.as_bytes()));
    data_set.extend(element(0x0010_0010, "PN", b"Phantom^Nobody"));
    data_set.extend(element(0x0020_000D, "UI", b"1.2.826.0.1.3680043.2.7"));
    data_set.extend(element(0x0020_000E, "UI", b"1.2.826.0.1.3680043.2.7.9"));
    let pixels: Vec<u8> = (0..400_000_u32).map(|i| (i * 31 % 251) as u8).collect();
    data_set.extend(element(0x7FE0_0010, "OW", &pixels));
    Object {
        sop_class: CT.into(),
        sop_instance: INSTANCE.into(),
        transfer_syntax: EXPLICIT_LE.into(),
        data_set,
    }
}
